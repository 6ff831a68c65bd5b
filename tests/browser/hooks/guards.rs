//! Guards: they look at rows before these are written, and may alter or refuse them. Case 235 of area H.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{NewUser, User, listen, user, with_three};

#[wasm_bindgen_test]
async fn a_guard_alters_what_is_written() -> Result<()> {
    let db = with_three("guards alter").await?;
    let ear = listen(&db);
    db.users.hook().before_add(|row: &mut NewUser| {
        row.name = row.name.to_uppercase();
        Ok(())
    });
    db.users.hook().before_add(|row: &mut User| {
        row.age += 1;
        Ok(())
    });
    db.users.hook().before_update_from(|old: &User, new: &mut User| {
        new.age = new.age.max(old.age);
        Ok(())
    });
    assert_eq!(db.users.add(&user("Dan", 50)).await?, 4);
    assert_eq!(db.users.get(4).await?.map(|row| (row.id, row.name, row.age)), Some((4, "DAN".into(), 51)));
    db.users.put(&User { id: 9, email: "x".into(), name: "Eve".into(), age: 1 }).await?;
    assert_eq!(db.users.get(9).await?.map(|row| (row.name, row.age)), Some(("EVE".into(), 2)));
    let updated = db.users.update(1, |row| (row.name, row.age) = ("Anna".into(), 3)).await?;
    assert_eq!((&*updated.name, updated.age), ("Anna", 20), "what is stored is what is answered");
    assert_eq!(db.users.get(1).await?, Some(updated));
    assert_eq!(ear.settled(&db).await?, ["add Some(4) DAN", "add Some(9) EVE", "update 1 20->20"]);
    // Two altered rows may clash, and that is told as ever.
    db.users.hook().before_add(|row: &mut NewUser| {
        row.email = "same".into();
        Ok(())
    });
    db.users.add(&user("Flo", 1)).await?;
    let clash = db.users.add(&user("Gus", 1)).await;
    assert!(matches!(clash, Err(Error::Constraint { index: Some(_), .. })), "{clash:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_veto_ends_the_operation_and_nothing_else() -> Result<()> {
    let db = with_three("guards veto").await?;
    let ear = listen(&db);
    db.users.hook().before_add(|row: &mut NewUser| if row.age > 100 { Err(Error::user("too old")) } else { Ok(()) });
    db.users.hook().before_update(|row: &mut User| if row.age > 100 { Err(Error::user("too old")) } else { Ok(()) });
    db.users.hook().before_delete(|row: &User| if row.name == "Ann" { Err(Error::user("Ann stays")) } else { Ok(()) });
    let told = |result: Result<()>| result.map_err(|error| error.to_string());
    let no = |text: &str| Err(text.to_owned());
    assert_eq!(told(db.users.bulk_add(&[user("Dan", 1), user("Eve", 101)]).await.map(|_| ())), no("too old"));
    assert_eq!(told(db.users.update(2, |row| row.age = 101).await.map(|_| ())), no("too old"));
    assert_eq!(told(db.users.filter(|_| true).modify(|row| row.age *= 3).await.map(|_| ())), no("too old"));
    assert_eq!(told(db.users.delete(1).await), no("Ann stays"));
    assert_eq!(told(db.users.clear().await), no("Ann stays"));
    assert_eq!(told(db.users.where_(|u| u.id).below(3).delete().await.map(|_| ())), no("Ann stays"));
    assert!(ear.settled(&db).await?.is_empty());
    let ages: Vec<u32> = db.users.to_vec().await?.into_iter().map(|row| row.age).collect();
    assert_eq!(ages, [20, 30, 40]);
    db.transaction(Mode::ReadWrite, &db.users, async |users| {
        users.delete(2).await?;
        assert!(users.delete(1).await.is_err());
        assert!(users.add(&user("Old", 200)).await.is_err());
        users.add(&user("Dan", 50)).await?;
        Ok(())
    })
    .await?;
    assert_eq!(ear.settled(&db).await?.len(), 2);
    assert_eq!(db.users.primary_keys().await?, [1, 3, 4]);
    // In an overlay they look when a row is written into it.
    let tx = db.users.start_transaction(Overlay::Optimistic);
    assert_eq!(told(tx.add(&user("Eve", 101)).await.map(|_| ())), no("too old"));
    tx.add(&user("Flo", 60)).await?;
    tx.commit().await?;
    assert_eq!(db.users.count().await?, 4);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_primary_key_is_not_a_guards_to_change() -> Result<()> {
    let db = with_three("guards key").await?;
    let id = db.users.hook().before_update(|row: &mut User| {
        row.id += 1;
        Ok(())
    });
    let refused = db.users.update(1, |row| row.age += 1).await;
    assert!(matches!(&refused, Err(Error::Data { table, key: Some(_), .. }) if table == "users"), "{refused:?}");
    assert!(db.users.hook().remove(id));
    assert_eq!(db.users.update(1, |row| row.age += 1).await?.age, 21);
    Ok(())
}
