//! Scopes: which tables a transaction is over, and the handles that its body gets.

use crate::store::Store;
use crate::table::{Table, TxMode};

/// The tables of a transaction: a reference to a table, or a tuple of up to 12 of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no scope of a transaction",
    label = "expected `&db.users`, or a tuple such as `(&db.users, &db.logs)`",
    note = "a scope holds tables of the database, by reference, 12 at most"
)]
pub trait Scope<M: TxMode> {
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

impl<M: TxMode, T: Store> Scope<M> for &Table<T> {
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

macro_rules! tuples {
    ($($name:ident.$at:tt),+) => {
        impl<M: TxMode, $($name: Store),+> Scope<M> for ($(&Table<$name>,)+) {
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
