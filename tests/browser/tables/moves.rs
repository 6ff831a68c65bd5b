//! Changes of a row's key, which move the row.

use indexie::Date;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Event, File, Person, Task, david, fresh, karl, unique, with_nums, with_people};

// Case 42.
#[wasm_bindgen_test]
async fn update_moves_a_row_with_all_its_index_entries() -> Result<()> {
    let db = with_people("move").await?;
    let moved = db.people.update(1, |p| p.id = 50).await?;
    let expected = Person { id: 50, ..david() };
    assert_eq!(moved, expected);
    assert_eq!(db.people.to_vec().await?, [karl(), expected.clone()]);
    assert_eq!(db.people.get(1).await?, None);
    assert_eq!(db.people.get_by(|p| p.username, "dfa").await?, Some(expected.clone()));
    assert_eq!(db.people.get_by(|p| p.email, "daw@t.com").await?, Some(expected));
    Ok(())
}

// Case 43.
#[wasm_bindgen_test]
async fn a_row_does_not_move_onto_another() -> Result<()> {
    let db = with_people("move onto").await?;
    let error = db.people.update(1, |p| p.id = 2).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: None, key: Some(key), row: None })
            if table == "people" && *key == 2.into()),
        "{error:?}"
    );
    assert_eq!(db.people.to_vec().await?, [david(), karl()]);
    Ok(())
}

// Case 43, caught inside a transaction.
#[wasm_bindgen_test]
async fn a_move_that_failed_leaves_nothing_in_a_transaction_that_goes_on() -> Result<()> {
    let db = with_people("move onto caught").await?;
    db.transaction(Mode::ReadWrite, &db.people, async |people| {
        let error = people.update(1, |p| p.id = 2).await;
        assert!(matches!(error, Err(Error::Constraint { index: None, .. })), "{error:?}");
        assert_eq!(people.to_vec().await?, [david(), karl()]);
        people.update(2, |p| p.path = Some("/".into())).await
    })
    .await?;
    assert_eq!(db.people.to_vec().await?, [david(), Person { path: Some("/".into()), ..karl() }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_moved_row_that_clashes_in_an_index_stays_and_names_the_index() -> Result<()> {
    let db: Cases = fresh("move clash").await;
    db.uniques.bulk_add(&[unique(1), unique(2)]).await?;
    let error = db
        .uniques
        .update(1, |u| {
            u.id = 50;
            u.b = 200;
        })
        .await;
    assert!(
        matches!(&error, Err(Error::Constraint { index: Some(index), key: Some(key), row: None, .. })
            if index == "b" && *key == 200.into()),
        "{error:?}"
    );
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2)]);
    Ok(())
}

// Case 45.
#[wasm_bindgen_test]
async fn a_row_moves_from_one_binary_key_to_another() -> Result<()> {
    let db: Cases = fresh("move binary").await;
    db.files.bulk_add(&[File { hash: vec![4, 2], size: 1 }, File { hash: vec![5], size: 2 }]).await?;
    db.files.update(vec![4, 2], |f| f.hash = vec![9]).await?;
    assert_eq!(db.files.to_vec().await?, [File { hash: vec![5], size: 2 }, File { hash: vec![9], size: 1 }]);
    let error = db.files.update([9], |f| f.hash = vec![5]).await;
    assert!(matches!(&error, Err(Error::Constraint { index: None, .. })), "{error:?}");
    assert_eq!(db.files.count().await?, 2);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_under_a_date_is_changed_and_moved() -> Result<()> {
    let db: Cases = fresh("move date").await;
    let (noon, one) = (Date::from_millis(43_200_000), Date::from_millis(46_800_000));
    db.events.add(&Event { at: noon, what: "lunch".into() }).await?;
    db.events.update(noon, |e| e.what.push('!')).await?;
    db.events.update(noon, move |e| e.at = one).await?;
    assert_eq!(db.events.to_vec().await?, [Event { at: one, what: "lunch!".into() }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_moves_when_one_part_of_its_key_changes() -> Result<()> {
    let db: Cases = fresh("move compound").await;
    db.tasks.add(&Task { list: "home".into(), place: 2, title: "sweep".into() }).await?;
    db.tasks.update(("home", 2), |t| t.place = 1).await?;
    assert_eq!(db.tasks.primary_keys().await?, [("home".to_owned(), 1)]);
    assert_eq!(db.tasks.get_by(|t| t.title, "sweep").await?.map(|t| t.place), Some(1));
    Ok(())
}

// Case 58.
#[wasm_bindgen_test]
async fn modify_does_not_move_every_row_onto_one() -> Result<()> {
    let db = with_people("move all").await?;
    let error = db.people.filter(|_| true).modify(|p| p.id = 1).await;
    assert!(
        matches!(&error, Err(Error::Constraint { index: None, key: Some(key), .. }) if *key == 1.into()),
        "{error:?}"
    );
    assert_eq!(db.people.to_vec().await?, [david(), karl()]);
    Ok(())
}

// Rows that move together make room for one another.
#[wasm_bindgen_test]
async fn modify_moves_every_row_by_one() -> Result<()> {
    let db = with_nums("move by one").await?;
    assert_eq!(db.nums.filter(|_| true).modify(|n| n.id += 1).await?, 9);
    let rows: Vec<(u32, String)> = db.nums.to_vec().await?.into_iter().map(|n| (n.id, n.s)).collect();
    assert_eq!(rows.first(), Some(&(2, "s1".to_owned())));
    assert_eq!(rows.last(), Some(&(10, "s9".to_owned())));
    assert_eq!(rows.len(), 9);
    Ok(())
}

#[wasm_bindgen_test]
async fn bulk_update_moves_rows_and_counts_them() -> Result<()> {
    let db = with_people("move bulk").await?;
    let changed =
        db.people.bulk_update([(1, 11), (2, 12)].map(|(id, to)| (id, move |p: &mut Person| p.id = to))).await?;
    assert_eq!(changed, 2);
    assert_eq!(db.people.to_vec().await?, [Person { id: 11, ..david() }, Person { id: 12, ..karl() }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_update_whose_second_move_fails_moves_none() -> Result<()> {
    let db = with_nums("move bulk fails").await?;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        let error = nums
            .bulk_update([(1, 11), (2, 9), (3, 13)].map(|(id, to)| (id, move |n: &mut crate::fixtures::Num| n.id = to)))
            .await;
        assert!(
            matches!(&error, Err(Error::Constraint { index: None, key: Some(key), row: Some(1), .. }) if *key == 9.into()),
            "{error:?}"
        );
        Ok(())
    })
    .await?;
    assert_eq!(db.nums.primary_keys().await?, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(db.nums.get(9).await?.map(|n| n.s), Some("s9".to_owned()));
    Ok(())
}
