//! Scopes: which tables a transaction is over, and the handles that its body gets.

use crate::database::Database;
use crate::store::Store;
use crate::table::Table;

/// The tables of a transaction: a reference to a table, a tuple of up to 12 of them, or `db.all()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no scope of a transaction",
    label = "expected `&db.users`, a tuple such as `(&db.users, &db.logs)`, or `db.all()`",
    note = "a tuple holds tables of the database, by reference, 12 at most; `db.all()` holds all there are"
)]
pub trait Scope<M> {
    /// What the body gets: a handle for each table.
    type Handles: 'static;
    #[doc(hidden)]
    fn tables(self) -> Tables<Self::Handles>;
}

/// A scope, as the engine sees it.
#[doc(hidden)]
pub struct Tables<H> {
    pub(crate) database: u64,
    pub(crate) stores: Vec<u16>,
    pub(crate) bind: Box<dyn FnOnce(u32) -> H>,
}

impl<H> std::fmt::Debug for Tables<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").field("stores", &self.stores).finish_non_exhaustive()
    }
}

impl<M: 'static, T: Store> Scope<M> for &Table<T> {
    type Handles = Table<T, M>;

    fn tables(self) -> Tables<Table<T, M>> {
        let table = self.clone();
        Tables {
            database: self.shared.id,
            stores: vec![self.store],
            bind: Box::new(move |transaction| table.bound(transaction)),
        }
    }
}

/// All tables of a database as a scope: `db.all()`.
///
/// The body gets one value with a handle for each table, by its name; [`Tables`](crate::Tables) is its type.
///
/// ```
/// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
/// # use {app::*, indexie::prelude::*};
/// use indexie::{ReadWrite, Tables};
///
/// async fn forget(tables: &Tables<AppDb, ReadWrite>) -> Result<()> {
///     tables.users.clear().await?;
///     tables.logs.clear().await
/// }
///
/// # async fn example(db: AppDb) -> Result<()> {
/// db.transaction(Mode::ReadWrite, db.all(), async |tables| forget(&tables).await).await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct All<D>(D);

impl<D> All<D> {
    #[doc(hidden)]
    #[must_use]
    pub fn new(database: D) -> Self {
        Self(database)
    }
}

impl<M: 'static, D: Database + 'static> Scope<M> for All<D> {
    type Handles = D::Tables<M>;

    #[allow(clippy::cast_possible_truncation, reason = "a schema has fewer than 65,536 tables")]
    fn tables(self) -> Tables<D::Tables<M>> {
        let shared = &self.0.indexie().shared;
        Tables {
            database: shared.id,
            stores: (0..shared.stores.len() as u16).collect(),
            bind: Box::new(move |transaction| self.0.bind(transaction)),
        }
    }
}

macro_rules! tuples {
    ($($name:ident.$at:tt),+) => {
        impl<M: 'static, $($name: Store),+> Scope<M> for ($(&Table<$name>,)+) {
            type Handles = ($(Table<$name, M>,)+);

            fn tables(self) -> Tables<Self::Handles> {
                let tables = ($(self.$at.clone(),)+);
                let databases = [$(self.$at.shared.id),+];
                // Tables of two database objects cannot share a transaction: told by a number that no database has.
                let same = databases.iter().all(|database| *database == databases[0]);
                Tables {
                    database: if same { databases[0] } else { 0 },
                    stores: vec![$(self.$at.store),+],
                    bind: Box::new(move |transaction| ($(tables.$at.bound(transaction),)+)),
                }
            }
        }
    };
}

tuples!(A.0);
tuples!(A.0, B.1);
tuples!(A.0, B.1, C.2);
tuples!(A.0, B.1, C.2, D.3);
tuples!(A.0, B.1, C.2, D.3, E.4);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7, I.8);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7, I.8, J.9);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7, I.8, J.9, K.10);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7, I.8, J.9, K.10, L.11);
