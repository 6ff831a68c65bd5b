//! The server that tests of the sync follow, in this program.

use std::time::Duration;

use anyhow::{Context, Result};
use electric_server::{Config, Server};

/// Starts it, with pages of so many bytes. It waits for a short time only, and says often that it is there: Firefox tells of a stream
/// once something has come.
pub fn start(chunk_bytes: usize) -> Result<Server> {
    let config = Config {
        long_poll: Duration::from_secs(1),
        sse: Duration::from_secs(3),
        keep_alive: Duration::from_millis(100),
        chunk_bytes,
        ..Config::default()
    };
    Server::try_start(config).context("the server that tests sync with could not be started")
}
