//! Changes that have come and cannot be stored as rows yet, because there is more to come: of very large shapes they are put into the
//! library's own store, so that memory holds a part of them only. Nobody sees them there; a tab that comes to its end leaves them for
//! the next one to clear away. Where tabs have no locks, several may put something aside at the same time: each has its number.

use std::sync::Arc;

use futures::FutureExt;
use serde::Serialize;
use serde_json::value::RawValue;

use super::machine::Item;
use super::message::{Message, Operation, Pattern};
use super::records::{Part, Records};
use super::sync::Inner;
use crate::engine::{self, Access, Session, Shared};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::schema::RECORDS;

/// A message, as the server would have sent it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_value: Option<&'a RawValue>,
    headers: Headers<'a>,
}

#[derive(Default, Serialize)]
struct Headers<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lsn: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_position: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    removed_tags: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    active_conditions: &'a [bool],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    patterns: &'a [Pattern],
}

fn told(item: &Item) -> Told<'_> {
    match item {
        Item::Change(change) => Told {
            key: Some(&change.key),
            value: Some(&change.value),
            old_value: change.old.as_deref(),
            headers: Headers {
                operation: Some(change.operation),
                lsn: change.at.map(|(lsn, _)| lsn),
                op_position: change.at.map(|(_, operation)| operation),
                tags: &change.tags,
                removed_tags: &change.removed_tags,
                active_conditions: &change.active,
                ..Headers::default()
            },
        },
        Item::Moved(moved) => Told {
            key: None,
            value: None,
            old_value: None,
            headers: Headers {
                event: Some(if moved.into { "move-in" } else { "move-out" }),
                patterns: &moved.patterns,
                ..Headers::default()
            },
        },
    }
}

fn unreadable(message: &impl ToString) -> Error {
    Error::Decode { table: RECORDS.to_owned(), key: None, path: "staged".to_owned(), message: message.to_string() }
}

/// Of a part: the number of the sync that has put it aside, and its own.
fn key(owner: f64, at: u32) -> AnyKey {
    AnyKey::Array(vec![AnyKey::Number(owner), at.into()])
}

/// Puts changes aside, as part number `at`.
pub(super) async fn put(inner: &Inner, at: u32, items: &[Item]) -> Result<()> {
    let Inner { shared, rows, number, .. } = inner;
    let (table, key) = (rows.table, key(*number, at));
    let all: Vec<Told<'_>> = items.iter().map(told).collect();
    let text = serde_json::to_string(&all).map_err(|error| unreadable(&error))?;
    let body = move |session: Session| {
        let records = Records::new(&session.silent(), table);
        async move { records.put(Part::Staged, vec![(Some(key), text)]).await }.boxed_local()
    };
    engine::transact(shared.clone(), vec![shared.records()], Access::ReadWrite, None, body).await
}

/// A part that a sync has put aside; none if it is gone.
pub(super) async fn get(records: &Records, owner: f64, at: u32) -> Result<Option<Vec<Item>>> {
    let Some(text) = records.get::<String>(Part::Staged, Some(key(owner, at))).await? else { return Ok(None) };
    let messages = Message::parse_all(text.as_bytes()).map_err(|message| unreadable(&message))?;
    let item = |message| match message {
        Message::Change(change) => Some(Item::Change(change)),
        Message::Moved(moved) => Some(Item::Moved(moved)),
        _ => None,
    };
    Ok(Some(messages.into_iter().filter_map(item).collect()))
}

/// Deletes what an earlier tab has left.
pub(super) async fn clear(shared: &Arc<Shared>, table: &'static str) -> Result<()> {
    let body = move |session: Session| {
        let records = Records::new(&session.silent(), table);
        async move { records.delete_all(Part::Staged).await }.boxed_local()
    };
    engine::transact(shared.clone(), vec![shared.records()], Access::ReadWrite, None, body).await
}

#[cfg(test)]
mod tests {
    use super::super::message::Moved;
    use super::*;

    #[test]
    fn what_is_put_aside_comes_back_as_it_was() {
        let bodies = r#"[
            {"key":"\"public\".\"t\"/\"1\"","value":{"id":"1","n":"a \"q\" é 😀"},"headers":{"operation":"insert","tags":["a/"],"active_conditions":[true]}},
            {"key":"k","value":{"id":"2"},"headers":{"operation":"update","lsn":"18446744073709551615","op_position":4,"txids":[7],"removed_tags":["x"]}},
            {"key":"k","value":{},"headers":{"operation":"delete","lsn":"5","op_position":6}}
        ]"#;
        let messages = Message::parse_all(bodies.as_bytes()).expect("messages");
        let mut items: Vec<Item> = messages
            .into_iter()
            .filter_map(|message| match message {
                Message::Change(change) => Some(Item::Change(change)),
                _ => None,
            })
            .collect();
        let patterns = vec![Pattern { pos: 1, value: "v".into() }];
        items.push(Item::Moved(Moved { into: false, patterns, txids: vec![] }));
        let text = serde_json::to_string(&items.iter().map(told).collect::<Vec<_>>()).expect("JSON");
        let again = Message::parse_all(text.as_bytes()).expect("messages");
        assert_eq!(again.len(), items.len());
        for (item, message) in items.iter().zip(again) {
            match (item, message) {
                (Item::Change(a), Message::Change(b)) => {
                    assert_eq!((a.operation, &a.key, a.value.get(), a.at), (b.operation, &b.key, b.value.get(), b.at));
                    assert_eq!((&a.tags, &a.removed_tags, &a.active), (&b.tags, &b.removed_tags, &b.active));
                }
                (Item::Moved(a), Message::Moved(b)) => assert_eq!(*a, b),
                other => panic!("{other:?}"),
            }
        }
    }
}
