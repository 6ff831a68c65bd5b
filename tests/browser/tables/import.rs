//! Imports: any number of rows, all of them or none, and how far they have come.

use std::cell::RefCell;
use std::rc::Rc;

use futures::future::{AbortHandle, Abortable, Aborted};
use futures::{FutureExt, StreamExt};
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Cases, Note, Num, Ratio, Unique, fresh, new_auto, note, unique, with_nums};
use crate::plain;

fn num(id: u32) -> Num {
    Num { id, v: id, s: format!("ä{id}"), z: None }
}

fn nums(ids: std::ops::Range<u32>) -> impl Iterator<Item = Num> + 'static {
    ids.map(num)
}

/// A row of `uniques` that clashes with none of another id.
fn row(id: u32) -> Unique {
    Unique { e: Vec::new(), ..unique(id) }
}

/// What an import tells of its progress.
type Told = Rc<RefCell<Vec<(usize, Option<usize>)>>>;

fn told(to: &Told) -> impl FnMut(indexie::ImportProgress) + 'static {
    let to = to.clone();
    move |progress| to.borrow_mut().push((progress.done, progress.total))
}

#[wasm_bindgen_test]
async fn all_rows_are_imported_in_their_order() -> Result<()> {
    let db: Cases = fresh("import").await;
    assert_eq!(db.nums.import(nums(0..3000)).await?, 3000);
    assert_eq!(db.nums.to_vec().await?, nums(0..3000).collect::<Vec<_>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_are_generated() -> Result<()> {
    let db: Cases = fresh("import generated").await;
    assert_eq!(db.autos.import((0..600).map(new_auto)).await?, 600);
    assert_eq!(db.autos.primary_keys().await?, (1..=600).collect::<Vec<_>>());
    assert_eq!(db.autos.add(&new_auto(1)).await?, 601);
    Ok(())
}

#[wasm_bindgen_test]
async fn nothing_is_imported_where_there_is_nothing() -> Result<()> {
    let db: Cases = fresh("import none").await;
    assert_eq!(db.nums.import(Vec::<Num>::new()).await?, 0);
    assert_eq!(db.notes.import_with_keys(Vec::<(&str, Note)>::new()).await?, 0);
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_are_imported_under_their_keys() -> Result<()> {
    let db: Cases = fresh("import keys").await;
    let rows = |text: &'static str| (0..700).map(move |at| (format!("{at:03}"), note(text)));
    assert_eq!(db.notes.import_with_keys(rows("first")).await?, 700);
    let again = db.notes.import_with_keys(rows("second")).await;
    assert!(matches!(&again, Err(Error::Constraint { key: Some(key), row: Some(0), .. }) if *key == "000".into()));
    assert_eq!(db.notes.import_with_keys(rows("third")).replacing().await?, 700);
    assert_eq!(db.notes.count().await?, 700);
    assert_eq!(db.notes.get("699").await?, Some(note("third")));
    Ok(())
}

#[wasm_bindgen_test]
async fn progress_only_grows_and_ends_at_the_total() -> Result<()> {
    let db: Cases = fresh("import progress").await;
    let progress = Told::default();
    db.nums.import(nums(0..2000)).on_progress(told(&progress)).await?;
    let all = progress.take();
    assert!(all.len() > 4, "{all:?}");
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{all:?}");
    assert!(all.iter().all(|(_, total)| *total == Some(2000)), "{all:?}");
    assert_eq!(all.last().map(|(done, _)| *done), Some(2000));

    let even = nums(2000..2100).filter(|num| num.id % 2 == 0);
    db.nums.import(even).on_progress(told(&progress)).await?;
    assert_eq!(progress.take(), [(50, None)], "a filter does not know how many it lets pass");
    Ok(())
}

#[wasm_bindgen_test]
async fn large_rows_make_small_parts() -> Result<()> {
    let db: Cases = fresh("import large").await;
    let progress = Told::default();
    let large = (0..20).map(|id| Num { s: "x".repeat(40_000), ..num(id) });
    db.nums.import(large).on_progress(told(&progress)).await?;
    assert_eq!(progress.borrow().len(), 10);
    assert_eq!(db.nums.count().await?, 20);
    Ok(())
}

#[wasm_bindgen_test]
async fn an_error_in_the_middle_names_the_row_and_leaves_nothing() -> Result<()> {
    let db: Cases = fresh("import fails").await;
    db.nums.add(&num(1700)).await?;
    let progress = Told::default();
    let error = db.nums.import(nums(0..3000)).on_progress(told(&progress)).await;
    assert!(
        matches!(&error, Err(Error::Constraint { table, index: None, key: Some(key), row: Some(1700) })
            if table == "nums" && *key == 1700.into()),
        "{error:?}"
    );
    assert!(progress.borrow().iter().all(|(done, _)| *done <= 1700));
    assert_eq!(db.nums.to_vec().await?, [num(1700)]);
    assert_eq!(db.nums.import(nums(0..1000)).await?, 1000, "the table is as good as before");
    Ok(())
}

#[wasm_bindgen_test]
async fn the_index_that_clashes_is_named_wherever_the_other_row_is() -> Result<()> {
    let db: Cases = fresh("import clash").await;
    db.uniques.add(&row(5000)).await?;
    let clash = async |at: u32, other: u32| {
        let rows = (0..1000).map(move |id| if id == at { Unique { b: other * 100, ..row(id) } } else { row(id) });
        match db.uniques.import(rows).await {
            Err(Error::Constraint { index: Some(index), row: Some(row), .. }) => (index, row),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(clash(700, 5000).await, ("b".into(), 700), "stored before");
    assert_eq!(clash(700, 3).await, ("b".into(), 700), "of an earlier part");
    assert_eq!(clash(700, 699).await, ("b".into(), 700), "of the same part");
    assert_eq!(clash(700, 701).await, ("b".into(), 701), "the later one of the two");
    assert_eq!(db.uniques.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_later_row_is_not_what_an_earlier_one_clashes_with() -> Result<()> {
    let db: Cases = fresh("import later").await;
    // Row 300 has the `b` of row 3, and the `a` of one that comes after it, in the same part or in the next one.
    for later in [301, 400] {
        let rows = move |id| match id {
            300 => Unique { a: 77, b: 300, ..row(300) },
            id if id == later => Unique { a: 77, ..row(id) },
            id => row(id),
        };
        for replacing in [false, true] {
            let import = db.uniques.import((0..1000).map(rows));
            let error = if replacing { import.replacing() } else { import }.await;
            assert!(
                matches!(&error, Err(Error::Constraint { index: Some(index), row: Some(300), .. }) if index == "b"),
                "{error:?}"
            );
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_cannot_be_stored_is_named() -> Result<()> {
    let db: Cases = fresh("import no key").await;
    let rows = (0..1000).map(|id| Ratio { id: if id == 800 { f64::NAN } else { id.into() } });
    let error = db.ratios.import(rows).await;
    assert!(matches!(&error, Err(Error::Data { row: Some(800), .. })), "{error:?}");
    assert!(db.ratios.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_that_are_there_are_replaced_if_that_is_wanted() -> Result<()> {
    let db = with_nums("import replacing").await?;
    assert_eq!(db.nums.import(nums(5..900)).replacing().await?, 895);
    assert_eq!(db.nums.get(5).await?, Some(num(5)));
    assert_eq!(db.nums.count().await?, 899);
    let twice = nums(5..900).chain([Num { s: "last".into(), ..num(5) }]);
    db.nums.import(twice).replacing().await?;
    assert_eq!(db.nums.get(5).await?.map(|num| num.s), Some("last".into()));
    Ok(())
}

#[wasm_bindgen_test]
async fn dropped_it_leaves_nothing_at_whatever_moment() -> Result<()> {
    let db = with_nums("import dropped").await?;
    drop(db.nums.import(nums(100..200)));
    for turns in [0, 1, 3, 10] {
        let mut running = db.nums.import(nums(100..100_000)).replacing();
        assert!((&mut running).now_or_never().is_none());
        for _ in 0..turns {
            plain::sleep(0).await;
            assert!((&mut running).now_or_never().is_none());
        }
        drop(running);
        assert_eq!(db.nums.count().await?, 9, "after {turns} turns");
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn it_can_be_stopped_by_what_hears_of_its_progress() -> Result<()> {
    let db: Cases = fresh("import stopped").await;
    let (stop, stopping) = AbortHandle::new_pair();
    let import = db.nums.import(nums(0..100_000)).on_progress(move |progress| {
        if progress.done > 2000 {
            stop.abort();
        }
    });
    assert_eq!(Abortable::new(import, stopping).await.map(|_| ()), Err(Aborted));
    assert!(db.nums.is_empty().await?);
    Ok(())
}

#[wasm_bindgen_test]
async fn whoever_reads_meanwhile_sees_all_of_it_or_nothing() -> Result<()> {
    let db: Cases = fresh("import beside").await;
    let mut import = db.nums.import(nums(0..2000));
    assert!((&mut import).now_or_never().is_none());
    let (imported, count) = futures::future::join(import, async {
        plain::sleep(5).await;
        db.nums.count().await
    })
    .await;
    assert_eq!(imported?, 2000);
    let count = count?;
    assert!(count == 0 || count == 2000, "{count}");
    Ok(())
}

#[wasm_bindgen_test]
async fn inside_a_transaction_it_is_part_of_that() -> Result<()> {
    let db: Cases = fresh("import inside").await;
    let seen = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums_| {
            nums_.add(&num(5000)).await?;
            let (imported, behind) = futures::future::join(nums_.import(nums(0..2000)), nums_.count()).await;
            assert_eq!(imported?, 2000);
            behind
        })
        .await?;
    assert_eq!(seen, 2001, "what is asked behind it sees it");
    let error = db
        .transaction(Mode::ReadWrite, &db.nums, async |nums_| {
            nums_.import(nums(6000..7000)).await?;
            Err::<(), _>(Error::user("enough"))
        })
        .await;
    assert!(matches!(error, Err(Error::User(_))));
    assert_eq!(db.nums.count().await?, 2001);
    Ok(())
}

#[wasm_bindgen_test]
async fn inside_a_transaction_that_goes_on_an_error_leaves_nothing_of_it() -> Result<()> {
    let db = with_nums("import inside fails").await?;
    let before = db.nums.to_vec().await?;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums_| {
        nums_.add(&num(5000)).await?;
        let added = nums_.import(nums(10..1500).chain([num(3)])).await;
        assert!(
            matches!(&added, Err(Error::Constraint { key: Some(key), row: Some(1490), .. }) if *key == 3.into()),
            "{added:?}"
        );
        assert_eq!(nums_.import(nums(20..30)).await?, 10, "the next one is as good");
        Ok(())
    })
    .await?;
    let expected: Vec<Num> = before.into_iter().chain(nums(20..30)).chain([num(5000)]).collect();
    assert_eq!(db.nums.to_vec().await?, expected);
    Ok(())
}

#[wasm_bindgen_test]
async fn inside_a_transaction_replaced_rows_come_back() -> Result<()> {
    let db: Cases = fresh("import inside replacing").await;
    db.uniques.bulk_add(&(0..1000).map(row).collect::<Vec<_>>()).await?;
    db.uniques.add(&Unique { a: 1, ..row(5000) }).await?;
    db.transaction(Mode::ReadWrite, &db.uniques, async |uniques| {
        let changed = (0..1000).map(|id| Unique { a: if id == 900 { 1 } else { 20_000 + id }, ..row(id) });
        let error = uniques.import(changed).replacing().await;
        assert!(
            matches!(&error, Err(Error::Constraint { index: Some(index), row: Some(900), .. }) if index == "a"),
            "{error:?}"
        );
        uniques.delete(5000).await
    })
    .await?;
    assert_eq!(db.uniques.to_vec().await?, (0..1000).map(row).collect::<Vec<_>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn dropped_inside_a_transaction_it_leaves_nothing_either() -> Result<()> {
    let db = with_nums("import inside dropped").await?;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums_| {
        let (stop, stopping) = AbortHandle::new_pair();
        let import = nums_.import(nums(5..50_000)).replacing().on_progress(move |progress| {
            if progress.done > 1000 {
                stop.abort();
            }
        });
        assert_eq!(Abortable::new(import, stopping).await.map(|_| ()), Err(Aborted));
        nums_.add(&num(100)).await
    })
    .await?;
    assert_eq!(db.nums.count().await?, 10);
    assert_eq!(db.nums.get(5).await?.map(|num| num.s), Some("s5".into()));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_write_of_many_rows_that_fails_at_its_end_leaves_nothing() -> Result<()> {
    let db: Cases = fresh("bulk sliced").await;
    db.nums.add(&num(4999)).await?;
    let rows: Vec<Num> = nums(0..5000).collect();
    let error = db.nums.bulk_add(&rows).await;
    assert!(matches!(&error, Err(Error::Constraint { row: Some(4999), .. })), "{error:?}");
    assert_eq!(db.nums.count().await?, 1);

    let caught = db
        .transaction(Mode::ReadWrite, &db.nums, async move |nums_| {
            let mut rows = rows;
            let (failed, behind) = futures::future::join(nums_.bulk_add(&rows), nums_.count()).await;
            assert!(matches!(failed, Err(Error::Constraint { row: Some(4999), .. })), "{failed:?}");
            rows.pop();
            assert_eq!(nums_.bulk_add(&rows).await?.len(), 4999);
            behind
        })
        .await?;
    assert_eq!(caught, 1, "what stood behind it waited until it was taken back");
    assert_eq!(db.nums.to_vec().await?, nums(0..5000).collect::<Vec<_>>());
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_write_that_fails_at_any_row_names_it_and_leaves_nothing() -> Result<()> {
    let db: Cases = fresh("bulk sliced anywhere").await;
    let rows: Vec<Num> = nums(0..3000).collect();
    for at in [0, 1, 1023, 1024, 1025, 2047, 2500] {
        db.nums.add(&num(at)).await?;
        let position = at as usize;
        let alone = db.nums.bulk_add(&rows).await;
        assert!(matches!(alone, Err(Error::Constraint { row: Some(row), .. }) if row == position), "{alone:?}");
        let rows = rows.clone();
        db.transaction(Mode::ReadWrite, &db.nums, async move |nums_| {
            let inside = nums_.bulk_add(&rows).await;
            assert!(matches!(inside, Err(Error::Constraint { row: Some(row), .. }) if row == position), "{inside:?}");
            Ok(())
        })
        .await?;
        assert_eq!(db.nums.primary_keys().await?, [at]);
        db.nums.delete(at).await?;
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_bulk_put_of_many_rows_is_undone_by_a_savepoint() -> Result<()> {
    let db: Cases = fresh("bulk sliced savepoint").await;
    let rows: Vec<Num> = nums(0..4000).collect();
    db.nums.bulk_put(&rows).await?;
    db.transaction(Mode::ReadWrite, &db.nums, async |nums_| {
        let changed: Vec<Num> = nums(0..4000).map(|num| Num { z: Some(1), ..num }).collect();
        let undone = nums_
            .transaction()
            .savepoint(async || {
                nums_.bulk_put(&changed).await?;
                Err::<(), _>(Error::user("back"))
            })
            .await;
        assert!(matches!(undone, Err(Error::User(_))), "{undone:?}");
        Ok(())
    })
    .await?;
    assert_eq!(db.nums.to_vec().await?, rows);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_live_query_sees_it_at_its_end() -> Result<()> {
    // Few enough to tell of each, and too many for that.
    for rows in [600, 6000] {
        let db: Cases = fresh("import live").await;
        let mut count = db.nums.count().live();
        let mut first = db.nums.order_by(|n| n.id).limit(1).live();
        assert_eq!(count.next().await.transpose()?, Some(0));
        assert_eq!(first.next().await.transpose()?, Some(vec![]));
        db.nums.import(nums(1..rows + 1)).await?;
        assert_eq!(count.next().await.transpose()?, Some(rows as usize));
        assert_eq!(first.next().await.transpose()?, Some(vec![Rc::new(num(1))]));
        db.nums.import(nums(0..700).map(|num| Num { v: 1, ..num })).replacing().await?;
        let wanted = [Rc::new(Num { v: 1, ..num(0) })];
        while first.next().await.transpose()?.is_some_and(|rows| rows != wanted) {}
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn a_guard_looks_at_each_row_and_may_refuse_all() -> Result<()> {
    let db: Cases = fresh("import guarded").await;
    db.nums.hook().before_add(|row: &mut Num| {
        row.z = Some(row.id);
        if row.id == 777 { Err(Error::user("not that one")) } else { Ok(()) }
    });
    let refused = db.nums.import(nums(0..1000)).await;
    assert!(matches!(refused, Err(Error::User(_))), "{refused:?}");
    assert!(db.nums.is_empty().await?);
    assert_eq!(db.nums.import(nums(0..700)).await?, 700);
    assert_eq!(db.nums.get(699).await?.and_then(|num| num.z), Some(699));
    let clash = db.nums.import((600..1200).rev().map(num)).await;
    assert!(matches!(&clash, Err(Error::Constraint { row: Some(500), .. })), "{clash:?}");
    assert_eq!(db.nums.count().await?, 700);
    Ok(())
}

#[wasm_bindgen_test]
async fn in_an_overlay_it_is_pending_as_a_whole() -> Result<()> {
    let db = with_nums("import overlay").await?;
    let tx = db.nums.start_transaction(Overlay::Standard);
    assert_eq!(tx.import(nums(100..700)).await?, 600);
    let clash = tx.import((1000..1400).chain([5]).map(num)).await;
    assert!(matches!(&clash, Err(Error::Constraint { row: Some(400), .. })), "{clash:?}");
    assert_eq!(tx.count().await?, 609);
    assert_eq!(db.nums.count().await?, 9);
    tx.commit().await?;
    assert_eq!(db.nums.count().await?, 609);
    Ok(())
}
