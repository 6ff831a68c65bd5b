//! Rows of one type into rows of another: `migrate`, below its types.

use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Rebuild;
#[cfg(feature = "electric")]
use super::records::Fate;
use super::rekey::next;
use crate::codec::{from_value, key_of};
use crate::error::{Error, Result};
use crate::key::range::KeyRange;
use crate::key::{AnyKey, Entry};
use crate::schema::{IndexSchema, KeyPath, StoreSchema};
use crate::storage::{Adopt, Columns, Operation, Want};
use crate::table::{Rows, Rowwise};

/// Where the converted rows go.
struct Goal {
    table: &'static str,
    store: u16,
    schema: StoreSchema,
}

impl Rebuild {
    /// Replaces each row of a table by what `convert` makes of it: in a new store, so that no new row meets an old one. Half
    /// converted there is no going on: what fails here makes the upgrade fail.
    pub async fn convert<Old, New>(
        self: Rc<Self>,
        table: String,
        convert: impl FnMut(Old) -> Result<New>,
    ) -> Result<usize>
    where
        Old: DeserializeOwned,
        New: Serialize + 'static,
    {
        let converted = self.convert_all(&table, convert).await.map_err(|error| self.reached().failed(error));
        if let Err(error) = &converted {
            self.doom(error);
        }
        converted
    }

    async fn convert_all<Old, New>(&self, table: &str, mut convert: impl FnMut(Old) -> Result<New>) -> Result<usize>
    where
        Old: DeserializeOwned,
        New: Serialize + 'static,
    {
        let store = self.number_of(table)?;
        self.uses(store);
        self.touch(store);
        let schema = self.wanted(table).unwrap_or_else(|| self.session().shared.schema(store));
        // The function may yet see to it that those are unique.
        let later = self.fit(table, &schema).unique;
        let now = |index: &IndexSchema| IndexSchema { unique: index.unique && !later.contains(index), ..*index };
        let (from, to) = self.replace(table, schema.key, schema.indexes.iter().map(now))?;
        let goal = Goal { table: self.name(to), store: to, schema };
        let total = self.rows_to_show(from).await?;
        let (mut count, mut after) = (0, None);
        loop {
            let scan = Operation::Scan(next(after, Want::ENTRIES));
            let columns = self.session().columns(from, None, scan).await?;
            let rows = self.converted(&goal, &columns, &mut convert)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            count += rows.len();
            self.write(&goal, &rows).await?;
            self.reached().told(goal.table, count, total);
        }
        let generator = Adopt { from: self.name(from).to_owned(), rows: false };
        self.session().run(to, None, Operation::Adopt(generator)).await?;
        #[cfg(feature = "electric")]
        if schema.key == self.session().shared.schema(from).key {
            self.remember(Fate::Converted(self.name(from).to_owned(), goal.table.to_owned()));
        }
        self.delete(self.name(from))?;
        Ok(count)
    }

    /// How many rows a store has, if somebody wants to hear how far they are.
    pub(super) async fn rows_to_show(&self, store: u16) -> Result<Option<usize>> {
        if !self.reached().is_shown() {
            return Ok(None);
        }
        self.count(store, None, KeyRange::all()).await.map(Some)
    }

    /// How many rows there are with keys in this range, or entries of an index.
    pub(super) async fn count(&self, store: u16, index: Option<u16>, range: KeyRange) -> Result<usize> {
        self.session().number(store, index, Operation::Count(vec![range])).await
    }

    fn converted<Old, New>(
        &self,
        goal: &Goal,
        columns: &Columns,
        convert: &mut impl FnMut(Old) -> Result<New>,
    ) -> Result<Vec<(AnyKey, New)>>
    where
        Old: DeserializeOwned,
    {
        let shapes = columns.shapes.borrow();
        let opened = columns.open(&*shapes);
        let mut rows = opened.rows;
        let mut converted = Vec::with_capacity(columns.count);
        for key in opened.primary_keys {
            let row = rows.next(|reader| from_value::<Old>(reader, &*shapes)).transpose().map(Option::flatten);
            let row = row.map_err(|error| Error::decode(goal.table, Some(key.clone()), error))?;
            let Some(row) = row else { continue };
            match convert(row) {
                Ok(row) => converted.push((key, row)),
                Err(error) => return Err(self.at(goal, &key, error)),
            }
        }
        Ok(converted)
    }

    /// Writes rows under the keys that they carry, or else under those of the rows that they come from.
    async fn write<New: Serialize + 'static>(&self, goal: &Goal, rows: &[(AnyKey, New)]) -> Result<()> {
        let key = goal.schema.key;
        if key.path != KeyPath::None {
            self.check_keys(goal, rows)?;
            return self.write_some(goal, rows, false).await;
        }
        // Numbers come first. Where keys are generated they stay, and rows with other keys get new ones.
        let numbers = rows.partition_point(|(old, _)| !key.auto || old.as_number().is_some());
        let (kept, generated) = rows.split_at(numbers);
        self.write_some(goal, kept, true).await?;
        self.write_some(goal, generated, false).await
    }

    /// A row whose generated key is lost on the way would get another one, and who refers to it would not know.
    fn check_keys<New: Serialize>(&self, goal: &Goal, rows: &[(AnyKey, New)]) -> Result<()> {
        let key = goal.schema.key;
        for (old, row) in rows.iter().filter(|(old, _)| key.auto && old.as_number().is_some()) {
            if key_of(row, key.path).is_none() {
                let message = format!("the converted row has no `{}`, and would get another one", key.path.text());
                let table = goal.table.to_owned();
                return Err(self.at(goal, old, Error::Data { table, key: None, row: None, message }));
            }
        }
        Ok(())
    }

    async fn write_some<New: Serialize + 'static>(
        &self,
        goal: &Goal,
        rows: &[(AnyKey, New)],
        under_old_keys: bool,
    ) -> Result<()> {
        let of_row = |error: Error| match error.row().and_then(|at| rows.get(at)) {
            Some((key, _)) => self.at(goal, key, error.of_one_row()),
            None => error,
        };
        let forms = goal.schema.fields;
        let new = rows.iter().map(|(_, row)| row);
        let mut encoded = Rows::encode(goal.table, forms, new, Rowwise::Many, |_| Entry::none()).map_err(of_row)?;
        if under_old_keys {
            encoded = encoded.under(goal.table, rows.iter().map(|(key, _)| Ok(key.clone())), Rowwise::Many)?;
        }
        self.target::<()>(goal.store).write(Ok(encoded), false, Rowwise::Many).await.map_err(of_row)?;
        Ok(())
    }

    fn at(&self, goal: &Goal, key: &AnyKey, error: Error) -> Error {
        error.in_upgrade_of(self.version(), goal.table, key.clone())
    }
}
