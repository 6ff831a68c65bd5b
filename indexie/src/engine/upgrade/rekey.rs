//! Another primary key: IndexedDB cannot change it, so the rows are copied into a new store of the same name.

use super::Rebuild;
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::schema::{IndexSchema, KeySchema, StoreSchema};
use crate::storage::{Adopt, Operation, Position, Scan, Want};

/// Rows in memory at one time.
const CHUNK: usize = 500;

impl Rebuild {
    /// Copies a store's rows into one of the declared key. What keeps a row from it is named by the row's old key.
    pub(super) async fn rekey(&self, name: &str, wanted: &StoreSchema) -> Result<()> {
        let (from, to) = self.replace(name, wanted.key, wanted.indexes.iter().copied())?;
        let aside = self.name(from);
        let rows = Adopt { from: aside.to_owned(), rows: true };
        let total = self.rows_to_show(from).await?;
        if let Some(total) = total {
            self.told(to, 0, Some(total));
        }
        self.session().run(to, None, Operation::Adopt(rows)).await.map_err(|error| match error.of_one_row() {
            Error::Data { key: Some(key), table, message, row } => {
                let source = Error::Data { table, key: None, row, message };
                source.in_upgrade_of(self.version(), name, key)
            }
            error => error,
        })?;
        self.told(to, total.unwrap_or_default(), total);
        self.delete(aside)
    }

    /// Puts an empty store in a store's place; answers the numbers of the old one, which has another name now, and of the new.
    pub(super) fn replace(
        &self,
        name: &str,
        key: KeySchema,
        indexes: impl IntoIterator<Item = IndexSchema>,
    ) -> Result<(u16, u16)> {
        let from = self.number_of(name)?;
        let mut aside = format!("{name} (old)");
        while self.number_of(&aside).is_ok() {
            aside.push('\'');
        }
        self.rename(name, &aside)?;
        self.create(name, key, indexes)?;
        Ok((from, self.number_of(name)?))
    }
}

/// The next primary keys of a store, ascending.
pub(super) async fn keys_after(session: &Session, store: u16, after: Option<AnyKey>) -> Result<Vec<AnyKey>> {
    let scan = next(after, Want::PRIMARY_KEYS);
    Ok(session.columns(store, None, Operation::Scan(scan)).await?.primary_keys())
}

/// The next records of a store.
pub(super) fn next(after: Option<AnyKey>, want: Want) -> Scan {
    Scan {
        ranges: vec![KeyRange::all()],
        reverse: false,
        unique: false,
        offset: 0,
        limit: Some(CHUNK),
        after: after.map(|key| Position { key: key.clone(), primary_key: key }),
        want,
    }
}
