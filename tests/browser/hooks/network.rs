//! Network first: nothing is stored, and nothing is seen, until the hooks have been successful.

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{join, join3};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{App, Ear, Log, User, listen, user, with_three};

async fn network_first(name: &str) -> Result<App> {
    let db = with_three(name).await?;
    db.users.set_strategy(Strategy::NetworkFirst);
    assert_eq!(db.users.strategy(), Strategy::NetworkFirst);
    Ok(db)
}

#[wasm_bindgen_test]
async fn hooks_come_first() -> Result<()> {
    let db = network_first("network first").await?;
    let ear = listen(&db);
    let (inner, seen) = (db.clone(), Ear::default());
    let at_the_time = seen.clone();
    db.users.hook().on_add(async move |e: Added<User>| {
        assert_eq!(e.key, None);
        at_the_time.hear(format!("{} rows", inner.users.count().await?));
        Ok(())
    });
    assert_eq!(db.users.add(&user("Dan", 50)).await?, 4);
    assert_eq!(db.users.bulk_add(&[user("Eve", 1), user("Flo", 2)]).await?, [5, 6]);
    assert_eq!(seen.heard(), ["3 rows", "4 rows", "4 rows"], "nothing is seen before");
    assert_eq!(db.users.update(1, |row| row.age += 1).await?.age, 21);
    db.users.delete(2).await?;
    assert_eq!(db.users.where_(|u| u.age).below(3).delete().await?, 2);
    assert_eq!(
        ear.heard(),
        [
            "add None Dan",
            "add None Eve",
            "add None Flo",
            "update 1 20->21",
            "delete 2 Bob",
            "delete 5 Eve",
            "delete 6 Flo"
        ]
    );
    assert!(ear.settled(&db).await?.is_empty(), "and not again");
    assert_eq!(db.users.primary_keys().await?, [1, 3, 4]);
    Ok(())
}

#[wasm_bindgen_test]
async fn one_that_fails_fails_the_write() -> Result<()> {
    let db = network_first("network fails").await?;
    db.users.hook().on_add(async |e: Added<User>| if e.item.age > 9 { Err(HookError::new("no")) } else { Ok(()) });
    let mut live = db.users.count().live();
    assert_eq!(futures::StreamExt::next(&mut live).await.transpose()?, Some(3));
    let failed = db.users.bulk_add(&[user("Dan", 1), user("Eve", 10)]).await;
    let Err(Error::Hook { table, key, message, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!((table.as_str(), key, message.as_str()), ("users", None, "no"));
    assert_eq!(db.users.count().await?, 3);
    assert!(matches!(db.users.add(&user("Ann", 1)).await, Err(Error::Constraint { .. })), "a clash is told before");
    assert_eq!(db.users.add(&user("Flo", 1)).await?, 4, "no key was used up");
    assert_eq!(futures::StreamExt::next(&mut live).await.transpose()?, Some(4));
    Ok(())
}

#[wasm_bindgen_test]
async fn the_servers_row_is_stored() -> Result<()> {
    let db = network_first("network row").await?;
    db.users
        .hook()
        .on_add(async |e: Added<User>| Ok(User { id: 100 + e.item.age, name: e.item.name.to_uppercase(), ..e.item }));
    assert_eq!(db.users.add(&user("Dan", 50)).await?, 150);
    assert_eq!(db.users.bulk_add(&[user("Eve", 1), user("Flo", 2)]).await?, [101, 102]);
    assert_eq!(db.users.get(150).await?.map(|row| (row.id, row.name)), Some((150, "DAN".into())));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_key_that_another_row_has_is_told_and_the_row_stays() -> Result<()> {
    let db = network_first("network key").await?;
    db.users.hook().on_add(async |mut e: Added<User>| {
        e.item.id = 1;
        Ok(e.item)
    });
    let before = db.users.get(1).await?;
    let taken = db.users.add(&user("new", 4)).await;
    assert!(
        matches!(&taken, Err(Error::Constraint { table, index: None, key: Some(key), .. }) if table == "users" && *key == 1.into()),
        "{taken:?}"
    );
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.add(&user("newer", 5)).await?;
    let taken = tx.commit().await;
    assert!(matches!(&taken, Err(Error::Constraint { index: None, key: Some(_), .. })), "{taken:?}");
    assert_eq!((db.users.get(1).await?, db.users.count().await?), (before, 3));

    // One that goes in the same step leaves its key.
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.delete(1).await?;
    let temporary = tx.add(&user("newest", 6)).await?;
    let committed = tx.commit().await?;
    assert_eq!(committed.key(&db.users, &temporary), Some(1));
    assert_eq!(db.users.get(1).await?.map(|row| row.age), Some(6));
    assert_eq!(db.users.count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_servers_row_may_have_come_by_other_ways() -> Result<()> {
    let db = network_first("network other way").await?;
    // As a tab that the server has told, too.
    let other: App = indexie_tests::builder("network other way").build();
    db.users.hook().on_add(async move |mut e: Added<User>| {
        e.item.id = 9;
        other.users.put(&e.item).await?;
        Ok(e.item)
    });
    assert_eq!(db.users.add(&user("new", 4)).await?, 9);
    assert_eq!(db.users.get(9).await?.map(|row| row.age), Some(4));
    assert_eq!(db.users.count().await?, 4);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_that_wait_side_by_side_are_all_stored() -> Result<()> {
    let db = network_first("network beside").await?;
    let inner = db.clone();
    // Some that are asked for later are done sooner, and some are not.
    db.users.hook().on_add(async move |e: Added<User>| {
        for _ in 0..30 - e.item.age {
            inner.users.count().await?;
        }
        Ok(())
    });
    let rows = [user("Eve", 28), user("Flo", 4), user("Gus", 20), user("Hal", 12)];
    let above = async {
        db.users.count().await?;
        let above = db.users.start_transaction(Overlay::Optimistic);
        let ida = above.add(&user("Ida", 30)).await?;
        Ok::<_, Error>((above, ida))
    };
    let (added, above) = join(futures::future::join_all(rows.iter().map(|row| db.users.add(row))), above).await;
    let mut keys = added.into_iter().collect::<Result<Vec<u32>>>()?;
    let (above, ida) = above?;
    assert_eq!(db.users.get(ida).await?.map(|row| row.name), Some("Ida".to_owned()));
    keys.push(above.commit().await?.key(&db.users, &ida).expect("it is stored"));
    let names = db.users.bulk_get(&keys).await?.into_iter().map(|row| row.map(|row| row.name)).collect::<Vec<_>>();
    assert_eq!(names, ["Eve", "Flo", "Gus", "Hal", "Ida"].map(|name| Some(name.to_owned())));
    assert_eq!(db.users.primary_keys().await?, [1, 2, 3, 4, 5, 6, 7, 8]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_servers_row_is_answered() -> Result<()> {
    let db = network_first("network answer").await?;
    db.users.hook().on_update(async |e: Updated<User>| Ok(User { name: e.new.name.to_uppercase(), ..e.new }));
    db.users.hook().on_add(async |e: Added<User>| Ok(User { age: 7, ..e.item }));
    let updated = db.users.update(1, |row| row.age += 1).await?;
    assert_eq!((&*updated.name, updated.age), ("ANN", 21));
    assert_eq!(db.users.get(1).await?, Some(updated));
    let dan = User { id: 9, email: "d".into(), name: "Dan".into(), age: 50 };
    let added = db.users.upsert(9, move || dan, |row| row.age += 1).await?;
    assert_eq!((added.id, added.age), (9, 7));
    assert_eq!(db.users.get(9).await?, Some(added));
    let changed = db.users.upsert(9, || unreachable!("it is there"), |row| row.age += 1).await?;
    assert_eq!((&*changed.name, changed.age), ("DAN", 8));
    assert_eq!(db.users.get(9).await?, Some(changed));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_that_writes_its_own_row_is_told_and_does_not_wait_for_ever() -> Result<()> {
    let db = network_first("network itself").await?;
    let (inner, ear) = (db.clone(), Ear::default());
    let told = ear.clone();
    db.users.hook().on_update(async move |e: Updated<User>| {
        if e.key == 1 {
            let refused = inner.users.update(e.key, |row| row.age = 0).await;
            told.hear(matches!(&refused, Err(Error::Unsupported { what }) if what.contains("`users`")).to_string());
            if e.new.age == 21 {
                // Another row is no problem.
                inner.users.update(3, |row| row.age += 1).await?;
            }
        }
        Ok(())
    });
    // The second one waits for the first, and does not hold up what that does.
    let (first, second) = join(
        db.users.update(1, |row| row.age += 1),
        db.users.bulk_put(&[
            User { id: 1, email: "a".into(), name: "A".into(), age: 1 },
            User { id: 3, email: "c".into(), name: "C".into(), age: 3 },
        ]),
    )
    .await;
    assert_eq!(first?.age, 21);
    second?;
    assert_eq!(ear.heard(), ["true", "true"]);
    let ages: Vec<u32> = db.users.to_vec().await?.iter().map(|row| row.age).collect();
    assert_eq!(ages, [1, 30, 3]);
    let refused = db.users.filter(|row| row.id == 1).modify(|row| row.age = 21).await;
    assert!(matches!(refused, Err(Error::Hook { .. })), "all rows are its own: {refused:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn two_hooks_that_write_the_row_of_the_other_do_not_wait_for_ever() -> Result<()> {
    let db = network_first("network one another").await?;
    let inner = db.clone();
    db.users.hook().on_update(async move |e: Updated<User>| {
        if e.new.age == 77 {
            inner.users.update(3 - e.key, |row| row.age = 1).await?;
        }
        Ok(())
    });
    let (first, second) = join(db.users.update(1, |row| row.age = 77), db.users.update(2, |row| row.age = 77)).await;
    assert_eq!(first?.age, 77);
    assert!(
        matches!(&second, Err(Error::Hook { table, message, .. }) if table == "users" && message.contains("network first")),
        "{second:?}"
    );
    let ages: Vec<u32> = db.users.to_vec().await?.iter().map(|row| row.age).collect();
    assert_eq!(ages[..2], [77, 1], "as if the first had come after the one that failed");
    Ok(())
}

/// A hook of a log, called in the background, that doubles the age of the user whose key the log says.
fn doubles_by_logs(db: &App) {
    let inner = db.clone();
    db.logs.hook().on_add(async move |e: Added<Log>| {
        let key: u32 = e.item.action.parse()?;
        inner.users.update(key, |row| row.age *= 2).await?;
        Ok(())
    });
}

fn log(key: u32) -> Log {
    Log { action: key.to_string() }
}

async fn ages(db: &App) -> Result<Vec<u32>> {
    Ok(db.users.to_vec().await?.iter().map(|row| row.age).collect())
}

#[wasm_bindgen_test]
async fn a_hook_that_waits_for_one_that_waits_for_its_row_is_told() -> Result<()> {
    let db = network_first("network settled").await?;
    doubles_by_logs(&db);
    let (inner, ear) = (db.clone(), Ear::default());
    let told = ear.clone();
    db.users.hook().on_update(async move |e: Updated<User>| {
        if e.new.age == 21 {
            // Whether it has begun to wait by then, or does so later.
            inner.logs.add(&log(1)).await?;
            for _ in 0..2 {
                let settled = inner.hooks_settled().await;
                told.hear(matches!(&settled, Err(Error::Unsupported { what }) if what.contains("`users`")).to_string());
                for _ in 0..20 {
                    inner.logs.count().await?;
                }
            }
        }
        Ok(())
    });
    assert_eq!(db.users.update(1, |row| row.age += 1).await?.age, 21);
    assert_eq!(ear.settled(&db).await?, ["true", "true"]);
    assert_eq!(ages(&db).await?, [42, 30, 40], "it has waited for its turn");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_that_waits_for_one_that_waits_for_another_row_does_so() -> Result<()> {
    let db = network_first("network settled elsewhere").await?;
    doubles_by_logs(&db);
    let (inner, ear) = (db.clone(), Ear::default());
    let told = ear.clone();
    db.users.hook().on_update(async move |e: Updated<User>| {
        if e.new.age == 21 {
            inner.logs.bulk_add(&[log(2), log(3)]).await?;
            inner.hooks_settled().await?;
            told.hear(format!("{:?}", ages(&inner).await?));
        }
        Ok(())
    });
    assert_eq!(db.users.update(1, |row| row.age += 1).await?.age, 21);
    assert_eq!(ear.settled(&db).await?, ["[20, 60, 80]"]);
    assert_eq!(ages(&db).await?, [21, 60, 80]);
    Ok(())
}

/// The hook in the background waits for a row whose own hook waits for this one's.
#[wasm_bindgen_test]
async fn a_hook_that_waits_for_one_that_waits_for_it_by_way_of_another_is_told() -> Result<()> {
    let db = network_first("network settled around").await?;
    doubles_by_logs(&db);
    let (inner, ear) = (db.clone(), Ear::default());
    let told = ear.clone();
    db.users.hook().on_update(async move |e: Updated<User>| {
        match e.new.age {
            21 => {
                inner.logs.add(&log(2)).await?;
                let settled = inner.hooks_settled().await;
                told.hear(matches!(settled, Err(Error::Unsupported { .. })).to_string());
            }
            31 => {
                inner.users.update(1, |row| row.age += 100).await?;
            }
            _ => {}
        }
        Ok(())
    });
    let (first, second) = join(db.users.update(1, |row| row.age += 1), db.users.update(2, |row| row.age += 1)).await;
    assert_eq!((first?.age, second?.age), (21, 31));
    assert_eq!(ear.settled(&db).await?, ["true"]);
    assert_eq!(ages(&db).await?, [121, 62, 40]);
    Ok(())
}

#[wasm_bindgen_test]
async fn writes_to_one_key_keep_their_order_and_others_do_not_wait() -> Result<()> {
    let db = network_first("network order").await?;
    let (open, gate) = oneshot::channel::<()>();
    let (ear, gate) = (Ear::default(), Rc::new(RefCell::new(Some(gate))));
    let inner = ear.clone();
    db.users.hook().on_update(async move |e: Updated<User>| {
        let gate = if e.key == 1 { gate.borrow_mut().take() } else { None };
        if let Some(gate) = gate {
            gate.await?;
        }
        inner.hear(format!("{} {}->{}", e.key, e.old.age, e.new.age));
        Ok(())
    });
    let first = db.users.update(1, |row| row.age += 1);
    let second = db.users.update(1, |row| row.age *= 2);
    let other = async {
        db.users.update(2, |row| row.age += 1).await?;
        assert_eq!(ear.heard(), ["2 30->31"], "another key's write has not waited");
        open.send(()).expect("it is waited for");
        Ok::<_, Error>(())
    };
    let (first, second, other) = join3(first, second, other).await;
    other?;
    assert_eq!((first?.age, second?.age), (21, 42));
    assert_eq!(ear.heard(), ["1 20->21", "1 21->42"]);
    assert_eq!(db.users.get(1).await?.map(|row| row.age), Some(42));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_cannot_wait_for_a_network() -> Result<()> {
    let db = network_first("network transaction").await?;
    let ear = listen(&db);
    let refused = db.transaction(Mode::ReadWrite, &db.users, async |users| users.delete(1).await).await;
    assert!(
        matches!(&refused, Err(Error::Unsupported { what }) if what.contains("start_transaction") && what.contains("users")),
        "{refused:?}"
    );
    assert_eq!(db.transaction(Mode::Read, &db.users, async |users| users.count().await).await?, 3);
    // Switched back, it goes as before.
    db.users.set_strategy(Strategy::LocalFirst);
    db.transaction(Mode::ReadWrite, &db.users, async |users| users.delete(1).await).await?;
    assert_eq!(ear.settled(&db).await?, ["delete 1 Ann"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn one_that_is_dropped_leaves_nothing() -> Result<()> {
    let db = network_first("network dropped").await?;
    db.users.hook().on_add(async |_: Added<User>| {
        std::future::pending::<()>().await;
        Ok(())
    });
    let mut adding = Box::pin(db.users.add(&user("Dan", 50)));
    for _ in 0..4 {
        let (_, counted) = join(futures::future::poll_immediate(&mut adding), db.users.count()).await;
        assert_eq!(counted?, 3);
    }
    drop(adding);
    assert_eq!(db.users.count().await?, 3);
    db.users.update(1, |row| row.age += 1).await?;
    assert_eq!(db.users.get(1).await?.map(|row| row.age), Some(21));
    Ok(())
}
