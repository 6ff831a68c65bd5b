//! When a log is no more: all of it again, and the old rows until then.

use std::cell::RefCell;
use std::rc::Rc;

use futures::{FutureExt, StreamExt};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{asked, database, is_live, named, names, place, synced, until};
use crate::script::{
    H1, H2, MUST_REFETCH, SNAPSHOT_END, Script, Then, UP_TO_DATE, conflict, delete, frames, insert, later, page,
    polled, refusal, rename, row, streamed, with_columns,
};

/// The snapshot of the log that takes the place of the first one.
fn renewed(script: Script) -> Script {
    script.then(page(H2, "0_0", &[row(2, "Ben"), row(9, "Ivy"), SNAPSHOT_END.into()])).then(page(
        H2,
        "0_inf",
        &[UP_TO_DATE],
    ))
}

const RENEWED: [(i32, &str); 2] = [(2, "Ben"), (9, "Ivy")];

/// V19, rule 7: live queries see the old rows, and then the new ones; hooks hear of nothing.
#[wasm_bindgen_test]
async fn rows_stay_until_all_the_new_ones_are_there() {
    let db = database("electric_refetch").await;
    let heard = Rc::new(RefCell::new(0));
    let hear = heard.clone();
    db.users.hook().on_add(async move |_: Added<crate::fixtures::User>| {
        *hear.borrow_mut() += 1;
        Ok(())
    });
    let (send, last) = later();
    let script = Script::of_two_users()
        .then(conflict(Some(H2)))
        .then(page(H2, "0_0", &[row(2, "Ben"), row(9, "Ivy"), SNAPSHOT_END.into()]))
        .then(last);
    let sync = synced(&db, &script).await;
    let mut seen = db.users.live();
    let ids = |rows: &[Rc<crate::fixtures::User>]| rows.iter().map(|user| user.id).collect::<Vec<_>>();
    let first = seen.next().await.expect("rows").expect("rows");
    assert_eq!(ids(&first), [1, 2]);
    asked(&db, &script, 5).await;
    assert_eq!(names(&db).await.len(), 2);
    assert!(seen.next().now_or_never().is_none(), "nothing has changed");
    send.send(page(H2, "0_inf", &[UP_TO_DATE])).expect("it waits");
    named(&db, &RENEWED).await;
    let second = seen.next().await.expect("rows").expect("rows");
    assert_eq!(ids(&second), [2, 9], "in one step");
    asked(&db, &script, 6).await;
    assert_eq!(
        script.queries()[3..],
        [
            format!("cache-buster&expired_handle={H1}&handle={H2}&offset=-1"),
            format!("expired_handle={H1}&handle={H2}&offset=0_0"),
            format!("cursor=&handle={H2}&live=true&live_sse=true&offset=0_inf"),
        ]
    );
    db.hooks_settled().await.expect("hooks are done");
    assert_eq!(*heard.borrow(), 0);
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H2}&offset=0_inf"));
}

/// V20.
#[wasm_bindgen_test]
async fn the_new_log_need_not_be_known() {
    let db = database("electric_refetch_unknown").await;
    let script = renewed(Script::of_two_users().then(conflict(None)));
    let _sync = synced(&db, &script).await;
    named(&db, &RENEWED).await;
    assert_eq!(script.query(3), format!("cache-buster&expired_handle={H1}&offset=-1"));
}

/// V21: the stream ends without a word.
#[wasm_bindgen_test]
async fn a_log_that_ends_while_it_streams_is_asked_for_once_more() {
    let db = database("electric_refetch_stream").await;
    let pieces = [frames(&[insert(3, "Cy", 100, 0), UP_TO_DATE.into()])];
    let script = Script::of_two_users().then(streamed(H1, "0_inf", &pieces, Then::Ends)).then(conflict(Some(H2)));
    let script = renewed(script);
    let _sync = synced(&db, &script).await;
    named(&db, &RENEWED).await;
    assert_eq!(
        script.queries()[3..5],
        [
            format!("cursor=66929940&handle={H1}&live=true&live_sse=true&offset=100_0"),
            format!("cache-buster&expired_handle={H1}&handle={H2}&offset=-1"),
        ]
    );
}

/// V22: within an answer, and within a stream; what comes before it is dropped.
#[wasm_bindgen_test]
async fn the_end_of_a_log_may_be_told_by_a_message() {
    let messages = [insert(3, "Cy", 100, 0), MUST_REFETCH.into()];
    let answers = [
        ("page", polled(H1, "100_0", "1", &messages)),
        ("stream", streamed(H1, "0_inf", &[frames(&messages)], Then::Stays)),
    ];
    for (name, answer) in answers {
        let db = database(&format!("electric_refetch_message_{name}")).await;
        let script = renewed(Script::of_two_users().then(answer));
        let _sync = synced(&db, &script).await;
        named(&db, &RENEWED).await;
        assert_eq!(script.query(3), format!("cache-buster&expired_handle={H1}&offset=-1"), "{name}");
    }
}

/// V23: one end after another.
#[wasm_bindgen_test]
async fn logs_may_end_one_after_another() {
    let db = database("electric_refetch_loop").await;
    let script = Script::of_two_users().then(conflict(None)).then(conflict(Some("7-7"))).then(conflict(Some(H2)));
    let script = renewed(script);
    let _sync = synced(&db, &script).await;
    asked(&db, &script, 6).await;
    named(&db, &RENEWED).await;
    assert_eq!(
        script.queries()[3..6],
        [
            format!("cache-buster&expired_handle={H1}&offset=-1"),
            format!("cache-buster&expired_handle={H1}&handle=7-7&offset=-1"),
            format!("cache-buster&expired_handle=7-7&handle={H2}&offset=-1"),
        ]
    );
    let urls: std::collections::BTreeSet<String> = (3..6).map(|at| script.url(at)).collect();
    assert_eq!(urls.len(), 3);
}

/// V25: the exception.
#[wasm_bindgen_test]
async fn a_server_that_has_lost_its_log_is_asked_for_all_rows() {
    let db = database("electric_refetch_lost_log").await;
    let script = Script::of_two_users()
        .then(polled(H1, "500_4", "1", &[rename(1, "Anna", 500, 4), UP_TO_DATE.into()]))
        .then(polled(H1, "0_inf", "2", &[UP_TO_DATE]))
        .then(page(H1, "0_0", &[row(9, "Ivy"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    named(&db, &[(9, "Ivy")]).await;
    assert_eq!(script.query(4), "cache-buster&offset=-1");
}

/// V26: columns of a row that is not there.
#[wasm_bindgen_test]
async fn a_change_of_a_row_that_is_missing_is_no_row() {
    let db = database("electric_refetch_missing").await;
    let script = Script::of_two_users()
        .then(polled(H1, "700_0", "1", &[rename(9, "Z", 700, 0), UP_TO_DATE.into()]))
        .then(page(H1, "0_0", &[row(1, "Ann"), row(9, "Z"), SNAPSHOT_END.into()]))
        .then(page(H1, "700_0", &[rename(9, "Z", 700, 0), UP_TO_DATE.into()]));
    let sync = synced(&db, &script).await;
    named(&db, &[(1, "Ann"), (9, "Z")]).await;
    assert_eq!(script.query(3), "cache-buster&offset=-1");
    until(&db, "it is live", || is_live(&sync)).await;
}

/// V26: a replayed end of the log may change what it deletes.
#[wasm_bindgen_test]
async fn a_change_of_a_row_that_is_deleted_after_it_is_harmless() {
    let db = database("electric_replayed_missing").await;
    let script = Script::of_two_users().then(polled(
        H1,
        "700_2",
        "1",
        &[rename(9, "Z", 700, 0), delete(9, 700, 2), UP_TO_DATE.into()],
    ));
    let sync = synced(&db, &script).await;
    asked(&db, &script, 4).await;
    assert_eq!(names(&db).await.len(), 2);
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=700_2"));
}

/// V31: the columns of the new log count, and only those.
#[wasm_bindgen_test]
async fn a_new_log_has_columns_of_its_own() {
    const SCHEMA: &str = r#"{"extra":{"type":"int4"},"id":{"type":"int4","not_null":true,"pk_index":0},"name":{"type":"text"},"age":{"type":"text"},"active":{"type":"text"}}"#;
    let db = database("electric_refetch_columns").await;
    let new = r#"{"key":"k","value":{"extra":"7","id":"900","name":"after alter","age":null,"active":"true"},"headers":{"operation":"insert"}}"#;
    let script = Script::of_two_users()
        .then(conflict(None))
        .then(with_columns(page(H2, "0_0", &[new, SNAPSHOT_END]), SCHEMA))
        .then(with_columns(page(H2, "0_inf", &[UP_TO_DATE]), SCHEMA));
    let _sync = synced(&db, &script).await;
    named(&db, &[(900, "after alter")]).await;
}

/// §1.5: a place that the log does not have.
#[wasm_bindgen_test]
async fn a_place_out_of_bounds_is_the_end_of_the_log() {
    let db = database("electric_out_of_bounds").await;
    let refused = refusal(400, r#"{"message":"Invalid request","errors":{"offset":["out of bounds for this shape"]}}"#);
    let script = Script::of_two_users()
        .then(refused)
        .then(page(H1, "0_0", &[row(9, "Ivy"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    named(&db, &[(9, "Ivy")]).await;
    assert_eq!(script.query(3), "cache-buster&offset=-1");
}

/// More rows than are written at once: into an empty table, and over others.
#[wasm_bindgen_test]
async fn many_rows_come_and_are_replaced() {
    let db = database("electric_many_rows").await;
    let rows = |ids: std::ops::RangeInclusive<i32>, name: &str| -> Vec<String> {
        ids.map(|id| row(id, name)).chain([SNAPSHOT_END.into()]).collect()
    };
    let script = Script::default()
        .then(page(H1, "0_0", &rows(1..=4_500, "Ann")))
        .then(page(H1, "0_inf", &[UP_TO_DATE]))
        .then(conflict(Some(H2)))
        .then(page(H2, "0_0", &rows(1_001..=5_500, "Bob")))
        .then(page(H2, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    asked(&db, &script, 6).await;
    let stored = names(&db).await;
    assert_eq!(stored.len(), 4_500);
    let wanted = (1_001..=5_500).map(|id| (id, "Bob".to_owned()));
    assert!(stored.into_iter().eq(wanted), "all are there, and all are the new ones");
}
