//! Upgrades that fail: the old version and every row are still there, and the error says which version and table it was.

use futures::future::join;
use indexie::AnyKey;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, people, stored};

#[derive(Serialize, Deserialize)]
struct Shouted {
    name: String,
}

/// Does what cannot be taken back but by the whole upgrade.
async fn damage(tx: &Upgrade) -> Result<()> {
    let users = tx.table::<Shouted>("users")?;
    users.modify(|user| user.name.make_ascii_uppercase()).await?;
    tx.migrate::<Person, Person>("notes", |note| Person { id: note.id + 10, ..note }).await?;
    tx.rename_store("notes", "archive")?;
    users.delete(1).await?;
    Ok(())
}

#[wasm_bindgen_test]
async fn a_failing_function_leaves_everything_as_it_was() -> Result<()> {
    schema! { struct Old("upgrades: failing"); version 1 { users: Person, notes: Person } }
    schema! {
        struct New("upgrades: failing");
        version 1 { users: Person }
        version 2 { more: Person } upgrade to_2
        version 5 { users: Person } upgrade to_5
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        damage(&tx).await
    }
    async fn to_5(tx: Upgrade) -> Result<()> {
        note(tx.version());
        Err(Error::user("no"))
    }
    stored::<Old>(async |old| {
        people(&old.notes, &["kept"]).await?;
        people(&old.users, &["Ada", "Bob"]).await.map(|_| ())
    })
    .await?;
    noted();

    let failed = New::new().open().await;

    let Err(Error::Upgrade { version: 5, table: None, key: None, source }) = failed else { panic!("{failed:?}") };
    assert!(matches!(&*source, Error::User(error) if error.to_string() == "no"), "{source}");
    assert_eq!(noted(), ["5"]);
    let old = Old::new();
    let person = |id, name: &str| Person { id, name: name.into() };
    assert_eq!(old.users.to_vec().await?, [person(1, "Ada"), person(2, "Bob")]);
    assert_eq!(old.notes.to_vec().await?, [person(1, "kept")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_of_the_functions_own_names_the_table_that_it_has_used_last() -> Result<()> {
    schema! { struct Old("upgrades: used last"); version 1 { users: Person, notes: Person } }
    schema! { struct New("upgrades: used last"); version 1 { notes: Person } version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("notes")?.count().await?;
        tx.table::<Person>("users")?.modify(|user| user.name.make_ascii_uppercase()).await?;
        Err(Error::user("no"))
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;

    let failed = New::new().open().await;

    let Err(Error::Upgrade { version: 2, table: Some(table), key: None, source }) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(table, "users");
    assert!(matches!(&*source, Error::User(_)), "{source}");
    Ok(())
}

#[wasm_bindgen_test]
async fn the_error_says_which_table_and_row_it_was() -> Result<()> {
    #[derive(Serialize, Deserialize)]
    struct Numbered {
        name: u32,
    }
    schema! { struct Old("upgrades: names it"); version 1 { users: Person } }
    schema! { struct Misreads("upgrades: names it"); version 1 {} version 2 { users: Person } upgrade misreads }
    schema! { struct Clashes("upgrades: names it"); version 1 {} version 2 { users: Person } upgrade clashes }
    async fn misreads(tx: Upgrade) -> Result<()> {
        tx.table::<Numbered>("users")?.modify(|user| user.name += 1).await.map(|_| ())
    }
    async fn clashes(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("users")?.add(&Person { id: 1, name: "again".into() }).await.map(|_| ())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;

    let failed = Misreads::new().open().await;
    let text = failed.as_ref().map_or_else(ToString::to_string, |()| String::new());
    let Err(Error::Upgrade { version: 2, table: Some(table), key: Some(key), source }) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!((table.as_str(), key), ("users", AnyKey::from(1)));
    assert!(matches!(&*source, Error::Decode { path, .. } if path == "name"), "{source}");
    assert!(text.contains("version 2") && text.contains("row 1 of table `users`"), "{text}");

    let failed = Clashes::new().open().await;
    let Err(Error::Upgrade { version: 2, table: Some(table), key: None, source }) = failed else {
        panic!("{failed:?}")
    };
    assert!(table == "users" && matches!(&*source, Error::Constraint { .. }), "{source}");
    assert_eq!(Old::new().users.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_caught_error_leaves_the_upgrade_usable() -> Result<()> {
    schema! { struct Old("upgrades: caught"); version 1 { users: Person } }
    schema! { struct New("upgrades: caught"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Person>("users")?;
        let clash = users.bulk_add(&[Person { id: 5, name: "x".into() }, Person { id: 1, name: "y".into() }]).await;
        assert!(matches!(clash, Err(Error::Constraint { row: Some(1), .. })));
        users.add(&Person { id: 7, name: "z".into() }).await?;
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    assert_eq!(New::new().users.primary_keys().await?, [1, 7]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_function_that_waits_for_something_else_is_stopped() -> Result<()> {
    schema! { struct Old("upgrades: stalled"); version 1 { users: Person, notes: Person } }
    schema! { struct New("upgrades: stalled"); version 1 {} version 3 { users: Person } upgrade to_3 }
    async fn to_3(tx: Upgrade) -> Result<()> {
        damage(&tx).await?;
        futures::future::pending().await
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;

    let failed = New::new().open().await;

    let Err(Error::Upgrade { version: 3, source, .. }) = failed else { panic!("{failed:?}") };
    assert!(matches!(&*source, Error::Stalled), "{source}");
    assert_eq!(Old::new().users.to_vec().await?, [Person { id: 1, name: "Ada".into() }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn all_who_wait_for_the_database_get_the_error() -> Result<()> {
    schema! { struct Old("upgrades: all get it"); version 1 { users: Person } }
    schema! { struct New("upgrades: all get it"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        note(tx.version());
        Err(Error::user("no"))
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    noted();

    let new = New::new();
    let (opened, counted) = join(new.open(), new.users.count()).await;

    for failed in [opened, counted.map(|_| ())] {
        let Err(Error::Upgrade { version: 2, source, .. }) = failed else { panic!("{failed:?}") };
        assert!(matches!(&*source, Error::User(error) if error.to_string() == "no"), "{source}");
    }
    assert_eq!(noted(), ["2"], "they have waited for the same upgrade");
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn dropping_the_database_in_the_middle_undoes_it() -> Result<()> {
    schema! { struct Old("upgrades: dropped"); version 1 { users: Person, notes: Person } }
    schema! { struct New("upgrades: dropped"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        damage(&tx).await?;
        note("in the middle");
        loop {
            tx.table::<Person>("users")?.count().await?;
        }
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    noted();

    let db = New::new();
    let mut opening = Box::pin(db.open());
    let mut reached = Vec::new();
    while reached.is_empty() {
        assert!(futures::poll!(&mut opening).is_pending());
        crate::plain::sleep(1).await;
        reached = noted();
    }
    drop(opening);
    drop(db);

    assert_eq!(Old::new().users.to_vec().await?, [Person { id: 1, name: "Ada".into() }]);
    Ok(())
}
