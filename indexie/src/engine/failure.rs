//! From what the browser reports to what the app is told.

use crate::error::Error;
use crate::storage::Failure;

impl Failure {
    /// The error of the table that the operation was about; an empty name where there is none.
    pub fn into_error(self, table: &str) -> Error {
        let table = table.to_owned();
        match self.name.as_str() {
            "ConstraintError" => Error::Constraint {
                table,
                index: self.index.filter(|index| !index.is_empty()),
                key: self.key,
                row: self.row,
            },
            // Several rows or keys at once, one of which the browser refuses.
            "DataError" | "DataCloneError" => {
                Error::Data { table, key: self.key, row: self.row, message: self.message }
            }
            "QuotaExceededError" => Error::QuotaExceeded { usage: self.usage, quota: self.quota },
            "ReadOnlyError" => Error::ReadOnly { table },
            // The browser says that a transaction over its quota was aborted, and only in words why.
            "AbortError" if self.message.to_ascii_lowercase().contains("quota") => {
                Error::QuotaExceeded { usage: self.usage, quota: self.quota }
            }
            "AbortError" => {
                Error::Aborted { reason: reason(self.message, "the browser aborted it and gives no reason") }
            }
            "TransactionInactiveError" => {
                Error::Aborted { reason: "its handles are of no use after its end, nor outside of its body".to_owned() }
            }
            "NotSupportedError" => Error::Unsupported { what: self.message },
            Self::NOT_STARTED | Self::LOST => Error::ConnectionLost { database: String::new() },
            _ => Error::Other { name: self.name, message: self.message },
        }
    }
}

fn reason(message: String, otherwise: &str) -> String {
    if message.is_empty() { otherwise.to_owned() } else { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(name: &str, message: &str) -> Failure {
        Failure {
            name: name.to_owned(),
            message: message.to_owned(),
            row: None,
            index: None,
            key: None,
            usage: Some(9),
            quota: Some(10),
        }
    }

    #[test]
    fn a_full_disk_is_one_however_it_is_reported() {
        for (name, message) in [
            ("QuotaExceededError", "The current transaction exceeded its quota limitations."),
            ("AbortError", "QuotaExceededError: the quota has been exceeded"),
        ] {
            let error = failure(name, message).into_error("users");
            assert!(matches!(error, Error::QuotaExceeded { usage: Some(9), quota: Some(10) }), "{error:?}");
        }
    }

    #[test]
    fn what_has_no_name_here_keeps_its_own() {
        let error = failure("VeryNewError", "never seen").into_error("users");
        assert!(matches!(&error, Error::Other { name, message } if name == "VeryNewError" && message == "never seen"));
    }

    #[test]
    fn the_primary_key_is_no_index() {
        let clash = Failure { index: Some(String::new()), key: Some(1.into()), ..failure("ConstraintError", "") };
        assert!(matches!(clash.into_error("users"), Error::Constraint { index: None, key: Some(_), .. }));
    }
}
