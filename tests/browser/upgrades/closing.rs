//! A database that is closed, or is to be deleted, in the middle of its upgrade.

use std::cell::RefCell;

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, people, stored};

#[derive(Serialize, Deserialize)]
struct Shouted {
    name: String,
}

thread_local!(static DATABASE: RefCell<Option<indexie::Indexie>> = const { RefCell::new(None) });

/// What an upgrade function does to its own database; the second time there is none.
fn with_database<R>(act: impl FnOnce(indexie::Indexie) -> R) -> Option<R> {
    DATABASE.take().map(act)
}

async fn shout(tx: &Upgrade) -> Result<usize> {
    tx.table::<Shouted>("users")?.modify(|user| user.name.make_ascii_uppercase()).await
}

#[wasm_bindgen_test]
async fn closing_undoes_the_upgrade_and_it_can_be_opened_again() -> Result<()> {
    schema! { struct Old("upgrades: closed"); version 1 { users: Person } }
    schema! { struct New("upgrades: closed"); version 1 {} version 2 { users: Person, more: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        shout(&tx).await?;
        if with_database(|database| database.close()).is_some() {
            note(tx.rename_store("users", "people").is_err());
        }
        tx.table::<Person>("users")?.count().await.map(|_| ())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    noted();
    let new = New::new();
    DATABASE.set(Some((*new).clone()));

    let closed = new.open().await;

    assert!(matches!(&closed, Err(Error::Closed { database }) if database == "upgrades: closed"), "{closed:?}");
    assert_eq!(noted(), ["true"]);
    assert_eq!(Old::new().users.to_vec().await?, [Person { id: 1, name: "Ada".into() }]);
    new.open().await?;
    assert_eq!(new.users.to_vec().await?, [Person { id: 1, name: "ADA".into() }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn closing_before_the_first_request_undoes_the_upgrade_too() -> Result<()> {
    schema! { struct Old("upgrades: closed at once"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: closed at once");
        version 1 {}
        version 2 { users: Person } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        with_database(|database| database.close());
        shout(&tx).await.map(|_| ())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    let new = New::new();
    DATABASE.set(Some((*new).clone()));

    let closed = new.open().await;

    assert!(matches!(&closed, Err(Error::Closed { .. })), "{closed:?}");
    assert_eq!(Old::new().users.to_vec().await?, [Person { id: 1, name: "Ada".into() }]);
    new.open().await?;
    assert_eq!(new.users.to_vec().await?, [Person { id: 1, name: "ADA".into() }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn deleting_is_refused_and_the_upgrade_goes_on() -> Result<()> {
    schema! { struct Old("upgrades: deleted"); version 1 { users: Person } }
    schema! { struct New("upgrades: deleted"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let deleting = with_database(|database| database.delete());
        if let Some(deleting) = deleting {
            note(matches!(deleting.await, Err(Error::OutsideTransaction { table }) if table.is_empty()));
        }
        shout(&tx).await.map(|_| ())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    noted();
    let new = New::new();
    DATABASE.set(Some((*new).clone()));

    assert_eq!(new.users.to_vec().await?, [Person { id: 1, name: "ADA".into() }]);

    assert_eq!(noted(), ["true"]);
    Ok(())
}
