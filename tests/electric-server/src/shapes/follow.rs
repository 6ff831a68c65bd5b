//! How a shape takes in a commit: its rows' changes first, then, where a subquery gives something else now,
//! the rows that leave and those that come. `Shapes::follow` calls it.

use serde_json::{Map, Value};

use super::message::{OtherHalf, Place, Writer, event, mark_last, snapshot_end};
use super::offset::Offset;
use super::positions::{Move, hash};
use super::shape::Shape;
use crate::db::{Change, Commit, Database};

impl Shape {
    pub(super) fn follow(&mut self, commit: &Commit, db: &Database) {
        let mut changes: Vec<(u64, Value)> = Vec::new();
        for change in commit.changes.iter().filter(|change| change.oid == self.definition.oid) {
            changes.extend(self.changes(change, commit, db));
        }
        if let Some((_, last)) = changes.last_mut() {
            mark_last(last);
        }
        for (position, message) in changes {
            self.append(Offset::new(commit.lsn, position), &message);
        }
        let dependencies = self.definition.dependencies();
        if commit.changes.iter().any(|change| dependencies.contains(&change.oid)) {
            self.follow_subqueries(commit, db);
        }
    }

    /// What a changed row is to this shape: nothing, one message, or two where its key is another now.
    fn changes(&self, change: &Change, commit: &Commit, db: &Database) -> Vec<(u64, Value)> {
        let Some(table) = db.table_by_oid(change.oid) else { return Vec::new() };
        let writer = Writer { definition: &self.definition, table };
        let at = |position| Place { lsn: commit.lsn, txid: commit.txid, position };
        let (first, second) = (change.position, change.position + 1);
        let old = change.old.as_ref().filter(|row| self.selects(row, &self.views, db));
        let new = change.new.as_ref().filter(|row| self.selects(row, &self.views, db));
        let tags = |row| self.tags(row, &self.views, db);
        match (old, new) {
            (None, None) => Vec::new(),
            (None, Some(new)) => {
                vec![(first, writer.insert(new, tags(new).as_ref(), at(first), OtherHalf::None))]
            }
            (Some(old), None) => {
                vec![(first, writer.delete(old, tags(old).as_ref(), at(first), OtherHalf::None))]
            }
            (Some(old), Some(new)) => {
                let (before, after) = (tags(old), tags(new));
                let (old_key, new_key) = (writer.key(old), writer.key(new));
                if old_key == new_key {
                    let update = writer.update((old, new), (before.as_ref(), after.as_ref()), at(first));
                    return update.map(|update| (first, update)).into_iter().collect();
                }
                let delete = writer.delete(old, before.as_ref(), at(first), OtherHalf::To(new_key));
                let insert = writer.insert(new, after.as_ref(), at(second), OtherHalf::From(old_key));
                vec![(first, delete), (second, insert)]
            }
        }
    }

    fn follow_subqueries(&mut self, commit: &Commit, db: &Database) {
        let Some(positions) = &self.definition.positions else { return };
        let Some(table) = db.table_by_oid(self.definition.oid) else { return };
        let views = positions.views(db);
        let (outs, ins) = positions.moves(&self.views, &views);
        let between = positions.between(&self.views, &views);
        let mut messages = Vec::new();
        if !outs.is_empty() {
            messages.push(event("move-out", commit.txid, &self.patterns(outs)));
        }
        if !ins.is_empty() {
            messages.push(event("move-in", commit.txid, &self.patterns(ins)));
            let writer = Writer { definition: &self.definition, table };
            let known = messages.len();
            for row in table.rows() {
                if self.selects(row, &views, db) && !self.selects(row, &between, db) {
                    let moved = Map::from_iter([("is_move_in".to_owned(), Value::Bool(true))]);
                    messages.push(writer.row(row, self.tags(row, &views, db).as_ref(), moved));
                }
            }
            if messages.len() > known {
                messages.push(snapshot_end(commit.txid + 1));
            }
        }
        for message in messages {
            self.append(self.end().next(), &message);
        }
        self.views = views;
    }

    fn patterns(&self, moves: Vec<Move>) -> Vec<(usize, String)> {
        moves.into_iter().map(|to| (to.position, hash(&self.handle, Some(&to.value)))).collect()
    }
}
