//! Keys of pending rows: temporary ones, unique ones, and those outside of the rows.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{
    Club, Member, NewSeat, Note, Player, Seat, Setting, fresh, member, names, player, seat, stored, with_rows,
};

#[wasm_bindgen_test]
async fn temporary_keys_work_as_keys_until_the_commit() -> Result<()> {
    let db = with_rows("overlay temporary keys").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let first = tx.add(&member("Dan", 50)).await?;
    let second = tx.add(&member("Eve", 60)).await?;
    assert_eq!((first, second), (u32::MAX, u32::MAX - 1));
    assert_eq!(tx.update(first, |row| row.age += 1).await?.age, 51);
    tx.delete(second).await?;
    assert_eq!(tx.pending().len(), 1);
    let third = tx.add(&member("Eve", 61)).await?;
    assert_eq!(third, u32::MAX - 2, "none is given out twice");
    let committed = tx.commit().await?;
    assert_eq!(committed.keys(&db.members), [(first, 4), (third, 5)]);
    assert_eq!(committed.key(&db.members, &second), None);
    assert_eq!(db.members.get(4).await?.map(|row| (row.id, row.age)), Some((4, 51)));
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_outside_of_the_rows() -> Result<()> {
    let db = with_rows("overlay outside keys").await?;
    db.settings.put_with_key(&Setting { value: 1 }, "a").await?;
    let tx = db.start_transaction(Overlay::Optimistic, (&db.notes, &db.settings));
    let (notes, settings) = tx.tables();
    let note = notes.add(&Note { text: "hello".into() }).await?;
    assert_eq!(note, u32::MAX);
    settings.put_with_key(&Setting { value: 2 }, "a").await?;
    settings.add_with_key(&Setting { value: 3 }, "b").await?;
    settings.update("b", |row| row.value += 10).await?;
    let entries = db.settings.entries().await?;
    assert_eq!(entries, [("a".to_owned(), Setting { value: 2 }), ("b".to_owned(), Setting { value: 13 })]);
    assert_eq!(db.notes.entries().await?, [(note, Note { text: "hello".into() })]);
    let committed = tx.commit().await?;
    assert_eq!(committed.key(&db.notes, &note), Some(1));
    assert_eq!(db.notes.entries().await?, [(1, Note { text: "hello".into() })]);
    assert_eq!(db.settings.entries().await?, entries);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_unique_clash_is_told_when_it_is_written() -> Result<()> {
    let db = with_rows("overlay unique").await?;
    let tx = db.members.start_transaction(Overlay::Standard);
    let clash = tx.add(&member("Ann", 1)).await;
    let Err(Error::Constraint { table, index, key, row }) = clash else { panic!("{clash:?}") };
    assert_eq!((table.as_str(), index.as_deref(), key, row), ("members", Some("email"), Some("ann@b.c".into()), None));
    tx.add(&member("Dan", 1)).await?;
    let clash = tx.bulk_add(&[member("Eve", 1), member("Dan", 2)]).await;
    assert!(matches!(clash, Err(Error::Constraint { row: Some(1), .. })), "{clash:?}");
    assert_eq!(names(&tx).await?, ["Ann", "Bob", "Cid", "Dan"], "all or nothing");
    let clash = tx.update(2, |row| row.email = "cid@b.c".into()).await;
    assert!(matches!(clash, Err(Error::Constraint { index: Some(_), .. })), "{clash:?}");
    // What goes makes room.
    tx.delete(1).await?;
    tx.add(&member("Ann", 2)).await?;
    tx.commit().await?;
    assert_eq!(names(&db.members).await?, ["Bob", "Cid", "Dan", "Ann"]);
    let tx = db.players.start_transaction(Overlay::Standard);
    let clash = tx.add(&player("Ida", 1)).await;
    assert!(matches!(clash, Err(Error::Constraint { index: None, key: Some(_), .. })), "{clash:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_change_places_in_a_unique_index() -> Result<()> {
    let db = with_rows("overlay unique swap").await?;
    let seated = |name: &str, seat| Player { seat: Some(seat), ..player(name, 1) };
    db.players.bulk_put(&[seated("Ida", 1), seated("Joe", 2)]).await?;
    for replace in [false, true] {
        let tx = db.players.start_transaction(Overlay::Optimistic);
        tx.update("Ida", |row| row.seat = Some(3)).await?;
        if replace {
            tx.put(&Player { points: 9, ..seated("Joe", 1) }).await?;
        } else {
            tx.update("Joe", |row| row.seat = Some(1)).await?;
        }
        tx.update("Ida", |row| row.seat = Some(2)).await?;
        assert_eq!(db.players.get_by(|p| p.seat, 1).await?.map(|row| row.name), Some("Joe".into()));
        tx.commit().await?;
        let seats: Vec<_> = db.players.to_vec().await?.into_iter().map(|row| row.seat).collect();
        assert_eq!(seats, [Some(2), Some(1)]);
        db.players.bulk_put(&[seated("Ida", 11), seated("Joe", 12)]).await?;
        db.players.bulk_put(&[seated("Ida", 1), seated("Joe", 2)]).await?;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_moves_to_another_key() -> Result<()> {
    let db = with_rows("overlay moves").await?;
    let tx = db.players.start_transaction(Overlay::Optimistic);
    tx.update("Ida", |row| row.name = "Kim".into()).await?;
    assert_eq!(db.players.primary_keys().await?, ["Joe", "Kim"]);
    let taken = tx.update("Kim", |row| row.name = "Joe".into()).await;
    assert!(matches!(taken, Err(Error::Constraint { index: None, .. })), "{taken:?}");
    tx.commit().await?;
    assert_eq!(db.players.to_vec().await?, [player("Joe", 7), player("Kim", 5)]);
    Ok(())
}

fn assert_pending<R: std::fmt::Debug>(done: Result<R>, pending: u32, at: Option<usize>) {
    let Err(Error::Data { table, key, row, message }) = done else { panic!("{done:?}") };
    assert_eq!((table.as_str(), key, row), ("members", Some(pending.into()), at));
    assert!(message.contains("is pending"), "{message}");
}

#[wasm_bindgen_test]
async fn a_pending_row_is_not_stored_by_another_way_than_its_overlay() -> Result<()> {
    for hooks in [None, Some(Strategy::LocalFirst), Some(Strategy::NetworkFirst)] {
        for overlay in [Overlay::Optimistic, Overlay::Standard] {
            let db = with_rows(&format!("overlay pending row {hooks:?} {overlay:?}")).await?;
            if let Some(strategy) = hooks {
                db.members.hook().on_add(async |_: Added<Member>| Ok(()));
                db.members.set_strategy(strategy);
            }
            let tx = db.members.start_transaction(overlay);
            let dan = tx.add(&member("Dan", 50)).await?;
            let row = Member { age: 51, ..tx.get(dan).await?.expect("it is seen") };
            let ann = db.members.get(1).await?.expect("it is stored");
            assert_pending(db.members.put(&row).await, dan, None);
            assert_pending(db.members.add(&row).await, dan, None);
            assert_pending(db.members.bulk_put([&ann, &row]).await, dan, Some(1));
            assert_pending(db.members.import([ann.clone(), row.clone()]).replacing().await, dan, Some(1));
            let default = row.clone();
            assert_pending(db.members.upsert(dan, move || default, |_| {}).await, dan, None);
            let beside = db.members.start_transaction(Overlay::Standard);
            if overlay == Overlay::Standard {
                assert_pending(beside.put(&row).await, dan, None);
            }
            beside.rollback();
            if hooks != Some(Strategy::NetworkFirst) {
                let row = row.clone();
                db.transaction(Mode::ReadWrite, &db.members, async move |members| {
                    assert_pending(members.put(&row).await, dan, None);
                    members.put(&Member { id: 2, ..row }).await
                })
                .await?;
                db.members.put(&Member { id: 2, email: "bob@b.c".into(), name: "Bob".into(), ..ann.clone() }).await?;
            }
            assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
            tx.put(&row).await?;
            assert_eq!(tx.commit().await?.key(&db.members, &dan), Some(4));
            assert_eq!(db.members.get(4).await?.map(|row| (row.id, row.age)), Some((4, 51)));
            assert_eq!(db.members.add(&member("Eve", 60)).await?, 5);
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_pending_row_is_not_changed_or_deleted_by_another_way_than_its_overlay() -> Result<()> {
    for hooks in [None, Some(Strategy::LocalFirst), Some(Strategy::NetworkFirst)] {
        for overlay in [Overlay::Optimistic, Overlay::Standard] {
            let db = with_rows(&format!("overlay pending key {hooks:?} {overlay:?}")).await?;
            if let Some(strategy) = hooks {
                db.members.hook().on_add(async |_: Added<Member>| Ok(()));
                db.members.set_strategy(strategy);
            }
            let earlier = db.members.start_transaction(Overlay::Optimistic);
            let tx = db.members.start_transaction(overlay);
            let dan = tx.add(&member("Dan", 50)).await?;
            assert_refused(&db.members, dan).await;
            assert_refused(&earlier, dan).await;
            if hooks != Some(Strategy::NetworkFirst) {
                db.transaction(Mode::ReadWrite, &db.members, async move |members| {
                    assert_refused(&members, dan).await;
                    Ok(())
                })
                .await?;
            }
            assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
            assert_eq!(earlier.pending(), []);
            let above = db.members.start_transaction(Overlay::Standard);
            if overlay == Overlay::Optimistic {
                assert_eq!(above.update(dan, |row| row.age += 1).await?.age, 51);
                assert_eq!(above.where_(|m| m.id).equals(dan).delete().await?, 1);
            } else {
                assert_refused(&above, dan).await;
            }
            above.rollback();
            assert_eq!(tx.where_(|m| m.id).any_of([1, dan]).modify(|row| row.age += 2).await?, 2);
            assert_eq!(tx.upsert(dan, || panic!("it is there"), |row| row.age += 1).await?.age, 53);
            let eve = tx.add(&member("Eve", 60)).await?;
            tx.delete(eve).await?;
            db.members.delete(eve).await?;
            assert_eq!(tx.commit().await?.key(&db.members, &dan), Some(4));
            assert_eq!(db.members.update(4, |row| row.age += 1).await?.age, 54);
            db.members.bulk_delete([4, dan]).await?;
            assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
        }
    }
    Ok(())
}

/// Nothing is done to a pending row, or to another one beside it, by whoever does not see it in an overlay.
async fn assert_refused<A: indexie::Writable>(members: &Table<Member, A>, pending: u32) {
    assert_pending(members.delete(pending).await, pending, None);
    assert_pending(members.bulk_delete([1, pending]).await, pending, Some(1));
    assert_pending(members.update(pending, |row| row.age = 51).await, pending, None);
    let ages = [(1, 1), (2, 2), (pending, 3), (pending, 4)];
    let updated = members.bulk_update(ages.map(|(id, age)| (id, move |row: &mut Member| row.age = age))).await;
    assert_pending(updated, pending, Some(2));
    assert_pending(members.upsert(pending, || panic!("it is refused"), |_| {}).await, pending, None);
    let named = [
        members.where_(|m| m.id).equals(pending),
        members.where_(|m| m.id).any_of([1, pending]).limit(1),
        members.where_(|m| m.id).any_of([1, pending]).filter(|row| row.age > 0),
        members.where_(|m| m.name).equals("Ann").or(|m| m.id).equals(pending),
    ];
    for query in named {
        assert_pending(query.delete().await, pending, None);
        assert_pending(query.modify(|row| row.age = 51).await, pending, None);
    }
    // No row gets its key.
    assert_pending(members.update(1, move |row| row.id = pending).await, pending, None);
    let leaving = [2, 3].map(|id| (id, move |row: &mut Member| row.id += if id == 2 { 10 } else { pending - 3 }));
    assert_pending(members.bulk_update(leaving).await, pending, Some(1));
    let moved = members.where_(|m| m.id).at_most(1).modify(move |row| row.id = pending).await;
    assert_pending(moved, pending, Some(0));
}

#[wasm_bindgen_test]
async fn a_row_is_not_stored_under_the_temporary_key_that_it_had() -> Result<()> {
    let db = with_rows("overlay old temporary key").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 50)).await?;
    let row = db.members.get(dan).await?.expect("it is seen");
    tx.commit().await?;
    let late = db.members.put(&row).await;
    assert!(matches!(&late, Err(Error::Data { message, .. }) if message.contains("under 4")), "{late:?}");
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let eve = tx.add(&member("Eve", 60)).await?;
    let row = db.members.get(eve).await?.expect("it is seen");
    tx.rollback();
    let late = db.members.put(&row).await;
    assert!(matches!(&late, Err(Error::Data { key: Some(key), .. }) if *key == eve.into()), "{late:?}");
    assert_eq!(db.members.add(&member("Eve", 60)).await?, 5);
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan", "Eve"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_pending_row_with_its_key_outside_is_not_stored_by_another_way() -> Result<()> {
    let db: Club = with_rows("overlay pending outside").await?;
    let tx = db.notes.start_transaction(Overlay::Optimistic);
    let note = tx.add(&Note { text: "hello".into() }).await?;
    let new = Note { text: "there".into() };
    for put in [db.notes.put_with_key(&new, note), db.notes.add_with_key(&new, note)] {
        assert!(matches!(put.await, Err(Error::Data { key: Some(_), row: None, .. })));
    }
    let bulk = db.notes.bulk_add_with_keys([(1, &new), (note, &new)]).await;
    assert!(matches!(&bulk, Err(Error::Data { row: Some(1), .. })), "{bulk:?}");
    let keyed = db.notes.import_with_keys([(1, new.clone()), (note, new.clone())]).await;
    assert!(matches!(&keyed, Err(Error::Data { row: Some(1), .. })), "{keyed:?}");
    db.notes.put_with_key(&new, 7).await?;
    assert_eq!(tx.commit().await?.key(&db.notes, &note), Some(8));
    Ok(())
}

#[wasm_bindgen_test]
async fn temporary_keys_of_a_small_type_are_given_again() -> Result<()> {
    let db: Club = fresh("overlay small keys").await;
    db.seats.bulk_add(&[seat("a"), seat("b")]).await?;
    let waiting = db.seats.start_transaction(Overlay::Standard);
    let waits = waiting.add(&seat("waits")).await?;
    assert_eq!(waits, u8::MAX);
    for round in 0..300 {
        let tx = db.seats.start_transaction(Overlay::Optimistic);
        let key = tx.put(&seat("x")).await?;
        assert!(![1, 2, waits].contains(&key), "{round}: another row has {key}");
        assert_eq!(db.seats.count().await?, 3, "{round}");
        assert_eq!(db.seats.get(key).await?, Some(Seat { id: key, name: "x".into() }), "{round}");
        tx.rollback();
    }
    assert_eq!(waiting.commit().await?.key(&db.seats, &waits), Some(3));
    assert_eq!(db.seats.first_key(&3), 3, "nobody has seen it under another key");
    assert_eq!(db.seats.primary_keys().await?, [1, 2, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn without_a_temporary_key_nothing_is_written() -> Result<()> {
    let db: Club = fresh("overlay no key left").await;
    db.seats.bulk_add(&[seat("a"), seat("b")]).await?;
    let tx = db.seats.start_transaction(Overlay::Optimistic);
    let many: Vec<NewSeat> = (0..254).map(|at| seat(&at.to_string())).collect();
    let refused = tx.bulk_add(&many).await;
    let Err(Error::Data { table, row, .. }) = &refused else { panic!("{refused:?}") };
    assert_eq!((table.as_str(), *row), ("seats", Some(253)));
    assert_eq!((tx.pending().len(), db.seats.count().await?), (0, 2));
    let keys = tx.bulk_add(&many[..253]).await?;
    assert_eq!((keys.iter().min(), keys.iter().max()), (Some(&3), Some(&255)));
    for refused in [tx.add(&seat("x")).await, tx.put(&seat("x")).await] {
        assert!(matches!(refused, Err(Error::Data { row: None, .. })), "{refused:?}");
    }
    assert_eq!((tx.pending().len(), db.seats.count().await?), (253, 255));
    tx.delete(keys[0]).await?;
    assert_eq!(tx.add(&seat("x")).await?, keys[0], "nobody has it any more");
    tx.commit().await?;
    assert_eq!(db.seats.primary_keys().await?, (1..=255).collect::<Vec<u8>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_stores_nothing_if_a_row_gets_a_key_beyond_its_type() -> Result<()> {
    let db: Club = fresh("overlay key beyond").await;
    db.seats.add(&Seat { id: 254, name: "given".into() }).await?;
    let tx = db.seats.start_transaction(Overlay::Optimistic);
    tx.bulk_add(&[seat("x"), seat("y")]).await?;
    let refused = tx.commit().await;
    assert!(matches!(&refused, Err(Error::Data { key: Some(key), .. }) if *key == 256.into()), "{refused:?}");
    assert_eq!(db.seats.primary_keys().await?, [254]);
    assert_eq!(db.seats.add(&seat("x")).await?, 255);
    Ok(())
}

#[wasm_bindgen_test]
async fn no_row_has_the_key_of_another_one_for_a_while() -> Result<()> {
    for in_overlay in [false, true] {
        let db: Club = fresh(&format!("overlay key is taken {in_overlay}")).await;
        let last = Seat { id: 255, name: "last".into() };
        let tx = db.seats.start_transaction(Overlay::Optimistic);
        if in_overlay {
            tx.add(&last).await?;
        } else {
            db.seats.add(&last).await?;
        }
        assert_eq!(tx.put(&seat("x")).await?, 254);
        assert_eq!(db.seats.get(255).await?, Some(last.clone()));
        let names: Vec<String> = db.seats.to_vec().await?.into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["x", "last"]);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_temporary_key_that_is_given_again_stands_for_the_new_row() -> Result<()> {
    let db: Club = fresh("overlay key again").await;
    let add = async |name: &str| {
        let tx = db.seats.start_transaction(Overlay::Optimistic);
        let key = tx.add(&seat(name)).await?;
        Ok::<_, Error>((tx, key))
    };
    let (tx, first) = add("first").await?;
    tx.commit().await?;
    assert_eq!((first, db.seats.first_key(&1)), (255, 255));
    let again = loop {
        let (tx, key) = add("next").await?;
        if key == first {
            break tx;
        }
    };
    assert_eq!(db.seats.first_key(&1), 1);
    let upper = db.seats.start_transaction(Overlay::Optimistic);
    upper.update(first, |row| row.name = "changed".into()).await?;
    again.commit().await?;
    upper.commit().await?;
    let names: Vec<String> = db.seats.to_vec().await?.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["first", "changed"]);
    assert_eq!(db.seats.first_key(&2), 255);
    Ok(())
}
