//! The first thing that works end to end.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use indexie_tests::{NewUser, User, UserDb, fresh, user};

#[wasm_bindgen_test]
async fn rows_are_stored_and_found() -> Result<()> {
    let db: UserDb = fresh("smoke").await;
    let id = db.users.add(&user("a@b.c", "Alice", 30)).await?;
    assert_eq!(id, 1);
    let alice = User { id: 1, email: "a@b.c".into(), name: "Alice".into(), age: 30, tags: vec![] };
    assert_eq!(db.users.get(1).await?, Some(alice.clone()));
    assert_eq!(db.users.get_by(|u| u.email, "a@b.c").await?, Some(alice.clone()));
    assert_eq!(db.users.get(2).await?, None);
    let ids = db.users.bulk_add(&[user("b", "Bob", 20), user("c", "Çelik", 40)]).await?;
    assert_eq!(ids, [2, 3]);
    let names: Vec<String> =
        db.users.order_by(|u| u.age).reverse().to_vec().await?.into_iter().map(|u| u.name).collect();
    assert_eq!(names, ["Çelik", "Alice", "Bob"]);
    let updated = db.users.update(2, |u| u.age += 1).await?;
    assert_eq!(updated.age, 21);
    assert_eq!(db.users.get(2).await?.map(|u| u.age), Some(21));
    assert_eq!(db.users.where_(|u| u.age).above(21).count().await?, 2);
    assert_eq!(db.users.where_(|u| u.name).equals("Alice").or(|u| u.age).below(25).primary_keys().await?, [1, 2]);
    assert_eq!(db.users.where_(|u| u.name_age).between(("A", 0)..("C", 0)).primary_keys().await?, [1, 2]);
    let error = db.users.add(&user("a@b.c", "Eve", 1)).await;
    assert!(matches!(&error, Err(Error::Constraint { index: Some(index), .. }) if index == "email"), "{error:?}");
    db.transaction(Mode::ReadWrite, &db.users, async |users| {
        users.add(&NewUser { email: "t".into(), name: "T".into(), age: 1, tags: vec!["x".into()] }).await?;
        users.delete(1).await
    })
    .await?;
    assert_eq!(db.users.count().await?, 3);
    assert_eq!(db.users.where_(|u| u.age).below(30).delete().await?, 2);
    assert_eq!(db.users.count().await?, 1);
    Ok(())
}
