//! The memory in place of IndexedDB: the same database, of which the browser knows nothing.

use indexie::Database;
use indexie::prelude::*;
use indexie_tests::{User, UserDb, user};
use wasm_bindgen_test::wasm_bindgen_test;

use super::opening::{Guest, GuestDb};
use super::{builder, fresh, plain};

fn in_memory<D: Database>(name: &str) -> D {
    builder(name).storage(Storage::Memory).build()
}

fn ada(id: u32) -> User {
    User { id, email: "a".into(), name: "Ada".into(), age: 36, tags: vec![] }
}

#[wasm_bindgen_test]
async fn rows_are_kept_found_and_changed_in_memory() -> Result<()> {
    let db: UserDb = in_memory("anywhere: memory");
    assert_eq!(
        db.users.bulk_add(&[user("b", "Bob", 30), user("a", "Ada", 36), user("c", "Cleo", 17)]).await?,
        [1, 2, 3]
    );
    assert_eq!(db.users.where_(|u| u.age).above(18).primary_keys().await?, [1, 2]);
    assert_eq!(db.users.get_by(|u| u.email, "a").await?, Some(ada(2)));
    assert_eq!(db.users.where_(|u| u.name).starts_with("C").modify(|u| u.tags.push("young".into())).await?, 1);
    assert_eq!(db.users.where_(|u| u.tags).equals("young").primary_keys().await?, [3]);
    db.users.delete(1).await?;
    db.close();
    db.open().await?;
    assert_eq!(db.users.order_by(|u| u.name).primary_keys().await?, [2, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_clash_in_memory_stores_nothing_and_names_the_row() -> Result<()> {
    let db: UserDb = in_memory("anywhere: memory clash");
    let error = db.users.bulk_add(&[user("a", "Ada", 36), user("b", "Bob", 30), user("a", "Eve", 1)]).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: Some(index), row: Some(2), .. })
            if table == "users" && index == "email"),
        "{error:?}"
    );
    assert_eq!(db.users.count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_in_memory_that_fails_is_undone() -> Result<()> {
    let db: UserDb = in_memory("anywhere: memory undone");
    db.users.add(&user("a", "Ada", 36)).await?;
    let failed = db
        .transaction(Mode::ReadWrite, &db.users, async |users| {
            users.add(&user("b", "Bob", 30)).await?;
            users.update(1, |u| u.name.clear()).await?;
            Err::<(), _>(Error::user("no"))
        })
        .await;
    assert!(matches!(&failed, Err(Error::User(error)) if error.to_string() == "no"), "{failed:?}");
    assert_eq!(db.users.to_vec().await?, [ada(1)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_in_memory_that_waits_for_a_timer_is_stalled() -> Result<()> {
    let db: UserDb = in_memory("anywhere: memory stalled");
    let stalled = db
        .transaction(Mode::ReadWrite, &db.users, async |users| {
            users.add(&user("a", "Ada", 36)).await?;
            // It is given up long before.
            plain::sleep(30_000).await;
            users.add(&user("b", "Bob", 30)).await
        })
        .await;
    assert!(matches!(&stalled, Err(Error::Stalled)), "{stalled:?}");
    assert_eq!(db.users.count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_upgrade_in_memory_converts_the_rows_while_an_older_object_is_open() -> Result<()> {
    let old: UserDb = in_memory("anywhere: memory upgrade");
    old.users.bulk_add(&[user("a", "Ada", 36), user("b", "Bob", 30)]).await?;
    let new: GuestDb = in_memory("anywhere: memory upgrade");
    assert_eq!(
        new.users.where_(|g| g.greeting).starts_with("Hello B").to_vec().await?,
        [Guest { id: 2, email: "b".into(), name: "Bob".into(), greeting: "Hello Bob".into() }]
    );
    let late = old.users.count().await;
    assert!(matches!(&late, Err(Error::NewerVersion { installed: Some(2), declared: 1, .. })), "{late:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn two_objects_of_one_name_share_what_is_in_memory() -> Result<()> {
    let (one, other): (UserDb, UserDb) = (in_memory("anywhere: memory shared"), in_memory("anywhere: memory shared"));
    one.users.add(&user("a", "Ada", 36)).await?;
    assert_eq!(other.users.to_vec().await?, [ada(1)]);
    let taken = other.users.add(&user("a", "Eve", 1)).await;
    assert!(matches!(&taken, Err(Error::Constraint { index: Some(index), .. }) if index == "email"), "{taken:?}");
    other.users.clear().await?;
    assert_eq!(one.users.count().await?, 0);
    let another: UserDb = in_memory("anywhere: memory of another name");
    another.users.add(&user("a", "Ada", 36)).await?;
    assert_eq!(one.users.count().await?, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_browser_knows_nothing_of_what_is_in_memory() -> Result<()> {
    const NAME: &str = "anywhere: memory and IndexedDB";
    let stored: UserDb = fresh(NAME).await;
    let kept: UserDb = in_memory(NAME);
    kept.users.add(&user("a", "Ada", 36)).await?;
    assert!(!indexie::database_names().await?.contains(&NAME.to_owned()));

    stored.users.bulk_add(&[user("b", "Bob", 30), user("c", "Cleo", 17)]).await?;

    assert_eq!(kept.users.to_vec().await?, [ada(1)]);
    kept.delete().await?;
    assert_eq!((kept.users.count().await?, stored.users.count().await?), (0, 2));
    Ok(())
}
