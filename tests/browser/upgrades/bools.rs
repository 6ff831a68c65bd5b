//! A `bool` that is indexed later: the rows of before get 0 and 1.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{note, noted, stored};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Flags {
    urgent: bool,
    note: String,
}

fn flags(urgent: bool) -> Flags {
    Flags { urgent, note: "é".into() }
}

/// Before: nothing of it is indexed.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id")]
struct Todo {
    id: u32,
    list: String,
    done: bool,
    later: Option<bool>,
    flags: Flags,
    days: Vec<bool>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, done, later, [list+done], flags.urgent as bool, *days")]
struct Indexed {
    id: u32,
    list: String,
    done: bool,
    later: Option<bool>,
    flags: Flags,
    days: Vec<bool>,
}

async fn todos(table: &Table<Todo>) -> Result<()> {
    let todo = |list: &str, done, urgent, later, days: &[bool]| NewTodo {
        list: list.into(),
        done,
        later,
        flags: flags(urgent),
        days: days.to_vec(),
    };
    let todos = [
        todo("a", true, false, None, &[true, false]),
        todo("a", false, true, Some(true), &[]),
        todo("b", true, true, Some(false), &[false]),
    ];
    table.bulk_add(&todos).await.map(|_| ())
}

#[wasm_bindgen_test]
async fn rows_of_before_are_found_by_the_new_index() -> Result<()> {
    schema! { struct Old("upgrades: bools"); version 1 { todos: Todo } }
    schema! {
        struct New("upgrades: bools");
        version 1 { todos: "++id" }
        version 2 { todos: Indexed }
    }
    stored::<Old>(async |old| todos(&old.todos).await).await?;

    let db = New::new();

    assert_eq!(db.todos.where_(|t| t.done).equals(true).primary_keys().await?, [1, 3]);
    assert_eq!(db.todos.where_(|t| t.done).equals(false).primary_keys().await?, [2]);
    assert_eq!(db.todos.where_(|t| t.later).equals(true).primary_keys().await?, [2]);
    assert_eq!(db.todos.order_by(|t| t.later).count().await?, 2);
    assert_eq!(db.todos.where_(|t| t.list_done).equals(("a", true)).primary_keys().await?, [1]);
    assert_eq!(db.todos.where_(|t| t.flags_urgent).equals(true).primary_keys().await?, [2, 3]);
    assert_eq!(db.todos.where_(|t| t.days).equals(false).primary_keys().await?, [1, 3]);
    // The rest of the rows is as it was.
    let first = db.todos.get(1).await?.expect("the first row");
    assert_eq!(
        (first.list.as_str(), first.done, first.flags, first.days),
        ("a", true, flags(false), vec![true, false])
    );
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn nothing_else_of_the_row_changes() -> Result<()> {
    use crate::plain;

    schema! { struct New("upgrades: bools and the rest"); version 2 { todos: Indexed } }
    let row = "{ done: true, list: 'a', at: new Date(7), unknown: [null, 1n], flags: { urgent: false, more: new Set([1]) }, days: [true, 0] }";
    let upgrade = format!("db.createObjectStore('todos', {{ keyPath: 'id', autoIncrement: true }}).add({row});");
    plain::create("upgrades: bools and the rest", 1, &upgrade).await;

    New::new().open().await?;

    let stored = plain::stored("upgrades: bools and the rest", "todos", "1").await;
    let expected = r#"{"done":1,"list":"a","at":"Date(7)","unknown":[null,"1n"],"flags":{"urgent":0,"more":{"Set":[1]}},"days":[1,0],"id":1}"#;
    assert_eq!(stored.as_deref(), Some(expected));
    Ok(())
}

#[wasm_bindgen_test]
async fn the_function_finds_them_and_writes_them_so_too() -> Result<()> {
    schema! { struct Old("upgrades: bools in the function"); version 1 { todos: Todo } }
    schema! {
        struct New("upgrades: bools in the function");
        version 1 { todos: "++id" }
        version 2 { todos: "++id, done" } upgrade to_2
        version 3 { todos: Indexed } upgrade to_3
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let todos = tx.table::<Todo>("todos")?;
        note(todos.where_("done").equals(true).count().await?);
        // Stored as the record of today says, though this version has no record.
        todos.update(2, |todo| todo.done = true).await?;
        let old = todos.get(2).await?.expect("the second row");
        todos.add(&Todo { id: 9, ..old }).await?;
        note(todos.where_("done").equals(true).count().await?);
        Ok(())
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        let migrated = tx.migrate::<Todo, Indexed>("todos", |Todo { id, list, done, later, flags, days }| Indexed {
            id,
            list,
            done: !done,
            later,
            flags,
            days,
        });
        note(migrated.await?);
        note(tx.table::<Todo>("todos")?.where_("done").equals(false).count().await?);
        Ok(())
    }
    stored::<Old>(async |old| todos(&old.todos).await).await?;
    noted();

    let db = New::new();

    assert_eq!(db.todos.where_(|t| t.done).equals(false).count().await?, 4);
    assert_eq!(noted(), ["2", "4", "4", "4"]);
    Ok(())
}

/// As Dexie does, which stores `true` under any index: so does a program that does not know of this one.
async fn without_the_index<D: indexie::Database + std::ops::Deref<Target = indexie::Indexie>>(
    add: impl AsyncFnOnce(&D) -> Result<()>,
) -> Result<()> {
    let db = indexie::Builder::<D>::new().dexie_compatible(true).allow_newer(true).build();
    add(&db).await?;
    db.close();
    Ok(())
}

#[wasm_bindgen_test]
async fn what_dexie_has_stored_under_the_index_is_found_after_the_next_version() -> Result<()> {
    schema! { struct Older("upgrades: bools of Dexie"); version 1 { todos: Todo } }
    schema! { struct Before("upgrades: bools of Dexie"); version 2 { todos: Indexed } }
    schema! {
        struct After("upgrades: bools of Dexie");
        version 2 { todos: Indexed }
        version 3 {} upgrade to_3
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        note(tx.table::<Todo>("todos")?.where_("done").equals(true).count().await?);
        Ok(())
    }
    Before::builder().build().delete().await?;
    let before = Before::builder().dexie_compatible(true).build();
    before.open().await?;
    without_the_index::<Older>(async |older| todos(&older.todos).await).await?;
    assert_eq!(before.todos.where_(|t| t.done).equals(true).count().await?, 0, "as Dexie has stored them");
    before.close();
    noted();

    let db = After::builder().dexie_compatible(true).build();

    assert_eq!(db.todos.where_(|t| t.done).equals(true).primary_keys().await?, [1, 3]);
    assert_eq!(db.todos.where_(|t| t.later).equals(true).primary_keys().await?, [2]);
    assert_eq!(db.todos.where_(|t| t.list_done).equals(("a", true)).primary_keys().await?, [1]);
    assert_eq!(db.todos.where_(|t| t.flags_urgent).equals(true).primary_keys().await?, [2, 3]);
    assert_eq!(db.todos.where_(|t| t.days).equals(false).primary_keys().await?, [1, 3]);
    assert_eq!(noted(), ["2"]);
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn so_it_is_with_another_primary_key() -> Result<()> {
    use crate::plain;

    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("id, done")]
    struct Given {
        id: u32,
        done: bool,
    }
    schema! { struct New("upgrades: bools of Dexie, rekeyed"); version 2 { todos: Given } }
    let upgrade = "const todos = db.createObjectStore('todos', { keyPath: 'id', autoIncrement: true }); \
        todos.createIndex('done', 'done'); todos.add({ done: true }); todos.add({ done: false });";
    plain::create("upgrades: bools of Dexie, rekeyed", 10, upgrade).await;

    let db = New::builder().dexie_compatible(true).build();

    assert_eq!(db.todos.where_(|t| t.done).equals(true).primary_keys().await?, [1]);
    assert_eq!(db.todos.where_(|t| t.done).equals(false).primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_key_can_hold_them() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("[done+id]")]
    struct Sorted {
        id: u32,
        list: String,
        done: bool,
    }
    schema! { struct Old("upgrades: bools in keys"); version 1 { todos: Todo } }
    schema! { struct New("upgrades: bools in keys"); version 2 { todos: Sorted } }
    stored::<Old>(async |old| todos(&old.todos).await).await?;

    assert_eq!(New::new().todos.primary_keys().await?, [(false, 2), (true, 1), (true, 3)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_renamed_table_gets_them_as_well() -> Result<()> {
    schema! { struct Old("upgrades: bools renamed"); version 1 { todos: Todo } }
    schema! {
        struct New("upgrades: bools renamed");
        version 1 { todos: "++id" }
        version 2 { tasks: Indexed, todos: drop } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("todos", "tasks")
    }
    stored::<Old>(async |old| todos(&old.todos).await).await?;
    assert_eq!(New::new().tasks.where_(|t| t.done).equals(true).primary_keys().await?, [1, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_function_finds_them_under_the_new_name() -> Result<()> {
    schema! { struct Old("upgrades: bools renamed in the function"); version 1 { todos: Todo } }
    schema! {
        struct New("upgrades: bools renamed in the function");
        version 1 { todos: "++id" }
        version 2 { tasks: Indexed, todos: drop } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("todos", "tasks")?;
        let tasks = tx.table::<Todo>("tasks")?;
        let (done, all, urgent) = futures::try_join!(
            tasks.where_("done").equals(true).count(),
            tasks.count(),
            tasks.where_("flags.urgent").equals(true).primary_keys(),
        )?;
        assert_eq!(urgent, [2.into(), 3.into()]);
        note(format!("{done} of {all}"));
        tasks.where_("done").equals(true).modify(|todo| todo.done = false).await?;
        note(tasks.where_("done").equals(false).count().await?);
        Ok(())
    }
    stored::<Old>(async |old| todos(&old.todos).await).await?;
    noted();

    let db = New::new();

    assert_eq!(db.tasks.where_(|t| t.done).equals(false).count().await?, 3);
    assert_eq!(noted(), ["2 of 3", "3"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_renamed_table_may_go_before_anything_is_asked_of_it() -> Result<()> {
    schema! { struct Old("upgrades: bools renamed and dropped"); version 1 { todos: Todo, more: Todo } }
    schema! {
        struct New("upgrades: bools renamed and dropped");
        version 1 { todos: "++id", more: "++id" }
        version 2 { tasks: Indexed, todos: drop, more: drop } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("todos", "tasks")?;
        // Nobody waits for it.
        drop(tx.table::<Todo>("tasks")?.count());
        tx.rename_store("tasks", "scratch")?;
        tx.drop_store("scratch")?;
        tx.rename_store("more", "tasks")?;
        note(tx.table::<Todo>("tasks")?.where_("done").equals(true).count().await?);
        Ok(())
    }
    stored::<Old>(async |old| {
        todos(&old.todos).await?;
        old.more
            .add(&NewTodo { list: "c".into(), done: true, later: None, flags: flags(false), days: vec![] })
            .await
            .map(|_| ())
    })
    .await?;
    noted();

    let db = New::new();

    assert_eq!(db.tasks.where_(|t| t.done).equals(true).primary_keys().await?, [1]);
    assert_eq!(noted(), ["1"]);
    Ok(())
}
