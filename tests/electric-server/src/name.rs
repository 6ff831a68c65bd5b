//! Names of tables and columns as SQL spells them: `users`, `foo.users`, `"Mixed"`, `"s.x"."t/y"`.
//! The database, the request parameters `table` and `columns`, and the `where` parser read names here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table's name with its schema, unquoted and folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// The schema; `public` where none is written.
    pub schema: String,
    /// The table.
    pub table: String,
}

impl TableName {
    /// Reads `table` or `schema.table`, each part quoted or not; unquoted parts fold to lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, rest) = identifier(text.trim())?;
        if rest.is_empty() {
            return Some(Self { schema: "public".to_owned(), table: first });
        }
        let (second, rest) = identifier(rest.strip_prefix('.')?)?;
        rest.is_empty().then_some(Self { schema: first, table: second })
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\".\"{}\"", self.schema, self.table)
    }
}

/// Reads a comma separated list of column names.
pub(crate) fn list(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    loop {
        let (name, after) = identifier(rest)?;
        names.push(name);
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(names);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// Reads one identifier from the start of `text`; gives it with what follows.
pub(crate) fn identifier(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut chars = quoted.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != '"' {
                name.push(c);
            } else if chars.next_if(|(_, next)| *next == '"').is_some() {
                name.push('"');
            } else {
                return (!name.is_empty()).then(|| (name, &quoted[at + 1..]));
            }
        }
        return None;
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
    let starts_well = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts_well.then(|| (text[..end].to_lowercase(), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, String)> {
        TableName::parse(text).map(|name| (name.schema, name.table))
    }

    #[test]
    fn a_name_folds_unless_it_is_quoted() {
        assert_eq!(parsed("USERS"), Some(("public".into(), "users".into())));
        assert_eq!(parsed("foo.Users"), Some(("foo".into(), "users".into())));
        assert_eq!(parsed("\"Mixed\""), Some(("public".into(), "Mixed".into())));
        assert_eq!(parsed("\"s.x\".\"t/y\""), Some(("s.x".into(), "t/y".into())));
        assert_eq!(parsed("a b"), None);
        assert_eq!(parsed("\"\""), None);
    }

    #[test]
    fn a_list_honours_quotes() {
        assert_eq!(list("id,\"Status-Check\""), Some(vec!["id".into(), "Status-Check".into()]));
        assert_eq!(list("\"a\"\"b\", c"), Some(vec!["a\"b".into(), "c".into()]));
        assert_eq!(list("id,"), None);
    }
}
