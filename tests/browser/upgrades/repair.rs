//! A database that has its version, and not all of its stores and indexes.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, people, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, name, &[name+id], done")]
struct User {
    id: u32,
    name: String,
    #[serde(default)]
    done: bool,
}

/// A program that has been changed without a new version.
macro_rules! programs {
    ($name:literal) => {
        schema! {
            #[allow(dead_code)]
            struct Before($name);
            version 2 { users: Person }
        }
        #[allow(dead_code)]
        mod changed {
            use super::{Person, Result, Upgrade, User, note, schema};

            schema! { pub struct Now($name); version 2 { users: User, more: Person } }
            schema! {
                pub struct Next($name);
                version 2 { users: User, more: Person }
                version 3 { more: drop } upgrade to_3
            }
            schema! {
                pub struct Later($name);
                version 2 { users: User, more: Person }
                version 3 { more: drop } upgrade to_3
                version 5 { users: Person } upgrade to_5
            }
            async fn to_3(tx: Upgrade) -> Result<()> {
                note(format!("3 finds {}", tx.table::<Person>("more")?.count().await?));
                Ok(())
            }
            async fn to_5(tx: Upgrade) -> Result<()> {
                note(format!("5 finds {}", tx.table::<Person>("users")?.count().await?));
                Ok(())
            }
        }
        #[allow(unused_imports)]
        use changed::{Later, Next, Now};
    };
}

#[wasm_bindgen_test]
async fn it_is_refused_unless_it_may_be_repaired() -> Result<()> {
    programs!("upgrades: repair");
    stored::<Before>(async |db| people(&db.users, &["Ada", "Bob"]).await.map(|_| ())).await?;

    let refused = Now::new().open().await;
    let Err(Error::SchemaMismatch { database, differences }) = refused else { panic!("{refused:?}") };
    assert_eq!(database, "upgrades: repair");
    assert_eq!(
        differences,
        [
            "index `[name+id]` of store `users` is missing",
            "index `done` of store `users` is missing",
            "store `more` is missing",
        ]
    );

    let now = Now::builder().repair_schema(true).build();
    assert_eq!(now.users.where_(|u| u.name_id).equals(("Bob", 2)).count().await?, 1);
    assert_eq!(now.more.count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn all_who_wait_for_it_are_refused() -> Result<()> {
    programs!("upgrades: all refused");
    stored::<Before>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;

    let now = Now::new();
    let (opened, counted) = futures::join!(now.open(), now.users.count());

    for refused in [opened, counted.map(|_| ())] {
        let Err(Error::SchemaMismatch { database, differences }) = refused else { panic!("{refused:?}") };
        assert_eq!((database.as_str(), differences.len()), ("upgrades: all refused", 3));
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_repaired_database_is_still_of_its_version() -> Result<()> {
    programs!("upgrades: repaired");
    stored::<Before>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;
    let now = Now::builder().repair_schema(true).build();
    people(&now.more, &["x", "y"]).await?;
    now.close();

    // With and without the permission, again and again.
    for repair in [false, true, false] {
        let now = Now::builder().repair_schema(repair).build();
        assert_eq!((now.users.count().await?, now.more.count().await?), (1, 2));
        now.close();
    }
    let before = Before::new();
    assert_eq!(before.users.count().await?, 1, "a program that needs less");
    before.close();

    // The number of version 3 has gone to the repair, and its upgrade runs all the same.
    noted();
    let next = Next::new();
    assert_eq!(next.users.count().await?, 1);
    assert_eq!(noted(), ["3 finds 2"]);
    next.close();
    assert_eq!(Next::new().users.count().await?, 1);
    assert!(noted().is_empty(), "once");

    let refused = Now::new().open().await;
    assert!(matches!(&refused, Err(Error::NewerVersion { installed: Some(3), declared: 2, .. })), "{refused:?}");
    let older = Before::builder().allow_newer(true).build();
    assert_eq!(older.users.count().await?, 1);
    older.close();

    let later = Later::new();
    assert_eq!(later.users.count().await?, 1);
    assert_eq!(noted(), ["5 finds 1"]);
    later.close();
    let refused = Next::new().open().await;
    assert!(matches!(&refused, Err(Error::NewerVersion { installed: Some(5), declared: 3, .. })), "{refused:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_later_version_is_reached_over_the_number_of_a_repair() -> Result<()> {
    programs!("upgrades: repaired, then much later");
    stored::<Before>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;
    let now = Now::builder().repair_schema(true).build();
    people(&now.more, &["x"]).await?;
    now.close();
    noted();

    let later = Later::new();
    assert_eq!(later.users.count().await?, 1);
    assert_eq!(noted(), ["3 finds 1", "5 finds 1"]);
    later.close();
    let again = Later::new();
    assert_eq!(again.users.count().await?, 1);
    assert!(noted().is_empty());
    Ok(())
}

#[wasm_bindgen_test]
async fn two_that_repair_at_once_both_end_up_open() -> Result<()> {
    programs!("upgrades: repaired at once");
    stored::<Before>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;

    let open = || Now::builder().repair_schema(true).build();
    let (one, two, three) = (open(), open(), open());
    let counts = futures::join!(one.more.count(), two.more.count(), three.users.count());

    assert_eq!((counts.0?, counts.1?, counts.2?), (0, 0, 1));
    people(&one.more, &["x"]).await?;
    assert_eq!((two.more.count().await?, three.more.count().await?), (1, 1));
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_there_in_another_way_is_not_repaired() -> Result<()> {
    #[derive(Store, Serialize, Deserialize)]
    #[store("++id, &name, age")]
    struct Unique {
        id: u32,
        name: String,
        age: Option<u32>,
    }
    #[derive(Store, Serialize, Deserialize)]
    #[store("name, id")]
    struct Named {
        id: u32,
        name: String,
    }
    schema! { struct Before("upgrades: not repaired"); version 1 { users: Person } }
    schema! { struct Flags("upgrades: not repaired"); version 1 { users: Unique } }
    schema! { struct Key("upgrades: not repaired"); version 1 { users: Named } }
    stored::<Before>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;

    for refused in [
        Flags::builder().repair_schema(true).build().open().await,
        Key::builder().repair_schema(true).build().open().await,
    ] {
        assert!(
            matches!(&refused, Err(Error::SchemaMismatch { differences, .. }) if differences.len() > 1),
            "{refused:?}"
        );
    }
    assert_eq!(Before::new().users.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_repair_that_fails_changes_nothing() -> Result<()> {
    #[derive(Store, Serialize, Deserialize)]
    #[store("++id, &code")]
    struct Coded {
        id: u32,
        code: String,
        name: String,
    }
    #[derive(Store, Serialize, Deserialize)]
    #[store("++id")]
    struct Plain {
        id: u32,
        code: String,
        name: String,
    }
    schema! { struct Before("upgrades: repair fails"); version 1 { users: Plain } }
    schema! { struct Now("upgrades: repair fails"); version 1 { users: Coded, more: Person } }
    stored::<Before>(async |db| {
        let row = NewPlain { code: "x".into(), name: String::new() };
        db.users.bulk_add(&[row, NewPlain { code: "x".into(), name: String::new() }]).await.map(|_| ())
    })
    .await?;

    let failed = Now::builder().repair_schema(true).build().open().await;

    let Err(Error::Upgrade { version: 1, table: Some(table), source, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(table, "users");
    assert!(matches!(&*source, Error::Constraint { index: Some(index), .. } if index == "code"), "{source}");
    let refused = Now::new().open().await;
    assert!(
        matches!(&refused, Err(Error::SchemaMismatch { differences, .. }) if differences.len() == 2),
        "{refused:?}"
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_not_declared_stays() -> Result<()> {
    schema! { struct Before("upgrades: repair keeps"); version 1 { users: User, more: Person } }
    schema! { struct Now("upgrades: repair keeps"); version 1 { users: Person, others: Person } }
    stored::<Before>(async |db| people(&db.more, &["x"]).await.map(|_| ())).await?;

    let now = Now::builder().repair_schema(true).build();
    people(&now.others, &["y"]).await?;
    now.close();

    let before = Before::new();
    assert_eq!((before.more.count().await?, before.users.order_by(|u| u.name_id).count().await?), (1, 0));
    Ok(())
}

#[wasm_bindgen_test]
async fn with_dexies_numbers_there_is_room_for_repairs() -> Result<()> {
    programs!("upgrades: repaired as dexie does");
    let before = Before::builder().dexie_compatible(true).build();
    before.delete().await?;
    people(&before.users, &["Ada"]).await?;
    before.close();

    let now = Now::builder().dexie_compatible(true).repair_schema(true).build();
    people(&now.more, &["x"]).await?;
    now.close();
    let next = Next::builder().dexie_compatible(true).build();
    noted();
    assert_eq!(next.users.count().await?, 1);
    assert_eq!(noted(), ["3 finds 1"]);
    next.close();
    let refused = Now::builder().dexie_compatible(true).build().open().await;
    assert!(matches!(&refused, Err(Error::NewerVersion { installed: Some(3), declared: 2, .. })), "{refused:?}");
    Ok(())
}

#[cfg(target_family = "wasm")]
mod numbers {
    use super::*;
    use crate::plain;

    #[wasm_bindgen_test]
    async fn the_marker_is_there_as_long_as_the_number_is_not_the_versions() -> Result<()> {
        programs!("upgrades: repaired numbers");
        const NAME: &str = "upgrades: repaired numbers";
        stored::<Before>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;
        assert_eq!(plain::shape(NAME).await, "2: users");

        Now::builder().repair_schema(true).build().open().await?;
        assert_eq!(plain::shape(NAME).await, "3: $meta, more, users");
        assert_eq!(plain::stored(NAME, "$meta", "'version'").await.as_deref(), Some("2"));

        Next::new().open().await?;
        assert_eq!(plain::shape(NAME).await, "4: $meta, users");
        assert_eq!(plain::stored(NAME, "$meta", "'version'").await.as_deref(), Some("3"));

        Later::new().open().await?;
        assert_eq!(plain::shape(NAME).await, "5: users");
        Ok(())
    }

    #[wasm_bindgen_test]
    async fn dexies_own_marker_counts() -> Result<()> {
        programs!("upgrades: repaired by dexie");
        const NAME: &str = "upgrades: repaired by dexie";
        let users = "db.createObjectStore('users', { keyPath: 'id', autoIncrement: true })";
        let upgrade = format!(
            "{users}.createIndex('name', 'name');
             db.createObjectStore('more', {{ keyPath: 'id', autoIncrement: true }}).createIndex('name', 'name');
             db.createObjectStore('$meta').add(2, 'version');"
        );
        // Ten repairs of version 2: the number is that of version 3.
        plain::create(NAME, 30, &upgrade).await;
        noted();

        let next = Next::builder().dexie_compatible(true).build();
        next.open().await?;

        assert_eq!(noted(), ["3 finds 0"]);
        assert_eq!(plain::shape(NAME).await, "31: users");
        Ok(())
    }
}
