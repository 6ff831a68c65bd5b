//! What a commit does, and what it does when it fails.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, MaybeDone, maybe_done};
use indexie::prelude::*;
use indexie::{Committed, Mutation};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Member, member, names, player, stored, with_rows};

#[wasm_bindgen_test]
async fn a_row_that_was_changed_underneath_is_a_conflict() -> Result<()> {
    let db = with_rows("overlay conflict").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.update(1, |row| row.age = 21).await?;
    tx.add(&member("Dan", 50)).await?;
    db.members.update(1, |row| row.name = "Anna".into()).await?;
    assert_eq!(
        db.members.get(1).await?.map(|row| (row.name, row.age)),
        Some(("Ann".into(), 21)),
        "the overlay is above"
    );
    let conflict = tx.commit().await;
    let Err(Error::Conflict { table, key }) = conflict else { panic!("{conflict:?}") };
    assert_eq!((table.as_str(), key), ("members", 1.into()));
    assert_eq!(stored(&db).await?, ["Anna", "Bob", "Cid"]);
    assert_eq!(db.members.get(1).await?.map(|row| (row.name, row.age)), Some(("Anna".into(), 20)), "rolled back");
    // A row that was deleted, one that was added, and one that was only read by others.
    let tx = db.members.start_transaction(Overlay::Standard);
    tx.update(2, |row| row.age = 31).await?;
    db.members.delete(2).await?;
    assert!(matches!(tx.commit().await, Err(Error::Conflict { .. })));
    let tx = db.players.start_transaction(Overlay::Standard);
    tx.add(&player("Kim", 1)).await?;
    db.players.add(&player("Kim", 2)).await?;
    assert!(matches!(tx.commit().await, Err(Error::Conflict { .. })));
    let tx = db.members.start_transaction(Overlay::Standard);
    tx.update(3, |row| row.age = 41).await?;
    db.members.update(1, |row| row.age = 99).await?;
    tx.commit().await?;
    assert_eq!(db.members.get(3).await?.map(|row| row.age), Some(41));
    Ok(())
}

#[wasm_bindgen_test]
async fn told_to_overwrite_it_writes_its_own_changes_over_theirs() -> Result<()> {
    let db = with_rows("overlay overwrite").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.update(1, |row| row.age = 21).await?;
    tx.update(2, |row| row.age = 31).await?;
    tx.delete(3).await?;
    db.members.update(1, |row| row.name = "Anna".into()).await?;
    db.members.delete(2).await?;
    db.members.update(3, |row| row.age = 41).await?;
    tx.commit_overwriting().await?;
    let rows: Vec<_> = db.members.to_vec().await?.into_iter().map(|row| (row.id, row.name, row.age)).collect();
    assert_eq!(rows, [(1, "Anna".into(), 21), (2, "Bob".into(), 31)]);
    Ok(())
}

/// What has been heard, in words.
fn listen(db: &crate::fixtures::Club) -> Rc<RefCell<Vec<String>>> {
    let heard: Rc<RefCell<Vec<String>>> = Rc::default();
    let (add, update, delete) = (heard.clone(), heard.clone(), heard.clone());
    db.members.hook().on_add(async move |e: Added<Member>| {
        add.borrow_mut().push(format!("add {:?} {}", e.key, e.item.name));
        Ok(())
    });
    db.members.hook().on_update(async move |e: Updated<Member>| {
        update.borrow_mut().push(format!("update {} {:?}", e.key, e.changes()));
        Ok(())
    });
    db.members.hook().on_delete(async move |e: Deleted<Member>| {
        delete.borrow_mut().push(format!("delete {} {}", e.key, e.item.name));
        Ok(())
    });
    heard
}

#[wasm_bindgen_test]
async fn hooks_come_first_and_hear_what_it_comes_to() -> Result<()> {
    let db = with_rows("overlay hooks").await?;
    let heard = listen(&db);
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.update(2, |row| row.age = 1).await?;
    let dan = tx.add(&member("Dan", 50)).await?;
    tx.update(2, |row| row.age = 31).await?;
    tx.update(dan, |row| row.name = "Daniel".into()).await?;
    tx.delete(1).await?;
    // Undone again, so there is nothing to hear of.
    tx.update(3, |row| row.age = 1).await?;
    tx.update(3, |row| row.age = 40).await?;
    let gone = tx.add(&member("Eve", 1)).await?;
    tx.delete(gone).await?;
    assert!(heard.borrow().is_empty());
    let pending: Vec<_> =
        tx.pending().into_iter().map(|row| (row.table, row.key, row.is_temporary, row.mutation)).collect();
    let expected = [
        ("members", 1.into(), false, Mutation::Delete),
        ("members", 2.into(), false, Mutation::Update),
        ("members", dan.into(), true, Mutation::Add),
    ];
    assert_eq!(pending, expected);
    tx.commit().await?;
    assert_eq!(*heard.borrow(), ["update 2 {\"age\": Number(31)}", "add None Daniel", "delete 1 Ann"]);
    db.hooks_settled().await?;
    assert_eq!(heard.borrow().len(), 3, "once");
    assert!(tx.pending().is_empty());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_that_fails_rolls_back() -> Result<()> {
    let db = with_rows("overlay hook fails").await?;
    db.members.hook().on_update(async |e: Updated<Member>| {
        if e.new.age > 100 {
            return Err(HookError::new("nobody is that old"));
        }
        Ok(())
    });
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.update(1, |row| row.age = 21).await?;
    tx.update(2, |row| row.age = 131).await?;
    assert_eq!(db.members.get(2).await?.map(|row| row.age), Some(131));
    let failed = tx.commit().await;
    let Err(Error::Hook { table, key, mutation, message }) = failed else { panic!("{failed:?}") };
    assert_eq!((table.as_str(), key, mutation), ("members", Some(2.into()), Mutation::Update));
    assert_eq!(message, "nobody is that old");
    let ages: Vec<u32> = db.members.to_vec().await?.into_iter().map(|row| row.age).collect();
    assert_eq!(ages, [20, 30, 40]);
    assert!(!db.members.is_pending(&2));
    tx.rollback();
    assert!(matches!(tx.commit().await, Err(Error::Aborted { .. })));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_hook_may_return_the_servers_row() -> Result<()> {
    let db = with_rows("overlay server row").await?;
    db.members.hook().on_add(async |e: Added<Member>| Ok(Member { id: 100, age: e.item.age + 1, ..e.item }));
    db.members.hook().on_update(async |e: Updated<Member>| Ok(Some(Member { tags: vec!["seen".into()], ..e.new })));
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 50)).await?;
    tx.update(1, |row| row.age = 21).await?;
    let committed = tx.commit().await?;
    assert_eq!(committed.key(&db.members, &dan), Some(100));
    assert_eq!(db.members.get(100).await?.map(|row| (row.name, row.age)), Some(("Dan".into(), 51)));
    assert_eq!(db.members.get(1).await?.map(|row| (row.age, row.tags)), Some((21, vec!["seen".to_owned()])));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_clash_that_came_meanwhile_rolls_back() -> Result<()> {
    let db = with_rows("overlay late clash").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.add(&member("Dan", 50)).await?;
    tx.delete(1).await?;
    db.members.add(&member("Dan", 51)).await?;
    let clash = tx.commit().await;
    assert!(matches!(&clash, Err(Error::Constraint { index: Some(index), .. }) if index == "email"), "{clash:?}");
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid", "Dan"]);
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_that_is_dropped_rolls_back() -> Result<()> {
    let db = with_rows("overlay dropped commit").await?;
    db.members.hook().on_add(async |_: Added<Member>| {
        std::future::pending::<()>().await;
        Ok(())
    });
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.add(&member("Dan", 50)).await?;
    let mut commit = Box::pin(tx.commit());
    for _ in 0..5 {
        let counted = db.transaction(Mode::Read, &db.members, async |members| members.count().await);
        let either = futures::future::select(&mut commit, counted).await;
        assert!(matches!(either, futures::future::Either::Right((Ok(3), _))));
    }
    assert_eq!(db.members.count().await?, 4);
    drop(commit);
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid"]);
    // One that is never polled, too.
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.clear().await?;
    drop(tx.commit());
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid"]);
    Ok(())
}

/// An operation that has begun.
type Begun<R> = Pin<Box<MaybeDone<LocalBoxFuture<'static, Result<R>>>>>;

async fn begin<R: 'static>(operation: impl IntoFuture<Output = Result<R>, IntoFuture: 'static>) -> Begun<R> {
    let mut begun = Box::pin(maybe_done(operation.into_future().boxed_local()));
    // It goes on when it is waited for.
    let _ = futures::poll!(&mut begun);
    begun
}

async fn end<R: 'static>(mut begun: Begun<R>) -> Result<R> {
    begun.as_mut().await;
    begun.as_mut().take_output().expect("it has ended")
}

/// Has a commit end, and reads that begin beside it: the names that they see.
async fn beside<A: indexie::Access>(
    mut commit: Begun<Committed>,
    members: &Table<Member, A>,
) -> Result<Vec<Result<Vec<String>>>> {
    let mut reads = Vec::new();
    for _ in 0..40 {
        let _ = futures::poll!(&mut commit);
        reads.push(begin(members.to_vec()).await);
    }
    end(commit).await?;
    let mut seen = Vec::new();
    for read in reads {
        seen.push(end(read).await.map(|rows| rows.into_iter().map(|row| row.name).collect()));
    }
    Ok(seen)
}

#[wasm_bindgen_test]
async fn who_reads_through_an_overlay_that_is_being_stored_sees_each_row_once() -> Result<()> {
    for overlay in [Overlay::Optimistic, Overlay::Standard] {
        let db = with_rows(&format!("overlay read while stored {overlay:?}")).await?;
        let tx = db.members.start_transaction(overlay);
        tx.add(&member("Dan", 50)).await?;
        tx.update(1, |row| row.name = "Anna".into()).await?;
        for seen in beside(begin(tx.commit()).await, &tx).await? {
            match seen {
                Ok(names) => assert_eq!(names, ["Anna", "Bob", "Cid", "Dan"]),
                Err(error) => assert!(matches!(error, Error::Aborted { .. }), "it is over: {error:?}"),
            }
        }
        assert_eq!(stored(&db).await?, ["Anna", "Bob", "Cid", "Dan"]);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_follows_one_that_is_dropped_while_it_is_being_stored() -> Result<()> {
    for polls in 1..12 {
        let db = with_rows(&format!("overlay commit dropped after {polls}")).await?;
        let first = db.members.start_transaction(Overlay::Optimistic);
        first.add(&member("Dan", 50)).await?;
        let second = db.members.start_transaction(Overlay::Optimistic);
        second.add(&member("Eve", 60)).await?;
        let mut commit = begin(first.commit()).await;
        for _ in 0..polls {
            let _ = futures::poll!(&mut commit);
        }
        drop(commit);
        let reads = beside(begin(second.commit()).await, &db.members).await?;
        for seen in reads {
            let names = seen?;
            let all = ["Ann", "Bob", "Cid", "Dan", "Eve"];
            assert!(names == all || names == ["Ann", "Bob", "Cid", "Eve"], "after {polls}: {names:?}");
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn of_two_pending_rows_a_hook_cannot_make_one() -> Result<()> {
    let db = with_rows("overlay same server row").await?;
    db.members.hook().on_add(async |e: Added<Member>| {
        let id = if e.item.name.starts_with('D') { 7 } else { 3 };
        Ok(Member { id, ..e.item })
    });
    let refused = |done: Result<Committed>, id: u32| {
        let Err(Error::Data { table, key, row, message }) = done else { panic!("{done:?}") };
        assert_eq!((table.as_str(), key, row), ("members", Some(id.into()), None));
        assert!(message.contains("hook"), "{message}");
    };
    // Two new rows; and a new one and one that is changed.
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.bulk_add(&[member("Dan", 50), member("Dora", 60)]).await?;
    refused(tx.commit().await, 7);
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.update(3, |row| row.age = 41).await?;
    tx.add(&member("Eve", 60)).await?;
    refused(tx.commit().await, 3);
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
    assert_eq!(db.members.get(3).await?.map(|row| row.age), Some(40));
    // One that goes makes room.
    let tx = db.members.start_transaction(Overlay::Optimistic);
    tx.delete(3).await?;
    let eve = tx.add(&member("Eve", 60)).await?;
    assert_eq!(tx.commit().await?.key(&db.members, &eve), Some(3));
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Eve"]);
    // Two hooks may both return the row of one.
    db.members.hook().on_add(async |e: Added<Member>| Ok(Member { id: 8, ..e.item }));
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 50)).await?;
    assert_eq!(tx.commit().await?.key(&db.members, &dan), Some(8));
    db.members.set_strategy(Strategy::NetworkFirst);
    let bulk = db.members.bulk_add(&[member("Fay", 1), member("Gil", 2)]).await;
    assert!(matches!(&bulk, Err(Error::Data { key: Some(key), .. }) if *key == 8.into()), "{bulk:?}");
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Eve", "Dan"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn of_several_hooks_that_return_the_row_of_one_the_last_counts_under_the_key_that_one_has_given() -> Result<()> {
    let db = with_rows("overlay two server rows").await?;
    db.members.hook().on_add(async |e: Added<Member>| Ok(Member { id: 8, age: 1, ..e.item }));
    let upper =
        db.members.hook().on_add(async |e: Added<Member>| Ok(Member { name: e.item.name.to_uppercase(), ..e.item }));
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 50)).await?;
    assert_eq!(tx.commit().await?.key(&db.members, &dan), Some(8));
    assert_eq!(db.members.get(8).await?.map(|row| (row.id, row.name, row.age)), Some((8, "DAN".into(), 50)));
    // The second one may give another key, too.
    db.members.delete(8).await?;
    db.members.hook().remove(upper);
    db.members.hook().on_add(async |e: Added<Member>| Ok(Member { id: 9, ..e.item }));
    db.members.hook().on_add(async |e: Added<Member>| Ok(Member { age: e.item.age + 1, ..e.item }));
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 50)).await?;
    assert_eq!(tx.commit().await?.key(&db.members, &dan), Some(9));
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan"]);
    assert_eq!(db.members.primary_keys().await?, [1, 2, 3, 9]);
    assert_eq!(db.members.get(9).await?.map(|row| row.age), Some(51));
    Ok(())
}
