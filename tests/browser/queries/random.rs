//! Random queries against a naive evaluation of the same over a vector: every clause, modifier and terminal, combined.

use std::cell::RefCell;
use std::rc::Rc;

use futures::TryStreamExt;
use indexie::prelude::*;
use indexie::{Access, Cursor};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::fresh;
use crate::programs::{Chance, Column, Program, Thing, Things, Value, keys_of, things};

/// Every terminal gives what the model gives.
async fn agrees<A: Access>(table: &Table<Thing, A>, rows: &[Thing], program: &Program, seed: u64) -> Result<()> {
    let query = program.ask(table);
    let what = format!("seed {seed}: {program:?}\n{}", query.explain());
    let expected = program.rows(rows);
    let ids: Vec<u32> = expected.iter().map(|row| row.id).collect();

    assert_eq!(query.primary_keys().await?, ids, "primary_keys, {what}");
    assert_eq!(query.to_vec().await?, expected, "to_vec, {what}");
    assert_eq!(query.count().await?, expected.len(), "count, {what}");
    assert_eq!(query.is_empty().await?, expected.is_empty(), "is_empty, {what}");
    assert_eq!(query.first().await?, expected.first().cloned(), "first, {what}");
    assert_eq!(query.last().await?, expected.last().cloned(), "last, {what}");
    let entries: Vec<(u32, Thing)> = expected.iter().map(|row| (row.id, row.clone())).collect();
    assert_eq!(query.entries().await?, entries, "entries, {what}");
    assert_eq!(keys_of(&query, program.column(), false).await?, program.keys(rows), "keys, {what}");
    assert_eq!(keys_of(&query, program.column(), true).await?, program.unique_keys(rows), "unique_keys, {what}");
    let streamed: Vec<Thing> = query.stream().try_collect().await?;
    assert_eq!(streamed, expected, "stream, {what}");
    let each = Rc::new(RefCell::new(Vec::new()));
    let into = each.clone();
    query.each(async move |row: Thing| into.borrow_mut().push(row.id)).await?;
    assert_eq!(each.take(), ids, "each, {what}");
    Ok(())
}

/// Pages of the query without its window are the rows of it, and what comes after one of them has the window.
async fn pages_agree<A: Access>(
    table: &Table<Thing, A>,
    rows: &[Thing],
    program: &Program,
    size: usize,
    what: &str,
) -> Result<()> {
    let whole = program.without_windows();
    let query = whole.ask(table);
    let expected = whole.rows(rows);
    let (mut read, mut cursors): (Vec<Thing>, Vec<Cursor>) = (Vec::new(), Vec::new());
    let mut page = query.page(size).await?;
    loop {
        read.extend(page.rows);
        let Some(cursor) = page.next else { break };
        page = query.after(cursor.clone()).page(size).await?;
        cursors.push(cursor);
    }
    assert_eq!(read, expected, "pages of {size}, {what}");
    let Some(cursor) = cursors.into_iter().next() else { return Ok(()) };

    let rest: Vec<Thing> = program.window(expected[size..].to_vec());
    let after = program.ask(table).after(cursor);
    let ids: Vec<u32> = rest.iter().map(|row| row.id).collect();
    assert_eq!(after.primary_keys().await?, ids, "primary_keys after {size}, {what}");
    assert_eq!(after.to_vec().await?, rest, "to_vec after {size}, {what}");
    assert_eq!(after.count().await?, rest.len(), "count after {size}, {what}");
    assert_eq!(after.first().await?, rest.first().cloned(), "first after {size}, {what}");
    assert_eq!(after.last().await?, rest.last().cloned(), "last after {size}, {what}");
    let streamed: Vec<Thing> = after.stream().try_collect().await?;
    assert_eq!(streamed, rest, "stream after {size}, {what}");
    if whole.column() != Column::Tags {
        let keys: Vec<Value> = program
            .window(whole.places(rows, true).split_off(size))
            .into_iter()
            .map(|((key, _), _)| whole.column().part(&key))
            .collect();
        assert_eq!(keys_of(&after, whole.column(), false).await?, keys, "keys after {size}, {what}");
    }
    Ok(())
}

async fn stored(name: &str, rows: &[Thing]) -> Result<Things> {
    let db: Things = fresh(name).await;
    db.things.bulk_add(rows).await?;
    Ok(db)
}

#[wasm_bindgen_test]
async fn random_queries_give_what_they_say() -> Result<()> {
    let mut chance = Chance(1);
    let rows = things(&mut chance);
    let db = stored("random queries", &rows).await?;
    for seed in 1..=400 {
        let program = Program::random(&mut Chance(seed));
        agrees(&db.things, &rows, &program, seed).await?;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn random_queries_give_the_same_inside_a_transaction() -> Result<()> {
    let mut chance = Chance(2);
    let rows = things(&mut chance);
    let db = stored("random queries in a transaction", &rows).await?;
    db.transaction(Mode::Read, &db.things, async move |table| {
        for seed in 1_001..=1_100 {
            let program = Program::random(&mut Chance(seed));
            agrees(&table, &rows, &program, seed).await?;
        }
        Ok(())
    })
    .await
}

#[wasm_bindgen_test]
async fn random_queries_are_read_page_by_page() -> Result<()> {
    let mut chance = Chance(3);
    let rows = things(&mut chance);
    let db = stored("random pages", &rows).await?;
    for seed in 2_001..=2_300 {
        let mut chance = Chance(seed);
        let program = Program::random(&mut chance);
        if program.is_sorted() {
            continue;
        }
        let size = 1 + chance.below(9) as usize;
        let what = format!("seed {seed}: {program:?}\n{}", program.ask(&db.things).explain());
        pages_agree(&db.things, &rows, &program, size, &what).await?;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn random_queries_delete_and_change_what_they_find() -> Result<()> {
    let mut chance = Chance(4);
    let rows = things(&mut chance);
    let db = stored("random writes", &rows).await?;
    for seed in 3_001..=3_120 {
        let program = Program::random(&mut Chance(seed));
        let query = program.ask(&db.things);
        let what = format!("seed {seed}: {program:?}\n{}", query.explain());
        let found = program.rows(&rows);
        let is_found = |row: &&Thing| found.iter().any(|other| other.id == row.id);

        assert_eq!(query.modify(|row| row.score += 100).await?, found.len(), "modify, {what}");
        let changed = db.things.filter(|row| row.score >= 50).primary_keys().await?;
        let expected: Vec<u32> = rows.iter().filter(is_found).map(|row| row.id).collect();
        assert_eq!(changed, expected, "modify, {what}");
        db.things.bulk_put(&rows).await?;

        assert_eq!(query.delete().await?, found.len(), "delete, {what}");
        let left = db.things.to_vec().await?;
        let expected: Vec<Thing> = rows.iter().filter(|row| !is_found(row)).cloned().collect();
        assert_eq!(left, expected, "delete, {what}");
        db.things.bulk_put(&rows).await?;
    }
    Ok(())
}
