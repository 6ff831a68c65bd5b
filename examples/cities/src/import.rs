//! Brings the file of places into the database, in chunks, so that the page stays alive and shows
//! how far it is. `app` runs it, and may drop it at any moment.
//!
//! Each chunk is written wholly or not at all, and the order is always the same. So the number
//! of places in the database says where an import that was stopped has to go on.

use crate::atlas::{Atlas, Place};
use crate::data;
use crate::download;
use crate::trouble::Result;

/// Small enough that a chunk is written between two frames' worth of attention.
const CHUNK: usize = 500;

/// How much of the data set the database has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    pub done: usize,
    /// 0 while nothing at all is known about it.
    pub total: usize,
}

impl Progress {
    pub fn is_complete(self) -> bool {
        self.total > 0 && self.done >= self.total
    }

    /// Asks the database. The countries are written first, and each knows its share.
    pub async fn read(atlas: &Atlas) -> Result<Self> {
        let countries = atlas.countries.to_vec().await?;
        let total = countries.iter().map(|country| country.places as usize).sum();
        let done = atlas.places.count().await?;
        Ok(Self { done, total })
    }
}

/// Imports what is missing, and calls `arrived` after each chunk with its places.
pub async fn import(atlas: &Atlas, mut arrived: impl FnMut(Progress, &[Place])) -> Result<()> {
    let data = data::decode(&download::places().await?)?;
    atlas.countries.bulk_put(&data.countries).await?;

    let total = data.places.len();
    let mut done = atlas.places.count().await?;
    arrived(Progress { done, total }, &[]);
    for chunk in data.places.get(done..).unwrap_or_default().chunks(CHUNK) {
        atlas.places.bulk_put(chunk).await?;
        done += chunk.len();
        arrived(Progress { done, total }, chunk);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_database_is_not_a_complete_one() {
        assert!(!Progress { done: 0, total: 0 }.is_complete());
        assert!(!Progress { done: 500, total: 27_394 }.is_complete());
        assert!(Progress { done: 27_394, total: 27_394 }.is_complete());
    }
}
