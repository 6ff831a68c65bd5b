//! Brings the file of places into the database, in chunks, so that the page stays alive and shows
//! how far it is. `app` runs it, and may drop it at any moment.
//!
//! Each chunk is written wholly or not at all, and the order is always the same. So the number
//! of places in the database says where an import that was stopped has to go on.

use crate::atlas::{Atlas, Place};
use crate::data;
use crate::download;
use crate::survey::Progress;
use crate::trouble::Result;

/// Small enough that a chunk is written between two frames' worth of attention.
const CHUNK: usize = 500;

/// Imports what is missing, and calls `arrived` after each chunk with its places.
pub async fn import(atlas: &Atlas, mut arrived: impl FnMut(Progress, &[Place])) -> Result<()> {
    let data = data::decode(&download::places().await?)?;
    // Those of an import that was stopped know what has been deleted since.
    if atlas.countries.count().await? == 0 {
        atlas.countries.bulk_put(&data.countries).await?;
    }

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
