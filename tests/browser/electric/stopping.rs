//! What an app asks of a sync, and sees at once: that it stops, and that it tries again.

use futures::{FutureExt, StreamExt};
use indexie::{Error, SyncError, SyncStatus};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{asked, database, failed, named, names, sync, synced, until};
use crate::script::{Answer, H1, SNAPSHOT_END, Script, UP_TO_DATE, frames, insert, later, page, refusal, row, written};

fn is_stopped(status: &SyncStatus) -> bool {
    matches!(status, SyncStatus::Stopped)
}

fn is_of_a_stop<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Sync { reason: SyncError::Stopped, .. }))
}

fn status_of<T>(result: &Result<T, Error>) -> Option<u16> {
    match result {
        Err(Error::Sync { reason: SyncError::Status { status, .. }, .. }) => Some(*status),
        _ => None,
    }
}

#[wasm_bindgen_test]
async fn a_sync_that_is_tried_again_is_waited_for() {
    let db = database("electric_retry_waits").await;
    let script = Script::default()
        .then(refusal(403, "no"))
        .then(page(H1, "0_0", &[row(1, "Ann"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = sync(&db, &script).await;
    failed(&db, &sync).await;
    assert_eq!(status_of(&sync.up_to_date().await), Some(403));
    sync.retry();
    assert!(matches!(sync.status(), SyncStatus::Connecting), "{:?}", sync.status());
    sync.up_to_date().await.expect("it is up to date");
    assert_eq!(names(&db).await, [(1, "Ann".to_owned())]);
}

/// What the table had caught up with before the failure is not all that there is after it.
#[wasm_bindgen_test]
async fn a_sync_that_had_caught_up_catches_up_again_when_it_is_tried_again() {
    let db = database("electric_retry_catches_up").await;
    let (send, answer) = later();
    let script = Script::of_two_users().then(refusal(403, "no")).then(answer);
    let sync = synced(&db, &script).await;
    failed(&db, &sync).await;
    sync.retry();
    let mut waiting = sync.up_to_date();
    asked(&db, &script, 4).await;
    assert!((&mut waiting).now_or_never().is_none(), "it has not caught up");
    send.send(page(H1, "100_0", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()])).expect("it is waited for");
    waiting.await.expect("it is up to date");
    assert_eq!(names(&db).await.len(), 3);
}

#[wasm_bindgen_test]
async fn one_that_fails_again_says_why_it_has_failed_now() {
    let db = database("electric_retry_fails").await;
    let script = Script::default().then(refusal(403, "no")).then(refusal(404, "gone"));
    let sync = sync(&db, &script).await;
    failed(&db, &sync).await;
    let mut statuses = sync.statuses();
    let mut seen = async || match statuses.next().await {
        Some(SyncStatus::Failed { error }) => status_of::<()>(&Err(error)).expect("a refusal").to_string(),
        status => format!("{status:?}"),
    };
    assert_eq!(seen().await, "403");
    sync.retry();
    assert_eq!(seen().await, "Some(Connecting)");
    assert_eq!(status_of(&sync.up_to_date().await), Some(404));
    assert_eq!(seen().await, "404");
}

#[wasm_bindgen_test]
async fn a_stop_is_seen_at_once() {
    let db = database("electric_stop_seen").await;
    let script = Script::default().then(Answer::Silence);
    let sync = sync(&db, &script).await;
    asked(&db, &script, 1).await;
    let (mut waiting, mut statuses) = (sync.up_to_date(), sync.statuses());
    assert!((&mut waiting).now_or_never().is_none());
    let status = statuses.next().now_or_never().flatten();
    assert!(matches!(status, Some(SyncStatus::Connecting)), "{status:?}");
    sync.stop();
    assert!(is_stopped(&sync.status()), "{:?}", sync.status());
    assert!(statuses.next().now_or_never().flatten().is_some_and(|status| is_stopped(&status)));
    assert!(statuses.next().now_or_never().expect("they are over").is_none());
    assert!(waiting.now_or_never().is_some_and(|done| is_of_a_stop(&done)));
    assert!(sync.await_txid(1).now_or_never().is_some_and(|done| is_of_a_stop(&done)));
    sync.retry();
    assert!(is_stopped(&sync.status()), "it is over: {:?}", sync.status());
    until(&db, "the end of the request", || script.open() == 0).await;
    assert_eq!(script.asked(), 1);
}

#[wasm_bindgen_test]
async fn one_that_has_caught_up_and_is_stopped_is_not_up_to_date() {
    let db = database("electric_stop_caught_up").await;
    let sync = synced(&db, &Script::of_two_users()).await;
    sync.stop();
    assert!(is_of_a_stop(&sync.up_to_date().await));
    assert!(is_stopped(&sync.status()), "{:?}", sync.status());
}

#[wasm_bindgen_test]
async fn dropping_the_last_of_it_is_seen_at_once() {
    let db = database("electric_stop_dropped").await;
    let sync = synced(&db, &Script::of_two_users()).await;
    let (other, mut statuses, waiting) = (sync.clone(), sync.statuses(), sync.up_to_date());
    drop(sync);
    assert!(!is_stopped(&other.status()));
    drop(other);
    assert!(statuses.next().now_or_never().flatten().is_some_and(|status| is_stopped(&status)));
    assert!(is_of_a_stop(&waiting.await));
}

/// What comes at the same moment changes nothing of it, and nothing more is asked for.
#[wasm_bindgen_test]
async fn what_comes_with_a_stop_is_not_told() {
    let db = database("electric_stop_late").await;
    let answers = [page(H1, "0_0", &[row(1, "Ann"), SNAPSHOT_END.into()]), refusal(403, "no"), refusal(503, "busy")];
    for answer in answers {
        let (send, first) = later();
        let script = Script::default().then(first).then(page(H1, "0_inf", &[UP_TO_DATE]));
        let sync = sync(&db, &script).await;
        asked(&db, &script, 1).await;
        let (mut statuses, mut errors) = (sync.statuses(), sync.errors());
        send.send(answer).expect("it is waited for");
        sync.stop();
        assert!(statuses.next().await.is_some_and(|status| is_stopped(&status)));
        until(&db, "the end of the request", || script.open() == 0).await;
        drop(statuses);
        assert!(is_stopped(&sync.status()), "{:?}", sync.status());
        assert!(errors.next().now_or_never().is_none());
        assert_eq!(script.asked(), 1);
        drop((sync, errors));
        until(&db, "the end of the task", || !script.is_held()).await;
    }
}

#[wasm_bindgen_test]
async fn another_one_begins_when_the_stopped_one_has_let_go() {
    let db = database("electric_stop_again").await;
    let (write, stream) = written(H1, "0_inf");
    let first = Script::of_two_users().then(stream);
    let old = synced(&db, &first).await;
    asked(&db, &first, 3).await;
    write.unbounded_send(frames(&[insert(3, "Cy", 100, 0), UP_TO_DATE.into()])).expect("somebody listens");
    named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
    old.stop();
    let second = Script::default().then(page(H1, "101_0", &[insert(4, "Dan", 101, 0), UP_TO_DATE.into()]));
    let new = sync(&db, &second).await;
    assert!(matches!(new.status(), SyncStatus::Connecting), "{:?}", new.status());
    until(&db, "it asks", || second.asked() > 0).await;
    assert_eq!((first.open(), second.query(0)), (0, format!("handle={H1}&offset=100_0")));
    new.up_to_date().await.expect("it is up to date");
    assert_eq!(names(&db).await.len(), 4);
    assert!(is_stopped(&old.status()) && !is_stopped(&new.status()));
    // The one that is over does not stop the other one.
    drop(old);
    assert!(matches!(new.status(), SyncStatus::Live), "{:?}", new.status());
}
