//! Connections that are closed from outside: by the browser, by a tab that upgrades, by one that deletes. What had not been
//! started runs on a new connection; what was under way says that it is lost.

use std::cell::RefCell;
use std::rc::Rc;

use futures::{FutureExt, StreamExt};
use indexie::Builder;
use indexie::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Cases, Person, david, fresh, with_people};
use crate::plain;

#[wasm_bindgen(inline_js = r#"
// Every connection that is opened from here on, by the name of its database.
const connections = new Map();
const { open } = IDBFactory.prototype;
IDBFactory.prototype.open = function (...parameters) {
  const request = open.apply(this, parameters);
  request.addEventListener('success', () => connections.set(parameters[0], request.result));
  return request;
};

export function watch() {}

// As the browser does: everything under way is aborted, and afterwards the connection says that it is closed.
export function cut(name, told) {
  const db = connections.get(name);
  db.close();
  if (told) setTimeout(() => db.dispatchEvent(new Event('close')), 0);
}

export function cutAtNext(name, method) {
  const original = IDBObjectStore.prototype[method];
  IDBObjectStore.prototype[method] = function (...row) {
    IDBObjectStore.prototype[method] = original;
    const request = original.apply(this, row);
    cut(name, true);
    const { transaction } = this;
    transaction.abort();
    return request;
  };
}

const held = new Map();

// A tab whose program never closes its connection.
export function hold(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => {
      held.set(name, request.result);
      resolve();
    };
    request.onerror = () => reject(request.error);
  });
}

export function release(name) {
  held.get(name).close();
}

// Keeps errors that nobody catches from failing the test; notes them.
export function catching(seen) {
  const listen = (event) => { event.preventDefault(); seen.push(String(event.message)); };
  addEventListener('error', listen);
  return () => removeEventListener('error', listen);
}
"#)]
extern "C" {
    fn watch();
    fn cut(name: &str, told: bool);
    #[wasm_bindgen(js_name = cutAtNext)]
    fn cut_at_next(name: &str, method: &str);
    #[wasm_bindgen(catch)]
    async fn hold(name: &str) -> std::result::Result<(), JsValue>;
    fn release(name: &str);
    fn catching(seen: &js_sys::Array) -> js_sys::Function;
}

async fn watched(name: &str) -> Result<Cases> {
    watch();
    with_people(name).await
}

#[wasm_bindgen_test]
async fn what_was_not_started_runs_on_a_new_connection() -> Result<()> {
    let name = "reopening silently";
    let db = watched(name).await?;
    cut(name, false);
    assert_eq!(db.people.get(1).await?, Some(david()));
    cut(name, false);
    assert_eq!(db.people.put(&david()).await?, 1);
    cut(name, false);
    assert_eq!(db.people.count().await?, 2);
    cut(name, false);
    let count = db.transaction(Mode::ReadWrite, &db.people, async |people| people.count().await).await?;
    assert_eq!(count, 2);
    cut(name, false);
    assert_eq!(db.people.update(1, |person| person.first = "Dave".into()).await?.first, "Dave");
    assert!(db.is_open());
    Ok(())
}

#[wasm_bindgen_test]
async fn operations_started_together_run_together_on_a_new_connection() -> Result<()> {
    let name = "reopening together";
    let db = watched(name).await?;
    cut(name, false);
    let (row, count, keys) =
        futures::future::join3(db.people.get(1), db.people.count(), db.people.primary_keys()).await;
    assert_eq!(row?, Some(david()));
    assert_eq!(count?, 2);
    assert_eq!(keys?, [1, 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_next_operation_after_a_close_opens_again() -> Result<()> {
    let name = "reopening told";
    let db = watched(name).await?;
    cut(name, true);
    plain::sleep(20).await;
    assert!(!db.is_open());
    assert_eq!(db.people.get(1).await?, Some(david()));
    assert!(db.is_open());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_write_under_way_is_lost_as_a_whole() -> Result<()> {
    let name = "reopening under way";
    let db = watched(name).await?;
    let lost = |error: &Error| matches!(error, Error::ConnectionLost { database } if database == name);
    cut_at_next(name, "add");
    let error = db.people.add(&Person { id: 9, email: vec!["eve@example.com".into()], ..david() }).await;
    assert!(error.as_ref().is_err_and(lost), "{error:?}");
    assert_eq!(db.people.count().await?, 2);
    cut_at_next(name, "put");
    let error = db.people.bulk_put(&[david(), david()]).await;
    assert!(error.as_ref().is_err_and(lost), "{error:?}");
    assert_eq!(db.people.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_transaction_under_way_is_lost_as_a_whole() -> Result<()> {
    let name = "reopening transaction";
    let db = watched(name).await?;
    let runs = Rc::new(RefCell::new(0));
    let counted = runs.clone();
    let error = db
        .transaction(Mode::ReadWrite, &db.people, async move |people| {
            *counted.borrow_mut() += 1;
            people.delete(1).await?;
            cut_at_next("reopening transaction", "put");
            people.put(&david()).await
        })
        .await;
    assert!(matches!(&error, Err(Error::ConnectionLost { database }) if database == name), "{error:?}");
    assert_eq!(*runs.borrow(), 1);
    assert_eq!(db.people.get(1).await?, Some(david()));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_read_under_way_is_lost() -> Result<()> {
    let name = "reopening read";
    let db = watched(name).await?;
    cut_at_next(name, "get");
    let error = db.people.get(1).await;
    assert!(matches!(&error, Err(Error::ConnectionLost { database }) if database == name), "{error:?}");
    assert_eq!(db.people.get(1).await?, Some(david()));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_connection_closed_by_the_app_is_not_lost() -> Result<()> {
    let name = "reopening closed";
    let db = watched(name).await?;
    let mut reading = db.people.get(1);
    assert!((&mut reading).now_or_never().is_none());
    db.close();
    assert_eq!(reading.await?, Some(david()));
    assert!(matches!(db.people.get(1).await, Err(Error::Closed { .. })));
    Ok(())
}

mod v2 {
    use crate::fixtures::Num;
    use indexie::prelude::*;

    schema! {
        /// The same name as the tests' databases, one version later.
        pub struct Later("later");

        version 9 {
            nums: Num,
        }
    }
}

fn later(name: &str) -> Builder<v2::Later> {
    Builder::new().name(name)
}

#[wasm_bindgen_test]
async fn who_is_in_the_way_closes_and_then_learns_that_it_is_old() -> Result<()> {
    let name = "reopening upgraded";
    let asked = Rc::new(RefCell::new(Vec::new()));
    let db: Cases = fresh(name).await;
    drop(db);
    let log = asked.clone();
    let db = Builder::<Cases>::new().name(name).on_version_change(move |change| log.borrow_mut().push(change)).build();
    db.people.add(&david()).await?;
    let new = later(name).build();
    new.open().await?;
    assert!(!db.is_open());
    assert!(matches!(asked.borrow().as_slice(), [change] if change.new_version == Some(9)), "{asked:?}");
    let error = db.people.get(1).await;
    assert!(
        matches!(&error, Err(Error::NewerVersion { database, installed: Some(9), declared: 1 }) if database == name),
        "{error:?}"
    );
    Ok(())
}

#[wasm_bindgen_test]
async fn an_upgrade_waits_for_what_is_under_way_elsewhere() -> Result<()> {
    let name = "reopening patient";
    let db = with_people(name).await?;
    let new = later(name).build();
    let busy = db.transaction(Mode::ReadWrite, &db.people, {
        async |people| {
            for _ in 0..50 {
                people.update(1, |person| person.last.push('!')).await?;
            }
            people.get(1).await
        }
    });
    let (busy, opened) = futures::future::join(busy, new.open()).await;
    opened?;
    assert_eq!(busy?.map(|person| person.last), Some(format!("{}{}", david().last, "!".repeat(50))));
    Ok(())
}

#[wasm_bindgen_test]
async fn an_upgrade_that_is_blocked_says_so_until_it_goes_on() -> Result<()> {
    let name = "reopening blocked";
    with_people(name).await?.close();
    hold(name).await.expect("it is there");
    let log = Rc::new(RefCell::new(Vec::new()));
    let blocked = log.clone();
    let db = later(name)
        .on_blocked(move |state| blocked.borrow_mut().push((state.old_version, state.new_version, state.waited)))
        .build();
    let mut opening = db.open();
    assert!((&mut opening).now_or_never().is_none());
    // Said at once and after a second, and on a slow machine some time after that.
    for _ in 0..600 {
        plain::sleep(100).await;
        assert!((&mut opening).now_or_never().is_none());
        if log.borrow().len() >= 2 {
            break;
        }
    }
    release(name);
    opening.await?;
    assert!(db.is_open());
    let times = log.borrow().len();
    assert!(times >= 2, "told {times} times");
    for (old, new, _) in log.borrow().iter() {
        assert_eq!((*old, *new), (1, Some(9)));
    }
    assert!(log.borrow().is_sorted_by_key(|(_, _, waited)| *waited));
    plain::sleep(1100).await;
    assert_eq!(log.borrow().len(), times, "told after it was open");
    Ok(())
}

#[wasm_bindgen_test]
async fn who_gives_up_waiting_gets_an_error_and_changes_nothing() -> Result<()> {
    let name = "reopening given up";
    with_people(name).await?.close();
    hold(name).await.expect("it is there");
    let db = later(name).on_blocked(indexie::Blocked::give_up).build();
    let (opened, counted) = futures::future::join(db.open(), db.nums.count()).await;
    for error in [opened, counted.map(|_| ())] {
        assert!(matches!(&error, Err(Error::Blocked { database }) if database == name), "{error:?}");
    }
    // The next one is blocked too, behind a request that the browser still has.
    let again = db.nums.count().await;
    assert!(matches!(&again, Err(Error::Blocked { .. })), "{again:?}");
    release(name);
    // The old program still has its database.
    let old = Builder::<Cases>::new().name(name).build();
    assert_eq!(old.people.get(1).await?, Some(david()));
    old.close();
    later(name).build().open().await
}

#[wasm_bindgen_test]
async fn live_queries_go_on_once_it_can_be_opened() -> Result<()> {
    let name = "reopening live";
    with_people(name).await?.close();
    hold(name).await.expect("it is there");
    let db = later(name).on_blocked(indexie::Blocked::give_up).build();
    let mut all = db.nums.live();
    let refused = all.next().await;
    assert!(matches!(&refused, Some(Err(Error::Blocked { .. }))), "{refused:?}");
    release(name);
    db.open().await?;
    assert_eq!(all.next().await.expect("no end")?, []);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_deletion_that_is_blocked_says_so_and_can_be_given_up() -> Result<()> {
    let name = "reopening deletion";
    with_people(name).await?.close();
    hold(name).await.expect("it is there");
    let log = Rc::new(RefCell::new(Vec::new()));
    let blocked = log.clone();
    let db = Builder::<Cases>::new()
        .name(name)
        .on_blocked(move |state| {
            blocked.borrow_mut().push((state.old_version, state.new_version));
            state.give_up();
        })
        .build();
    let mut all = db.people.live();
    assert_eq!(all.next().await.expect("no end")?.len(), 2);
    let error = db.delete().await;
    assert!(matches!(&error, Err(Error::Blocked { database }) if database == name), "{error:?}");
    assert_eq!(*log.borrow(), [(1, None)]);
    release(name);
    // The browser still deletes, now that it can: what comes after finds a new database.
    assert!(db.people.is_empty().await?);
    assert_eq!(all.next().await.expect("no end")?, []);
    Ok(())
}

// What a panic comes to in wasm: an exception.
#[wasm_bindgen_test]
async fn a_handler_that_throws_does_not_keep_another_tab_waiting() -> Result<()> {
    let name = "reopening thrown";
    with_people(name).await?.close();
    let old = Builder::<Cases>::new().name(name).on_version_change(|_| wasm_bindgen::throw_str("thrown")).build();
    old.open().await?;
    let seen = js_sys::Array::new();
    let stop = catching(&seen);

    later(name).build().open().await?;

    let _ = stop.call0(&JsValue::NULL);
    assert_eq!(seen.length(), 1, "{seen:?}");
    let newer = old.people.count().await;
    assert!(matches!(&newer, Err(Error::NewerVersion { .. })), "{newer:?}");
    Ok(())
}
