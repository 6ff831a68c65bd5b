//! What a server refuses, and what is lost on the way: who is told, and what is asked for then.

use std::cell::Cell;
use std::rc::Rc;

use futures::{FutureExt, StreamExt};
use indexie::{Error, HttpResponse, Recovery, SyncError, SyncStatus};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{asked, database, failed, is_live, named, names, place, sync, synced, until};
use crate::script::{
    Answer, H1, SNAPSHOT_END, Script, Then, UP_TO_DATE, frames, insert, later, page, polled, refusal, row, streamed,
    without,
};

fn status_of(error: &Error) -> Option<u16> {
    match error {
        Error::Sync { reason: SyncError::Status { status, .. }, .. } => Some(*status),
        _ => None,
    }
}

/// V34: a token that has expired.
#[wasm_bindgen_test]
async fn after_a_401_headers_are_asked_for_again() {
    let db = database("electric_401").await;
    let script = Script::of_two_users().then(refusal(401, r#"{"error":"expired"}"#)).then(polled(
        H1,
        "100_0",
        "1",
        &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()],
    ));
    let asks = Rc::new(Cell::new(0));
    let count = asks.clone();
    let shape = script.shape().headers(async move || {
        count.set(count.get() + 1);
        [("authorization", format!("Bearer {}", count.get()))]
    });
    let _sync = db.users.sync_electric(shape).await.expect("a sync");
    named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
    assert_eq!(script.query(3), script.query(2), "the same is asked for");
    assert_eq!(script.header(2, "authorization").as_deref(), Some("Bearer 3"));
    assert_eq!(script.header(3, "authorization").as_deref(), Some("Bearer 4"));
}

/// V34: who is refused again and again gives up, and keeps what he has.
#[wasm_bindgen_test]
async fn a_401_that_stays_is_a_failure() {
    let db = database("electric_401_stays").await;
    let script = Script::of_two_users().answers((0..9).map(|_| refusal(401, "no")));
    let shape = script.shape().headers(async || [("authorization", "Bearer old")]);
    let sync = db.users.sync_electric(shape).await.expect("a sync");
    assert_eq!(status_of(&failed(&db, &sync).await), Some(401));
    assert_eq!((script.asked(), names(&db).await.len()), (8, 2));
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=0_inf"));
}

/// V35.
#[wasm_bindgen_test]
async fn a_403_stops_and_keeps_the_rows() {
    let db = database("electric_403").await;
    let script = Script::of_two_users().then(refusal(403, r#"{"message":"not yours"}"#));
    let sync = synced(&db, &script).await;
    let error = failed(&db, &sync).await;
    assert_eq!(status_of(&error), Some(403));
    assert!(error.to_string().contains("not yours"), "{error}");
    assert_eq!((script.asked(), names(&db).await.len()), (3, 2));
    sync.retry();
    asked(&db, &script, 4).await;
    assert_eq!(script.query(3), format!("handle={H1}&offset=0_inf"));
}

/// V34: the app decides.
#[wasm_bindgen_test]
async fn an_app_may_have_it_tried_again() {
    let db = database("electric_on_error").await;
    let script = Script::of_two_users().then(refusal(403, "no")).then(refusal(400, "no"));
    let asks = Rc::new(Cell::new(0));
    let count = asks.clone();
    let shape = script.shape().on_error(async move |_| {
        count.set(count.get() + 1);
        if count.get() < 2 { Recovery::Retry } else { Recovery::Stop }
    });
    let sync = db.users.sync_electric(shape).await.expect("a sync");
    assert_eq!(status_of(&failed(&db, &sync).await), Some(400));
    assert_eq!((script.asked(), asks.get()), (4, 2));
    assert_eq!(script.query(3), script.query(2));
}

/// V34: it asks the user, say.
#[wasm_bindgen_test]
async fn an_app_that_takes_its_time_to_decide_holds_nothing_up() {
    let db = database("electric_on_error_slow").await;
    let script = Script::of_two_users().then(refusal(401, "expired")).then(refusal(403, "no"));
    let asks = Rc::new(Cell::new(0));
    let count = asks.clone();
    let shape = script.shape().on_error(async move |_| {
        count.set(count.get() + 1);
        futures::future::pending::<Recovery>().await
    });
    let sync = db.users.sync_electric(shape).await.expect("a sync");
    let mut errors = sync.errors();
    let mut told = || errors.next().now_or_never().flatten().map(|error| status_of(&error));
    until(&db, "it asks the app", || asks.get() == 1).await;
    assert_eq!([told(), told()], [Some(Some(401)), None]);
    match sync.status() {
        SyncStatus::Retrying { error, .. } => assert_eq!(status_of(&error), Some(401)),
        other => panic!("{other:?}"),
    }
    sync.retry();
    until(&db, "it asks the app again", || asks.get() == 2).await;
    assert_eq!([told(), told()], [Some(Some(403)), None]);
    assert_eq!((script.asked(), script.query(3)), (4, script.query(2)));
    sync.stop();
    until(&db, "it stops", || matches!(sync.status(), SyncStatus::Stopped)).await;
    assert_eq!((script.asked(), told()), (4, None));
}

#[wasm_bindgen_test]
async fn each_failure_is_told_once() {
    let db = database("electric_told_once").await;
    let script = Script::of_two_users().then(refusal(403, "no")).then(refusal(404, "no"));
    let retries = Cell::new(1);
    let recovery = move |_| if retries.replace(0) > 0 { Recovery::Retry } else { Recovery::Stop };
    let shape = script.shape().on_error(async move |error| recovery(error));
    let sync = db.users.sync_electric(shape).await.expect("a sync");
    let mut errors = sync.errors();
    assert_eq!(status_of(&failed(&db, &sync).await), Some(404));
    let mut told = || errors.next().now_or_never().flatten().map(|error| status_of(&error));
    assert_eq!([told(), told(), told()], [Some(Some(403)), Some(Some(404)), None]);
}

/// A token that the shape holds has expired, and the app has got another.
#[wasm_bindgen_test]
async fn a_sync_that_has_failed_begins_anew_with_what_another_call_says() {
    let db = database("electric_new_token").await;
    let script = Script::of_two_users().then(refusal(401, "expired")).then(page(
        H1,
        "100_0",
        &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()],
    ));
    let shape = |token: &str| script.shape().header("authorization", token);
    let old = db.users.sync_electric(shape("old")).await.expect("a sync");
    assert_eq!(status_of(&failed(&db, &old).await), Some(401));
    let other = db.users.sync_electric(shape("new").where_("id > 1")).await;
    assert!(matches!(other, Err(Error::InvalidArgument { .. })), "{other:?}");
    let new = db.users.sync_electric(shape("new")).await.expect("a sync");
    new.up_to_date().await.expect("it is up to date");
    named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
    assert_eq!(script.query(3), format!("handle={H1}&offset=0_inf"));
    assert_eq!(script.header(3, "authorization").as_deref(), Some("new"));
    assert!(matches!(old.status(), SyncStatus::Stopped), "{:?}", old.status());
    // One that goes well is shared.
    let same = db.users.sync_electric(shape("newest")).await.expect("a sync");
    drop((old, new));
    asked(&db, &script, 5).await;
    assert_eq!(script.header(4, "authorization").as_deref(), Some("new"));
    assert!(!matches!(same.status(), SyncStatus::Stopped));
}

/// Nobody holds it, before and after.
#[wasm_bindgen_test]
async fn a_detached_sync_that_has_failed_and_begins_anew_is_detached() {
    let db = database("electric_new_token_detached").await;
    let script = Script::of_two_users().then(refusal(401, "expired")).then(page(
        H1,
        "100_0",
        &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()],
    ));
    let shape = |token: &str| script.shape().header("authorization", token);
    let sync = db.users.sync_electric(shape("old")).await.expect("a sync");
    assert_eq!(status_of(&failed(&db, &sync).await), Some(401));
    sync.detach();
    drop(db.users.sync_electric(shape("new")).await.expect("a sync"));
    named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
    assert_eq!(script.header(3, "authorization").as_deref(), Some("new"));
    db.users.sync_electric(shape("new")).await.expect("a sync").stop();
}

/// A row that does not fit, and an app that insists: it comes again, and is not passed over.
#[wasm_bindgen_test]
async fn what_does_not_fit_is_not_passed_over() {
    let db = database("electric_insists").await;
    let bad = crate::script::change("insert", 3, r#"{"active":"t","age":"many","id":"3","name":"Cy"}"#, 100, 0);
    let script = Script::of_two_users().then(polled(H1, "100_0", "1", &[bad, UP_TO_DATE.into()])).then(page(
        H1,
        "100_0",
        &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()],
    ));
    let _sync = db.users.sync_electric(script.shape().on_error(async |_| Recovery::Retry)).await.expect("a sync");
    named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
    assert_eq!(script.query(3), format!("handle={H1}&offset=0_inf"));
}

/// V36.
#[wasm_bindgen_test]
async fn headers_are_those_of_the_moment() {
    let db = database("electric_headers").await;
    let pieces = [frames(&[insert(3, "Cy", 100, 0), UP_TO_DATE.into()])];
    let script = Script::of_two_users().then(streamed(H1, "0_inf", &pieces, Then::Ends));
    let asks = Rc::new(Cell::new(0));
    let shape = script.shape().headers(async move || {
        asks.set(asks.get() + 1);
        [("authorization", format!("Bearer {}", asks.get()))]
    });
    let _sync = db.users.sync_electric(shape).await.expect("a sync");
    asked(&db, &script, 4).await;
    assert_eq!(script.header(3, "authorization").as_deref(), Some("Bearer 4"));
}

/// V39.
#[wasm_bindgen_test]
async fn headers_that_are_missing_are_named() {
    let db = database("electric_headers_missing").await;
    let bare = without(without(page(H1, "0_0", &[row(1, "Ann")]), "electric-handle"), "electric-offset");
    let script = Script::default().then(bare);
    let sync = sync(&db, &script).await;
    match failed(&db, &sync).await {
        Error::Sync { table, reason: SyncError::MissingHeaders { headers } } => {
            assert_eq!((table.as_str(), headers), ("users", vec!["electric-handle".into(), "electric-offset".into()]));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(script.asked(), 1, "once is enough");
}

/// V32, V33: the server has enough to do.
#[wasm_bindgen_test]
async fn a_server_that_is_busy_is_asked_again_for_the_same() {
    let db = database("electric_busy").await;
    let (send, last) = later();
    let script = Script::of_two_users()
        .then(refusal(429, r#"{"message":"x"}"#).header("retry-after", "1"))
        .then(refusal(503, "{}").header("retry-after", "10"))
        .then(last);
    let sync = synced(&db, &script).await;
    until(&db, "it says so", || matches!(sync.status(), SyncStatus::Retrying { .. })).await;
    assert_eq!(names(&db).await.len(), 2);
    send.send(polled(H1, "100_0", "1", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()])).expect("it waits");
    named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
    assert_eq!((script.query(3), script.query(4)), (script.query(2), script.query(2)));
    until(&db, "it is live", || is_live(&sync)).await;
}

/// V13, V40: no server, somebody else's page, half of an answer.
#[wasm_bindgen_test]
async fn what_is_no_answer_is_asked_for_again() {
    let db = database("electric_no_answer").await;
    let html = HttpResponse::new(200).header("content-type", "text/html").body("<!doctype html>");
    let half = page(H1, "0_0", &[row(1, "Ann")]).body(r#"[{"key":"k","val"#);
    let script = Script::default()
        .answers([Answer::Refused, html.into(), half.into(), refusal(500, "oops").into(), refusal(502, "").into()])
        .then(page(H1, "0_0", &[row(1, "Ann"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    assert_eq!(names(&db).await, [(1, "Ann".to_owned())]);
    assert_eq!(script.queries()[..6], ["offset=-1"; 6]);
}

/// V49: nobody has asked for that.
#[wasm_bindgen_test]
async fn an_answer_that_nothing_has_changed_is_asked_for_again_past_the_cache() {
    let db = database("electric_304").await;
    let unchanged = HttpResponse::new(304).header("electric-handle", H1).header("electric-offset", "0_0");
    let script = Script::default()
        .then(unchanged)
        .then(page(H1, "0_0", &[row(1, "Ann"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    assert_eq!(script.header(0, "if-none-match"), None);
    assert_eq!(script.query(1), "cache-buster&offset=-1");
}
