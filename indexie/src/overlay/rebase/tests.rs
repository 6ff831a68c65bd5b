//! What comes from the server goes beneath what is pending. The server is another database object of the same name, as another
//! tab's sync would be.

use std::cell::RefCell;
use std::rc::Rc;

use futures::executor::block_on;
use futures::future::{Either, select};
use futures::{FutureExt, Stream, StreamExt};
use indexie::prelude::*;
use serde::{Deserialize, Serialize};

use super::set_synced;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name, age")]
pub struct Person {
    pub id: u32,
    pub name: String,
    pub age: u32,
    pub note: Option<String>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, text", new(derive(Clone, Debug)))]
pub struct Line {
    pub id: u32,
    pub text: String,
    pub done: bool,
}

schema! {
    pub struct Town("town");

    version 1 {
        people: Person,
        lines: Line,
    }
}

pub fn person(id: u32, name: &str, age: u32) -> Person {
    Person { id, name: name.into(), age, note: None }
}

pub fn open(name: &str) -> Town {
    Town::builder().name(name).build()
}

/// A database whose tables follow a server, and the server: Ann (1, 20), Bob (2, 30).
pub async fn synced() -> Result<(Town, Town)> {
    let (db, server) = (open("town"), open("town"));
    server.people.bulk_put(&[person(1, "Ann", 20), person(2, "Bob", 30)]).await?;
    set_synced(&db.people.shared, db.people.store, true);
    set_synced(&db.lines.shared, db.lines.store, true);
    Ok((db, server))
}

pub async fn next<R>(stream: &mut (impl Stream<Item = Result<R>> + Unpin)) -> R {
    stream.next().await.expect("it does not end").expect("a result")
}

/// Nothing comes for as long as so much else is done that it would have come.
pub async fn quiet<R: std::fmt::Debug>(db: &Town, stream: &mut (impl Stream<Item = Result<R>> + Unpin)) {
    let busy = async {
        for _ in 0..6 {
            let counted = db.transaction(Mode::Read, &db.people, async |people| people.count().await);
            counted.await.expect("a count");
        }
    };
    if let Either::Left((item, _)) = select(stream.next(), busy.boxed_local()).await {
        panic!("nothing has changed: {item:?}");
    }
}

pub fn rows(rows: &[Rc<Person>]) -> Vec<(&str, u32)> {
    rows.iter().map(|row| (row.name.as_str(), row.age)).collect()
}

pub type Heard = Rc<RefCell<Vec<(Option<Person>, Option<Person>)>>>;

/// What the hooks of overlays' commits hear: each row before, and after.
pub fn heard_by(db: &Town) -> Heard {
    let heard = Heard::default();
    let (added, updated, deleted) = (heard.clone(), heard.clone(), heard.clone());
    db.people.hook().on_add(async move |e: Added<Person>| {
        added.borrow_mut().push((None, Some(e.item)));
        Ok(())
    });
    db.people.hook().on_update(async move |e: Updated<Person>| {
        updated.borrow_mut().push((Some(e.old), Some(e.new)));
        Ok(())
    });
    db.people.hook().on_delete(async move |e: Deleted<Person>| {
        deleted.borrow_mut().push((Some(e.item), None));
        Ok(())
    });
    heard
}

#[test]
fn what_the_server_changes_is_seen_beneath_what_is_pending() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let mut all = db.people.live();
        let mut changes = db.people.order_by(|p| p.age).live_changes();
        let (first, mut replayed) = (next(&mut all).await, Vec::new());
        next(&mut changes).await.apply(&mut replayed);
        assert_eq!(rows(&first), [("Ann", 20), ("Bob", 30)]);

        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        assert_eq!(rows(&next(&mut all).await)[0], ("Anna", 20));
        next(&mut changes).await.apply(&mut replayed);

        server.people.update(1, |row| row.age = 40).await?;
        assert_eq!(db.people.get(1).await?, Some(person(1, "Anna", 40)));
        assert_eq!(rows(&next(&mut all).await), [("Anna", 40), ("Bob", 30)]);
        next(&mut changes).await.apply(&mut replayed);
        assert_eq!(rows(&replayed), [("Bob", 30), ("Anna", 40)], "it has moved");
        assert_eq!(db.people.where_(|p| p.age).above(35).count().await?, 1);
        quiet(&db, &mut all).await;
        quiet(&db, &mut changes).await;

        tx.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(person(1, "Anna", 40)));
        quiet(&db, &mut all).await;
        Ok(())
    })
}

#[test]
fn several_rows_of_one_commit_are_seen_at_once() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        let mut all = db.people.live();
        next(&mut all).await;
        server.people.bulk_put(&[person(1, "Ann", 21), person(2, "Bob", 31), person(3, "Cid", 41)]).await?;
        assert_eq!(rows(&next(&mut all).await), [("Anna", 21), ("Bob", 31), ("Cid", 41)]);
        quiet(&db, &mut all).await;
        Ok(())
    })
}

#[test]
fn of_a_field_that_both_have_changed_the_pending_value_is_seen() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let heard = heard_by(&db);
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        server.people.put(&person(1, "Annie", 21)).await?;
        assert_eq!(db.people.get(1).await?, Some(person(1, "Anna", 21)));
        tx.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(person(1, "Anna", 21)));
        assert_eq!(heard.take(), [(Some(person(1, "Annie", 21)), Some(person(1, "Anna", 21)))]);
        Ok(())
    })
}

#[test]
fn once_the_server_has_it_too_it_is_not_pending_any_more() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let heard = heard_by(&db);
        let marked = clone!(db => async move || Ok(db.people.is_pending(&1)));
        let mut marked = live_query(marked);
        assert!(!next(&mut marked).await);
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        assert!(next(&mut marked).await);
        server.people.put(&person(1, "Anna", 20)).await?;
        assert!(!next(&mut marked).await);
        assert_eq!(tx.pending(), []);
        server.people.put(&person(1, "Else", 20)).await?;
        assert_eq!(db.people.get(1).await?, Some(person(1, "Else", 20)));
        tx.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(person(1, "Else", 20)));
        assert_eq!(heard.take(), [], "there is nothing to tell");
        Ok(())
    })
}

#[test]
fn a_pending_change_of_a_row_that_is_gone_is_a_new_row() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let heard = heard_by(&db);
        let mut all = db.people.live();
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        tx.delete(2).await?;
        assert_eq!(rows(&next(&mut all).await), [("Anna", 20)]);
        server.people.clear().await?;
        quiet(&db, &mut all).await;
        assert_eq!(tx.pending().len(), 1, "what is deleted already need not be deleted");
        tx.commit().await?;
        assert_eq!(server.people.to_vec().await?, [person(1, "Anna", 20)]);
        assert_eq!(heard.take(), [(None, Some(person(1, "Anna", 20)))]);
        quiet(&db, &mut all).await;
        Ok(())
    })
}

#[test]
fn a_row_that_was_gone_for_a_while_has_what_is_pending() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        server.people.clear().await?;
        tx.update(1, |row| row.note = Some("still".into())).await?;
        server.people.bulk_put(&[person(1, "Annie", 50), person(2, "Bob", 30)]).await?;
        let anna = Person { note: Some("still".into()), ..person(1, "Anna", 50) };
        assert_eq!(db.people.get(1).await?, Some(anna.clone()));
        tx.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(anna));
        Ok(())
    })
}

#[test]
fn a_deleted_row_that_has_changed_is_deleted() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let heard = heard_by(&db);
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.delete(1).await?;
        let mut all = db.people.live();
        assert_eq!(rows(&next(&mut all).await), [("Bob", 30)]);
        server.people.put(&person(1, "Annie", 21)).await?;
        quiet(&db, &mut all).await;
        tx.commit().await?;
        assert_eq!(server.people.to_vec().await?, [person(2, "Bob", 30)]);
        assert_eq!(heard.take(), [(Some(person(1, "Annie", 21)), None)]);
        Ok(())
    })
}

#[test]
fn an_added_row_that_comes_from_the_server_is_there_once() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let heard = heard_by(&db);
        let mut all = db.people.live();
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.add(&person(7, "Eve", 7)).await?;
        tx.add(&person(8, "Fay", 8)).await?;
        assert_eq!(next(&mut all).await.len(), 4);
        server.people.bulk_put(&[person(7, "Eve", 7), person(8, "Fey", 8)]).await?;
        quiet(&db, &mut all).await;
        assert_eq!(db.people.count().await?, 4);
        assert_eq!(tx.pending().len(), 1, "the other one is what the server has");
        // It is a change now: what it has not changed is the server's.
        server.people.bulk_put(&[person(7, "Eve", 70), person(8, "Fey", 80)]).await?;
        assert_eq!(rows(&next(&mut all).await)[2..], [("Eve", 70), ("Fay", 80)]);
        tx.commit().await?;
        assert_eq!(server.people.get(8).await?, Some(person(8, "Fay", 80)));
        assert_eq!(heard.take(), [(Some(person(8, "Fey", 80)), Some(person(8, "Fay", 80)))]);
        Ok(())
    })
}

#[test]
fn a_pending_row_that_was_put_as_a_whole_stays_as_it_is() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.put(&person(1, "Anna", 20)).await?;
        server.people.put(&person(1, "Annie", 21)).await?;
        assert_eq!(db.people.get(1).await?, Some(person(1, "Anna", 20)));
        tx.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(person(1, "Anna", 20)));
        Ok(())
    })
}

#[test]
fn overlays_are_put_on_one_another() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let lower = db.people.start_transaction(Overlay::Optimistic);
        let upper = db.people.start_transaction(Overlay::Optimistic);
        lower.update(1, |row| row.name = "Lower".into()).await?;
        upper.update(1, |row| row.note = Some("upper".into())).await?;
        let mut one = db.people.get(1).live();
        let upon =
            |name: &str, age, note: Option<&str>| Person { note: note.map(str::to_owned), ..person(1, name, age) };
        assert_eq!(next(&mut one).await, Some(upon("Lower", 20, Some("upper"))));
        server.people.update(1, |row| row.age = 40).await?;
        assert_eq!(next(&mut one).await, Some(upon("Lower", 40, Some("upper"))));
        assert_eq!(lower.get(1).await?, Some(upon("Lower", 40, None)));
        // What is written beneath comes through as well.
        lower.update(1, |row| row.name = "Low".into()).await?;
        assert_eq!(next(&mut one).await, Some(upon("Low", 40, Some("upper"))));
        // Without the lower one, the upper one is on what is stored.
        lower.rollback();
        assert_eq!(next(&mut one).await, Some(upon("Ann", 40, Some("upper"))));
        upper.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(upon("Ann", 40, Some("upper"))));
        quiet(&db, &mut one).await;
        Ok(())
    })
}

#[test]
fn a_hidden_overlay_is_rebased_too() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let heard = heard_by(&db);
        let tx = db.people.start_transaction(Overlay::Standard);
        tx.update(1, |row| row.age = 50).await?;
        let mut own = tx.where_(|p| p.age).above(40).to_vec().live();
        assert_eq!(next(&mut own).await.iter().map(|row| row.name.clone()).collect::<Vec<_>>(), ["Ann"]);
        server.people.update(1, |row| row.name = "Annie".into()).await?;
        assert_eq!(next(&mut own).await.iter().map(|row| row.name.clone()).collect::<Vec<_>>(), ["Annie"]);
        assert_eq!(db.people.get(1).await?, Some(person(1, "Annie", 20)));
        tx.commit().await?;
        assert_eq!(server.people.get(1).await?, Some(person(1, "Annie", 50)));
        assert_eq!(heard.take(), [(Some(person(1, "Annie", 20)), Some(person(1, "Annie", 50)))]);
        Ok(())
    })
}

#[test]
fn what_is_taken_back_shows_what_the_server_has() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let mut one = db.people.get(1).live();
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        assert_eq!(next(&mut one).await, Some(person(1, "Anna", 20)));
        server.people.update(1, |row| row.age = 21).await?;
        assert_eq!(next(&mut one).await, Some(person(1, "Anna", 21)));
        let undone: Result<()> = tx
            .savepoint(async || {
                tx.update(1, |row| row.note = Some("part".into())).await?;
                server.people.update(1, |row| row.age = 22).await?;
                tx.update(2, |row| row.name = "Bobby".into()).await?;
                server.people.update(2, |row| row.age = 32).await?;
                assert_eq!(db.people.get(2).await?, Some(person(2, "Bobby", 32)));
                Err(Error::user("not that"))
            })
            .await;
        assert!(undone.is_err());
        assert_eq!(next(&mut one).await, Some(person(1, "Anna", 22)));
        assert_eq!(db.people.get(2).await?, Some(person(2, "Bob", 32)));
        tx.rollback();
        assert_eq!(next(&mut one).await, Some(person(1, "Ann", 22)));
        quiet(&db, &mut one).await;
        Ok(())
    })
}

#[test]
fn what_was_not_heard_of_is_read_again() -> Result<()> {
    block_on(async {
        let (db, server) = synced().await?;
        let tx = db.people.start_transaction(Overlay::Optimistic);
        tx.update(1, |row| row.name = "Anna".into()).await?;
        let mut one = db.people.get(1).live();
        assert_eq!(next(&mut one).await, Some(person(1, "Anna", 20)));
        // More rows than are told one by one.
        let many: Vec<Person> = (1..6_000).map(|id| person(id, "Many", 60)).collect();
        server.people.bulk_put(&many).await?;
        assert_eq!(next(&mut one).await, Some(person(1, "Anna", 60)));
        // A table that is followed only now.
        let hidden = db.lines.start_transaction(Overlay::Standard);
        let id = server.lines.add(&NewLine { text: "one".into(), done: false }).await?;
        set_synced(&db.lines.shared, db.lines.store, false);
        hidden.update(id, |line| line.text = "two".into()).await?;
        server.lines.update(id, |line| line.done = true).await?;
        set_synced(&db.lines.shared, db.lines.store, true);
        hidden.commit().await?;
        assert_eq!(server.lines.get(id).await?, Some(Line { id, text: "two".into(), done: true }));
        Ok(())
    })
}

#[test]
fn who_looks_through_an_overlay_in_between_sees_those_beneath_it() -> Result<()> {
    block_on(async {
        for between in [Overlay::Optimistic, Overlay::Standard] {
            let (db, server) = synced().await?;
            let lower = db.people.start_transaction(Overlay::Optimistic);
            let tx = db.people.start_transaction(between);
            let upper = db.people.start_transaction(Overlay::Optimistic);
            upper.put(&person(1, "Anna", 50)).await?;
            let (mut own, mut others) = (tx.get(1).live(), db.people.get(1).live());
            assert_eq!(next(&mut own).await, Some(person(1, "Ann", 20)));
            assert_eq!(next(&mut others).await, Some(person(1, "Anna", 50)));
            lower.update(1, |row| row.name = "Anne".into()).await?;
            assert_eq!(next(&mut own).await, Some(person(1, "Anne", 20)));
            server.people.update(1, |row| row.age = 21).await?;
            assert_eq!(next(&mut own).await, Some(person(1, "Anne", 21)));
            lower.rollback();
            assert_eq!(next(&mut own).await, Some(person(1, "Ann", 21)));
            tx.update(1, |row| row.age = 22).await?;
            assert_eq!(next(&mut own).await, Some(person(1, "Ann", 22)));
            quiet(&db, &mut others).await;
        }
        Ok(())
    })
}
