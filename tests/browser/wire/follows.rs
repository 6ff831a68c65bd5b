//! One thing after the other, over a real wire.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::SyncStatus;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde_json::json;

use crate::server::{Item, Server, caught_up, delete, insert, rows, sleep, update};

#[wasm_bindgen_test]
async fn a_table_in_pages_and_its_changes_come_by_stream() {
    let Some(server) = Server::with_table("wire_stream").await else { return };
    server.transact((1..=200).map(insert).collect()).await;
    let db = server.database().await;
    let sync = caught_up(&db, server.shape()).await;
    assert_eq!(rows(&db).await, server.rows().await);
    let txid = server
        .transact(vec![
            insert(201),
            update(3, &json!({"name": "other", "amount": null})),
            delete(4),
            update(5, &json!({"id": 500})),
        ])
        .await;
    sync.await_txid(txid).await.expect("it comes");
    assert_eq!(rows(&db).await, server.rows().await);
    assert!(matches!(sync.status(), SyncStatus::Live), "{:?}", sync.status());
    let kinds: Vec<String> = server.requests().await.iter().map(|request| request["kind"].to_string()).collect();
    assert!(
        kinds.len() > 3 && kinds.last().is_some_and(|kind| kind.contains("sse")),
        "pages, and then a stream: {kinds:?}"
    );
}

#[wasm_bindgen_test]
async fn changes_come_by_long_polling() {
    let Some(server) = Server::with_table("wire_poll").await else { return };
    server.insert(1).await;
    let db = server.database().await;
    let sync = caught_up(&db, server.shape().long_polling()).await;
    for id in 2..6 {
        let txid = server.insert(id).await;
        sync.await_txid(txid).await.expect("it comes");
        assert_eq!(rows(&db).await, server.rows().await);
    }
}

#[wasm_bindgen_test]
async fn a_sync_goes_on_from_where_the_last_one_was() {
    let Some(server) = Server::with_table("wire_resume").await else { return };
    server.transact((1..=20).map(insert).collect()).await;
    let db = server.database().await;
    drop(caught_up(&db, server.shape()).await);
    server.transact(vec![insert(21), delete(1)]).await;
    let before = server.requests().await.len();
    let _sync = caught_up(&db, server.shape()).await;
    assert_eq!(rows(&db).await, server.rows().await);
    let next = &server.requests().await[before];
    assert!(!next["url"].as_str().is_some_and(|url| url.contains("offset=-1")), "{next}");
}

#[wasm_bindgen_test]
async fn a_new_log_replaces_the_rows_in_one_step() {
    let Some(server) = Server::with_table("wire_refetch").await else { return };
    server.transact((1..=20).map(insert).collect()).await;
    let db = server.database().await;
    let sync = caught_up(&db, server.shape()).await;
    let counts: Rc<RefCell<Vec<usize>>> = Rc::default();
    let seen = counts.clone();
    let subscription = db.items.count().live().subscribe(move |count| seen.borrow_mut().extend(count.ok()));
    server.rotate().await;
    let txid = server.transact(vec![delete(1), delete(2)]).await;
    sync.await_txid(txid).await.expect("it comes");
    assert_eq!(rows(&db).await, server.rows().await);
    drop(subscription);
    assert!(counts.borrow().iter().all(|count| *count >= 18), "never empty: {counts:?}");
}

#[wasm_bindgen_test]
async fn a_stream_that_is_cut_loses_nothing() {
    let Some(server) = Server::with_table("wire_cut").await else { return };
    server.insert(1).await;
    let db = server.database().await;
    let sync = caught_up(&db, server.shape()).await;
    for (at, id) in [json!({"frame": 1}), json!("character"), json!({"byte": 40})].into_iter().zip(10..) {
        server.fault(json!({"fault": "cut", "at": at, "on": ["sse"], "times": 1})).await;
        let txid = server.transact(vec![insert(id), update(id, &json!({"name": "é"})), insert(id + 100)]).await;
        sync.await_txid(txid).await.expect("it comes");
        assert_eq!(rows(&db).await, server.rows().await);
    }
}

#[wasm_bindgen_test]
async fn a_sync_that_is_dropped_ends_its_request() {
    let Some(server) = Server::with_table("wire_drop").await else { return };
    server.insert(1).await;
    let db = server.database().await;
    let sync = caught_up(&db, server.shape()).await;
    // What is on its way to the server as the sync is dropped may still arrive.
    while !server.requests().await.last().is_some_and(|request| request["kind"].to_string().contains("sse")) {
        sleep(5.0).await;
    }
    drop(sync);
    sleep(100.0).await;
    let before = server.requests().await.len();
    server.insert(2).await;
    sleep(300.0).await;
    assert_eq!(server.requests().await.len(), before, "nobody asks any more");
    assert_eq!(rows(&db).await.len(), 1);
}

#[wasm_bindgen_test]
async fn a_live_query_and_an_optimistic_row_meet_the_servers() {
    let Some(server) = Server::with_table("wire_txid").await else { return };
    server.insert(1).await;
    let db = server.database().await;
    let sync = caught_up(&db, server.shape()).await;
    let tx = db.items.start_transaction(Overlay::Optimistic);
    let mine = Item { id: -1, code: "mine".into(), name: "mine".into(), amount: None, done: None };
    tx.add(&mine).await.expect("it is pending");
    let counts: Rc<RefCell<Vec<usize>>> = Rc::default();
    let seen = counts.clone();
    let subscription = db.items.count().live().subscribe(move |count| seen.borrow_mut().extend(count.ok()));
    let txid = server.insert(2).await;
    tx.commit_with_txid(txid).await.expect("it is committed");
    sync.await_txid(txid).await.expect("it comes");
    assert_eq!(rows(&db).await, server.rows().await);
    drop(subscription);
    assert!(counts.borrow().iter().all(|count| *count <= 3), "{counts:?}");
}

#[wasm_bindgen_test]
async fn of_two_syncs_of_one_database_one_asks() {
    let Some(server) = Server::with_table("wire_two").await else { return };
    server.insert(1).await;
    let db = server.database().await;
    let first = caught_up(&db, server.shape()).await;
    // Another database object is what another tab has.
    let other = indexie_tests::builder::<crate::server::Shop>(db.name()).build();
    let second = other.items.sync_electric(server.shape_of_second()).await.expect("a sync");
    second.up_to_date().await.expect("it is filled");
    assert!(matches!(second.status(), SyncStatus::Following), "{:?}", second.status());
    let txid = server.insert(2).await;
    second.await_txid(txid).await.expect("it comes");
    drop(first);
    let txid = server.insert(3).await;
    second.await_txid(txid).await.expect("it has taken over");
    assert_eq!(rows(&other).await, server.rows().await);
    assert!(matches!(second.status(), SyncStatus::Live), "{:?}", second.status());
}
