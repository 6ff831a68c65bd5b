//! Many rows in one call, all of them or none: area C of the cases.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{
    Auto, Cases, NewAuto, Note, Num, Person, Ratio, Task, auto, david, fresh, karl, new_auto, note, unique, with_nums,
    with_people,
};

fn num(id: u32) -> Num {
    Num { id, v: 0, s: String::new(), z: None }
}

// Case 72.
#[wasm_bindgen_test]
async fn bulk_add_gives_the_keys_in_the_order_of_the_rows() -> Result<()> {
    let db: Cases = fresh("bulk add").await;
    assert_eq!(db.autos.bulk_add(&[new_auto(7), new_auto(8)]).await?, [1, 2]);
    assert_eq!(db.autos.bulk_add(&[auto(9, 1), auto(5, 2)]).await?, [9, 5]);
    assert_eq!(db.autos.to_vec().await?, [auto(1, 7), auto(2, 8), auto(5, 2), auto(9, 1)]);
    Ok(())
}

// Case 73.
#[wasm_bindgen_test]
async fn no_rows_and_no_keys_are_fine() -> Result<()> {
    let db = with_people("bulk none").await?;
    assert_eq!(db.people.bulk_add::<Person>(&[]).await?, [0; 0]);
    assert_eq!(db.people.bulk_put::<Person>(&[]).await?, [0; 0]);
    assert_eq!(db.people.bulk_get([0; 0]).await?, [None::<Person>; 0]);
    assert_eq!(db.people.bulk_update(Vec::<(u32, fn(&mut Person))>::new()).await?, 0);
    db.people.bulk_delete([0; 0]).await?;
    assert_eq!(db.notes.bulk_add_with_keys(Vec::<(&str, &Note)>::new()).await?, [""; 0]);
    assert_eq!(db.notes.bulk_put_with_keys(Vec::<(&str, &Note)>::new()).await?, [""; 0]);
    assert_eq!(db.people.count().await?, 2);
    Ok(())
}

// Case 73, inside a transaction.
#[wasm_bindgen_test]
async fn no_rows_and_no_keys_are_fine_inside_a_transaction() -> Result<()> {
    let db = with_people("bulk none inside").await?;
    let count = db
        .transaction(Mode::ReadWrite, &db.people, async |people| {
            people.bulk_add::<Person>(&[]).await?;
            people.bulk_put::<Person>(&[]).await?;
            people.bulk_get([0; 0]).await?;
            people.bulk_update(Vec::<(u32, fn(&mut Person))>::new()).await?;
            people.bulk_delete([0; 0]).await?;
            people.count().await
        })
        .await?;
    assert_eq!(count, 2);
    Ok(())
}

// Case 75.
#[wasm_bindgen_test]
async fn of_rows_with_the_same_key_the_last_one_is_put() -> Result<()> {
    let db: Cases = fresh("bulk put last").await;
    let first = Num { id: 1, v: 1, s: "a".into(), z: Some(1) };
    let last = Num { id: 1, v: 2, s: "b".into(), z: None };
    assert_eq!(db.nums.bulk_put(&[first, last.clone()]).await?, [1, 1]);
    assert_eq!(db.nums.to_vec().await?, [last]);
    Ok(())
}

#[wasm_bindgen_test]
async fn bulk_put_adds_and_replaces() -> Result<()> {
    let db = with_nums("bulk put").await?;
    assert_eq!(db.nums.bulk_put(&[num(1), num(10)]).await?, [1, 10]);
    assert_eq!(db.nums.bulk_get([1, 10]).await?, [Some(num(1)), Some(num(10))]);
    assert_eq!(db.nums.count().await?, 10);
    Ok(())
}

#[wasm_bindgen_test]
async fn bulk_put_generates_keys() -> Result<()> {
    let db: Cases = fresh("bulk put generated").await;
    assert_eq!(db.autos.bulk_put(&[new_auto(1), new_auto(2)]).await?, [1, 2]);
    assert_eq!(db.autos.to_vec().await?, [auto(1, 1), auto(2, 2)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn more_rows_than_a_section_keep_their_order() -> Result<()> {
    let db: Cases = fresh("bulk many").await;
    let rows: Vec<Num> = (0..1000).map(|id| Num { id, v: id, s: format!("ä{id}"), z: None }).collect();
    db.nums.bulk_add(&rows).await?;
    assert_eq!(db.nums.to_vec().await?, rows);
    Ok(())
}

// Case 79.
#[wasm_bindgen_test]
async fn a_bulk_add_that_fails_adds_nothing_and_names_the_first_row_that_failed() -> Result<()> {
    let db: Cases = fresh("bulk add fails").await;
    db.nums.add(&Num { s: "first".into(), ..num(1) }).await?;
    let error = db.nums.bulk_add(&[num(2), num(1), num(3), num(1)]).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: None, key: Some(key), row: Some(1) })
            if table == "nums" && *key == 1.into()),
        "{error:?}"
    );
    assert_eq!(db.nums.to_vec().await?, [Num { s: "first".into(), ..num(1) }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_add_of_the_same_key_twice_adds_nothing() -> Result<()> {
    let db: Cases = fresh("bulk add same").await;
    let error = db.nums.bulk_add(&[num(1), num(2), num(1)]).await;
    assert!(
        matches!(&error, Err(Error::Constraint { index: None, key: Some(key), row: Some(2), .. }) if *key == 1.into()),
        "{error:?}"
    );
    assert!(db.nums.is_empty().await?);
    Ok(())
}

// Case 81.
#[wasm_bindgen_test]
async fn a_bulk_add_that_fails_rolls_the_transaction_back() -> Result<()> {
    let db: Cases = fresh("bulk add uncaught").await;
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(1)).await?;
            nums.bulk_add(&[num(2), num(1)]).await
        })
        .await;
    assert!(matches!(&error, Err(Error::Constraint { row: Some(1), .. })), "{error:?}");
    assert!(db.nums.is_empty().await?);
    Ok(())
}

// Case 82.
#[wasm_bindgen_test]
async fn an_error_that_is_caught_and_returned_rolls_the_transaction_back() -> Result<()> {
    let db: Cases = fresh("bulk add rethrown").await;
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            nums.add(&num(1)).await?;
            match nums.bulk_add(&[num(2), num(1)]).await {
                Err(error) => Err(error),
                Ok(_) => Ok(()),
            }
        })
        .await;
    assert!(matches!(&error, Err(Error::Constraint { row: Some(1), .. })), "{error:?}");
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_add_that_was_caught_leaves_nothing_and_the_transaction_goes_on() -> Result<()> {
    let db: Cases = fresh("bulk add caught").await;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums| {
        nums.add(&num(1)).await?;
        let error = nums.bulk_add(&[num(2), num(3), num(1), num(4)]).await;
        assert!(
            matches!(&error, Err(Error::Constraint { index: None, key: Some(key), row: Some(2), .. }) if *key == 1.into()),
            "{error:?}"
        );
        assert_eq!(nums.primary_keys().await?, [1]);
        nums.add(&num(5)).await
    })
    .await?;
    assert_eq!(db.nums.primary_keys().await?, [1, 5]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_put_that_was_caught_puts_back_what_it_had_replaced() -> Result<()> {
    let db: Cases = fresh("bulk put caught").await;
    db.uniques.bulk_add(&[unique(1), unique(2), unique(3)]).await?;
    db.transaction(Mode::ReadWrite, &db.uniques, async |uniques| {
        let mut one = unique(1);
        one.a = 77;
        let again = crate::fixtures::Unique { a: 78, ..one.clone() };
        let thief = crate::fixtures::Unique { b: 300, ..unique(2) };
        let error = uniques.bulk_put(&[one, again, unique(9), thief]).await;
        assert!(
            matches!(&error, Err(Error::Constraint { index: Some(index), key: Some(key), row: Some(3), .. })
                if index == "b" && *key == 300.into()),
            "{error:?}"
        );
        assert_eq!(uniques.to_vec().await?, [unique(1), unique(2), unique(3)]);
        uniques.put(&unique(4)).await
    })
    .await?;
    assert_eq!(db.uniques.to_vec().await?, [unique(1), unique(2), unique(3), unique(4)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_put_of_generated_keys_that_was_caught_leaves_nothing() -> Result<()> {
    let db: Cases = fresh("bulk put generated caught").await;
    let named = |u: &str| NewAuto { u: Some(u.into()), v: None };
    db.autos.add(&named("a")).await?;
    db.transaction(Mode::ReadWrite, &db.autos, async move |autos| {
        let error = autos.bulk_put(&[named("b"), named("c"), named("a")]).await;
        assert!(
            matches!(&error, Err(Error::Constraint { index: Some(index), row: Some(2), .. }) if index == "u"),
            "{error:?}"
        );
        Ok(())
    })
    .await?;
    assert_eq!(db.autos.to_vec().await?, [Auto { id: 1, u: Some("a".into()), v: None }]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_put_with_keys_that_was_caught_puts_back_what_it_had_replaced() -> Result<()> {
    use crate::fixtures::Cell;

    let db: Cases = fresh("bulk put with keys caught").await;
    db.cells.bulk_add_with_keys([(("a", 1), &Cell { x: 1, y: 1 }), (("a", 2), &Cell { x: 2, y: 2 })]).await?;
    db.transaction(Mode::ReadWrite, &db.cells, async |cells| {
        let rows =
            [(("a", 1), &Cell { x: 5, y: 5 }), (("a", 3), &Cell { x: 3, y: 3 }), (("a", 4), &Cell { x: 9, y: 2 })];
        let error = cells.bulk_put_with_keys(rows).await;
        assert!(
            matches!(&error, Err(Error::Constraint { index: Some(index), key: Some(key), row: Some(2), .. })
                if index == "y" && *key == 2.into()),
            "{error:?}"
        );
        Ok(())
    })
    .await?;
    let left: Vec<Cell> = db.cells.to_vec().await?;
    assert_eq!(left, [Cell { x: 1, y: 1 }, Cell { x: 2, y: 2 }]);
    Ok(())
}

// A bulk operation that nobody waits for any more is still all or nothing.
#[wasm_bindgen_test]
async fn a_bulk_add_that_was_dropped_halfway_is_whole_or_not_there() -> Result<()> {
    use futures::FutureExt;

    let db: Cases = fresh("bulk add dropped").await;
    db.nums.add(&num(3)).await?;
    let done = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums| {
            let mut adding = nums.bulk_add(&[num(1), num(2), num(3)]);
            assert!((&mut adding).now_or_never().is_none());
            Ok(())
        })
        .await;
    assert!(done.is_ok(), "{done:?}");
    assert_eq!(db.nums.primary_keys().await?, [3]);
    Ok(())
}

// Case 84.
#[wasm_bindgen_test]
async fn a_bulk_update_that_fails_changes_nothing_and_names_the_row() -> Result<()> {
    let db = with_people("bulk update fails").await?;
    let change = |p: &mut Person| {
        if p.id == 1 { p.username = "kce".into() } else { p.first = "Baz".into() }
    };
    let error = db.people.bulk_update([(99, change), (1, change), (2, change)]).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: Some(index), key: Some(key), row: Some(1) })
            if table == "people" && index == "username" && *key == "kce".into()),
        "{error:?}"
    );
    assert_eq!(db.people.to_vec().await?, [david(), karl()]);
    Ok(())
}

// Case 85.
#[wasm_bindgen_test]
async fn a_bulk_update_that_fails_in_a_transaction_changes_nothing_caught_or_not() -> Result<()> {
    let db = with_people("bulk update uncaught").await?;
    let change = |p: &mut Person| {
        if p.id == 2 { p.username = "dfa".into() } else { p.first = "Baz".into() }
    };
    let error = db
        .transaction(Mode::ReadWrite, &db.people, async move |people| {
            people.bulk_update([(1, change), (2, change)]).await
        })
        .await;
    assert!(matches!(&error, Err(Error::Constraint { row: Some(1), .. })), "{error:?}");
    assert_eq!(db.people.to_vec().await?, [david(), karl()]);

    db.transaction(Mode::ReadWrite, &db.people, async move |people| {
        let error = people.bulk_update([(1, change), (2, change)]).await;
        assert!(matches!(&error, Err(Error::Constraint { row: Some(1), .. })), "{error:?}");
        assert_eq!(people.to_vec().await?, [david(), karl()]);
        people.delete(2).await
    })
    .await?;
    assert_eq!(db.people.to_vec().await?, [david()]);
    Ok(())
}

#[wasm_bindgen_test]
async fn bulk_update_passes_over_missing_rows_and_counts_what_is_different() -> Result<()> {
    let db = with_nums("bulk update").await?;
    let to = |v: u32| move |n: &mut Num| n.v = v;
    assert_eq!(db.nums.bulk_update([(1, to(5)), (99, to(5)), (2, to(2))]).await?, 1);
    assert_eq!(db.nums.get(1).await?.map(|n| n.v), Some(5));
    assert_eq!(db.nums.count().await?, 9);
    Ok(())
}

// Cases 87 and 88.
#[wasm_bindgen_test]
async fn a_key_that_comes_twice_is_changed_twice() -> Result<()> {
    let db = with_nums("bulk update twice").await?;
    let add = |by: u32| move |n: &mut Num| n.v = n.v * 10 + by;
    assert_eq!(db.nums.bulk_update([(1, add(6)), (1, add(7))]).await?, 1);
    assert_eq!(db.nums.get(1).await?.map(|n| n.v), Some(167));
    Ok(())
}

// Case 90.
#[wasm_bindgen_test]
async fn bulk_get_gives_none_for_missing_keys_in_their_places() -> Result<()> {
    let db: Cases = fresh("bulk get").await;
    db.notes.add_with_key(&note("hundred"), "100").await?;
    assert_eq!(db.notes.bulk_get(["x", "y", "100", "z"]).await?, [None, None, Some(note("hundred")), None::<Note>]);
    Ok(())
}

// Case 91.
#[wasm_bindgen_test]
async fn bulk_get_of_the_same_key_twice_gives_the_row_twice() -> Result<()> {
    let db = with_people("bulk get twice").await?;
    assert_eq!(db.people.bulk_get([1, 1]).await?, [Some(david()), Some(david())]);
    Ok(())
}

#[wasm_bindgen_test]
async fn bulk_get_takes_compound_keys() -> Result<()> {
    let db: Cases = fresh("bulk get compound").await;
    let task = Task { list: "home".into(), place: 1, title: "sweep".into() };
    db.tasks.add(&task).await?;
    assert_eq!(db.tasks.bulk_get([("home", 2), ("home", 1)]).await?, [None, Some(task)]);
    Ok(())
}

// Case 93.
#[wasm_bindgen_test]
async fn bulk_delete_passes_over_missing_keys() -> Result<()> {
    let db = with_people("bulk delete").await?;
    db.people.bulk_delete([98, 99, 1]).await?;
    assert_eq!(db.people.to_vec().await?, [karl()]);
    Ok(())
}

// Case 94.
#[wasm_bindgen_test]
async fn a_key_that_is_none_fails_the_whole_bulk_and_is_named() -> Result<()> {
    let db: Cases = fresh("bulk no key").await;
    db.ratios.bulk_add(&[Ratio { id: 0.5 }, Ratio { id: 1.5 }]).await?;
    let errors = [
        db.ratios.bulk_delete([0.5, f64::NAN]).await,
        db.ratios.bulk_get([0.5, f64::NAN]).await.map(|_| ()),
        db.ratios.bulk_add(&[Ratio { id: 2.5 }, Ratio { id: f64::NAN }]).await.map(|_| ()),
        db.ratios.bulk_put(&[Ratio { id: 2.5 }, Ratio { id: f64::NAN }]).await.map(|_| ()),
        db.ratios.bulk_update([0.5, f64::NAN].map(|id| (id, |r: &mut Ratio| r.id += 10.0))).await.map(|_| ()),
    ];
    for error in errors {
        assert!(matches!(&error, Err(Error::Data { table, row: Some(1), .. }) if table == "ratios"), "{error:?}");
    }
    assert_eq!(db.ratios.primary_keys().await?, [0.5, 1.5]);
    Ok(())
}
