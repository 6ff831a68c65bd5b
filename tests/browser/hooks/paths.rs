//! Hooks hear of every way to change rows, and of nothing else. Cases 223, 225, 234, 241 of area H.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{App, Log, NewSeat, NewUser, Seat, User, listen, user, with_three};

#[wasm_bindgen_test]
async fn single_rows() -> Result<()> {
    let db = with_three("hooks single").await?;
    let ear = listen(&db);
    assert_eq!(db.users.add(&user("Dan", 50)).await?, 4);
    assert_eq!(ear.settled(&db).await?, ["add Some(4) Dan"]);
    db.users.add(&User { id: 9, email: "e".into(), name: "Eve".into(), age: 1 }).await?;
    db.users.put(&User { id: 9, email: "e".into(), name: "Eve".into(), age: 2 }).await?;
    db.users.put(&User { id: 8, email: "f".into(), name: "Flo".into(), age: 3 }).await?;
    assert_eq!(ear.settled(&db).await?, ["add Some(9) Eve", "update 9 1->2", "add Some(8) Flo"]);
    assert_eq!(db.users.update(1, |row| row.age = 21).await?.age, 21);
    db.users.upsert(2, || unreachable!(), |row| row.age = 31).await?;
    let ida = || User { id: 20, email: "i".into(), name: "Ida".into(), age: 7 };
    db.users.upsert(20, ida, |row| row.age = 99).await?;
    assert_eq!(ear.settled(&db).await?, ["update 1 20->21", "update 2 30->31", "add Some(20) Ida"]);
    db.users.delete(1).await?;
    db.users.delete(77).await?;
    // A row that is as it was has not changed.
    db.users.put(&User { id: 9, email: "e".into(), name: "Eve".into(), age: 2 }).await?;
    db.users.update(2, |_| {}).await?;
    assert_eq!(ear.settled(&db).await?, ["delete 1 Ann"]);
    // Its key changes: one row goes, and another comes.
    db.users.update(8, |row| row.id = 5).await?;
    assert_eq!(ear.settled(&db).await?, ["delete 8 Flo", "add Some(5) Flo"]);
    assert_eq!(db.users.primary_keys().await?, [2, 3, 4, 5, 9, 20]);
    Ok(())
}

#[wasm_bindgen_test]
async fn many_rows_in_their_order() -> Result<()> {
    let db = with_three("hooks bulk").await?;
    let ear = listen(&db);
    assert_eq!(db.users.bulk_add(&[user("Dan", 50), user("Eve", 60)]).await?, [4, 5]);
    let given =
        |id, name: &str, age| User { id, email: format!("{}@b.c", name.to_lowercase()), name: name.into(), age };
    db.users.bulk_put(&[given(9, "Flo", 1), given(2, "Bob", 31), given(7, "Gus", 2)]).await?;
    assert_eq!(
        ear.settled(&db).await?,
        ["add Some(4) Dan", "add Some(5) Eve", "add Some(9) Flo", "update 2 30->31", "add Some(7) Gus"]
    );
    assert_eq!(db.users.bulk_update([1, 77, 3].map(|id| (id, |row: &mut User| row.age += 1))).await?, 2);
    assert_eq!(db.users.where_(|u| u.age).above(49).modify(|row| row.age += 1).await?, 2);
    assert_eq!(ear.settled(&db).await?, ["update 1 20->21", "update 3 40->41", "update 4 50->51", "update 5 60->61"]);
    db.users.bulk_delete([9, 1]).await?;
    assert_eq!(ear.settled(&db).await?, ["delete 9 Flo", "delete 1 Ann"]);
    // Case 234.
    assert_eq!(db.users.where_(|u| u.id).between(2..=4).delete().await?, 3);
    db.users.clear().await?;
    assert_eq!(
        ear.settled(&db).await?,
        ["delete 2 Bob", "delete 3 Cid", "delete 4 Dan", "delete 5 Eve", "delete 7 Gus"]
    );
    assert_eq!(db.users.add(&user("Ann", 1)).await?, 10, "the generator goes on");
    Ok(())
}

#[wasm_bindgen_test]
async fn in_a_transaction_they_come_after_the_commit() -> Result<()> {
    let db = with_three("hooks transaction").await?;
    let ear = listen(&db);
    let inner = ear.clone();
    db.transaction(Mode::ReadWrite, (&db.users, &db.logs), async move |(users, logs)| {
        let id = users.add(&user("Dan", 50)).await?;
        assert_eq!(id, 4);
        assert_eq!(users.get(4).await?.map(|row| row.id), Some(4));
        users.update(id, |row| row.age += 1).await?;
        let tx = users.transaction();
        let undone: Result<()> = tx
            .savepoint(async || {
                users.delete(1).await?;
                Err(Error::user("undone"))
            })
            .await;
        assert!(undone.is_err());
        let clash = users.add(&user("Ann", 1)).await;
        assert!(matches!(clash, Err(Error::Constraint { index: Some(_), .. })), "{clash:?}");
        tx.savepoint(async || users.delete(2).await).await?;
        logs.add(&Log { action: "done".into() }).await?;
        assert!(inner.heard().is_empty());
        Ok(())
    })
    .await?;
    assert_eq!(ear.settled(&db).await?, ["add Some(4) Dan", "update 4 50->51", "delete 2 Bob"]);
    assert_eq!(db.users.primary_keys().await?, [1, 3, 4]);
    // Of what is not committed nobody hears.
    let failed = db
        .transaction(Mode::ReadWrite, &db.users, async |users| {
            users.clear().await?;
            Err::<(), _>(Error::user("no"))
        })
        .await;
    assert!(failed.is_err());
    assert!(ear.settled(&db).await?.is_empty());
    assert_eq!(db.users.count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_fails_is_not_heard_of() -> Result<()> {
    let db = with_three("hooks failures").await?;
    let ear = listen(&db);
    let clash = db.users.bulk_add(&[user("Dan", 1), user("Ann", 2)]).await;
    let Err(Error::Constraint { table, index, key, row }) = clash else { panic!("{clash:?}") };
    assert_eq!((table.as_str(), index.as_deref(), key, row), ("users", Some("email"), Some("ann@b.c".into()), Some(1)));
    assert!(matches!(db.users.update(77, |_| {}).await, Err(Error::NotFound { .. })));
    assert!(matches!(
        db.users.add(&User { id: 1, email: "x".into(), name: "X".into(), age: 1 }).await,
        Err(Error::Constraint { index: None, .. })
    ));
    assert!(ear.settled(&db).await?.is_empty());
    assert_eq!(db.users.count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn others_are_not_heard() -> Result<()> {
    let db = with_three("hooks others").await?;
    let other: App = indexie_tests::builder("hooks others").build();
    let ear = listen(&db);
    other.users.add(&user("Dan", 50)).await?;
    db.logs.add(&Log { action: "not a user".into() }).await?;
    assert!(ear.settled(&db).await?.is_empty());
    assert_eq!(db.users.count().await?, 4);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_that_is_removed_hears_no_more() -> Result<()> {
    let db = with_three("hooks removed").await?;
    let ear = crate::fixtures::Ear::default();
    let (first, second) = (ear.clone(), ear.clone());
    let hooks = db.users.hook();
    let id = hooks.on_add(async move |e: Added<User>| {
        first.hear(format!("first {}", e.item.name));
        Ok(())
    });
    db.users.hook().on_add(async move |e: Added<User>| {
        second.hear(format!("second {}", e.item.name));
        Ok(())
    });
    db.users.add(&user("Dan", 1)).await?;
    assert_eq!(ear.settled(&db).await?, ["first Dan", "second Dan"], "in the order of their registration");
    assert!(hooks.remove(id));
    assert!(!hooks.remove(id));
    db.users.add(&user("Eve", 1)).await?;
    assert_eq!(ear.settled(&db).await?, ["second Eve"]);
    // What was committed while it was there is still due.
    let fourth = ear.clone();
    let id = hooks.on_delete(async move |e: Deleted<User>| {
        fourth.hear(format!("gone {}", e.key));
        Ok(())
    });
    db.users.bulk_delete([1, 2, 3]).await?;
    assert!(hooks.remove(id));
    db.users.delete(4).await?;
    assert_eq!(ear.settled(&db).await?, ["gone 1", "gone 2", "gone 3"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn no_key_is_used_up_that_only_a_hook_has_seen() -> Result<()> {
    let db = with_three("hooks few keys").await?;
    for strategy in [Strategy::LocalFirst, Strategy::NetworkFirst] {
        db.seats.set_strategy(strategy);
        db.seats.hook().on_add(async |_: Added<Seat>| Ok(()));
        for _ in 0..90 {
            let at = db.seats.count().await?;
            let key = db.seats.add(&NewSeat { name: at.to_string() }).await?;
            assert_eq!(usize::from(key), at + 1, "{strategy:?}");
        }
    }
    db.hooks_settled().await?;
    assert_eq!(db.seats.count().await?, 180);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_write_that_is_under_way_goes_on_as_it_has_begun() -> Result<()> {
    let db = with_three("hooks under way").await?;
    let ear = crate::fixtures::Ear::default();
    // While its rows are being taken, and some of them written, an import is given a hook, a guard and another strategy.
    let (inner, adding) = (db.clone(), ear.clone());
    let rows = (0..3_000).map(move |at| {
        if at == 2_000 {
            let adding = adding.clone();
            inner.users.hook().on_add(async move |e: Added<User>| {
                adding.hear(e.item.name);
                Ok(())
            });
            inner.users.hook().before_add(|row: &mut NewUser| {
                row.age = 99;
                Ok(())
            });
            inner.users.set_strategy(Strategy::NetworkFirst);
        }
        user(&format!("u{at}"), 1)
    });
    assert_eq!(db.users.import(rows).await?, 3_000);
    assert!(ear.settled(&db).await?.is_empty());
    assert_eq!(db.users.where_(|u| u.age).equals(1).count().await?, 3_000);
    db.users.add(&user("Dan", 1)).await?;
    assert_eq!(ear.heard(), ["Dan"]);
    assert_eq!(db.users.where_(|u| u.age).equals(99).count().await?, 1);

    // So is a change of the rows.
    let (inner, mut at) = (db.clone(), 0);
    let updating = ear.clone();
    db.seats.bulk_add(&["a", "b"].map(|name| NewSeat { name: name.into() })).await?;
    let changed = db.seats.filter(|_| true).modify(move |row| {
        if at == 0 {
            let updating = updating.clone();
            inner.seats.hook().on_update(async move |e: Updated<Seat>| {
                updating.hear(e.new.name);
                Ok(())
            });
        }
        at += 1;
        row.name.push('!');
    });
    assert_eq!(changed.await?, 2);
    assert!(ear.settled(&db).await?.is_empty());
    assert_eq!(db.seats.update(1, |row| row.name.push('!')).await?.name, "a!!");
    assert_eq!(ear.settled(&db).await?, ["a!!"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_with_hooks_is_not_stored_under_a_key_beyond_its_type() -> Result<()> {
    for strategy in [Strategy::LocalFirst, Strategy::NetworkFirst] {
        let db = with_three(&format!("hooks key beyond {strategy:?}")).await?;
        db.seats.add(&Seat { id: 255, name: "last".into() }).await?;
        db.seats.set_strategy(strategy);
        db.seats.hook().on_add(async |_: Added<Seat>| Ok(()));
        let refused = db.seats.add(&NewSeat { name: "x".into() }).await;
        assert!(matches!(&refused, Err(Error::Data { key: Some(key), .. }) if *key == 256.into()), "{refused:?}");
        db.hooks_settled().await?;
        assert_eq!(db.seats.primary_keys().await?, [255]);
    }
    Ok(())
}
