//! Random overlays, and a server that writes beneath them: after every step each overlay sees the server's rows with what is
//! pending, and live queries give what a new query gives.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use futures::executor::block_on;
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use indexie::prelude::*;

use super::set_synced;
use super::tests::{Person, Town, open, person};
use crate::table::Pending;
use crate::{LiveChanges, LiveQuery, OverlayTransaction};

const ROUNDS: u64 = 60;
const STEPS: u32 = 40;
/// So many reads are waited for what has to come.
pub(super) const PATIENCE: u32 = 200;

type Rows = BTreeMap<u32, Person>;
type Entries = BTreeMap<u32, Entry>;

/// The same numbers in every run: `SplitMix64`.
pub(super) struct Chance(pub u64);

impl Chance {
    /// A position in something of this length.
    pub fn at(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap_or(1)) as usize
    }

    pub fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(end)).unwrap_or(0)
    }

    /// Of few values, so that the server often does what is pending.
    fn person(&mut self, id: u32) -> Person {
        let note = [None, Some("x"), Some("y")][self.below(3) as usize].map(str::to_owned);
        Person { note, ..person(id, ["a", "b", "c"][self.below(3) as usize], self.below(3)) }
    }

    fn change(&mut self, row: &Person) -> Person {
        let other = self.person(row.id);
        match self.below(3) {
            0 => Person { name: other.name, ..row.clone() },
            1 => Person { age: other.age, ..row.clone() },
            _ => Person { note: other.note, ..row.clone() },
        }
    }
}

/// What an overlay is taken to have pending of a row.
#[derive(Clone, Debug)]
struct Entry {
    beneath: Option<Person>,
    now: Option<Person>,
    whole: bool,
    gone: Option<Person>,
    /// When it was first touched.
    sequence: u32,
}

impl Entry {
    fn is_change(&self) -> bool {
        self.beneath != self.now
    }

    fn rebase(&mut self, beneath: Option<&Person>) {
        if self.beneath.as_ref() == beneath {
            return;
        }
        if !self.is_change() {
            (self.now, self.whole, self.gone) = (beneath.cloned(), false, None);
        } else if let Some(now) = &mut self.now {
            match (&self.beneath, beneath) {
                (Some(found), None) => {
                    self.gone = (!self.whole).then(|| found.clone());
                    self.whole = true;
                }
                (None, Some(beneath)) => {
                    self.whole = false;
                    *now = self.gone.take().map_or_else(|| now.clone(), |found| changed(beneath, &found, now));
                }
                (Some(found), Some(beneath)) if !self.whole => *now = changed(beneath, found, now),
                _ => {}
            }
        }
        self.beneath = beneath.cloned();
    }
}

fn changed(stored: &Person, before: &Person, after: &Person) -> Person {
    fn field<T: PartialEq + Clone>(stored: &T, before: &T, after: &T) -> T {
        if before == after { stored.clone() } else { after.clone() }
    }
    Person {
        id: stored.id,
        name: field(&stored.name, &before.name, &after.name),
        age: field(&stored.age, &before.age, &after.age),
        note: field(&stored.note, &before.note, &after.note),
    }
}

struct Open {
    tx: Rc<OverlayTransaction<Table<Person, Pending>>>,
    visible: bool,
    entries: Entries,
    savepoint: Option<Entries>,
}

/// Rows as they are to be stored.
type Writes = Vec<(u32, Option<Person>)>;

/// A row before, and after.
type Event = (Option<Person>, Option<Person>);

/// What the server does while a hook is called.
#[derive(Clone, Debug)]
enum Meanwhile {
    /// It takes what the hook tells it.
    Echo,
    Writes(Writes),
}

/// What hooks have heard, and what the server does at each call.
#[derive(Clone)]
struct Hooks {
    heard: Rc<RefCell<Vec<Event>>>,
    plan: Rc<RefCell<VecDeque<Meanwhile>>>,
    server: Town,
}

impl Hooks {
    fn of(db: &Town, server: &Town) -> Self {
        let hooks = Self { heard: Rc::default(), plan: Rc::default(), server: server.clone() };
        let (added, updated, deleted) = (hooks.clone(), hooks.clone(), hooks.clone());
        db.people.hook().on_add(async move |e: Added<Person>| added.hears(None, Some(e.item)).await);
        db.people.hook().on_update(async move |e: Updated<Person>| updated.hears(Some(e.old), Some(e.new)).await);
        db.people.hook().on_delete(async move |e: Deleted<Person>| deleted.hears(Some(e.item), None).await);
        hooks
    }

    async fn hears(&self, old: Option<Person>, new: Option<Person>) -> Result<(), HookError> {
        self.heard.borrow_mut().push((old.clone(), new.clone()));
        let meanwhile = self.plan.borrow_mut().pop_front();
        store(&self.server, meanwhile.map(|meanwhile| meanwhile.writes((old, new))).unwrap_or_default()).await?;
        Ok(())
    }
}

impl Meanwhile {
    fn writes(self, (old, new): Event) -> Writes {
        let id = old.or(new.clone()).map_or(0, |row| row.id);
        match self {
            Self::Echo => vec![(id, new)],
            Self::Writes(writes) => writes,
        }
    }
}

async fn store(writer: &Town, rows: Writes) -> Result<()> {
    let body = async move |people: Table<Person, _>| {
        for (id, row) in rows {
            match row {
                Some(row) => drop(people.put(&row).await?),
                None => people.delete(id).await?,
            }
        }
        Ok(())
    };
    writer.transaction(Mode::ReadWrite, &writer.people, body).await
}

/// A query, and what it has given last as a live one.
type Live = (Query<Person>, LiveQuery<Vec<Rc<Person>>>, Vec<Rc<Person>>);

pub(super) struct World {
    pub db: Town,
    pub server: Town,
    stored: Rows,
    overlays: Vec<Open>,
    hooks: Option<Hooks>,
    touched: u32,
    live: Vec<Live>,
    changes: (LiveChanges<Person>, Vec<Rc<Person>>),
}

impl World {
    pub async fn new(chance: &mut Chance) -> Result<Self> {
        let (db, server) = (open("model"), open("model"));
        server.delete().await?;
        set_synced(&db.people.shared, db.people.store, true);
        let stored: Rows = (1..=6).map(|id| (id, chance.person(id))).collect();
        server.people.bulk_put(stored.values()).await?;
        let queries = [db.people.order_by(|p| p.age), db.people.where_(|p| p.name).above("a"), db.people.limit(3)];
        let live = queries.map(|query| (query.clone(), query.live(), Vec::new())).into();
        let changes = (db.people.order_by(|p| p.name).live_changes(), Vec::new());
        let hooks = (chance.below(2) == 0).then(|| Hooks::of(&db, &server));
        Ok(Self { db, server, stored, overlays: Vec::new(), hooks, touched: 0, live, changes })
    }

    /// What is beneath an overlay, or seen by everyone.
    fn beneath(&self, at: usize, id: u32) -> Option<Person> {
        let mut shown = self.overlays[..at].iter().rev().filter(|open| open.visible);
        let entry = shown.find_map(|open| open.entries.get(&id));
        entry.map_or_else(|| self.stored.get(&id).cloned(), |entry| entry.now.clone())
    }

    fn view(&self, at: usize, own: Option<&Entries>) -> Rows {
        let seen = |id: u32| match own.and_then(|own| own.get(&id)) {
            Some(entry) => entry.now.clone(),
            None => self.beneath(at, id),
        };
        (1..=12).filter_map(|id| Some((id, seen(id)?))).collect()
    }

    fn restack(&mut self, ids: impl IntoIterator<Item = u32>) {
        for id in ids {
            self.restack_one(id);
        }
    }

    fn restack_one(&mut self, id: u32) {
        for at in 0..self.overlays.len() {
            let beneath = self.beneath(at, id);
            let Open { entries, savepoint, .. } = &mut self.overlays[at];
            for entries in savepoint.iter_mut().chain([entries]) {
                if let Some(entry) = entries.get_mut(&id) {
                    entry.rebase(beneath.as_ref());
                }
            }
        }
    }

    fn writes(&self, chance: &mut Chance) -> Writes {
        let mut rows = Writes::new();
        for _ in 0..=chance.below(3) {
            let id = 1 + chance.below(8);
            let row = match (self.stored.get(&id), chance.below(5)) {
                (_, 0) => None,
                (Some(row), 1..=3) => Some(chance.change(row)),
                _ => Some(chance.person(id)),
            };
            if !rows.iter().any(|(of, _)| *of == id) {
                rows.push((id, row));
            }
        }
        rows
    }

    fn has_stored(&mut self, rows: Writes) {
        let ids: Vec<u32> = rows.iter().map(|(id, _)| *id).collect();
        for (id, row) in rows {
            match row {
                Some(row) => self.stored.insert(id, row),
                None => self.stored.remove(&id),
            };
        }
        self.restack(ids);
    }

    async fn server_writes(&mut self, chance: &mut Chance) -> Result<String> {
        let rows = self.writes(chance);
        // This tab may be the one that syncs.
        let writer = if self.hooks.is_some() || chance.below(2) == 0 { &self.server } else { &self.db };
        store(writer, rows.clone()).await?;
        self.has_stored(rows.clone());
        Ok(format!("server {rows:?}"))
    }

    async fn write(&mut self, at: usize, chance: &mut Chance) -> Result<String> {
        let id = 1 + chance.below(8);
        let open = &self.overlays[at];
        let view = self.view(at, Some(&open.entries));
        let (now, whole) = match (view.get(&id), chance.below(6)) {
            (Some(row), 0..=2) => {
                let row = chance.change(row);
                let to = row.clone();
                open.tx.update(id, move |row| *row = to).await?;
                (Some(row), false)
            }
            (Some(_), 3) => {
                open.tx.delete(id).await?;
                (None, true)
            }
            (None, 0..=3) => {
                let row = chance.person(id);
                open.tx.add(&row).await?;
                (Some(row), true)
            }
            _ => {
                let row = chance.person(id);
                open.tx.put(&row).await?;
                (Some(row), true)
            }
        };
        let beneath = self.beneath(at, id);
        let text = format!("{id} is {now:?} in {at}, whole {whole}");
        let entries = &mut self.overlays[at].entries;
        let is_new = !entries.contains_key(&id);
        if !(is_new && !whole && beneath == now) {
            let entry =
                entries.entry(id).or_insert(Entry { beneath, now: None, whole, gone: None, sequence: self.touched });
            self.touched += 1;
            (entry.now, entry.whole) = (now, entry.whole || whole);
            entry.gone = entry.gone.take().filter(|_| !whole);
        }
        self.restack([id]);
        Ok(text)
    }

    async fn savepoint(&mut self, at: usize, chance: &mut Chance) -> Result<String> {
        self.overlays[at].savepoint = Some(self.overlays[at].entries.clone());
        let (tx, undone) = (self.overlays[at].tx.clone(), chance.below(3) > 0);
        let mut text = format!("savepoint in {at}, undone {undone}:");
        let part = async || {
            for _ in 0..3 {
                text += &match chance.below(2) {
                    0 => self.write(at, chance).await?,
                    _ => self.server_writes(chance).await?,
                };
                text += ", ";
            }
            if undone { Err(Error::user("undone")) } else { Ok(()) }
        };
        match tx.savepoint(part).await {
            Err(Error::User(_)) if undone => {}
            done => done?,
        }
        let open = &mut self.overlays[at];
        if let Some(before) = open.savepoint.take().filter(|_| undone) {
            let entries = std::mem::replace(&mut open.entries, before);
            self.restack(entries.into_keys());
        }
        Ok(text)
    }

    async fn commit(&mut self, at: usize, chance: &mut Chance) -> Result<String> {
        let mut due: Vec<(u32, u32)> = Vec::new();
        for (id, entry) in self.overlays[at].entries.iter().filter(|(_, entry)| entry.is_change()) {
            due.push((entry.sequence, *id));
        }
        due.sort_unstable();
        let mut plan: VecDeque<Meanwhile> = VecDeque::new();
        for _ in 0..due.len() {
            plan.push_back(match chance.below(3) {
                0 => Meanwhile::Echo,
                1 => Meanwhile::Writes(self.writes(chance)),
                _ => Meanwhile::Writes(Vec::new()),
            });
        }
        let text = format!("commit {at}, meanwhile {plan:?}");
        if let Some(hooks) = &self.hooks {
            hooks.plan.replace(plan.clone());
        }
        let tx = self.overlays[at].tx.clone();
        drop(tx.commit().await?);
        if let Some(heard) = self.hooks.as_ref().map(|hooks| hooks.heard.take()) {
            let mut expected = Vec::new();
            for (_, id) in due {
                let Entry { beneath, now, .. } = self.overlays[at].entries[&id].clone();
                if beneath == now {
                    continue;
                }
                expected.push((beneath.clone(), now.clone()));
                let meanwhile = plan.pop_front().map(|meanwhile| meanwhile.writes((beneath, now)));
                self.has_stored(meanwhile.unwrap_or_default());
            }
            assert_eq!(heard, expected, "what the hooks hear, {text}");
        }
        let entries = self.overlays[at].entries.clone();
        let mut lands = Writes::new();
        for (id, mut entry) in entries.clone().into_iter().filter(|(_, entry)| entry.is_change()) {
            entry.rebase(self.stored.get(&id));
            lands.push((id, entry.now));
        }
        // Heard of first, and over then.
        self.has_stored(lands);
        drop(self.overlays.remove(at));
        self.restack(entries.into_keys());
        Ok(text)
    }

    async fn step(&mut self, chance: &mut Chance) -> Result<String> {
        let open = u32::try_from(self.overlays.len()).unwrap_or(0);
        let at = chance.below(open.max(1)) as usize;
        match chance.below(12) {
            0 | 1 if open < 4 => {
                let visible = chance.below(3) > 0;
                let kind = if visible { Overlay::Optimistic } else { Overlay::Standard };
                let tx = self.db.people.start_transaction(kind);
                self.overlays.push(Open { tx: Rc::new(tx), visible, entries: Entries::new(), savepoint: None });
                Ok(format!("start {kind:?}"))
            }
            2..=5 => self.server_writes(chance).await,
            6..=8 if open > 0 => self.write(at, chance).await,
            9 if open > 0 => self.savepoint(at, chance).await,
            10 if open > 0 => self.commit(at, chance).await,
            11 if open > 0 => {
                let gone = self.overlays.remove(at);
                gone.tx.rollback();
                self.restack(gone.entries.into_keys());
                Ok(format!("roll back {at}"))
            }
            _ => Ok("nothing".to_owned()),
        }
    }

    async fn check(&mut self, what: &str) -> Result<()> {
        let all = |rows: &Rows| rows.values().cloned().collect::<Vec<_>>();
        assert_eq!(self.server.people.to_vec().await?, all(&self.stored), "stored, {what}");
        let seen = self.view(self.overlays.len(), None);
        assert_eq!(self.db.people.to_vec().await?, all(&seen), "seen, {what}");
        assert_eq!(self.db.people.count().await?, seen.len(), "counted, {what}");
        for (at, open) in self.overlays.iter().enumerate() {
            let own = self.view(at, Some(&open.entries));
            assert_eq!(open.tx.to_vec().await?, all(&own), "overlay {at}, {what}");
            let pending = open.entries.values().filter(|entry| entry.is_change()).count();
            assert_eq!(open.tx.pending().len(), pending, "pending in {at}, {what}");
        }
        self.check_live(what).await
    }

    pub async fn check_live(&mut self, what: &str) -> Result<()> {
        for (query, stream, given) in &mut self.live {
            let expected: Vec<Rc<Person>> = query.to_vec().await?.into_iter().map(Rc::new).collect();
            for _ in 0..PATIENCE {
                if *given == expected {
                    break;
                }
                let turn = self.db.people.get(0).into_future().boxed_local();
                if let Either::Left((item, _)) = select(stream.next(), turn).await {
                    *given = item.transpose()?.unwrap_or_default();
                }
            }
            assert_eq!(*given, expected, "live, {what}");
        }
        let expected: Vec<Rc<Person>> =
            self.db.people.order_by(|p| p.name).to_vec().await?.into_iter().map(Rc::new).collect();
        let (stream, replayed) = &mut self.changes;
        for _ in 0..PATIENCE {
            if *replayed == expected {
                break;
            }
            let turn = self.db.people.get(0).into_future().boxed_local();
            if let Either::Left((Some(item), _)) = select(stream.next(), turn).await {
                item?.apply(replayed);
            }
        }
        assert_eq!(*replayed, expected, "changes, {what}");
        Ok(())
    }
}

#[test]
fn each_overlay_sees_what_the_server_has_and_what_is_pending() -> Result<()> {
    block_on(async {
        for seed in 1..=ROUNDS {
            let mut chance = Chance(seed);
            let mut world = World::new(&mut chance).await?;
            let mut did = Vec::new();
            for _ in 0..STEPS {
                did.push(world.step(&mut chance).await?);
                world.check(&format!("seed {seed}: {}", did.join(";\n"))).await?;
            }
        }
        Ok(())
    })
}
