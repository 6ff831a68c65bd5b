//! The user leaves the page, and perhaps comes back to it: the events of that are sent by hand here. Real pages that are left are
//! a matter of the end-to-end tests.

use std::cell::Cell;
use std::pin::pin;

use futures::future::Either;
use futures::{future, poll};
use indexie::prelude::*;
use indexie_tests::{User, UserDb, fresh, user};
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::anywhere::{all, begun, sleep};

/// More, in milliseconds, than any machine needs.
const A_WHILE: u32 = 60_000;

/// The page is left, for as long as the test wants: what makes one that is still there a second later go on, does not come.
fn leave() {
    js_sys::eval(
        "(() => {
          const { setTimeout } = globalThis;
          globalThis.setTimeout = (action, delay, ...rest) => (delay === 1000 ? 0 : setTimeout(action, delay, ...rest));
          dispatchEvent(new Event('pagehide'));
          globalThis.setTimeout = setTimeout;
        })()",
    )
    .expect("the event is sent");
}

/// The same, of a page that does not go.
fn seem_to_leave() {
    js_sys::eval("dispatchEvent(new Event('pagehide'))").expect("the event is sent");
}

fn come_back() {
    js_sys::eval("dispatchEvent(new Event('pageshow'))").expect("the event is sent");
}

async fn filled(name: &str, count: u32) -> Result<UserDb> {
    let db: UserDb = fresh(name).await;
    let users: Vec<_> = (0..count).map(|at| user(&format!("{at}@x"), "Ada", at)).collect();
    db.users.bulk_add(&users).await?;
    Ok(db)
}

/// Waits until something is so.
async fn until(mut is_so: impl FnMut() -> bool) {
    let start = js_sys::Date::now();
    while !is_so() {
        assert!(js_sys::Date::now() - start < A_WHILE.into(), "it never is");
        sleep(5).await;
    }
}

/// Gives the future back that does not end within a tenth of a second.
async fn pending<F: Future + Unpin>(future: F) -> F {
    let pause = pin!(sleep(100));
    let Either::Right(((), future)) = future::select(future, pause).await else {
        panic!("opened in a page that is left")
    };
    future
}

fn is_lost<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::ConnectionLost { .. }))
}

#[wasm_bindgen_test]
async fn what_has_not_made_its_last_request_is_undone() -> Result<()> {
    let db = filled("leaving: undone", 700).await?;

    let body = db
        .transaction(Mode::ReadWrite, &db.users, async |users| {
            users.add(&user("new@x", "Bob", 1)).await?;
            leave();
            users.add(&user("newer@x", "Bob", 1)).await
        })
        .await;
    come_back();
    let mut modify = pin!(db.users.where_(|u| u.name).equals("Ada").modify(|user| user.name = "Cid".into()));
    assert!(poll!(&mut modify).is_pending());
    leave();
    let modified = modify.await;
    come_back();

    assert!(is_lost(&body), "{body:?}");
    assert!(is_lost(&modified), "{modified:?}");
    assert_eq!(db.users.count().await?, 700);
    assert_eq!(db.users.where_(|u| u.name).equals("Ada").count().await?, 700);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_has_made_its_last_request_is_stored() -> Result<()> {
    let db = filled("leaving: stored", 1).await?;

    let (one, many) = (user("one@x", "Bob", 1), [user("two@x", "Bob", 1), user("three@x", "Bob", 1)]);
    let mut bulk = pin!(db.users.bulk_add(&many));
    assert!(poll!(&mut bulk).is_pending());
    leave();
    // Saved by who hears that the page is left.
    let saved = future::join(bulk, db.users.add(&one)).await;
    come_back();

    assert_eq!((saved.0?, saved.1?), (vec![2, 3], 4));
    assert_eq!(db.users.where_(|u| u.name).equals("Bob").count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_takes_several_requests_waits_in_its_order_until_the_user_is_back() -> Result<()> {
    let db = filled("leaving: put off", 3).await?;

    leave();
    let body = pin!(db.transaction(Mode::ReadWrite, &db.users, async |users| {
        users.add(&user("new@x", "Bob", 1)).await?;
        users.count().await
    }));
    let mut modified = pin!(db.users.where_(|u| u.name).equals("Bob").modify(|user| user.age += 1));
    let mut added = pin!(db.users.add(&user("newer@x", "Bob", 5)));
    let body = pending(body).await;
    assert!(poll!(&mut modified).is_pending());
    assert!(poll!(&mut added).is_pending());
    assert_eq!(all("leaving: put off", "users").await.map(|rows| rows.matches("@x").count()), Some(3));
    come_back();

    let (body, modified, added) = future::join3(body, modified, added).await;
    assert_eq!((body?, modified?, added?), (4, 1, 5));
    let ages: Vec<u32> =
        db.users.where_(|u| u.name).equals("Bob").to_vec().await?.iter().map(|user| user.age).collect();
    assert_eq!(ages, [2, 5]);
    Ok(())
}

#[wasm_bindgen_test]
async fn others_hear_of_what_is_being_written_while_the_page_is_left() -> Result<()> {
    let db = filled("leaving: told", 1).await?;
    let heard = js_sys::eval(
        "(() => {
          const heard = [], channel = new BroadcastChannel('indexie leaving: told');
          channel.onmessage = ({ data }) => {
            if (data.kind === 'commit') heard.push(data.stores.map(({ store, rows }) => `${store} ${rows}`).join());
          };
          return heard;
        })()",
    )
    .expect("a list");
    let heard = js_sys::Array::from_iter([heard]);
    let so_far = || js_sys::Array::from(&heard.get(0)).join(";").as_string();

    let mut before = pin!(db.users.update(1, |user| user.age = 7));
    let mut saved = pin!(db.users.add(&user("one@x", "Bob", 1)));
    let many = [user("two@x", "Bob", 1), user("three@x", "Bob", 1)];
    let mut bulk = pin!(db.users.bulk_add(&many));
    assert!(poll!(&mut bulk).is_pending());
    leave();
    until(|| so_far().is_some_and(|told| !told.is_empty())).await;
    sleep(50).await;
    assert_eq!(so_far().as_deref(), Some("users null"), "told before it is stored");
    assert!(poll!(&mut saved).is_pending());
    until(|| so_far().is_some_and(|told| told != "users null")).await;
    sleep(50).await;
    assert_eq!(so_far().as_deref(), Some("users null;users null"), "saved in a page that is left");
    assert!(poll!(&mut before).is_pending());
    let (bulk, saved) = future::join(bulk, saved).await;
    come_back();
    bulk?;
    saved?;
    assert_eq!(before.await?.age, 7);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_ended_without_a_word_while_the_page_was_kept_is_lost() -> Result<()> {
    let db = filled("leaving: forgotten", 1).await?;
    let forgetting = begun(
        "for (const type of ['error', 'abort']) transaction.addEventListener(type, (event) => event.stopImmediatePropagation(), true);",
    );
    // These share a transaction, which the second one aborts: nobody is there to prevent it.
    let (new, taken) = (user("new@x", "Bob", 1), user("0@x", "Bob", 1));
    let (mut one, mut two) = (pin!(db.users.add(&new)), pin!(db.users.add(&taken)));
    assert!(poll!(&mut one).is_pending());
    assert!(poll!(&mut two).is_pending());
    sleep(0).await;
    assert_eq!(forgetting.writes(), 1);
    drop(forgetting);
    leave();
    let next = db.users.add(&new);
    come_back();

    let (one, two, next) = future::join3(one, two, next).await;
    assert!(is_lost(&one), "{one:?}");
    assert!(is_lost(&two), "{two:?}");
    assert_eq!(next?, 2, "what waited for them goes on");
    assert_eq!(db.users.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_database_is_opened_once_the_user_is_back() -> Result<()> {
    let db: UserDb = fresh("leaving: opening").await;

    leave();
    let opening = pin!(db.open());
    let opening = pending(opening).await;
    come_back();
    opening.await?;
    db.close();
    // This one never goes: there are events that only say so.
    seem_to_leave();
    let (opening, pause) = (pin!(db.open()), pin!(sleep(A_WHILE)));
    let opened = future::select(opening, pause).await;

    assert!(matches!(opened, Either::Left((Ok(()), _))), "not opened in a page that is still there");
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, name")]
struct Renamed {
    id: u32,
    email: String,
    name: String,
    round: u32,
}

#[wasm_bindgen_test]
async fn an_upgrade_begins_again_once_the_user_is_back() -> Result<()> {
    thread_local!(static RUNS: Cell<u32> = const { Cell::new(0) });
    schema! {
        struct Next("leaving: upgrade");
        version 1 { users: User }
        version 2 { users: Renamed } upgrade to_2
    }
    #[derive(Serialize, Deserialize)]
    struct Any {
        id: u32,
        email: String,
        name: String,
        round: Option<u32>,
    }
    async fn to_2(tx: Upgrade) -> Result<()> {
        RUNS.set(RUNS.get() + 1);
        let users = tx.table::<Any>("users")?;
        users.get(1).await?;
        if RUNS.get() == 1 {
            leave();
        }
        users.modify(|user| user.round = Some(user.round.unwrap_or(0) + RUNS.get())).await.map(|_| ())
    }
    let old = filled("leaving: upgrade", 30).await?;
    old.close();
    let db = Next::new();

    let mut opening = pin!(db.open());
    assert!(poll!(&mut opening).is_pending());
    until(|| RUNS.get() == 1).await;
    let opening = pending(opening).await;
    come_back();
    opening.await?;

    assert_eq!(RUNS.get(), 2);
    let rounds: Vec<u32> = db.users.to_vec().await?.iter().map(|user| user.round).collect();
    assert_eq!(rounds, [2; 30], "of the first run nothing is left");
    Ok(())
}
