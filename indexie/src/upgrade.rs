//! `Upgrade`: what an upgrade function gets.

use std::fmt;

/// The transaction in which a database goes from one version to the next.
pub struct Upgrade {
    pub(crate) _private: (),
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}
