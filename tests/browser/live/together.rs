//! Live queries and transactions: nothing is given before the end, and then all of it at once.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{NewTodo, assert_quiet, friend, ids, names, next, soon, with_three};

// Case 292.
#[wasm_bindgen_test]
async fn a_transaction_gives_one_item_after_its_end() -> Result<()> {
    let db = with_three("live transaction").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    db.transaction(Mode::ReadWrite, &db.friends, async |friends| {
        friends.add(&friend(4, "Dan", 4)).await?;
        friends.delete(1).await?;
        friends.update(2, |row| row.name = "Bo".into()).await?;
        friends.update(2, |row| row.name = "B".into()).await?;
        friends.add(&friend(5, "Eve", 5)).await?;
        friends.delete(5).await
    })
    .await?;
    assert_eq!(names(&next(&mut all).await), ["B", "Cid", "Dan"]);
    assert_quiet(soon(&db, &mut all).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_aborted_gives_nothing() -> Result<()> {
    let db = with_three("live aborted").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    let aborted = db
        .transaction(Mode::ReadWrite, &db.friends, async |friends| {
            friends.clear().await?;
            Err::<(), _>(Error::user(std::fmt::Error))
        })
        .await;
    assert!(matches!(aborted, Err(Error::User(_))), "{aborted:?}");
    assert_quiet(soon(&db, &mut all).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_a_savepoint_undoes_is_not_given() -> Result<()> {
    let db = with_three("live savepoint").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    db.transaction(Mode::ReadWrite, &db.friends, async |friends| {
        friends.add(&friend(4, "Dan", 4)).await?;
        let tx = friends.transaction();
        let undone = tx
            .savepoint(async || {
                friends.clear().await?;
                friends.add(&friend(9, "Ida", 9)).await?;
                Err::<(), _>(Error::Stalled)
            })
            .await;
        assert!(undone.is_err());
        friends.delete(1).await
    })
    .await?;
    assert_eq!(ids(&next(&mut all).await), [2, 3, 4]);
    Ok(())
}

// Case 294.
#[wasm_bindgen_test]
async fn of_rows_that_clash_none_is_given() -> Result<()> {
    let db = with_three("live clash").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    let clash = db.friends.bulk_add(&[friend(7, "Gil", 7), friend(1, "Ann", 1)]).await;
    assert!(matches!(clash, Err(Error::Constraint { .. })), "{clash:?}");
    assert_quiet(soon(&db, &mut all).await);
    db.transaction(Mode::ReadWrite, &db.friends, async |friends| {
        let clash = friends.bulk_add(&[friend(7, "Gil", 7), friend(1, "Ann", 1)]).await;
        assert!(clash.is_err());
        friends.add(&friend(8, "Hal", 8)).await
    })
    .await?;
    assert_eq!(ids(&next(&mut all).await), [1, 2, 3, 8]);
    Ok(())
}

#[wasm_bindgen_test]
async fn two_tables_change_at_the_same_time() -> Result<()> {
    let db = with_three("live two tables").await?;
    let (mut friends, mut todos) = (db.friends.count().live(), db.todos.count().live());
    assert_eq!((next(&mut friends).await, next(&mut todos).await), (3, 0));
    db.transaction(Mode::ReadWrite, (&db.friends, &db.todos), async |(friends, todos)| {
        friends.delete(1).await?;
        todos.add(&NewTodo { title: "call Ann".into() }).await
    })
    .await?;
    assert_eq!((next(&mut friends).await, next(&mut todos).await), (2, 1));
    Ok(())
}

// Case 304.
#[wasm_bindgen_test]
async fn a_change_during_the_first_read_is_not_lost() -> Result<()> {
    let db = with_three("live during the first read").await?;
    let mut all = db.friends.live();
    let writes = db.transaction(Mode::ReadWrite, &db.friends, async |friends| {
        for id in 10..20 {
            friends.add(&friend(id, "New", id)).await?;
        }
        Ok(())
    });
    let later = db.friends.add(&friend(30, "Last", 1));
    let (first, written, added) = futures::join!(next(&mut all), writes, later);
    written?;
    added?;
    let last = match soon(&db, &mut all).await {
        Some(item) => item?,
        None => first,
    };
    assert_eq!(last.len(), 14);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_change_that_the_first_read_has_seen_is_not_worked_in_again() -> Result<()> {
    let db = with_three("live seen").await?;
    for round in 0..5 {
        let id = 10 + round;
        let (mut count, mut all) = (db.friends.count().live(), db.friends.live());
        // Begun before the reads, which wait for it; done while they are under way.
        let added = db.transaction(Mode::ReadWrite, &db.friends, async move |friends| {
            friends.add(&friend(id, "New", id)).await?;
            friends.delete(id).await?;
            friends.add(&friend(id, "Newer", id)).await
        });
        let (added, counted, rows) = futures::join!(added, next(&mut count), next(&mut all));
        added?;
        let expected = 4 + usize::try_from(round).expect("a small number");
        assert_eq!(soon(&db, &mut count).await.transpose()?.unwrap_or(counted), expected);
        assert_eq!(soon(&db, &mut all).await.transpose()?.unwrap_or(rows).len(), expected);
        assert_eq!(db.friends.count().await?, expected);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_committed_to_another_table_during_a_read_is_not_taken_for_its_own() -> Result<()> {
    let db = with_three("live other table").await?;
    let many: Vec<_> = (100..2_000).map(|id| friend(id, "F", id)).collect();
    db.friends.bulk_add(&many).await?;
    let mut rivals = db.rivals.live();
    assert_eq!(next(&mut rivals).await, []);
    // Read in several steps, while the other table is written to.
    let mut friends = db.friends.filter(|row| row.id < 50).live();
    let adding = async {
        for id in 10..30 {
            db.rivals.add(&friend(id, "Rival", id)).await?;
        }
        Ok::<_, Error>(())
    };
    let (rows, added) = futures::join!(next(&mut friends), adding);
    added?;
    assert_eq!(ids(&rows), [1, 2, 3]);
    assert_quiet(soon(&db, &mut friends).await);
    assert_eq!(next(&mut rivals).await.len(), 20);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_write_that_nobody_waits_for_is_given() -> Result<()> {
    let db = with_three("live dropped write").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    {
        let added = std::pin::pin!(db.friends.add(&friend(4, "Dan", 4)));
        assert!(futures::poll!(added).is_pending());
    }
    // Dropped like that, it is committed or not.
    let expected: Vec<u32> = db.friends.primary_keys().await?;
    if expected.len() == 4 {
        assert_eq!(ids(&next(&mut all).await), expected);
    } else {
        assert_quiet(soon(&db, &mut all).await);
    }
    Ok(())
}
