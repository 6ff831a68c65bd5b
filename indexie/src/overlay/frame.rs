//! `Stage`: what one operation on a store sees, and what it writes, for as long as its transaction lasts. Writes are worked out in
//! memory, by IndexedDB's rules; they go where the operation's place is once it has succeeded.
//! Called by the engine, as a [`Frame`]; calls `merged` and the evaluator.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::layer::{Base, Entry, KnownBy, Layer, Layers, RowDiff, same};
use super::merged::{self, Below};
use super::over::Over;
use crate::engine::{Frame, Session};
use crate::error::{Error, Result};
use crate::key::AnyKey;
use crate::key::range::{KeyRange, RangeSet};
use crate::order::{self, SortedMap, SortedSet};
use crate::schema::StoreSchema;
use crate::storage::memory::evaluator::{At, Changed, Input, Outcome, Path, Row, Step, Value, input, merge, reply};
use crate::storage::{Operation, Reply, Request, Thread, Want};

pub(super) struct Stage {
    store: u16,
    schema: StoreSchema,
    /// What lies over the stored rows.
    beneath: Layers,
    /// What it writes, if it may: that is to go into the overlay `into`, which is the highest of those beneath, or to be stored.
    own: Option<RefCell<Rc<Layer>>>,
    into: Option<Rc<Layer>>,
    /// The rows that it has written, as they were before.
    written: RefCell<SortedMap<AnyKey, Option<Row>>>,
    shown: u64,
    /// Rows that a read has left for a Merge.
    parked: RefCell<SortedMap<u32, Vec<Option<Row>>>>,
    /// The next temporary key, and who knows what keys others have, if they are for others.
    temporary: Rc<Cell<f64>>,
    over: Option<Rc<Over>>,
    sequence: Rc<Cell<u64>>,
}

/// Rows that are not its own, which a write has to be seen with.
type Context = SortedMap<AnyKey, Option<Row>>;

/// A row that gets a temporary key: its position, and the key.
struct Given {
    at: usize,
    key: Option<AnyKey>,
}

/// How what a write leaves is to be stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writes {
    /// As new rows.
    Rows,
    /// As changes of the rows that are there.
    Changes,
}

impl Stage {
    pub fn new(store: u16, schema: StoreSchema, beneath: Layers, shown: u64) -> Self {
        Self {
            store,
            schema,
            beneath,
            own: None,
            into: None,
            written: RefCell::default(),
            shown,
            parked: RefCell::default(),
            temporary: Rc::default(),
            over: None,
            sequence: Rc::default(),
        }
    }

    /// The same, which may write: into an overlay, or what is to be stored.
    pub fn writing(self, into: Option<Rc<Layer>>, temporary: Rc<Cell<f64>>, sequence: Rc<Cell<u64>>) -> Self {
        let beneath = into.as_ref().map_or_else(|| self.beneath.clone(), |into| self.beneath.over(into));
        let own = Some(RefCell::new(Rc::new(Layer::new(&self.schema))));
        Self { beneath, own, into, temporary, sequence, ..self }
    }

    /// The same, with temporary keys that no row of these overlays has.
    pub fn among(self, over: Rc<Over>) -> Self {
        Self { over: Some(over), ..self }
    }

    /// Sees and writes nothing more: what lies beneath it may be changed by others.
    pub fn let_go(&mut self) {
        (self.beneath, self.into) = (Layers::default(), None);
    }

    fn below<'a>(&self, session: &'a Session) -> Below<'a> {
        Below { session, store: self.store }
    }

    /// Its own rows, as they are now: a write while somebody looks at them copies them.
    pub fn own(&self) -> Option<Rc<Layer>> {
        self.own.as_ref().map(|own| own.borrow().clone())
    }

    /// What it has written, in the order in which that was first touched.
    pub fn diffs(&self) -> Vec<RowDiff> {
        let Some(own) = self.own() else { return Vec::new() };
        let mut diffs: Vec<(u64, RowDiff)> = Vec::new();
        for (key, old) in self.written.borrow().iter() {
            let Some(entry) = own.get(key) else { continue };
            if !same(old.as_ref(), entry.now.as_ref()) {
                let diff = RowDiff { key: key.clone(), old: old.clone(), new: entry.now.clone() };
                diffs.push((entry.sequence, diff));
            }
        }
        order::sort_by(&mut diffs, |(a, _), (b, _)| a.cmp(b));
        diffs.into_iter().map(|(_, diff)| diff).collect()
    }

    /// Whether the key is a temporary one of its own.
    pub fn is_temporary(&self, key: &AnyKey) -> bool {
        self.own().is_some_and(|own| own.get(key).is_some_and(Entry::is_temporary))
    }

    async fn read(&self, session: &Session, request: &Request) -> Result<Reply> {
        let layers = match self.own() {
            Some(own) => self.beneath.over(&own),
            None => self.beneath.clone(),
        };
        let (outcome, want) = merged::read(&self.below(session), &layers, request).await?;
        let parked = match (&request.operation, &outcome) {
            (operation, Outcome::Found(found)) if operation.parks() => {
                let number = Thread::get().number();
                self.parked.borrow_mut().insert(number, found.rows.clone());
                number
            }
            _ => 0,
        };
        Ok(reply(outcome, parked, want))
    }

    async fn write(&self, session: &Session, operation: &Operation) -> Result<Reply> {
        let ranges = match operation {
            Operation::Clear => Some(vec![KeyRange::all()]),
            Operation::DeleteRanges(ranges) => Some(ranges.clone()),
            _ => None,
        };
        let input = match &ranges {
            Some(ranges) => Input::DeleteRanges(ranges.clone()),
            None => input(operation, |merge| self.parked.borrow_mut().remove(&merge.parked).unwrap_or_default()),
        };
        let writes = if matches!(input, Input::Changes(_)) { Writes::Changes } else { Writes::Rows };
        let outcome = self.apply(session, input, ranges, writes).await?;
        Ok(match operation {
            Operation::Clear => Reply::Unit,
            _ => reply(outcome, 0, Want::PRIMARY_KEYS),
        })
    }

    /// Puts a row of its own in another form, which may clash with others.
    pub async fn replace(&self, session: &Session, key: &AnyKey, row: Value) -> Result<()> {
        let outbound = matches!(Path::from(self.schema.key.path), Path::None);
        let step = Step::Put { row, key: outbound.then(|| key.clone()) };
        let input = Input::Steps { steps: vec![step], want_keys: false };
        self.apply(session, input, None, Writes::Changes).await.map_err(Error::of_one_row).map(|_| ())
    }

    async fn apply(
        &self,
        session: &Session,
        mut input: Input,
        ranges: Option<Vec<KeyRange>>,
        writes: Writes,
    ) -> Result<Outcome> {
        let table = session.shared.table_name(self.store);
        let Some(own) = &self.own else { return Err(Error::ReadOnly { table: table.to_owned() }) };
        let (mut given, mut tried) = (self.keyless(&input), SortedSet::new());
        let context = loop {
            self.give_keys(table, &mut input, &mut given, &mut tried)?;
            let context = self.context(session, &input, ranges.clone()).await?;
            // A small type comes to keys that stored rows have.
            let is_taken = |key: &mut AnyKey| context.get(key).is_some_and(Option::is_some);
            let taken: Vec<_> = given.iter_mut().filter_map(|given| given.key.take_if(is_taken)).collect();
            if taken.is_empty() {
                break context;
            }
        };
        let temporary: SortedSet<AnyKey> = given.into_iter().filter_map(|given| given.key).collect();
        let mut own = own.borrow_mut();
        let own = Rc::make_mut(&mut own);
        for (key, row) in &context {
            if !own.touches(key) {
                own.rows_mut().set(key, row.as_ref());
            }
        }
        let written = own.rows_mut().write(input).map(|(outcome, before)| {
            for (key, old) in before {
                self.note(own, key, old, &temporary, writes);
            }
            outcome
        });
        // What is not its own leaves again.
        for key in context.keys().filter(|key| !own.touches(key)).collect::<Vec<_>>() {
            own.rows_mut().set(key, None);
        }
        written.map_err(|failure| failure.into_error(table))
    }

    /// Makes a written row its own.
    fn note(&self, own: &mut Layer, key: AnyKey, old: Option<Row>, temporary: &SortedSet<AnyKey>, writes: Writes) {
        let now = own.rows().get(&key).cloned();
        self.written.borrow_mut().entry(key.clone()).or_insert_with(|| old.clone());
        let anew = writes == Writes::Rows;
        let before = own.get(&key).or_else(|| self.into.as_ref()?.get(&key));
        let entry = if let Some(before) = before {
            let gone = before.gone.clone().filter(|_| !anew);
            Entry { now, replaced: before.replaced || anew || before.now.is_none(), gone, ..before.clone() }
        } else {
            let beneath = self.beneath.get(&key);
            let stored = beneath.map_or_else(|| Base::Known(old.clone()), |entry| entry.stored.clone());
            let sequence = self.sequence.get();
            self.sequence.set(sequence + 1);
            let known_by = match beneath {
                _ if temporary.contains(&key) => KnownBy::Temporary,
                Some(entry) if entry.known_by != KnownBy::Own => KnownBy::Sand,
                _ => KnownBy::Own,
            };
            Entry { beneath: old, stored, now, known_by, replaced: anew, gone: None, forced: false, sequence }
        };
        own.set(key, entry);
    }

    /// The rows that are to get a generated key, by their positions.
    fn keyless(&self, input: &Input) -> Vec<Given> {
        let Input::Steps { steps, .. } = input else { return Vec::new() };
        if !self.schema.key.auto {
            return Vec::new();
        }
        let path = Path::from(self.schema.key.path);
        let takes = |step: &Step| match step {
            Step::Add { row, key } | Step::Put { row, key } => match path {
                Path::None => key.is_none(),
                _ => key.is_none() && path.key(row) == At::Nothing && path.takes_key(row),
            },
            Step::Delete(_) => false,
        };
        let without_key = steps.iter().enumerate().filter(|(_, step)| takes(step));
        without_key.map(|(at, _)| Given { at, key: None }).collect()
    }

    /// Gives a temporary key to each of these rows that has none. Those that have been `tried` are not for them.
    fn give_keys(
        &self,
        table: &str,
        input: &mut Input,
        given: &mut [Given],
        tried: &mut SortedSet<AnyKey>,
    ) -> Result<()> {
        let Input::Steps { steps, .. } = input else { return Ok(()) };
        let path = Path::from(self.schema.key.path);
        for given in given.iter_mut().filter(|given| given.key.is_none()) {
            let Some(Step::Add { row, key } | Step::Put { row, key }) = steps.get_mut(given.at) else { continue };
            let temporary = self.next_key(tried).ok_or_else(|| Error::Data {
                table: table.to_owned(),
                key: None,
                row: Some(given.at),
                message: "there is no number left in the key's type for a temporary key".to_owned(),
            })?;
            if path == Path::None {
                *key = Some(temporary.clone());
            } else {
                path.set_key(row, &temporary);
            }
            tried.insert(temporary.clone());
            given.key = Some(temporary);
        }
        Ok(())
    }

    /// The next temporary key that no row has, as far as is known in memory. After the last one they begin anew.
    fn next_key(&self, tried: &SortedSet<AnyKey>) -> Option<AnyKey> {
        let first = self.temporary.get();
        loop {
            let number = self.temporary.get();
            let next = if number > 1.0 { number - 1.0 } else { self.schema.last_key };
            self.temporary.set(next);
            let key = AnyKey::Number(number);
            let is_own = self.own().is_some_and(|own| own.touches(&key));
            let is_free = || self.over.as_ref().is_none_or(|over| over.claim(self.store, &key));
            if !tried.contains(&key) && !is_own && is_free() {
                return Some(key);
            }
            if next.total_cmp(&first).is_eq() {
                return None;
            }
        }
    }

    /// The rows that a write replaces, or may clash with.
    async fn context(&self, session: &Session, input: &Input, ranges: Option<Vec<KeyRange>>) -> Result<Context> {
        let below = self.below(session);
        let mut context = Context::default();
        if let Some(ranges) = ranges {
            for (key, row) in merged::found(&below, &self.beneath, None, ranges).await? {
                context.insert(key, Some(row));
            }
            return Ok(context);
        }
        let path = Path::from(self.schema.key.path);
        let mut keys: SortedSet<AnyKey> = SortedSet::new();
        let mut unique: SortedMap<u16, Vec<AnyKey>> = SortedMap::new();
        {
            let Some(own) = self.own() else { return Ok(context) };
            let mut row = |row: &Value, key: Option<&AnyKey>| {
                match (key, path.key(row)) {
                    (Some(key), _) => {
                        keys.insert(key.clone());
                    }
                    (None, At::Key(key)) => {
                        keys.insert(key);
                    }
                    (None, _) => {}
                }
                for (at, index) in (0..).zip(self.schema.indexes) {
                    if index.unique {
                        unique.entry(at).or_default().extend(own.rows().keys(at, row));
                    }
                }
            };
            let mut left = Vec::new();
            match input {
                Input::Steps { steps, .. } => {
                    for step in steps {
                        match step {
                            Step::Add { row: new, key } | Step::Put { row: new, key } => row(new, key.as_ref()),
                            Step::Delete(key) => left.push(key.clone()),
                        }
                    }
                }
                Input::Changes(changes) => {
                    for Changed { stored, key, before, after, .. } in changes {
                        let outbound = path == Path::None;
                        row(&merge(stored, before, after.clone()), outbound.then_some(key));
                        left.push(key.clone());
                    }
                }
                _ => {}
            }
            keys.extend(left);
            keys.retain(|key| key.is_valid() && !own.touches(key));
        }
        let keys: Vec<AnyKey> = keys.into_iter().collect();
        let rows = merged::get(&below, &self.beneath, &keys).await?;
        context.extend(keys.into_iter().zip(rows));
        for (index, keys) in unique {
            let ranges = RangeSet::union(keys.into_iter().map(KeyRange::only).collect());
            for (key, row) in merged::found(&below, &self.beneath, Some(index), ranges.ranges().to_vec()).await? {
                context.insert(key, Some(row));
            }
        }
        Ok(context)
    }
}

impl Frame for Stage {
    fn run<'a>(&'a self, session: &'a Session, request: &'a Request) -> LocalBoxFuture<'a, Result<Reply>> {
        async move {
            if request.operation.writes() {
                self.write(session, &request.operation).await
            } else {
                self.read(session, request).await
            }
        }
        .boxed_local()
    }

    fn unpark(&self, parked: u32) {
        self.parked.borrow_mut().remove(&parked);
    }

    fn shown(&self) -> u64 {
        self.shown
    }
}
