//! Messages: what a shape's log is made of, as JSON has it. Pure.

use std::borrow::Cow;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::offset::Offset;

/// One element of a response, or of an event stream.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Change(Box<Change>),
    /// All that precedes it belongs together, and can be applied.
    UpToDate,
    /// The log is no more: begin again.
    MustRefetch,
    SnapshotEnd(Snapshot),
    /// Rows have come to match a subquery, or have ceased to.
    Moved(Moved),
    /// Something that this version of the protocol does not know.
    Unknown,
}

/// A change of one row.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub operation: Operation,
    /// The server's name for the row; not the same in the snapshot and in the log for every table.
    pub key: Box<str>,
    /// The columns, as JSON: text or null by name.
    pub value: Box<RawValue>,
    /// What the changed ones of them were before; only told of whole rows.
    pub old: Option<Box<RawValue>>,
    /// Its place in the log; snapshots and moved rows have none.
    pub at: Option<(u64, u64)>,
    pub txids: Vec<u64>,
    /// Of shapes with subqueries: what makes the row visible.
    pub tags: Vec<String>,
    pub removed_tags: Vec<String>,
    pub active: Vec<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operation {
    Insert,
    Update,
    Delete,
}

/// Which transactions a snapshot has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Snapshot {
    pub xmin: u64,
    pub xmax: u64,
    pub xip: Vec<u64>,
}

/// For rows that have one of these values in their tags, a condition has become true or false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub into: bool,
    pub patterns: Vec<Pattern>,
    pub txids: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Pattern {
    pub pos: usize,
    pub value: String,
}

impl Change {
    pub fn offset(&self) -> Option<Offset> {
        self.at.map(|(lsn, operation)| Offset::of(lsn, operation))
    }
}

impl Message {
    /// Reads one message.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let wire: Wire<'_> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        Ok(wire.into())
    }

    /// Reads the body of a response: an array of messages.
    pub fn parse_all(json: &[u8]) -> Result<Vec<Self>, String> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Vec<Message>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array of messages")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(wire) = seq.next_element::<Wire<'de>>()? {
                    all.push(wire.into());
                }
                Ok(all)
            }
        }

        let mut reader = serde_json::Deserializer::from_slice(json);
        let all = reader.deserialize_seq(All).and_then(|all| reader.end().map(|()| all));
        all.map_err(|error| error.to_string())
    }
}

/// A message as it is sent.
#[derive(serde::Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    old_value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
}

#[derive(Default, serde::Deserialize)]
struct Headers<'a> {
    #[serde(default, deserialize_with = "known")]
    operation: Option<Operation>,
    #[serde(borrow, default)]
    control: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    event: Option<Cow<'a, str>>,
    #[serde(default)]
    lsn: Option<Number>,
    #[serde(default)]
    op_position: Option<Number>,
    #[serde(default)]
    txids: Vec<Number>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    removed_tags: Vec<String>,
    #[serde(default)]
    active_conditions: Vec<bool>,
    #[serde(default)]
    xmin: Option<Number>,
    #[serde(default)]
    xmax: Option<Number>,
    #[serde(default)]
    xip_list: Vec<Number>,
    #[serde(default)]
    patterns: Vec<Pattern>,
}

/// An operation; one that is not known is none.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Operation>, D::Error> {
    Ok(match <&RawValue>::deserialize(deserializer)?.get() {
        r#""insert""# => Some(Operation::Insert),
        r#""update""# => Some(Operation::Update),
        r#""delete""# => Some(Operation::Delete),
        _ => None,
    })
}

/// A `u64`, which JSON has as digits in a string or as a number.
#[derive(Clone, Copy)]
struct Number(u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Number;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number, or the digits of one")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_str<E: de::Error>(self, digits: &str) -> Result<Number, E> {
                digits.parse().map(Number).map_err(|_| E::invalid_value(de::Unexpected::Str(digits), &self))
            }
        }

        deserializer.deserialize_any(Digits)
    }
}

fn numbers(numbers: Vec<Number>) -> Vec<u64> {
    numbers.into_iter().map(|Number(number)| number).collect()
}

impl From<Wire<'_>> for Message {
    fn from(wire: Wire<'_>) -> Self {
        let Wire { key, value, old_value, headers } = wire;
        if let (Some(key), Some(operation)) = (key, headers.operation) {
            let value = value.map_or_else(empty, ToOwned::to_owned);
            let at = headers.lsn.zip(headers.op_position).map(|(Number(lsn), Number(operation))| (lsn, operation));
            return Self::Change(Box::new(Change {
                operation,
                key: key.into(),
                value,
                old: old_value.map(ToOwned::to_owned),
                at,
                txids: numbers(headers.txids),
                tags: headers.tags,
                removed_tags: headers.removed_tags,
                active: headers.active_conditions,
            }));
        }
        match (headers.control.as_deref(), headers.event.as_deref()) {
            (Some("up-to-date"), _) => Self::UpToDate,
            (Some("must-refetch"), _) => Self::MustRefetch,
            (Some("snapshot-end"), _) => match (headers.xmin, headers.xmax) {
                (Some(Number(xmin)), Some(Number(xmax))) => {
                    Self::SnapshotEnd(Snapshot { xmin, xmax, xip: numbers(headers.xip_list) })
                }
                _ => Self::Unknown,
            },
            (_, Some(event @ ("move-in" | "move-out"))) => {
                let txids = numbers(headers.txids);
                Self::Moved(Moved { into: event == "move-in", patterns: headers.patterns, txids })
            }
            _ => Self::Unknown,
        }
    }
}

fn empty() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Change {
        match Message::parse(json.as_bytes()) {
            Ok(Message::Change(change)) => *change,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_has_its_columns_and_its_place() {
        let told = change(
            r#"{"value":{"age":"9","id":"50"},"key":"\"public\".\"users\"/\"50\"","headers":{"last":true,"relation":["public","users"],"lsn":"26760448","txids":[760],"operation":"update","op_position":4}}"#,
        );
        assert_eq!(told.operation, Operation::Update);
        assert_eq!(&*told.key, r#""public"."users"/"50""#);
        assert_eq!(told.value.get(), r#"{"age":"9","id":"50"}"#);
        assert_eq!(told.offset(), Offset::parse("26760448_4"));
        assert_eq!(told.txids, [760]);
        let snapshot = change(
            r#"{"key":"\"public\".\"users\"/\"1\"","value":{"id":"1"},"headers":{"operation":"insert","relation":["public","users"]}}"#,
        );
        assert_eq!((snapshot.offset(), snapshot.txids), (None, vec![]));
    }

    /// V30.
    #[test]
    fn a_change_of_a_whole_row_has_what_was_there_before() {
        let told = change(
            r#"{"value":{"id":"1","title":"a2"},"key":"k","headers":{"operation":"update"},"old_value":{"title":"a"}}"#,
        );
        assert_eq!(told.old.as_deref().map(RawValue::get), Some(r#"{"title":"a"}"#));
        assert!(change(r#"{"value":{},"key":"k","headers":{"operation":"update"},"old_value":null}"#).old.is_none());
    }

    #[test]
    fn a_place_beyond_what_a_float_can_hold_is_kept() {
        let told = change(
            r#"{"key":"k","value":{},"headers":{"operation":"delete","lsn":"18446744073709551615","op_position":9007199254740993}}"#,
        );
        assert_eq!(told.at, Some((u64::MAX, 9_007_199_254_740_993)));
    }

    #[test]
    fn control_messages_are_told_apart() {
        let parse = |json: &str| Message::parse(json.as_bytes()).expect("a message");
        assert!(matches!(
            parse(r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"26624216"}}"#),
            Message::UpToDate
        ));
        assert!(matches!(parse(r#"{"headers":{"control":"must-refetch"}}"#), Message::MustRefetch));
        match parse(r#"{"headers":{"control":"snapshot-end","xip_list":["755"],"xmax":"757","xmin":"754"}}"#) {
            Message::SnapshotEnd(snapshot) => {
                assert_eq!(snapshot, Snapshot { xmin: 754, xmax: 757, xip: vec![755] });
            }
            other => panic!("{other:?}"),
        }
        match parse(r#"{"headers":{"event":"move-out","txids":[812],"patterns":[{"value":"d985","pos":0}]}}"#) {
            Message::Moved(moved) => {
                let patterns = vec![Pattern { pos: 0, value: "d985".into() }];
                assert_eq!(moved, Moved { into: false, patterns, txids: vec![812] });
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        for json in [
            "{}",
            r#"{"headers":{"control":"subset-end"}}"#,
            r#"{"headers":{"event":"something"}}"#,
            r#"{"key":"k","value":{},"headers":{"operation":"truncate"}}"#,
            r#"{"value":{"id":"1"},"headers":{"operation":"insert"}}"#,
            r#"{"new":[1,{"a":2}],"headers":{"control":"snapshot-end"}}"#,
        ] {
            assert!(matches!(Message::parse(json.as_bytes()), Ok(Message::Unknown)), "{json}");
        }
    }

    #[test]
    fn a_body_is_an_array_and_nothing_else() {
        let all = Message::parse_all(br#" [{"headers":{"control":"up-to-date"}},{"x":1}] "#).expect("a body");
        assert_eq!(all.len(), 2);
        for body in ["", "{}", "<!doctype html>", r#"[{"headers":{}}"#, "[] x", "null"] {
            assert!(Message::parse_all(body.as_bytes()).is_err(), "{body}");
        }
    }
}
