//! What a tab says to others of its commits. A channel of the page's own stands for another tab.

use std::cell::Cell;
use std::pin::pin;

use futures::StreamExt;
use futures::future::{Either, join, select};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use wasm_bindgen::prelude::*;

use crate::fixtures::{Friends, friend, with_three};

#[wasm_bindgen(inline_js = r"
let channel, echo;
const heard = [];
export const soon = (milliseconds) => new Promise((wake) => { setTimeout(wake, milliseconds); });
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
  for (let time = 0; heard.length === 0 && time < 4000; time++) await soon(25);
  return heard.splice(0).join(', ');
}
// Time enough for a message that should not come.
export async function overhear() {
  await soon(150);
  return heard.splice(0).join(', ');
}
let sequence = 0;
export async function store(database, store, row) {
  const db = await new Promise((resolve, reject) => {
    const request = indexedDB.open(database);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = db.transaction(store, 'readwrite');
  transaction.objectStore(store).put(JSON.parse(row));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  db.close();
}
// Commits a row, as another tab does.
export async function commitElsewhere(database, name, row) {
  await store(database, name, row);
  const now = Date.now();
  channel.postMessage({
    kind: 'commit', sender: 2, sequence: sequence++, from: now, to: now, stores: [{ store: name, rows: null, whole: false }],
  });
}
// The same, but what it says of that is lost on the way: it asks who listens next.
export async function commitUnheard(database, name, row) {
  await store(database, name, row);
  sequence++;
  channel.postMessage({ kind: 'who', sender: 2, sequence: sequence - 1 });
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
    #[wasm_bindgen(js_name = commitElsewhere)]
    async fn commit_elsewhere(database: &str, store: &str, row: &str);
    #[wasm_bindgen(js_name = commitUnheard)]
    async fn commit_unheard(database: &str, store: &str, row: &str);
    async fn soon(milliseconds: f64);
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

#[wasm_bindgen_test]
async fn who_never_stops_asking_hears_of_others_too() -> Result<()> {
    let db = with_three("who never stops asking").await?;
    let mut live = db.friends.get(1).live();
    assert_eq!(live.next().await.transpose()?.flatten(), Some(friend(1, "Ann", 20)));
    enter(db.name());
    let has_heard = Cell::new(false);
    let asks = async {
        for _ in 0..200_000 {
            db.rivals.count().await?;
            if has_heard.get() {
                return Ok(());
            }
        }
        Err(Error::user("it has not heard of others"))
    };
    let hears = async {
        // What comes at first is passed on at once; the others only when it is thought to have read.
        for age in 21..24 {
            let row = serde_json::to_string(&friend(1, "Ann", age)).map_err(Error::user)?;
            commit_elsewhere(db.name(), "friends", &row).await;
            assert_eq!(live.next().await.transpose()?.flatten(), Some(friend(1, "Ann", age)));
        }
        has_heard.set(true);
        Ok::<_, Error>(())
    };
    let (asked, told) = join(asks, hears).await;
    told?;
    asked?;
    leave();
    Ok(())
}

#[wasm_bindgen_test]
async fn what_was_lost_before_another_tab_asks_who_listens_is_read() -> Result<()> {
    let db = with_three("lost before a question").await?;
    let mut live = db.friends.get(1).live();
    assert_eq!(live.next().await.transpose()?.flatten(), Some(friend(1, "Ann", 20)));
    enter(db.name());
    let row = |age| serde_json::to_string(&friend(1, "Ann", age)).map_err(Error::user);
    commit_elsewhere(db.name(), "friends", &row(21)?).await;
    assert_eq!(live.next().await.transpose()?.flatten(), Some(friend(1, "Ann", 21)));
    commit_unheard(db.name(), "friends", &row(22)?).await;
    let later = pin!(soon(2_000.0));
    let Either::Left((next, _)) = select(live.next(), later).await else { panic!("it is not read") };
    assert_eq!(next.transpose()?.flatten(), Some(friend(1, "Ann", 22)));
    leave();
    Ok(())
}
