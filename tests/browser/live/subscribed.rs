//! Subscriptions: live queries that call back.

use std::cell::RefCell;
use std::rc::Rc;

use indexie::__private::subscriptions;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Friends, friend, ids, with_three};

type Heard = Rc<RefCell<Vec<Vec<u32>>>>;

/// As much as makes everything come that is due.
async fn settle(db: &Friends) -> Result<()> {
    for _ in 0..5 {
        db.todos.count().await?;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn it_calls_back_until_it_is_dropped() -> Result<()> {
    let db = with_three("subscribed").await?;
    let before = subscriptions();
    let heard = Heard::default();
    let into = heard.clone();
    let subscription = db
        .friends
        .where_(|f| f.age)
        .above(25)
        .live()
        .subscribe(move |rows| into.borrow_mut().push(ids(&rows.expect("rows"))));
    settle(&db).await?;
    assert_eq!(heard.take(), [[2, 3]]);
    db.friends.delete(2).await?;
    settle(&db).await?;
    assert_eq!(heard.take(), [[3]]);
    drop(subscription);
    assert_eq!(subscriptions(), before);
    db.friends.delete(3).await?;
    settle(&db).await?;
    assert!(heard.borrow().is_empty());
    assert_eq!(Rc::strong_count(&heard), 1, "the callback is free");
    Ok(())
}

#[wasm_bindgen_test]
async fn it_may_be_dropped_from_inside_its_callback() -> Result<()> {
    let db = with_three("subscribed once").await?;
    let before = subscriptions();
    let (heard, own) = (Heard::default(), Rc::new(RefCell::new(None)));
    let (into, slot) = (heard.clone(), own.clone());
    let subscription = db.friends.live().subscribe(move |rows| {
        into.borrow_mut().push(ids(&rows.expect("rows")));
        let own = slot.borrow_mut().take();
        drop(own);
    });
    *own.borrow_mut() = Some(subscription);
    settle(&db).await?;
    db.friends.delete(1).await?;
    settle(&db).await?;
    assert_eq!(heard.take(), [[1, 2, 3]]);
    assert_eq!(subscriptions(), before);
    Ok(())
}

#[wasm_bindgen_test]
async fn its_callback_may_write() -> Result<()> {
    let db = with_three("subscribed and writing").await?;
    let heard = Heard::default();
    let into = heard.clone();
    let writer = db.clone();
    let _subscription = db.friends.live().subscribe(move |rows| {
        let rows = rows.expect("rows");
        into.borrow_mut().push(ids(&rows));
        if rows.len() == 3 {
            let db = writer.clone();
            indexie_tests::spawn_local(async move {
                db.friends.add(&friend(4, "Dan", 4)).await.expect("added");
            });
        }
    });
    settle(&db).await?;
    settle(&db).await?;
    assert_eq!(heard.take(), [vec![1, 2, 3], vec![1, 2, 3, 4]]);
    Ok(())
}
