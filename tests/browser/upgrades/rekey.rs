//! Another primary key: the rows are copied under it.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Person, note, noted, people, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("email, name")]
struct User {
    id: u32,
    name: String,
    email: String,
}

#[derive(Serialize, Deserialize)]
struct Between {
    name: String,
    email: Option<String>,
}

#[wasm_bindgen_test]
async fn the_function_fills_in_the_field_that_becomes_the_key() -> Result<()> {
    schema! { struct Old("upgrades: rekey"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: rekey");
        version 1 { users: "++id, name" }
        version 2 { users: User } upgrade to_2
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Between>("users")?;
        users.modify(|user| user.email = Some(format!("{}@x", user.name.to_lowercase()))).await?;
        // The old key is still the key.
        note(users.get(1).await?.and_then(|user| user.email).unwrap_or_default());
        note(users.where_("name").equals("Ada").count().await?);
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Bob", "Ada"]).await.map(|_| ())).await?;
    noted();

    let db = New::new();

    assert_eq!(db.users.primary_keys().await?, ["ada@x", "bob@x"]);
    assert_eq!(db.users.get("bob@x").await?.map(|user| user.id), Some(1));
    assert_eq!(db.users.where_(|u| u.name).equals("Ada").count().await?, 1);
    assert_eq!(noted(), ["bob@x", "1"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn without_a_function_the_rows_are_copied_as_they_are() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("[name+id], name")]
    struct Both {
        id: u32,
        name: String,
    }
    schema! { struct Old("upgrades: rekey alone"); version 1 { users: Person } }
    schema! {
        struct New("upgrades: rekey alone");
        version 1 { users: "++id, name" }
        version 2 { users: Both }
    }
    stored::<Old>(async |old| {
        let names: Vec<String> = (0..700).map(|at| format!("user {}", at % 7)).collect();
        people(&old.users, &names.iter().map(String::as_str).collect::<Vec<_>>()).await.map(|_| ())
    })
    .await?;

    let db = New::new();

    assert_eq!(db.users.count().await?, 700);
    assert_eq!(db.users.where_(|u| u.name).equals("user 3").count().await?, 100);
    assert_eq!(db.users.first().await?, Some(Both { id: 1, name: "user 0".into() }));
    Ok(())
}

#[wasm_bindgen_test]
async fn numbers_stay_where_keys_become_generated() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("id, name")]
    struct Given {
        id: u32,
        name: String,
    }
    schema! { struct Old("upgrades: to generated"); version 1 { users: Given } }
    schema! { struct New("upgrades: to generated"); version 1 { users: "id, name" } version 2 { users: Person } }
    stored::<Old>(async |old| {
        let users = [(7, "Ada"), (3, "Bob")].map(|(id, name)| Given { id, name: name.into() });
        old.users.bulk_add(&users).await.map(|_| ())
    })
    .await?;

    let db = New::new();

    assert_eq!(db.users.primary_keys().await?, [3, 7]);
    assert_eq!(db.users.add(&crate::fixtures::NewPerson { name: "Cid".into() }).await?, 8);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_with_other_keys_get_generated_ones() -> Result<()> {
    schema! { struct Old("upgrades: generated"); version 1 { users: User } }
    schema! { struct New("upgrades: generated"); version 1 {} version 2 { users: Person } upgrade to_2 }
    #[derive(Serialize, Deserialize)]
    struct Id {
        id: Option<u32>,
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        // Two of them lose the number that they had.
        tx.table::<Id>("users")?.where_(":id").at_least("b").modify(|row| row.id = None).await?;
        Ok(())
    }
    stored::<Old>(async |old| {
        let user = |id, name: &str| User { id, name: name.into(), email: name.into() };
        old.users.bulk_add(&[user(5, "a"), user(16, "b"), user(17, "c")]).await.map(|_| ())
    })
    .await?;

    let users = New::new().users.to_vec().await?;

    let shown: Vec<_> = users.iter().map(|user| (user.id, user.name.as_str())).collect();
    assert_eq!(shown, [(5, "a"), (6, "b"), (7, "c")]);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_move_into_the_rows_and_out_of_them() -> Result<()> {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++")]
    struct Note {
        text: String,
    }
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("++id")]
    struct Inside {
        id: u32,
        text: String,
    }
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("", key = u32)]
    struct Given {
        text: String,
    }
    schema! { struct Old("upgrades: in and out"); version 1 { notes: Note } }
    schema! { struct In("upgrades: in and out"); version 2 { notes: Inside } }
    schema! { struct Out("upgrades: in and out"); version 3 { notes: Given } }
    stored::<Old>(async |old| {
        let notes = ["a", "b", "c", "d"].map(|text| Note { text: text.into() });
        old.notes.bulk_add(&notes).await?;
        old.notes.bulk_delete([1, 4]).await
    })
    .await?;

    let db = In::new();
    let inside = |id, text: &str| Inside { id, text: text.into() };
    assert_eq!(db.notes.to_vec().await?, [inside(2, "b"), inside(3, "c")]);
    assert_eq!(db.notes.add(&NewInside { text: "e".into() }).await?, 5, "4 has been given once");
    db.close();

    let given = |text: &str| Given { text: text.into() };
    assert_eq!(Out::new().notes.entries().await?, [(2, given("b")), (3, given("c")), (5, given("e"))]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_the_rows_type_does_not_know_is_copied_with_them() -> Result<()> {
    #[derive(Store, Serialize, Deserialize)]
    #[store("++id")]
    struct Rich {
        id: u32,
        name: String,
        extra: Vec<Option<f64>>,
        code: String,
    }
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("code")]
    struct Poor {
        code: String,
    }
    schema! { struct Old("upgrades: unknown properties"); version 1 { rows: Rich } }
    schema! { struct New("upgrades: unknown properties"); version 1 {} version 2 { rows: Poor } upgrade to_2 }
    schema! { struct Newer("upgrades: unknown properties"); version 3 { rows: Rich } }
    async fn to_2(tx: Upgrade) -> Result<()> {
        tx.table::<Poor>("rows")?.modify(|row| row.code = format!("{:0>4}", row.code)).await?;
        Ok(())
    }
    stored::<Old>(async |old| {
        let row = NewRich { name: "é".into(), extra: vec![Some(1.5), None], code: "7".into() };
        old.rows.add(&row).await.map(|_| ())
    })
    .await?;

    let db = New::new();
    assert_eq!(db.rows.primary_keys().await?, ["0007"]);
    db.close();
    let back = Newer::new().rows.get(1).await?.expect("the number is still part of the row");
    assert_eq!((back.name.as_str(), back.extra, back.code.as_str()), ("é", vec![Some(1.5), None], "0007"));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_has_no_such_key_is_named_and_nothing_is_done() -> Result<()> {
    schema! { struct Old("upgrades: no new key"); version 1 { users: Person } }
    schema! { struct Missing("upgrades: no new key"); version 1 {} version 2 { users: User } upgrade missing }
    schema! { struct Twice("upgrades: no new key"); version 1 {} version 2 { users: User } upgrade twice }
    async fn missing(tx: Upgrade) -> Result<()> {
        let users = tx.table::<Between>("users")?;
        users.filter(|user| user.name != "Bob").modify(|user| user.email = Some(user.name.clone())).await?;
        Ok(())
    }
    async fn twice(tx: Upgrade) -> Result<()> {
        tx.table::<Between>("users")?.modify(|user| user.email = Some(user.name[..1].to_owned())).await?;
        Ok(())
    }
    stored::<Old>(async |old| people(&old.users, &["Ada", "Bob", "Ben"]).await.map(|_| ())).await?;

    let failed = Missing::new().open().await;
    let Err(Error::Upgrade { version: 2, table: Some(table), key: Some(key), source }) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!((table.as_str(), key), ("users", 2.into()));
    assert!(matches!(&*source, Error::Data { table, .. } if table == "users"), "{source}");

    let failed = Twice::new().open().await;
    let Err(Error::Upgrade { version: 2, table: Some(table), source, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(table, "users");
    assert!(
        matches!(&*source, Error::Constraint { index: None, key: Some(key), .. } if *key == "B".into()),
        "{source}"
    );

    let old = Old::new();
    assert_eq!(old.users.where_(|u| u.name).starts_with("B").primary_keys().await?, [3, 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_unique_index_of_the_copy_clashes_by_name() -> Result<()> {
    #[derive(Store, Serialize, Deserialize)]
    #[store("[id+name], &name")]
    struct Strict {
        id: u32,
        name: String,
    }
    schema! { struct Old("upgrades: rekey unique"); version 1 { users: Person } }
    schema! { struct New("upgrades: rekey unique"); version 2 { users: Strict } }
    stored::<Old>(async |old| people(&old.users, &["Ada", "Bob", "Ada"]).await.map(|_| ())).await?;

    let failed = New::new().open().await;

    let Err(Error::Upgrade { version: 2, source, .. }) = failed else { panic!("{failed:?}") };
    assert!(
        matches!(&*source, Error::Constraint { index: Some(index), key: Some(key), row: None, .. } if index == "name" && *key == "Ada".into()),
        "{source}"
    );
    assert_eq!(Old::new().users.count().await?, 3);
    Ok(())
}
