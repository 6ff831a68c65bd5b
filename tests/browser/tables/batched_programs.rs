//! Random programs: all of their operations started together must come to the same as one after the other.
#![allow(clippy::cast_possible_truncation, reason = "small numbers")]

use std::fmt::Debug;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use indexie::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::fixtures::{Auto, Cases, NewAuto, fresh};
use crate::plain;

/// Numbers that look random, the same ones for a seed.
struct Random(u32);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % end
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(NewAuto),
    AddWithId(Auto),
    Put(Auto),
    PutNew(NewAuto),
    Delete(u32),
    Clear,
    Get(u32),
    Count,
    Keys,
    BulkAdd(Vec<NewAuto>),
    DeleteBelow(u32),
    Update(u32, u32),
    Modify(u32),
    Transaction {
        rows: Vec<NewAuto>,
        fails: bool,
    },
    /// Lets the browser do something in between.
    Pause,
}

/// Which steps a program has.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Writes,
    WritesAndReads,
    Everything,
}

/// Few keys and values, so that they clash.
fn step(random: &mut Random, kind: Kind) -> Step {
    let id = 1 + random.below(12);
    let u = (random.below(4) > 0).then(|| char::from(b'a' + random.below(8) as u8).to_string());
    let v = Some(random.below(3));
    let (new, row) = (NewAuto { u: u.clone(), v }, Auto { id, u, v });
    let last = match kind {
        Kind::Writes => 40,
        Kind::WritesAndReads => 44,
        Kind::Everything => 52,
    };
    match random.below(last) {
        0..14 => Step::Add(new),
        14..20 => Step::AddWithId(row),
        20..28 => Step::Put(row),
        28..32 => Step::PutNew(new),
        32..39 => Step::Delete(id),
        39 => Step::Clear,
        40 => Step::Get(id),
        41 => Step::Count,
        42 => Step::Keys,
        43 => Step::Pause,
        44 | 45 => Step::BulkAdd(vec![new.clone(), NewAuto { u: None, v }, new]),
        46 => Step::DeleteBelow(id),
        47 | 48 => Step::Update(id, random.below(9)),
        49 => Step::Modify(random.below(9)),
        _ => Step::Transaction { rows: vec![new.clone(), NewAuto { u: None, ..new }], fails: random.below(2) == 0 },
    }
}

fn program(seed: u32, kind: Kind) -> Vec<Step> {
    let mut random = Random(seed.wrapping_mul(2_654_435_761).max(1));
    let length = 10 + random.below(60);
    (0..length).map(|_| step(&mut random, kind)).collect()
}

/// What a step came to. Which key it was that clashed, an operation alone finds out afterwards; by then what was started with it
/// may have changed that.
fn shown<R: Debug>(result: Result<R>, exact: bool) -> String {
    match result {
        Err(Error::Constraint { table, .. }) if !exact => format!("clash in {table}"),
        other => format!("{other:?}"),
    }
}

/// Starts with its first poll.
fn started(db: &Cases, step: Step, exact: bool) -> LocalBoxFuture<'static, String> {
    let db = db.clone();
    async move {
        let autos = &db.autos;
        match step {
            Step::Add(row) => shown(autos.add(&row).await, exact),
            Step::AddWithId(row) => shown(autos.add(&row).await, exact),
            Step::Put(row) => shown(autos.put(&row).await, exact),
            Step::PutNew(row) => shown(autos.put(&row).await, exact),
            Step::Delete(id) => shown(autos.delete(id).await, exact),
            Step::Clear => shown(autos.clear().await, exact),
            Step::Get(id) => shown(autos.get(id).await, exact),
            Step::Count => shown(autos.count().await, exact),
            Step::Keys => shown(autos.order_by(|a| a.u).primary_keys().await, exact),
            Step::BulkAdd(rows) => shown(autos.bulk_add(&rows).await, exact),
            Step::DeleteBelow(id) => shown(autos.where_(|a| a.id).below(id).delete().await, exact),
            Step::Update(id, v) => shown(autos.update(id, move |a| a.v = Some(v)).await, exact),
            Step::Modify(v) => shown(autos.where_(|a| a.id).above(3).modify(move |a| a.v = Some(v)).await, exact),
            Step::Transaction { rows, fails } => {
                let body = async move |autos: Table<Auto, _>| {
                    let keys = autos.bulk_add(&rows).await?;
                    let count = autos.count().await?;
                    if fails { Err(Error::user("enough")) } else { Ok((keys, count)) }
                };
                shown(db.transaction(Mode::ReadWrite, &db.autos, body).await, exact)
            }
            Step::Pause => String::new(),
        }
    }
    .boxed_local()
}

async fn together(db: &Cases, program: &[Step], exact: bool) -> Vec<String> {
    let mut all = Vec::new();
    for step in program {
        if let Step::Pause = step {
            plain::sleep(0).await;
        }
        let mut future = started(db, step.clone(), exact);
        all.push(match (&mut future).now_or_never() {
            Some(done) => async { done }.boxed_local(),
            None => future,
        });
    }
    futures::future::join_all(all).await
}

async fn in_turn(db: &Cases, program: &[Step], exact: bool) -> Vec<String> {
    let mut all = Vec::new();
    for step in program {
        all.push(started(db, step.clone(), exact).await);
    }
    all
}

/// Runs programs both ways, on tables that go on from one to the next, their generated keys too.
async fn compare(name: &str, seeds: std::ops::Range<u32>, kind: Kind, exact: bool, sabotage: &str) -> Result<()> {
    let (one, other): (Cases, Cases) =
        (fresh(&format!("{name} together")).await, fresh(&format!("{name} in turn")).await);
    one.open().await?;
    for seed in seeds {
        let program = program(seed, kind);
        let begun = plain::begun(sabotage);
        let results = together(&one, &program, exact).await;
        let transactions = begun.writes();
        drop(begun);
        let expected = in_turn(&other, &program, exact).await;
        for (at, (result, expected)) in results.iter().zip(&expected).enumerate() {
            assert_eq!(result, expected, "seed {seed}, step {at} of {program:#?}");
        }
        assert_eq!(one.autos.to_vec().await?, other.autos.to_vec().await?, "seed {seed}");
        if kind == Kind::Writes {
            assert!(transactions <= 3, "{transactions} transactions for seed {seed}");
        }
    }
    Ok(())
}

#[wasm_bindgen_test]
async fn writes_come_to_the_same_together_and_in_turn() -> Result<()> {
    compare("programs writes", 1..40, Kind::Writes, true, "").await
}

#[wasm_bindgen_test]
async fn everything_comes_to_the_same_together_and_in_turn() -> Result<()> {
    compare("programs everything", 100..130, Kind::Everything, false, "").await
}

/// Every second batch is aborted at its end, as on a full disk. A write alone is committed at once, a batch later.
const BATCHES: &str = "let alone = true; \
    queueMicrotask(() => { alone = false; }); \
    transaction.commit = () => { \
      if (alone || number % 2 === 0) IDBTransaction.prototype.commit.call(transaction); \
      else transaction.abort(); \
    };";

#[wasm_bindgen_test]
async fn batches_that_the_browser_undoes_come_to_the_same() -> Result<()> {
    compare("programs undone", 200..225, Kind::WritesAndReads, false, BATCHES).await
}
