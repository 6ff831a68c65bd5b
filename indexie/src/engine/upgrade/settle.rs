//! Before and after a version's function: what makes the stored database be as the version declares it.

use super::Rebuild;
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::key::range::KeyRange;
use crate::schema::IndexSchema;
use crate::storage::{Operation, Position, Scan, SchemaChange, Want};

/// Index entries that are compared at a time.
const ENTRIES: usize = 2_000;

impl Rebuild {
    /// Before the function: stores and indexes are there, and rows can be found through them.
    pub async fn prepare(&self) -> Result<()> {
        for (name, wanted) in self.declared() {
            self.approach(name, &wanted)?;
            self.expect_booleans(name, &wanted).await?;
            self.sweep(name).await?;
        }
        Ok(())
    }

    /// After the function, or where there is none: everything is as declared.
    pub async fn settle(&self) -> Result<()> {
        for name in self.drops() {
            if self.number_of(name).is_ok() {
                self.delete(name)?;
            }
        }
        for (name, wanted) in self.declared() {
            let fit = self.fit(name, &wanted);
            if fit.rekey {
                // Indexes of a store that goes are not worth building.
                let new: Vec<&str> = fit.new_indexes().collect();
                self.expect_forms(self.number_of(name)?, &wanted, &new, fit.rekey);
            } else {
                self.approach(name, &wanted)?;
            }
            self.expect_booleans(name, &wanted).await?;
            self.sweep(name).await?;
            if fit.rekey {
                let of_old_key = self.with(self.number_of(name)?, |store| std::mem::take(&mut store.unswept));
                self.rekey(name, &wanted).await?;
                self.with(self.number_of(name)?, |store| store.unswept = of_old_key);
                self.sweep(name).await?;
            }
            let fit = self.fit(name, &wanted);
            for index in fit.unique {
                self.make_unique(name, index).await?;
            }
            for index in fit.leftover {
                self.alter(name, SchemaChange::DeleteIndex { store: name, index: &index })?;
            }
            self.look();
        }
        Ok(())
    }

    /// Adds declared stores and indexes that are missing. Whatever else is stored may be somebody else's.
    pub async fn add_missing(&self) -> Result<()> {
        for (name, wanted) in self.declared() {
            let fit = self.fit(name, &wanted);
            if fit.create {
                self.create(name, wanted.key, wanted.indexes.iter().copied())?;
                continue;
            }
            let missing: Vec<&'static str> = fit.new_indexes().collect();
            let missing: Vec<IndexSchema> =
                wanted.indexes.iter().filter(|index| missing.contains(&index.name)).copied().collect();
            for index in &missing {
                let index = IndexSchema { unique: false, ..*index };
                self.alter(name, SchemaChange::CreateIndex { store: name, index })?;
            }
            let new: Vec<&str> = fit.new_indexes().collect();
            self.expect_forms(self.number_of(name)?, &wanted, &new, fit.rekey);
            self.look();
            self.sweep(name).await?;
            for index in missing.into_iter().filter(|index| index.unique) {
                self.make_unique(name, index).await?;
            }
        }
        Ok(())
    }

    /// Replaces an index by a unique one. The browser would only say that this fails; which key it is that two rows have, the
    /// index itself tells.
    async fn make_unique(&self, name: &'static str, index: IndexSchema) -> Result<()> {
        if let Some(key) = self.repeated(name, &index).await? {
            return Err(Error::Constraint {
                table: name.to_owned(),
                index: Some(index.name.to_owned()),
                key: Some(key),
                row: None,
            });
        }
        self.alter(name, SchemaChange::DeleteIndex { store: name, index: index.name })?;
        self.alter(name, SchemaChange::CreateIndex { store: name, index })?;
        self.look();
        Ok(())
    }

    /// The first key that an index has for more than one row.
    async fn repeated(&self, name: &str, index: &IndexSchema) -> Result<Option<AnyKey>> {
        let store = self.number_of(name)?;
        let session = self.session();
        let column = self.column(store, index.name)?;
        let mut after: Option<Position> = None;
        loop {
            let scan = Scan {
                ranges: vec![KeyRange::all()],
                reverse: false,
                unique: false,
                offset: 0,
                limit: Some(ENTRIES),
                after: after.clone(),
                want: Want::BOTH_KEYS,
            };
            let columns = session.columns(store, column.entry.checked_sub(1), Operation::Scan(scan)).await?;
            let opened = columns.open(&*columns.shapes.borrow());
            let mut before = after.take().map(|position| position.key);
            let count = opened.keys.len();
            for (key, primary_key) in opened.keys.into_iter().zip(opened.primary_keys) {
                if before.as_ref() == Some(&key) {
                    return Ok(before);
                }
                before = Some(key.clone());
                after = Some(Position { key, primary_key });
            }
            if count < ENTRIES {
                return Ok(None);
            }
        }
    }
}
