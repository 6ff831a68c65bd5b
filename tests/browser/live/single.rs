//! Live queries of one row, of a number, and of keys.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{assert_quiet, friend, next, soon, with_three};

// Case 283.
#[wasm_bindgen_test]
async fn a_row_by_its_key_concerns_nobody_else() -> Result<()> {
    let db = with_three("live get").await?;
    let (mut one, mut two, mut none) = (db.friends.get(1).live(), db.friends.get(2).live(), db.friends.get(9).live());
    assert_eq!(next(&mut one).await, Some(friend(1, "Ann", 20)));
    assert_eq!(next(&mut two).await, Some(friend(2, "Bob", 30)));
    assert_eq!(next(&mut none).await, None);
    db.friends.update(1, |row| row.age = Some(21)).await?;
    assert_eq!(next(&mut one).await, Some(friend(1, "Ann", 21)));
    db.friends.delete(1).await?;
    assert_eq!(next(&mut one).await, None);
    db.friends.add(&friend(9, "Ida", 1)).await?;
    assert_eq!(next(&mut none).await, Some(friend(9, "Ida", 1)));
    assert_quiet(soon(&db, &mut two).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_by_a_unique_key_changes_with_it() -> Result<()> {
    let db = with_three("live get by").await?;
    let mut ann = db.friends.get_by(|f| f.email, "ann@b.c").live();
    assert_eq!(next(&mut ann).await, None);
    db.friends.update(1, |row| row.email = Some("ann@b.c".into())).await?;
    assert_eq!(next(&mut ann).await.map(|row| row.id), Some(1));
    db.transaction(Mode::ReadWrite, &db.friends, async |friends| {
        friends.update(1, |row| row.email = None).await?;
        friends.update(2, |row| row.email = Some("ann@b.c".into())).await
    })
    .await?;
    assert_eq!(next(&mut ann).await.map(|row| row.id), Some(2));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_count_changes_with_the_number_only() -> Result<()> {
    let db = with_three("live count").await?;
    let mut all = db.friends.count().live();
    let mut adults = db.friends.where_(|f| f.age).above(25).count().live();
    let mut windowed = db.friends.offset(1).limit(3).count().live();
    assert_eq!((next(&mut all).await, next(&mut adults).await, next(&mut windowed).await), (3, 2, 2));
    db.friends.update(1, |row| row.age = Some(26)).await?;
    assert_eq!(next(&mut adults).await, 3);
    assert_quiet(soon(&db, &mut all).await);
    db.friends.bulk_add(&[friend(4, "Dan", 1), friend(5, "Eve", 2)]).await?;
    assert_eq!((next(&mut all).await, next(&mut windowed).await), (5, 3));
    assert_quiet(soon(&db, &mut adults).await);
    db.friends.delete(5).await?;
    assert_eq!(next(&mut all).await, 4);
    assert_quiet(soon(&db, &mut windowed).await);
    Ok(())
}

#[wasm_bindgen_test]
async fn the_first_and_the_last_row_change_places() -> Result<()> {
    let db = with_three("live first and last").await?;
    let by_age = db.friends.order_by(|f| f.age);
    let (mut first, mut last, mut empty) = (by_age.first().live(), by_age.last().live(), by_age.is_empty().live());
    assert_eq!(next(&mut first).await.map(|row| row.id), Some(1));
    assert_eq!(next(&mut last).await.map(|row| row.id), Some(3));
    assert!(!next(&mut empty).await);
    db.friends.update(2, |row| row.age = Some(10)).await?;
    assert_eq!(next(&mut first).await.map(|row| row.id), Some(2));
    assert_quiet(soon(&db, &mut last).await);
    db.friends.clear().await?;
    assert_eq!((next(&mut first).await, next(&mut last).await, next(&mut empty).await), (None, None, true));
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_and_rows_by_keys_are_read_again_when_they_have_changed() -> Result<()> {
    let db = with_three("live keys").await?;
    let by_age = db.friends.order_by(|f| f.age);
    let mut keys = by_age.keys::<u32>().live();
    let mut primary = by_age.primary_keys().live();
    let mut some = db.friends.bulk_get([3, 7]).live();
    let mut page = by_age.page(2).live();
    let mut entries = db.friends.entries().live();
    assert_eq!(next(&mut keys).await, [20, 30, 40]);
    assert_eq!(next(&mut primary).await, [1, 2, 3]);
    assert_eq!(next(&mut some).await, [Some(friend(3, "Cid", 40)), None]);
    assert_eq!(next(&mut page).await.rows.len(), 2);
    assert_eq!(next(&mut entries).await.len(), 3);
    db.friends.update(2, |row| row.name = "Bo".into()).await?;
    assert_eq!(next(&mut page).await.rows[1].name, "Bo");
    assert_eq!(next(&mut entries).await[1], (2, friend(2, "Bo", 30)));
    assert_quiet(soon(&db, &mut keys).await);
    assert_quiet(soon(&db, &mut primary).await);
    assert_quiet(soon(&db, &mut some).await);
    db.friends.add(&friend(7, "Gil", 35)).await?;
    assert_eq!(next(&mut keys).await, [20, 30, 35, 40]);
    assert_eq!(next(&mut primary).await, [1, 2, 7, 3]);
    assert_eq!(next(&mut some).await[1], Some(friend(7, "Gil", 35)));
    Ok(())
}

#[wasm_bindgen_test]
async fn owned_rows_are_kept_up_to_date_too() -> Result<()> {
    let db = with_three("live owned").await?;
    let mut rows = db.friends.where_(|f| f.age).below(35).to_vec().live();
    assert_eq!(next(&mut rows).await, [friend(1, "Ann", 20), friend(2, "Bob", 30)]);
    db.friends.delete(1).await?;
    assert_eq!(next(&mut rows).await, [friend(2, "Bob", 30)]);
    Ok(())
}
