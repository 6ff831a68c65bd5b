//! The snapshot: pages until all is there.

use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{User, asked, database, is_live, names, of_snapshot, place, rows, sync, synced, until};
use crate::script::{H1, H2, SNAPSHOT_END, Script, UP_TO_DATE, conflict, insert, later, page, rename, row, without};

/// V01.
#[wasm_bindgen_test]
async fn a_snapshot_is_stored_once_all_of_it_is_there() {
    let db = database("electric_snapshot").await;
    let (rest, second) = later();
    let bob = r#"{"key":"\"public\".\"users\"/\"2\"","value":{"active":"false","age":null,"id":"2","name":"Bob \"q\" / x"},"headers":{"relation":["public","users"],"operation":"insert"}}"#;
    let script = Script::default().then(page(H1, "0_0", &[&row(1, "Ann"), bob, SNAPSHOT_END])).then(second);
    let sync = sync(&db, &script).await;
    asked(&db, &script, 2).await;
    assert_eq!(rows(&db).await, [], "the first page is not all");
    assert!(!is_live(&sync));
    rest.send(page(H1, "0_inf", &[UP_TO_DATE])).expect("it waits");
    sync.up_to_date().await.expect("it is up to date");
    let bob = User { id: 2, name: "Bob \"q\" / x".into(), age: None, active: Some(false) };
    assert_eq!(rows(&db).await, [of_snapshot(1, "Ann"), bob]);
    asked(&db, &script, 3).await;
    assert_eq!(
        script.queries(),
        [
            "offset=-1".to_owned(),
            format!("handle={H1}&offset=0_0"),
            format!("cursor=&handle={H1}&live=true&live_sse=true&offset=0_inf"),
        ]
    );
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=0_inf"));
}

/// V01: what is not all is nothing.
#[wasm_bindgen_test]
async fn half_a_snapshot_is_fetched_again() {
    let db = database("electric_half_snapshot").await;
    let script = Script::default().then(page(H1, "0_0", &[row(1, "Ann"), SNAPSHOT_END.into()]));
    let sync = sync(&db, &script).await;
    asked(&db, &script, 2).await;
    drop(sync);
    assert_eq!(place(&db).await, "offset=-1");
    assert_eq!(rows(&db).await, []);
}

/// V02.
#[wasm_bindgen_test]
async fn an_empty_table_is_up_to_date_after_two_answers() {
    let db = database("electric_empty").await;
    let (rest, second) = later();
    let script = Script::default().then(page(H1, "0_0", &[SNAPSHOT_END])).then(second);
    let sync = sync(&db, &script).await;
    asked(&db, &script, 2).await;
    assert!(!is_live(&sync), "the end of the snapshot is not the end of the log");
    rest.send(page(H1, "0_inf", &[UP_TO_DATE])).expect("it waits");
    sync.up_to_date().await.expect("it is up to date");
    assert!(is_live(&sync));
    assert_eq!(rows(&db).await, []);
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=0_inf"));
}

/// V03, §1.6: a page may end in the middle of a transaction.
#[wasm_bindgen_test]
async fn a_snapshot_of_many_pages_and_a_log_of_many_are_one_batch() {
    let db = database("electric_pages").await;
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann"), row(4, "Dan")]))
        .then(page(H1, "0_1", &[row(2, "Bob")]))
        .then(page(H1, "0_2", &[row(3, "Cy"), SNAPSHOT_END.into()]))
        .then(page(H1, "100_2", &[rename(1, "Anna", 100, 0), insert(5, "Eve", 100, 2)]))
        .then(page(H1, "100_6", &[rename(5, "Eva", 100, 4), rename(2, "Ben", 100, 6), UP_TO_DATE.into()]));
    let sync = synced(&db, &script).await;
    asked(&db, &script, 6).await;
    assert_eq!(
        names(&db).await,
        [(1, "Anna"), (2, "Ben"), (3, "Cy"), (4, "Dan"), (5, "Eva")].map(|(id, name)| (id, name.to_owned()))
    );
    assert_eq!(
        script.queries(),
        [
            "offset=-1".to_owned(),
            format!("handle={H1}&offset=0_0"),
            format!("handle={H1}&offset=0_1"),
            format!("handle={H1}&offset=0_2"),
            format!("handle={H1}&offset=100_2"),
            format!("cursor=&handle={H1}&live=true&live_sse=true&offset=100_6"),
        ]
    );
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=100_6"));
}

/// V03: page 0 is never renewed; the log says what has changed since.
#[wasm_bindgen_test]
async fn the_log_counts_more_than_the_snapshot_that_has_its_rows_too() {
    let db = database("electric_snapshot_and_log").await;
    let script =
        Script::default().then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob"), SNAPSHOT_END.into()])).then(page(
            H1,
            "100_4",
            &[insert(2, "Bob", 100, 0), rename(2, "Ben", 100, 2), crate::script::delete(1, 100, 4), UP_TO_DATE.into()],
        ));
    let _sync = synced(&db, &script).await;
    assert_eq!(names(&db).await, [(2, "Ben".to_owned())]);
}

/// V04: of pages whose log is no more, nothing is stored.
#[wasm_bindgen_test]
async fn a_snapshot_whose_log_ends_on_the_way_is_dropped() {
    let db = database("electric_snapshot_conflict").await;
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob")]))
        .then(page(H1, "0_1", &[row(3, "Cy")]))
        .then(conflict(Some(H2)))
        .then(page(H2, "0_0", &[row(4, "Dan"), SNAPSHOT_END.into()]))
        .then(page(H2, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    assert_eq!(names(&db).await, [(4, "Dan".to_owned())]);
    assert_eq!(
        script.queries()[2..5],
        [
            format!("handle={H1}&offset=0_1"),
            format!("cache-buster&expired_handle={H1}&handle={H2}&offset=-1"),
            format!("expired_handle={H1}&handle={H2}&offset=0_0"),
        ]
    );
}

/// Two answers that are the same: a cache has mixed up its pages.
#[wasm_bindgen_test]
async fn a_page_that_comes_twice_is_one() {
    let db = database("electric_page_twice").await;
    let first = || page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob")]);
    let script = Script::default()
        .then(first())
        .then(first())
        .then(page(H1, "0_1", &[row(3, "Cy"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    assert_eq!(names(&db).await.len(), 3);
    assert_eq!(script.query(2), format!("handle={H1}&offset=0_0"));
}

/// Rule 13: the columns are told once.
#[wasm_bindgen_test]
async fn later_pages_need_not_tell_the_columns() {
    let db = database("electric_columns_once").await;
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann"), SNAPSHOT_END.into()]))
        .then(without(page(H1, "100_0", &[insert(2, "Bob", 100, 0), UP_TO_DATE.into()]), "electric-schema"));
    let sync = synced(&db, &script).await;
    assert_eq!(names(&db).await.len(), 2);
    until(&db, "it is live", || is_live(&sync)).await;
}

#[wasm_bindgen_test]
async fn a_sync_that_is_dropped_gives_its_request_up() {
    let db = database("electric_dropped").await;
    let script = Script::default().then(page(H1, "0_0", &[row(1, "Ann")])).then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = sync(&db, &script).await;
    asked(&db, &script, 3).await;
    assert_eq!(script.open(), 1);
    let second = db.users.sync_electric(script.shape()).await.expect("the same sync");
    drop(sync);
    assert_eq!(script.open(), 1, "there is another handle");
    drop(second);
    until(&db, "the end of the request", || script.open() == 0).await;
}

#[wasm_bindgen_test]
async fn what_memory_is_not_to_hold_is_put_aside_until_all_is_there() {
    let db = database("electric_staged").await;
    let (rest, last) = later();
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob")]))
        .then(page(H1, "0_1", &[row(3, "Cy"), SNAPSHOT_END.into()]))
        .then(page(H1, "500_2", &[rename(1, "Anna", 500, 0), insert(4, "Dee", 500, 2)]))
        .then(last);
    let sync = db.users.sync_electric(script.shape().most_in_memory(0)).await.expect("a sync");
    asked(&db, &script, 4).await;
    assert!(rows(&db).await.is_empty(), "nobody sees a part of it");
    rest.send(page(H1, "600_0", &[rename(3, "Cyd", 600, 0), UP_TO_DATE.into()])).expect("it waits");
    sync.up_to_date().await.expect("it is up to date");
    let all = [(1, "Anna"), (2, "Bob"), (3, "Cyd"), (4, "Dee")].map(|(id, name)| (id, name.to_owned()));
    assert_eq!(names(&db).await, all);
}

#[wasm_bindgen_test]
async fn what_was_put_aside_of_a_log_that_ends_is_not_stored() {
    let db = database("electric_staged_end").await;
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob")]))
        .then(conflict(Some(H2)))
        .then(page(H2, "0_0", &[row(2, "Bo")]))
        .then(page(H2, "0_inf", &[UP_TO_DATE]))
        .then(conflict(None))
        .then(page(H1, "0_0", &[row(2, "Bob"), row(3, "Cy")]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = db.users.sync_electric(script.shape().most_in_memory(0)).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    asked(&db, &script, 8).await;
    // Of the second log there was row 2 only, and of the third one there are two: the old rows have gone.
    assert_eq!(names(&db).await, [(2, "Bob".to_owned()), (3, "Cy".to_owned())]);
}

#[wasm_bindgen_test]
async fn a_sync_that_was_let_go_is_still_the_tables_only_one() {
    let db = database("electric_detached").await;
    let script = Script::default().then(page(H1, "0_0", &[row(1, "Ann")])).then(page(H1, "0_inf", &[UP_TO_DATE]));
    sync(&db, &script).await.detach();
    asked(&db, &script, 3).await;
    let again = db.users.sync_electric(script.shape()).await.expect("the same sync");
    assert!(is_live(&again), "{:?}", again.status());
    let other = db.users.sync_electric(script.shape().where_("id > 1")).await;
    assert!(matches!(other, Err(indexie::Error::InvalidArgument { .. })), "{other:?}");
    drop(again);
    assert_eq!(script.open(), 1, "it goes on");
    let last = db.users.sync_electric(script.shape()).await.expect("the same sync");
    last.stop();
    until(&db, "the end of the request", || script.open() == 0).await;
}
