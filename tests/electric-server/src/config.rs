//! How a server is set up. Every time of the real service can be made shorter.

use std::time::Duration;

/// The settings of a [`crate::Server`]; the defaults are the real service's.
#[derive(Debug, Clone)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How long a live request waits for a change. An offset out of bounds waits half of it.
    pub long_poll: Duration,
    /// How long an SSE response stays open.
    pub sse: Duration,
    /// After how much silence an SSE response has a comment.
    pub keep_alive: Duration,
    /// How many bytes of messages fill a page or a chunk of the log.
    pub chunk_bytes: usize,
    /// What `secret` has to be in every request.
    pub secret: Option<String>,
    /// Whether `DELETE /v1/shape` is allowed.
    pub allow_delete: bool,
    /// Whether a preflight allows whatever headers are asked for, as a proxy before the service would.
    pub allow_any_header: bool,
    /// How long a dropped table is still served.
    pub drop_table_notice: Duration,
    /// What chance begins with: faults with a probability fall the same way in every run.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            long_poll: Duration::from_secs(20),
            sse: Duration::from_mins(1),
            keep_alive: Duration::from_secs(21),
            chunk_bytes: 10 * 1024 * 1024,
            secret: None,
            allow_delete: false,
            allow_any_header: false,
            drop_table_notice: Duration::from_mins(1),
            seed: 1,
        }
    }
}
