//! Caches between the server and here that keep what they should not.

use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{asked, database, is_live, named, names, place, synced, until};
use crate::script::{H1, H2, SNAPSHOT_END, Script, UP_TO_DATE, conflict, insert, page, polled, rename, row};

/// V37.
#[wasm_bindgen_test]
async fn rows_of_a_log_that_is_no_more_are_not_taken() {
    let db = database("electric_stale").await;
    let stale = || page(H1, "0_0", &[row(7, "Old")]).header("age", "4000");
    let script = Script::of_two_users()
        .then(conflict(Some(H2)))
        .answers([stale(), stale(), stale(), stale()])
        .then(page(H2, "0_0", &[row(9, "Ivy"), SNAPSHOT_END.into()]))
        .then(page(H2, "0_inf", &[UP_TO_DATE]));
    let sync = synced(&db, &script).await;
    named(&db, &[(9, "Ivy")]).await;
    let again = format!("cache-buster&expired_handle={H1}&handle={H2}&offset=-1");
    assert_eq!(
        script.queries()[3..9],
        [&again, &again, &again, &again, "offset=-1", &format!("handle={H2}&offset=0_0")]
    );
    let urls: std::collections::BTreeSet<String> = (3..7).map(|at| script.url(at)).collect();
    assert_eq!(urls.len(), 4, "no address is asked for twice");
    until(&db, "it is live", || is_live(&sync)).await;
}

/// V37: it is all there is.
#[wasm_bindgen_test]
async fn rows_of_a_log_that_should_be_no_more_are_better_than_none() {
    let db = database("electric_stale_taken").await;
    let stale = || page(H1, "0_0", &[row(7, "Old"), SNAPSHOT_END.into()]);
    let script = Script::of_two_users()
        .then(conflict(Some(H2)))
        .answers([stale(), stale(), stale(), stale(), stale()])
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    named(&db, &[(7, "Old")]).await;
}

/// V25.
#[wasm_bindgen_test]
async fn an_older_part_of_the_log_is_asked_for_again_past_the_cache() {
    let db = database("electric_regress").await;
    let script = Script::of_two_users()
        .then(polled(H1, "500_4", "1", &[rename(1, "Anna", 500, 4), UP_TO_DATE.into()]))
        .then(polled(H1, "400_0", "1", &[rename(1, "Old", 400, 0), UP_TO_DATE.into()]))
        .then(polled(H1, "600_0", "2", &[rename(1, "New", 600, 0), UP_TO_DATE.into()]));
    let sync = synced(&db, &script).await;
    named(&db, &[(1, "New"), (2, "Bob")]).await;
    let second = script.query(4);
    assert!(second.starts_with("cache-buster&") && second.contains("offset=500_4"), "{second}");
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=600_0"));
}

/// V25.
#[wasm_bindgen_test]
async fn a_log_out_of_order_is_not_stored() {
    let db = database("electric_out_of_order").await;
    let script = Script::of_two_users()
        .then(polled(H1, "600_2", "1", &[rename(1, "Second", 600, 2), rename(1, "First", 600, 0), UP_TO_DATE.into()]))
        .then(polled(H1, "600_2", "1", &[rename(1, "First", 600, 0), rename(1, "Second", 600, 2), UP_TO_DATE.into()]));
    let _sync = synced(&db, &script).await;
    asked(&db, &script, 4).await;
    named(&db, &[(1, "Second"), (2, "Bob")]).await;
    assert!(script.query(3).contains("cache-buster"));
    assert!(script.query(3).ends_with("offset=0_inf"));
}

/// V38: an answer that leads nowhere.
#[wasm_bindgen_test]
async fn pages_that_lead_nowhere_are_got_past() {
    let db = database("electric_idle").await;
    let nothing: [&str; 0] = [];
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann"), SNAPSHOT_END.into()]))
        .answers((0..6).map(|_| page(H1, "0_0", &nothing)))
        .then(page(H1, "100_0", &[insert(2, "Bob", 100, 0), UP_TO_DATE.into()]));
    let _sync = synced(&db, &script).await;
    assert_eq!(names(&db).await.len(), 2);
    assert_eq!(script.query(5), format!("handle={H1}&offset=0_0"));
    assert_eq!(script.query(7), format!("cache-buster&handle={H1}&offset=0_0"));
}

/// Another log than the one that was asked for.
#[wasm_bindgen_test]
async fn rows_of_another_log_are_not_mixed_in() {
    let db = database("electric_mixed").await;
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann")]))
        .then(page(H2, "0_1", &[row(7, "Other")]))
        .then(page(H1, "0_1", &[row(2, "Bob"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let _sync = synced(&db, &script).await;
    assert_eq!(names(&db).await, [(1, "Ann".to_owned()), (2, "Bob".to_owned())]);
    assert_eq!(script.query(2), format!("cache-buster&handle={H1}&offset=0_0"));
}
