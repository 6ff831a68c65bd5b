//! Random changes against random live queries: after every step what is kept is what a fresh query gives, the differences lead
//! to it, and rows that have not changed are the same ones.

use std::rc::Rc;

use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use indexie::prelude::*;
use indexie::{LiveChanges, LiveQuery};
use indexie_tests::wasm_bindgen_test;

use crate::change::change;
use crate::fixtures::fresh;
use crate::programs::{Chance, Program, Thing, Things, things};

#[cfg(not(target_family = "wasm"))]
const ROUNDS: u64 = 100;
#[cfg(target_family = "wasm")]
const ROUNDS: u64 = 20;
const QUERIES: u64 = 6;
const STEPS: u32 = 12;

/// One query in all its live forms, each with what it has given last.
struct Watched {
    query: Query<Thing>,
    what: String,
    rows: Last<LiveQuery<Vec<Rc<Thing>>>, Vec<Rc<Thing>>>,
    changes: LiveChanges<Thing>,
    replayed: Vec<Rc<Thing>>,
    owned: Last<LiveQuery<Vec<Thing>>, Vec<Thing>>,
    first: Last<LiveQuery<Option<Thing>>, Option<Thing>>,
    last: Last<LiveQuery<Option<Thing>>, Option<Thing>>,
    count: Last<LiveQuery<usize>, usize>,
    is_empty: Last<LiveQuery<bool>, bool>,
    keys: Last<LiveQuery<Vec<u32>>, Vec<u32>>,
    closure: Last<LiveQuery<Vec<Thing>>, Vec<Thing>>,
}

struct Last<S, R> {
    stream: S,
    given: Option<R>,
}

impl<S: Stream<Item = Result<R>> + Unpin, R: PartialEq + std::fmt::Debug> Last<S, R> {
    fn new(stream: S) -> Self {
        Self { stream, given: None }
    }

    /// Takes what comes until it is what is expected, and then nothing.
    async fn comes_to(&mut self, db: &Things, expected: &R, what: &str) -> Result<()> {
        let mut patience = PATIENCE;
        while let Some(item) = within(db, patience, &mut self.stream).await {
            let item = item?;
            assert_ne!(self.given.as_ref(), Some(&item), "given twice, {what}");
            patience = if item == *expected { 2 } else { PATIENCE };
            self.given = Some(item);
        }
        assert_eq!(self.given.as_ref(), Some(expected), "{what}");
        Ok(())
    }

    /// The same, where it may be there already.
    async fn is(&mut self, db: &Things, expected: &R, what: &str) -> Result<()> {
        if self.given.as_ref() == Some(expected) {
            let item = within(db, 2, &mut self.stream).await.transpose()?;
            assert!(item.is_none(), "{item:?} is not {expected:?}, {what}");
            return Ok(());
        }
        self.comes_to(db, expected, what).await
    }
}

/// So many transactions are waited for what has to come.
const PATIENCE: u32 = 500;

/// What comes before so many transactions have been.
async fn within<S: Stream + Unpin>(db: &Things, transactions: u32, stream: &mut S) -> Option<S::Item> {
    let busy = Box::pin(async {
        for _ in 0..transactions {
            let counted = db.transaction(Mode::Read, &db.things, async |things| things.count().await);
            counted.await.expect("a count");
        }
    });
    match select(stream.next(), busy).await {
        Either::Left((item, _)) => item,
        Either::Right(_) => None,
    }
}

impl Watched {
    fn new(db: &Things, chance: &mut Chance) -> Self {
        let program = Program::random(chance);
        let query = program.ask(&db.things);
        let for_closure = query.clone();
        Self {
            what: format!("{program:?}\n{}", query.explain()),
            rows: Last::new(query.live()),
            changes: query.live_changes(),
            replayed: Vec::new(),
            owned: Last::new(query.to_vec().live()),
            first: Last::new(query.first().live()),
            last: Last::new(query.last().live()),
            count: Last::new(query.count().live()),
            is_empty: Last::new(query.is_empty().live()),
            keys: Last::new(query.primary_keys().live()),
            closure: Last::new(live_query(async move || for_closure.to_vec().await)),
            query,
        }
    }

    async fn check(&mut self, db: &Things, step: &str) -> Result<()> {
        let what = format!("{step}, {}", self.what);
        let before = self.rows.given.clone().unwrap_or_default();
        let expected = self.query.to_vec().await?;
        let shared: Vec<Rc<Thing>> = expected.iter().cloned().map(Rc::new).collect();
        self.rows.is(db, &shared, &format!("rows, {what}")).await?;
        for row in self.rows.given.iter().flatten() {
            let same = before.iter().find(|other| other.id == row.id && ***other == **row);
            assert!(same.is_none_or(|same| Rc::ptr_eq(same, row)), "row {} is another one, {what}", row.id);
        }
        let mut patience = if self.replayed == shared { 2 } else { PATIENCE };
        while let Some(changes) = within(db, patience, &mut self.changes).await {
            changes?.apply(&mut self.replayed);
            patience = if self.replayed == shared { 2 } else { PATIENCE };
        }
        assert_eq!(self.replayed, shared, "changes, {what}");
        self.owned.is(db, &expected, &format!("owned, {what}")).await?;
        self.first.is(db, &expected.first().cloned(), &format!("first, {what}")).await?;
        self.last.is(db, &expected.last().cloned(), &format!("last, {what}")).await?;
        self.count.is(db, &expected.len(), &format!("count, {what}")).await?;
        self.is_empty.is(db, &expected.is_empty(), &format!("is_empty, {what}")).await?;
        let ids: Vec<u32> = expected.iter().map(|row| row.id).collect();
        self.keys.is(db, &ids, &format!("primary_keys, {what}")).await?;
        self.closure.is(db, &expected, &format!("live_query, {what}")).await?;
        Ok(())
    }
}

#[wasm_bindgen_test]
async fn live_queries_give_what_fresh_ones_give() -> Result<()> {
    for seed in 1..=ROUNDS {
        let mut chance = Chance(seed);
        let db: Things = fresh("live random").await;
        db.things.bulk_add(&things(&mut chance)).await?;
        let mut watched: Vec<Watched> = (0..QUERIES).map(|_| Watched::new(&db, &mut chance)).collect();
        for query in &mut watched {
            query.check(&db, &format!("seed {seed}, first")).await?;
        }
        for step in 1..=STEPS {
            let did = change(&db, &mut chance).await?;
            for query in &mut watched {
                query.check(&db, &format!("seed {seed}, step {step}: {did}")).await?;
            }
        }
    }
    Ok(())
}

/// By another thread, in its own order: what is told from there comes to the same.
#[cfg(not(target_family = "wasm"))]
#[wasm_bindgen_test]
async fn live_queries_follow_what_other_threads_do() -> Result<()> {
    for seed in 1_001..=1_025 {
        let mut chance = Chance(seed);
        let db: Things = fresh("live random elsewhere").await;
        db.things.bulk_add(&things(&mut chance)).await?;
        let mut watched: Vec<Watched> = (0..QUERIES).map(|_| Watched::new(&db, &mut chance)).collect();
        for query in &mut watched {
            query.check(&db, &format!("seed {seed}, first")).await?;
        }
        for step in 1..=STEPS {
            let here = chance.once_in(3);
            let (elsewhere, mut its_chance) = (db.clone(), Chance(chance.next()));
            let thread = std::thread::spawn(move || {
                futures::executor::block_on(async {
                    for _ in 0..=its_chance.below(3) {
                        change(&elsewhere, &mut its_chance).await.expect("a change");
                    }
                });
            });
            if here {
                change(&db, &mut chance).await?;
            }
            thread.join().expect("it does not panic");
            for query in &mut watched {
                query.check(&db, &format!("seed {seed}, step {step}, here too: {here}")).await?;
            }
        }
    }
    Ok(())
}
