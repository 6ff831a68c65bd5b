//! What a tab says to others of its commits. A channel of the page's own stands for another tab.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use wasm_bindgen::prelude::*;

use crate::fixtures::{friend, with_three};

#[wasm_bindgen(inline_js = r"
let channel;
const heard = [];
export function enter(database) {
  channel = new BroadcastChannel(`indexie ${database}`);
  channel.onmessage = ({ data: { kind, stores } }) => {
    if (kind !== 'commit') return;
    for (const { store, rows } of stores) heard.push(`${store}: ${rows === null ? 'unknown' : rows.length}`);
  };
}
export function listenTo(store, milliseconds) {
  channel.postMessage({ kind: 'here', sender: 1, sequence: 0, stores: [[store, Date.now() - milliseconds]] });
}
// Time enough for a message to come, and for one that should not.
export async function said() {
  await new Promise((wake) => setTimeout(wake, 150));
  return heard.splice(0).join(', ');
}
export const leave = () => channel.close();
")]
extern "C" {
    fn enter(database: &str);
    /// Says that it has been listened to a store for so long.
    #[wasm_bindgen(js_name = listenTo)]
    fn listen_to(store: &str, milliseconds: f64);
    async fn said() -> JsValue;
    fn leave();
}

async fn heard() -> String {
    said().await.as_string().expect("a text")
}

#[wasm_bindgen_test]
async fn who_listens_hears_of_rows_and_who_does_not_of_nothing() -> Result<()> {
    let db = with_three("who listens hears").await?;
    enter(db.name());
    db.friends.put(&friend(1, "Anna", 21)).await?;
    assert_eq!(heard().await, "");

    listen_to("rivals", 0.0);
    assert_eq!(heard().await, "");
    db.rivals.bulk_put(&[friend(1, "Eve", 50), friend(2, "Fay", 60)]).await?;
    db.friends.put(&friend(1, "Ann", 20)).await?;
    assert_eq!(heard().await, "rivals: 2");
    leave();
    Ok(())
}

#[wasm_bindgen_test]
async fn who_begins_to_listen_hears_that_something_was_written_since() -> Result<()> {
    let db = with_three("who begins to listen").await?;
    enter(db.name());
    db.friends.put(&friend(1, "Anna", 21)).await?;
    // As if its announcement had been under way for longer than that write.
    listen_to("friends", 60_000.0);
    assert_eq!(heard().await, "friends: unknown");
    // Said again, it is no news.
    listen_to("friends", 60_000.0);
    assert_eq!(heard().await, "");
    leave();
    Ok(())
}

#[wasm_bindgen_test]
async fn who_begins_to_listen_later_hears_of_nothing_earlier() -> Result<()> {
    let db = with_three("who begins to listen later").await?;
    enter(db.name());
    db.friends.put(&friend(1, "Anna", 21)).await?;
    listen_to("friends", -60_000.0);
    assert_eq!(heard().await, "");
    leave();
    Ok(())
}

#[wasm_bindgen_test]
async fn a_database_that_is_closed_says_what_nobody_has_heard_yet() -> Result<()> {
    let db = with_three("a database that is closed").await?;
    enter(db.name());
    db.friends.put(&friend(1, "Anna", 21)).await?;
    db.close();
    assert_eq!(heard().await, "friends: unknown");
    leave();
    Ok(())
}
