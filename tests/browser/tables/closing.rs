//! A database that is closed while much is under way: all of that is finished, also what has to wait for its turn.

use std::ops::RangeInclusive;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Num, fresh};
use crate::plain;

fn num(id: u32) -> Num {
    Num { id, v: 0, s: String::new(), z: None }
}

/// Adds that have been started.
fn begun(db: &Cases, ids: RangeInclusive<u32>) -> Vec<LocalBoxFuture<'static, Result<u32>>> {
    let begin = |id| {
        let mut adding = db.nums.add(&num(id)).boxed_local();
        assert!((&mut adding).now_or_never().is_none());
        adding
    };
    ids.map(begin).collect()
}

#[wasm_bindgen_test]
async fn writes_that_wait_for_a_shared_transaction_are_finished() -> Result<()> {
    for waiting in [1, 3, 20] {
        let db: Cases = fresh("closing behind a batch").await;
        db.open().await?;
        let together = begun(&db, 1..=200);
        // Their turn ends, and their transaction begins.
        plain::sleep(0).await;
        let more = begun(&db, 1_001..=1_000 + waiting);

        db.close();

        assert_eq!(
            join_all(together).await.into_iter().collect::<Result<Vec<u32>>>()?,
            (1..=200).collect::<Vec<u32>>()
        );
        let keys = join_all(more).await.into_iter().collect::<Result<Vec<u32>>>()?;
        assert_eq!(keys, (1_001..=1_000 + waiting).collect::<Vec<u32>>());
        assert!(matches!(db.nums.count().await, Err(Error::Closed { .. })));
        db.open().await?;
        assert_eq!(db.nums.count().await?, 200 + waiting as usize);
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn deleting_inside_a_body_is_refused_and_deletes_nothing() -> Result<()> {
    let db: Cases = fresh("deleting inside").await;
    let handle = Rc::new(db.clone());
    db.transaction(Mode::ReadWrite, &db.nums, async move |nums| {
        nums.add(&num(1)).await?;
        let refused = handle.delete().await;
        assert!(matches!(&refused, Err(Error::OutsideTransaction { table }) if table.is_empty()), "{refused:?}");
        assert_eq!(
            refused.map_err(|error| error.to_string()),
            Err("the database was to be deleted inside a transaction of its own: it would wait for the transaction it is in"
                .to_owned())
        );
        nums.add(&num(2)).await
    })
    .await?;
    assert_eq!(db.nums.count().await?, 2);
    Ok(())
}
