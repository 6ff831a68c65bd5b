//! `plain` without a browser: rows as they are stored, and rows that the library would never store.

use std::time::Duration;

use crate::fixtures::loose;

/// Puts a row, the key in it.
pub async fn put(database: &str, table: &str, row: &str) {
    loose(database, table).put(row, None).await;
}

/// Puts a row under a key apart from it.
pub async fn put_with_key(database: &str, table: &str, row: &str, key: &str) {
    loose(database, table).put(row, Some(key)).await;
}

/// The row with this key.
pub async fn stored(database: &str, table: &str, key: &str) -> Option<String> {
    loose(database, table).get(key).await
}

/// All rows.
pub async fn all(database: &str, table: &str) -> Option<String> {
    Some(loose(database, table).all().await)
}

/// Waits for a timer, which no transaction survives; of no time, for a turn of the executor.
pub async fn sleep(milliseconds: u64) {
    match milliseconds {
        0 => tokio::task::yield_now().await,
        _ => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
    }
}

/// Whether this is Firefox.
pub fn is_firefox() -> bool {
    false
}
