//! What is known of the shapes that tables follow, when an upgrade takes tables away, or puts others in their place. Noted by
//! `rebuild` as it happens, and done at the end.

use super::Rebuild;
use crate::error::Result;
use crate::schema::RECORDS;
use crate::sync::Records;

/// What has become of a table.
#[derive(Debug)]
pub(super) enum Fate {
    /// There is none of this name, or a new one.
    Gone(String),
    /// It has the second name.
    Renamed(String, String),
    /// Its rows are in the second one, under their keys.
    Converted(String, String),
}

impl Rebuild {
    pub(super) fn remember(&self, fate: Fate) {
        self.fates.borrow_mut().push(fate);
    }

    /// Where tables are other ones than before, nothing is gone on from: their rows are fetched anew.
    pub(super) async fn settle_records(&self) -> Result<()> {
        let Ok(store) = self.number_of(RECORDS) else { return Ok(()) };
        let session = self.session();
        let of = |table: &str| Records::within(&session, store, table);
        for fate in self.fates.take() {
            match fate {
                Fate::Gone(table) => of(&table).forget().await?,
                Fate::Renamed(from, to) => of(&from).rename(&to).await?,
                Fate::Converted(from, to) => of(&from).replaced_by(&to).await?,
            }
        }
        Ok(())
    }
}
