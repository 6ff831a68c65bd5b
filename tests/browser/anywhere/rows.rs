//! Rows: one by one, many at once, found by every kind of index.

use futures::TryStreamExt;
use futures::future::join_all;
use indexie::prelude::*;
use indexie_tests::{NewUser, User, UserDb, user};
use wasm_bindgen_test::wasm_bindgen_test;

use super::fresh;

/// 3,000 users: more than one chunk of a stream.
const MANY: u32 = 3_000;

fn many() -> Vec<NewUser> {
    (1..=MANY)
        .map(|n| NewUser { tags: vec![format!("tag {}", n % 3)], ..user(&format!("u{n}@ü.de"), "Zoë", n % 100) })
        .collect()
}

#[wasm_bindgen_test]
async fn a_row_is_added_found_changed_and_deleted() -> Result<()> {
    let db: UserDb = fresh("anywhere: a row").await;
    assert_eq!(db.users.add(&user("a@b.c", "Ada", 36)).await?, 1);
    let ada = User { id: 1, email: "a@b.c".into(), name: "Ada".into(), age: 36, tags: vec![] };
    assert_eq!(db.users.get(1).await?, Some(ada.clone()));
    assert_eq!(db.users.get_by(|u| u.email, "a@b.c").await?, Some(ada.clone()));
    assert_eq!(db.users.update(1, |u| u.age += 1).await?.age, 37);
    assert_eq!(db.users.put(&ada).await?, 1);
    assert_eq!(db.users.to_vec().await?, [ada]);
    db.users.delete(1).await?;
    assert_eq!(db.users.get(1).await?, None);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_query_finds_rows_by_every_kind_of_index_and_runs_again() -> Result<()> {
    let db: UserDb = fresh("anywhere: a query").await;
    let tagged = NewUser { tags: vec!["x".into(), "y".into()], ..user("c", "Cleo", 30) };
    db.users.bulk_add(&[user("a", "Ada", 36), user("b", "Bob", 30), tagged]).await?;
    let young = db.users.where_(|u| u.age).below(36);
    assert_eq!(young.primary_keys().await?, [2, 3]);
    assert_eq!(db.users.where_(|u| u.name_age).between(("A", 0)..("B", 99)).primary_keys().await?, [1]);
    assert_eq!(db.users.where_(|u| u.tags).any_of(["x", "y"]).primary_keys().await?, [3]);
    assert_eq!(db.users.where_(|u| u.email).equals("a").or(|u| u.name).starts_with("C").count().await?, 2);
    assert_eq!(db.users.order_by(|u| u.name).reverse().offset(1).limit(1).primary_keys().await?, [2]);
    db.users.delete(2).await?;
    assert_eq!(young.primary_keys().await?, [3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn many_rows_are_written_streamed_modified_and_deleted() -> Result<()> {
    let db: UserDb = fresh("anywhere: many rows").await;
    let keys = db.users.bulk_add(&many()).await?;
    assert_eq!(keys, (1..=MANY).collect::<Vec<u32>>());
    let streamed: Vec<User> = db.users.order_by(|u| u.age).stream().try_collect().await?;
    assert_eq!(streamed.len(), 3_000);
    assert_eq!(streamed[0].email, "u100@ü.de");
    assert_eq!(streamed[2_999].email, "u2999@ü.de");
    assert_eq!(db.users.where_(|u| u.tags).equals("tag 1").modify(|u| u.tags = vec!["seen".into()]).await?, 1_000);
    assert_eq!(db.users.where_(|u| u.tags).equals("seen").count().await?, 1_000);
    assert_eq!(db.users.where_(|u| u.age).above(9).delete().await?, 2_700);
    assert_eq!(db.users.count().await?, 300);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_that_clashes_stores_nothing_and_names_the_row() -> Result<()> {
    let db: UserDb = fresh("anywhere: a clash").await;
    let error = db.users.bulk_add(&[user("a", "Ada", 36), user("b", "Bob", 30), user("a", "Eve", 1)]).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: Some(index), row: Some(2), .. })
            if table == "users" && index == "email"),
        "{error:?}"
    );
    assert!(db.users.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_added_side_by_side_succeed_and_fail_each_for_itself() -> Result<()> {
    let db: UserDb = fresh("anywhere: side by side").await;
    let names: Vec<NewUser> = (0..300).map(|n| user(&format!("{}", n % 200), "", n)).collect();
    let added = join_all(names.iter().map(|new| db.users.add(new))).await;
    assert_eq!(added.iter().filter(|added| added.is_ok()).count(), 200);
    assert!(added[200..].iter().all(|added| matches!(added, Err(Error::Constraint { .. }))), "{:?}", &added[200..]);
    assert_eq!(db.users.where_(|u| u.age).at_most(199).count().await?, 200);
    Ok(())
}
