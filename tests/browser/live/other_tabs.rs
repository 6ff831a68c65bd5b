//! What a tab says to others of its commits. A channel of the page's own stands for another tab.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use wasm_bindgen::prelude::*;

use crate::fixtures::{Friends, friend, with_three};

#[wasm_bindgen(inline_js = r"
let channel, echo;
const heard = [];
const soon = (milliseconds) => new Promise((wake) => { setTimeout(wake, milliseconds); });
export function enter(database) {
  const name = `indexie ${database}`;
  channel = new BroadcastChannel(name);
  // Hears what this tab says, as the database does.
  echo = new BroadcastChannel(name);
  channel.onmessage = ({ data: { kind, stores } }) => {
    if (kind !== 'commit') return;
    for (const { store, rows } of stores) heard.push(`${store}: ${rows === null ? 'unknown' : rows.length}`);
  };
}
export async function listenTo(store, milliseconds) {
  const arrived = new Promise((resolve) => { echo.onmessage = resolve; });
  channel.postMessage({ kind: 'here', sender: 1, sequence: 0, stores: [[store, Date.now() - milliseconds]] });
  await arrived;
  await soon(20);
}
export async function hear() {
  for (let time = 0; heard.length === 0 && time < 200; time++) await soon(25);
  return heard.splice(0).join(', ');
}
// Time enough for a message that should not come.
export async function overhear() {
  await soon(150);
  return heard.splice(0).join(', ');
}
export function leave() {
  channel.close();
  echo.close();
}
")]
extern "C" {
    fn enter(database: &str);
    /// Says that it has been listened to a store for so long.
    #[wasm_bindgen(js_name = listenTo)]
    async fn listen_to(store: &str, milliseconds: f64);
    async fn hear() -> JsValue;
    async fn overhear() -> JsValue;
    fn leave();
}

/// What has been said, or is in a moment.
async fn heard() -> Option<String> {
    hear().await.as_string()
}

async fn nothing_is_heard() {
    assert_eq!(overhear().await.as_string().as_deref(), Some(""));
}

/// A database that was written while nobody listened, and another tab beside it.
async fn written_unheard(name: &str) -> Result<Friends> {
    let db = with_three(name).await?;
    enter(db.name());
    db.friends.put(&friend(1, "Anna", 21)).await?;
    Ok(db)
}

#[wasm_bindgen_test]
async fn who_listens_hears_of_rows_and_who_does_not_of_nothing() -> Result<()> {
    let db = written_unheard("who listens hears").await?;
    nothing_is_heard().await;

    listen_to("rivals", 0.0).await;
    nothing_is_heard().await;
    db.rivals.bulk_put(&[friend(1, "Eve", 50), friend(2, "Fay", 60)]).await?;
    db.friends.put(&friend(1, "Ann", 20)).await?;
    assert_eq!(heard().await.as_deref(), Some("rivals: 2"));
    leave();
    Ok(())
}

#[wasm_bindgen_test]
async fn who_begins_to_listen_hears_that_something_was_written_since() -> Result<()> {
    let _db = written_unheard("who begins to listen").await?;
    // As if its announcement had been under way for longer than that write.
    listen_to("friends", 60_000.0).await;
    assert_eq!(heard().await.as_deref(), Some("friends: unknown"));
    // Said again, it is no news.
    listen_to("friends", 60_000.0).await;
    nothing_is_heard().await;
    leave();
    Ok(())
}

#[wasm_bindgen_test]
async fn who_begins_to_listen_later_hears_of_nothing_earlier() -> Result<()> {
    let _db = written_unheard("who begins to listen later").await?;
    listen_to("friends", -60_000.0).await;
    nothing_is_heard().await;
    leave();
    Ok(())
}

#[wasm_bindgen_test]
async fn a_database_that_is_closed_says_what_nobody_has_heard_yet() -> Result<()> {
    let db = written_unheard("a database that is closed").await?;
    db.close();
    assert_eq!(heard().await.as_deref(), Some("friends: unknown"));
    leave();
    Ok(())
}
