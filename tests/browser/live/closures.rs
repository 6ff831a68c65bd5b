//! `live_query`: the app's own function, run again when what it has read has changed.

use std::cell::Cell;
use std::rc::Rc;

use indexie::prelude::*;
use indexie_tests::{spawn_local, wasm_bindgen_test};

use crate::fixtures::{Friends, NewTodo, assert_quiet, fresh, friend, next, soon, with_three};

/// A query that counts how often it is run.
fn counting<R: PartialEq + Clone + 'static>(
    query: impl AsyncFn() -> Result<R> + 'static,
) -> (indexie::LiveQuery<R>, Rc<Cell<u32>>) {
    let runs = Rc::new(Cell::new(0));
    let count = runs.clone();
    let query = Rc::new(query);
    let live = live_query(move || {
        let (count, query) = (count.clone(), query.clone());
        async move {
            count.set(count.get() + 1);
            query().await
        }
    });
    (live, runs)
}

#[wasm_bindgen_test]
async fn it_sees_every_table_that_it_has_read() -> Result<()> {
    let db = with_three("closure tables").await?;
    let (mut sum, runs) =
        counting(clone!(db => async move || Ok((db.friends.count().await?, db.todos.to_vec().await?.len()))));
    assert_eq!(next(&mut sum).await, (3, 0));
    db.todos.add(&NewTodo { title: "one".into() }).await?;
    assert_eq!(next(&mut sum).await, (3, 1));
    db.friends.delete(1).await?;
    assert_eq!(next(&mut sum).await, (2, 1));
    assert_eq!(runs.get(), 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn it_runs_again_only_for_what_it_has_looked_at() -> Result<()> {
    let db = with_three("closure ranges").await?;
    let (mut adults, runs) =
        counting(clone!(db => async move || db.friends.where_(|f| f.age).above(25).to_vec().await));
    let (mut one, gets) = counting(clone!(db => async move || db.friends.get(1).await));
    let (mut count, counts) =
        counting(clone!(db => async move || db.friends.where_(|f| f.age).above(25).count().await));
    assert_eq!(next(&mut adults).await.len(), 2);
    assert_eq!(next(&mut one).await.map(|row| row.id), Some(1));
    assert_eq!(next(&mut count).await, 2);
    db.friends.add(&friend(4, "Dan", 4)).await?;
    db.friends.update(4, |row| row.name = "Danny".into()).await?;
    assert_quiet(soon(&db, &mut adults).await);
    assert_quiet(soon(&db, &mut one).await);
    assert_quiet(soon(&db, &mut count).await);
    assert_eq!((runs.get(), gets.get(), counts.get()), (1, 1, 1));
    // A row of the range, which is counted as before.
    db.friends.update(3, |row| row.name = "Cyd".into()).await?;
    assert_eq!(next(&mut adults).await[1].name, "Cyd");
    assert_quiet(soon(&db, &mut count).await);
    assert_eq!((runs.get(), gets.get(), counts.get()), (2, 1, 1));
    Ok(())
}

#[wasm_bindgen_test]
async fn what_it_depends_on_may_change_from_run_to_run() -> Result<()> {
    let db = with_three("closure branches").await?;
    let (mut query, runs) = counting(clone!(db => async move || {
        if db.friends.get(1).await?.is_some() {
            return Ok(0);
        }
        db.todos.count().await
    }));
    assert_eq!(next(&mut query).await, 0);
    db.todos.add(&NewTodo { title: "unseen".into() }).await?;
    assert_quiet(soon(&db, &mut query).await);
    assert_eq!(runs.get(), 1);
    db.friends.delete(1).await?;
    assert_eq!(next(&mut query).await, 1);
    db.todos.add(&NewTodo { title: "seen".into() }).await?;
    assert_eq!(next(&mut query).await, 2);
    db.friends.delete(2).await?;
    assert_quiet(soon(&db, &mut query).await);
    assert_eq!(runs.get(), 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_equal_result_is_not_given_again() -> Result<()> {
    let db = with_three("closure equal").await?;
    let (mut any, runs) = counting(clone!(db => async move || Ok(db.friends.to_vec().await?.len() > 1)));
    assert!(next(&mut any).await);
    db.friends.delete(3).await?;
    assert_quiet(soon(&db, &mut any).await);
    assert_eq!(runs.get(), 2);
    db.friends.delete(2).await?;
    assert!(!next(&mut any).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_burst_of_writes_is_one_more_run() -> Result<()> {
    let db = with_three("closure burst").await?;
    let (mut count, runs) = counting(clone!(db => async move || db.friends.count().await));
    assert_eq!(next(&mut count).await, 3);
    for id in 10..30 {
        db.friends.add(&friend(id, "New", 1)).await?;
    }
    assert_eq!(next(&mut count).await, 23);
    assert_eq!(runs.get(), 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_run_that_is_overtaken_is_not_given() -> Result<()> {
    let db = with_three("closure overtaken").await?;
    let other = db.clone();
    // Between its two reads somebody else writes, once.
    let written = Rc::new(Cell::new(false));
    let mut query = live_query(move || {
        let (db, other, written) = (other.clone(), other.clone(), written.clone());
        async move {
            let before = db.friends.count().await?;
            if !written.replace(true) {
                let (done, wait) = futures::channel::oneshot::channel();
                spawn_local(async move {
                    other.friends.delete(1).await.expect("deleted");
                    let _ = done.send(());
                });
                wait.await.expect("written");
            }
            Ok((before, db.friends.count().await?))
        }
    });
    assert_eq!(next(&mut query).await, (2, 2), "a count of 3 and one of 2 were never there together");
    Ok(())
}

#[wasm_bindgen_test]
async fn it_does_not_write() -> Result<()> {
    let db = with_three("closure writes").await?;
    let mut put = live_query(clone!(db => async move || db.friends.put(&friend(1, "X", 1)).await));
    let error = futures::StreamExt::next(&mut put).await.expect("no end").expect_err("it writes");
    assert!(matches!(&error, Error::ReadOnly { table } if table == "friends"), "{error:?}");
    assert!(error.to_string().contains("live query"), "{error}");
    let mut transaction = live_query(clone!(db => async move || {
        db.transaction(Mode::ReadWrite, &db.friends, async |friends| friends.delete(1).await).await
    }));
    let error = futures::StreamExt::next(&mut transaction).await.expect("no end").expect_err("it writes");
    assert!(matches!(&error, Error::ReadOnly { table } if table == "friends"), "{error:?}");
    let mut update = live_query(clone!(db => async move || db.friends.update(1, |row| row.age = None).await));
    assert!(futures::StreamExt::next(&mut update).await.expect("no end").is_err());
    assert_eq!(db.friends.get(1).await?, Some(friend(1, "Ann", 20)));
    Ok(())
}

#[wasm_bindgen_test]
async fn what_a_transaction_of_it_reads_is_tracked() -> Result<()> {
    let db = with_three("closure transaction").await?;
    let mut both = live_query(clone!(db => async move || {
        db.transaction(Mode::Read, (&db.friends, &db.todos), async |(friends, todos)| {
            let friends = friends.where_(|f| f.age).above(25).count().await?;
            Ok((friends, todos.count().await?))
        })
        .await
    }));
    assert_eq!(next(&mut both).await, (2, 0));
    db.todos.add(&NewTodo { title: "one".into() }).await?;
    assert_eq!(next(&mut both).await, (2, 1));
    db.friends.delete(3).await?;
    assert_eq!(next(&mut both).await, (1, 1));
    Ok(())
}

// Case 307.
#[wasm_bindgen_test]
async fn what_it_spawns_is_not_part_of_it() -> Result<()> {
    let db = with_three("closure spawned").await?;
    let (mut count, runs) = counting(clone!(db => async move || {
        let spawned = db.clone();
        spawn_local(async move {
            spawned.todos.count().await.expect("a count");
            // Nor is it kept from writing.
            spawned.notes.put_with_key(&crate::fixtures::Note { text: "x".into() }, "k").await.expect("written");
        });
        db.friends.count().await
    }));
    assert_eq!(next(&mut count).await, 3);
    db.todos.add(&NewTodo { title: "unseen".into() }).await?;
    assert_quiet(soon(&db, &mut count).await);
    assert_eq!(runs.get(), 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn two_databases_are_seen() -> Result<()> {
    let (one, other) = (with_three("closure one").await?, fresh::<Friends>("closure other").await);
    let mut sum =
        live_query(clone!(one, other => async move || Ok(one.friends.count().await? + other.friends.count().await?)));
    assert_eq!(next(&mut sum).await, 3);
    other.friends.add(&friend(1, "Ann", 1)).await?;
    assert_eq!(next(&mut sum).await, 4);
    one.friends.clear().await?;
    assert_eq!(next(&mut sum).await, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn changes_that_never_stop_do_not_keep_it_from_giving() -> Result<()> {
    let db = with_three("closure never quiet").await?;
    let mut ages = live_query(clone!(db => async move || {
        let mut ages = Vec::new();
        for _ in 0..5 {
            ages.push(db.friends.get(1).await?.and_then(|row| row.age));
        }
        Ok(ages)
    }));
    let is_over = Cell::new(false);
    let writes = async {
        for age in 0..5_000 {
            if is_over.get() {
                return Ok(age);
            }
            db.friends.update(1, move |row| row.age = Some(age)).await?;
        }
        Err(Error::user("nothing was given"))
    };
    let gives = async {
        for _ in 0..3 {
            assert_eq!(next(&mut ages).await.len(), 5);
        }
        is_over.set(true);
    };
    let (written, ()) = futures::future::join(writes, gives).await;
    let last = Some(written? - 1);
    // In the end it is what is stored.
    while next(&mut ages).await != [last; 5] {}
    Ok(())
}
