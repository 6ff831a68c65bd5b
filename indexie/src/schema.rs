//! Schemas: the constants that the macros fill, and what of them the stored database has.
//! Pure data and pure functions; called when a database is opened.

mod doubt;
mod fit;
mod installed;
mod numbering;
mod steps;
mod verdict;

pub(crate) use doubt::is_doubtful;
pub(crate) use fit::{Alteration, Fit, KeyField, fit, key_fields, unknown_fields};
#[cfg(any(target_family = "wasm", test))]
pub(crate) use installed::parse_installed;
pub(crate) use installed::{InstalledIndex, InstalledStore};
#[cfg(feature = "electric")]
pub(crate) use numbering::RECORDS;
pub(crate) use numbering::{MARKER, MARKER_KEY, Numbering};
pub(crate) use steps::{Step, steps};
pub(crate) use verdict::{Rules, Stored, Verdict, verdict};

use std::future::Future;

use futures::future::LocalBoxFuture;

use crate::error::{Error, Result};
use crate::key::FieldForm;
use crate::upgrade::Upgrade;

/// A whole database, as `schema!` declares it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Definition {
    pub name: &'static str,
    pub versions: &'static [Version],
}

/// One version block.
#[doc(hidden)]
pub struct Version {
    pub number: u32,
    pub tables: &'static [TableEntry],
    pub upgrade: Option<UpgradeFn>,
    pub populate: Option<PopulateFn>,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Version").field("number", &self.number).field("tables", &self.tables).finish_non_exhaustive()
    }
}

#[doc(hidden)]
pub type UpgradeFn = fn(Upgrade) -> LocalBoxFuture<'static, Result<()>>;
#[doc(hidden)]
pub type PopulateFn = UpgradeFn;

/// What a version says of one table.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TableEntry {
    pub name: &'static str,
    pub change: Change,
}

#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Store(StoreSchema),
    Drop,
}

/// The key and the indexes of a store, in serialized names.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct StoreSchema {
    pub key: KeySchema,
    pub indexes: &'static [IndexSchema],
    /// How the record's key fields are stored; nothing is known of those of a schema of the past.
    pub fields: &'static [FieldForm],
    /// The greatest number of the key's type: where temporary keys begin, and generated ones end.
    pub last_key: f64,
}

impl StoreSchema {
    /// The last number that the store may generate, if its generator has numbers beyond.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of 32 bits")]
    pub(crate) fn last_generated(&self) -> Option<u32> {
        // Nothing is known of the types of the past.
        let is_known = self.last_key > 0.0 && self.last_key <= f64::from(u32::MAX);
        (self.key.auto && is_known).then_some(self.last_key as u32)
    }
}

#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySchema {
    pub path: KeyPath,
    pub auto: bool,
}

#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexSchema {
    pub name: &'static str,
    pub path: KeyPath,
    pub unique: bool,
    pub multi: bool,
}

#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPath {
    /// The key is outside of the record.
    None,
    One(&'static str),
    Many(&'static [&'static str]),
}

impl KeyPath {
    /// As one text: empty, a path, or several in brackets.
    pub(crate) fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::One(path) => path.to_owned(),
            Self::Many(paths) => format!("[{}]", paths.join("+")),
        }
    }

    /// One after the other.
    pub(crate) fn paths(self) -> Vec<&'static str> {
        match self {
            Self::None => Vec::new(),
            Self::One(path) => vec![path],
            Self::Many(paths) => paths.to_vec(),
        }
    }
}

impl StoreSchema {
    /// Whether a pinned schema says the same as the record's own, in Rust names or in serialized names. The order of the
    /// indexes does not matter.
    #[must_use]
    pub const fn matches(&self, declared: &[&str], pinned: &[&str]) -> bool {
        if same_entries(declared, pinned) {
            return true;
        }
        if pinned.len() != self.indexes.len() + 1 {
            return false;
        }
        if !is_key(pinned[0], &self.key) {
            return false;
        }
        let mut at = 1;
        while at < pinned.len() {
            let mut other = 0;
            let mut found = false;
            while other < self.indexes.len() {
                found = found || is_index(pinned[at], &self.indexes[other]);
                other += 1;
            }
            if !found {
                return false;
            }
            at += 1;
        }
        true
    }
}

const fn same_entries(a: &[&str], b: &[&str]) -> bool {
    if a.len() != b.len() || a.is_empty() || !same(a[0].as_bytes(), 0, b[0].as_bytes()) {
        return false;
    }
    let mut at = 1;
    while at < a.len() {
        let mut other = 1;
        let mut found = false;
        while other < b.len() {
            found = found || same(a[at].as_bytes(), 0, b[other].as_bytes());
            other += 1;
        }
        if !found {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether `a`, from a position on, is `b`.
const fn same(a: &[u8], from: usize, b: &[u8]) -> bool {
    if a.len() - from != b.len() {
        return false;
    }
    let mut at = 0;
    while at < b.len() {
        if a[from + at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn is_key(entry: &str, key: &KeySchema) -> bool {
    let entry = entry.as_bytes();
    let auto = entry.len() >= 2 && entry[0] == b'+' && entry[1] == b'+';
    auto == key.auto && is_path(entry, if auto { 2 } else { 0 }, key.path)
}

const fn is_index(entry: &str, index: &IndexSchema) -> bool {
    let entry = entry.as_bytes();
    let (mut at, mut unique, mut multi) = (0, false, false);
    while at < entry.len() && (entry[at] == b'&' || entry[at] == b'*') {
        unique = unique || entry[at] == b'&';
        multi = multi || entry[at] == b'*';
        at += 1;
    }
    unique == index.unique && multi == index.multi && is_path(entry, at, index.path)
}

const fn is_path(entry: &[u8], from: usize, path: KeyPath) -> bool {
    match path {
        KeyPath::None => entry.len() == from,
        KeyPath::One(path) => same(entry, from, path.as_bytes()),
        KeyPath::Many(paths) => {
            let mut at = from;
            let mut part = 0;
            while part < paths.len() {
                let (path, opening) = (paths[part].as_bytes(), if part == 0 { b'[' } else { b'+' });
                if at >= entry.len() || entry[at] != opening {
                    return false;
                }
                at += 1;
                let mut byte = 0;
                while byte < path.len() {
                    if at >= entry.len() || entry[at] != path[byte] {
                        return false;
                    }
                    at += 1;
                    byte += 1;
                }
                part += 1;
            }
            at + 1 == entry.len() && entry[at] == b']'
        }
    }
}

impl Definition {
    /// The newest version's number.
    pub(crate) fn newest(&self) -> u32 {
        self.versions.iter().map(|version| version.number).max().unwrap_or(1)
    }

    /// The stores of the newest version: of each table, what the last version that mentions it says.
    pub(crate) fn stores(&self) -> Vec<(&'static str, StoreSchema)> {
        stores_after(self.versions)
    }

    /// Those of another version; `None` if it is not declared.
    pub(crate) fn stores_at(&self, version: u32) -> Option<Vec<(&'static str, StoreSchema)>> {
        let at = self.versions.iter().position(|declared| declared.number == version)?;
        Some(stores_after(&self.versions[..=at]))
    }

    /// Fails where no row would be found by a key of the newest version, whatever is stored: its path leads to a field that
    /// serde stores under another name, or its type is stored as something else than keys are.
    pub(crate) fn check_names(&self) -> Result<()> {
        let mut fields =
            self.stores().into_iter().flat_map(|(table, schema)| schema.fields.iter().map(move |field| (table, field)));
        fields.try_for_each(|(table, field)| {
            let why = if field.kept.is_some_and(|kept| !kept()) {
                "serde stores one of its fields under another name, or not as a field of its own, and no row would be found by \
                 it. Nested key fields keep their Rust names"
            } else if field.from_number.is_some_and(|from_number| from_number()) {
                "serde stores its type as a number, and `derive(Key)` makes text of it, so no row would be found by it. Derive \
                 `Serialize` and `Deserialize` for the type, or take the number as the field's type"
            } else {
                return Ok(());
            };
            let path = field.path.join(".");
            Err(Error::Unsupported { what: format!("the key path `{path}` of the table `{table}`: {why}") })
        })
    }
}

fn stores_after(versions: &[Version]) -> Vec<(&'static str, StoreSchema)> {
    let mut stores: Vec<(&'static str, StoreSchema)> = Vec::new();
    for entry in versions.iter().flat_map(|version| version.tables) {
        stores.retain(|(name, _)| *name != entry.name);
        if let Change::Store(schema) = entry.change {
            stores.push((entry.name, schema));
        }
    }
    stores
}

/// Boxes the future of an upgrade, so that its function fits a constant.
#[doc(hidden)]
pub fn boxed(future: impl Future<Output = Result<()>> + 'static) -> LocalBoxFuture<'static, Result<()>> {
    Box::pin(future)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: StoreSchema = StoreSchema {
        key: KeySchema { path: KeyPath::One("id"), auto: true },
        indexes: &[
            IndexSchema { name: "eMail", path: KeyPath::One("eMail"), unique: true, multi: false },
            IndexSchema { name: "[a+b]", path: KeyPath::Many(&["a", "b"]), unique: false, multi: false },
        ],
        fields: &[],
        last_key: 0.0,
    };
    const DECLARED: &[&str] = &["++id", "&e_mail", "[a+b]"];

    #[test]
    fn a_pinned_schema_may_use_either_name_and_any_order() {
        assert!(SCHEMA.matches(DECLARED, &["++id", "&e_mail", "[a+b]"]));
        assert!(SCHEMA.matches(DECLARED, &["++id", "[a+b]", "&eMail"]));
        for other in [
            &["id", "&eMail", "[a+b]"][..],
            &["++id", "eMail", "[a+b]"],
            &["++id", "&eMail"],
            &["++id", "&eMail", "[a+c]"],
            &["++id", "&eMail", "[a+b+c]"],
            &["++id", "&eMail", "[a+b]", "c"],
        ] {
            assert!(!SCHEMA.matches(DECLARED, other), "{other:?}");
        }
    }

    #[test]
    fn the_newest_stores_are_those_not_dropped() {
        let definition = Definition {
            name: "db",
            versions: &[
                Version {
                    number: 1,
                    tables: &[
                        TableEntry { name: "users", change: Change::Store(SCHEMA) },
                        TableEntry { name: "old", change: Change::Store(SCHEMA) },
                    ],
                    upgrade: None,
                    populate: None,
                },
                Version {
                    number: 3,
                    tables: &[TableEntry { name: "old", change: Change::Drop }],
                    upgrade: None,
                    populate: None,
                },
            ],
        };
        assert_eq!(definition.newest(), 3);
        assert_eq!(definition.stores().iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["users"]);
    }
}
