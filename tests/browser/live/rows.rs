//! What a live query of rows gives: area J of the cases.

use std::rc::Rc;

use futures::StreamExt;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Friends, assert_quiet, fresh, friend, ids, names, next, soon, three, with_three};

// Case 282.
#[wasm_bindgen_test]
async fn the_first_item_is_what_there_is_and_each_change_gives_another() -> Result<()> {
    let db = with_three("live first").await?;
    let mut all = db.friends.live();
    assert_eq!(ids(&next(&mut all).await), [1, 2, 3]);
    db.friends.add(&friend(0, "Zero", 1)).await?;
    assert_eq!(ids(&next(&mut all).await), [0, 1, 2, 3]);
    db.friends.delete(2).await?;
    assert_eq!(ids(&next(&mut all).await), [0, 1, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn it_opens_the_database_by_itself() -> Result<()> {
    let db: Friends = fresh("live opens").await;
    assert!(!db.is_open());
    assert_eq!(next(&mut db.friends.live()).await, []);
    assert!(db.is_open());
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_that_have_not_changed_stay_the_same_ones() -> Result<()> {
    let db = with_three("live same").await?;
    let mut all = db.friends.order_by(|f| f.age).live();
    let before = next(&mut all).await;
    db.friends.update(2, |row| row.age = Some(50)).await?;
    let after = next(&mut all).await;
    assert_eq!(ids(&after), [1, 3, 2]);
    assert!(Rc::ptr_eq(&before[0], &after[0]));
    assert!(Rc::ptr_eq(&before[2], &after[1]));
    assert_eq!(*before[1], friend(2, "Bob", 30));
    assert_eq!(*after[2], friend(2, "Bob", 50));
    Ok(())
}

// Case 285.
#[wasm_bindgen_test]
async fn rows_come_into_a_range_and_leave_it() -> Result<()> {
    let db = with_three("live range").await?;
    let mut with_a = db.friends.where_(|f| f.name).starts_with("A").live();
    assert_eq!(names(&next(&mut with_a).await), ["Ann"]);
    db.friends.add(&friend(9, "Abe", 1)).await?;
    assert_eq!(names(&next(&mut with_a).await), ["Abe", "Ann"]);
    db.friends.update(2, |row| row.name = "Art".into()).await?;
    assert_eq!(names(&next(&mut with_a).await), ["Abe", "Ann", "Art"]);
    db.friends.put(&friend(1, "Xan", 20)).await?;
    assert_eq!(names(&next(&mut with_a).await), ["Abe", "Art"]);
    db.friends.bulk_put(&[friend(1, "Ada", 20), friend(9, "Zed", 1), friend(7, "Bea", 1)]).await?;
    assert_eq!(names(&next(&mut with_a).await), ["Ada", "Art"]);
    db.friends.delete(2).await?;
    assert_eq!(names(&next(&mut with_a).await), ["Ada"]);
    db.friends.clear().await?;
    assert_eq!(next(&mut with_a).await, []);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_it_does_not_show_does_not_concern_it() -> Result<()> {
    let db = with_three("live unconcerned").await?;
    let mut with_a = db.friends.where_(|f| f.name).starts_with("A").live();
    let mut old = db.friends.filter(|row| row.age >= Some(40)).live();
    assert_eq!(names(&next(&mut with_a).await), ["Ann"]);
    assert_eq!(names(&next(&mut old).await), ["Cid"]);
    db.friends.put(&friend(2, "Bo", 31)).await?;
    db.friends.add(&friend(8, "Eve", 2)).await?;
    db.todos.add(&crate::fixtures::NewTodo { title: "other".into() }).await?;
    assert_quiet(soon(&db, &mut with_a).await);
    assert_quiet(soon(&db, &mut old).await);
    Ok(())
}

// Case 298.
#[wasm_bindgen_test]
async fn a_write_that_changes_nothing_gives_nothing() -> Result<()> {
    let db = with_three("live no change").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    db.friends.put(&friend(2, "Bob", 30)).await?;
    db.friends.update(1, |_| {}).await?;
    db.friends.delete(77).await?;
    assert_quiet(soon(&db, &mut all).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_goes_back_before_it_is_looked_at_gives_nothing() -> Result<()> {
    let db = with_three("live back").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    db.friends.update(1, |row| row.age = Some(99)).await?;
    db.friends.update(1, |row| row.age = Some(20)).await?;
    db.friends.add(&friend(4, "Dan", 4)).await?;
    db.friends.delete(4).await?;
    assert_quiet(soon(&db, &mut all).await);
    Ok(())
}

// Case 291.
#[wasm_bindgen_test]
async fn of_the_same_key_several_times_the_last_value_counts() -> Result<()> {
    let db = with_three("live thrice").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    db.friends.bulk_put(&[friend(1, "A", 1), friend(1, "B", 2), friend(1, "C", 3)]).await?;
    assert_eq!(names(&next(&mut all).await), ["C", "Bob", "Cid"]);
    assert_quiet(soon(&db, &mut all).await);
    Ok(())
}

// Case 288.
#[wasm_bindgen_test]
async fn deleting_a_range_reaches_a_reversed_query() -> Result<()> {
    let db = with_three("live range deleted").await?;
    let mut all = db.friends.reverse().live();
    assert_eq!(ids(&next(&mut all).await), [3, 2, 1]);
    db.friends.where_(|f| f.id).above(1).delete().await?;
    assert_eq!(ids(&next(&mut all).await), [1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn either_of_two_clauses_keeps_a_row() -> Result<()> {
    let db = with_three("live or").await?;
    let mut either = db.friends.where_(|f| f.name).equals("Ann").or(|f| f.age).above(35).live();
    assert_eq!(ids(&next(&mut either).await), [1, 3]);
    db.friends.update(1, |row| row.age = Some(60)).await?;
    assert_eq!(next(&mut either).await[0].age, Some(60));
    db.friends.update(1, |row| row.name = "Una".into()).await?;
    assert_eq!(ids(&next(&mut either).await), [1, 3]);
    db.friends.update(1, |row| row.age = None).await?;
    assert_eq!(ids(&next(&mut either).await), [3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn very_many_changes_at_once_are_read_again() -> Result<()> {
    let db = with_three("live very many").await?;
    let mut all = db.friends.where_(|f| f.name).starts_with("M").live();
    let mut count = db.friends.count().live();
    assert_eq!(next(&mut all).await, []);
    assert_eq!(next(&mut count).await, 3);
    let many: Vec<_> = (10..5_010).map(|id| friend(id, if id % 1_000 == 0 { "Mo" } else { "No" }, 1)).collect();
    db.friends.bulk_add(&many).await?;
    assert_eq!(ids(&next(&mut all).await), [1_000, 2_000, 3_000, 4_000, 5_000]);
    assert_eq!(next(&mut count).await, 5_003);
    db.friends.clear().await?;
    assert_eq!(next(&mut all).await, []);
    assert_eq!(next(&mut count).await, 0);
    Ok(())
}

#[wasm_bindgen_test]
async fn two_queries_each_get_their_own() -> Result<()> {
    let db = with_three("live two").await?;
    let query = db.friends.where_(|f| f.age).above(25);
    let (mut one, mut other) = (query.live(), query.live());
    assert_eq!(ids(&next(&mut one).await), ids(&next(&mut other).await));
    db.friends.delete(3).await?;
    assert_eq!(ids(&next(&mut one).await), [2]);
    assert_eq!(ids(&next(&mut other).await), [2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn another_database_object_of_the_same_name_is_seen() -> Result<()> {
    let db = with_three("live other object").await?;
    let other: Friends = indexie_tests::builder("live other object").build();
    let mut all = db.friends.live();
    next(&mut all).await;
    other.friends.delete(1).await?;
    assert_eq!(ids(&next(&mut all).await), [2, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_clone_begins_anew() -> Result<()> {
    let db = with_three("live clone").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    let mut again = all.clone();
    assert_eq!(next(&mut again).await.iter().map(|row| (**row).clone()).collect::<Vec<_>>(), three());
    assert_quiet(soon(&db, &mut all).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn writes_together_give_the_last_state() -> Result<()> {
    let db = with_three("live together").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    let writes = (10..40).map(|id| {
        let db = db.clone();
        async move { db.friends.add(&friend(id, "New", 1)).await }
    });
    futures::future::try_join_all(writes).await?;
    assert_eq!(next(&mut all).await.len(), 33);
    assert_quiet(soon(&db, &mut all).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn polled_between_writes_it_gives_only_states_that_there_were() -> Result<()> {
    let db = with_three("live states").await?;
    let mut all = db.friends.live();
    next(&mut all).await;
    let writer = async {
        for step in 0..20_u32 {
            db.transaction(Mode::ReadWrite, &db.friends, async move |friends| {
                // Their ages are always those of a step together.
                friends.put(&friend(1, "Ann", step)).await?;
                friends.put(&friend(2, "Bob", step)).await?;
                friends.put(&friend(3, "Cid", step)).await?;
                Ok(())
            })
            .await?;
        }
        Ok::<_, Error>(())
    };
    let reader = async {
        loop {
            let rows = all.next().await.expect("no end")?;
            assert!(rows.iter().all(|row| row.age == rows[0].age), "{rows:?}");
            if rows[0].age == Some(19) {
                return Ok::<_, Error>(());
            }
        }
    };
    futures::future::try_join(writer, reader).await?;
    Ok(())
}
