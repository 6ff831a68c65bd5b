//! Upgrades in a real browser: a database goes from one version of its schema to the next.
#![cfg(target_family = "wasm")]

use indexie::prelude::*;
use indexie_tests::fresh;
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

mod v1 {
    use super::{Deserialize, Serialize, Store, schema};

    #[derive(Store, Serialize, Deserialize)]
    #[store("++id, name")]
    pub struct User {
        pub id: u32,
        pub name: String,
    }

    #[derive(Store, Serialize, Deserialize)]
    #[store("++id")]
    pub struct Note {
        pub id: u32,
        pub text: String,
    }

    schema! {
        pub struct AppDb("upgrades");

        version 1 {
            users: User,
            notes: Note,
        }
    }
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, name, &slug")]
pub struct User {
    pub id: u32,
    pub name: String,
    pub slug: String,
}

#[derive(Serialize, Deserialize)]
struct UserV1 {
    id: u32,
    name: String,
    slug: Option<String>,
}

mod v2 {
    use super::{User, on_upgrade_v2, schema};

    schema! {
        pub struct AppDb("upgrades");

        version 1 {
            users: "++id, name",
            notes: "++id",
        }
        version 2 {
            users: User,
            notes: drop,
        } upgrade on_upgrade_v2
    }
}

async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
    assert_eq!(tx.version(), 2);
    assert_eq!(tx.table::<UserV1>("notes")?.count().await?, 1);
    tx.table::<UserV1>("users")?.modify(|user| user.slug = Some(user.name.to_lowercase())).await?;
    Ok(())
}

mod failing {
    use super::{Error, Result, Upgrade, User, UserV1, schema};

    schema! {
        pub struct AppDb("upgrades");

        version 1 {
            users: "++id, name",
            notes: "++id",
        }
        version 2 {
            users: User,
            notes: drop,
        } upgrade fail
    }

    async fn fail(tx: Upgrade) -> Result<()> {
        tx.table::<UserV1>("users")?.clear().await?;
        Err(Error::user("no"))
    }
}

mod populated {
    use super::{Result, Upgrade, User, schema};

    schema! {
        pub struct AppDb("upgrades");

        version 1 {
            users: User,
        } populate first_users
    }

    async fn first_users(tx: Upgrade) -> Result<()> {
        let ada = User { id: 7, name: "Ada".into(), slug: "ada".into() };
        tx.table::<User>("users")?.add(&ada).await
    }
}

async fn two_users(name: &str) -> Result<()> {
    let old: v1::AppDb = fresh(name).await;
    let users = ["Ada", "Bob"].map(|name| v1::NewUser { name: name.into() });
    old.users.bulk_add(&users).await?;
    old.notes.add(&v1::NewNote { text: "gone soon".into() }).await?;
    old.close();
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_are_converted_and_dropped_stores_go() -> Result<()> {
    two_users("upgrades: converted").await?;

    let db = v2::AppDb::builder().name("upgrades: converted").build();

    assert_eq!(
        db.users.to_vec().await?,
        [
            User { id: 1, name: "Ada".into(), slug: "ada".into() },
            User { id: 2, name: "Bob".into(), slug: "bob".into() },
        ]
    );
    assert_eq!(db.users.get_by(|u| u.slug, "bob").await?.map(|user| user.id), Some(2));
    db.close();
    let again = v2::AppDb::builder().name("upgrades: converted").build();
    assert_eq!(again.users.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_failing_upgrade_leaves_everything_as_it_was() -> Result<()> {
    two_users("upgrades: failing").await?;

    let failed = failing::AppDb::builder().name("upgrades: failing").build().open().await;

    assert!(matches!(&failed, Err(Error::User(error)) if error.to_string() == "no"), "{failed:?}");
    let old = v1::AppDb::builder().name("upgrades: failing").build();
    assert_eq!(old.users.count().await?, 2);
    assert_eq!(old.notes.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_new_database_is_made_as_the_newest_version_says() -> Result<()> {
    let db: v2::AppDb = fresh("upgrades: new").await;
    assert_eq!(db.users.count().await?, 0);
    assert!(matches!(db.table::<User>("notes"), Err(Error::UnknownTable { table }) if table == "notes"));
    Ok(())
}

#[wasm_bindgen_test]
async fn populate_runs_once_in_a_new_database() -> Result<()> {
    let db: populated::AppDb = fresh("upgrades: populated").await;
    assert_eq!(db.users.primary_keys().await?, [7]);
    db.users.clear().await?;
    db.close();
    db.open().await?;
    assert_eq!(db.users.count().await?, 0);
    Ok(())
}
