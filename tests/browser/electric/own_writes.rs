//! Own writes and the server's: what was written here stays on top until the server has answered, and is not seen twice.

use std::cell::RefCell;
use std::rc::Rc;

use futures::StreamExt;
use futures::channel::oneshot;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{User, Users, asked, database, names, of_log, of_snapshot, rows, sync, until};
use crate::script::{H1, Script, UP_TO_DATE, change, delete, frames, insert, message, page, rename, row};

/// A database that has two rows of the server's, and a script whose stream goes on as told.
async fn synced(name: &str, script: &Script) -> (Users, indexie::ElectricSync) {
    let db = database(name).await;
    script.clone().then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob")])).then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = sync(&db, script).await;
    sync.up_to_date().await.expect("it is up to date");
    asked(&db, script, 3).await;
    (db, sync)
}

/// What comes next, in a stream that the script has kept open.
fn tell(script: &Script, messages: &[String]) {
    let mut all = messages.to_vec();
    all.push(UP_TO_DATE.to_owned());
    script.push(&frames(&all));
}

fn named(pairs: &[(i32, &str)]) -> Vec<(i32, String)> {
    pairs.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}

fn bob(name: &str, age: i64) -> User {
    User { name: name.into(), age: Some(age), ..of_snapshot(2, "Bob") }
}

#[wasm_bindgen_test]
async fn an_optimistic_row_becomes_the_servers_when_its_transaction_comes_back() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_txid", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.add(&User { id: 3, name: "mine".into(), age: None, active: None }).await.expect("it is pending");
    tx.commit_with_txid(111).await.expect("it is committed");
    assert_eq!(names(&db).await, named(&[(1, "Ann"), (2, "Bob"), (3, "mine")]));
    // Another one's transaction in between.
    tell(&script, &[rename(1, "Anna", 2_110, 0)]);
    until(&db, "another one's change", || sync_has(&sync, 110)).await;
    assert_eq!(names(&db).await, named(&[(1, "Anna"), (2, "Bob"), (3, "mine")]));
    tell(&script, &[insert(3, "Mine", 2_111, 0)]);
    sync.await_txid(111).await.expect("it has come back");
    assert_eq!(rows(&db).await[2], of_log(3, "Mine"), "as the server has it");
}

/// The log has begun in the middle, and changes a row that was never seen here but has been written.
#[wasm_bindgen_test]
async fn of_a_log_that_begins_in_the_middle_a_change_of_a_row_that_is_only_here_is_passed_over() {
    let db = database("electric_changes_only_pending").await;
    let script = Script::streaming().then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = db.users.sync_electric(script.shape().changes_only()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    asked(&db, &script, 2).await;
    tell(&script, &[insert(1, "Ann", 2_001, 0)]);
    until(&db, "a row of the server's", || sync_has(&sync, 1)).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.add(&User { id: 3, name: "mine".into(), age: None, active: None }).await.expect("it is pending");
    tx.commit_with_txid(9).await.expect("it is committed");
    tell(&script, &[rename(3, "Cy", 2_002, 0), rename(1, "Anna", 2_002, 2)]);
    until(&db, "the next changes", || sync_has(&sync, 2)).await;
    assert_eq!(names(&db).await, named(&[(1, "Anna"), (3, "mine")]));
    assert_eq!(script.asked(), 2, "nothing was fetched anew");
}

fn sync_has(sync: &indexie::ElectricSync, txid: u64) -> bool {
    futures::FutureExt::now_or_never(sync.await_txid(txid)).is_some()
}

#[wasm_bindgen_test]
async fn an_optimistic_row_under_another_key_goes_when_the_servers_comes() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_txid_key", &script).await;
    let seen: Rc<RefCell<Vec<usize>>> = Rc::default();
    let counts = seen.clone();
    let subscription = db.users.count().live().subscribe(move |count| counts.borrow_mut().extend(count.ok()));
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.add(&User { id: -1, name: "mine".into(), age: None, active: None }).await.expect("it is pending");
    tx.commit_with_txid(111).await.expect("it is committed");
    tell(&script, &[insert(33, "Mine", 2_111, 0)]);
    sync.await_txid(111).await.expect("it has come back");
    assert_eq!(names(&db).await, named(&[(1, "Ann"), (2, "Bob"), (33, "Mine")]));
    drop(subscription);
    assert!(seen.borrow().iter().all(|count| [2, 3].contains(count)), "never twice: {seen:?}");
}

#[wasm_bindgen_test]
async fn it_does_no_harm_if_the_transaction_comes_back_first() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_txid_first", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.add(&User { id: -1, name: "mine".into(), age: None, active: None }).await.expect("it is pending");
    tell(&script, &[insert(33, "Mine", 2_111, 0)]);
    sync.await_txid(111).await.expect("it has come back");
    tx.commit_with_txid(111).await.expect("it is committed");
    assert_eq!(names(&db).await, named(&[(1, "Ann"), (2, "Bob"), (33, "Mine")]));
}

#[wasm_bindgen_test]
async fn what_the_server_does_not_store_goes_when_its_transaction_comes_back() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_txid_refused", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.update(2, |user| user.name = "Bobby".into()).await.expect("it is pending");
    tx.update(1, |user| user.age = Some(99)).await.expect("it is pending");
    tx.commit_with_txid(111).await.expect("it is committed");
    assert_eq!(names(&db).await, named(&[(1, "Ann"), (2, "Bobby")]));
    // The server has kept the name, and has not touched the other row at all.
    tell(&script, &[change("update", 2, r#"{"id":"2","age":"31"}"#, 2_111, 0)]);
    sync.await_txid(111).await.expect("it has come back");
    assert_eq!(rows(&db).await, [of_snapshot(1, "Ann"), bob("Bob", 31)]);
}

#[wasm_bindgen_test]
async fn an_awaited_transaction_is_still_awaited_after_a_reload() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_txid_reload", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.add(&User { id: -1, name: "mine".into(), age: None, active: None }).await.expect("it is pending");
    tx.commit_with_txid(111).await.expect("it is committed");
    drop(sync);
    db.close();
    let again: Users = indexie_tests::builder::<Users>("electric_txid_reload").build();
    assert_eq!(names(&again).await, named(&[(-1, "mine"), (1, "Ann"), (2, "Bob")]), "it is still seen");
    let script = Script::default().then(page(H1, "2111_0", &[insert(33, "Mine", 2_111, 0), UP_TO_DATE.into()]));
    let sync = crate::fixtures::sync(&again, &script).await;
    sync.await_txid(111).await.expect("it has come back");
    assert_eq!(names(&again).await, named(&[(1, "Ann"), (2, "Bob"), (33, "Mine")]));
}

/// Whoever has been away for long gets more transactions at once than are remembered.
#[wasm_bindgen_test]
async fn a_transaction_that_comes_back_with_thousands_of_others_has_come_back() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_txid_many", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.add(&User { id: -1, name: "mine".into(), age: None, active: None }).await.expect("it is pending");
    tx.commit_with_txid(5_001).await.expect("it is committed");
    let waiting = sync.await_txid_within(5_001, crate::fixtures::PATIENCE);
    let of_txid = |txid: u64| {
        let columns = format!(r#"{{"active":"t","age":"5","id":"3","name":"{txid}"}}"#);
        let place = format!(r#","lsn":"{txid}","op_position":0,"txids":[{txid}]"#);
        message("insert", r#""public"."users"/"3""#, &columns, &place)
    };
    tell(&script, &(5_001..6_502).map(of_txid).collect::<Vec<_>>());
    waiting.await.expect("it has come back");
    assert_eq!(names(&db).await, named(&[(1, "Ann"), (2, "Bob"), (3, "6501")]), "nothing is pending");
}

/// Of a row with two writes, the first one's transaction is long ago when the second one's comes back.
#[wasm_bindgen_test]
async fn transactions_of_a_row_may_come_back_far_apart() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_txid_apart", &script).await;
    for (txid, name) in [(111, "Bobby"), (112, "Robert")] {
        let tx = db.users.start_transaction(Overlay::Optimistic);
        tx.update(2, |user| user.name = name.into()).await.expect("it is pending");
        tx.commit_with_txid(txid).await.expect("it is committed");
    }
    // The server does not take the names.
    tell(&script, &[change("update", 1, r#"{"id":"1","age":"31"}"#, 2_111, 0)]);
    sync.await_txid(111).await.expect("it has come back");
    assert_eq!(names(&db).await, named(&[(1, "Ann"), (2, "Robert")]), "the other one is still awaited");
    let of_txid = |txid: u64| {
        let place = format!(r#","lsn":"{txid}","op_position":0,"txids":[{txid}]"#);
        message("update", r#""public"."users"/"1""#, &format!(r#"{{"id":"1","name":"{txid}"}}"#), &place)
    };
    tell(&script, &(5_001..6_002).map(of_txid).collect::<Vec<_>>());
    sync.await_txid(6_001).await.expect("it has come");
    assert!(!sync_has(&sync, 111), "it is not remembered");
    tell(&script, &[change("update", 2, r#"{"id":"2","age":"32"}"#, 7_112, 0)]);
    sync.await_txid(112).await.expect("it has come back");
    assert_eq!(rows(&db).await[1], bob("Bob", 32));
}

#[wasm_bindgen_test]
async fn a_snapshot_can_have_the_transaction_too() {
    let db = database("electric_txid_snapshot").await;
    let end = r#"{"headers":{"control":"snapshot-end","xip_list":["110"],"xmax":"112","xmin":"110"}}"#;
    let script =
        Script::default().then(page(H1, "0_0", &[row(1, "Ann"), end.into()])).then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = sync(&db, &script).await;
    sync.await_txid(111).await.expect("the snapshot has it");
    assert!(!sync_has(&sync, 110), "it was under way then");
    assert!(!sync_has(&sync, 112));
    let late = sync.await_txid_within(112, std::time::Duration::from_millis(20)).await;
    match late {
        Err(Error::Sync { table, reason }) => {
            assert_eq!(table, "users");
            assert_eq!(reason, indexie::SyncError::Timeout { txid: 112 });
        }
        other => panic!("{other:?}"),
    }
}

/// Hooks that are under way, and wait to be told how they end.
type Calls = Rc<RefCell<Vec<oneshot::Sender<Result<(), &'static str>>>>>;

/// A hook that is called to its end when it is told.
fn slow_hook(db: &Users) -> Calls {
    let calls: Calls = Rc::default();
    let hook = |calls: &Rc<RefCell<Vec<_>>>| {
        let calls = calls.clone();
        move || {
            let (done, waiting) = oneshot::channel();
            calls.borrow_mut().push(done);
            waiting
        }
    };
    let (add, update, delete) = (hook(&calls), hook(&calls), hook(&calls));
    let answer = |waiting: oneshot::Receiver<Result<(), &'static str>>| async move {
        waiting.await.unwrap_or(Err("gone")).map_err(|error| HookError::from(std::io::Error::other(error)))
    };
    db.users.hook().on_add(move |_: Added<User>| answer(add()));
    db.users.hook().on_update(move |_: Updated<User>| answer(update()));
    db.users.hook().on_delete(move |_: Deleted<User>| answer(delete()));
    calls
}

fn finish(calls: &Calls) {
    let done = calls.borrow_mut().remove(0);
    done.send(Ok(())).expect("the hook waits");
}

#[wasm_bindgen_test]
async fn a_write_whose_hook_is_under_way_stays_on_top() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_hook", &script).await;
    let calls = slow_hook(&db);
    db.users.update(2, |user| user.name = "Bobby".into()).await.expect("it is stored");
    until(&db, "the hook", || calls.borrow().len() == 1).await;
    // What the server has said before it knows.
    tell(&script, &[change("update", 2, r#"{"id":"2","name":"Bo","age":"31"}"#, 2_001, 0)]);
    until(&db, "what it has said", || sync_has(&sync, 1)).await;
    assert_eq!(rows(&db).await[1], bob("Bobby", 31), "its own age, the name that is on its way");
    tell(&script, &[rename(2, "Bobby", 2_002, 0)]);
    until(&db, "its answer", || sync_has(&sync, 2)).await;
    finish(&calls);
    db.hooks_settled().await.expect("the hooks are done");
    assert_eq!(rows(&db).await[1], bob("Bobby", 31));
    tell(&script, &[rename(2, "Robert", 2_003, 0)]);
    until(&db, "another change", || sync_has(&sync, 3)).await;
    assert_eq!(rows(&db).await[1], bob("Robert", 31), "nothing is on its way any more");
    assert!(calls.borrow().is_empty(), "what comes calls no hooks");
}

#[wasm_bindgen_test]
async fn an_added_row_is_the_servers_once_its_hook_is_done() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_hook_add", &script).await;
    let calls = slow_hook(&db);
    db.users.add(&User { id: 3, name: "mine".into(), age: None, active: None }).await.expect("it is stored");
    until(&db, "the hook", || calls.borrow().len() == 1).await;
    // The stream is faster than the answer to the hook's request.
    tell(&script, &[insert(3, "Mine", 2_001, 0)]);
    until(&db, "its answer", || sync_has(&sync, 1)).await;
    assert_eq!(names(&db).await, named(&[(1, "Ann"), (2, "Bob"), (3, "mine")]));
    finish(&calls);
    until(&db, "the hook's end", || calls.borrow().is_empty()).await;
    db.hooks_settled().await.expect("the hooks are done");
    let mut live = db.users.get(3).live();
    while live.next().await.expect("it lives").expect("a row").as_ref() != Some(&of_log(3, "Mine")) {}
}

/// Whenever the hook ends: before its answer is looked at, while that is being stored, or later.
#[wasm_bindgen_test]
async fn a_row_is_the_servers_whenever_its_hook_is_done() {
    let script = Script::streaming();
    let (db, _sync) = synced("electric_hook_moments", &script).await;
    let (clock, calls) = (database("electric_hook_moments_clock").await, slow_hook(&db));
    for moment in 0..20_u64 {
        let (mine, theirs) = (format!("mine {moment}"), format!("theirs {moment}"));
        db.users.update(2, move |user| user.name = mine).await.expect("it is stored");
        until(&db, "the hook", || calls.borrow().len() == 1).await;
        tell(&script, &[rename(2, &theirs, 2_001 + moment, 0)]);
        for _ in 0..moment {
            // Takes a moment.
            clock.users.count().await.expect("it is read");
        }
        finish(&calls);
        crate::fixtures::named(&db, &[(1, "Ann"), (2, &theirs)]).await;
    }
}

#[wasm_bindgen_test]
async fn an_answer_that_comes_while_an_earlier_hook_is_under_way_is_not_forgotten() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_hooks_queued", &script).await;
    let calls = slow_hook(&db);
    db.users.update(2, |user| user.name = "Bobby".into()).await.expect("it is stored");
    until(&db, "the hook", || calls.borrow().len() == 1).await;
    tell(&script, &[rename(2, "Bo", 2_001, 0)]);
    until(&db, "its answer", || sync_has(&sync, 1)).await;
    db.users.update(1, |user| user.name = "Anna".into()).await.expect("it is stored");
    tell(&script, &[rename(1, "ANNA", 2_002, 0)]);
    until(&db, "the answer to the next one", || sync_has(&sync, 2)).await;
    finish(&calls);
    until(&db, "the next hook", || calls.borrow().len() == 1).await;
    crate::fixtures::named(&db, &[(1, "Anna"), (2, "Bo")]).await;
    finish(&calls);
    crate::fixtures::named(&db, &[(1, "ANNA"), (2, "Bo")]).await;
}

#[wasm_bindgen_test]
async fn a_deleted_row_does_not_come_back_while_its_hook_is_under_way() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_hook_delete", &script).await;
    let calls = slow_hook(&db);
    db.users.delete(2).await.expect("it is gone");
    until(&db, "the hook", || calls.borrow().len() == 1).await;
    tell(&script, &[rename(2, "Bo", 2_001, 0)]);
    until(&db, "a change before it knows", || sync_has(&sync, 1)).await;
    assert_eq!(names(&db).await, named(&[(1, "Ann")]));
    tell(&script, &[delete(2, 2_002, 0)]);
    until(&db, "its answer", || sync_has(&sync, 2)).await;
    finish(&calls);
    db.hooks_settled().await.expect("the hooks are done");
    assert_eq!(names(&db).await, named(&[(1, "Ann")]));
}

#[wasm_bindgen_test]
async fn an_open_overlay_stays_on_top_and_its_commit_does_not_conflict() {
    let script = Script::streaming();
    let (db, sync) = synced("electric_overlay", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.update(2, |user| user.name = "Bobby".into()).await.expect("it is pending");
    tell(&script, &[change("update", 2, r#"{"id":"2","age":"31"}"#, 2_001, 0)]);
    until(&db, "a change beneath", || sync_has(&sync, 1)).await;
    assert_eq!(rows(&db).await[1], bob("Bobby", 31));
    tx.commit().await.expect("it does not conflict");
    assert_eq!(rows(&db).await[1], bob("Bobby", 31));
}
