//! An upgrade function that panics: nothing of the upgrade is stored, and whoever has the database goes on.
//!
//! In wasm nothing unwinds. The panic of these cases is an exception that goes through wasm there, which is what a panic comes
//! to: the test runner would take a real one for the failure of the test.

use indexie::prelude::*;
use indexie::{Database, Indexie};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Person, people, stored};

#[cfg(target_family = "wasm")]
mod here {
    use super::*;
    use crate::plain;
    use futures::channel::oneshot;
    use futures::future::{Either, select};
    use indexie_tests::Uncaught;

    pub fn panic() -> Result<()> {
        wasm_bindgen::throw_str("a panic")
    }

    /// Opens a database whose upgrade panics.
    pub async fn open(db: Indexie) {
        let uncaught = Uncaught::listen();
        let (told, outcome) = oneshot::channel();
        wasm_bindgen_futures::spawn_local(async move {
            // Nobody need be listening any more.
            let _ = told.send(db.open().await);
        });
        let opened = select(outcome, Box::pin(plain::sleep(120_000))).await;
        let heard = uncaught.heard();
        let Either::Left((Ok(outcome), _)) = opened else { panic!("opening has not ended") };
        assert!(
            matches!(&outcome, Err(Error::Upgrade { version: 2, source, .. }) if matches!(**source, Error::Aborted { .. })),
            "{outcome:?}"
        );
        assert_eq!(heard.len(), 1, "{heard:?}");
    }
}

#[cfg(not(target_family = "wasm"))]
mod here {
    use super::*;
    use futures::FutureExt;
    use std::panic::AssertUnwindSafe;

    pub fn panic() -> Result<()> {
        panic!("in the middle of an upgrade")
    }

    pub async fn open(db: Indexie) {
        let opened = AssertUnwindSafe(db.open()).catch_unwind().await;
        assert!(
            matches!(&opened, Ok(Err(Error::Upgrade { version: 2, source, .. }))
                if matches!(**source, Error::Aborted { .. })),
            "{opened:?}"
        );
    }
}

/// The upgrade panics; the old database is as it was, and the new one can be tried again.
async fn leaves_nothing<Old, New>(people_of: impl Fn(&Old) -> Table<Person>) -> Result<()>
where
    Old: Database + std::ops::Deref<Target = Indexie>,
    New: Database + std::ops::Deref<Target = Indexie>,
{
    stored::<Old>(async |old| people(&people_of(old), &["Ada", "Bob"]).await.map(|_| ())).await?;
    for _ in 0..2 {
        let new = indexie::Builder::<New>::new().build();
        here::open((*new).clone()).await;
        drop(new);
        let old = indexie::Builder::<Old>::new().build();
        let names: Vec<String> = people_of(&old).order_by(|p| p.name).keys().await?;
        assert_eq!(names, ["Ada", "Bob"]);
        old.close();
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn at_once() -> Result<()> {
    schema! { struct Old("upgrades: panics at once"); version 1 { users: Person } }
    schema! { struct New("upgrades: panics at once"); version 1 {} version 2 { more: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "others")?;
        here::panic()
    }
    leaves_nothing::<Old, New>(|old| old.users.clone()).await
}

#[wasm_bindgen_test]
async fn after_it_has_changed_everything() -> Result<()> {
    schema! { struct Old("upgrades: panics late"); version 1 { users: Person } }
    schema! { struct New("upgrades: panics late"); version 1 {} version 2 { more: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("users")?.modify(|user| user.name.clear()).await?;
        tx.migrate::<Person, Person>("users", |user| Person { id: user.id + 1, ..user }).await?;
        tx.table::<Person>("users")?.clear().await?;
        here::panic()
    }
    leaves_nothing::<Old, New>(|old| old.users.clone()).await
}

#[wasm_bindgen_test]
async fn inside_of_a_function_that_it_has_given() -> Result<()> {
    schema! { struct Old("upgrades: panics inside"); version 1 { users: Person } }
    schema! { struct New("upgrades: panics inside"); version 1 {} version 2 { more: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("users")?.modify(|user| user.name.clear()).await?;
        tx.migrate::<Person, Person>("users", |user| here::panic().map(|()| user)).await.map(|_| ())
    }
    leaves_nothing::<Old, New>(|old| old.users.clone()).await
}

#[wasm_bindgen_test]
async fn on_its_way_to_a_later_version() -> Result<()> {
    schema! { struct Old("upgrades: panics on its way"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: panics on its way");
        version 1 {}
        version 2 { more: Person } upgrade to_2
        version 3 { others: Person } upgrade to_3
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("users")?.clear().await?;
        here::panic()
    }
    async fn to_3(_: Upgrade) -> Result<()> {
        Err(Error::user("it does not come so far"))
    }
    leaves_nothing::<Old, New>(|old| old.users.clone()).await
}
