//! What an upgrade function uses without its being part of the upgrade: other databases, and the database itself.

use std::cell::RefCell;

use futures::channel::oneshot;
use indexie::prelude::*;
use indexie_tests::{spawn_local, wasm_bindgen_test};

use crate::fixtures::{NewPerson, Person, note, noted, people, stored};

fn person(id: u32, name: &str) -> Person {
    Person { id, name: name.into() }
}

#[wasm_bindgen_test]
async fn another_database_is_written_on_the_side() -> Result<()> {
    schema! { struct Old("upgrades: on the side"); version 1 { users: Person } }
    schema! { struct Other("upgrades: the side"); version 1 { users: Person } }
    schema! { struct New("upgrades: on the side"); version 1 {} version 2 { users: Person } upgrade to_2 }
    thread_local!(static WRITTEN: RefCell<Option<oneshot::Sender<Result<u32>>>> = RefCell::default());
    async fn to_2(tx: Upgrade) -> Result<()> {
        let written = WRITTEN.take().expect("somebody waits for it");
        spawn_local(async move {
            let added = Other::new().users.add(&NewPerson { name: "Eve".into() }).await;
            // Whoever has failed already does not listen.
            let _ = written.send(added);
        });
        tx.table::<Person>("users")?.modify(|user| user.name.push('!')).await?;
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    stored::<Other>(async |_| Ok(())).await?;
    let (written, added) = oneshot::channel();
    WRITTEN.set(Some(written));

    let new = New::new();
    new.open().await?;

    assert_eq!(added.await.expect("the task has ended")?, 1);
    assert_eq!(Other::new().users.to_vec().await?, [person(1, "Eve")]);
    assert_eq!(new.users.to_vec().await?, [person(1, "Ada!")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_function_that_awaits_another_database_is_stopped() -> Result<()> {
    schema! { struct Old("upgrades: waits for another"); version 1 { users: Person } }
    schema! { struct Other("upgrades: the other"); version 1 { users: Person } }
    schema! { struct New("upgrades: waits for another"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("users")?.clear().await?;
        note(Other::new().users.count().await?);
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    stored::<Other>(async |_| Ok(())).await?;
    noted();

    let failed = New::new().open().await;

    let Err(Error::Upgrade { version: 2, source, .. }) = failed else { panic!("{failed:?}") };
    assert!(matches!(&*source, Error::Stalled), "{source}");
    assert!(noted().is_empty());
    assert_eq!(Old::new().users.to_vec().await?, [person(1, "Ada")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn its_own_tables_are_refused_at_once() -> Result<()> {
    schema! { struct Old("upgrades: its own tables"); version 1 { users: Person } }
    schema! { struct New("upgrades: its own tables"); version 1 {} version 2 { users: Person } upgrade to_2 }
    thread_local!(static DB: New = New::new());
    async fn to_2(tx: Upgrade) -> Result<()> {
        let db = DB.with(New::clone);
        let refused = [
            db.users.count().await.map(|_| ()),
            db.users.add(&NewPerson { name: "Eve".into() }).await.map(|_| ()),
            db.users.where_(|u| u.name).equals("Ada").modify(|user| user.name.clear()).await.map(|_| ()),
            db.transaction(Mode::Read, &db.users, async |users| users.count().await).await.map(|_| ()),
        ];
        for refused in &refused {
            assert!(matches!(refused, Err(Error::OutsideTransaction { table }) if table == "users"), "{refused:?}");
        }
        note(tx.table::<Person>("users")?.count().await?);
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    noted();

    let db = DB.with(New::clone);

    assert_eq!(db.users.to_vec().await?, [person(1, "Ada")], "the upgrade went on");
    assert_eq!(noted(), ["1"]);
    db.close();
    Ok(())
}

#[wasm_bindgen_test]
async fn a_refused_operation_that_is_not_caught_undoes_the_upgrade() -> Result<()> {
    schema! { struct Old("upgrades: its own table, uncaught"); version 1 { users: Person } }
    schema! { struct New("upgrades: its own table, uncaught"); version 1 {} version 2 { users: Person } upgrade to_2 }
    thread_local!(static DB: New = New::new());
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("users")?.clear().await?;
        DB.with(New::clone).users.add(&NewPerson { name: "Eve".into() }).await.map(|_| ())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;

    let failed = DB.with(New::clone).users.count().await;

    let Err(Error::Upgrade { version: 2, table: Some(table), source, .. }) = failed else { panic!("{failed:?}") };
    assert!(matches!(&*source, Error::OutsideTransaction { .. }), "{source}");
    assert_eq!(table, "users");
    assert_eq!(Old::new().users.to_vec().await?, [person(1, "Ada")]);
    Ok(())
}
