//! The JSON messages of a shape, members in the order the service writes them. `shape`, `follow` and `subset`
//! build changes, `http` the control messages that belong to a response.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::definition::{Definition, Replica};
use super::key::{Spelling, key};
use crate::db::table::{Row, Table};

/// One message as it goes over the wire.
pub(crate) type Message = Arc<str>;

/// The headers of a row of a shape with subqueries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tags {
    pub(crate) active: Vec<bool>,
    pub(crate) tags: Vec<String>,
}

/// Where in the log a change is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) lsn: u64,
    pub(crate) txid: u64,
    pub(crate) position: u64,
}

/// The other half of a change of key.
#[derive(Debug, Clone)]
pub(crate) enum OtherHalf {
    None,
    To(String),
    From(String),
}

/// Writes the messages of one shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'s> {
    pub(crate) definition: &'s Definition,
    pub(crate) table: &'s Table,
}

impl Writer<'_> {
    /// A row of the snapshot, of a subset or of a move-in; `extra` headers come first.
    pub(crate) fn row(&self, row: &Row, tags: Option<&Tags>, extra: Map<String, Value>) -> Value {
        let mut headers = Map::new();
        if let Some(tags) = tags {
            headers.insert("active_conditions".to_owned(), json!(tags.active));
            headers.insert("tags".to_owned(), json!(tags.tags));
        }
        headers.insert("relation".to_owned(), self.relation());
        headers.insert("operation".to_owned(), "insert".into());
        headers.extend(extra);
        json!({
            "key": key(self.table, row, Spelling::Snapshot),
            "value": self.value(row, Spelling::Snapshot, |_| true),
            "headers": headers,
        })
    }

    pub(crate) fn insert(&self, row: &Row, tags: Option<&Tags>, place: Place, half: OtherHalf) -> Value {
        let mut headers = self.headers("insert", tags, place);
        if let OtherHalf::From(old) = half {
            headers.insert("key_change_from".to_owned(), old.into());
        }
        json!({ "value": self.value(row, Spelling::Log, |_| true), "key": self.key(row), "headers": headers })
    }

    pub(crate) fn delete(&self, row: &Row, tags: Option<&Tags>, place: Place, half: OtherHalf) -> Value {
        let mut headers = self.headers("delete", tags, place);
        if let OtherHalf::To(new) = half {
            headers.insert("key_change_to".to_owned(), new.into());
        }
        let key_only = self.definition.replica == Replica::Default;
        let value = self.value(row, Spelling::Log, |name| !key_only || self.in_key(name));
        json!({ "value": value, "key": self.key(row), "headers": headers })
    }

    /// An update; `None` where nothing the shape sends is different.
    pub(crate) fn update(
        &self,
        (old, new): (&Row, &Row),
        (before, tags): (Option<&Tags>, Option<&Tags>),
        place: Place,
    ) -> Option<Value> {
        let differs = |name: &str| old[name] != new[name];
        if before == tags && !self.definition.columns.iter().any(|name| differs(name)) {
            return None;
        }
        let mut headers = self.headers("update", tags, place);
        if let (Some(before), Some(tags)) = (before, tags) {
            let kept: BTreeSet<_> = tags.tags.iter().collect();
            let removed: Vec<_> = before.tags.iter().filter(|tag| !kept.contains(tag)).collect();
            headers.insert("removed_tags".to_owned(), json!(removed));
        }
        let full = self.definition.replica == Replica::Full;
        let value = self.value(new, Spelling::Log, |name| full || self.in_key(name) || differs(name));
        let mut message = json!({ "value": value, "key": self.key(new), "headers": headers });
        if full {
            message["old_value"] = self.value(old, Spelling::Log, differs);
        }
        Some(message)
    }

    /// The key of a row as the log spells it.
    pub(crate) fn key(&self, row: &Row) -> String {
        key(self.table, row, Spelling::Log)
    }

    fn headers(&self, operation: &str, tags: Option<&Tags>, place: Place) -> Map<String, Value> {
        let mut headers = Map::new();
        headers.insert("relation".to_owned(), self.relation());
        if let Some(tags) = tags {
            headers.insert("tags".to_owned(), json!(tags.tags));
        }
        headers.insert("lsn".to_owned(), place.lsn.to_string().into());
        if let Some(tags) = tags {
            headers.insert("active_conditions".to_owned(), json!(tags.active));
        }
        headers.insert("txids".to_owned(), json!([xid(place.txid)]));
        headers.insert("operation".to_owned(), operation.into());
        headers.insert("op_position".to_owned(), place.position.into());
        headers
    }

    fn relation(&self) -> Value {
        json!([self.definition.table.schema, self.definition.table.table])
    }

    fn value(&self, row: &Row, spelling: Spelling, wanted: impl Fn(&str) -> bool) -> Value {
        let selected = self.definition.columns.iter().filter(|name| wanted(name));
        let member = |name: &String| {
            let column = self.table.column(name)?;
            let text = row.get(name)?.as_deref().map(|text| match spelling {
                Spelling::Snapshot => column.snapshot_text(text),
                Spelling::Log => text,
            });
            Some((name.clone(), text.map_or(Value::Null, Value::from)))
        };
        Value::Object(selected.filter_map(member).collect())
    }

    /// Without a primary key all columns are the key.
    fn in_key(&self, name: &str) -> bool {
        let key = self.table.primary_key();
        key.is_empty() || key.iter().any(|column| column.name == name)
    }
}

/// Marks the last change of a transaction: the header comes first.
pub(crate) fn mark_last(message: &mut Value) {
    if let Some(headers) = message["headers"].as_object_mut() {
        let rest = std::mem::take(headers);
        headers.insert("last".to_owned(), true.into());
        headers.extend(rest);
    }
}

pub(crate) fn snapshot_end(txid: u64) -> Value {
    let txid = txid.to_string();
    json!({"headers": {"control": "snapshot-end", "xip_list": [], "xmax": txid, "xmin": txid}})
}

pub(crate) fn up_to_date(lsn: u64) -> Message {
    format!(r#"{{"headers":{{"control":"up-to-date","global_last_seen_lsn":"{lsn}"}}}}"#).into()
}

pub(crate) fn must_refetch() -> Message {
    r#"{"headers":{"control":"must-refetch"}}"#.into()
}

/// `move-in` or `move-out`; the patterns are positions with hashed values.
pub(crate) fn event(name: &str, txid: u64, patterns: &[(usize, String)]) -> Value {
    let patterns: Vec<_> = patterns.iter().map(|(pos, value)| json!({"value": value, "pos": pos})).collect();
    json!({"headers": {"event": name, "txids": [xid(txid)], "patterns": patterns}})
}

/// On the wire a transaction's number has 32 bits.
fn xid(txid: u64) -> u64 {
    txid & 0xffff_ffff
}
