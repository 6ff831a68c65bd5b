//! Random changes against random live queries: after every step what is kept is what a fresh query gives, the differences lead
//! to it, and rows that have not changed are the same ones.

use std::rc::Rc;

use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use indexie::prelude::*;
use indexie::{LiveChanges, LiveQuery};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::fresh;
use crate::programs::{Chance, Program, Thing, Things, thing, things};

#[cfg(not(target_family = "wasm"))]
const ROUNDS: u64 = 250;
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

/// One change, of whatever kind; says which.
async fn change(db: &Things, chance: &mut Chance) -> Result<String> {
    let id = 1 + chance.below(124);
    Ok(match chance.below(12) {
        0 | 1 => {
            db.things.put(&thing(id, chance)).await?;
            format!("put {id}")
        }
        2 => {
            let added = db.things.add(&thing(id, chance)).await;
            format!("add {id}: {}", added.is_ok())
        }
        3 => {
            db.things.delete(id).await?;
            format!("delete {id}")
        }
        4 => {
            let score = i32::try_from(chance.below(5)).unwrap_or(0) - 2;
            let updated = db.things.update(id, move |row| row.score = score).await;
            format!("update {id}: {}", updated.is_ok())
        }
        5 => {
            let to = 1 + chance.below(124);
            let moved = db.things.update(id, move |row| row.id = to).await;
            format!("move {id} to {to}: {}", moved.is_ok())
        }
        6 => {
            let rows: Vec<Thing> = (0..chance.below(30)).map(|_| thing(1 + chance.below(124), chance)).collect();
            db.things.bulk_put(&rows).await?;
            format!("bulk_put {:?}", rows.iter().map(|row| row.id).collect::<Vec<_>>())
        }
        7 => {
            let program = Program::random(chance);
            let count = program.ask(&db.things).limit(8).delete().await?;
            format!("delete {count} by {program:?}")
        }
        8 => {
            let program = Program::random(chance);
            let name = thing(id, chance).name;
            let count = program.ask(&db.things).modify(move |row| row.name.clone_from(&name)).await?;
            format!("modify {count} by {program:?}")
        }
        9 => {
            let rows: Vec<Thing> = (0..4).map(|_| thing(1 + chance.below(124), chance)).collect();
            let (aborts, undoes) = (chance.once_in(3), chance.once_in(2));
            let done = db
                .transaction(Mode::ReadWrite, &db.things, async move |things| {
                    things.put(&rows[0]).await?;
                    things.delete(rows[1].id).await?;
                    let tx = things.transaction();
                    let undone = tx.savepoint(async || {
                        things.bulk_put(&rows[1..]).await?;
                        if undoes { Err(Error::Stalled) } else { Ok(()) }
                    });
                    let _ = undone.await;
                    things.put(&rows[0]).await?;
                    if aborts { Err(Error::Stalled) } else { Ok(()) }
                })
                .await;
            format!("transaction: {}, with a savepoint undone: {undoes}", done.is_ok())
        }
        10 if chance.once_in(4) => {
            db.things.clear().await?;
            db.things.bulk_add(&things(chance)).await?;
            "clear and fill".to_owned()
        }
        _ => {
            let from = chance.below(120);
            let count = db.things.where_(|t| t.id).between(from..from + 4).delete().await?;
            format!("delete {count} from {from}")
        }
    })
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
