//! `Error`: what can go wrong, by what happened, with the table, key, row or field it happened to.

use std::fmt;
use std::sync::Arc;

use crate::codec::{CodecError, Misfit};
use crate::hooks::Mutation;
use crate::key::AnyKey;
#[cfg(feature = "electric")]
use crate::sync::SyncError;

/// The result of every operation; `E` can be replaced, as in [`std::io::Result`] it cannot.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
///
/// ```
/// use indexie::Error;
///
/// fn explain(error: &Error) -> String {
///     match error {
///         Error::Constraint { index: Some(index), .. } => format!("{index} is taken"),
///         Error::QuotaExceeded { .. } => "the disk is full".to_owned(),
///         other => other.to_string(),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// A key is already there: the primary key, or a key in a unique index. Nothing of the operation was stored.
    Constraint {
        /// The table.
        table: String,
        /// The unique index whose key clashed; `None` for the primary key, or where the browser does not let it be found out.
        index: Option<String>,
        /// The key that is already there.
        key: Option<AnyKey>,
        /// The position of the row in a bulk operation.
        row: Option<usize>,
    },
    /// There is no row with this key.
    NotFound {
        /// The table.
        table: String,
        /// The key that was looked for.
        key: AnyKey,
    },
    /// A key or a row that IndexedDB does not take, or a key of another type than was asked for.
    Data {
        /// The table.
        table: String,
        /// The key, where there is one.
        key: Option<AnyKey>,
        /// The position of the row in a bulk operation.
        row: Option<usize>,
        /// What is wrong with it.
        message: String,
    },
    /// An argument that cannot be meant.
    InvalidArgument {
        /// Which one, and why.
        message: String,
    },
    /// A write where only reads are allowed: in a transaction that reads, or in a live query.
    ReadOnly {
        /// The table.
        table: String,
    },
    /// A row that an overlay transaction is about is not the one any more that the overlay found. Nothing of it was stored.
    Conflict {
        /// The table.
        table: String,
        /// The row's key.
        key: AnyKey,
    },
    /// A hook has failed, and so has the write that waited for it. Nothing of it was stored.
    ///
    /// It carries the text of the hook's error, not the error: an app that has to tell its errors apart keeps them itself, in the hook. Of
    /// a hook that is called in the background, [`HookFailure::error`](crate::HookFailure::error) has the error, for its
    /// [`downcast_ref`](crate::HookError::downcast_ref).
    Hook {
        /// The table.
        table: String,
        /// The row's key, where it has one already.
        key: Option<AnyKey>,
        /// What was to be done to the row.
        mutation: Mutation,
        /// What the hook's error says.
        message: String,
    },
    /// There is no room left. The transaction is undone.
    ///
    /// Firefox (seen in version 140) may all the same store some rows of it: once a request has failed for want of room, the
    /// database beneath has undone the transaction by itself, and the few requests that are under way by then are stored one
    /// by one, although the transaction is aborted. So it is for every program that issues several requests in a transaction.
    /// Who meets this error in Firefox should write again what has failed as soon as there is room, or look at what is stored.
    QuotaExceeded {
        /// Bytes in use by this origin, if the browser tells. The body of a transaction cannot wait for that; who awaits the
        /// transaction is told.
        usage: Option<u64>,
        /// Bytes this origin may use, if the browser tells.
        quota: Option<u64>,
    },
    /// Another tab keeps the database open at an older version.
    Blocked {
        /// The database.
        database: String,
    },
    /// The stored database is newer than this program.
    NewerVersion {
        /// The database.
        database: String,
        /// The version that is stored, if the browser tells.
        installed: Option<u32>,
        /// The newest version that this program declares.
        declared: u32,
    },
    /// The stored database has this version, but other stores or indexes.
    SchemaMismatch {
        /// The database.
        database: String,
        /// What differs, one sentence each.
        differences: Vec<String>,
    },
    /// A row that cannot be stored.
    Encode {
        /// The table.
        table: String,
        /// The row's primary key, where it is known.
        key: Option<AnyKey>,
        /// The position of the row in a bulk operation.
        row: Option<usize>,
        /// The path of the field, as in `address.city` or `tags[2]`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A stored row that does not fit its Rust type.
    Decode {
        /// The table.
        table: String,
        /// The row's primary key, where it is known.
        key: Option<AnyKey>,
        /// The path of the field, as in `address.city` or `tags[2]`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A transaction's body awaited something that is not one of its requests. Nothing of the transaction was stored.
    Stalled,
    /// An unbound table was used inside the body of a transaction of the same database, or the database was to be deleted
    /// there, which would wait for itself.
    OutsideTransaction {
        /// The table; empty where it is about the whole database.
        table: String,
    },
    /// The transaction was aborted, and nothing of it was stored; or it had ended already, and nothing of the operation was.
    Aborted {
        /// Why, as far as is known.
        reason: String,
    },
    /// The browser closed the connection while the operation was under way, or the user has left the page meanwhile and come back.
    ConnectionLost {
        /// The database.
        database: String,
    },
    /// The database was closed by [`close`](crate::Indexie::close); `open` opens it again.
    Closed {
        /// The database.
        database: String,
    },
    /// The database has no such table.
    UnknownTable {
        /// The table.
        table: String,
    },
    /// The table has no such index.
    UnknownIndex {
        /// The table.
        table: String,
        /// The name that was asked for.
        index: String,
        /// The primary key's path and the indexes that there are.
        known: Vec<String>,
    },
    /// An upgrade failed, and all of it was undone: the old version and every row are still there.
    Upgrade {
        /// The version that could not be reached.
        version: u32,
        /// The table that it was about, or else the one that the upgrade function had used last.
        table: Option<String>,
        /// The primary key of the row, where it was about one.
        key: Option<AnyKey>,
        /// What went wrong; what the upgrade function returned, if it failed.
        source: Arc<Error>,
    },
    /// A table cannot follow what a server has; see [`ElectricSync`](crate::ElectricSync).
    #[cfg(feature = "electric")]
    Sync {
        /// The table.
        table: String,
        /// Why.
        reason: SyncError,
    },
    /// This cannot be done here.
    Unsupported {
        /// What, and what to do instead.
        what: String,
    },
    /// The browser reported something without a name of its own here.
    Other {
        /// The name of the `DOMException`, or of the JavaScript error.
        name: String,
        /// Its message.
        message: String,
    },
    /// An error of the app's own; made by [`Error::user`].
    User(Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Wraps an error of the app's own, so that it can travel out of a transaction's body with `?`.
    ///
    /// ```
    /// use indexie::{Error, Result};
    ///
    /// fn parse(text: &str) -> Result<u32> {
    ///     text.parse().map_err(Error::user)
    /// }
    /// assert!(matches!(parse("x"), Err(Error::User(_))));
    /// ```
    pub fn user(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::User(Arc::from(error.into()))
    }

    /// The table that it is about, if it is about one.
    fn table(&self) -> Option<&str> {
        match self {
            Self::Constraint { table, .. }
            | Self::NotFound { table, .. }
            | Self::Data { table, .. }
            | Self::ReadOnly { table }
            | Self::Encode { table, .. }
            | Self::Decode { table, .. }
            | Self::OutsideTransaction { table }
            | Self::UnknownTable { table }
            | Self::UnknownIndex { table, .. } => Some(table).filter(|table| !table.is_empty()).map(String::as_str),
            _ => None,
        }
    }

    /// Says in which version's upgrade it happened, unless that is said already. `table` is where, if it does not say so itself.
    pub(crate) fn in_upgrade(self, version: u32, table: Option<&str>) -> Self {
        if let Self::Upgrade { .. } = self {
            return self;
        }
        let table = self.table().or(table).map(str::to_owned);
        let key = if let Self::Encode { key, .. } | Self::Decode { key, .. } = &self { key.clone() } else { None };
        Self::Upgrade { version, table, key, source: Arc::new(self) }
    }

    /// Says which row of an upgrade it was.
    pub(crate) fn in_upgrade_of(self, version: u32, table: &str, key: AnyKey) -> Self {
        Self::Upgrade { version, table: Some(table.to_owned()), key: Some(key), source: Arc::new(self) }
    }

    /// A row that the codec could not write.
    pub(crate) fn encode(table: &str, key: Option<AnyKey>, row: Option<usize>, error: CodecError) -> Self {
        let Misfit { path, message } = error.into_misfit();
        Self::Encode { table: table.to_owned(), key, row, path: dotted(&path), message }
    }

    /// A stored row that the codec could not read.
    pub(crate) fn decode(table: &str, key: Option<AnyKey>, error: CodecError) -> Self {
        let Misfit { path, message } = error.into_misfit();
        Self::Decode { table: table.to_owned(), key, path: dotted(&path), message }
    }

    /// Says which row of a bulk operation it was.
    pub(crate) fn at_row(self, at: usize) -> Self {
        self.map_row(|_| Some(at))
    }

    /// For an operation on one row, which has no position.
    pub(crate) fn of_one_row(self) -> Self {
        self.map_row(|_| None)
    }

    /// Counts the position of the row from so many rows earlier.
    pub(crate) fn after_rows(self, count: usize) -> Self {
        self.map_row(|row| row.map(|row| row + count))
    }

    /// Which row of a bulk operation it was.
    pub(crate) fn row(&self) -> Option<usize> {
        match self {
            Self::Constraint { row, .. } | Self::Data { row, .. } | Self::Encode { row, .. } => *row,
            _ => None,
        }
    }

    fn map_row(mut self, change: impl FnOnce(Option<usize>) -> Option<usize>) -> Self {
        if let Self::Constraint { row, .. } | Self::Data { row, .. } | Self::Encode { row, .. } = &mut self {
            *row = change(*row);
        }
        self
    }
}

/// ` (row 3)`, where there is a row.
struct Row<'a>(&'a Option<usize>);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(row) => write!(f, " (row {row})"),
            None => Ok(()),
        }
    }
}

/// What can be there once only, and is.
struct Taken<'a> {
    index: Option<&'a str>,
    key: Option<&'a AnyKey>,
}

impl fmt::Display for Taken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            Some(key) => write!(f, "the key {key}")?,
            None => f.write_str("this key")?,
        }
        self.index.map_or(Ok(()), |index| write!(f, " in its unique index `{index}`"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constraint { table, index, key, row } => {
                write!(f, "table `{table}` already has {}", Taken { index: index.as_deref(), key: key.as_ref() })?;
                write!(f, "{}", Row(row))
            }
            Self::NotFound { table, key } => write!(f, "table `{table}` has no row with the key {key}"),
            Self::Data { table, key, row, message } => {
                write!(f, "table `{table}`{}", Row(row))?;
                if let Some(key) = key {
                    write!(f, ", key {key}")?;
                }
                write!(f, ": {message}")
            }
            Self::InvalidArgument { message } => f.write_str(message),
            Self::ReadOnly { table } => write!(f, "table `{table}` can only be read here, in a transaction that reads or a live query"),
            Self::Conflict { table, key } => {
                write!(f, "row {key} of table `{table}` has been changed since the overlay transaction found it")
            }
            Self::Hook { table, key, mutation, message } => {
                f.write_str(if key.is_some() { "row " } else { "the row" })?;
                key.iter().try_for_each(|key| key.fmt(f))?;
                write!(f, " has not been {} table `{table}`: {message}", mutation.done())
            }
            Self::QuotaExceeded { usage, quota } => {
                f.write_str("the browser's storage quota is exceeded")?;
                match (usage, quota) {
                    (Some(usage), Some(quota)) => write!(f, ": {usage} of {quota} bytes are in use"),
                    _ => Ok(()),
                }
            }
            Self::Blocked { database } => {
                write!(f, "another tab keeps the database `{database}` open at an older version")
            }
            Self::NewerVersion { database, installed, declared } => {
                write!(f, "the stored database `{database}` is newer (version ")?;
                match installed {
                    Some(installed) => write!(f, "{installed}")?,
                    None => f.write_str("unknown")?,
                }
                write!(f, ") than this program (version {declared}): reload the page to get the new program")
            }
            Self::SchemaMismatch { database, differences } => write!(
                f,
                "the stored database `{database}` differs from its schema; add a version that says what changed: {}",
                differences.join("; ")
            ),
            Self::Encode { table, key, row, path, message } => {
                write!(f, "table `{table}`{}: the row", Row(row))?;
                if let Some(key) = key {
                    write!(f, " {key}")?;
                }
                f.write_str(" cannot be stored")?;
                write_at(f, path, message)
            }
            Self::Decode { table, key, path, message } => {
                write!(f, "table `{table}`: the stored row")?;
                if let Some(key) = key {
                    write!(f, " {key}")?;
                }
                f.write_str(" does not fit its type")?;
                write_at(f, path, message)
            }
            Self::Stalled => f.write_str(
                "a transaction's body awaited something that is not one of its requests, and was rolled back: \
                 IndexedDB cannot wait for timers or the network",
            ),
            Self::OutsideTransaction { table } if table.is_empty() => f.write_str(
                "the database was to be deleted inside a transaction of its own: it would wait for the transaction it is in",
            ),
            Self::OutsideTransaction { table } => write!(
                f,
                "table `{table}` was used inside a transaction, but not through the transaction's own handle: \
                 it would wait for the transaction it is in"
            ),
            Self::Aborted { reason } => write!(f, "the transaction has ended: {reason}"),
            Self::ConnectionLost { database } => write!(f, "the browser closed the database `{database}`"),
            Self::Closed { database } => write!(f, "the database `{database}` has been closed"),
            Self::UnknownTable { table } => write!(f, "the database has no table `{table}`"),
            Self::UnknownIndex { table, index, known } => {
                write!(f, "table `{table}` has no index `{index}`; it has `{}`", known.join("`, `"))
            }
            Self::Upgrade { version, table, key, source } => {
                write!(f, "the upgrade to version {version} failed and was undone")?;
                match (table, key) {
                    (Some(table), Some(key)) => write!(f, ", at row {key} of table `{table}`")?,
                    (Some(table), None) => write!(f, ", at table `{table}`")?,
                    (None, _) => {}
                }
                write!(f, ": {source}")
            }
            #[cfg(feature = "electric")]
            Self::Sync { table, reason } => write!(f, "table `{table}` cannot be synced: {reason}"),
            Self::Unsupported { what } => f.write_str(what),
            Self::Other { name, message } => write!(f, "{name}: {message}"),
            Self::User(error) => write!(f, "{error}"),
        }
    }
}

fn write_at(f: &mut fmt::Formatter<'_>, path: &str, message: &str) -> fmt::Result {
    if path.is_empty() { write!(f, ": {message}") } else { write!(f, ": `{path}`: {message}") }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::User(error) => Some(&**error),
            Self::Upgrade { source, .. } => Some(&**source),
            #[cfg(feature = "electric")]
            Self::Sync { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

/// A path through a row as a person writes it: `address.city`, `tags[2]`.
fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        if !text.is_empty() && !step.starts_with('[') {
            text.push('.');
        }
        text.push_str(step);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_what_they_are_about() {
        let clash = Error::Constraint {
            table: "users".into(),
            index: Some("email".into()),
            key: Some("a@b.c".into()),
            row: Some(2),
        };
        assert_eq!(
            clash.to_string(),
            "table `users` already has the key \"a@b.c\" in its unique index `email` (row 2)"
        );
        let decode = Error::Decode {
            table: "users".into(),
            key: Some(7.into()),
            path: dotted(&["address".into(), "zips".into(), "[1]".into()]),
            message: "invalid type: null".into(),
        };
        assert_eq!(
            decode.to_string(),
            "table `users`: the stored row 7 does not fit its type: `address.zips[1]`: invalid type: null"
        );
    }

    #[test]
    fn an_upgrade_says_where_it_failed_and_keeps_why() {
        let missing = Error::UnknownIndex {
            table: "users".into(),
            index: "nmae".into(),
            known: vec!["id".into(), "name".into()],
        };
        let failed = missing.in_upgrade(2, Some("others")).in_upgrade(3, None);
        assert_eq!(
            failed.to_string(),
            "the upgrade to version 2 failed and was undone, at table `users`: \
             table `users` has no index `nmae`; it has `id`, `name`"
        );
        let source = std::error::Error::source(&failed).and_then(|source| source.downcast_ref::<Error>());
        assert!(matches!(source, Some(Error::UnknownIndex { .. })));
        let own = Error::user("no").in_upgrade_of(2, "users", 7.into());
        assert_eq!(own.to_string(), "the upgrade to version 2 failed and was undone, at row 7 of table `users`: no");
    }

    #[test]
    fn an_error_can_cross_threads() {
        fn check<E: std::error::Error + Clone + Send + Sync + 'static>() {}
        check::<Error>();
    }
}
