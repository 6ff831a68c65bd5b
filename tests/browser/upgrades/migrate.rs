//! `migrate`: rows of one type become rows of another.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, people, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, last, &slug")]
struct User {
    id: u32,
    first: String,
    last: String,
    slug: String,
}

#[allow(clippy::needless_pass_by_value, reason = "what `migrate` takes")]
fn user(old: Person) -> Result<User> {
    let (first, last) = old.name.split_once(' ').ok_or_else(|| Error::user(format!("{:?} is one word", old.name)))?;
    Ok(User { id: old.id, first: first.into(), last: last.into(), slug: old.name.to_lowercase() })
}

#[wasm_bindgen_test]
async fn rows_are_replaced_by_what_the_function_makes_of_them() -> Result<()> {
    schema! { struct Old("upgrades: migrate"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: migrate");
        version 1 { users: "++id, name" }
        version 2 { users: User } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        note(tx.migrate::<Person, User>("users", user).await?);
        // They are there at once, by the new indexes.
        note(tx.table::<User>("users")?.where_("last").equals("Lovelace").count().await?);
        Ok(())
    }
    stored::<Old>(async |old| {
        people(&old.users, &["Ada Lovelace", "Grace Hopper", "x"]).await?;
        old.users.delete(3).await
    })
    .await?;
    noted();

    let db = New::new();

    let users = db.users.to_vec().await?;
    assert_eq!(users.iter().map(|user| user.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(users[0].first, "Ada");
    assert_eq!(noted(), ["2", "1"]);
    // Ids that have been given are not given again.
    let new = NewUser { first: "New".into(), last: "One".into(), slug: "new".into() };
    assert_eq!(db.users.add(&new).await?, 4);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_may_take_the_places_of_others_that_are_not_converted_yet() -> Result<()> {
    schema! { struct Old("upgrades: migrate many"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: migrate many");
        version 1 { users: Person }
        version 2 {} upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let mut shift = 0;
        let moved = tx.migrate::<Person, Person>("users", move |old| {
            shift += 1;
            // Each onto the place of another one that is not converted yet.
            Person { id: old.id + 1, name: format!("{} {shift}", old.name) }
        });
        note(moved.await?);
        Ok(())
    }
    stored::<Old>(async |old| {
        let names: Vec<String> = (1..=1_200).map(|at| format!("user {at}")).collect();
        people(&old.users, &names.iter().map(String::as_str).collect::<Vec<_>>()).await.map(|_| ())
    })
    .await?;
    noted();

    let db = New::new();

    assert_eq!(db.users.count().await?, 1_200);
    assert_eq!(noted(), ["1200"]);
    assert_eq!(db.users.get(2).await?.map(|user| user.name).as_deref(), Some("user 1 1"));
    assert_eq!(db.users.last().await?, Some(Person { id: 1_201, name: "user 1200 1200".into() }));
    Ok(())
}

#[wasm_bindgen_test]
async fn the_key_may_become_another_one() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("slug, last")]
    struct Slugged {
        slug: String,
        last: String,
    }
    schema! { struct Old("upgrades: migrate key"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: migrate key");
        version 1 { users: "++id, name" }
        version 2 { users: Slugged } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.migrate::<Person, Slugged>("users", |old| {
            let User { slug, last, .. } = user(old)?;
            Ok(Slugged { slug, last })
        })
        .await?;
        note(tx.table::<Slugged>("users")?.get("ada lovelace").await?.map_or(0, |user| user.last.len()));
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Grace Hopper", "Ada Lovelace"]).await.map(|_| ())).await?;
    noted();

    assert_eq!(New::new().users.primary_keys().await?, ["ada lovelace", "grace hopper"]);
    assert_eq!(noted(), ["8"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_outside_of_the_rows_stay() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("", key = String)]
    struct Setting {
        value: u32,
    }
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("", key = String)]
    struct Text {
        text: String,
    }
    schema! { struct Old("upgrades: migrate outside"); version 1 { settings: Setting } }
    schema! {
        struct New("upgrades: migrate outside");
        version 1 { settings: "" }
        version 2 { settings: Text } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.migrate::<Setting, Text>("settings", |old| Text { text: old.value.to_string() }).await?;
        Ok(())
    }
    stored::<Old>(async |old| {
        let settings = [("size", &Setting { value: 3 }), ("age", &Setting { value: 7 })];
        old.settings.bulk_add_with_keys(settings).await.map(|_| ())
    })
    .await?;

    let entries = New::new().settings.entries().await?;

    assert_eq!(entries, [("age".into(), Text { text: "7".into() }), ("size".into(), Text { text: "3".into() })]);
    Ok(())
}

/// The upgrade to version 2 fails at this row, and everything is as it was.
async fn assert_fails_at<D>(row: Option<u32>, why: &str, old: impl AsyncFnOnce() -> Result<()>) -> Result<()>
where
    D: indexie::Database + std::ops::Deref<Target = indexie::Indexie>,
{
    let failed = indexie::Builder::<D>::new().build().open().await;
    let Err(Error::Upgrade { version: 2, table: Some(table), key, source }) = failed else { panic!("{failed:?}") };
    assert_eq!((table.as_str(), key), ("users", row.map(indexie::AnyKey::from)));
    assert!(source.to_string().contains(why), "{source}");
    old().await
}

#[wasm_bindgen_test]
async fn a_row_that_cannot_be_converted_is_named() -> Result<()> {
    schema! { struct Old("upgrades: migrate fails"); version 1 { users: Person } }
    schema! { struct Fails("upgrades: migrate fails"); version 1 {} version 2 { users: User } upgrade fails }
    schema! { struct Catches("upgrades: migrate fails"); version 1 {} version 2 { users: User } upgrade catches }
    schema! { struct Misreads("upgrades: migrate fails"); version 1 {} version 2 { users: User } upgrade misreads }
    schema! { struct Clashes("upgrades: migrate fails"); version 1 {} version 2 { users: User } upgrade clashes }
    schema! { struct Forgets("upgrades: migrate fails"); version 1 {} version 2 { users: User } upgrade forgets }
    schema! { struct Nowhere("upgrades: migrate fails"); version 1 {} version 2 { users: User } upgrade nowhere }
    async fn fails(tx: Upgrade) -> Result<()> {
        tx.migrate::<Person, User>("users", user).await.map(|_| ())
    }
    async fn catches(tx: Upgrade) -> Result<()> {
        let caught = tx.migrate::<Person, User>("users", user).await;
        assert!(matches!(caught, Err(Error::Upgrade { .. })));
        Ok(())
    }
    async fn misreads(tx: Upgrade) -> Result<()> {
        #[derive(Deserialize)]
        struct Other {
            id: u32,
            name: Option<u32>,
        }
        let other = |old: Other| User {
            id: old.id,
            first: String::new(),
            last: String::new(),
            slug: format!("{:?}", old.name),
        };
        tx.migrate::<Other, User>("users", other).await.map(|_| ())
    }
    async fn clashes(tx: Upgrade) -> Result<()> {
        tx.migrate::<Person, User>("users", |old| User {
            id: 1,
            first: String::new(),
            last: String::new(),
            slug: old.name,
        })
        .await
        .map(|_| ())
    }
    async fn forgets(tx: Upgrade) -> Result<()> {
        let new = |old: Person| NewUser { first: String::new(), last: String::new(), slug: old.name };
        tx.migrate::<Person, NewUser>("users", new).await.map(|_| ())
    }
    async fn nowhere(tx: Upgrade) -> Result<()> {
        tx.migrate::<Person, User>("nowhere", user).await.map(|_| ())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada Lovelace", "Plato"]).await.map(|_| ())).await?;
    let unchanged = async || {
        let old = Old::new();
        let names: Vec<String> = old.users.order_by(|u| u.name).keys().await?;
        assert_eq!(names, ["Ada Lovelace", "Plato"]);
        old.close();
        Ok(())
    };

    assert_fails_at::<Fails>(Some(2), "\"Plato\" is one word", unchanged).await?;
    assert_fails_at::<Catches>(Some(2), "\"Plato\" is one word", unchanged).await?;
    assert_fails_at::<Misreads>(Some(1), "`name`", unchanged).await?;
    assert_fails_at::<Clashes>(Some(2), "already has the key 1", unchanged).await?;
    assert_fails_at::<Forgets>(Some(1), "has no `id`", unchanged).await?;
    let failed = Nowhere::new().open().await;
    let Err(Error::Upgrade { version: 2, table: Some(table), key: None, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(table, "nowhere");
    unchanged().await
}

#[wasm_bindgen_test]
async fn other_indexes_of_the_row_may_clash_until_the_function_has_run() -> Result<()> {
    schema! { struct Old("upgrades: migrate unique"); version 1 { users: Person } }
    schema! { struct New("upgrades: migrate unique"); version 1 {} version 2 { users: User } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.migrate::<Person, User>("users", user).await?;
        let users = tx.table::<User>("users")?;
        note(users.where_("slug").equals("ada lovelace").count().await?);
        users.where_("slug").equals("ada lovelace").offset(1).delete().await?;
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada Lovelace", "ada lovelace"]).await.map(|_| ())).await?;
    noted();

    let db = New::new();

    assert_eq!(db.users.get_by(|u| u.slug, "ada lovelace").await?.map(|user| user.id), Some(1));
    assert_eq!(noted(), ["2"]);
    let again = NewUser { first: "A".into(), last: "L".into(), slug: "ada lovelace".into() };
    assert!(matches!(db.users.add(&again).await, Err(Error::Constraint { .. })), "it is unique now");
    Ok(())
}
