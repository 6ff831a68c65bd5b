//! Several overlays at once, and parts of one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::join;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Club, Member, member, names, stored, with_rows};

#[wasm_bindgen_test]
async fn overlays_stack_in_the_order_of_their_start() -> Result<()> {
    let db = with_rows("overlay stack").await?;
    let first = db.members.start_transaction(Overlay::Optimistic);
    let second = db.members.start_transaction(Overlay::Optimistic);
    let hidden = db.members.start_transaction(Overlay::Standard);
    second.update(1, |row| row.age = 22).await?;
    first.update(1, |row| row.age = 21).await?;
    hidden.add(&member("Hid", 1)).await?;
    let dan = first.add(&member("Dan", 50)).await?;
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(22), "the later one is above");
    assert_eq!(first.get(1).await?.map(|row| row.age), Some(21), "and is not seen from beneath");
    assert_eq!(names(&second).await?, ["Ann", "Bob", "Cid", "Dan"]);
    assert_eq!(names(&first).await?, ["Ann", "Bob", "Cid", "Dan"]);
    assert_eq!(names(&hidden).await?, ["Ann", "Bob", "Cid", "Dan", "Hid"], "temporary keys count down");
    assert_eq!(second.get(dan).await?.map(|row| row.age), Some(50));
    second.rollback();
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(21));
    first.rollback();
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(20));
    assert_eq!(names(&hidden).await?, ["Ann", "Bob", "Cid", "Hid"]);
    hidden.commit().await?;
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Hid"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_added_beneath_is_known_by_its_own_key_once_it_is_stored() -> Result<()> {
    let db = with_rows("overlay rekey").await?;
    let first = db.members.start_transaction(Overlay::Optimistic);
    let dan = first.add(&member("Dan", 50)).await?;
    let second = db.members.start_transaction(Overlay::Optimistic);
    second.update(dan, |row| row.age = 51).await?;
    assert_eq!(first.commit().await?.key(&db.members, &dan), Some(4));
    assert_eq!(db.members.get(4).await?.map(|row| (row.id, row.age)), Some((4, 51)));
    assert_eq!(db.members.get(dan).await?, None);
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan"]);
    second.commit().await?;
    assert_eq!(db.members.get(4).await?.map(|row| row.age), Some(51));
    Ok(())
}

#[wasm_bindgen_test]
async fn what_was_built_on_a_row_that_is_gone_is_a_conflict() -> Result<()> {
    let db = with_rows("overlay on sand").await?;
    let first = db.members.start_transaction(Overlay::Optimistic);
    first.update(1, |row| row.age = 21).await?;
    let second = db.members.start_transaction(Overlay::Optimistic);
    second.update(1, |row| row.age += 1).await?;
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(22));
    first.rollback();
    assert!(matches!(second.commit().await, Err(Error::Conflict { .. })));
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(20));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_savepoint_is_undone_alone() -> Result<()> {
    let db = with_rows("overlay savepoint").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let dan = tx.add(&member("Dan", 50)).await?;
    let undone: Result<()> = tx
        .savepoint(async || {
            tx.update(1, |row| row.age = 99).await?;
            tx.delete(dan).await?;
            let inner: Result<()> = tx
                .savepoint(async || {
                    tx.clear().await?;
                    Err(Error::user("not that"))
                })
                .await;
            assert!(inner.is_err());
            assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid"]);
            Err(Error::user("nor this"))
        })
        .await;
    assert_eq!(undone.map_err(|error| error.to_string()), Err("nor this".to_owned()));
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(20));
    assert_eq!(names(&db.members).await?, ["Ann", "Bob", "Cid", "Dan"]);
    tx.savepoint(async || tx.update(2, |row| row.age = 31).await).await?;
    tx.commit().await?;
    assert_eq!(db.members.get(2).await?.map(|row| row.age), Some(31));
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_was_built_on_a_row_that_was_never_stored_is_a_conflict_whatever_is_to_be_overwritten() -> Result<()> {
    let db = with_rows("overlay on sand, overwriting").await?;
    let heard = Rc::new(Cell::new(0));
    let hook = heard.clone();
    db.members.hook().on_update(async move |_: Updated<Member>| {
        hook.set(hook.get() + 1);
        Ok(())
    });
    for put in [false, true] {
        let first = db.members.start_transaction(Overlay::Optimistic);
        let dan = first.add(&member("Dan", 50)).await?;
        let second = db.members.start_transaction(Overlay::Optimistic);
        if put {
            let row = second.get(dan).await?.expect("it is seen");
            second.put(&Member { age: 51, ..row }).await?;
        } else {
            second.update(dan, |row| row.age = 51).await?;
        }
        second.update(1, |row| row.age = 21).await?;
        first.rollback();
        let conflict = second.commit_overwriting().await;
        let Err(Error::Conflict { table, key }) = conflict else { panic!("{conflict:?}") };
        assert_eq!((table.as_str(), key), ("members", dan.into()));
    }
    assert_eq!(heard.get(), 0, "no server is told of what cannot be stored");
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(20), "nothing is stored");
    assert_eq!(db.members.add(&member("Eve", 60)).await?, 4, "and no key is used up");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_was_never_stored_may_be_deleted_whatever_is_to_be_overwritten() -> Result<()> {
    let db = with_rows("overlay deletes sand").await?;
    let first = db.members.start_transaction(Overlay::Optimistic);
    let dan = first.add(&member("Dan", 50)).await?;
    let second = db.members.start_transaction(Overlay::Optimistic);
    second.delete(dan).await?;
    second.update(1, |row| row.age = 21).await?;
    first.rollback();
    second.commit_overwriting().await?;
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(21));
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
    Ok(())
}

/// Members whose next update waits: it says that it has begun, and goes on when told.
fn held_up(db: &Club, returns: bool) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (begins, begun) = oneshot::channel();
    let (goes, go) = oneshot::channel::<()>();
    let waits = RefCell::new(Some((begins, go)));
    db.members.hook().on_update(async move |e: Updated<Member>| {
        let waits = waits.borrow_mut().take();
        if let Some((begins, go)) = waits {
            begins.send(()).ok();
            go.await?;
        }
        Ok(returns.then(|| Member { name: "Served".into(), ..e.new }))
    });
    (begun, goes)
}

#[wasm_bindgen_test]
async fn a_commit_that_waits_for_a_hook_goes_by_the_keys_that_rows_get_meanwhile() -> Result<()> {
    for returns in [false, true] {
        let db = with_rows(&format!("overlay rekeyed in a hook {returns}")).await?;
        let (begun, goes) = held_up(&db, returns);
        let first = db.members.start_transaction(Overlay::Optimistic);
        let dan = first.add(&member("Dan", 50)).await?;
        let eve = first.add(&member("Eve", 60)).await?;
        let second = db.members.start_transaction(Overlay::Optimistic);
        second.update(dan, |row| row.age = 51).await?;
        second.update(eve, |row| row.age = 61).await?;
        let meanwhile = async {
            begun.await.map_err(Error::user)?;
            let keys = first.commit().await?.keys(&db.members);
            goes.send(()).ok();
            Ok::<_, Error>(keys)
        };
        let (second, keys) = join(second.commit_overwriting(), meanwhile).await;
        assert_eq!(keys?, [(dan, 4), (eve, 5)]);
        second?;
        let rows = db.transaction(Mode::Read, &db.members, async |members| members.to_vec().await).await?;
        let rows: Vec<_> = rows.into_iter().skip(3).map(|row| (row.id, row.name, row.age)).collect();
        let name = |name: &str| if returns { "Served".to_owned() } else { name.to_owned() };
        assert_eq!(rows, [(4, name("Dan"), 51), (5, name("Eve"), 61)]);
        assert_eq!(db.members.add(&member("Fay", 70)).await?, 6);
    }
    Ok(())
}

/// Hooks on members: the one of what is added waits until it is told that the server has taken the row, or not; the others note
/// keys.
fn at_server(db: &Club) -> (oneshot::Receiver<()>, oneshot::Sender<bool>, Rc<RefCell<Vec<String>>>) {
    let (begins, begun) = oneshot::channel();
    let (goes, go) = oneshot::channel::<bool>();
    let waits = RefCell::new(Some((begins, go)));
    db.members.hook().on_add(async move |_: Added<Member>| {
        let waits = waits.borrow_mut().take();
        if let Some((begins, go)) = waits {
            begins.send(()).ok();
            if !go.await? {
                return Err(HookError::new("no"));
            }
        }
        Ok(())
    });
    let heard: Rc<RefCell<Vec<String>>> = Rc::default();
    let (updated, deleted) = (heard.clone(), heard.clone());
    db.members.hook().on_update(async move |e: Updated<Member>| {
        updated.borrow_mut().push(format!("update {} {} {} {}", e.key, e.old.id, e.new.id, e.new.age));
        Ok(())
    });
    db.members.hook().on_delete(async move |e: Deleted<Member>| {
        deleted.borrow_mut().push(format!("delete {} {}", e.key, e.item.id));
        Ok(())
    });
    (begun, goes, heard)
}

#[wasm_bindgen_test]
async fn hooks_hear_of_a_row_by_its_key_whose_add_was_in_its_hook() -> Result<()> {
    for overwriting in [false, true] {
        for delete in [false, true] {
            let db = with_rows(&format!("overlay edits an add {overwriting} {delete}")).await?;
            let (begun, goes, heard) = at_server(&db);
            let first = db.members.start_transaction(Overlay::Optimistic);
            let dan = first.add(&member("Dan", 50)).await?;
            let second = db.members.start_transaction(Overlay::Optimistic);
            if delete {
                second.delete(dan).await?;
            } else {
                second.update(dan, |row| row.age = 51).await?;
            }
            let commit = async {
                begun.await.map_err(Error::user)?;
                let commit = if overwriting { second.commit_overwriting() } else { second.commit() };
                let goes = async {
                    // So much is done that the hooks would have been called.
                    for _ in 0..5 {
                        assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
                    }
                    goes.send(true).ok();
                    Ok::<_, Error>(())
                };
                let (committed, gone) = join(commit, goes).await;
                committed.and(gone)
            };
            let (first, second) = join(first.commit(), commit).await;
            assert_eq!(first?.key(&db.members, &dan), Some(4));
            second?;
            assert_eq!(heard.take(), [if delete { "delete 4 4" } else { "update 4 4 4 51" }]);
            let rows = db.transaction(Mode::Read, &db.members, async |members| members.to_vec().await).await?;
            let rows: Vec<_> = rows.into_iter().skip(3).map(|row| (row.id, row.name, row.age)).collect();
            assert_eq!(rows, if delete { vec![] } else { vec![(4, "Dan".into(), 51)] });
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn no_hook_hears_of_a_row_whose_add_has_failed() -> Result<()> {
    for delete in [false, true] {
        let db = with_rows(&format!("overlay edits a failed add {delete}")).await?;
        let (begun, goes, heard) = at_server(&db);
        let first = db.members.start_transaction(Overlay::Optimistic);
        let dan = first.add(&member("Dan", 50)).await?;
        let second = db.members.start_transaction(Overlay::Optimistic);
        second.update(1, |row| row.age = 21).await?;
        if delete {
            second.delete(dan).await?;
        } else {
            second.update(dan, |row| row.age = 51).await?;
        }
        let commit = async {
            begun.await.map_err(Error::user)?;
            let (committed, _) = join(second.commit_overwriting(), async { goes.send(false).ok() }).await;
            committed
        };
        let (first, second) = join(first.commit(), commit).await;
        assert!(matches!(first, Err(Error::Hook { .. })), "{first:?}");
        if delete {
            second?;
            assert_eq!(heard.take(), ["update 1 1 1 21"]);
        } else {
            let Err(Error::Conflict { table, key }) = second else { panic!("{second:?}") };
            assert_eq!((table.as_str(), key), ("members", dan.into()));
            assert!(heard.take().is_empty());
        }
        assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid"]);
        assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(if delete { 21 } else { 20 }));
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_in_the_hook_of_the_row_that_it_edits_does_not_wait_for_itself() -> Result<()> {
    let db = with_rows("overlay edits an add in its hook").await?;
    let first = db.members.start_transaction(Overlay::Optimistic);
    let dan = first.add(&member("Dan", 50)).await?;
    let (members, edited) = (db.members.clone(), Rc::new(RefCell::new(None)));
    let noted = edited.clone();
    db.members.hook().on_add(async move |_: Added<Member>| {
        let tx = members.start_transaction(Overlay::Optimistic);
        tx.update(dan, |row| row.age = 51).await?;
        *noted.borrow_mut() = Some(tx.commit_overwriting().await);
        Ok(())
    });
    assert_eq!(first.commit().await?.key(&db.members, &dan), Some(4));
    let edited = edited.take();
    assert!(matches!(&edited, Some(Err(Error::Conflict { key, .. })) if *key == dan.into()), "{edited:?}");
    assert_eq!(db.members.get(4).await?.map(|row| row.age), Some(50));
    Ok(())
}

#[wasm_bindgen_test]
async fn nor_does_one_that_waits_for_another_that_waits_for_the_hook() -> Result<()> {
    let db = with_rows("overlay edits an add of one that waits").await?;
    let (begun, goes, heard) = at_server(&db);
    let first = db.members.start_transaction(Overlay::Optimistic);
    let dan = first.add(&member("Dan", 50)).await?;
    let second = db.members.start_transaction(Overlay::Optimistic);
    second.update(dan, |row| row.age = 51).await?;
    let eve = second.add(&member("Eve", 60)).await?;
    let third = db.members.start_transaction(Overlay::Optimistic);
    third.update(eve, |row| row.age = 61).await?;
    let third = RefCell::new(Some(third));
    let edited = Rc::new(RefCell::new(None));
    let noted = edited.clone();
    db.members.hook().on_add(async move |_: Added<Member>| {
        let third = third.borrow_mut().take();
        if let Some(third) = third {
            *noted.borrow_mut() = Some(third.commit_overwriting().await);
        }
        Ok(())
    });
    let commit = async {
        begun.await.map_err(Error::user)?;
        let (committed, _) = join(second.commit(), async { goes.send(true).ok() }).await;
        committed
    };
    let (first, second) = join(first.commit(), commit).await;
    assert_eq!(first?.key(&db.members, &dan), Some(4));
    assert_eq!(second?.key(&db.members, &eve), Some(5));
    let edited = edited.take();
    assert!(matches!(&edited, Some(Err(Error::Conflict { key, .. })) if *key == eve.into()), "{edited:?}");
    assert_eq!(heard.take(), ["update 4 4 4 51"]);
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "Dan", "Eve"]);
    Ok(())
}
