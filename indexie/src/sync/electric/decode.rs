//! Rows as a shape sends them: objects of columns whose values are the text that Postgres prints, or null.
//! Called by whoever follows a shape, to make typed rows and keys of them; knows the columns and the codec, and no tables.

mod array;
mod cell;
mod keys;
mod moment;
mod record;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use keys::{key, outside_key};
pub(crate) use record::{patched, row};
pub(crate) use wire::{is_complete, merged};

use std::fmt::{self, Display};

use serde::de;

/// What of a row does not fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ColumnError {
    /// Empty where it is the row as a whole.
    pub column: String,
    /// The text that came, or the beginning of it; none for null, and for what did not come.
    pub value: Option<String>,
    pub message: String,
}

/// How much of a value an error shows.
const SHOWN: usize = 200;

impl ColumnError {
    fn new(message: impl Display) -> Self {
        Self { message: message.to_string(), ..Self::default() }
    }

    /// Names the column, and what came in it.
    fn at(self, column: &str, value: Option<&str>) -> Self {
        Self { column: column.to_owned(), value: value.map(shortened), message: self.message }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.column.is_empty() {
            write!(f, "column `{}`: ", self.column)?;
        }
        f.write_str(&self.message)?;
        self.value.as_ref().map_or(Ok(()), |value| write!(f, " (the server sent `{value}`)"))
    }
}

impl std::error::Error for ColumnError {}

impl de::Error for ColumnError {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format_args!("missing field `{field}`")).at(field, None)
    }
}

type Decoded<T> = Result<T, ColumnError>;
