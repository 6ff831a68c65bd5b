//! Types of other crates, each behind its feature.

use indexie::Date;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::javascript::{assert_same, database, empty, stored};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, at")]
struct Event {
    id: Uuid,
    at: Date,
    other: Option<Uuid>,
}
database!(EventDb, Event);

#[wasm_bindgen_test]
async fn a_uuid_is_text() -> Result<()> {
    let db: EventDb = empty("events").await;
    let event = Event {
        id: Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0),
        at: Date::from_millis(5),
        other: Some(Uuid::nil()),
    };
    assert_eq!(db.rows.add(&event).await?, event.id);
    assert_same(
        &stored("events", event.id.to_string()).await,
        "{ id: '12345678-9abc-def0-1234-56789abcdef0', at: new Date(5), other: '00000000-0000-0000-0000-000000000000' }",
    );
    assert_eq!(db.rows.get(event.id).await?, Some(event.clone()));
    assert_eq!(db.rows.where_(|e| e.id).above(Uuid::nil()).primary_keys().await?, [event.id]);
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store(", text", key = Ulid)]
struct Note {
    text: String,
}
database!(NoteDb, Note);

#[wasm_bindgen_test]
async fn a_ulid_is_text() -> Result<()> {
    let db: NoteDb = empty("notes").await;
    let (key, note) = (Ulid::from_bytes([1; 16]), Note { text: "x".into() });
    assert_eq!(db.rows.add_with_key(&note, key).await?, key);
    assert_same(&stored("notes", key.to_string()).await, "{ text: 'x' }");
    assert_eq!(db.rows.entries().await?, [(key, note)]);
    Ok(())
}

#[wasm_bindgen_test]
fn chrono_and_time_become_dates() {
    let date = Date::from_millis(1_700_000_000_123);
    let chrono: chrono::DateTime<chrono::Utc> = date.into();
    assert_eq!((chrono.timestamp_millis(), Date::from(chrono)), (1_700_000_000_123, date));
    let time: time::OffsetDateTime = date.into();
    assert_eq!((time.unix_timestamp(), Date::from(time)), (1_700_000_000, date));
}
