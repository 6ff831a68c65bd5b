//! Long polling: an answer when something has happened, or after a while.

use indexie::ElectricSync;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{User, Users, asked, database, is_live, named, names, place, rows, until};
use crate::script::{H1, SNAPSHOT_END, Script, UP_TO_DATE, change, delete, insert, message, page, polled, rename, row};

/// Syncs without streams.
async fn polls(db: &Users, script: &Script) -> ElectricSync {
    let sync = db.users.sync_electric(script.shape().long_polling()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    sync
}

/// V07.
#[wasm_bindgen_test]
async fn one_transaction_inserts_changes_deletes_and_gives_a_row_another_key() {
    let db = database("electric_poll").await;
    let moved = r#","lsn":"26757272","txids":[754],"op_position""#;
    let leaves =
        message("delete", r#""public"."users"/"3""#, r#"{"id":"3"}"#, &format!(r#"{moved}:6,"key_change_to":"x""#));
    let comes = message(
        "insert",
        r#""public"."users"/"33""#,
        r#"{"active":"t","age":"5","id":"33","name":"Cy"}"#,
        &format!(r#"{moved}:7,"last":true,"key_change_from":"x""#),
    );
    let script = Script::of_two_users().then(polled(
        H1,
        "26757272_7",
        "66929900",
        &[
            insert(3, "Cy", 26_757_272, 0),
            change("update", 1, r#"{"active":"f","id":"1","name":"Ann2"}"#, 26_757_272, 2),
            delete(2, 26_757_272, 4),
            leaves,
            comes,
            UP_TO_DATE.into(),
        ],
    ));
    let sync = polls(&db, &script).await;
    named(&db, &[(1, "Ann2"), (33, "Cy")]).await;
    let ann = User { id: 1, name: "Ann2".into(), age: Some(30), active: Some(false) };
    let cy = User { id: 33, name: "Cy".into(), age: Some(5), active: Some(true) };
    assert_eq!(rows(&db).await, [ann, cy]);
    asked(&db, &script, 4).await;
    assert_eq!(
        script.queries()[2..],
        [
            format!("cursor=&handle={H1}&live=true&offset=0_inf"),
            format!("cursor=66929900&handle={H1}&live=true&offset=26757272_7"),
        ]
    );
    sync.await_txid(754).await.expect("the transaction has come");
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=26757272_7"));
}

/// V08.
#[wasm_bindgen_test]
async fn a_poll_that_brings_nothing_is_made_again_with_the_new_cursor() {
    let db = database("electric_poll_timeout").await;
    let script = Script::of_two_users().then(polled(H1, "0_inf", "66930040", &[UP_TO_DATE])).then(polled(
        H1,
        "0_inf",
        "66930088",
        &[UP_TO_DATE],
    ));
    let sync = polls(&db, &script).await;
    asked(&db, &script, 5).await;
    assert_eq!(
        script.queries()[2..],
        [
            format!("cursor=&handle={H1}&live=true&offset=0_inf"),
            format!("cursor=66930040&handle={H1}&live=true&offset=0_inf"),
            format!("cursor=66930088&handle={H1}&live=true&offset=0_inf"),
        ]
    );
    assert!(is_live(&sync));
}

/// V09.
#[wasm_bindgen_test]
async fn an_answer_without_content_is_a_poll_that_brings_nothing() {
    let db = database("electric_no_content").await;
    let none = indexie::HttpResponse::new(204)
        .header("electric-handle", H1)
        .header("electric-offset", "0_inf")
        .header("electric-cursor", "5");
    let script =
        Script::of_two_users().then(none).then(polled(H1, "100_0", "6", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]));
    let sync = crate::fixtures::synced(&db, &script).await;
    named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
    assert_eq!(script.query(3), format!("cursor=5&handle={H1}&live=true&offset=0_inf"), "streams are not asked for");
    assert!(is_live(&sync));
}

/// V09: also when it is the answer to the first look.
#[wasm_bindgen_test]
async fn an_answer_without_content_is_the_end_of_the_log() {
    let db = database("electric_no_content_at_first").await;
    let none = || indexie::HttpResponse::new(204).header("electric-handle", H1).header("electric-offset", "0_0");
    let script = Script::default().then(page(H1, "0_0", &[row(1, "Ann"), SNAPSHOT_END.into()])).then(none());
    let _sync = polls(&db, &script).await;
    assert_eq!(names(&db).await, [(1, "Ann".to_owned())]);
}

/// V24: more than one page has come up while nobody asked.
#[wasm_bindgen_test]
async fn a_poll_that_brings_a_part_is_followed_by_pages() {
    let db = database("electric_poll_pages").await;
    let script = Script::of_two_users().then(polled(H1, "100_0", "7", &[insert(3, "Cy", 100, 0)])).then(page(
        H1,
        "100_2",
        &[insert(4, "Dan", 100, 2), UP_TO_DATE.into()],
    ));
    let _sync = polls(&db, &script).await;
    asked(&db, &script, 5).await;
    assert_eq!(names(&db).await.len(), 4);
    assert_eq!(
        script.queries()[3..],
        [format!("handle={H1}&offset=100_0"), format!("cursor=7&handle={H1}&live=true&offset=100_2")]
    );
}

/// V27.
#[wasm_bindgen_test]
async fn what_is_not_there_can_be_deleted() {
    let db = database("electric_delete_unknown").await;
    let script = Script::of_two_users().then(polled(H1, "100_0", "7", &[delete(404, 100, 0), UP_TO_DATE.into()]));
    let sync = polls(&db, &script).await;
    asked(&db, &script, 4).await;
    assert_eq!(names(&db).await.len(), 2);
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=100_0"));
}

/// V28, §1.8.3: at least once, and in order.
#[wasm_bindgen_test]
async fn the_end_of_the_log_may_come_again() {
    let db = database("electric_replay").await;
    let log = [insert(3, "Cy", 100, 0), rename(3, "Cyd", 100, 2), delete(2, 101, 0), UP_TO_DATE.into()];
    let script = Script::of_two_users()
        .then(polled(H1, "101_0", "1", &log))
        .then(polled(H1, "101_0", "2", &log))
        .then(polled(H1, "102_0", "3", &[log[1].clone(), log[2].clone(), rename(3, "Cy3", 102, 0), UP_TO_DATE.into()]));
    let sync = polls(&db, &script).await;
    named(&db, &[(1, "Ann"), (3, "Cy3")]).await;
    asked(&db, &script, 6).await;
    assert_eq!(script.queries()[3..].iter().filter(|query| query.contains("cache-buster")).count(), 0);
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=102_0"));
}

/// V39: the cursor is not worth a failure.
#[wasm_bindgen_test]
async fn without_a_cursor_the_last_one_is_sent() {
    let db = database("electric_no_cursor").await;
    let bare = crate::script::without(
        polled(H1, "100_0", "", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]),
        "electric-cursor",
    );
    let script = Script::of_two_users().then(polled(H1, "0_inf", "66", &[UP_TO_DATE])).then(bare);
    let sync = polls(&db, &script).await;
    asked(&db, &script, 5).await;
    assert_eq!(script.query(4), format!("cursor=66&handle={H1}&live=true&offset=100_0"));
    until(&db, "it is live", || is_live(&sync)).await;
}

/// Messages that this version of the protocol does not have.
#[wasm_bindgen_test]
async fn what_is_not_known_is_passed_over() {
    let db = database("electric_unknown").await;
    let new = r#"{"headers":{"control":"weather","sunny":true}}"#;
    let script =
        Script::of_two_users().then(polled(H1, "100_0", "1", &[new, &insert(3, "Cy", 100, 0), UP_TO_DATE, new]));
    let _sync = polls(&db, &script).await;
    named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
}
