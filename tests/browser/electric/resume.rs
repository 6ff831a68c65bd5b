//! Going on from what is stored, in the next program or after a crash.

use futures::{FutureExt, StreamExt};
use indexie::{Error, SyncStatus};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{User, asked, database, is_live, names, of_snapshot, place, rows, sync, synced, until};
use crate::script::{
    Answer, H1, H2, SNAPSHOT_END, Script, Then, UP_TO_DATE, change, conflict, delete, frames, insert, page, polled,
    rename, row, streamed,
};

/// V05.
#[wasm_bindgen_test]
async fn nothing_new_is_nothing_to_store() {
    let db = database("electric_nothing_new").await;
    drop(synced(&db, &Script::of_two_users()).await);
    let before = rows(&db).await;
    let script = Script::default().then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = synced(&db, &script).await;
    assert!(is_live(&sync));
    assert_eq!(rows(&db).await, before);
    asked(&db, &script, 2).await;
    assert_eq!(
        script.queries(),
        [format!("handle={H1}&offset=0_inf"), format!("cursor=&handle={H1}&live=true&live_sse=true&offset=0_inf"),]
    );
}

/// V06.
#[wasm_bindgen_test]
async fn two_transactions_of_one_answer_are_stored_as_one() {
    let db = database("electric_resume").await;
    let first = Script::of_two_users().then(polled(
        H1,
        "26757272_7",
        "1",
        &[rename(1, "Ann2", 26_757_272, 7), UP_TO_DATE.into()],
    ));
    let sync = synced(&db, &first).await;
    until(&db, "it polls", || first.asked() >= 4).await;
    drop(sync);
    let script = Script::default().then(page(
        H1,
        "26760600_0",
        &[
            change("insert", 50, r#"{"active":null,"age":"1","id":"50","name":"S1"}"#, 26_760_448, 0),
            change("insert", 51, r#"{"active":null,"age":"2","id":"51","name":"S2"}"#, 26_760_448, 2),
            change("update", 50, r#"{"age":"9","id":"50"}"#, 26_760_448, 4),
            change("update", 50, r#"{"id":"50","name":"S1b"}"#, 26_760_600, 0),
            UP_TO_DATE.into(),
        ],
    ));
    let sync = synced(&db, &script).await;
    assert_eq!(script.query(0), format!("handle={H1}&offset=26757272_7"));
    let of = |id, name: &str, age| User { id, name: name.into(), age: Some(age), active: None };
    assert_eq!(rows(&db).await[2..], [of(50, "S1b", 9), of(51, "S2", 2)]);
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=26760600_0"));
}

/// V06, rule 13: the columns are stored with the place.
#[wasm_bindgen_test]
async fn answers_without_columns_are_read_by_the_stored_ones() {
    let db = database("electric_stored_columns").await;
    drop(synced(&db, &Script::of_two_users()).await);
    let script = Script::default().then(polled(H1, "100_0", "1", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]));
    let _sync = synced(&db, &script).await;
    assert_eq!(rows(&db).await[2], User { id: 3, name: "Cy".into(), age: Some(5), active: Some(true) });
}

/// V50 (a): the program ends before the batch is stored.
#[wasm_bindgen_test]
async fn what_was_not_stored_comes_again() {
    let db = database("electric_crash_before").await;
    let script = Script::of_two_users().then(streamed(H1, "0_inf", &[frames(&[insert(3, "Cy", 100, 0)])], Then::Stays));
    let sync = synced(&db, &script).await;
    asked(&db, &script, 3).await;
    drop(sync);
    let again = Script::default().then(page(H1, "100_0", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]));
    let _sync = synced(&db, &again).await;
    assert_eq!(again.query(0), format!("handle={H1}&offset=0_inf"));
    assert_eq!(names(&db).await.len(), 3);
}

/// V50 (b): the program ends right after.
#[wasm_bindgen_test]
async fn what_was_stored_does_not_come_again() {
    let db = database("electric_crash_after").await;
    let pieces = [frames(&[insert(3, "Cy", 100, 0), UP_TO_DATE.into()]), frames(&[insert(4, "Dan", 101, 0)])];
    let script = Script::of_two_users().then(streamed(H1, "0_inf", &pieces, Then::Stays));
    let sync = synced(&db, &script).await;
    crate::fixtures::named(&db, &[(1, "Ann"), (2, "Bob"), (3, "Cy")]).await;
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=100_0"));
    assert_eq!(names(&db).await.len(), 3);
}

/// V51: of two programs one syncs, and the other one goes on where that one has stopped.
#[wasm_bindgen_test]
async fn another_program_goes_on_when_the_first_is_gone() {
    let db = database("electric_two_programs").await;
    let other: crate::fixtures::Users = indexie_tests::builder("electric_two_programs").build();
    let first = Script::of_two_users();
    let leader = synced(&db, &first).await;
    let second = Script::default().then(page(H1, "100_0", &[insert(3, "Cy", 100, 0), UP_TO_DATE.into()])).second();
    let follower = sync(&other, &second).await;
    until(&other, "it follows", || matches!(follower.status(), SyncStatus::Following)).await;
    follower.up_to_date().await.expect("the table is filled");
    assert_eq!((second.asked(), names(&other).await.len()), (0, 2));
    drop(leader);
    until(&other, "it takes over", || is_live(&follower)).await;
    assert_eq!(second.query(0), format!("handle={H1}&offset=0_inf"));
    assert_eq!(names(&db).await.len(), 3);
}

/// Where a browser has no locks, two programs sync: what one of them has put aside is no part of what the other one stores.
#[cfg(target_family = "wasm")]
#[wasm_bindgen_test]
async fn two_programs_without_locks_do_not_mix_what_they_have_put_aside() {
    let _without = WithoutLocks::new();
    let db = database("electric_without_locks").await;
    let other: crate::fixtures::Users = indexie_tests::builder("electric_without_locks").build();
    let (rest, last) = crate::script::later();
    let first = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob")]))
        .then(last)
        .then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob"), row(3, "Cy"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let one = db.users.sync_electric(first.shape().most_in_memory(0)).await.expect("a sync");
    asked(&db, &first, 2).await;
    let second = Script::default().then(page(H2, "0_0", &[row(7, "Gus"), row(8, "Hal")]));
    let _two = other.users.sync_electric(second.shape().most_in_memory(0)).await.expect("a sync");
    asked(&other, &second, 2).await;
    rest.send(page(H1, "0_1", &[row(3, "Cy"), SNAPSHOT_END.into(), UP_TO_DATE.into()])).expect("it waits");
    one.up_to_date().await.expect("it is up to date");
    assert_eq!(names(&db).await, [(1, "Ann"), (2, "Bob"), (3, "Cy")].map(|(id, name)| (id, name.to_owned())));
}

/// Hides the browser's locks for as long as it lives.
#[cfg(target_family = "wasm")]
struct WithoutLocks(js_sys::Object);

#[cfg(target_family = "wasm")]
impl WithoutLocks {
    fn new() -> Self {
        let navigator: js_sys::Object =
            js_sys::Reflect::get(&js_sys::global(), &"navigator".into()).expect("a navigator").into();
        let hidden = js_sys::Object::new();
        js_sys::Reflect::set(&hidden, &"configurable".into(), &true.into()).expect("an object");
        js_sys::Object::define_property(&navigator, &"locks".into(), &hidden);
        Self(navigator)
    }
}

#[cfg(target_family = "wasm")]
impl Drop for WithoutLocks {
    fn drop(&mut self) {
        let _ = js_sys::Reflect::delete_property(&self.0, &"locks".into());
    }
}

/// A table that follows another shape than before has that one's rows, and only those.
#[wasm_bindgen_test]
async fn another_shape_replaces_the_rows_of_the_one_before() {
    let db = database("electric_another_shape").await;
    drop(synced(&db, &Script::of_two_users()).await);
    let script = Script::default().then(page(H2, "0_0", &[row(2, "Bob"), SNAPSHOT_END.into()])).then(page(
        H2,
        "0_inf",
        &[UP_TO_DATE],
    ));
    let sync = db.users.sync_electric(script.shape().where_("id > 1")).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    assert_eq!(script.query(0), "offset=-1&where=id+%3E+1");
    assert_eq!(rows(&db).await, [of_snapshot(2, "Bob")]);
}

/// V19, V50: the program ends between the end of a log and the new one's beginning.
#[wasm_bindgen_test]
async fn a_refetch_that_is_not_done_leaves_everything_as_it_was() {
    let db = database("electric_refetch_crash").await;
    let script = Script::of_two_users().then(conflict(Some(H2))).then(page(H2, "0_0", &[row(9, "Ivy")]));
    let sync = synced(&db, &script).await;
    asked(&db, &script, 5).await;
    drop(sync);
    assert_eq!(names(&db).await.len(), 2);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=0_inf"));
}

/// The network comes back, or somebody asks for another try, while the log is being fetched anew: nothing of the old one may be
/// taken for the new one.
#[wasm_bindgen_test]
async fn a_refetch_that_is_interrupted_begins_again() {
    let db = database("electric_refetch_retry").await;
    let script = Script::of_two_users()
        .then(conflict(Some(H2)))
        .then(page(H2, "0_0", &[row(9, "Ivy")]))
        .then(Answer::Silence)
        .then(page(H2, "0_0", &[row(9, "Ivy"), SNAPSHOT_END.into()]))
        .then(page(H2, "0_inf", &[UP_TO_DATE]));
    let sync = synced(&db, &script).await;
    asked(&db, &script, 5).await;
    sync.retry();
    crate::fixtures::named(&db, &[(9, "Ivy")]).await;
    assert_eq!(script.query(5), format!("expired_handle={H1}&offset=-1"));
}

/// Somebody has cleared the table while nothing was synced.
#[wasm_bindgen_test]
async fn a_table_that_has_lost_its_rows_gets_them_again() {
    let db = database("electric_cleared").await;
    drop(synced(&db, &Script::of_two_users()).await);
    db.users.clear().await.expect("it is empty");
    let script = Script::of_two_users();
    let sync = synced(&db, &script).await;
    assert_eq!(script.query(0), "offset=-1");
    assert_eq!(rows(&db).await, [of_snapshot(1, "Ann"), of_snapshot(2, "Bob")]);
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=0_inf"));
}

/// A shape without rows is not fetched again and again.
#[wasm_bindgen_test]
async fn a_table_whose_rows_the_server_has_deleted_goes_on() {
    let db = database("electric_all_deleted").await;
    let log = [delete(1, 100, 0), delete(2, 100, 2), UP_TO_DATE.into()];
    let script = Script::of_two_users().then(polled(H1, "100_2", "1", &log));
    let sync = synced(&db, &script).await;
    crate::fixtures::named(&db, &[]).await;
    drop(sync);
    assert_eq!(place(&db).await, format!("handle={H1}&offset=100_2"));
}

/// The database cannot be read as the sync begins, and can a while later.
#[wasm_bindgen_test]
async fn a_database_that_is_away_at_the_beginning_is_tried_again() {
    let db = database("electric_closed").await;
    let script = Script::of_two_users();
    let sync = sync(&db, &script).await;
    db.close();
    let mut statuses = sync.statuses();
    let error = loop {
        match statuses.next().await.expect("it goes on") {
            SyncStatus::Retrying { error, .. } | SyncStatus::Failed { error } => break error,
            _ => {}
        }
    };
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
    assert_eq!(script.asked(), 0);
    db.open().await.expect("it is there again");
    sync.up_to_date().await.expect("it has been tried again");
    assert_eq!(rows(&db).await, [of_snapshot(1, "Ann"), of_snapshot(2, "Bob")]);
}

/// What another tab has is another shape's: this one's rows come when it is gone.
#[wasm_bindgen_test]
async fn a_table_that_another_tab_fills_with_another_shape_is_not_up_to_date() {
    let db = database("electric_two_shapes").await;
    let first = Script::of_two_users();
    let leader = db.users.sync_electric(first.shape().where_("project = 1")).await.expect("a sync");
    leader.up_to_date().await.expect("it is up to date");
    let other: crate::fixtures::Users = indexie_tests::builder::<crate::fixtures::Users>("electric_two_shapes").build();
    let second = Script::default()
        .then(page(H2, "0_0", &[row(3, "Cy"), SNAPSHOT_END.into()]))
        .then(page(H2, "0_inf", &[UP_TO_DATE]))
        .second();
    let follower = other.users.sync_electric(second.shape().where_("project = 2")).await.expect("a sync");
    let mut waiting = follower.up_to_date();
    until(&other, "it follows", || matches!(follower.status(), SyncStatus::Following)).await;
    for _ in 0..100 {
        assert!((&mut waiting).now_or_never().is_none(), "these are not its rows");
        assert_eq!(names(&other).await.len(), 2);
    }
    drop(leader);
    waiting.await.expect("it is up to date");
    assert_eq!(names(&other).await, [(3, "Cy".to_owned())]);
}
