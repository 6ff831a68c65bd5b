//! Live queries of rows: `live` and `live_changes`, on a query and on a table.

use std::rc::Rc;

use super::Query;
use crate::live::{LiveChanges, LiveQuery, live_changes, live_rows};
use crate::store::Store;
use crate::table::Table;

impl<T: Store> Query<T> {
    /// The rows, kept up to date: a stream of the result now, and of each one that it becomes.
    ///
    /// A change of a row is worked into the result in memory; the database is read again only where that is not enough (where
    /// a window has run out of rows, with [`until`](Self::until), or after a change of very many rows). Rows that have not changed
    /// stay the same `Rc`.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn main() -> Result<()> { futures::executor::block_on(async {
    /// use futures::StreamExt;
    ///
    /// let db = AppDb::new();
    /// let mut adults = db.users.where_(|u| u.age).above(18).live();
    /// assert!(adults.next().await.transpose()?.unwrap().is_empty());
    /// db.users.add(&NewUser { email: "a@b.c".into(), name: "Ann".into(), age: 33, tags: vec![] }).await?;
    /// assert_eq!(adults.next().await.transpose()?.unwrap()[0].name, "Ann");
    /// # Ok(()) }) }
    /// ```
    pub fn live(&self) -> LiveQuery<Vec<Rc<T>>> {
        live_rows(self.execution())
    }

    /// The same as differences: what has gone, moved, come and changed, by primary key, from each result to the next. For lists that
    /// are not to be built anew.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # async fn example(db: AppDb) -> Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let (mut changes, mut rows) = (db.users.order_by(|u| u.name).live_changes(), Vec::new());
    /// while let Some(change) = changes.try_next().await? {
    ///     change.apply(&mut rows);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn live_changes(&self) -> LiveChanges<T> {
        live_changes(self.execution())
    }
}

impl<T: Store> Table<T> {
    /// All rows, ordered by primary key and kept up to date; see [`Query::live`].
    pub fn live(&self) -> LiveQuery<Vec<Rc<T>>> {
        self.query().live()
    }

    /// What changes in the table; see [`Query::live_changes`].
    pub fn live_changes(&self) -> LiveChanges<T> {
        self.query().live_changes()
    }
}
