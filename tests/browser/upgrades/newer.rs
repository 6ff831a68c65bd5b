//! A database that a later program has upgraded.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, people, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &name, age")]
struct Later {
    id: u32,
    name: String,
    age: Option<u32>,
}

#[wasm_bindgen_test]
async fn it_is_refused_unless_that_is_allowed() -> Result<()> {
    schema! { struct Newer("upgrades: newer"); version 7 { users: Person, more: Person } }
    schema! { struct Older("upgrades: newer"); version 1 {} version 2 { users: Person } upgrade never }
    async fn never(_: Upgrade) -> Result<()> {
        Err(Error::user("there is nothing to upgrade"))
    }
    stored::<Newer>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;

    let refused = Older::new().open().await;
    assert!(
        matches!(&refused, Err(Error::NewerVersion { database, installed: Some(7), declared: 2 }) if database == "upgrades: newer"),
        "{refused:?}"
    );

    let older = Older::builder().allow_newer(true).build();
    assert_eq!(older.users.where_(|u| u.name).equals("Ada").count().await?, 1);
    people(&older.users, &["Bob"]).await?;
    older.close();

    let newer = Newer::new();
    assert_eq!((newer.users.count().await?, newer.more.count().await?), (2, 0));
    Ok(())
}

#[wasm_bindgen_test]
async fn it_is_refused_where_something_is_not_as_declared() -> Result<()> {
    schema! { struct Newer("upgrades: newer but"); version 7 { users: Later } }
    schema! { struct Older("upgrades: newer but"); version 2 { users: Person, notes: Person } }
    stored::<Newer>(async |_| Ok(())).await?;

    let refused = Older::builder().allow_newer(true).repair_schema(true).build().open().await;

    let Err(Error::SchemaMismatch { differences, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(
        differences,
        ["index `name` of store `users` has another key path or other flags", "store `notes` is missing"]
    );
    // And nothing has been done to it.
    assert!(Newer::new().open().await.is_ok());
    Ok(())
}

#[wasm_bindgen_test]
async fn two_versions_can_be_open_at_once() -> Result<()> {
    schema! { struct Newer("upgrades: both versions"); version 2 { users: Person, more: Person } }
    schema! { struct Older("upgrades: both versions"); version 1 { users: Person } }
    stored::<Newer>(async |_| Ok(())).await?;

    let (newer, older) = (Newer::new(), Older::builder().allow_newer(true).build());
    people(&newer.users, &["Ada"]).await?;
    people(&older.users, &["Bob"]).await?;

    assert_eq!((newer.users.count().await?, older.users.count().await?), (2, 2));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_database_of_the_same_or_an_older_version_is_opened_as_ever() -> Result<()> {
    schema! { struct Old("upgrades: not newer"); version 1 { users: Person } }
    schema! { struct New("upgrades: not newer"); version 1 { users: Person } version 2 { more: Person } }
    stored::<Old>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;

    let db = New::builder().allow_newer(true).build();
    assert_eq!((db.users.count().await?, db.more.count().await?), (1, 0));
    db.delete().await?;
    assert_eq!(db.users.count().await?, 0, "a new one");
    Ok(())
}
