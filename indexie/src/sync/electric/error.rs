//! `SyncError`: what can go wrong between a table and its shape.

use std::fmt;

use crate::key::AnyKey;
use crate::key::quoted::Quoted;

/// Why a table cannot follow its shape; the reason in [`Error::Sync`](crate::Error::Sync).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SyncError {
    /// A row does not fit the record's type. Nothing of its transaction is stored, and the sync stands still where it is: a program
    /// that knows better goes on from there.
    Column {
        /// The row's primary key, where it could be read.
        key: Option<AnyKey>,
        /// The column.
        column: String,
        /// The column's value as the server has sent it; `None` for null.
        value: Option<String>,
        /// What is wrong with it.
        message: String,
    },
    /// The server has refused.
    Status {
        /// HTTP's status: 401 and 403 are about who asks, other 4xx about what is asked for.
        status: u16,
        /// The server's own words, or the beginning of them.
        message: String,
    },
    /// The answer lacks headers. The server sends them: something in between has taken them away. In a browser, a server of
    /// another origin has to list them in `access-control-expose-headers`.
    MissingHeaders {
        /// Which.
        headers: Vec<String>,
    },
    /// The server could not be reached, or the connection was lost. A browser says the same of answers without CORS headers, as
    /// those to a wrong secret are.
    Network {
        /// What the browser, or the HTTP client, says.
        message: String,
    },
    /// What came is not what the protocol says.
    Protocol {
        /// What it was.
        message: String,
    },
    /// A function of the app's that gives headers or parameters has failed.
    Provider {
        /// What it says.
        message: String,
    },
    /// The transaction has not come back from the server in time.
    Timeout {
        /// PostgreSQL's number of it.
        txid: u64,
    },
    /// The sync has been stopped.
    Stopped,
}

impl SyncError {
    pub(super) fn status(status: u16) -> Self {
        Self::Status { status, message: String::new() }
    }
}

impl fmt::Display for SyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { key, column, value, message } => {
                f.write_str("row")?;
                key.iter().try_for_each(|key| write!(f, " {key}"))?;
                write!(f, ", column `{column}`: ")?;
                match value {
                    Some(value) => write!(f, "{} does not fit: {message}", Quoted(value)),
                    None => write!(f, "null does not fit: {message}"),
                }
            }
            Self::Status { status, message } if message.is_empty() => write!(f, "the server has answered {status}"),
            Self::Status { status, message } => write!(f, "the server has answered {status}: {message}"),
            Self::MissingHeaders { headers } => write!(
                f,
                "the answer lacks the headers `{}`: a proxy has taken them away, or does not list them in \
                 `access-control-expose-headers`",
                headers.join("`, `")
            ),
            Self::Network { message } => write!(f, "the server cannot be reached: {message}"),
            Self::Protocol { message } => f.write_str(message),
            Self::Provider { message } => {
                write!(f, "the function that gives headers or parameters has failed: {message}")
            }
            Self::Timeout { txid } => write!(f, "transaction {txid} has not come back in time"),
            Self::Stopped => f.write_str("the sync has been stopped"),
        }
    }
}

impl std::error::Error for SyncError {}
