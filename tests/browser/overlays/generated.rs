//! Random overlays on a table with generated keys and a unique index: keys that are temporary, taken, given up, and replaced, in
//! overlays that stand on one another.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures::StreamExt;
use futures::future::{Either, select};
use indexie::prelude::*;
use indexie::{LiveChanges, LiveQuery, OverlayTransaction, Pending};
use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{Club, Member, NewMember, fresh};
use crate::programs::Chance;

#[cfg(not(target_family = "wasm"))]
const ROUNDS: u64 = 150;
#[cfg(target_family = "wasm")]
const ROUNDS: u64 = 15;
const STEPS: u32 = 40;
/// Few, so that they clash.
const EMAILS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// So many reads are waited for what has to come: a machine that is busy may be slow to give it.
const PATIENCE: u32 = 1_000;

type Rows = BTreeMap<u32, Member>;

struct Open {
    tx: OverlayTransaction<Table<Member, Pending>>,
    visible: bool,
    /// What it found when it first touched a row, and what it makes of that.
    touched: BTreeMap<u32, (Option<Member>, Option<Member>)>,
    /// The keys of its new rows.
    temporary: BTreeSet<u32>,
}

struct World {
    db: Club,
    stored: Rows,
    overlays: Vec<Open>,
    live: LiveQuery<Vec<Rc<Member>>>,
    given: Vec<Rc<Member>>,
    changes: LiveChanges<Member>,
    replayed: Vec<Rc<Member>>,
}

fn put(rows: &mut Rows, id: u32, row: Option<&Member>) {
    match row {
        Some(row) => rows.insert(id, row.clone()),
        None => rows.remove(&id),
    };
}

/// Whether another row has the address.
fn is_taken(rows: &Rows, email: &str, by_other_than: Option<u32>) -> bool {
    rows.values().any(|row| row.email == email && Some(row.id) != by_other_than)
}

fn assert_clash<R: std::fmt::Debug>(result: &Result<R>, expected: bool, what: &str) {
    match result {
        Err(Error::Constraint { index: Some(index), .. }) if index == "email" => assert!(expected, "{what} clashes"),
        Ok(_) => assert!(!expected, "{what} should clash"),
        other => panic!("{what}: {other:?}"),
    }
}

impl World {
    fn seen(&self, until: usize, own: Option<usize>) -> Rows {
        let mut rows = self.stored.clone();
        for (at, open) in self.overlays.iter().enumerate().take(until) {
            if open.visible || own == Some(at) {
                open.touched.iter().for_each(|(id, (_, now))| put(&mut rows, *id, now.as_ref()));
            }
        }
        rows
    }

    fn touch(&mut self, at: usize, id: u32, now: Option<Member>) {
        if now.is_none() && self.overlays[at].temporary.remove(&id) {
            self.overlays[at].touched.remove(&id);
            return;
        }
        let found = self.seen(at, None).get(&id).cloned();
        self.overlays[at].touched.entry(id).or_insert((found, None)).1 = now;
    }

    async fn step(&mut self, chance: &mut Chance) -> Result<String> {
        let email = (*chance.pick(&EMAILS)).to_owned();
        let age = chance.below(5);
        let new = NewMember { email: email.clone(), name: String::new(), age, tags: Vec::new() };
        if self.overlays.len() < 4 && chance.once_in(5) {
            let visible = !chance.once_in(3);
            let kind = if visible { Overlay::Optimistic } else { Overlay::Standard };
            let tx = self.db.members.start_transaction(kind);
            self.overlays.push(Open { tx, visible, touched: BTreeMap::new(), temporary: BTreeSet::new() });
            return Ok(format!("start {kind:?}"));
        }
        if self.overlays.is_empty() || chance.once_in(3) {
            return self.step_directly(&new, chance).await;
        }
        let at = chance.below(u32::try_from(self.overlays.len()).unwrap_or(1)) as usize;
        let view = self.seen(at + 1, Some(at));
        let id = view.keys().nth(chance.below(8) as usize).copied().unwrap_or(0);
        let tx = &self.overlays[at].tx;
        match chance.below(7) {
            0 | 1 => {
                let added = tx.add(&new).await;
                assert_clash(&added, is_taken(&view, &email, None), "an add");
                if let Ok(id) = added {
                    let NewMember { email, name, age, tags } = new;
                    self.overlays[at].temporary.insert(id);
                    self.touch(at, id, Some(Member { id, email, name, age, tags }));
                }
                Ok(format!("add {email} in {at}"))
            }
            2 | 3 if view.contains_key(&id) => {
                let to = email.clone();
                let updated = tx.update(id, move |row| (row.email, row.age) = (to, age)).await;
                // A row that stays as it is takes nothing.
                let changes = view.get(&id).is_some_and(|row| (&row.email, row.age) != (&email, age));
                assert_clash(&updated, changes && is_taken(&view, &email, Some(id)), "an update");
                if let Ok(row) = updated
                    && view.get(&id) != Some(&row)
                {
                    self.touch(at, id, Some(row));
                }
                Ok(format!("update {id} to {email} in {at}"))
            }
            4 if view.contains_key(&id) => {
                tx.delete(id).await?;
                self.touch(at, id, None);
                Ok(format!("delete {id} in {at}"))
            }
            5 => {
                self.overlays.remove(at).tx.rollback();
                Ok(format!("roll back {at}"))
            }
            _ => self.commit(at).await,
        }
    }

    async fn step_directly(&mut self, new: &NewMember, chance: &mut Chance) -> Result<String> {
        let (email, age) = (new.email.clone(), new.age);
        let id = self.stored.keys().nth(chance.below(6) as usize).copied().unwrap_or(0);
        match chance.below(3) {
            1 if id > 0 => {
                let to = email.clone();
                let updated = self.db.members.update(id, move |row| (row.email, row.age) = (to, age)).await;
                assert_clash(&updated, is_taken(&self.stored, &email, Some(id)), "a direct update");
                if let Ok(row) = updated {
                    self.stored.insert(id, row);
                }
                Ok(format!("update {id} to {email}"))
            }
            2 if id > 0 => {
                self.db.members.delete(id).await?;
                self.stored.remove(&id);
                Ok(format!("delete {id}"))
            }
            _ => {
                let added = self.db.members.add(new).await;
                assert_clash(&added, is_taken(&self.stored, &email, None), "a direct add");
                if let Ok(id) = added {
                    let NewMember { email, name, age, tags } = new.clone();
                    self.stored.insert(id, Member { id, email, name, age, tags });
                }
                Ok(format!("add {email}"))
            }
        }
    }

    async fn commit(&mut self, at: usize) -> Result<String> {
        let mut open = self.overlays.remove(at);
        open.touched.retain(|_, (found, now)| found != now);
        let old = open.touched.iter().filter(|(id, _)| !open.temporary.contains(id));
        let clean = old.clone().all(|(id, (found, _))| self.stored.get(id) == found.as_ref());
        let mut after = self.stored.clone();
        open.touched.iter().for_each(|(id, (_, now))| put(&mut after, *id, now.as_ref()));
        let unique = after.values().map(|row| &row.email).collect::<BTreeSet<_>>().len() == after.len();
        let done = open.tx.commit().await;
        match &done {
            Ok(_) => assert!(clean && unique, "clean: {clean}, unique: {unique}"),
            Err(Error::Conflict { .. }) => assert!(!clean),
            Err(Error::Constraint { .. }) => assert!(clean && !unique),
            Err(error) => return Err(error.clone()),
        }
        let Ok(committed) = done else { return Ok(format!("commit {at} fails")) };
        let keys: BTreeMap<u32, u32> = committed.keys(&self.db.members).into_iter().collect();
        assert_eq!(keys.keys().copied().collect::<BTreeSet<_>>(), open.temporary, "each temporary key is replaced");
        let under = |row: &Member, id: u32| Member { id, ..row.clone() };
        for (id, (_, now)) in &open.touched {
            let key = keys.get(id).copied().unwrap_or(*id);
            put(&mut self.stored, key, now.as_ref().map(|row| under(row, key)).as_ref());
        }
        for upper in &mut self.overlays[at..] {
            for (pending, key) in &keys {
                if let Some((found, now)) = upper.touched.remove(pending) {
                    let moved = |row: Option<Member>| row.map(|row| under(&row, *key));
                    upper.touched.insert(*key, (moved(found), moved(now)));
                }
            }
        }
        Ok(format!("commit {at}, {keys:?}"))
    }

    async fn check(&mut self, what: &str) -> Result<()> {
        let rows = |rows: &Rows| rows.values().cloned().collect::<Vec<_>>();
        let members = &self.db.members;
        let stored = self.db.transaction(Mode::Read, members, async |members| members.to_vec().await).await?;
        assert_eq!(stored, rows(&self.stored), "stored, {what}");
        let seen = self.seen(self.overlays.len(), None);
        assert_eq!(members.to_vec().await?, rows(&seen), "seen, {what}");
        for (at, open) in self.overlays.iter().enumerate() {
            assert_eq!(open.tx.to_vec().await?, rows(&self.seen(at + 1, Some(at))), "overlay {at}, {what}");
        }
        for (id, row) in &seen {
            let pending = self.overlays.iter().filter(|open| open.visible);
            let is_pending =
                pending.filter_map(|open| open.touched.get(id)).any(|(found, now)| found.as_ref() != now.as_ref());
            assert_eq!(members.is_pending(id), is_pending, "{id}, {what}");
            // Only overlays beneath another one can have the same address as that.
            if seen.values().filter(|other| other.email == row.email).count() == 1 {
                assert_eq!(members.get_by(|m| m.email, &row.email).await?.as_ref(), Some(row), "{what}");
            }
        }
        let mut expected: Vec<Rc<Member>> = seen.into_values().map(Rc::new).collect();
        expected.sort_by(|a, b| (&a.email, a.id).cmp(&(&b.email, b.id)));
        for _ in 0..PATIENCE {
            if self.given == expected && self.replayed == expected {
                break;
            }
            let turn = Box::pin(members.get(0).into_future());
            if let Either::Left((item, _)) = select(select(self.live.next(), self.changes.next()), turn).await {
                match item {
                    Either::Left((given, _)) => self.given = given.transpose()?.unwrap_or_default(),
                    Either::Right((changes, _)) => {
                        if let Some(changes) = changes.transpose()? {
                            changes.apply(&mut self.replayed);
                        }
                    }
                }
            }
        }
        assert_eq!(self.given, expected, "live, {what}");
        assert_eq!(self.replayed, expected, "live changes, {what}");
        Ok(())
    }
}

#[wasm_bindgen_test]
async fn generated_and_unique_keys_are_what_a_model_says() -> Result<()> {
    for seed in 1..=ROUNDS {
        let mut chance = Chance(seed);
        let db: Club = fresh("overlay generated").await;
        if chance.once_in(2) {
            // Direct writes take another road where there are hooks.
            db.members.hook().on_update(async |_: Updated<Member>| Ok(()));
        }
        let by_email = db.members.order_by(|m| m.email);
        let (live, changes) = (by_email.live(), by_email.live_changes());
        let (stored, overlays) = (Rows::new(), Vec::new());
        let mut world = World { db, stored, overlays, live, given: Vec::new(), changes, replayed: Vec::new() };
        let mut did = Vec::new();
        for _ in 0..STEPS {
            did.push(world.step(&mut chance).await?);
            world.check(&format!("seed {seed}: {}", did.join("; "))).await?;
        }
    }
    Ok(())
}
