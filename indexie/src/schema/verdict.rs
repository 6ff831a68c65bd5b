//! What to do with a database that has been opened: use it, carry it further, or refuse it. Pure.

use super::installed::{InstalledStore, differences};
use super::{Numbering, StoreSchema};

/// What the app allows beyond the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub numbering: Numbering,
    /// Stores and indexes that are missing are added.
    pub repair: bool,
    /// A database of a later version will do, if what is declared is there.
    pub newer: bool,
}

/// A stored database, as it was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    /// The browser's number.
    pub native: u32,
    /// What the marker says, if there is one.
    pub marked: Option<u32>,
    pub stores: &'a [InstalledStore],
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    Use,
    /// Open it again under this number, which starts an upgrade or a repair.
    Reopen(u32),
    /// It is of this version, which is a later one.
    Newer(u32),
    /// It lacks what is declared: a sentence for each difference.
    Differs(Vec<String>),
}

pub(crate) fn verdict(
    stored: Stored<'_>,
    declared: &[(&'static str, StoreSchema)],
    newest: u32,
    rules: Rules,
) -> Verdict {
    let installed = rules.numbering.installed(stored.native, stored.marked);
    // There is no higher number, and without one no upgrade.
    if installed < newest && stored.native == u32::MAX {
        return Verdict::Differs(vec![format!("its version {installed} has used up the browser's numbers")]);
    }
    if installed < newest {
        // The number of this version has gone to a repair of the one before.
        return Verdict::Reopen(rules.numbering.native(newest).max(stored.native.saturating_add(1)));
    }
    if installed > newest && !rules.newer {
        return Verdict::Newer(installed);
    }
    let differences = differences(stored.stores, declared);
    if differences.is_empty() {
        Verdict::Use
    } else if rules.repair && installed == newest && differences.iter().all(|difference| difference.missing) {
        Verdict::Reopen(stored.native.saturating_add(1))
    } else {
        Verdict::Differs(differences.into_iter().map(|difference| difference.sentence).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{IndexSchema, KeyPath, KeySchema, parse_installed};
    use super::*;

    const NAME: IndexSchema = IndexSchema { name: "name", path: KeyPath::One("name"), unique: false, multi: false };
    const USERS: StoreSchema = StoreSchema {
        key: KeySchema { path: KeyPath::One("id"), auto: true },
        indexes: &[NAME],
        fields: &[],
        last_key: 0.0,
    };
    const DECLARED: &[(&str, StoreSchema)] = &[("users", USERS)];
    const WHOLE: &str = "users\tid\t1\n\tname\tname\t0\t0";
    const UNINDEXED: &str = "users\tid\t1";
    const OTHER_KEY: &str = "users\tkey\t1\n\tname\tname\t0\t0";

    const STRICT: Rules = Rules { numbering: Numbering::Plain, repair: false, newer: false };
    const REPAIR: Rules = Rules { repair: true, ..STRICT };
    const NEWER: Rules = Rules { newer: true, ..STRICT };

    fn of(native: u32, marked: Option<u32>, listing: &str, rules: Rules) -> Verdict {
        verdict(Stored { native, marked, stores: &parse_installed(listing) }, DECLARED, 3, rules)
    }

    fn missing() -> Verdict {
        Verdict::Differs(vec!["index `name` of store `users` is missing".to_owned()])
    }

    #[test]
    fn what_is_declared_has_to_be_there() {
        assert_eq!(of(3, None, WHOLE, STRICT), Verdict::Use);
        assert_eq!(of(3, None, UNINDEXED, STRICT), missing());
    }

    #[test]
    fn a_repair_takes_the_next_number() {
        assert_eq!(of(3, None, UNINDEXED, REPAIR), Verdict::Reopen(4));
        assert_eq!(of(4, Some(3), UNINDEXED, REPAIR), Verdict::Reopen(5));
        assert_eq!(of(30, None, UNINDEXED, Rules { numbering: Numbering::Dexie, ..REPAIR }), Verdict::Reopen(31));
        assert!(matches!(of(3, None, OTHER_KEY, REPAIR), Verdict::Differs(_)), "only what is missing can be added");
    }

    #[test]
    fn a_repaired_database_is_still_of_its_version() {
        for rules in [STRICT, REPAIR, NEWER] {
            assert_eq!(of(4, Some(3), WHOLE, rules), Verdict::Use);
        }
        // Version 3 is new, and its number is taken.
        assert_eq!(of(3, Some(2), WHOLE, STRICT), Verdict::Reopen(4));
        assert_eq!(of(7, Some(2), WHOLE, STRICT), Verdict::Reopen(8));
    }

    #[test]
    fn a_later_version_is_used_only_if_that_is_allowed() {
        assert_eq!(of(5, None, WHOLE, STRICT), Verdict::Newer(5));
        assert_eq!(of(9, Some(5), WHOLE, REPAIR), Verdict::Newer(5));
        assert_eq!(of(5, None, WHOLE, NEWER), Verdict::Use);
        assert_eq!(of(5, None, UNINDEXED, NEWER), missing());
        assert_eq!(
            of(5, None, UNINDEXED, Rules { repair: true, ..NEWER }),
            missing(),
            "it is not this program's to repair"
        );
    }
}
