//! Opening: closed and opened again, deleted, upgraded.

use indexie::prelude::*;
use indexie_tests::{User, UserDb, user};
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{builder, fresh};

/// A user of the second version.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, name, greeting")]
pub struct Guest {
    pub id: u32,
    pub email: String,
    pub name: String,
    pub greeting: String,
}

#[derive(Serialize, Deserialize)]
struct GuestV1 {
    id: u32,
    email: String,
    name: String,
    greeting: Option<String>,
}

schema! {
    pub struct GuestDb("guests");

    version 1 {
        users: "++id, &email, name, age, *tags, [name+age]",
    }
    version 2 {
        users: Guest,
    } upgrade greet
}

async fn greet(tx: Upgrade) -> Result<()> {
    tx.table::<GuestV1>("users")?.modify(|guest| guest.greeting = Some(format!("Hello {}", guest.name))).await?;
    Ok(())
}

mod failing {
    use super::{Error, Guest, GuestV1, Result, Upgrade, schema};

    schema! {
        pub struct GuestDb("guests");

        version 1 {
            users: "++id, &email, name, age, *tags, [name+age]",
        }
        version 2 {
            users: Guest,
        } upgrade fail
    }

    async fn fail(tx: Upgrade) -> Result<()> {
        tx.table::<GuestV1>("users")?.clear().await?;
        Err(Error::user("no"))
    }
}

#[wasm_bindgen_test]
async fn a_database_is_closed_opened_again_and_deleted() -> Result<()> {
    let db: UserDb = fresh("anywhere: closed").await;
    db.users.add(&user("a", "Ada", 36)).await?;
    assert!(db.is_open());
    db.close();
    assert!(matches!(db.users.count().await, Err(Error::Closed { .. })));
    db.open().await?;
    assert_eq!(db.users.count().await?, 1);
    assert!(indexie::database_names().await?.contains(&"anywhere: closed".to_owned()));
    db.delete().await?;
    assert!(!indexie::database_names().await?.contains(&"anywhere: closed".to_owned()));
    assert!(db.users.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_upgrade_converts_the_rows_while_an_older_connection_is_open() -> Result<()> {
    let old: UserDb = fresh("anywhere: upgrade").await;
    old.users.bulk_add(&[user("a", "Ada", 36), user("b", "Bob", 30)]).await?;
    let new = builder::<GuestDb>("anywhere: upgrade").build();
    assert_eq!(
        new.users.where_(|g| g.greeting).starts_with("Hello B").to_vec().await?,
        [Guest { id: 2, email: "b".into(), name: "Bob".into(), greeting: "Hello Bob".into() }]
    );
    let error = old.users.count().await;
    assert!(matches!(&error, Err(Error::NewerVersion { installed: Some(2), declared: 1, .. })), "{error:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn an_upgrade_that_fails_leaves_everything_as_it_was() -> Result<()> {
    let old: UserDb = fresh("anywhere: upgrade fails").await;
    old.users.add(&user("a", "Ada", 36)).await?;
    old.close();
    let failed = builder::<failing::GuestDb>("anywhere: upgrade fails").build().open().await;
    assert!(
        matches!(&failed, Err(Error::Upgrade { version: 2, source, .. })
            if matches!(&**source, Error::User(error) if error.to_string() == "no")),
        "{failed:?}"
    );
    old.open().await?;
    let ada = User { id: 1, email: "a".into(), name: "Ada".into(), age: 36, tags: vec![] };
    assert_eq!(old.users.to_vec().await?, [ada]);
    Ok(())
}
