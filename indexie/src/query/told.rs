//! Rows that tell by which keys they were found: then their keys need not be fetched, which costs a browser as much as the rows.
//! Called by `gather` and `rest`.

use super::execute::{Execution, Found};
use super::plan::{Walk, is_multi};
use super::read::key_at;
use crate::error::Result;
use crate::schema::KeyPath;
use crate::storage::{Columns, Position, Scan, Want};

/// Rows, and the place of the last record.
pub(super) type Chunk = (Vec<Found>, Option<Position>);

impl Execution {
    /// One chunk of a walk, from a place on, untested: its rows, each with its keys, and how many records it has.
    pub(super) async fn chunk(&self, walk: &Walk, after: Option<Position>, limit: usize) -> Result<(Chunk, usize)> {
        let scan = Scan { offset: 0, limit: Some(limit), after, ..self.native_scan(walk, Want::ALL) };
        if self.tells_keys(walk) {
            let columns = self.scan(walk, Scan { want: Want::ROWS, ..scan.clone() }).await?;
            if let Some(chunk) = self.decode_told(walk, &columns)? {
                return Ok((chunk, columns.count));
            }
        }
        let columns = self.scan(walk, scan).await?;
        Ok((self.decode(&columns)?, columns.count))
    }

    /// All that the walks find, each with its keys.
    pub(super) async fn found_by(&self, walks: &[Walk]) -> Result<Vec<Vec<Found>>> {
        if walks.iter().all(|walk| self.tells_keys(walk)) {
            let columns = self.scans(walks, Want::ROWS).await?;
            let told = walks.iter().zip(&columns).map(|(walk, columns)| self.decode_told(walk, columns));
            if let Some(told) = told.collect::<Result<Option<Vec<Chunk>>>>()? {
                return Ok(told.into_iter().map(|(found, _)| found).collect());
            }
        }
        let columns = self.scans(walks, Want::ALL).await?;
        columns.iter().map(|columns| Ok(self.decode(columns)?.0)).collect()
    }

    /// Whether the rows of a walk have their keys in them, and one of each.
    fn tells_keys(&self, walk: &Walk) -> bool {
        let schema = self.session.shared.schema(self.store);
        self.row_type.entry.is_some() && schema.key.path != KeyPath::None && !is_multi(&schema, walk.column)
    }

    /// The rows with the keys that they tell; `None` if one of them does not, because its type has lost
    /// what it was found by.
    fn decode_told(&self, walk: &Walk, columns: &Columns) -> Result<Option<Chunk>> {
        let Some(entry) = self.row_type.entry else { return Ok(None) };
        let shapes = columns.shapes.borrow();
        let mut rows = columns.open(&*shapes).rows;
        let mut found = Vec::with_capacity(columns.count);
        for at in 0..columns.count {
            let row = match rows.next(|reader| (self.row_type.decode)(reader, &*shapes)) {
                Some(Ok(Some(row))) => row,
                Some(Err(error)) => return Err(self.undecodable(error, key_at(columns, self, at))),
                // What is no row has no keys to go on from.
                Some(Ok(None)) | None => return Ok(None),
            };
            let Some(primary_key) = entry(&*row, 0).single() else { return Ok(None) };
            let key = match usize::from(walk.column.entry) {
                0 => primary_key.clone(),
                index => match entry(&*row, index).single() {
                    Some(key) => key,
                    None => return Ok(None),
                },
            };
            let next = Found { row, key, primary_key, order: Vec::new() };
            if found.last().is_some_and(|before| !self.is_before(before, &next)) {
                return Ok(None);
            }
            found.push(next);
        }
        let last =
            found.last().map(|found| Position { key: found.key.clone(), primary_key: found.primary_key.clone() });
        Ok(Some((found, last)))
    }

    /// Whether two rows come in this order in an index: keys that do not are not those by which the rows were found.
    fn is_before(&self, one: &Found, other: &Found) -> bool {
        let order = one.key.cmp(&other.key).then_with(|| one.primary_key.cmp(&other.primary_key));
        if self.spec.reverse { order.is_gt() } else { order.is_lt() }
    }
}
