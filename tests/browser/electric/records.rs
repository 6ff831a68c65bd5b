//! Records that are not just what the server has of them: with fields of their own, with such as have come later, and
//! with unique indexes.

use indexie::prelude::*;
use indexie_tests::{fresh, wasm_bindgen_test};
use serde::{Deserialize, Serialize};

use crate::script::{H1, Script, UP_TO_DATE, change, page, rename};

/// A user, and what is being written to him, which the server does not have.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, &name")]
struct Friend {
    id: i32,
    name: String,
    age: Option<i64>,
    #[serde(default)]
    draft: String,
}

schema! {
    struct Friends("electric_friends");

    version 1 {
        users: Friend,
    }
}

fn friend(id: i32, name: &str, age: i64, draft: &str) -> Friend {
    Friend { id, name: name.into(), age: Some(age), draft: draft.into() }
}

/// All columns of a user.
fn whole(id: i32, name: &str, age: i64) -> String {
    format!(r#"{{"active":"t","age":"{age}","id":"{id}","name":"{name}"}}"#)
}

/// Ann and Bob, to whom something is being written; what comes next is told to the stream that the script keeps open.
async fn with_drafts(name: &str, script: &Script) -> (Friends, indexie::ElectricSync) {
    let db: Friends = fresh(name).await;
    script.clone().then(page(H1, "0_0", &[crate::script::row(1, "Ann"), crate::script::row(2, "Bob")])).then(page(
        H1,
        "0_inf",
        &[UP_TO_DATE],
    ));
    let sync = db.users.sync_electric(script.shape()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    for id in [1, 2] {
        db.users.update(id, |user| user.draft = format!("Dear {}", user.name)).await.expect("it is stored");
    }
    crate::fixtures::until_of(&db.users, "a stream", || script.asked() == 3).await;
    (db, sync)
}

async fn tell(sync: &indexie::ElectricSync, script: &Script, messages: &[String], txid: u64) {
    let mut all = messages.to_vec();
    all.push(UP_TO_DATE.to_owned());
    script.push(&crate::script::frames(&all));
    sync.await_txid_within(txid, crate::fixtures::PATIENCE).await.expect("it has come");
}

/// With `replica=full`, every update has all columns.
#[wasm_bindgen_test]
async fn an_update_leaves_fields_alone_that_are_no_columns() {
    let script = Script::streaming();
    let (db, sync) = with_drafts("electric_own_fields", &script).await;
    let changes = [
        change("update", 1, &whole(1, "Anna", 31), 2_001, 0),
        // There is no such row yet.
        change("update", 3, &whole(3, "Cy", 5), 2_001, 2),
        change("update", 2, &whole(2, "Bobby", 32), 2_001, 4),
        rename(2, "Robert", 2_001, 6),
    ];
    tell(&sync, &script, &changes, 1).await;
    let expected = [friend(1, "Anna", 31, "Dear Ann"), friend(2, "Robert", 32, "Dear Bob"), friend(3, "Cy", 5, "")];
    assert_eq!(db.users.to_vec().await.expect("the rows"), expected);
}

#[wasm_bindgen_test]
async fn rows_that_change_places_in_a_unique_index_keep_fields_that_are_no_columns() {
    let script = Script::streaming();
    let (db, sync) = with_drafts("electric_own_fields_places", &script).await;
    let changes = [
        change("update", 1, &whole(1, "Bob", 31), 2_001, 0),
        change("update", 2, &whole(2, "Ann", 32), 2_001, 2),
        change("update", 3, &whole(3, "Cy", 5), 2_001, 4),
    ];
    tell(&sync, &script, &changes, 1).await;
    let expected = [friend(1, "Bob", 31, "Dear Ann"), friend(2, "Ann", 32, "Dear Bob"), friend(3, "Cy", 5, "")];
    assert_eq!(db.users.to_vec().await.expect("the rows"), expected);
}

#[wasm_bindgen_test]
async fn a_pending_row_keeps_fields_that_are_no_columns() {
    let script = Script::streaming();
    let (db, sync) = with_drafts("electric_own_fields_pending", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.update(1, |user| user.name = "Anna".into()).await.expect("it is pending");
    tx.commit_with_txid(2).await.expect("it is committed");
    tell(&sync, &script, &[change("update", 1, &whole(1, "Ann", 31), 2_001, 0)], 1).await;
    assert_eq!(db.users.get(1).await.expect("a row"), Some(friend(1, "Anna", 31, "Dear Ann")));
    tell(&sync, &script, &[change("update", 1, &whole(1, "Anna!", 31), 2_002, 0)], 2).await;
    assert_eq!(db.users.get(1).await.expect("a row"), Some(friend(1, "Anna!", 31, "Dear Ann")));
}

/// Of a row that waits for the server, what is written to it meanwhile is not the server's to take back.
#[wasm_bindgen_test]
async fn fields_that_are_no_columns_stay_as_they_are_when_a_transaction_comes_back() {
    let script = Script::streaming();
    let (db, sync) = with_drafts("electric_own_fields_txid", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.update(1, |user| user.name = "Anna".into()).await.expect("it is pending");
    tx.update(2, |user| user.age = Some(99)).await.expect("it is pending");
    tx.add(&friend(3, "cy", 1, "Dear Cy")).await.expect("it is pending");
    tx.commit_with_txid(2).await.expect("it is committed");
    for id in [1, 2] {
        db.users.update(id, |user| user.draft.push('!')).await.expect("it is stored");
    }
    // It has not touched Bob.
    tell(&sync, &script, &[rename(1, "ANNA", 2_002, 0), crate::script::insert(3, "Cy", 2_002, 2)], 2).await;
    let expected =
        [friend(1, "ANNA", 30, "Dear Ann!"), friend(2, "Bob", 30, "Dear Bob!"), friend(3, "Cy", 5, "Dear Cy")];
    assert_eq!(db.users.to_vec().await.expect("the rows"), expected);
}

#[wasm_bindgen_test]
async fn fields_that_are_no_columns_stay_as_they_are_when_a_transaction_has_come_back_first() {
    let script = Script::streaming();
    let (db, sync) = with_drafts("electric_own_fields_txid_first", &script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.update(1, |user| (user.name, user.draft) = ("Anna".into(), "Dear Anna".into())).await.expect("it is pending");
    tell(&sync, &script, &[rename(1, "ANNA", 2_002, 0)], 2).await;
    tx.commit_with_txid(2).await.expect("it is committed");
    assert_eq!(db.users.get(1).await.expect("a row"), Some(friend(1, "ANNA", 30, "Dear Anna")));
}

#[wasm_bindgen_test]
async fn fields_that_are_no_columns_stay_as_they_are_when_a_hook_is_done() {
    let script = Script::streaming();
    let (db, sync) = with_drafts("electric_own_fields_hook", &script).await;
    let (done, waiting) = futures::channel::oneshot::channel::<()>();
    let waiting = std::cell::RefCell::new(Some(waiting));
    db.users.hook().on_update(move |_: Updated<Friend>| {
        let waiting = waiting.take();
        async move {
            if let Some(waiting) = waiting {
                let _ = waiting.await;
            }
            Ok(())
        }
    });
    let written = |user: &mut Friend| (user.name, user.draft) = ("Anna".into(), "Dear Anna".into());
    db.users.update(1, written).await.expect("it is stored");
    tell(&sync, &script, &[rename(1, "ANNA", 2_002, 0)], 2).await;
    assert_eq!(db.users.get(1).await.expect("a row"), Some(friend(1, "Anna", 30, "Dear Anna")));
    done.send(()).expect("the hook waits");
    let mut rows = db.users.get(1).live();
    let settled = loop {
        let row = futures::StreamExt::next(&mut rows).await.expect("it lives").expect("a row").expect("a row");
        if row.name != "Anna" {
            break row;
        }
    };
    assert_eq!(settled, friend(1, "ANNA", 30, "Dear Anna"));
}

/// Bob waits for the server, while two others have what is unique.
async fn with_bob_pending(name: &str, script: &Script) -> (Friends, indexie::ElectricSync) {
    let (db, sync) = with_drafts(name, script).await;
    let tx = db.users.start_transaction(Overlay::Optimistic);
    tx.update(2, |user| user.age = Some(99)).await.expect("it is pending");
    tx.commit_with_txid(9).await.expect("it is committed");
    (db, sync)
}

#[wasm_bindgen_test]
async fn a_pending_row_gets_what_another_row_has_had_in_a_unique_index() {
    let script = Script::streaming();
    let (db, sync) = with_bob_pending("electric_unique_pending", &script).await;
    let changes = [rename(1, "Zoe", 2_001, 0), rename(2, "Ann", 2_001, 2)];
    tell(&sync, &script, &changes, 1).await;
    let expected = [friend(1, "Zoe", 30, "Dear Ann"), friend(2, "Ann", 99, "Dear Bob")];
    assert_eq!(db.users.to_vec().await.expect("the rows"), expected);
    let changes = [crate::script::delete(1, 2_002, 0), rename(2, "Zoe", 2_002, 2)];
    tell(&sync, &script, &changes, 2).await;
    assert_eq!(db.users.to_vec().await.expect("the rows"), [friend(2, "Zoe", 99, "Dear Bob")]);
}

#[wasm_bindgen_test]
async fn a_pending_row_changes_places_in_a_unique_index() {
    let script = Script::streaming();
    let (db, sync) = with_bob_pending("electric_unique_pending_places", &script).await;
    let changes = [rename(1, "Bob", 2_001, 0), rename(2, "Ann", 2_001, 2), crate::script::insert(3, "Cy", 2_001, 4)];
    tell(&sync, &script, &changes, 1).await;
    let expected = [friend(1, "Bob", 30, "Dear Ann"), friend(2, "Ann", 99, "Dear Bob"), friend(3, "Cy", 5, "")];
    assert_eq!(db.users.to_vec().await.expect("the rows"), expected);
    // Its own transaction ends it.
    tell(&sync, &script, &[rename(2, "Bob", 2_009, 0), rename(1, "Ann", 2_009, 2)], 9).await;
    let expected = [friend(1, "Ann", 30, "Dear Ann"), friend(2, "Bob", 30, "Dear Bob"), friend(3, "Cy", 5, "")];
    assert_eq!(db.users.to_vec().await.expect("the rows"), expected);
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
struct Short {
    id: i32,
    name: String,
}

schema! { struct Before("electric_before"); version 1 { users: Short } }

/// A program has synced two users, and is gone.
async fn followed_before(name: &str) {
    let db: Before = fresh(name).await;
    let script = Script::of_two_users();
    let sync = db.users.sync_electric(script.shape()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    drop(sync);
    db.close();
}

/// A program of later with the same database, whose record has another field.
#[wasm_bindgen_test]
async fn a_field_that_has_come_to_the_record_is_filled() {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("id")]
    struct Long {
        id: i32,
        name: String,
        age: Option<i64>,
    }
    schema! { struct After("electric_new_field"); version 1 { users: Long } }
    followed_before("electric_new_field").await;
    let db: After = indexie_tests::builder("electric_new_field").build();
    let script = Script::of_two_users();
    let sync = db.users.sync_electric(script.shape()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    assert_eq!(script.query(0), "offset=-1");
    let long = |id, name: &str| Long { id, name: name.into(), age: Some(30) };
    assert_eq!(db.users.to_vec().await.expect("the rows"), [long(1, "Ann"), long(2, "Bob")]);
    drop(sync);
    let script = Script::default();
    let _sync = db.users.sync_electric(script.shape()).await.expect("a sync");
    crate::fixtures::until_of(&db.users, "a request", || script.asked() == 1).await;
    assert_eq!(script.query(0), format!("handle={H1}&offset=0_inf"), "once is enough");
}

#[wasm_bindgen_test]
async fn a_field_that_is_no_column_is_no_reason_to_fetch_anything() {
    #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[store("id")]
    struct WithDraft {
        id: i32,
        name: String,
        #[serde(default)]
        draft: String,
    }
    schema! { struct After("electric_new_own_field"); version 1 { users: WithDraft } }
    followed_before("electric_new_own_field").await;
    let db: After = indexie_tests::builder("electric_new_own_field").build();
    let script = Script::default();
    let _sync = db.users.sync_electric(script.shape()).await.expect("a sync");
    crate::fixtures::until_of(&db.users, "a request", || script.asked() == 1).await;
    assert_eq!(script.query(0), format!("handle={H1}&offset=0_inf"));
}
