//! `Tags`: why rows of a shape with subqueries are visible (`electric.md` §1.8.5). Pure.
//!
//! The condition of such a shape is an alternative of conjunctions over numbered positions. A row has a tag for each alternative: a
//! value for each position that this one uses. It is visible while all positions of some tag are true.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::{Change, Moved, Operation, Pattern};
use crate::key::AnyKey;

/// The tags of one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct RowTags {
    tags: Vec<String>,
    /// By position: whether its condition is true for the row.
    active: Vec<bool>,
}

impl RowTags {
    fn has(&self, Pattern { pos, value }: &Pattern) -> bool {
        self.tags.iter().any(|tag| tag.split('/').nth(*pos).is_some_and(|part| part == value))
    }

    fn set(&mut self, position: usize, active: bool) {
        if self.active.len() <= position {
            self.active.resize(position + 1, true);
        }
        self.active[position] = active;
    }

    fn is_visible(&self) -> bool {
        let is_active = |position: usize| self.active.get(position).copied().unwrap_or(true);
        self.tags.iter().any(|tag| tag.split('/').enumerate().all(|(at, part)| part.is_empty() || is_active(at)))
    }
}

/// The tags of the rows of a shape, as far as they are known, and which of them have changed.
#[derive(Debug, Default)]
pub(super) struct Tags {
    known: BTreeMap<AnyKey, RowTags>,
    changed: BTreeMap<AnyKey, Option<RowTags>>,
}

impl Tags {
    pub fn new(known: impl IntoIterator<Item = (AnyKey, RowTags)>) -> Self {
        Self { known: known.into_iter().collect(), changed: BTreeMap::new() }
    }

    /// Whether changes can be told only by who knows the tags of other rows, too.
    pub fn are_needed(change: &Change) -> bool {
        let Change { operation, tags, removed_tags, active, .. } = change;
        *operation == Operation::Update && !(tags.is_empty() && removed_tags.is_empty() && active.is_empty())
    }

    fn store(&mut self, key: &AnyKey, tags: Option<RowTags>) {
        match &tags {
            Some(tags) => self.known.insert(key.clone(), tags.clone()),
            None => self.known.remove(key),
        };
        self.changed.insert(key.clone(), tags);
    }

    /// A row has got another key.
    pub fn moved_to(&mut self, from: &AnyKey, to: &AnyKey) {
        if let Some(row) = self.known.get(from).cloned() {
            self.store(from, None);
            self.store(to, Some(row));
        }
    }

    /// A row has changed.
    pub fn changed(&mut self, key: &AnyKey, change: &Change) {
        let Change { tags, removed_tags, active, .. } = change;
        match change.operation {
            Operation::Insert if tags.is_empty() => {}
            Operation::Insert => {
                self.store(key, Some(RowTags { tags: tags.clone(), active: active.clone() }));
            }
            Operation::Update if tags.is_empty() && removed_tags.is_empty() && active.is_empty() => {}
            Operation::Update => {
                let mut row = self.known.get(key).cloned().unwrap_or_default();
                row.tags.retain(|tag| !removed_tags.contains(tag));
                for tag in tags {
                    if !row.tags.contains(tag) {
                        row.tags.push(tag.clone());
                    }
                }
                if !active.is_empty() {
                    row.active.clone_from(active);
                }
                self.store(key, Some(row));
            }
            Operation::Delete => {
                if self.known.contains_key(key) || !self.changed.is_empty() || !tags.is_empty() {
                    self.store(key, None);
                }
            }
        }
    }

    /// A condition has become true or false for many rows; answers the keys of those that are not visible any more.
    pub fn moved(&mut self, moved: &Moved) -> Vec<AnyKey> {
        let mut gone = Vec::new();
        for pattern in &moved.patterns {
            let of_pattern = self.known.iter().filter(|(_, row)| row.has(pattern));
            let rows: Vec<(AnyKey, RowTags)> = of_pattern.map(|(key, row)| (key.clone(), row.clone())).collect();
            for (key, mut row) in rows {
                row.set(pattern.pos, moved.into);
                let visible = row.is_visible();
                self.store(&key, visible.then_some(row));
                if !visible {
                    gone.push(key);
                }
            }
        }
        gone
    }

    /// What is to be stored, and what is to be deleted.
    pub fn into_changes(self) -> (Vec<(AnyKey, RowTags)>, Vec<AnyKey>) {
        let (mut stored, mut deleted) = (Vec::new(), Vec::new());
        for (key, tags) in self.changed {
            match tags {
                Some(tags) => stored.push((key, tags)),
                None => deleted.push(key),
            }
        }
        (stored, deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    fn change(operation: &str, tags: &[&str], removed: &[&str], active: &[bool]) -> Change {
        let headers = serde_json::json!({
            "operation": operation, "tags": tags, "removed_tags": removed, "active_conditions": active
        });
        let message = serde_json::json!({ "key": "k", "value": {}, "headers": headers }).to_string();
        match Message::parse(message.as_bytes()) {
            Ok(Message::Change(change)) => *change,
            other => panic!("{other:?}"),
        }
    }

    fn moved(into: bool, pos: usize, value: &str) -> Moved {
        Moved { into, patterns: vec![Pattern { pos, value: value.into() }], txids: vec![] }
    }

    #[test]
    fn a_row_takes_its_tags_along_to_another_key() {
        let mut tags = Tags::new([(AnyKey::from(1), RowTags { tags: vec!["a".into()], active: vec![true] })]);
        tags.moved_to(&AnyKey::from(1), &AnyKey::from(2));
        tags.moved_to(&AnyKey::from(3), &AnyKey::from(4));
        let (stored, deleted) = tags.into_changes();
        assert_eq!(stored, [(AnyKey::from(2), RowTags { tags: vec!["a".into()], active: vec![true] })]);
        assert_eq!(deleted, [AnyKey::from(1)]);
    }

    /// V47.
    #[test]
    fn a_row_goes_when_its_condition_does() {
        let mut tags = Tags::default();
        tags.changed(&10.into(), &change("insert", &["d985"], &[], &[true]));
        tags.changed(&20.into(), &change("insert", &["1153"], &[], &[true]));
        assert_eq!(tags.moved(&moved(false, 0, "d985")), [10.into()]);
        let (stored, deleted) = tags.into_changes();
        assert_eq!(stored.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), [20.into()]);
        assert_eq!(deleted, [10.into()]);
    }

    #[test]
    fn a_row_with_another_reason_stays() {
        let mut tags = Tags::default();
        tags.changed(&1.into(), &change("insert", &["89f3/", "/1"], &[], &[true, true]));
        assert_eq!(tags.moved(&moved(false, 0, "89f3")), []);
        tags.changed(&1.into(), &change("update", &[], &[], &[false, false]));
        assert_eq!(tags.moved(&moved(true, 0, "89f3")), [], "it has come back");
        assert_eq!(tags.moved(&moved(false, 0, "89f3")), [1.into()]);
    }

    #[test]
    fn both_parts_of_a_conjunction_count() {
        let mut tags = Tags::default();
        tags.changed(&1.into(), &change("insert", &["a/b"], &[], &[true, true]));
        tags.changed(&2.into(), &change("insert", &["a/c"], &[], &[true, true]));
        assert_eq!(tags.moved(&moved(false, 1, "b")), [1.into()]);
        assert_eq!(tags.moved(&moved(false, 0, "a")), [2.into()]);
    }

    #[test]
    fn an_update_exchanges_tags() {
        let mut tags = Tags::new([(1.into(), RowTags { tags: vec!["old".into()], active: vec![true] })]);
        tags.changed(&1.into(), &change("update", &["new"], &["old"], &[true]));
        assert_eq!(tags.moved(&moved(false, 0, "old")), []);
        assert_eq!(tags.moved(&moved(false, 0, "new")), [1.into()]);
    }

    #[test]
    fn a_shape_without_subqueries_keeps_nothing() {
        let mut tags = Tags::default();
        for operation in ["insert", "update", "delete"] {
            tags.changed(&1.into(), &change(operation, &[], &[], &[]));
        }
        assert_eq!(tags.into_changes(), (vec![], vec![]));
    }
}
