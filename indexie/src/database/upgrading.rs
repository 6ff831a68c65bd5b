//! What an upgrade tells while it is under way, as a handler of `Builder` hears of it. Made by the engine.

/// How far an upgrade has come with the rows of a table.
///
/// Told of `modify` and `migrate`, and of what an upgrade does by itself: rows that are copied under another key, and the booleans of
/// a new index. Each of these begins anew, with the next table or the next version. Nothing of it is stored before the whole
/// upgrade is.
///
/// # Cancellation
///
/// An upgrade is given up by [closing](crate::Indexie::close) the database, from the handler too, or when nobody waits for it any
/// more: by dropping the future of [`open`](crate::Indexie::open) and whatever else needs the database. Then the old version is
/// there as it was, and the next attempt begins from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpgradeProgress {
    /// The version that the rows are changed for: one after the other, where several are to be made up for.
    pub version: u32,
    /// The table, by the name that it has now.
    pub table: &'static str,
    /// Rows of it that are done.
    pub done: usize,
    /// How many there are to be done, where that is known.
    pub total: Option<usize>,
}
