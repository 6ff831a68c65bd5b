//! Which of several databases, and of several threads, follows a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use futures::executor::block_on;
use indexie::{Electric, HttpRequest, HttpResponse, SyncStatus, http_client_fn};

use crate::fixtures::Items;
use crate::threads::{elsewhere, joined};

const SCHEMA: &str = r#"{"id":{"type":"int4","pk_index":0},"name":{"type":"text"},"count":{"type":"int4"}}"#;
const PAGE: &str = r#"[
    {"key":"\"public\".\"items\"/\"1\"","value":{"id":"1","name":"item 1","count":"3"},"headers":{"operation":"insert"}},
    {"headers":{"control":"up-to-date"}}
]"#;

/// A shape of one item, whose server counts how often it is asked.
fn shape(asked: &Arc<AtomicU32>) -> Electric {
    let asked = asked.clone();
    let client = http_client_fn(async move |request: HttpRequest| {
        asked.fetch_add(1, Ordering::Relaxed);
        if request.url.contains("live=true") {
            std::future::pending::<()>().await;
        }
        Ok(HttpResponse::new(200)
            .header("content-type", "application/json")
            .header("electric-handle", "a-shape")
            .header("electric-offset", "0_0")
            .header("electric-schema", SCHEMA)
            .header("electric-up-to-date", "")
            .body(PAGE))
    });
    Electric::shape("http://localhost/v1/shape").table("items").http_client(client)
}

/// Lets it go on until it is so.
async fn until(db: &Items, done: impl Fn() -> bool) -> indexie::Result<bool> {
    for _ in 0..5_000 {
        if done() {
            return Ok(true);
        }
        db.items.count().await?;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(false)
}

#[test]
fn databases_of_one_name_do_not_wait_for_one_another() -> indexie::Result<()> {
    let theirs = thread::spawn(Items::new).join().expect("it is made");
    block_on(async {
        let ours = Items::new();
        let one = ours.items.sync_electric(shape(&Arc::default())).await?;
        assert!(until(&ours, || matches!(one.status(), SyncStatus::Live)).await?, "{:?}", one.status());
        let two = theirs.items.sync_electric(shape(&Arc::default())).await?;
        assert!(until(&theirs, || matches!(two.status(), SyncStatus::Live)).await?, "{:?}", two.status());
        assert_eq!((ours.items.count().await?, theirs.items.count().await?), (1, 1));
        Ok(())
    })
}

#[test]
fn of_the_threads_that_share_a_database_one_syncs_and_the_next_goes_on() -> indexie::Result<()> {
    let db = Items::builder().name("syncs of two threads").build();
    let (leads, is_led) = channel();
    let (follows, is_followed) = channel();
    let leader = elsewhere(&db, async move |db| {
        let sync = db.items.sync_electric(shape(&Arc::default())).await?;
        assert!(until(&db, || matches!(sync.status(), SyncStatus::Live)).await?, "{:?}", sync.status());
        leads.send(()).expect("the other one waits");
        // Its end is the sync's.
        is_followed.recv().expect("it is followed");
        Ok(())
    });
    let follower = elsewhere(&db, async move |db| {
        is_led.recv().expect("it is led");
        let asked = Arc::default();
        let sync = db.items.sync_electric(shape(&asked)).await?;
        assert!(until(&db, || matches!(sync.status(), SyncStatus::Following)).await?, "{:?}", sync.status());
        sync.up_to_date().await?;
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        follows.send(()).expect("the leader waits");
        assert!(until(&db, || matches!(sync.status(), SyncStatus::Live)).await?, "{:?}", sync.status());
        Ok(())
    });
    joined(leader)?;
    joined(follower)
}

#[test]
fn who_only_waits_is_woken_when_another_threads_sync_ends() -> indexie::Result<()> {
    let db = Items::builder().name("a sync that another thread ends").build();
    let (leads, is_led) = channel();
    let (follows, is_followed) = channel();
    let leader = elsewhere(&db, async move |db| {
        let sync = db.items.sync_electric(shape(&Arc::default())).await?;
        sync.up_to_date().await?;
        leads.send(()).expect("the other one waits");
        is_followed.recv().expect("it is followed");
        thread::sleep(Duration::from_millis(100));
        sync.stop();
        db.items.count().await.map(drop)
    });
    let follower = elsewhere(&db, async move |db| {
        is_led.recv().expect("it is led");
        let sync = db.items.sync_electric(shape(&Arc::default()).where_("id > 0")).await?;
        assert!(until(&db, || matches!(sync.status(), SyncStatus::Following)).await?, "{:?}", sync.status());
        follows.send(()).expect("the leader waits");
        // What is stored is another shape's: this one's comes only when it is its turn.
        sync.up_to_date().await
    });
    joined(leader)?;
    joined(follower)
}
