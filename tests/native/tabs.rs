//! Two database objects of one name on one thread, which are to one another as two tabs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::{join, join3};
use indexie::prelude::*;

use crate::fixtures::{Items, item, items, newer, second};

#[tokio::test]
async fn they_see_the_same_rows() -> Result<()> {
    let (one, other) = (items().await?, Items::new());
    other.items.update(2, |item| item.count = 9).await?;
    assert_eq!(one.items.get(2).await?.map(|item| item.count), Some(9));
    let clash = join(one.items.add(&item(4)), other.items.add(&item(4))).await;
    assert_eq!(clash.0?, 4);
    assert!(matches!(clash.1, Err(Error::Constraint { .. })), "{:?}", clash.1);
    Ok(())
}

#[tokio::test]
async fn an_older_version_gives_way_to_a_newer_one() -> Result<()> {
    drop(items().await?);
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hear = heard.clone();
    let old = Items::builder().on_version_change(move |change| hear.borrow_mut().push(change.new_version)).build();
    assert_eq!(old.items.count().await?, 3);
    let new = newer();
    assert_eq!(new.items.get(1).await?.map(|item| item.count), Some(0));
    assert_eq!(*heard.borrow(), [Some(2)]);
    assert!(!old.is_open());
    let late = old.items.count().await;
    assert!(matches!(late, Err(Error::NewerVersion { installed: Some(2), declared: 1, .. })), "{late:?}");
    Ok(())
}

#[tokio::test]
async fn an_upgrade_waits_for_transactions_that_are_under_way() -> Result<()> {
    let old = items().await?;
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hear = heard.clone();
    let new = second::Items::builder()
        .on_blocked(move |blocked| hear.borrow_mut().push((blocked.old_version, blocked.new_version)))
        .build();
    let running = old.transaction(Mode::ReadWrite, &old.items, async |items| {
        for id in 10..300 {
            items.add(&item(id)).await?;
        }
        Ok(())
    });
    let (ran, counted) = join(running, new.items.count()).await;
    ran?;
    assert_eq!(counted?, 293);
    // Said again each second, if it takes so long.
    heard.borrow_mut().dedup();
    assert_eq!(*heard.borrow(), [(1, Some(2))]);
    assert!(new.items.filter(|item| item.count > 0).to_vec().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn who_is_blocked_may_give_up() -> Result<()> {
    let old = items().await?;
    let new = second::Items::builder().on_blocked(indexie::Blocked::give_up).build();
    let (open, running) = join(
        new.open(),
        old.transaction(Mode::Read, &old.items, async |items| {
            for _ in 0..300 {
                items.count().await?;
            }
            Ok(())
        }),
    )
    .await;
    assert!(matches!(&open, Err(Error::Blocked { database }) if database == "items"), "{open:?}");
    running?;
    assert_eq!(new.items.count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_deleted_is_gone_for_both() -> Result<()> {
    let (one, other) = (items().await?, Items::new());
    other.open().await?;
    let (deleted, counted) = join(one.delete(), other.items.count()).await;
    deleted?;
    assert!(counted? <= 3);
    assert_eq!(other.items.count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn two_that_upgrade_at_once_are_both_open_afterwards() -> Result<()> {
    drop(items().await?);
    let (one, other, third) = (newer(), newer(), newer());
    let counts = join3(one.items.count(), other.items.count(), third.items.count()).await;
    assert_eq!((counts.0?, counts.1?, counts.2?), (3, 3, 3));
    assert!(one.is_open() && other.is_open() && third.is_open());
    Ok(())
}

#[tokio::test]
async fn opening_and_closing_leaves_nothing_behind() -> Result<()> {
    for round in 0..200 {
        let db = Items::builder().name(format!("round {}", round % 3)).build();
        db.items.put(&item(round)).await?;
        if round % 2 == 0 {
            db.close();
        }
        if round % 5 == 0 {
            db.delete().await?;
        }
    }
    // Nothing is open any more that an upgrade would have to wait for.
    let waited = Rc::new(Cell::new(false));
    let blocked = waited.clone();
    let new = second::Items::builder().name("round 1").on_blocked(move |_| blocked.set(true)).build();
    new.open().await?;
    assert!(!waited.get());
    Ok(())
}
