//! Rows of any shape, one by one and many at a time, inside an upgrade.

use indexie::AnyKey;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, people, stored};

/// What an older program wrote.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Old {
    id: u32,
    name: String,
}

fn old(id: u32, name: &str) -> Old {
    Old { id, name: name.into() }
}

fn numbers<const N: usize>(keys: [u32; N]) -> Vec<AnyKey> {
    keys.map(AnyKey::from).to_vec()
}

#[wasm_bindgen_test]
async fn rows_are_read_and_written_under_keys_of_any_type() -> Result<()> {
    schema! { struct Before("upgrades: rows"); version 1 { users: Person } }
    schema! { struct After("upgrades: rows"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Old>("users")?;
        assert_eq!(users.name(), "users");
        assert_eq!(users.get(1).await?, Some(old(1, "Ada")));
        assert_eq!(users.get("no such key").await?, None);
        assert_eq!(users.bulk_get([2, 9, 1]).await?, [Some(old(2, "Bob")), None, Some(old(1, "Ada"))]);

        assert_eq!(users.add(&old(5, "Eve")).await?, AnyKey::from(5));
        assert_eq!(users.put(&old(5, "Eva")).await?, AnyKey::from(5));
        assert_eq!(users.bulk_add(&[old(7, "Gus"), old(6, "Fay")]).await?, numbers([7, 6]));
        assert_eq!(users.bulk_put(&[old(7, "Guy")]).await?, numbers([7]));
        let taken = users.add(&old(7, "Ann")).await;
        assert!(
            matches!(&taken, Err(Error::Constraint { table, index: None, row: None, .. }) if table == "users"),
            "{taken:?}"
        );
        let taken = users.bulk_add(&[old(8, "Hal"), old(7, "Ann")]).await;
        assert!(matches!(&taken, Err(Error::Constraint { row: Some(1), .. })), "{taken:?}");

        assert_eq!(users.update(1, |user| user.name.push('!')).await?, old(1, "Ada!"));
        assert!(matches!(users.update(99, |_| {}).await, Err(Error::NotFound { table, .. }) if table == "users"));
        assert_eq!(users.upsert(1, || old(1, "new"), |user| user.name.push('?')).await?, old(1, "Ada!?"));
        assert_eq!(users.upsert(20, || old(20, "new"), |_| {}).await?, old(20, "new"));
        let other = users.upsert(21, || old(22, "other"), |_| {}).await;
        assert!(matches!(&other, Err(Error::Data { message, .. }) if message.contains("22, not 21")), "{other:?}");

        users.delete(2).await?;
        users.bulk_delete([6, 99]).await?;
        assert_eq!(users.primary_keys().await?, numbers([1, 5, 7, 20]));
        assert_eq!((users.count().await?, users.is_empty().await?), (4, false));
        Ok(())
    }
    stored::<Before>(async |db| people(&db.users, &["Ada", "Bob"]).await.map(|_| ())).await?;

    let rows = After::new().users.to_vec().await?;

    let names: Vec<_> = rows.iter().map(|row| (row.id, row.name.as_str())).collect();
    assert_eq!(names, [(1, "Ada!?"), (5, "Eva"), (7, "Guy"), (20, "new")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_outside_of_the_rows_are_given_or_generated() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++")]
    struct Note {
        text: String,
    }
    schema! { struct Before("upgrades: outside"); version 1 { notes: Note } }
    schema! { struct After("upgrades: outside"); version 1 { notes: Note } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        fn note(text: &str) -> Note {
            Note { text: text.into() }
        }
        let notes = tx.table::<Note>("notes")?;
        assert_eq!(notes.add(&note("b")).await?, AnyKey::from(2));
        assert_eq!(notes.add_with_key(&note("x"), "x").await?, AnyKey::from("x"));
        assert_eq!(notes.put_with_key(&note("y"), ("y", 1)).await?, AnyKey::Array(vec!["y".into(), 1.into()]));
        assert_eq!(notes.where_(":id").at_least("x").to_vec().await?, [note("x")]);
        assert_eq!(notes.upsert(9, || note("nine"), |_| {}).await?, note("nine"));
        assert_eq!(notes.update("x", |note| note.text = "X".into()).await?, note("X"));
        assert!(notes.add_with_key(&note("z"), f64::NAN).await.is_err());
        let entries = notes.entries().await?;
        let keys: Vec<_> = entries.iter().map(|(key, note)| format!("{key} {}", note.text)).collect();
        assert_eq!(keys, ["1 a", "2 b", "9 nine", "\"x\" X", "[\"y\", 1] y"]);
        notes.where_(":id").at_least("x").delete().await?;
        notes.delete(("y", 1)).await?;
        Ok(())
    }
    stored::<Before>(async |db| db.notes.add(&Note { text: "a".into() }).await.map(|_| ())).await?;

    let db = After::new();

    assert_eq!(db.notes.primary_keys().await?, [1, 2, 9]);
    Ok(())
}

#[wasm_bindgen_test]
async fn many_rows_are_written_under_keys_outside_of_them() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("", key = String)]
    struct Note {
        text: String,
    }
    schema! { struct Before("upgrades: many outside"); version 1 { notes: Note } }
    schema! { struct After("upgrades: many outside"); version 1 { notes: Note } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let [old, new] = ["old", "new"].map(|text| Note { text: text.into() });
        let notes = tx.table::<Note>("notes")?;
        let keys = |keys: &[&str]| keys.iter().map(|key| AnyKey::from(*key)).collect::<Vec<_>>();
        assert_eq!(notes.bulk_add_with_keys([("b", &old), ("a", &old)]).await?, keys(&["b", "a"]));
        let taken = notes.bulk_add_with_keys([("c", &new), ("b", &new)]).await;
        assert!(matches!(&taken, Err(Error::Constraint { index: None, row: Some(1), .. })), "{taken:?}");
        assert_eq!(notes.bulk_put_with_keys([("d", &new), ("b", &new)]).await?, keys(&["d", "b"]));
        let no_key = notes.bulk_put_with_keys([(1.0, &new), (f64::NAN, &new)]).await;
        assert!(matches!(&no_key, Err(Error::Data { row: Some(1), .. })), "{no_key:?}");
        Ok(())
    }
    stored::<Before>(async |_| Ok(())).await?;

    let entries = After::new().notes.entries().await?;

    let texts: Vec<_> = entries.iter().map(|(key, note)| (key.as_str(), note.text.as_str())).collect();
    assert_eq!(texts, [("a", "old"), ("b", "new"), ("d", "new")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_is_found_through_an_index_that_is_unique_or_is_to_be() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++id, &name, &nick, [name+nick]")]
    struct User {
        id: u32,
        name: String,
        nick: String,
    }
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++id, &name, nick, [name+nick]")]
    struct UserV1 {
        id: u32,
        name: String,
        nick: String,
    }
    schema! { struct Before("upgrades: get by"); version 1 { users: UserV1, people: Person } }
    schema! {
        struct After("upgrades: get by");
        version 1 { users: UserV1, people: Person }
        version 2 { users: User } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<User>("users")?;
        let bob = Some(User { id: 2, name: "Bob".into(), nick: "x".into() });
        assert_eq!(users.get_by("name", "Bob").await?, bob);
        assert_eq!(users.get_by("id", 2).await?, bob);
        assert_eq!(users.get_by("name", "nobody").await?, None);
        assert_eq!(users.get_by("nick", "x").await?.map(|user| user.id), Some(1), "two have it so far");
        users.update(2, |user| user.nick = "y".into()).await?;

        let unknown = users.get_by("nmae", "Bob").await;
        assert!(matches!(&unknown, Err(Error::UnknownIndex { index, .. }) if index == "nmae"), "{unknown:?}");
        let people = tx.table::<Person>("people")?;
        for several in [
            people.get_by("name", "Bob").await.map(|_| ()),
            users.get_by("[name+nick]", ("Bob", "y")).await.map(|_| ()),
        ] {
            assert!(
                matches!(&several, Err(Error::InvalidArgument { message }) if message.contains("not unique")),
                "{several:?}"
            );
        }
        assert!(matches!(users.get_by("name", f64::NAN).await, Err(Error::Data { .. })));
        Ok(())
    }
    stored::<Before>(async |db| {
        let new = |name: &str| NewUserV1 { name: name.into(), nick: "x".into() };
        db.users.bulk_add(&[new("Ada"), new("Bob")]).await.map(|_| ())
    })
    .await?;
    assert_eq!(After::new().users.get_by(|u| u.nick, "y").await?.map(|user| user.id), Some(2));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_whose_key_is_none_gets_a_generated_one() -> Result<()> {
    #[derive(Serialize, Deserialize)]
    struct Draft {
        id: Option<u32>,
        name: String,
    }
    schema! { struct Before("upgrades: no key"); version 1 { users: Person } }
    schema! { struct After("upgrades: no key"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        fn draft(id: Option<u32>, name: &str) -> Draft {
            Draft { id, name: name.into() }
        }
        let users = tx.table::<Draft>("users")?;
        assert_eq!(users.add(&draft(None, "added")).await?, AnyKey::from(2));
        assert_eq!(users.put(&draft(None, "put")).await?, AnyKey::from(3));
        assert_eq!(users.bulk_add(&[draft(Some(10), "tenth"), draft(None, "next")]).await?, numbers([10, 11]));
        assert_eq!(users.bulk_put(&[draft(None, "last"), draft(Some(2), "again")]).await?, numbers([12, 2]));
        assert_eq!(users.get(12).await?.and_then(|user| user.id), Some(12));
        Ok(())
    }
    stored::<Before>(async |db| people(&db.users, &["Ada"]).await.map(|_| ())).await?;

    let rows = After::new().users.to_vec().await?;

    let names: Vec<_> = rows.iter().map(|row| (row.id, row.name.as_str())).collect();
    assert_eq!(names, [(1, "Ada"), (2, "again"), (3, "put"), (10, "tenth"), (11, "next"), (12, "last")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_whose_key_changes_moves() -> Result<()> {
    #[derive(Serialize, Deserialize, Debug)]
    struct Key {
        id: Option<u32>,
    }
    schema! { struct Before("upgrades: moves"); version 1 { users: Person } }
    schema! { struct After("upgrades: moves"); version 1 { users: Person } version 2 {} upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Key>("users")?;
        // Each onto the next one's place.
        assert_eq!(users.modify(|user| user.id = user.id.map(|id| id + 1)).await?, 3);
        users.update(4, |user| user.id = Some(40)).await?;
        assert_eq!(users.primary_keys().await?, numbers([2, 3, 40]));
        let onto = users.update(2, |user| user.id = Some(3)).await;
        assert!(
            matches!(&onto, Err(Error::Constraint { index: None, key: Some(key), .. }) if *key == 3.into()),
            "{onto:?}"
        );
        // Without its key it gets a new one.
        users.update(3, |user| user.id = None).await?;
        Ok(())
    }
    stored::<Before>(async |db| people(&db.users, &["Ada", "Bob", "Cid"]).await.map(|_| ())).await?;

    let rows = After::new().users.to_vec().await?;

    // What the shape in between did not know is still there.
    let names: Vec<_> = rows.iter().map(|row| (row.id, row.name.as_str())).collect();
    assert_eq!(names, [(2, "Ada"), (40, "Cid"), (41, "Bob")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn clearing_and_filling_goes_on_counting() -> Result<()> {
    schema! { struct Before("upgrades: clear"); version 1 { users: Person } }
    schema! { struct After("upgrades: clear"); version 1 { users: Person } version 2 {} upgrade to_2 }
    #[derive(Serialize, Deserialize)]
    struct Name {
        name: String,
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Name>("users")?;
        users.clear().await?;
        assert!(users.is_empty().await?);
        assert_eq!(users.add(&Name { name: "new".into() }).await?, AnyKey::from(3));
        Ok(())
    }
    stored::<Before>(async |db| people(&db.users, &["Ada", "Bob"]).await.map(|_| ())).await?;
    assert_eq!(After::new().users.to_vec().await?, [Person { id: 3, name: "new".into() }]);
    Ok(())
}
