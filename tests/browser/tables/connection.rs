//! A database as a whole: opening, closing, deleting, and what is stored there already.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::{Cases, Note, Num, david, fresh, new_auto, with_people};
#[cfg(target_family = "wasm")]
use crate::plain;
#[cfg(target_family = "wasm")]
use indexie_tests::User;
use indexie_tests::{UserDb, user};

#[wasm_bindgen_test]
async fn a_database_is_opened_by_its_first_operation() -> Result<()> {
    let db: Cases = fresh("connection first").await;
    assert!(!db.is_open());
    assert!(db.people.is_empty().await?);
    assert!(db.is_open());
    Ok(())
}

#[wasm_bindgen_test]
async fn making_a_database_touches_no_storage() -> Result<()> {
    let db: Cases = fresh("connection none").await;
    drop(db.people.add(&david()));
    assert_eq!(db.name(), "connection none");
    assert!(!indexie::database_names().await?.contains(&"connection none".to_owned()));
    Ok(())
}

#[wasm_bindgen_test]
async fn operations_started_while_the_database_opens_take_effect_in_order() -> Result<()> {
    let db: Cases = fresh("connection together").await;
    let (open, add, count) = futures::future::join3(db.open(), db.people.add(&david()), db.people.count()).await;
    open?;
    assert_eq!(add?, 1);
    assert_eq!(count?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_closed_database_says_so_until_it_is_opened_again() -> Result<()> {
    let db = with_people("connection closed").await?;
    db.close();
    assert!(!db.is_open());
    let closed = |error: &Error| matches!(error, Error::Closed { database } if database == "connection closed");
    let errors = [
        db.people.get(1).await.map(|_| ()),
        db.people.put(&david()).await.map(|_| ()),
        db.people.update(1, |_| ()).await.map(|_| ()),
        db.transaction(Mode::Read, &db.people, async |people| people.count().await).await.map(|_| ()),
    ];
    for error in errors {
        assert!(error.as_ref().is_err_and(closed), "{error:?}");
    }
    db.open().await?;
    assert!(db.is_open());
    assert_eq!(db.people.get(1).await?, Some(david()));
    Ok(())
}

#[wasm_bindgen_test]
async fn closing_twice_and_opening_twice_is_fine() -> Result<()> {
    let db: Cases = fresh("connection twice").await;
    db.close();
    db.close();
    db.open().await?;
    db.open().await?;
    assert!(db.people.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_under_way_is_finished_when_the_database_closes() -> Result<()> {
    use futures::FutureExt;

    let db: Cases = fresh("connection closing").await;
    db.open().await?;
    let mut adding = db.people.add(&david());
    assert!((&mut adding).now_or_never().is_none());
    db.close();
    assert_eq!(adding.await?, 1);
    db.open().await?;
    assert_eq!(db.people.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn closing_while_it_opens_fails_who_waits() -> Result<()> {
    use futures::FutureExt;

    let db: Cases = fresh("connection closing early").await;
    let mut adding = db.people.add(&david());
    assert!((&mut adding).now_or_never().is_none());
    db.close();
    let error = adding.await;
    assert!(matches!(&error, Err(Error::Closed { .. })), "{error:?}");
    db.open().await?;
    assert!(db.people.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_deleted_database_is_gone_and_the_next_operation_makes_a_new_one() -> Result<()> {
    let db = with_people("connection deleted").await?;
    assert!(indexie::database_names().await?.contains(&"connection deleted".to_owned()));
    db.delete().await?;
    assert!(!db.is_open());
    assert!(!indexie::database_names().await?.contains(&"connection deleted".to_owned()));
    assert_eq!(db.autos.add(&new_auto(1)).await?, 1);
    assert!(db.people.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_database_can_be_deleted_while_another_object_has_it_open() -> Result<()> {
    let db = with_people("connection deleted elsewhere").await?;
    let other = indexie::Builder::<Cases>::new().name("connection deleted elsewhere").build();
    other.delete().await?;
    assert!(db.people.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn two_objects_of_one_database_see_the_same_rows() -> Result<()> {
    let db = with_people("connection shared").await?;
    let other = indexie::Builder::<Cases>::new().name("connection shared").build();
    assert_eq!(other.people.get(1).await?, Some(david()));
    other.people.delete(1).await?;
    assert_eq!(db.people.get(1).await?, None);
    Ok(())
}

#[wasm_bindgen_test]
async fn exists_tells_whether_the_database_is_stored() -> Result<()> {
    let db = UserDb::new();
    db.delete().await?;
    assert!(!UserDb::exists().await?);
    db.users.add(&user("a", "Ann", 1)).await?;
    assert!(UserDb::exists().await?);
    assert_eq!(db.name(), "users");
    db.delete().await?;
    assert!(!UserDb::exists().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_table_is_had_by_its_name() -> Result<()> {
    let db = with_people("connection by name").await?;
    let people = db.table::<crate::fixtures::Person>("people")?;
    assert_eq!(people.name(), "people");
    assert_eq!(people.get(1).await?, Some(david()));
    let unknown = db.table::<Num>("numbers");
    assert!(matches!(&unknown, Err(Error::UnknownTable { table }) if table == "numbers"), "{unknown:?}");
    let other = db.table::<Note>("nums");
    assert!(
        matches!(&other, Err(Error::SchemaMismatch { database, differences })
            if database == "connection by name" && differences[0].contains("`nums`")),
        "{other:?}"
    );
    Ok(())
}

// A handle is a place in the list: it would ask another index.
#[wasm_bindgen_test]
async fn a_table_whose_indexes_stand_in_another_order_is_refused() -> Result<()> {
    #[derive(Store, Serialize, Deserialize)]
    #[store("id, s, v")]
    struct Reordered {
        id: u32,
        v: u32,
        s: String,
    }
    let db: Cases = fresh("connection reordered").await;
    let reordered = db.table::<Reordered>("nums");
    assert!(
        matches!(&reordered, Err(Error::SchemaMismatch { differences, .. })
            if differences[0].starts_with("table `nums` has the indexes of") && differences[0].ends_with("in another order")),
        "{reordered:?}"
    );
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_newer_database_is_refused_and_left_alone() -> Result<()> {
    plain::create("connection newer", 7, "db.createObjectStore('rows', { keyPath: 'id' });").await;
    plain::put("connection newer", "rows", "{id: 1}").await;
    let db = indexie::Builder::<UserDb>::new().name("connection newer").build();
    for error in [db.open().await, db.users.count().await.map(|_| ())] {
        assert!(
            matches!(&error, Err(Error::NewerVersion { database, installed, declared: 1 })
                if database == "connection newer" && matches!(installed, Some(7))),
            "{error:?}"
        );
    }
    assert!(!db.is_open());
    assert_eq!(plain::all("connection newer", "rows").await.as_deref(), Some(r#"[{"id":1}]"#));
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_database_of_the_same_version_that_lacks_an_index_is_a_mismatch() -> Result<()> {
    let upgrade = "const users = db.createObjectStore('users', { keyPath: 'id', autoIncrement: true }); \
        users.createIndex('email', 'email', { unique: true }); \
        users.createIndex('name', 'name'); \
        users.createIndex('tags', 'tags', { multiEntry: false }); \
        users.createIndex('[name+age]', ['name', 'age']);";
    plain::create("connection mismatch", 1, upgrade).await;
    let db = indexie::Builder::<UserDb>::new().name("connection mismatch").build();
    for error in [db.open().await, db.users.count().await.map(|_| ())] {
        assert!(
            matches!(&error, Err(Error::SchemaMismatch { database, differences })
            if database == "connection mismatch"
                && *differences == [
                    "index `age` of store `users` is missing",
                    "index `tags` of store `users` has another key path or other flags",
                ]),
            "{error:?}"
        );
    }
    assert!(!db.is_open());
    Ok(())
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_database_without_stores_is_a_mismatch() -> Result<()> {
    plain::create("connection empty", 1, "").await;
    let db = indexie::Builder::<UserDb>::new().name("connection empty").build();
    let error = db.open().await;
    assert!(
        matches!(&error, Err(Error::SchemaMismatch { differences, .. }) if *differences == ["store `users` is missing"]),
        "{error:?}"
    );
    Ok(())
}

// A database that another program made is used as it is, whatever else it holds.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn a_database_with_more_than_is_declared_is_fine() -> Result<()> {
    let upgrade = "const users = db.createObjectStore('users', { keyPath: 'id', autoIncrement: true }); \
        users.createIndex('zip', 'zip'); \
        users.createIndex('email', 'email', { unique: true }); \
        users.createIndex('name', 'name'); \
        users.createIndex('age', 'age'); \
        users.createIndex('tags', 'tags', { multiEntry: true }); \
        users.createIndex('[name+age]', ['name', 'age']); \
        db.createObjectStore('more');";
    plain::create("connection more", 1, upgrade).await;
    let db = indexie::Builder::<UserDb>::new().name("connection more").build();
    let id = db.users.add(&user("a", "Ann", 30)).await?;
    let ann = User { id, email: "a".into(), name: "Ann".into(), age: 30, tags: vec![] };
    assert_eq!(db.users.where_(|u| u.age).equals(30).to_vec().await?, [ann]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_name_may_be_any_text() -> Result<()> {
    let db = with_people("connection \u{1f600} 'quoted'\n\t").await?;
    assert_eq!(db.people.count().await?, 2);
    assert!(indexie::database_names().await?.contains(&"connection \u{1f600} 'quoted'\n\t".to_owned()));
    db.delete().await
}
