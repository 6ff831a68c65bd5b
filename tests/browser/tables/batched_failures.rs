//! Single operations that share a transaction, and some of which fail: each fails as it does alone, and the others do not notice.

use std::fmt::Debug;

use futures::future::{LocalBoxFuture, join, join_all, join4};
use futures::{FutureExt, TryFutureExt};
use indexie::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Auto, Cases, NewAuto, Unique, auto, fresh, new_auto, unique};
use crate::plain;

/// Rows 1 and 2 are in `uniques`.
async fn given(name: &str) -> Result<Cases> {
    let db: Cases = fresh(name).await;
    db.uniques.bulk_add(&[unique(1), unique(2)]).await?;
    Ok(db)
}

/// A row that clashes with no other one of its kind.
fn filler(id: u32) -> Unique {
    Unique { e: vec![], ..unique(id) }
}

/// What became of operations: their values, and for those that clashed the table, the index (`-` for the primary key) and
/// the key.
fn outcomes<R: Debug>(results: Vec<Result<R>>) -> Vec<String> {
    results.into_iter().map(outcome).collect()
}

fn outcome<R: Debug>(result: Result<R>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(Error::Constraint { table, index, key, row: None }) => {
            format!("{table} {} {key:?}", index.unwrap_or_else(|| "-".to_owned()))
        }
        Err(error) => format!("{error:?}"),
    }
}

#[wasm_bindgen_test]
async fn a_row_that_clashes_fails_alone_and_says_with_what() -> Result<()> {
    let db = given("batched clash").await?;
    let begun = plain::begun("");
    let rows = [
        unique(3),
        Unique { b: 200, ..unique(4) },
        unique(5),
        unique(1),
        Unique { d: 1, c: 1000, ..unique(6) },
        unique(7),
        Unique { e: vec![7], ..unique(8) },
    ];
    let results = join_all(rows.iter().map(|row| db.uniques.add(row))).await;
    let expected = [
        "3",
        "uniques b Some(Number(200.0))",
        "5",
        "uniques - Some(Number(1.0))",
        "uniques [c+d] Some(Array([Number(1000.0), Number(1.0)]))",
        "7",
        "uniques e Some(Number(7.0))",
    ];
    assert_eq!(outcomes(results), expected);
    assert_eq!(begun.writes(), 1);
    assert_eq!(db.uniques.to_vec().await?, [1, 2, 3, 5, 7].map(unique));
    Ok(())
}

#[wasm_bindgen_test]
async fn of_two_that_clash_with_one_another_the_second_one_fails() -> Result<()> {
    let db = given("batched two").await?;
    let rows = [unique(3), Unique { a: 30, ..unique(4) }, unique(3), unique(4), Unique { a: 40, ..unique(5) }];
    let results = join_all(rows.iter().map(|row| db.uniques.add(row))).await;
    let expected =
        ["3", "uniques a Some(Number(30.0))", "uniques - Some(Number(3.0))", "4", "uniques a Some(Number(40.0))"];
    assert_eq!(outcomes(results), expected);
    assert_eq!(db.uniques.to_vec().await?, [1, 2, 3, 4].map(unique));
    Ok(())
}

#[wasm_bindgen_test]
async fn the_clash_is_told_even_if_it_is_over_afterwards() -> Result<()> {
    let db = given("batched over").await?;
    let with_a = |id, a| Unique { a, ..unique(id) };
    let results = vec![
        db.uniques.add(&with_a(3, 10)).map_ok(|_| ()).boxed_local(),
        db.uniques.delete(1).boxed_local(),
        db.uniques.add(&with_a(3, 20)).map_ok(|_| ()).boxed_local(),
        db.uniques.put(&with_a(2, 21)).map_ok(|_| ()).boxed_local(),
        db.uniques.add(&with_a(3, 20)).map_ok(|_| ()).boxed_local(),
        db.uniques.put(&with_a(2, 20)).map_ok(|_| ()).boxed_local(),
        db.uniques.put(&with_a(2, 10)).map_ok(|_| ()).boxed_local(),
    ];
    let expected = [
        "uniques a Some(Number(10.0))",
        "()",
        "uniques a Some(Number(20.0))",
        "()",
        "()",
        "uniques a Some(Number(20.0))",
        "()",
    ];
    assert_eq!(outcomes(join_all(results).await), expected);
    assert_eq!(db.uniques.to_vec().await?, [with_a(2, 10), with_a(3, 20)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_clashes_uses_up_no_generated_key() -> Result<()> {
    let db: Cases = fresh("batched generated").await;
    let text = |u: &str| NewAuto { u: Some(u.to_owned()), v: None };
    let given = |id, u: &str| Auto { id, u: Some(u.to_owned()), v: None };
    let results = join_all([
        db.autos.add(&text("a")),
        db.autos.add(&text("a")),
        db.autos.add(&text("b")),
        db.autos.put(&text("a")),
        // Would move the generator.
        db.autos.add(&given(50, "a")),
        db.autos.put(&given(60, "b")),
        db.autos.add(&new_auto(1)),
        db.autos.add(&given(10, "c")),
        db.autos.add(&text("c")),
        db.autos.add(&text("d")),
    ])
    .await;
    let clash = |u: &str| format!("autos u Some(Text({u:?}))");
    let (a, b, c) = (clash("a"), clash("b"), clash("c"));
    assert_eq!(outcomes(results), ["1", &a, "2", &a, &a, &b, "3", "10", &c, "11"]);
    assert_eq!(db.autos.add(&new_auto(2)).await?, 12);
    assert_eq!(db.autos.primary_keys().await?, [1, 2, 3, 10, 11, 12]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_comes_after_rows_that_clash_sees_what_came_before() -> Result<()> {
    // With few of them, and with many.
    for others in [0, 20] {
        let db = given("batched order").await?;
        let (uniques, three) = (&db.uniques, unique(3));
        let many = |from: u32| join_all((from..from + others).map(|id| uniques.add(&filler(id))));
        let all: Vec<LocalBoxFuture<'_, String>> = vec![
            many(100).map(|_| String::new()).boxed_local(),
            uniques.add(&three).map(outcome).boxed_local(),
            uniques.add(&three).map(outcome).boxed_local(),
            uniques.get(3).map_ok(|row| row.is_some()).map(outcome).boxed_local(),
            many(200).map(|_| String::new()).boxed_local(),
            uniques.put(&Unique { d: 2, ..unique(3) }).map(outcome).boxed_local(),
            uniques.get(3).map_ok(|row| row.map(|row| row.d)).map(outcome).boxed_local(),
            db.transaction(Mode::ReadWrite, uniques, async |uniques| {
                let count = uniques.where_(|u| u.id).below(100).count().await?;
                uniques.delete(3).await?;
                Ok(count)
            })
            .map(outcome)
            .boxed_local(),
            uniques.add(&three).map(outcome).boxed_local(),
            uniques.add(&unique(4)).map(outcome).boxed_local(),
            many(300).map(|_| String::new()).boxed_local(),
            uniques.where_(|u| u.a).between(20..1000).primary_keys().map(outcome).boxed_local(),
        ];
        let expected =
            ["", "3", "uniques - Some(Number(3.0))", "true", "", "3", "Some(2)", "3", "3", "4", "", "[2, 3, 4]"];
        assert_eq!(join_all(all).await, expected);
        assert_eq!(db.uniques.count().await?, 4 + 3 * others as usize);
    }
    Ok(())
}

/// The first transaction that writes is aborted at its end, as on a full disk.
const FIRST: &str = "if (number === 1) transaction.commit = () => transaction.abort();";

#[wasm_bindgen_test]
async fn what_the_browser_undoes_is_done_again_one_by_one() -> Result<()> {
    let db = given("batched undone").await?;
    let begun = plain::begun(FIRST);
    let rows = [unique(3), unique(4), unique(3), unique(5)];
    let results = join_all(rows.iter().map(|row| db.uniques.add(row))).await;
    let expected = ["3", "4", "uniques - Some(Number(3.0))", "5"];
    assert_eq!(outcomes(results), expected);
    assert_eq!(db.uniques.to_vec().await?, [1, 2, 3, 4, 5].map(unique));
    drop(begun);

    // The batch, and then the third one alone.
    let begun = plain::begun("if ([1, 4].includes(number)) transaction.commit = () => transaction.abort();");
    let results = join_all((1..=4).map(|v| db.autos.add(&new_auto(v)))).await;
    assert_eq!(begun.writes(), 5);
    drop(begun);
    assert!(matches!(&results[2], Err(Error::Aborted { .. })), "{results:?}");
    let keys: Vec<u32> = results.into_iter().filter_map(Result::ok).collect();
    assert_eq!(keys, [1, 2, 3]);
    assert_eq!(db.autos.to_vec().await?, [auto(1, 1), auto(2, 2), auto(3, 4)]);
    Ok(())
}

#[wasm_bindgen_test]
async fn what_is_done_again_is_overtaken_by_nobody() -> Result<()> {
    let name = "batched overtaken";
    let db = given(name).await?;
    let other = indexie::Builder::<Cases>::new().name(name).build();
    other.open().await?;
    let with_d = |d| Unique { d, ..unique(3) };
    let begun = plain::begun(FIRST);
    let (writes, reads, later, last) = join4(
        join_all([with_d(5)].iter().chain(&(4..20).map(filler).collect::<Vec<_>>()).map(|row| db.uniques.put(row))),
        join(db.uniques.get(3), other.uniques.count()),
        join(db.uniques.update(3, |row| row.d += 1), other.uniques.put(&with_d(7))),
        join(
            db.uniques.get(3),
            db.transaction(Mode::Read, (&db.autos, &db.uniques), async |(_, uniques)| uniques.get(3).await),
        ),
    )
    .await;
    assert_eq!(begun.writes(), 1 + 17 + 2);
    drop(begun);
    assert_eq!(writes.into_iter().collect::<Result<Vec<u32>>>()?, (3..20).collect::<Vec<u32>>());
    assert_eq!((reads.0?, reads.1?), (Some(with_d(5)), 19));
    assert_eq!((later.0?, later.1?), (with_d(6), 3));
    assert_eq!((last.0?, last.1?), (Some(with_d(7)), Some(with_d(7))));
    assert_eq!(db.uniques.get(3).await?, Some(with_d(7)));
    Ok(())
}

#[wasm_bindgen_test]
async fn a_closed_database_is_still_there_for_what_has_to_be_done_again() -> Result<()> {
    let db = given("batched closed").await?;
    let begun = plain::begun(FIRST);
    let mut adds = join_all((3..20).map(|id| db.uniques.add(&filler(id)))).boxed_local();
    assert!((&mut adds).now_or_never().is_none());
    db.close();
    assert_eq!(adds.await.into_iter().collect::<Result<Vec<u32>>>()?, (3..20).collect::<Vec<u32>>());
    assert_eq!(begun.writes(), 18);
    drop(begun);
    db.open().await?;
    assert_eq!(db.uniques.count().await?, 19);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_row_that_the_browser_refuses_does_not_concern_the_others() -> Result<()> {
    let db = given("batched refused").await?;
    let second = "(calls => function (...row) { \
        if (++calls === 2) throw new DOMException('', 'QuotaExceededError'); \
        return original.apply(this, row); })(0)";
    let guard = plain::replaced("add", second);
    let begun = plain::begun("");
    let results = join_all((3..6).map(|id| db.uniques.add(&unique(id)))).await;
    drop(guard);
    assert_eq!(begun.writes(), 1);
    assert!(matches!(&results[1], Err(Error::QuotaExceeded { .. })), "{results:?}");
    assert_eq!(results.into_iter().filter_map(Result::ok).collect::<Vec<u32>>(), [3, 5]);
    // All of a batch.
    let guard = plain::replaced("add", "function () { throw new DOMException('', 'QuotaExceededError'); }");
    let results = join_all((6..9).map(|id| db.uniques.add(&unique(id)))).await;
    drop(guard);
    assert!(results.iter().all(|result| matches!(result, Err(Error::QuotaExceeded { .. }))), "{results:?}");
    let ratios = [1.0, f64::NAN, 2.0].map(|id| crate::fixtures::Ratio { id });
    let results = join_all(ratios.iter().map(|row| db.ratios.add(row))).await;
    assert!(matches!(&results[1], Err(Error::Data { table, row: None, .. }) if table == "ratios"), "{results:?}");
    assert_eq!(results.into_iter().filter_map(Result::ok).collect::<Vec<f64>>(), [1.0, 2.0]);
    assert_eq!(db.uniques.primary_keys().await?, [1, 2, 3, 5]);
    Ok(())
}

// A full disk may be told by a request too.
#[wasm_bindgen_test]
async fn a_failure_that_is_no_clash_sends_each_its_own_way() -> Result<()> {
    let db = given("batched strange").await?;
    let fails = "(calls => function (...row) { \
        const request = original.apply(this, row); \
        const value = new DOMException('', 'QuotaExceededError'); \
        if (++calls === 2) Object.defineProperty(request, 'error', { value }); \
        return request; })(0)";
    let guard = plain::replaced("add", fails);
    let begun = plain::begun("");
    let results = join_all((3..6).map(|id| db.uniques.add(&unique(id)))).await;
    drop(guard);
    assert_eq!(begun.writes(), 4);
    assert_eq!(outcomes(results), ["3", "4", "5"]);
    assert_eq!(db.uniques.count().await?, 5);
    Ok(())
}

// Firefox tells the page of every request's error that nobody takes.
#[wasm_bindgen_test]
async fn clashes_are_not_reported_to_the_page() -> Result<()> {
    let db = given("batched reported").await?;
    let of_db = db.clone();
    let reported = plain::reported(async move {
        let results = join_all([1, 3, 2, 4, 1].map(|id| of_db.uniques.add(&unique(id)))).await;
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 3);
    })
    .await;
    assert_eq!(reported, "");
    assert_eq!(db.uniques.count().await?, 4);
    Ok(())
}
