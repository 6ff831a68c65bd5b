//! What becomes of pending rows that were put on what has come from the server: they are stored, and hooks hear of them.

use std::cell::RefCell;
use std::rc::Rc;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::join;
use indexie::prelude::*;

use super::set_synced;
use super::tests::{Line, NewLine, Person, heard_by, next, person, quiet, rows, synced};
use crate::key::AnyKey;
use crate::overlay::LandedRow;
use crate::storage::Operation;

#[test]
fn an_overlay_stores_its_own_changes_alone() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let lower = db.people.start_transaction(Overlay::Optimistic);
        let upper = db.people.start_transaction(Overlay::Optimistic);
        lower.update(1, |row| row.name = "Lower".into()).await?;
        upper.update(1, |row| row.age = 99).await?;
        let mut one = db.people.get(1).live();
        assert_eq!(next(&mut one).await, Some(person(1, "Lower", 99)));
        upper.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(person(1, "Ann", 99)));
        quiet(&db, &mut one).await;
        lower.rollback();
        assert_eq!(next(&mut one).await, Some(person(1, "Ann", 99)));
        Ok(())
    })
}

#[test]
fn without_a_sync_it_is_a_conflict() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        set_synced(&db.people.shared, db.people.store, true);
        set_synced(&db.people.shared, db.people.store, false);
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        server.people.update(1, |row| row.age = 21).await?;
        assert_eq!(db.people.get(1).await?, Some(person(1, "Anna", 21)), "one of two is left");
        tx.commit().await?;
        set_synced(&db.people.shared, db.people.store, false);
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Ann".into()).await?;
        server.people.update(1, |row| row.age = 22).await?;
        assert_eq!(db.people.get(1).await?, Some(person(1, "Ann", 21)));
        assert!(matches!(tx.commit().await, Err(Error::Conflict { .. })));
        Ok(())
    })
}

#[test]
fn rows_with_temporary_keys_are_stored_as_ever() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let mut all = db.lines.live();
        assert!(next(&mut all).await.is_empty());
        let tx = db.lines.start_transaction(Overlay::Optimistic);
        let upper = db.lines.start_transaction(Overlay::Optimistic);
        let temporary = tx.add(&NewLine { text: "mine".into(), done: false }).await?;
        upper.update(temporary, |line| line.done = true).await?;
        tx.update(temporary, |line| line.text = "still mine".into()).await?;
        assert_eq!(next(&mut all).await[0].text, "still mine", "it comes through");
        let theirs = server.lines.add(&NewLine { text: "theirs".into(), done: false }).await?;
        assert_eq!(next(&mut all).await.len(), 2);
        let id = tx.commit().await?.key(&db.lines, &temporary).expect("a key");
        assert_ne!(id, theirs);
        server.lines.update(id, |line| line.text = "ours".into()).await?;
        upper.commit().await?;
        assert_eq!(server.lines.get(id).await?, Some(Line { id, text: "ours".into(), done: true }));
        assert_eq!(db.lines.count().await?, 2);
        Ok(())
    })
}

#[test]
fn what_was_built_on_a_row_that_never_was_is_a_conflict_still() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let lower = db.lines.start_transaction(Overlay::Optimistic);
        let upper = db.lines.start_transaction(Overlay::Optimistic);
        let temporary = lower.add(&NewLine { text: "mine".into(), done: false }).await?;
        upper.update(temporary, |line| line.done = true).await?;
        lower.rollback();
        assert!(matches!(upper.commit().await, Err(Error::Conflict { .. })));
        assert_eq!(server.lines.count().await?, 0);
        Ok(())
    })
}

#[test]
fn what_comes_while_the_hooks_are_called_is_beneath() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let heard: Rc<RefCell<Vec<Person>>> = Rc::default();
        let (to, at_server) = (heard.clone(), server.clone());
        db.people.hook().on_update(async move |e: Updated<Person>| {
            to.borrow_mut().push(e.old);
            // The server's echo of the first row, and news of the second one, come before all is stored.
            at_server.people.put(&Person { age: 77, ..e.new }).await?;
            at_server.people.update(2, |row| row.note = Some("news".into())).await?;
            Ok(())
        });
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        tx.update(2, |row| row.name = "Bobby".into()).await?;
        let mut all = db.people.live();
        next(&mut all).await;
        tx.commit().await?;
        let news = |name: &str, age| Person { note: Some("news".into()), ..person(2, name, age) };
        assert_eq!(heard.take(), [person(1, "Ann", 20), news("Bob", 30)]);
        assert_eq!(server.people.to_vec().await?, [person(1, "Anna", 77), news("Bobby", 77)]);
        assert_eq!(rows(&next(&mut all).await), [("Anna", 77), ("Bobby", 77)]);
        quiet(&db, &mut all).await;
        Ok(())
    })
}

#[test]
fn a_network_first_write_is_put_on_what_has_come_meanwhile() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        db.people.set_strategy(Strategy::NetworkFirst);
        let at_server = server.clone();
        db.people.hook().on_update(async move |e: Updated<Person>| {
            at_server.people.put(&Person { age: e.new.age + 1, ..e.new }).await?;
            Ok(())
        });
        db.people.update(1, |row| row.name = "Anna".into()).await?;
        assert_eq!(server.people.get(1).await?, Some(person(1, "Anna", 21)));
        Ok(())
    })
}

#[test]
fn a_sync_stores_its_own_rows_with_those_of_an_overlay() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let heard = heard_by(&db);
        let tx = db.start_transaction(Overlay::Optimistic, &db.people);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        tx.delete(2).await?;
        server.people.update(1, |row| row.age = 21).await?;
        let given: Rc<RefCell<Vec<LandedRow>>> = Rc::default();
        let (to, lines) = (given.clone(), db.lines.store);
        let extra = move |session: crate::engine::Session, rows: Vec<LandedRow>| {
            async move {
                to.borrow_mut().extend(rows);
                session.run_below(lines, None, Operation::Clear).await.map(|_| ())
            }
            .boxed_local()
        };
        server.lines.add(&NewLine { text: "gone".into(), done: false }).await?;
        tx.ending_with(vec![lines], Box::new(extra)).await?;
        let keys: Vec<(AnyKey, bool, bool)> =
            given.take().into_iter().map(|row| (row.key, row.before.is_some(), row.after.is_some())).collect();
        assert_eq!(keys, [(1.into(), true, true), (2.into(), true, false)]);
        assert_eq!(server.people.to_vec().await?, [person(1, "Anna", 21)]);
        assert_eq!((server.lines.count().await?, heard.take()), (0, Vec::new()));

        // All or nothing.
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.age = 1).await?;
        let fails = |_, _| async { Err(Error::user("no")) }.boxed_local();
        assert!(tx.ending_with(Vec::new(), Box::new(fails)).await.is_err());
        assert_eq!(db.people.get(1).await?, Some(person(1, "Anna", 21)));
        Ok(())
    })
}

#[test]
fn writes_are_in_flight_until_their_hooks_are_done() -> Result<()> {
    block_on(async {
        let (db, _server) = synced().await?;
        let (open, gate) = futures::channel::oneshot::channel::<()>();
        let gate = gate.shared();
        db.people.hook().on_update(async move |_: Updated<Person>| {
            let _ = gate.clone().await;
            Ok(())
        });
        db.people.update(1, |row| row.age = 21).await?;
        db.people.update(1, |row| row.age = 22).await?;
        db.people.update(2, |row| row.age = 31).await?;
        let flying = || crate::hooks::in_flight(&db.people.shared, db.people.store);
        let ages = |row: &Option<crate::storage::memory::evaluator::Row>| match row.as_deref() {
            Some(crate::storage::memory::evaluator::Value::Object(row)) => format!("{:?}", row.get("age")),
            other => format!("{other:?}"),
        };
        let seen: Vec<_> = flying().iter().map(|write| (ages(&write.old), ages(&write.new))).collect();
        let age = |age: f64| format!("{:?}", Some(crate::storage::memory::evaluator::Value::Number(age)));
        assert_eq!(seen, [(age(20.0), age(22.0)), (age(30.0), age(31.0))]);
        open.send(()).expect("somebody waits");
        db.hooks_settled().await?;
        assert!(flying().is_empty());
        Ok(())
    })
}

#[test]
fn what_a_sync_stores_in_the_place_of_a_row_is_seen() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let (mut all, mut count) = (db.people.live(), db.people.count().live());
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        tx.add(&person(3, "Cid", 40)).await?;
        assert_eq!((next(&mut all).await.len(), next(&mut count).await), (3, 3));
        let people = db.people.store;
        let takes_back = move |session: crate::engine::Session, rows: Vec<LandedRow>| {
            let keys = rows.into_iter().map(|row| row.key).collect();
            async move { session.run_below(people, None, Operation::Delete(keys)).await.map(|_| ()) }.boxed_local()
        };
        tx.ending_with(Vec::new(), Box::new(takes_back)).await?;
        assert_eq!(rows(&next(&mut all).await), [("Bob", 30)]);
        assert_eq!(next(&mut count).await, 1);
        quiet(&db, &mut all).await;
        quiet(&db, &mut count).await;
        assert_eq!(server.people.count().await?, 1);
        Ok(())
    })
}

#[test]
fn a_server_is_told_the_key_of_a_row_whose_add_is_in_its_hook() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let (goes, go) = oneshot::channel::<()>();
        let go = RefCell::new(Some(go));
        db.lines.hook().on_add(async move |_: Added<Line>| {
            let go = go.borrow_mut().take();
            if let Some(go) = go {
                go.await?;
            }
            Ok(())
        });
        let heard: Rc<RefCell<Vec<(u32, Line, Line)>>> = Rc::default();
        let to = heard.clone();
        db.lines.hook().on_update(async move |e: Updated<Line>| {
            to.borrow_mut().push((e.key, e.old, e.new));
            Ok(())
        });
        let lower = db.lines.start_transaction(Overlay::Optimistic);
        let temporary = lower.add(&NewLine { text: "mine".into(), done: false }).await?;
        let mut adds = lower.commit();
        let upper = db.lines.start_transaction(Overlay::Optimistic);
        upper.update(temporary, |line| line.done = true).await?;
        let mut updates = upper.commit();
        for _ in 0..5 {
            assert!((&mut adds).now_or_never().is_none());
            assert!((&mut updates).now_or_never().is_none());
            assert_eq!(server.lines.count().await?, 0);
        }
        goes.send(()).ok();
        let (adds, updates) = join(adds, updates).await;
        assert_eq!(adds?.key(&db.lines, &temporary), Some(1));
        updates?;
        let line = |done| Line { id: 1, text: "mine".into(), done };
        assert_eq!(heard.take(), [(1, line(false), line(true))]);
        assert_eq!(server.lines.to_vec().await?, [line(true)]);
        Ok(())
    })
}
