//! Commits of overlay transactions that the server has heard of already.

use futures::FutureExt;

use super::local;
use crate::engine;
use crate::op::Op;
use crate::overlay::{Committed, LandedRow, OverlayTransaction};

impl<H> OverlayTransaction<H> {
    /// Commits what the app has told the server itself. No hooks are called; everything is stored at once, and stays as it is until
    /// PostgreSQL's transaction `txid` comes back through the [sync](crate::ElectricSync) of each table. In that moment, the rows become
    /// what the server has made of them: columns that it has filled in, a key that it has given, or nothing, if it has stored
    /// something else. Nothing is seen twice, and nothing is missing in between, also over a reload.
    ///
    /// `txid` is what `pg_current_xact_id()::xid::text` says within the transaction that stores the change; that it comes back before
    /// this is called does no harm. What others change in the same rows meanwhile is seen beneath. A transaction that changes nothing
    /// of the shape's rows does not come back: call [`rollback`](Self::rollback) where the server has found nothing to do.
    ///
    /// ```no_run
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn send(alice: &NewUser) -> Result<u64> { Ok(0) }
    /// # async fn example(db: AppDb, sync: indexie::ElectricSync, alice: NewUser) -> Result<()> {
    /// let tx = db.users.start_transaction(Overlay::Optimistic);
    /// tx.add(&alice).await?;
    /// let txid = send(&alice).await?; // dropped here, the overlay is rolled back
    /// tx.commit_with_txid(txid).await?;
    /// sync.await_txid(txid).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`commit_overwriting`](Self::commit_overwriting), without [`Error::Hook`](crate::Error::Hook): what builds on a pending row that
    /// is gone is [`Error::Conflict`](crate::Error::Conflict) here too.
    pub fn commit_with_txid(&self, txid: u64) -> Op<Committed> {
        let (shared, stores) = self.about();
        let extra = move |session: engine::Session, landed: Vec<LandedRow>| {
            async move { local::await_txid(&session.silent(), landed, txid).await }.boxed_local()
        };
        let committing = self.ending_with(vec![shared.records()], Box::new(extra));
        Op::new(async move {
            engine::keep_records(&shared).await?;
            let committed = committing.await?;
            // It may have come back already.
            for store in stores {
                local::settle(&shared, store).await?;
            }
            Ok(committed)
        })
    }
}
