//! `Upgrade`: what an upgrade function gets, and the tables it reads rows of an older shape from.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Batch, with_shapes, write_row};
use crate::engine::{RowType, Session};
use crate::error::{Error, Result};
use crate::index::Column;
use crate::op::{Fetch, Op};
use crate::query::spec::Spec;
use crate::query::{Execution, modify_rows};
use crate::storage::{Operation, Write};

/// The transaction in which a database goes from one version to the next.
///
/// An upgrade function gets it: `version 2 { .. } upgrade on_upgrade_v2`. When the function returns an error, the whole upgrade is
/// undone: the old version and every row are still there. Like any transaction, it waits for nothing but its own operations.
///
/// ```
/// use indexie::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Store, Serialize, Deserialize)]
/// #[store("++id, name, born")]
/// pub struct User {
///     pub id: u32,
///     pub name: String,
///     pub born: u32,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct UserV1 {
///     id: u32,
///     name: String,
///     #[serde(default)]
///     born: u32,
/// }
///
/// schema! {
///     pub struct AppDb("app");
///
///     version 1 {
///         users: "++id, name",
///     }
///     version 2 {
///         users: User,
///     } upgrade on_upgrade_v2
/// }
///
/// async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
///     tx.table::<UserV1>("users")?.modify(|user| user.born = 1900).await?;
///     Ok(())
/// }
/// ```
pub struct Upgrade {
    session: Session,
    version: u32,
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Upgrade {
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the browser runs upgrades"))]
    pub(crate) fn new(session: Session, version: u32) -> Self {
        Self { session, version }
    }

    /// The version that the database is being upgraded to.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// A table by its name, with rows of any shape that serde reads. Tables that this version drops are still there.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTable`] if neither this version nor one before it names the table.
    pub fn table<R: Serialize + DeserializeOwned + 'static>(&self, name: &str) -> Result<UpgradeTable<R>> {
        match self.session.shared.store_number(name) {
            Some(store) => Ok(UpgradeTable { session: self.session.clone(), store, of: PhantomData }),
            None => Err(Error::UnknownTable { table: name.to_owned() }),
        }
    }

    /// Deletes a store that no version names, with all its rows.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a store that the schema names (declare it as `drop` there), and what the browser reports
    /// for one that does not exist.
    pub fn drop_store(&self, name: &str) -> Result<()> {
        if self.session.shared.store_number(name).is_some() {
            return Err(Error::InvalidArgument {
                message: format!("the schema names table `{name}`: declare `{name}: drop` in a version to drop it"),
            });
        }
        crate::engine::drop_store(&self.session, name)
    }
}

/// A table during an upgrade: rows of type `R`, which need not be what the newest version has.
pub struct UpgradeTable<R> {
    session: Session,
    store: u16,
    of: PhantomData<fn() -> R>,
}

impl<R> fmt::Debug for UpgradeTable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeTable")
            .field("name", &self.session.shared.table_name(self.store))
            .finish_non_exhaustive()
    }
}

impl<R: Serialize + DeserializeOwned + 'static> UpgradeTable<R> {
    fn execution(&self) -> Execution {
        Execution {
            session: self.session.clone(),
            store: self.store,
            row_type: RowType::keyless::<R>(&[]),
            spec: Spec { order: Some(Column::PRIMARY), ..Spec::default() },
        }
    }

    /// All rows, ordered by primary key.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] names the first row that does not fit the type.
    pub fn to_vec(&self) -> Fetch<Vec<R>> {
        Fetch::new(self.execution().to_vec())
    }

    /// How many rows there are.
    pub fn count(&self) -> Fetch<usize> {
        let execution = self.execution();
        Fetch::new(async move { execution.count().await })
    }

    /// Changes each row. Returns how many are different now. Properties that are stored but not part of `R` stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a changed row clashes with another one, [`Error::Decode`] for one that does not fit the type.
    pub fn modify(&self, change: impl FnMut(&mut R) + 'static) -> Op<usize> {
        Op::new(modify_rows(self.execution(), change))
    }

    /// Adds a row whose key is part of it, or is generated.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if the key, or a key of a unique index, is there already.
    pub fn add(&self, row: &R) -> Op<()> {
        self.write(row, false)
    }

    /// Adds a row, or replaces the row with its key.
    ///
    /// # Errors
    ///
    /// [`Error::Constraint`] if a key of a unique index belongs to another row.
    pub fn put(&self, row: &R) -> Op<()> {
        self.write(row, true)
    }

    fn write(&self, row: &R, put: bool) -> Op<()> {
        let (session, store) = (self.session.clone(), self.store);
        let mut rows = Batch::default();
        let encoded = with_shapes(|shapes| write_row(&mut rows, shapes, &[], row))
            .map_err(|error| Error::encode(session.shared.table_name(store), None, error));
        Op::new(async move {
            encoded?;
            let write = Write { put, rows: rows.finish(), count: 1, with_keys: false, want_keys: false };
            session.run(store, None, Operation::Write(write)).await.map(|_| ())
        })
    }

    /// Deletes all rows.
    pub fn clear(&self) -> Op<()> {
        let (session, store) = (self.session.clone(), self.store);
        Op::new(async move { session.run(store, None, Operation::Clear).await.map(|_| ()) })
    }
}
