//! What is asked for first comes first: writes into overlays, savepoints and commits.

use futures::StreamExt;
use futures::future::{FutureExt, LocalBoxFuture, join};
use futures::stream::FuturesUnordered;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Member, stored, with_rows};

type Tx = indexie::OverlayTransaction<Table<Member, indexie::Pending>>;

fn rename<'a>(tx: &'a Tx, name: &'static str, in_savepoint: bool) -> LocalBoxFuture<'a, Result<()>> {
    let update = move || tx.update(1, move |row| row.name = format!("{}{name}", row.name));
    if in_savepoint {
        return tx.savepoint(async move || update().await.map(|_| ())).boxed_local();
    }
    update().map(|done| done.map(|_| ())).boxed_local()
}

#[wasm_bindgen_test]
async fn writes_are_applied_in_the_order_in_which_they_were_asked_for() -> Result<()> {
    for overlay in [Overlay::Optimistic, Overlay::Standard] {
        for in_savepoint in [false, true] {
            let db = with_rows(&format!("overlay order {overlay:?} {in_savepoint}")).await?;
            let tx = db.members.start_transaction(overlay);
            let mut all = FuturesUnordered::new();
            for name in ["1", "2", "3"] {
                all.push(rename(&tx, name, in_savepoint));
            }
            all.next().await.expect("the first one")?;
            for name in ["4", "5"] {
                all.push(rename(&tx, name, in_savepoint));
            }
            while let Some(done) = all.next().await {
                done?;
            }
            drop(all);
            tx.commit().await?;
            assert_eq!(stored(&db).await?, ["Ann12345", "Bob", "Cid"]);
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_commit_comes_after_the_writes_that_were_asked_for_before_it() -> Result<()> {
    let db = with_rows("overlay order of a commit").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let mut all = FuturesUnordered::new();
    for name in ["1", "2", "3"] {
        all.push(rename(&tx, name, false));
    }
    all.next().await.expect("the first one")?;
    // It is polled first.
    let (committed, rest) = join(tx.commit(), all.collect::<Vec<_>>()).await;
    assert_eq!(rest.into_iter().collect::<Result<Vec<()>>>()?.len(), 2);
    committed?;
    assert_eq!(stored(&db).await?, ["Ann123", "Bob", "Cid"]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_write_that_is_dropped_while_it_waits_holds_up_nobody() -> Result<()> {
    let db = with_rows("overlay order with one dropped").await?;
    let tx = db.members.start_transaction(Overlay::Optimistic);
    let mut first = rename(&tx, "1", false);
    let mut second = rename(&tx, "2", false);
    let third = rename(&tx, "3", false);
    assert!(futures::poll!(&mut first).is_pending());
    assert!(futures::poll!(&mut second).is_pending());
    let mut third = Box::pin(third);
    assert!(futures::poll!(&mut third).is_pending());
    drop(second);
    let (first, third) = join(first, third).await;
    first.and(third)?;
    let dropped = rename(&tx, "4", false);
    drop(dropped);
    tx.commit().await?;
    assert_eq!(stored(&db).await?, ["Ann13", "Bob", "Cid"]);
    Ok(())
}
