//! Streams of events: what is stored when, and where the next one begins.

use indexie::{HttpResponse, SyncStatus};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{User, asked, database, is_live, named, names, place, rows, synced, until};
use crate::script::{
    Answer, H1, Script, Then, UP_TO_DATE, change, frames, insert, page, polled, rename, streamed, written,
};

fn log() -> [String; 6] {
    [
        change("insert", 50, r#"{"active":null,"age":"1","id":"50","name":"S1"}"#, 26_760_448, 0),
        change("insert", 51, r#"{"active":null,"age":"2","id":"51","name":"S2"}"#, 26_760_448, 2),
        change("update", 50, r#"{"age":"9","id":"50"}"#, 26_760_448, 4),
        UP_TO_DATE.into(),
        change("update", 50, r#"{"id":"50","name":"S1b"}"#, 26_760_600, 0),
        UP_TO_DATE.into(),
    ]
}

const BOTH: [(i32, &str); 2] = [(1, "Ann"), (2, "Bob")];

fn both_and(more: &[(i32, &'static str)]) -> Vec<(i32, &'static str)> {
    BOTH.iter().chain(more).copied().collect()
}

/// V10, D5: what is stored of the place is never ahead of the rows.
#[wasm_bindgen_test]
async fn each_transaction_is_stored_as_it_comes() {
    let db = database("electric_stream").await;
    let (write, open) = written(H1, "0_inf");
    let script = Script::of_two_users().then(open);
    let sync = synced(&db, &script).await;
    asked(&db, &script, 3).await;
    assert_eq!(script.header(2, "accept").as_deref(), Some("text/event-stream"));
    let log = log();
    write.unbounded_send(frames(&log[..3])).expect("it is open");
    for _ in 0..20 {
        assert_eq!(names(&db).await.len(), 2, "the transaction is not over");
    }
    write.unbounded_send(frames(&log[3..4])).expect("it is open");
    named(&db, &both_and(&[(50, "S1"), (51, "S2")])).await;
    write.unbounded_send(": keep-alive\n\n".into()).expect("it is open");
    write.unbounded_send(frames(&log[4..])).expect("it is open");
    named(&db, &both_and(&[(50, "S1b"), (51, "S2")])).await;
    assert_eq!(rows(&db).await[2], User { id: 50, name: "S1b".into(), age: Some(9), active: None });
    drop(write);
    asked(&db, &script, 4).await;
    assert_eq!(script.query(3), format!("cursor=66929940&handle={H1}&live=true&live_sse=true&offset=26760600_0"));
    assert!(is_live(&sync));
}

/// V10: the place after the first of two transactions is its last operation.
#[wasm_bindgen_test]
async fn the_place_is_that_of_the_last_change() {
    let db = database("electric_stream_place").await;
    let script = Script::of_two_users().then(streamed(H1, "0_inf", &[frames(&log()[..5])], Then::Stays));
    let sync = synced(&db, &script).await;
    named(&db, &both_and(&[(50, "S1"), (51, "S2")])).await;
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=26760448_4"));
}

/// V11, D3.
#[wasm_bindgen_test]
async fn streams_that_bring_what_was_missed_and_end_are_followed_by_streams() {
    let db = database("electric_stream_behind").await;
    let messages = log();
    let all = [messages[0].clone(), messages[1].clone(), messages[2].clone(), messages[4].clone(), UP_TO_DATE.into()];
    let mut script = Script::of_two_users().then(streamed(H1, "26760600_0", &[frames(&all)], Then::Ends));
    for lsn in 26_760_601..26_760_606 {
        let messages = [rename(1, "Ann", lsn, 0), rename(1, &format!("A{lsn}"), lsn, 2), UP_TO_DATE.into()];
        script = script.then(streamed(H1, &format!("{lsn}_2"), &[frames(&messages)], Then::Ends));
    }
    let sync = synced(&db, &script).await;
    asked(&db, &script, 9).await;
    let queries = script.queries();
    assert_eq!(queries[3], format!("cursor=66929940&handle={H1}&live=true&live_sse=true&offset=26760600_0"));
    assert_eq!(queries[8], format!("cursor=66929940&handle={H1}&live=true&live_sse=true&offset=26760605_2"));
    assert!(queries[2..].iter().all(|query| query.contains("live_sse=true")), "{queries:?}");
    named(&db, &[(1, "A26760605"), (2, "Bob"), (50, "S1b"), (51, "S2")]).await;
    assert!(is_live(&sync));
}

/// V12, D2.
#[wasm_bindgen_test]
async fn a_stream_that_ends_before_all_has_come_loses_nothing() {
    let db = database("electric_stream_chunk").await;
    let messages = log();
    let script = Script::of_two_users()
        .then(streamed(H1, "26760448_2", &[frames(&messages[..2])], Then::Ends))
        .then(page(H1, "26760600_0", &[messages[2].clone(), messages[4].clone(), UP_TO_DATE.into()]));
    let _sync = synced(&db, &script).await;
    asked(&db, &script, 5).await;
    assert_eq!(script.query(3), format!("handle={H1}&offset=26760448_2"));
    assert_eq!(rows(&db).await[2], User { id: 50, name: "S1b".into(), age: Some(9), active: None });
}

/// V12: the program ends in between.
#[wasm_bindgen_test]
async fn a_part_of_the_log_is_not_stored() {
    let db = database("electric_stream_chunk_crash").await;
    let script = Script::of_two_users().then(streamed(H1, "26760448_2", &[frames(&log()[..2])], Then::Ends));
    let sync = synced(&db, &script).await;
    asked(&db, &script, 4).await;
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=0_inf"));
    assert_eq!(names(&db).await.len(), 2);
}

/// V13, D1.
#[wasm_bindgen_test]
async fn a_stream_that_is_torn_off_in_the_middle_of_an_event_loses_nothing() {
    let db = database("electric_stream_torn").await;
    let pieces = [frames(&[insert(3, "Cy", 100, 0)]), r#"data: {"key":"\"publ"#.to_owned()];
    let script = Script::of_two_users().then(streamed(H1, "100_4", &pieces, Then::Breaks)).then(page(
        H1,
        "100_4",
        &[insert(3, "Cy", 100, 0), insert(4, "Dan", 100, 4), UP_TO_DATE.into()],
    ));
    let sync = synced(&db, &script).await;
    named(&db, &both_and(&[(3, "Cy"), (4, "Dan")])).await;
    asked(&db, &script, 5).await;
    assert_eq!(
        script.queries()[3..],
        [
            format!("handle={H1}&offset=0_inf"),
            format!("cursor=66929940&handle={H1}&live=true&live_sse=true&offset=100_4")
        ]
    );
    until(&db, "it is live", || is_live(&sync)).await;
}

/// V13: the same where the end looks like a good one.
#[wasm_bindgen_test]
async fn half_an_event_at_the_end_is_a_torn_stream() {
    let db = database("electric_stream_half").await;
    let pieces = [frames(&[insert(3, "Cy", 100, 0)]), r#"data: {"key":"\"publ"#.to_owned()];
    let script = Script::of_two_users().then(streamed(H1, "100_0", &pieces, Then::Ends));
    let sync = synced(&db, &script).await;
    asked(&db, &script, 4).await;
    assert_eq!(script.query(3), format!("handle={H1}&offset=0_inf"));
    assert_eq!(names(&db).await.len(), 2);
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=0_inf"));
}

/// V14: pieces end anywhere, also within a character.
#[wasm_bindgen_test]
async fn events_may_come_byte_by_byte() {
    let db = database("electric_stream_bytes").await;
    let text = frames(&[insert(3, "Zoë 😀", 100, 0), UP_TO_DATE.into()]);
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    let script = Script::of_two_users().then(streamed(H1, "0_inf", &bytes, Then::Stays));
    let _sync = synced(&db, &script).await;
    named(&db, &both_and(&[(3, "Zoë 😀")])).await;
}

/// V15: what the format of event streams allows.
#[wasm_bindgen_test]
async fn events_may_be_written_in_any_way_that_the_format_has() {
    let db = database("electric_stream_forms").await;
    let (one, other) = (insert(3, "Cy", 100, 0), insert(4, "Dan", 100, 2));
    let (head, tail) = other.split_at(other.find(",\"headers\"").expect("it has headers"));
    let text = format!(
        "\u{feff}: hello\r\n\r\nevent: message\r\nid: 7\r\nretry: 10\r\ndata:{one}\r\n\r\n:\n\ndata: {head}\ndata: {tail}\n\n\n: keep-alive\n\ndata: {UP_TO_DATE}\r\r"
    );
    for size in [1, 2, 7, 1_000] {
        let script = Script::of_two_users().then(streamed(
            H1,
            "0_inf",
            &text.as_bytes().chunks(size).collect::<Vec<_>>(),
            Then::Stays,
        ));
        let db = if size == 1 { db.clone() } else { database(&format!("electric_stream_forms_{size}")).await };
        let _sync = synced(&db, &script).await;
        named(&db, &both_and(&[(3, "Cy"), (4, "Dan")])).await;
    }
}

/// V16: nothing comes through until it is over.
#[wasm_bindgen_test]
async fn where_streams_do_not_come_through_it_polls() {
    let db = database("electric_stream_buffered").await;
    let mut script = Script::of_two_users().hasty();
    for lsn in 100..103 {
        script = script.then(Answer::Silence).then(page(
            H1,
            &format!("{lsn}_0"),
            &[rename(1, &format!("A{lsn}"), lsn, 0), UP_TO_DATE.into()],
        ));
    }
    // On a slow machine its polls have fallen silent before that is looked at, some of them again and again.
    for _ in 0..1_000 {
        script = script.then(Answer::Silence).then(page(H1, "102_0", &[UP_TO_DATE]));
    }
    let sync = synced(&db, &script).await;
    asked(&db, &script, 9).await;
    let queries = script.queries().into_iter().take(9);
    let live: Vec<String> = queries.filter(|query| query.contains("live=true")).collect();
    assert_eq!(
        live,
        [
            format!("cursor=&handle={H1}&live=true&live_sse=true&offset=0_inf"),
            format!("cursor=&handle={H1}&live=true&live_sse=true&offset=100_0"),
            format!("cursor=&handle={H1}&live=true&live_sse=true&offset=101_0"),
            format!("cursor=&handle={H1}&live=true&offset=102_0"),
        ]
    );
    assert_eq!(names(&db).await[0].1, "A102");
    until(&db, "it is live", || is_live(&sync)).await;
}

/// D4: a connection that nobody holds on the other side.
#[wasm_bindgen_test]
async fn a_stream_that_falls_silent_is_given_up() {
    let db = database("electric_stream_silent").await;
    let script = Script::of_two_users()
        .then(streamed(H1, "0_inf", &[frames(&[insert(3, "Cy", 100, 0)])], Then::Stays))
        .then(page(H1, "100_0", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]))
        .hasty();
    let _sync = synced(&db, &script).await;
    named(&db, &both_and(&[(3, "Cy")])).await;
    assert_eq!(script.query(3), format!("handle={H1}&offset=0_inf"));
}

/// V17, D6.
#[wasm_bindgen_test]
async fn an_answer_that_is_no_stream_is_taken_for_what_it_is() {
    let db = database("electric_stream_json").await;
    let script = Script::of_two_users()
        .then(polled(H1, "100_0", "9", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]))
        .then(polled(H1, "101_0", "10", &[insert(4, "Dan", 101, 0), UP_TO_DATE.into()]));
    let _sync = synced(&db, &script).await;
    asked(&db, &script, 5).await;
    named(&db, &both_and(&[(3, "Cy"), (4, "Dan")])).await;
    assert_eq!(
        script.queries()[3..],
        [
            format!("cursor=9&handle={H1}&live=true&offset=100_0"),
            format!("cursor=10&handle={H1}&live=true&offset=101_0"),
        ]
    );
}

/// D6: a page of somebody else's is no empty stream.
#[wasm_bindgen_test]
async fn a_page_of_html_is_no_stream() {
    let db = database("electric_stream_html").await;
    let html = || {
        HttpResponse::new(200)
            .header("content-type", "text/html")
            .header("electric-handle", H1)
            .header("electric-offset", "900_0")
            .body("<!doctype html>")
    };
    let script =
        Script::of_two_users().then(html()).then(page(H1, "100_0", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]));
    let _sync = synced(&db, &script).await;
    asked(&db, &script, 5).await;
    assert_eq!(
        script.queries()[3..],
        [format!("handle={H1}&offset=0_inf"), format!("cursor=&handle={H1}&live=true&live_sse=true&offset=100_0")]
    );
    assert_eq!(names(&db).await.len(), 3);
}

/// V18.
#[wasm_bindgen_test]
async fn after_three_streams_that_end_at_once_it_polls() {
    let db = database("electric_stream_short").await;
    let nothing: [&str; 0] = [];
    let mut script = Script::of_two_users();
    for _ in 0..3 {
        script = script.then(streamed(H1, "0_inf", &nothing, Then::Ends));
    }
    let script = script.then(polled(H1, "100_0", "9", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]));
    let _sync = synced(&db, &script).await;
    asked(&db, &script, 7).await;
    named(&db, &both_and(&[(3, "Cy")])).await;
    let streams: Vec<bool> = script.queries()[2..].iter().map(|query| query.contains("live_sse")).collect();
    assert_eq!(streams, [true, true, true, false, false]);
}

/// §1.8.2: a finished stream out of a cache.
#[wasm_bindgen_test]
async fn a_stream_that_comes_again_changes_nothing() {
    let db = database("electric_stream_again").await;
    let messages = [insert(3, "Cy", 100, 0), rename(3, "Cyd", 100, 2), UP_TO_DATE.into()];
    let twice = frames(&messages).repeat(2);
    let script = Script::of_two_users()
        .then(streamed(H1, "100_2", &[twice], Then::Ends))
        .then(streamed(H1, "100_2", &[frames(&messages)], Then::Ends))
        .then(streamed(H1, "101_0", &[frames(&[rename(3, "C", 101, 0), UP_TO_DATE.into()])], Then::Stays));
    let sync = synced(&db, &script).await;
    named(&db, &both_and(&[(3, "C")])).await;
    let queries = script.queries();
    assert_eq!(queries.len(), 5, "{queries:?}");
    assert!(queries[3..].iter().all(|query| query.ends_with("offset=100_2")), "{queries:?}");
    assert!(!queries.concat().contains("cache-buster"));
    assert!(matches!(sync.status(), SyncStatus::Live));
}

/// An event that is no JSON: the connection is not to be trusted.
#[wasm_bindgen_test]
async fn an_event_that_is_no_message_drops_what_came_with_it() {
    let db = database("electric_stream_garbage").await;
    let text = frames(&[insert(3, "Cy", 100, 0), "oops".into(), UP_TO_DATE.into()]);
    let script = Script::of_two_users().then(streamed(H1, "100_0", &[text], Then::Stays));
    let _sync = synced(&db, &script).await;
    asked(&db, &script, 4).await;
    assert!(script.query(3).ends_with("offset=0_inf"), "{}", script.query(3));
    assert_eq!(names(&db).await.len(), 2);
}
