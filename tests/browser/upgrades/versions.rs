//! Which versions run, in which order, and what they find.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, people, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, name, &slug")]
pub struct User {
    pub id: u32,
    pub name: String,
    pub slug: String,
}

#[derive(Serialize, Deserialize)]
struct OldUser {
    name: String,
    slug: Option<String>,
}

#[wasm_bindgen_test]
async fn rows_are_converted_and_dropped_tables_go() -> Result<()> {
    schema! { struct Old("upgrades: converted"); version 1 { users: Person, notes: Person } }
    schema! {
        struct New("upgrades: converted");
        version 1 { users: "++id, name", notes: "++id, name" }
        version 2 { users: User, notes: drop } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        assert_eq!(tx.version(), 2);
        assert_eq!(tx.table::<Person>("notes")?.where_("name").equals("gone soon").count().await?, 1);
        tx.table::<OldUser>("users")?.modify(|user| user.slug = Some(user.name.to_lowercase())).await?;
        Ok(())
    }
    stored::<Old>(async |old| {
        people(&old.users, &["Ada", "Bob"]).await?;
        people(&old.notes, &["gone soon"]).await.map(|_| ())
    })
    .await?;

    let db = New::new();

    let user = |id, name: &str| User { id, name: name.into(), slug: name.to_lowercase() };
    assert_eq!(db.users.to_vec().await?, [user(1, "Ada"), user(2, "Bob")]);
    assert_eq!(db.users.get_by(|u| u.slug, "bob").await?.map(|user| user.id), Some(2));
    assert!(matches!(db.table::<Person>("notes"), Err(Error::UnknownTable { .. })));
    db.close();
    assert_eq!(New::new().users.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn versions_run_in_order_and_only_those_that_are_new() -> Result<()> {
    schema! { struct Old("upgrades: in order"); version 1 { a: Person } }
    schema! {
        struct New("upgrades: in order");
        version 1 { a: Person }
        version 2 { b: Person } upgrade to_2
        version 4 { c: Person } upgrade to_4
    }
    schema! {
        struct Newest("upgrades: in order");
        version 1 { a: Person }
        version 2 { b: Person } upgrade to_2
        version 4 { c: Person } upgrade to_4
        version 5 { a: drop } upgrade to_5
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        note("2 begins");
        tx.table::<Person>("b")?.add(&Person { id: 1, name: "added by 2".into() }).await?;
        assert!(matches!(tx.table::<Person>("c"), Err(Error::UnknownTable { table }) if table == "c"));
        note("2 ends");
        Ok(())
    }
    async fn to_4(tx: Upgrade) -> Result<()> {
        note(format!("4 finds {}", tx.table::<Person>("b")?.count().await?));
        Ok(())
    }
    async fn to_5(tx: Upgrade) -> Result<()> {
        note(format!("5 finds {}", tx.table::<Person>("a")?.count().await?));
        Ok(())
    }
    stored::<Old>(async |old| people(&old.a, &["Ada"]).await.map(|_| ())).await?;
    noted();

    let db = New::new();
    db.open().await?;
    assert_eq!(noted(), ["2 begins", "2 ends", "4 finds 1"]);
    db.close();

    let db = Newest::new();
    db.open().await?;
    assert_eq!(noted(), ["5 finds 1"]);
    assert_eq!((db.b.count().await?, db.c.count().await?), (1, 0));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_new_database_is_made_as_the_newest_version_says() -> Result<()> {
    schema! {
        struct New("upgrades: new");
        version 1 { users: "id", old: "id" }
        version 2 { users: User, old: drop } upgrade never
        version 3 { more: Person } upgrade never
    }
    async fn never(_: Upgrade) -> Result<()> {
        Err(Error::user("there is nothing to upgrade"))
    }
    stored::<New>(async |db| {
        assert_eq!(db.users.add(&NewUser { name: "Ada".into(), slug: "ada".into() }).await?, 1);
        assert_eq!(db.more.count().await?, 0);
        assert!(matches!(db.table::<Person>("old"), Err(Error::UnknownTable { table }) if table == "old"));
        Ok(())
    })
    .await
}

#[wasm_bindgen_test]
async fn tables_that_a_version_does_not_mention_stay() -> Result<()> {
    schema! { struct Old("upgrades: not mentioned"); version 1 { users: Person, notes: Person } }
    // Without a word of version 1.
    schema! { struct New("upgrades: not mentioned"); version 1 {} version 2 { notes: Person } upgrade look }
    async fn look(tx: Upgrade) -> Result<()> {
        note(tx.table::<Person>("users")?.count().await?);
        Ok(())
    }
    schema! {
        struct Newest("upgrades: not mentioned");
        version 2 { notes: Person }
        version 3 { users: Person }
    }
    stored::<Old>(async |old| {
        people(&old.notes, &["a"]).await?;
        people(&old.users, &["Ada", "Bob"]).await.map(|_| ())
    })
    .await?;
    noted();

    let db = New::new();
    assert_eq!(db.notes.count().await?, 1);
    assert_eq!(noted(), ["2"]);
    db.close();

    let db = Newest::new();
    assert_eq!(db.users.where_(|u| u.name).equals("Bob").primary_keys().await?, [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_installed_version_that_is_declared_nowhere_is_no_obstacle() -> Result<()> {
    schema! { struct Old("upgrades: undeclared"); version 2 { users: Person } }
    schema! {
        struct New("upgrades: undeclared");
        version 1 { users: "++id" }
        version 3 { users: User } upgrade to_3
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        note(tx.version());
        tx.table::<OldUser>("users")?.modify(|user| user.slug = Some(user.name.clone())).await?;
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    noted();

    assert_eq!(New::new().users.to_vec().await?, [User { id: 1, name: "Ada".into(), slug: "Ada".into() }]);
    assert_eq!(noted(), ["3"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn indexes_come_and_go() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++id, age, [name+age]")]
    struct Aged {
        id: u32,
        name: String,
        age: u32,
    }
    schema! { struct Old("upgrades: indexes"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: indexes");
        version 1 { users: "++id, name" }
        version 2 { users: Aged } upgrade to_2
    }
    #[derive(Serialize, Deserialize)]
    struct Before {
        name: String,
        age: Option<u32>,
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Before>("users")?;
        // The index that goes and the indexes that come are all there.
        users.where_("name").equals("Bob").modify(|user| user.age = Some(7)).await?;
        note(users.where_("age").above(5).count().await?);
        note(users.where_("[name+age]").equals(("Bob", 7)).count().await?);
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada", "Bob"]).await.map(|_| ())).await?;
    noted();

    let db = New::new();

    assert_eq!(db.users.where_(|u| u.name_age).prefix("Bob").primary_keys().await?, [2]);
    assert_eq!(noted(), ["1", "1"]);
    db.close();
    // Were the old index still there, an older program of this version would find it missing nowhere.
    schema! { struct Strict("upgrades: indexes"); version 2 { users: Person } }
    let failed = Strict::new().open().await;
    assert!(
        matches!(&failed, Err(Error::SchemaMismatch { differences, .. }) if differences == &["index `name` of store `users` is missing"]),
        "{failed:?}"
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn several_tables_can_go_at_once() -> Result<()> {
    schema! { struct Old("upgrades: many drops"); version 1 { a: Person, b: Person, c: Person, d: Person, e: Person } }
    schema! {
        struct New("upgrades: many drops");
        version 1 { a: "++id", b: "++id", c: "++id", d: "++id", e: Person }
        version 2 { a: drop, b: drop, c: drop, d: drop }
        version 3 { f: Person } upgrade look
    }
    async fn look(tx: Upgrade) -> Result<()> {
        for table in ["a", "b", "c", "d"] {
            assert!(matches!(tx.table::<Person>(table), Err(Error::UnknownTable { .. })), "{table}");
        }
        Ok(())
    }
    stored::<Old>(async |_| Ok(())).await?;
    let db = New::new();
    assert_eq!((db.e.count().await?, db.f.count().await?), (0, 0));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_store_that_no_version_names_can_be_dropped() -> Result<()> {
    schema! { struct Old("upgrades: drop_store"); version 1 { users: Person, scratch: Person } }
    schema! {
        struct New("upgrades: drop_store");
        version 1 {}
        version 2 { users: Person } upgrade to_2
        version 3 {} upgrade to_3
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        note(tx.table::<Person>("scratch")?.count().await?);
        tx.drop_store("scratch")?;
        for (store, refused) in [("users", tx.drop_store("users")), ("scratch", tx.drop_store("scratch"))] {
            note(match refused {
                Err(Error::InvalidArgument { message }) => message,
                Err(Error::UnknownTable { table }) => format!("no {table}"),
                other => format!("{store}: {other:?}"),
            });
        }
        Ok(())
    }
    async fn to_3(tx: Upgrade) -> Result<()> {
        assert!(matches!(tx.table::<Person>("scratch"), Err(Error::UnknownTable { .. })));
        Ok(())
    }
    stored::<Old>(async |old| people(&old.scratch, &["x"]).await.map(|_| ())).await?;
    noted();

    New::new().open().await?;

    assert_eq!(
        noted(),
        ["1", "the schema names table `users`: declare `users: drop` in a version to drop it", "no scratch"]
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn two_objects_upgrade_once() -> Result<()> {
    schema! { struct Old("upgrades: twice"); version 1 { users: Person } }
    schema! { struct New("upgrades: twice"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        note("upgraded");
        tx.table::<Person>("users")?.add(&Person { id: 9, name: "once".into() }).await?;
        Ok(())
    }
    stored::<Old>(async |_| Ok(())).await?;
    noted();

    let (one, other) = (New::new(), New::new());
    let (first, second) = futures::join!(one.users.count(), other.users.count());

    assert_eq!((first?, second?), (1, 1));
    assert_eq!(noted(), ["upgraded"]);
    Ok(())
}
