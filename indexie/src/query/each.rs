//! `each`: a callback per row.

use super::Query;
use crate::error::Result;
use crate::op::Op;
use crate::store::Store;
use crate::table::Access;

/// What a callback may return: nothing, or a `Result` whose error stops the iteration.
pub trait EachOutput: 'static {
    #[doc(hidden)]
    fn into_result(self) -> Result<()>;
}

impl EachOutput for () {
    fn into_result(self) -> Result<()> {
        Ok(())
    }
}

impl EachOutput for Result<()> {
    fn into_result(self) -> Result<()> {
        self
    }
}

impl<T: Store, A: Access> Query<T, A> {
    /// Calls `body` with each row, in order, and waits for it. An `Err` stops the iteration and is returned.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// db.users.order_by(|u| u.name).each(async |user| println!("{}", user.name)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The function outlives the call and borrows nothing: to gather something, go through a [`stream`](Self::stream) or a `to_vec`.
    pub fn each<F, O>(&self, body: F) -> Op<()>
    where
        F: AsyncFnMut(T) -> O + 'static,
        O: EachOutput,
    {
        Op::new(self.execution().each(body))
    }
}
