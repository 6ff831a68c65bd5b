//! Stores and indexes get other names.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, people, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &name")]
struct User {
    id: u32,
    name: String,
}

#[wasm_bindgen_test]
async fn a_renamed_store_takes_the_place_of_the_declared_one() -> Result<()> {
    schema! { struct Old("upgrades: rename"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: rename");
        version 1 { users: "++id, name" }
        version 2 { people: User, users: drop } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let before = tx.table::<Person>("people")?;
        note(before.count().await?);
        tx.rename_store("users", "people")?;
        note(before.count().await?);
        note(tx.table::<Person>("people")?.where_("name").equals("Bob").count().await?);
        note(tx.table::<Person>("users").is_err());
        Ok(())
    }
    stored::<Old>(async |old| {
        people(&old.users, &["Ada", "Bob", "x"]).await?;
        old.users.delete(3).await
    })
    .await?;
    noted();

    let db = New::new();

    assert_eq!(db.people.get_by(|p| p.name, "Bob").await?, Some(User { id: 2, name: "Bob".into() }));
    assert_eq!(noted(), ["0", "2", "1", "true"]);
    assert_eq!(db.people.add(&NewUser { name: "Cid".into() }).await?, 4, "the generator is the old one's");
    let twice = db.people.add(&NewUser { name: "Cid".into() }).await;
    assert!(matches!(&twice, Err(Error::Constraint { index: Some(index), .. }) if index == "name"), "{twice:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_store_that_no_version_names_can_be_renamed_too() -> Result<()> {
    schema! { struct Old("upgrades: rename undeclared"); version 1 { users: Person } }
    schema! { struct New("upgrades: rename undeclared"); version 1 {} version 2 { people: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "people")
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;

    assert_eq!(New::new().people.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_declared_store_begins_anew_when_its_own_is_renamed() -> Result<()> {
    schema! { struct Old("upgrades: rename away"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: rename away");
        version 1 { users: User }
        version 2 { archive: Person } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "archive")?;
        let users = tx.table::<User>("users")?;
        note(users.count().await?);
        users.add(&User { id: 7, name: "new".into() }).await?;
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada", "Bob"]).await.map(|_| ())).await?;
    noted();

    let db = New::new();

    assert_eq!((db.archive.primary_keys().await?, db.users.primary_keys().await?), (vec![1, 2], vec![7]));
    assert_eq!(noted(), ["0"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_renamed_store_gets_the_declared_key() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("name")]
    struct Named {
        name: String,
        id: u32,
    }
    schema! { struct Old("upgrades: rename and rekey"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: rename and rekey");
        version 1 { users: "++id, name" }
        version 2 { people: Named, users: drop } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "people")?;
        note(tx.table::<Person>("people")?.get(2).await?.map_or(String::new(), |person| person.name));
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Bob", "Ada"]).await.map(|_| ())).await?;
    noted();

    let rows = New::new().people.to_vec().await?;

    assert_eq!(rows, [Named { name: "Ada".into(), id: 2 }, Named { name: "Bob".into(), id: 1 }]);
    assert_eq!(noted(), ["Ada"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_table_that_may_have_rows_is_not_replaced() -> Result<()> {
    schema! { struct Old("upgrades: rename onto"); version 1 { users: Person, people: Person } }
    schema! { struct Onto("upgrades: rename onto"); version 1 {} version 2 { people: Person } upgrade onto }
    schema! { struct Written("upgrades: rename onto"); version 1 {} version 2 { more: Person } upgrade written }
    async fn onto(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "people")
    }
    async fn written(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("more")?.add(&Person { id: 1, name: "here already".into() }).await?;
        tx.rename_store("users", "more")
    }
    stored::<Old>(async |old| {
        people(&old.people, &["Ada"]).await?;
        people(&old.users, &["Bob"]).await.map(|_| ())
    })
    .await?;

    for failed in [Onto::new().open().await, Written::new().open().await] {
        let Err(Error::Upgrade { version: 2, source, .. }) = failed else { panic!("{failed:?}") };
        assert!(matches!(&*source, Error::InvalidArgument { message } if message.contains("users")), "{source}");
    }
    let old = Old::new();
    assert_eq!((old.users.count().await?, old.people.count().await?), (1, 1));
    Ok(())
}

#[wasm_bindgen_test]
async fn names_that_mean_nothing_are_refused() -> Result<()> {
    schema! { struct Old("upgrades: bad names"); version 1 { users: Person } }
    schema! { struct New("upgrades: bad names"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let gone = tx.rename_store("nowhere", "people");
        assert!(matches!(&gone, Err(Error::UnknownTable { table }) if table == "nowhere"), "{gone:?}");
        for name in ["", "a\tb", "a\nb"] {
            assert!(matches!(tx.rename_store("users", name), Err(Error::InvalidArgument { .. })), "{name:?}");
        }
        assert!(matches!(tx.rename_index("users", "name", " "), Err(Error::InvalidArgument { .. })));
        let gone = tx.rename_index("users", "nmae", "name");
        let Err(Error::UnknownIndex { table, index, known }) = gone else { panic!("{gone:?}") };
        assert_eq!(
            (table.as_str(), index.as_str(), known),
            ("users", "nmae", vec!["id".to_owned(), "name".to_owned()])
        );
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    assert_eq!(New::new().users.where_(|u| u.name).equals("Ada").count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_name_that_is_the_same_changes_nothing() -> Result<()> {
    schema! { struct Old("upgrades: same names"); version 1 { users: Person } }
    schema! { struct New("upgrades: same names"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_store("users", "users")?;
        tx.rename_index("users", "name", "name")
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    assert_eq!(New::new().users.where_(|u| u.name).equals("Ada").primary_keys().await?, [1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_renamed_index_answers_to_its_new_name_and_to_its_key_path() -> Result<()> {
    schema! { struct Old("upgrades: rename index"); version 1 { users: Person } }
    schema! { struct New("upgrades: rename index"); version 1 {} version 2 { others: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.rename_index("users", "name", "by_name")?;
        let users = tx.table::<Person>("users")?;
        note(users.where_("by_name").equals("Ada").count().await?);
        note(users.where_("name").equals("Ada").count().await?);
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada"]).await.map(|_| ())).await?;
    noted();

    New::new().open().await?;
    assert_eq!(noted(), ["1", "1"]);
    Ok(())
}

/// What another program has made.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn foreign_indexes_are_renamed_by_themselves_or_by_hand() -> Result<()> {
    use crate::plain;

    schema! { struct New("upgrades: foreign indexes"); version 1 {} version 2 { users: User } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        // Its keys are those of `name`: it has been renamed already.
        tx.rename_index("users", "byName", "name")?;
        note(tx.table::<User>("users")?.where_("name").equals("Ada").count().await?);
        tx.rename_index("users", "byCity", "city")?;
        note(tx.table::<User>("users")?.order_by("city").count().await?);
        Ok(())
    }
    let upgrade = "
        const users = db.createObjectStore('users', { keyPath: 'id', autoIncrement: true });
        users.createIndex('byName', 'name');
        users.createIndex('byCity', 'address.city');
        users.add({ name: 'Ada', address: { city: 'London' } });
        users.add({ name: 'Bob' });";
    plain::create("upgrades: foreign indexes", 1, upgrade).await;
    noted();

    let db = New::new();

    assert_eq!(db.users.get_by(|u| u.name, "Bob").await?.map(|user| user.id), Some(2));
    assert_eq!(noted(), ["1", "1"]);
    Ok(())
}
