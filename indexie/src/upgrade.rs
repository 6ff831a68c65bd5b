//! `Upgrade`: what an upgrade function gets, and the tables it reads rows of an older shape from.

mod convert;
mod query;
mod table;
mod write;

pub use convert::{Convert, Converted};
pub use query::{UpgradeQuery, UpgradeWhere};
pub use table::UpgradeTable;

use std::fmt;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::Rebuild;
use crate::error::Result;
use crate::op::Op;

/// The transaction in which a database goes from one version to the next.
///
/// An upgrade function gets it: `version 2 { .. } upgrade on_upgrade_v2`. Like any transaction, it waits for nothing but its own
/// operations.
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
///
/// # What there is when
///
/// Before the function, the tables of its version are there, with their indexes, empty where they are new: rows can be found by
/// the indexes of the new version. Tables and indexes that the version no longer has are there too, and go once the function
/// has run. A new unique index is not unique yet: the function may see to it that no two rows have the same key.
///
/// A table whose primary key becomes another one still has the old one. The function can fill in the field that is to be
/// the key, or convert the rows with [`migrate`](Self::migrate); afterwards the rows are copied under their new keys. Going to
/// `++id`, numbers that are keys already stay; rows with other keys get new ones. A key from outside of the record
/// becomes the field, where the row has none.
///
/// A `bool` that is indexed is stored as 0 or 1, and a `Vec<u8>` under a multi-entry index as numbers. Where such an index is
/// new, the rows have been rewritten before the function.
///
/// # Errors
///
/// Whatever fails, the function itself or what comes after it, the whole upgrade is undone: the old version and every row are
/// still there, and opening fails with [`Error::Upgrade`](crate::Error::Upgrade), which names the version, the table and the
/// row, as far as it is about one. A function that panics undoes the upgrade too.
///
/// The next operation that needs the database tries again: a function may run more than once, each time on the rows of the old
/// version. Where the browser has cut an upgrade off, because the site's data were deleted, the error is
/// [`Error::ConnectionLost`](crate::Error::ConnectionLost).
pub struct Upgrade {
    rebuild: Rc<Rebuild>,
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl Upgrade {
    pub(crate) fn new(rebuild: Rc<Rebuild>) -> Self {
        Self { rebuild }
    }

    /// The version that the database is being upgraded to.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.rebuild.version()
    }

    /// A table by its name, with rows of any shape that serde reads. Tables that this version drops are still there, and so are
    /// stores that no version names.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTable`](crate::Error::UnknownTable) if there is none of this name.
    pub fn table<R: Serialize + DeserializeOwned + 'static>(&self, name: &str) -> Result<UpgradeTable<R>> {
        self.rebuild.number_of(name)?;
        Ok(UpgradeTable::new(self.rebuild.clone(), name))
    }

    /// Replaces every row of a table by what `convert` makes of it, a `New` or a [`Result`] of one. Returns how many rows there
    /// were.
    ///
    /// The new row is all that is stored: properties of the old one that `New` does not have are gone. It may have another
    /// key, also where this version gives the table another primary key; a key outside of the record stays. Rows are
    /// converted a few hundred at a time, in the order of their keys.
    ///
    /// ```
    /// # use indexie::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Deserialize)]
    /// struct UserV1 {
    ///     id: u32,
    ///     name: String,
    ///     born: String,
    /// }
    ///
    /// #[derive(Store, Serialize, Deserialize)]
    /// #[store("++id, born")]
    /// pub struct User {
    ///     pub id: u32,
    ///     pub first_name: String,
    ///     pub born: u32,
    /// }
    ///
    /// async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
    ///     tx.migrate::<UserV1, User>("users", |old| {
    ///         Ok(User { id: old.id, first_name: old.name, born: old.born.parse().map_err(Error::user)? })
    ///     })
    ///     .await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTable`](crate::Error::UnknownTable), or [`Error::Upgrade`](crate::Error::Upgrade) that names the row: one
    /// that is no `Old`, or of which `convert` can make nothing, or whose new key is taken, missing or no key. The upgrade
    /// fails then, whatever is made of the error.
    pub fn migrate<Old, New>(&self, table: &str, convert: impl Convert<Old, New> + 'static) -> Op<usize>
    where
        Old: DeserializeOwned + 'static,
        New: Serialize + 'static,
    {
        let mut convert = convert;
        let converted = self.rebuild.clone().convert(table.to_owned(), move |old: Old| convert(old).into_result());
        Op::new(converted)
    }

    /// Gives a store another name. What it holds stays as it is.
    ///
    /// Rename first, and write afterwards: which fields of a table are bytes is known by the name under which this version
    /// declares it.
    ///
    /// Where this version declares a table of the new name, which has been created empty, the store takes its place, with
    /// the primary key and the indexes that are declared once the function has run. Where this version still declares one of the
    /// old name, that begins anew, empty.
    ///
    /// ```
    /// # use indexie::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Store, Serialize, Deserialize)]
    /// # #[store("++id, name")]
    /// # pub struct Person { pub id: u32, pub name: String }
    /// schema! {
    ///     pub struct AppDb("app");
    ///
    ///     version 1 {
    ///         users: "++id, name",
    ///     }
    ///     version 2 {
    ///         people: Person,
    ///         users: drop,
    ///     } upgrade on_upgrade_v2
    /// }
    ///
    /// async fn on_upgrade_v2(tx: Upgrade) -> Result<()> {
    ///     tx.rename_store("users", "people")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTable`](crate::Error::UnknownTable) if there is no such store,
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is one of the new name that may have rows.
    pub fn rename_store(&self, name: &str, to: &str) -> Result<()> {
        self.rebuild.rename_store(name, to)
    }

    /// Gives an index another name: that of its key path, for a schema knows indexes by no other. Useful for databases that
    /// another program has made; an index with the keys of a declared one is renamed by itself.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTable`](crate::Error::UnknownTable) or [`Error::UnknownIndex`](crate::Error::UnknownIndex).
    pub fn rename_index(&self, table: &str, index: &str, to: &str) -> Result<()> {
        self.rebuild.rename_index(table, index, to)
    }

    /// Deletes a store that no version names, with all its rows.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a store that the schema names (declare it as `drop` there),
    /// [`Error::UnknownTable`](crate::Error::UnknownTable) for one that does not exist.
    pub fn drop_store(&self, name: &str) -> Result<()> {
        self.rebuild.drop_store(name)
    }
}
