//! Several versions at once: whoever jumps over versions comes to the same as whoever has been through each.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, people, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id")]
struct Todo {
    id: u32,
    title: String,
    done: bool,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, done")]
struct Task {
    id: u32,
    title: String,
    done: bool,
}

fn new_todo(title: &str, done: bool) -> NewTodo {
    NewTodo { title: title.into(), done }
}

async fn two(todos: &Table<Todo>) -> Result<()> {
    todos.bulk_add(&[new_todo("a", true), new_todo("b", false)]).await.map(|_| ())
}

#[wasm_bindgen_test]
async fn an_index_on_a_bool_follows_its_table_to_another_name() -> Result<()> {
    schema! { struct Old("upgrades: across bools"); version 1 { todos: Todo } }
    schema! {
        struct New("upgrades: across bools");
        version 1 { todos: "++id" }
        version 2 { todos: "++id, done" }
        version 3 { tasks: Task, todos: drop } upgrade to_3
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        tx.rename_store("todos", "tasks")
    }
    stored::<Old>(async |old| two(&old.todos).await).await?;

    let db = New::new();

    assert_eq!(db.tasks.where_(|t| t.done).equals(true).primary_keys().await?, [1]);
    assert_eq!(db.tasks.where_(|t| t.done).equals(false).primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_written_under_the_old_name_are_found_under_the_new_one() -> Result<()> {
    schema! { struct Old("upgrades: across writes"); version 1 { todos: Task } }
    schema! {
        struct New("upgrades: across writes");
        version 1 { todos: "++id, done" }
        version 2 { tasks: Task, todos: drop } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Task>("todos")?.where_("id").equals(1).modify(|task| task.done = true).await?;
        tx.migrate::<Task, Task>("todos", |task| Task { title: task.title.to_uppercase(), ..task }).await?;
        tx.rename_store("todos", "tasks")
    }
    stored::<Old>(async |old| {
        let task = |title: &str| NewTask { title: title.into(), done: false };
        old.todos.bulk_add(&[task("a"), task("b")]).await.map(|_| ())
    })
    .await?;

    let db = New::new();

    let task = |id, title: &str, done| Task { id, title: title.into(), done };
    assert_eq!(db.tasks.where_(|t| t.done).equals(true).to_vec().await?, [task(1, "A", true)]);
    assert_eq!(db.tasks.where_(|t| t.done).equals(false).to_vec().await?, [task(2, "B", false)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_index_on_a_bool_that_is_gone_today_finds_rows_on_the_way() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++id, state")]
    struct Stated {
        id: u32,
        state: String,
    }
    #[derive(Serialize, Deserialize)]
    struct Done {
        done: Option<bool>,
        state: Option<String>,
    }
    schema! { struct Old("upgrades: across gone"); version 1 { todos: Todo } }
    schema! {
        struct New("upgrades: across gone");
        version 1 { todos: "++id" }
        version 2 { todos: "++id, done" }
        version 3 { todos: Stated } upgrade to_3
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        let todos = tx.table::<Done>("todos")?;
        todos.modify(|todo| todo.state = Some("open".into())).await?;
        todos.where_("done").equals(true).modify(|todo| todo.state = Some("done".into())).await?;
        Ok(())
    }
    stored::<Old>(async |old| two(&old.todos).await).await?;

    let db = New::new();

    assert_eq!(db.todos.where_(|t| t.state).equals("done").primary_keys().await?, [1]);
    assert_eq!(db.todos.where_(|t| t.state).equals("open").primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_table_goes_through_several_names() -> Result<()> {
    schema! { struct Old("upgrades: across names"); version 1 { a: Person } }
    schema! {
        struct New("upgrades: across names");
        version 1 { a: "++id, name" }
        version 2 { b: "++id, name", a: drop } upgrade to_b
        version 3 { c: "++id, name", b: drop } upgrade to_c
        version 4 { d: Person, c: drop } upgrade to_d
    }
    async fn to_b(tx: Upgrade) -> Result<()> {
        tx.rename_store("a", "b")
    }
    async fn to_c(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("b")?.add(&Person { id: 9, name: "in the middle".into() }).await?;
        tx.rename_store("b", "c")
    }
    async fn to_d(tx: Upgrade) -> Result<()> {
        note(tx.table::<Person>("c")?.where_("name").starts_with("in").count().await?);
        tx.rename_store("c", "d")
    }
    stored::<Old>(async |old| people(&old.a, &["Ada"]).await.map(|_| ())).await?;
    noted();

    let db = New::new();

    let person = |id, name: &str| Person { id, name: name.into() };
    assert_eq!(db.d.to_vec().await?, [person(1, "Ada"), person(9, "in the middle")]);
    assert_eq!(noted(), ["1"]);
    assert_eq!(people(&db.d, &["next"]).await?, [10]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_primary_key_changes_twice() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("[name+born]")]
    struct Named {
        name: String,
        born: u32,
    }
    #[derive(Serialize, Deserialize)]
    struct Any {
        name: String,
        born: Option<u32>,
    }
    schema! { struct Old("upgrades: across keys"); version 1 { people: Person } }
    schema! {
        struct New("upgrades: across keys");
        version 1 { people: "++id, name" }
        version 2 { people: "name" }
        version 3 { people: Named } upgrade to_3
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        let people = tx.table::<Any>("people")?;
        note(people.get("Ada").await?.map_or(0, |any| any.name.len()));
        people.modify(|any| any.born = Some(1815)).await.map(|_| ())
    }
    stored::<Old>(async |old| people(&old.people, &["Bob", "Ada"]).await.map(|_| ())).await?;
    noted();

    let db = New::new();

    assert_eq!(db.people.primary_keys().await?, [("Ada".to_owned(), 1815), ("Bob".to_owned(), 1815)]);
    assert_eq!(noted(), ["3"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn versions_numbered_as_dexies_from_here_on_are_not_run_again() -> Result<()> {
    schema! {
        struct Plain("upgrades: across numbers");
        version 1 { users: Person }
        version 3 { more: Person } upgrade to_3
    }
    async fn to_3(_: Upgrade) -> Result<()> {
        note("again");
        Ok(())
    }
    stored::<Plain>(async |plain| people(&plain.users, &["Ada"]).await.map(|_| ())).await?;
    noted();

    let db = Plain::builder().dexie_compatible(true).build();

    assert_eq!(db.users.count().await?, 1);
    assert!(noted().is_empty());
    db.close();
    assert_eq!(Plain::builder().dexie_compatible(true).build().users.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_store_that_only_looks_like_the_markers_stays() -> Result<()> {
    schema! { struct Old("upgrades: across marker"); version 1 { users: Person } }
    schema! { struct Foreign("upgrades: across marker"); version 1 { users: Person } version 2 {} upgrade to_2 }
    schema! { struct New("upgrades: across marker"); version 1 { users: Person } version 3 { more: Person } upgrade to_3 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "$meta")
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        note(tx.table::<Person>("$meta")?.count().await?);
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada", "Bob"]).await.map(|_| ())).await?;
    Foreign::new().open().await?;
    noted();

    New::new().open().await?;

    assert_eq!(noted(), ["2"]);
    schema! { struct After("upgrades: across marker"); version 3 {} version 4 { more: Person } upgrade to_3 }
    After::new().open().await?;
    assert_eq!(noted(), ["2"]);
    Ok(())
}
