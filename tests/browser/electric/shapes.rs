//! What kind of shape it is: conditions, whole rows, changes only, subqueries; and how it is asked for.

use indexie::{Electric, ElectricSync, Replica};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Users, asked, database, named, names, place};
use crate::script::{H1, SNAPSHOT_END, Script, UP_TO_DATE, delete, insert, message, page, polled, rename, row};

async fn follow(db: &Users, shape: Electric) -> ElectricSync {
    let sync = db.users.sync_electric(shape).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    sync
}

/// V29: rows come into a condition, leave it, and change their keys.
#[wasm_bindgen_test]
async fn rows_that_cease_to_match_are_deleted() {
    let db = database("electric_where").await;
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "a"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]))
        .then(polled(
            H1,
            "26952192_1",
            "1",
            &[
                rename(1, "a2", 26_951_368, 0),
                delete(1, 26_951_536, 0),
                insert(2, "b2", 26_951_704, 0),
                delete(2, 26_952_192, 0),
                insert(20, "b2", 26_952_192, 1),
                UP_TO_DATE.into(),
            ],
        ));
    let _sync = follow(&db, script.shape().where_("age > $1").params([4])).await;
    named(&db, &[(20, "b2")]).await;
    assert_eq!(script.query(0), "offset=-1&params%5B1%5D=4&where=age+%3E+%241");
}

/// V30, V26: whole rows may come for rows that are not there.
#[wasm_bindgen_test]
async fn a_change_that_is_a_whole_row_is_a_row() {
    let db = database("electric_replica_full").await;
    let whole = |operation: &str, id: i32, name: &str, position: u64| {
        crate::script::change(
            operation,
            id,
            &format!(r#"{{"active":"f","age":null,"id":"{id}","name":"{name}"}}"#),
            100,
            position,
        )
    };
    let updated = whole("update", 1, "Anna", 0).replacen(",\"key\"", ",\"old_value\":{\"name\":\"Ann\"},\"key\"", 1);
    let script = Script::of_two_users().then(polled(
        H1,
        "100_4",
        "1",
        &[updated, whole("update", 9, "Ivy", 2), whole("delete", 2, "Bob", 4), UP_TO_DATE.into()],
    ));
    let _sync = follow(&db, script.shape().replica(Replica::Full)).await;
    named(&db, &[(1, "Anna"), (9, "Ivy")]).await;
    assert_eq!(script.query(0), "offset=-1&replica=full");
}

/// V45.
#[wasm_bindgen_test]
async fn changes_only_are_those_of_rows_that_have_come() {
    let db = database("electric_changes_only").await;
    let whole = crate::script::change("update", 8, r#"{"active":"t","age":"1","id":"8","name":"Who"}"#, 100, 6);
    let script = Script::default().then(page(H1, "0_inf", &[UP_TO_DATE])).then(polled(
        H1,
        "100_8",
        "1",
        &[
            rename(1, "Nobody", 100, 0),
            delete(2, 100, 2),
            insert(3, "Cy", 100, 4),
            whole,
            rename(3, "Cyd", 100, 8),
            UP_TO_DATE.into(),
        ],
    ));
    let sync = follow(&db, script.shape().changes_only()).await;
    named(&db, &[(3, "Cyd")]).await;
    asked(&db, &script, 3).await;
    assert_eq!(script.query(0), "log=changes_only&offset=now");
    assert_eq!(script.query(1), format!("cursor=&handle={H1}&live=true&live_sse=true&log=changes_only&offset=0_inf"));
    drop(sync);
    let again = Script::default();
    let _sync = db.users.sync_electric(again.shape().changes_only()).await.expect("a sync");
    asked(&db, &again, 1).await;
    assert_eq!(again.query(0), format!("handle={H1}&log=changes_only&offset=100_8"));
}

fn tagged(id: i32, name: &str, tag: &str, more: &str) -> String {
    let columns = format!(r#"{{"active":"t","age":"5","id":"{id}","name":"{name}"}}"#);
    message("insert", "k", &columns, &format!(r#","tags":["{tag}"],"active_conditions":[true]{more}"#))
}

fn moved(event: &str, value: &str) -> String {
    format!(r#"{{"headers":{{"event":"{event}","txids":[811],"patterns":[{{"value":"{value}","pos":0}}]}}}}"#)
}

/// V47: what a subquery has let in goes when it does, also in the next program.
#[wasm_bindgen_test]
async fn rows_come_and_go_with_their_subquery() {
    let db = database("electric_subquery").await;
    let log = r#","lsn":"27012696","txids":[810],"op_position":0,"tags":["d985"],"removed_tags":[],"active_conditions":[true]"#;
    let script =
        Script::default().then(page(H1, "0_0", &[tagged(10, "p1 issue", "d985", ""), SNAPSHOT_END.into()])).then(page(
            H1,
            "27012696_3",
            &[
                message("update", "k", r#"{"id":"10","name":"p1 issue!"}"#, log),
                moved("move-in", "1153"),
                tagged(20, "p2 issue", "1153", r#","is_move_in":true"#),
                SNAPSHOT_END.into(),
                UP_TO_DATE.into(),
            ],
        ));
    let sync = follow(&db, script.shape().where_("project_id IN (SELECT id FROM projects WHERE active)")).await;
    assert_eq!(names(&db).await, [(10, "p1 issue!".to_owned()), (20, "p2 issue".to_owned())]);
    drop(sync);
    let next = Script::default().then(page(H1, "27012696_4", &[moved("move-out", "d985"), UP_TO_DATE.into()]));
    let shape = next.shape().where_("project_id IN (SELECT id FROM projects WHERE active)");
    let _sync = follow(&db, shape).await;
    assert!(next.query(0).starts_with(&format!("handle={H1}&offset=27012696_3&")), "{}", next.query(0));
    assert_eq!(names(&db).await, [(20, "p2 issue".to_owned())]);
}

/// A transaction that changes no row of the table itself, but which rows there are.
#[wasm_bindgen_test]
async fn a_transaction_that_only_moves_rows_has_come_back() {
    let db = database("electric_subquery_txid").await;
    let script = Script::default()
        .then(page(H1, "0_0", &[tagged(10, "a", "d985", ""), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]))
        .then(polled(H1, "100_1", "1", &[moved("move-in", "1153"), UP_TO_DATE.into()]))
        .then(polled(H1, "100_2", "2", &[moved("move-out", "d985").replace("811", "812"), UP_TO_DATE.into()]));
    let sync = follow(&db, script.shape().long_polling().where_("project_id IN (SELECT 1)")).await;
    for txid in [811, 812] {
        sync.await_txid_within(txid, crate::fixtures::PATIENCE).await.expect("it has come back");
    }
    assert_eq!(names(&db).await, []);
}

/// V47: an update that tells only which conditions hold leaves the tags.
#[wasm_bindgen_test]
async fn tags_stay_when_only_conditions_are_told() {
    let db = database("electric_subquery_conditions").await;
    let told = r#","lsn":"100","txids":[1],"op_position":0,"active_conditions":[true]"#;
    let script = Script::default()
        .then(page(H1, "0_0", &[tagged(10, "a", "d985", ""), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]))
        .then(polled(H1, "100_0", "1", &[message("update", "k", r#"{"id":"10","name":"b"}"#, told), UP_TO_DATE.into()]))
        .then(polled(H1, "100_1", "2", &[moved("move-out", "d985"), UP_TO_DATE.into()]));
    let _sync = follow(&db, script.shape()).await;
    named(&db, &[]).await;
}

/// V52.
#[wasm_bindgen_test]
async fn the_same_is_asked_for_by_the_same_address() {
    let db = database("electric_urls").await;
    let script = Script::default().then(page("1-1", "5_0", &[&insert(1, "Ann", 5, 0), UP_TO_DATE]));
    let shape = script.shape_of("t").params([7]).where_("a=1").long_polling();
    let sync = follow(&db, shape).await;
    asked(&db, &script, 2).await;
    assert_eq!(
        script.url(1).split_once('?').map(|(_, query)| query),
        Some("cursor=&handle=1-1&live=true&log=full&offset=5_0&params%5B1%5D=7&table=t&where=a%3D1")
    );
    drop(sync);
    assert_eq!(place(&db).await, "offset=-1", "it is another shape's");
}
