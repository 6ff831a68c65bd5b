//! Versions as the program declares them, and the numbers that the browser knows them by. Pure.
//!
//! The browser adds stores and indexes in an upgrade only, and an upgrade takes a higher number. So a repair, which makes no new
//! version, uses up a number: a store named [`MARKER`] then says which version the database has in truth. Dexie keeps the
//! same store for the same purpose, with the same content.

/// The store that says which version a database has, where the browser's number does not: a number under [`MARKER_KEY`].
pub(crate) const MARKER: &str = "$meta";
pub(crate) const MARKER_KEY: &str = "version";

/// The store in which the library keeps records of its own, for syncs; the keys are apart from the records.
#[cfg(feature = "electric")]
pub(crate) const RECORDS: &str = "$sync";

/// How versions are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// As they are declared.
    #[default]
    Plain,
    /// As Dexie does: ten times the declared number, which leaves room for nine repairs.
    Dexie,
}

impl Numbering {
    fn factor(self) -> u32 {
        match self {
            Self::Plain => 1,
            Self::Dexie => 10,
        }
    }

    /// The browser's number of a declared version.
    pub fn native(self, declared: u32) -> u32 {
        declared.saturating_mul(self.factor())
    }

    /// The version that the browser's number stands for; 0 where there is no database.
    pub fn declared(self, native: u32) -> u32 {
        // A number below ten is no version of Dexie's: the database was numbered plainly.
        if native < self.factor() { native } else { native / self.factor() }
    }

    /// The version of a stored database.
    pub fn installed(self, native: u32, marked: Option<u32>) -> u32 {
        match marked {
            Some(version) if native > 0 => version.max(1),
            _ => self.declared(native),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_number_is_the_declared_one_or_ten_times_it() {
        assert_eq!((Numbering::Plain.native(3), Numbering::Plain.declared(3)), (3, 3));
        assert_eq!((Numbering::Dexie.native(3), Numbering::Dexie.declared(30)), (30, 3));
        // Repaired twice.
        assert_eq!(Numbering::Dexie.declared(32), 3);
        assert_eq!((Numbering::Plain.declared(0), Numbering::Dexie.declared(0)), (0, 0));
        // Before it was numbered as Dexie does.
        assert_eq!(Numbering::Dexie.declared(3), 3);
    }

    #[test]
    fn the_marker_counts_more_than_the_number() {
        assert_eq!(Numbering::Plain.installed(4, Some(3)), 3);
        assert_eq!(Numbering::Dexie.installed(40, Some(3)), 3);
        assert_eq!(Numbering::Plain.installed(4, None), 4);
        assert_eq!(Numbering::Plain.installed(0, Some(3)), 0, "there is no database");
    }
}
