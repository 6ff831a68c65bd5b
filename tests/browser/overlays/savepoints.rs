//! Savepoints of overlay transactions, beside others and beside other writes.

use std::cell::RefCell;

use futures::channel::oneshot;
use futures::future::{join, join_all};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{member, names, player, stored, with_rows};

fn failed() -> Error {
    Error::user("not that")
}

#[wasm_bindgen_test]
async fn what_is_written_beside_a_savepoint_is_not_undone_with_it() -> Result<()> {
    for overlay in [Overlay::Optimistic, Overlay::Standard] {
        let db = with_rows(&format!("overlay beside {overlay:?}")).await?;
        let tx = db.members.start_transaction(overlay);
        let (written, goes_on) = oneshot::channel();
        let savepoint = tx.savepoint(async || {
            tx.update(1, |row| row.age = 99).await?;
            tx.update(2, |row| row.age = 99).await?;
            tx.add(&member("Eve", 60)).await?;
            goes_on.await.map_err(Error::user)?;
            tx.delete(3).await?;
            Err::<(), _>(failed())
        });
        let beside = async {
            let dan = tx.add(&member("Dan", 50)).await?;
            // It comes after the savepoint's change of the row, and stays.
            tx.update(2, |row| row.name = "Bo".into()).await?;
            tx.update(3, |row| row.age = 41).await?;
            written.send(()).ok();
            Ok::<_, Error>(dan)
        };
        let (undone, dan) = join(savepoint, beside).await;
        assert_eq!(undone.map_err(|error| error.to_string()), Err("not that".to_owned()));
        let dan = dan?;
        assert_eq!(names(&tx).await?, ["Ann", "Bo", "Cid", "Dan"]);
        let committed = tx.commit().await?;
        assert_eq!(committed.key(&db.members, &dan), Some(4));
        assert_eq!(stored(&db).await?, ["Ann", "Bo", "Cid", "Dan"]);
        let ages: Vec<u32> = db.members.to_vec().await?.iter().map(|row| row.age).collect();
        assert_eq!((ages[0], ages[2], ages[3]), (20, 41, 50));
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn savepoints_of_an_overlay_follow_one_another() -> Result<()> {
    let db = with_rows("overlay savepoints together").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let log = RefCell::new(Vec::new());
    let (tx_of, log_of) = (&tx, &log);
    let done = join_all((0..10_u32).map(|at| async move {
        tx_of
            .savepoint(async || {
                log_of.borrow_mut().push(at);
                tx_of.update(1, |row| row.age += 1).await?;
                tx_of.add(&member(&format!("M{at}"), at)).await?;
                log_of.borrow_mut().push(at);
                if at % 2 == 0 { Ok(()) } else { Err(failed()) }
            })
            .await
    }))
    .await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 5);
    let mut pairs: Vec<(u32, u32)> = log.borrow().chunks(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.sort_unstable();
    assert_eq!(pairs, (0..10).map(|at| (at, at)).collect::<Vec<_>>());
    tx.commit().await?;
    assert_eq!(db.members.get(1).await?.map(|row| row.age), Some(25));
    assert_eq!(stored(&db).await?, ["Ann", "Bob", "Cid", "M0", "M2", "M4", "M6", "M8"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn savepoints_within_one_are_undone_alone() -> Result<()> {
    let db = with_rows("overlay savepoints within").await?;
    let tx = db.members.start_transaction(Overlay::Standard);
    tx.savepoint(async || {
        let (kept, undone) = join(
            tx.savepoint(async || tx.update(1, |row| row.age += 1).await),
            tx.savepoint(async || {
                tx.update(1, |row| row.age += 10).await?;
                tx.update(2, |row| row.age += 10).await?;
                Err::<(), _>(failed())
            }),
        )
        .await;
        assert_eq!(kept?.age, 21);
        assert_eq!(undone.map_err(|error| error.to_string()), Err("not that".to_owned()));
        tx.update(3, |row| row.age += 1).await
    })
    .await?;
    tx.commit().await?;
    let ages: Vec<u32> = db.members.to_vec().await?.iter().map(|row| row.age).collect();
    assert_eq!(ages, [21, 30, 41]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_savepoint_that_is_dropped_takes_back_what_it_has_written_only() -> Result<()> {
    let db = with_rows("overlay savepoint dropped").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    {
        let (_never, waits) = oneshot::channel::<()>();
        let savepoint = tx.savepoint(async || {
            tx.delete(1).await?;
            waits.await.map_err(Error::user)
        });
        let beside = async {
            while tx.get(1).await?.is_some() {}
            tx.delete(2).await
        };
        let (savepoint, beside) = (std::pin::pin!(savepoint), std::pin::pin!(beside));
        let beside = futures::future::select(savepoint, beside).await;
        assert!(matches!(beside, futures::future::Either::Right((Ok(()), _))), "the savepoint waits");
    }
    assert_eq!(names(&db.members).await?, ["Ann", "Cid"]);
    tx.commit().await?;
    assert_eq!(stored(&db).await?, ["Ann", "Cid"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_waits_for_the_savepoints_that_have_begun() -> Result<()> {
    for (overlay, fails) in [(Overlay::Optimistic, false), (Overlay::Optimistic, true), (Overlay::Standard, true)] {
        let db = with_rows(&format!("overlay commit beside a savepoint {overlay:?} {fails}")).await?;
        let tx = db.members.start_transaction(overlay);
        tx.update(2, |row| row.age = 31).await?;
        let (written, has_written) = oneshot::channel();
        let savepoint = tx.savepoint(async || {
            tx.update(1, |row| row.age = 99).await?;
            written.send(()).ok();
            // The commit has been called, and waits.
            while db.players.count().await? < 3 {}
            tx.add(&member("Eve", 60)).await?;
            if fails { Err(failed()) } else { Ok(()) }
        });
        let commit = async {
            has_written.await.map_err(Error::user)?;
            let commit = tx.commit();
            join(commit, db.players.add(&player("Kim", 1))).await.0
        };
        let (savepoint, committed) = join(savepoint, commit).await;
        assert_eq!(savepoint.is_err(), fails, "{savepoint:?}");
        assert_eq!(committed?.keys(&db.members).len(), usize::from(!fails));
        let rows = db.transaction(Mode::Read, &db.members, async |members| members.to_vec().await).await?;
        let ages: Vec<u32> = rows.iter().map(|row| row.age).collect();
        let expected: &[u32] = if fails { &[20, 31, 40] } else { &[99, 31, 40, 60] };
        assert_eq!(ages, expected, "{overlay:?}");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_within_a_savepoint_would_wait_for_itself() -> Result<()> {
    let db = with_rows("overlay commit in a savepoint").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let other = db.members.start_transaction(Overlay::Optimistic);
    other.update(2, |row| row.age = 31).await?;
    let done = tx
        .savepoint(async || {
            tx.update(1, |row| row.age = 99).await?;
            tx.savepoint(async || {
                // Another one's is no matter.
                other.commit().await?;
                tx.commit().await
            })
            .await
        })
        .await;
    let Err(Error::Aborted { reason }) = done else { panic!("{done:?}") };
    assert!(reason.contains("savepoint"), "{reason}");
    let ages: Vec<u32> = db.members.to_vec().await?.iter().map(|row| row.age).collect();
    assert_eq!(ages, [20, 31, 40], "it has been rolled back");
    Ok(())
}
