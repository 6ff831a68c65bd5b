//! Live queries that show a part of a result.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Friends, assert_quiet, fresh, friend, ids, next, soon, with_three};

// Cases 285 and 306: what is skipped matters too.
#[wasm_bindgen_test]
async fn a_skipped_row_that_goes_moves_the_others_up() -> Result<()> {
    let db = with_three("live skipped").await?;
    let mut rest = db.friends.offset(1).live();
    assert_eq!(ids(&next(&mut rest).await), [2, 3]);
    db.friends.delete(1).await?;
    assert_eq!(ids(&next(&mut rest).await), [3]);
    db.friends.add(&friend(0, "Zoe", 1)).await?;
    assert_eq!(ids(&next(&mut rest).await), [2, 3]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_is_filled_from_behind_without_a_gap_in_between() -> Result<()> {
    let db: Friends = fresh("live page").await;
    let all: Vec<_> = (0..200).map(|id| friend(id, "F", id)).collect();
    db.friends.bulk_add(&all).await?;
    let mut page = db.friends.order_by(|f| f.age).offset(10).limit(3).live();
    assert_eq!(ids(&next(&mut page).await), [10, 11, 12]);
    // More than are kept behind the page.
    for id in 10..80 {
        db.friends.delete(id).await?;
        let expected: Vec<u32> = (id + 1..id + 4).collect();
        assert_eq!(ids(&next(&mut page).await), expected);
    }
    // And before it.
    for id in 0..10 {
        db.friends.delete(id).await?;
        assert_eq!(ids(&next(&mut page).await), [id + 81, id + 82, id + 83]);
    }
    for id in (0..10).rev() {
        db.friends.add(&friend(id, "F", id)).await?;
        next(&mut page).await;
    }
    assert_quiet(soon(&db, &mut page).await);
    db.friends.delete(199).await?;
    assert_quiet(soon(&db, &mut page).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_page_behind_the_end_fills_when_there_are_enough_rows() -> Result<()> {
    let db = with_three("live behind the end").await?;
    let mut page = db.friends.offset(40).limit(2).live();
    assert_eq!(next(&mut page).await, []);
    let more: Vec<_> = (10..60).map(|id| friend(id, "F", id)).collect();
    db.friends.bulk_add(&more).await?;
    assert_eq!(ids(&next(&mut page).await), [47, 48]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_sorted_page_follows_what_it_is_sorted_by() -> Result<()> {
    let db = with_three("live sorted").await?;
    let mut youngest = db.friends.sort_by_key(|row| row.age).limit(2).live();
    assert_eq!(ids(&next(&mut youngest).await), [1, 2]);
    db.friends.update(3, |row| row.age = Some(1)).await?;
    assert_eq!(ids(&next(&mut youngest).await), [3, 1]);
    db.friends.update(1, |row| row.name = "Anna".into()).await?;
    assert_eq!(next(&mut youngest).await[1].name, "Anna");
    Ok(())
}

#[wasm_bindgen_test]
async fn a_query_ends_where_a_row_says() -> Result<()> {
    let db = with_three("live until").await?;
    let mut before = db.friends.until(|row| row.age >= Some(30)).live();
    assert_eq!(ids(&next(&mut before).await), [1]);
    db.friends.update(2, |row| row.age = Some(29)).await?;
    assert_eq!(ids(&next(&mut before).await), [1, 2]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_query_behind_a_cursor_begins_there() -> Result<()> {
    let db = with_three("live after").await?;
    let by_age = db.friends.order_by(|f| f.age);
    let page = by_age.page(1).await?;
    let mut rest = by_age.after(page.next.expect("there are more")).live();
    assert_eq!(ids(&next(&mut rest).await), [2, 3]);
    db.friends.update(3, |row| row.age = Some(10)).await?;
    assert_eq!(ids(&next(&mut rest).await), [2]);
    db.friends.update(1, |row| row.age = Some(33)).await?;
    assert_eq!(ids(&next(&mut rest).await), [2, 1]);
    Ok(())
}
