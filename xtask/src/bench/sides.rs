//! Who is measured in the pages of live queries and of syncs, as those pages name them.

pub const INDEXIE: &str = "indexie";
pub const DEXIE: &str = "Dexie";
pub const BOTH: [&str; 2] = [INDEXIE, DEXIE];
