//! Whether a database is what it seems. Pure.
//!
//! Firefox shows whoever opens a database while an upgrade of it is being taken back (its tab was closed, or its process died)
//! the old version with the stores and indexes of the new one. They are not stored: rows that are put there are lost, and an
//! upgrade that takes them to be there ends with a database of the new version that does not have them.

use super::installed::{InstalledStore, differences};
use super::{Definition, MARKER, StoreSchema};

/// Whether a stored database of this version (0: a new one) has other stores or indexes than the version was declared with. Of
/// one that is not declared, nobody knows.
pub(crate) fn is_doubtful(definition: &Definition, version: u32, stores: &[InstalledStore]) -> bool {
    if version == 0 {
        return !stores.is_empty();
    }
    definition
        .stores_at(version)
        .is_none_or(|declared| has_more(stores, &declared) || !differences(stores, &declared).is_empty())
}

fn has_more(stores: &[InstalledStore], declared: &[(&'static str, StoreSchema)]) -> bool {
    stores.iter().filter(|store| store.name != MARKER).any(|store| {
        let schema = declared.iter().find(|(name, _)| *name == store.name);
        schema.is_none_or(|(_, schema)| schema.indexes.len() < store.indexes.len())
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse_installed;
    use super::super::steps::tests::THREE;
    use super::*;

    const FIRST: &str = "users\tid\t1\nold\tid\t1";
    const LAST: &str = "users\tid\t1\n\tname\tname\t0\t0";

    fn doubtful(version: u32, listing: &str) -> bool {
        is_doubtful(&THREE, version, &parse_installed(listing))
    }

    #[test]
    fn what_a_version_was_declared_with_is_believed() {
        assert!(!doubtful(0, ""));
        assert!(!doubtful(1, FIRST));
        assert!(!doubtful(2, LAST));
        assert!(!doubtful(2, &format!("{LAST}\n$meta\t\t0")), "the marker belongs to every version");
    }

    #[test]
    fn what_it_was_not_declared_with_is_doubtful() {
        assert!(doubtful(0, FIRST), "a new database has no stores");
        assert!(doubtful(1, &format!("{FIRST}\nmore\tid\t1")), "a store too many");
        assert!(doubtful(1, "users\tid\t1\n\tname\tname\t0\t0\nold\tid\t1"), "an index too many");
        assert!(doubtful(1, "users\tid\t1"), "a store too few");
        assert!(doubtful(2, "users\tid\t1"), "an index too few");
        assert!(doubtful(3, FIRST), "not declared");
    }
}
