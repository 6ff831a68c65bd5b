//! Indexes that become unique, over rows that may not be.

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

async fn three(users: &Table<Person>) -> Result<()> {
    people(users, &["Bob", "Ada", "Bob"]).await.map(|_| ())
}

#[wasm_bindgen_test]
async fn duplicates_are_named_and_nothing_is_done() -> Result<()> {
    #[derive(Store, Serialize, Deserialize)]
    #[store("++id, &*tags")]
    struct UniquelyTagged {
        id: u32,
        name: String,
        tags: Vec<String>,
    }
    #[derive(Store, Serialize, Deserialize)]
    #[store("++id, *tags")]
    struct Plain {
        id: u32,
        name: String,
        tags: Vec<String>,
    }
    schema! { struct Old("upgrades: duplicates"); version 1 { users: Person, tagged: Plain } }
    schema! { struct New("upgrades: duplicates"); version 2 { users: User } }
    schema! { struct Elements("upgrades: duplicates"); version 2 { tagged: UniquelyTagged } }
    stored::<Old>(async |old| {
        let tagged = |name: &str, tags: &[&str]| NewPlain {
            name: name.into(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        // Twice in one row is once.
        old.tagged.bulk_add(&[tagged("a", &["x", "x"]), tagged("b", &["y", "z"]), tagged("c", &["z"])]).await?;
        three(&old.users).await
    })
    .await?;

    for (failed, table, index, key) in
        [(New::new().open().await, "users", "name", "Bob"), (Elements::new().open().await, "tagged", "tags", "z")]
    {
        let Err(Error::Upgrade { version: 2, table: Some(at), source, .. }) = &failed else { panic!("{failed:?}") };
        assert_eq!(at, table);
        assert!(
            matches!(&**source, Error::Constraint { index: Some(of), key: Some(twice), .. } if of == index && *twice == key.into()),
            "{source}"
        );
    }
    let old = Old::new();
    assert_eq!((old.users.count().await?, old.tagged.count().await?), (3, 3));
    assert_eq!(old.users.where_(|u| u.name).equals("Bob").count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_function_can_remove_duplicates_before_the_index_is_unique() -> Result<()> {
    schema! { struct Old("upgrades: deduplicated"); version 1 { users: Person } }
    schema! { struct New("upgrades: deduplicated"); version 1 {} version 2 { users: User } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Person>("users")?;
        for name in users.order_by("name").unique_keys().await? {
            note(users.where_("name").equals(name).offset(1).delete().await?);
        }
        Ok(())
    }
    stored::<Old>(async |old| three(&old.users).await).await?;
    noted();

    let db = New::new();

    assert_eq!(db.users.get_by(|u| u.name, "Bob").await?.map(|user| user.id), Some(1));
    assert_eq!(noted(), ["0", "1"]);
    assert!(matches!(db.users.add(&NewUser { name: "Ada".into() }).await, Err(Error::Constraint { .. })));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_new_unique_index_over_many_rows() -> Result<()> {
    #[derive(Store, Serialize, Deserialize)]
    #[store("++id, name, &[name+id]")]
    struct Pair {
        id: u32,
        name: String,
    }
    schema! { struct Old("upgrades: many unique"); version 1 { users: Person } }
    schema! { struct New("upgrades: many unique"); version 2 { users: Pair } }
    stored::<Old>(async |old| {
        let names: Vec<String> = (0..4_100).map(|at| format!("user {}", at % 3)).collect();
        people(&old.users, &names.iter().map(String::as_str).collect::<Vec<_>>()).await.map(|_| ())
    })
    .await?;

    let db = New::new();

    assert_eq!(db.users.where_(|u| u.name_id).prefix("user 2").count().await?, 1_366);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_index_that_is_unique_no_more_refuses_nothing_in_the_function() -> Result<()> {
    schema! { struct Old("upgrades: no more unique"); version 1 { users: User } }
    schema! { struct New("upgrades: no more unique"); version 1 {} version 2 { users: Person } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Person>("users")?.modify(|user| user.name = "the same".into()).await?;
        Ok(())
    }
    stored::<Old>(async |old| {
        let users = ["Ada", "Bob"].map(|name| NewUser { name: name.into() });
        old.users.bulk_add(&users).await.map(|_| ())
    })
    .await?;
    assert_eq!(New::new().users.where_(|u| u.name).equals("the same").count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_index_that_stays_unique_is_so_in_the_function_too() -> Result<()> {
    schema! { struct Old("upgrades: still unique"); version 1 { users: User } }
    schema! { struct New("upgrades: still unique"); version 1 {} version 2 { users: User } upgrade to_2 }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<User>("users")?;
        let clash = users.modify(|user| user.name = "the same".into()).await;
        assert!(
            matches!(&clash, Err(Error::Constraint { index: Some(index), row: Some(1), .. }) if index == "name"),
            "{clash:?}"
        );
        // Caught, it has changed nothing.
        note(users.where_("name").any_of(["Ada", "Bob"]).count().await?);
        Ok(())
    }
    stored::<Old>(async |old| {
        let users = ["Ada", "Bob"].map(|name| NewUser { name: name.into() });
        old.users.bulk_add(&users).await.map(|_| ())
    })
    .await?;
    noted();
    assert_eq!(New::new().users.count().await?, 2);
    assert_eq!(noted(), ["2"]);
    Ok(())
}
