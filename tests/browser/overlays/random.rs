//! Random overlays, direct writes, commits, rollbacks and failing hooks: after every step what is seen is the stored rows with the
//! visible overlays over them, in the order of their start, and what is stored is what was committed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures::StreamExt;
use indexie::prelude::*;
use indexie::{LiveQuery, OverlayTransaction, Pending};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::fresh;
use crate::programs::{Chance, Program, Thing, Things, thing, things};

#[cfg(not(target_family = "wasm"))]
const ROUNDS: u64 = 40;
#[cfg(target_family = "wasm")]
const ROUNDS: u64 = 12;
const STEPS: u32 = 30;

/// So many reads are waited for what has to come: a machine that is busy may be slow to give it.
const PATIENCE: u32 = 1_000;

type Rows = BTreeMap<u32, Thing>;

/// An overlay, and what it is taken for.
struct Open {
    tx: OverlayTransaction<Table<Thing, Pending>>,
    visible: bool,
    /// What it found when it first touched a row, and what it makes of that.
    touched: BTreeMap<u32, (Option<Thing>, Option<Thing>)>,
}

/// A live query, and what it has given last.
struct Live {
    query: Query<Thing>,
    stream: LiveQuery<Vec<Rc<Thing>>>,
    given: Option<Vec<Rc<Thing>>>,
}

struct World {
    db: Things,
    stored: Rows,
    overlays: Vec<Open>,
    /// Whether there are hooks, and whether they fail.
    hooked: bool,
    fails: Rc<Cell<bool>>,
    live: Vec<Live>,
}

impl World {
    /// What is seen over the stored rows: of the first so many overlays those that are visible, and that one alone which is asked.
    fn seen(&self, until: usize, own: Option<usize>) -> Rows {
        let mut rows = self.stored.clone();
        for (at, open) in self.overlays.iter().enumerate().take(until) {
            if open.visible || own == Some(at) {
                for (id, (_, now)) in &open.touched {
                    match now {
                        Some(row) => rows.insert(*id, row.clone()),
                        None => rows.remove(id),
                    };
                }
            }
        }
        rows
    }

    /// Puts a row into an overlay of the model.
    fn touch(&mut self, at: usize, id: u32, now: Option<Thing>) {
        let found = self.seen(at, None).get(&id).cloned();
        let entry = self.overlays[at].touched.entry(id).or_insert((found, None));
        entry.1 = now;
    }

    /// Whether a commit of an overlay meets only what it has found.
    fn is_clean(&self, at: usize) -> bool {
        let touched = self.overlays[at].touched.iter();
        touched.filter(|(_, (found, now))| found != now).all(|(id, (found, _))| self.stored.get(id) == found.as_ref())
    }

    async fn step(&mut self, chance: &mut Chance) -> Result<String> {
        // Few of them, so that overlays and direct writes often meet.
        let id = 1 + chance.below(24);
        match chance.below(12) {
            0 | 1 if self.overlays.len() < 4 => {
                let visible = !chance.once_in(3);
                let kind = if visible { Overlay::Optimistic } else { Overlay::Standard };
                let tx = self.db.things.start_transaction(kind);
                self.overlays.push(Open { tx, visible, touched: BTreeMap::new() });
                Ok(format!("start {kind:?}"))
            }
            2 | 3 => {
                let row = thing(id, chance);
                self.db.things.put(&row).await?;
                self.stored.insert(id, row);
                Ok(format!("put {id}"))
            }
            4 => {
                let program = Program::random(chance);
                let found: Vec<u32> = {
                    let query = program.ask(&self.db.things).limit(3);
                    let ids = self.db.transaction(Mode::Read, &self.db.things, {
                        let program = program.clone();
                        async move |things| program.ask(&things).limit(3).primary_keys().await
                    });
                    let ids = ids.await?;
                    query.delete().await?;
                    ids
                };
                for id in &found {
                    self.stored.remove(id);
                }
                Ok(format!("delete {found:?}"))
            }
            kind if !self.overlays.is_empty() => {
                let at = chance.below(u32::try_from(self.overlays.len()).unwrap_or(1)) as usize;
                self.step_in(at, kind, id, chance).await
            }
            _ => Ok("nothing".to_owned()),
        }
    }

    async fn step_in(&mut self, at: usize, kind: u32, id: u32, chance: &mut Chance) -> Result<String> {
        let view = self.seen(at + 1, Some(at));
        let tx = &self.overlays[at].tx;
        match kind {
            5 | 6 => {
                let row = thing(id, chance);
                if chance.once_in(2) {
                    tx.put(&row).await?;
                } else {
                    let added = tx.add(&row).await;
                    assert_eq!(added.is_ok(), !view.contains_key(&id), "add {id}");
                    if added.is_err() {
                        return Ok(format!("add {id} in {at} clashes"));
                    }
                }
                self.touch(at, id, Some(row));
                Ok(format!("put {id} in {at}"))
            }
            7 => {
                let score = i32::try_from(chance.below(5)).unwrap_or(0) - 2;
                let updated = tx.update(id, move |row| row.score = score).await;
                match view.get(&id) {
                    Some(row) => {
                        let row = Thing { score, ..row.clone() };
                        assert_eq!(updated?, row);
                        if view.get(&id) != Some(&row) {
                            self.touch(at, id, Some(row));
                        }
                    }
                    None => assert!(matches!(updated, Err(Error::NotFound { .. }))),
                }
                Ok(format!("update {id} in {at}"))
            }
            8 => {
                let program = Program::random(chance);
                let query = program.ask(tx).limit(4);
                let found = query.primary_keys().await?;
                let modify = chance.once_in(2);
                if modify {
                    query.modify(|row| row.score += 7).await?;
                } else {
                    assert_eq!(query.delete().await?, found.len());
                }
                for id in &found {
                    let row = view.get(id).map(|row| Thing { score: row.score + 7, ..row.clone() });
                    self.touch(at, *id, row.filter(|_| modify));
                }
                Ok(format!("modify or delete {found:?} in {at}"))
            }
            9 => {
                self.overlays.remove(at).tx.rollback();
                Ok(format!("roll back {at}"))
            }
            _ => {
                let changes = self.overlays[at].touched.values().any(|(found, now)| found != now);
                let (clean, fails, over) = (self.is_clean(at), self.hooked && chance.once_in(4), chance.once_in(4));
                self.fails.set(fails);
                let open = self.overlays.remove(at);
                let done = if over { open.tx.commit_overwriting().await } else { open.tx.commit().await };
                self.fails.set(false);
                let expected = !changes || (!fails && (clean || over));
                assert_eq!(done.is_ok(), expected, "commit: {done:?}, clean {clean}, fails {fails}, over {over}");
                if expected && changes {
                    for (id, (found, now)) in open.touched.into_iter().filter(|(_, (found, now))| found != now) {
                        match now {
                            None => self.stored.remove(&id),
                            // Told to overwrite, it writes its own changes: the model has them where nothing else came.
                            Some(_) if over && self.stored.get(&id) != found.as_ref() => {
                                let row = self
                                    .db
                                    .transaction(Mode::Read, &self.db.things, async move |things| things.get(id).await);
                                row.await?.and_then(|row| self.stored.insert(id, row))
                            }
                            Some(row) => self.stored.insert(id, row),
                        };
                    }
                }
                Ok(format!("commit {at}: {}", done.is_ok()))
            }
        }
    }

    async fn check(&mut self, chance: &mut Chance, what: &str) -> Result<()> {
        let stored = self.db.transaction(Mode::Read, &self.db.things, async |things| things.to_vec().await).await?;
        assert_eq!(stored, self.stored.values().cloned().collect::<Vec<_>>(), "stored, {what}");
        let seen = self.seen(self.overlays.len(), None);
        assert_eq!(self.db.things.to_vec().await?, seen.values().cloned().collect::<Vec<_>>(), "seen, {what}");
        assert_eq!(self.db.things.count().await?, seen.len(), "counted, {what}");
        for (at, open) in self.overlays.iter().enumerate() {
            let own = self.seen(at + 1, Some(at));
            assert_eq!(open.tx.to_vec().await?, own.into_values().collect::<Vec<_>>(), "overlay {at}, {what}");
        }
        // Any query gives what it gives where all that is seen is stored.
        let plain: Things = indexie_tests::builder("overlay random, plain").build();
        plain.things.clear().await?;
        plain.things.bulk_add(seen.values()).await?;
        for _ in 0..3 {
            let program = Program::random(chance);
            let (query, expected) = (program.ask(&self.db.things), program.ask(&plain.things));
            assert_eq!(query.to_vec().await?, expected.to_vec().await?, "{program:?}, {what}\n{}", query.explain());
            assert_eq!(query.count().await?, expected.count().await?, "counted, {program:?}, {what}");
            assert_eq!(query.primary_keys().await?, expected.primary_keys().await?, "keys of {program:?}, {what}");
            assert_eq!(query.last().await?, expected.last().await?, "last of {program:?}, {what}");
        }
        for Live { query, stream, given } in &mut self.live {
            let expected: Vec<Rc<Thing>> = query.to_vec().await?.into_iter().map(Rc::new).collect();
            let mut patience = 0;
            while given.as_ref() != Some(&expected) && patience < PATIENCE {
                match futures::future::select(stream.next(), Box::pin(self.db.things.get(0).into_future())).await {
                    futures::future::Either::Left((item, _)) => *given = item.transpose()?,
                    futures::future::Either::Right(_) => patience += 1,
                }
            }
            assert_eq!(given.as_ref(), Some(&expected), "live, {what}");
        }
        Ok(())
    }
}

#[wasm_bindgen_test]
async fn what_is_seen_is_what_is_stored_and_what_lies_over_it() -> Result<()> {
    for seed in 1..=ROUNDS {
        let mut chance = Chance(seed);
        let db: Things = fresh("overlay random").await;
        let rows = things(&mut chance);
        db.things.bulk_add(&rows).await?;
        let fails = Rc::new(Cell::new(false));
        // Direct writes take another road where there are hooks.
        let hooked = chance.once_in(2);
        if hooked {
            let fail = |fails: &Rc<Cell<bool>>| if fails.get() { Err(HookError::new("no")) } else { Ok(()) };
            let (add, update, delete) = (fails.clone(), fails.clone(), fails.clone());
            db.things.hook().on_add(async move |_: Added<Thing>| fail(&add));
            db.things.hook().on_update(async move |_: Updated<Thing>| fail(&update));
            db.things.hook().on_delete(async move |_: Deleted<Thing>| fail(&delete));
        }
        let live = (0..3)
            .map(|_| {
                let query = Program::random(&mut chance).ask(&db.things);
                Live { stream: query.live(), query, given: None }
            })
            .collect();
        let stored = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut world = World { db, stored, overlays: Vec::new(), hooked, fails, live };
        let mut did = Vec::new();
        for _ in 0..STEPS {
            did.push(world.step(&mut chance).await?);
            world.check(&mut chance, &format!("seed {seed}: {}", did.join("; "))).await?;
        }
    }
    Ok(())
}

/// Another thread writes while overlays are written and rolled back: what is seen is what is stored in the end, with the overlays over it.
#[cfg(not(target_family = "wasm"))]
#[wasm_bindgen_test]
async fn what_other_threads_store_meanwhile_lies_beneath() -> Result<()> {
    for seed in 1..=120 {
        let mut chance = Chance(seed);
        let db: Things = fresh("overlay random elsewhere").await;
        db.things.bulk_add(&(1..=12).map(|id| thing(id, &mut chance)).collect::<Vec<_>>()).await?;
        let (mut live, mut given) = (db.things.order_by(|t| t.name).live(), Vec::new());
        let mut overlays = Vec::new();
        for step in 1..=15 {
            let (elsewhere, mut its_chance) = (db.clone(), Chance(chance.next()));
            let thread = std::thread::spawn(move || {
                futures::executor::block_on(async {
                    for _ in 0..4 {
                        let id = 1 + its_chance.below(8);
                        if its_chance.once_in(3) {
                            elsewhere.things.delete(id).await.expect("it can be deleted");
                        } else {
                            elsewhere.things.put(&thing(id, &mut its_chance)).await.expect("it can be put");
                        }
                    }
                });
            });
            let id = 1 + chance.below(8);
            if overlays.len() < 2 {
                overlays
                    .push((db.things.start_transaction(Overlay::Optimistic), BTreeMap::<u32, Option<Thing>>::new()));
            } else if chance.once_in(3) {
                let at = chance.below(2) as usize;
                overlays.remove(at).0.rollback();
            } else {
                let (tx, touched) = &mut overlays[chance.below(2) as usize];
                let row = thing(id, &mut chance);
                match chance.below(3) {
                    0 => {
                        tx.put(&row).await?;
                        touched.insert(id, Some(row));
                    }
                    1 => {
                        // What it finds may be gone by then.
                        if let Ok(row) = tx.update(id, move |row| row.score = 1_000 + step).await {
                            touched.insert(id, Some(row));
                        }
                    }
                    _ => {
                        tx.put(&row).await?;
                        tx.delete(id).await?;
                        touched.insert(id, None);
                    }
                }
            }
            thread.join().expect("it does not panic");
            let what = format!("seed {seed}, step {step}");
            let stored = db.transaction(Mode::Read, &db.things, async |things| things.to_vec().await).await?;
            let mut seen: Rows = stored.into_iter().map(|row| (row.id, row)).collect();
            for (id, row) in overlays.iter().flat_map(|(_, touched)| touched) {
                match row {
                    Some(row) => seen.insert(*id, row.clone()),
                    None => seen.remove(id),
                };
            }
            assert_eq!(db.things.to_vec().await?, seen.into_values().collect::<Vec<_>>(), "{what}");
            let expected: Vec<Rc<Thing>> =
                db.things.order_by(|t| t.name).to_vec().await?.into_iter().map(Rc::new).collect();
            for _ in 0..PATIENCE {
                if given == expected {
                    break;
                }
                let turn = Box::pin(db.things.get(0).into_future());
                if let futures::future::Either::Left((item, _)) = futures::future::select(live.next(), turn).await {
                    given = item.transpose()?.unwrap_or_default();
                }
            }
            assert_eq!(given, expected, "live, {what}");
        }
    }
    Ok(())
}
