//! Fields that an index is to hold, in the form that keys have. IndexedDB has no boolean keys, so fields under an index store 0
//! and 1; and what is binary elsewhere is a list of numbers under a multi-entry index. Rows from before the index get them
//! here; nothing else about them changes.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::Rebuild;
use crate::codec::{Batch, Known, Reader, key_tagged, skip, tag, tag_at_path, write_key};
use crate::engine::Session;
use crate::engine::turns::{self, Kind, Turn};
use crate::error::{Error, Result};
use crate::key::range::KeyRange;
use crate::key::{AnyKey, Form, Key as _};
use crate::schema::{IndexSchema, KeyField, KeyPath, StoreSchema, key_fields};
use crate::storage::{Columns, Merge, Move, Operation, Undone};

/// A sweep that is to be run.
pub(super) struct Sweep {
    store: u16,
    fields: Vec<KeyField>,
    turn: Turn,
}

impl Rebuild {
    /// Rewrites fields in the form that keys have, where that is still to be done. What the store's own key reads stays: a row
    /// does not change its key in its place.
    pub async fn sweep(&self, name: &str) -> Result<()> {
        let store = self.number_of(name)?;
        let fields = self.take_unswept(store);
        self.sweep_fields(store, fields).await
    }

    /// Dexie stores `true` and `false` under any index. Rows that are not in one may hold them.
    pub async fn expect_booleans(&self, name: &str, wanted: &StoreSchema) -> Result<()> {
        let store = self.number_of(name)?;
        if !self.with(store, |store| std::mem::take(&mut store.foreign)) {
            return Ok(());
        }
        let session = self.session();
        let installed = session.shared.schema(store).indexes;
        for (index, at) in installed.iter().zip(0_u16..) {
            let fields = key_fields(wanted, &[index.name], false);
            if !fields.iter().any(|field| field.form == Form::Bool) {
                continue;
            }
            let count = |index| self.count(store, index, KeyRange::all());
            if index.multi || count(Some(at)).await? < count(None).await? {
                self.expect_forms(store, wanted, &[index.name], false);
            }
        }
        Ok(())
    }

    /// Begins a sweep while the upgrade function runs: what it starts after this waits for it.
    pub fn begin_sweep(&self, store: u16) {
        let fields = self.take_unswept(store);
        if !fields.is_empty() {
            let turn = turns::next(self.number, Kind::Writes);
            self.sweeps.borrow_mut().push(Sweep { store, fields, turn });
        }
    }

    /// Runs the upgrade function, and the sweeps that it waits for.
    pub async fn run(&self, function: impl Future<Output = Result<()>>) -> Result<()> {
        let (mut function, mut returned) = (pin!(function), false);
        let mut running: Vec<LocalBoxFuture<'_, Result<()>>> = Vec::new();
        poll_fn(|context| {
            if !returned && let Poll::Ready(result) = function.as_mut().poll(context) {
                result?;
                returned = true;
            }
            running.extend(self.sweeps.take().into_iter().map(|Sweep { store, fields, turn }| {
                let swept = turn.run(self.sweep_fields(store, fields));
                // The function may drop the store meanwhile.
                swept
                    .map(move |swept| swept.or_else(|error| if self.is_gone(store) { Ok(()) } else { Err(error) }))
                    .boxed_local()
            }));
            let mut failed = None;
            running.retain_mut(|sweep| match sweep.poll_unpin(context) {
                Poll::Ready(Err(error)) => {
                    failed = Some(error);
                    false
                }
                Poll::Ready(Ok(())) => false,
                Poll::Pending => true,
            });
            match failed {
                Some(error) => Poll::Ready(Err(error)),
                None if returned && running.is_empty() => Poll::Ready(Ok(())),
                None => Poll::Pending,
            }
        })
        .await
    }

    fn is_gone(&self, store: u16) -> bool {
        self.name(store).is_empty()
    }

    fn take_unswept(&self, store: u16) -> Vec<KeyField> {
        let key = self.session().shared.schema(store).key.path.paths();
        self.with(store, |store| {
            let unswept = std::mem::take(&mut store.unswept);
            let of_key = |field: &KeyField| key.contains(&field.path.join(".").as_str());
            let (later, fields) = unswept.into_iter().partition(of_key);
            store.unswept = later;
            fields
        })
    }

    async fn sweep_fields(&self, store: u16, fields: Vec<KeyField>) -> Result<()> {
        if fields.is_empty() {
            return Ok(());
        }
        let session = self.session();
        let total = self.rows_to_show(store).await?;
        for field in fields {
            if !self.may_differ(store, &field).await? {
                continue;
            }
            let (mut after, mut done) = (None, 0);
            loop {
                let keys = super::rekey::keys_after(&session, store, after).await?;
                let Some(last) = keys.last().cloned() else { break };
                done += keys.len();
                rewrite(&session, store, keys, &field).await?;
                self.told(store, done, total);
                after = Some(last);
            }
        }
        Ok(())
    }

    /// Whether rows may hold the field in another form, as far as an index of nothing but this field tells: bytes are in it as
    /// bytes, and what can be no key is not.
    async fn may_differ(&self, store: u16, field: &KeyField) -> Result<bool> {
        let session = self.session();
        let (indexes, path) = (session.shared.schema(store).indexes, field.path.join("."));
        let is_its =
            |index: &IndexSchema| index.multi == field.each && matches!(index.path, KeyPath::One(of) if of == path);
        let Some((_, index)) = indexes.iter().zip(0_u16..).find(|(index, _)| is_its(index)) else { return Ok(true) };
        let holds = async |form| Ok::<_, Error>(self.count(store, Some(index), KeyRange::of_form(form)).await? > 0);
        match (field.form, field.each) {
            (Form::Number | Form::Byte | Form::Wide, _) => holds(Form::Binary).await,
            (Form::Binary, false) => holds(Form::Array).await,
            (Form::Array, false) => Ok(holds(Form::Binary).await?
                || self.count(store, Some(index), KeyRange::all()).await?
                    < self.count(store, None, KeyRange::all()).await?),
            _ => Ok(true),
        }
    }
}

async fn rewrite(session: &Session, store: u16, keys: Vec<AnyKey>, field: &KeyField) -> Result<()> {
    let columns = session.columns(store, None, Operation::Get { keys: keys.clone(), park: true }).await?;
    let parked = columns.parked;
    let (changes, count) = changes(&columns, &keys, field);
    if count == 0 {
        session.unpark(parked);
        return Ok(());
    }
    let merge = Merge { parked, changes: changes.finish(), count, undone: Undone::Alone };
    session.run(store, None, Operation::Merge(merge)).await.map(|_| ())
}

/// A change for each row whose field has another form.
#[allow(clippy::cast_possible_truncation, reason = "a chunk of rows")]
fn changes(columns: &Columns, keys: &[AnyKey], field: &KeyField) -> (Batch, usize) {
    let shapes = columns.shapes.borrow();
    let mut rows = columns.open(&*shapes).rows;
    let (mut batch, mut count) = (Batch::default(), 0);
    for (at, key) in keys.iter().enumerate() {
        let stored = rows.next(|reader| {
            let stored = value_at(&mut reader.clone(), &*shapes, &field.path);
            let tag = reader.int();
            skip(reader, &*shapes, tag);
            Ok(stored)
        });
        let Some(Ok(Some(Some(stored)))) = stored else { continue };
        let wanted = in_form(stored.clone(), field.form, field.each);
        if wanted == stored {
            continue;
        }
        batch.int(tag::U32);
        batch.int(at as u32);
        batch.end_row();
        write_key(&mut batch, key);
        batch.end_row();
        // Its key stays: fields of the key are not swept.
        batch.int(tag::U32);
        batch.int(Move::Stays as u32);
        batch.end_row();
        for value in [&stored, &wanted] {
            row(&mut batch, &field.path, value);
            batch.end_row();
        }
        count += 1;
    }
    (batch, count)
}

/// What may be a key, or is one in another form.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Boolean(bool),
    /// Anything but a list.
    Key(AnyKey),
    List(Vec<Value>),
}

fn value_at(reader: &mut Reader<'_>, shapes: &dyn Known, path: &[&'static str]) -> Option<Value> {
    let tag = tag_at_path(reader, shapes, path)?;
    value(reader, shapes, tag)
}

/// None where something in it can be no key in whatever form.
fn value(reader: &mut Reader<'_>, shapes: &dyn Known, tag: u32) -> Option<Value> {
    match tag {
        tag::BOOL => Some(Value::Boolean(reader.int() != 0)),
        tag::ARRAY => {
            let (count, of) = (reader.int(), reader.int());
            let mut element = || {
                let tag = if of == tag::MIXED { reader.int() } else { of };
                value(reader, shapes, tag)
            };
            (0..count).map(|_| element()).collect::<Option<_>>().map(Value::List)
        }
        _ => key_tagged(reader, shapes, tag).map(Value::Key),
    }
}

/// The value as a row that is written now holds it, under a key of this form or under a multi-entry index of such ones.
fn in_form(value: Value, form: Form, each: bool) -> Value {
    match value {
        Value::Boolean(value) => Value::Key(AnyKey::Number(f64::from(u8::from(value)))),
        Value::Key(AnyKey::Binary(bytes)) if each || form == Form::Array => {
            Value::List(bytes.into_iter().map(|byte| Value::Key(AnyKey::Number(byte.into()))).collect())
        }
        Value::List(parts) => match bytes(&parts) {
            Some(bytes) if form == Form::Binary && !each => Value::Key(AnyKey::Binary(bytes)),
            _ => Value::List(parts.into_iter().map(|part| part_in_form(part, form, each)).collect()),
        },
        key @ Value::Key(_) => key,
    }
}

/// The same of an element.
fn part_in_form(part: Value, form: Form, each: bool) -> Value {
    // Of what the parts of a key are, no more is known than that they are no booleans.
    in_form(part, if each { form } else { Form::Bool }, false)
}

fn bytes(parts: &[Value]) -> Option<Vec<u8>> {
    let byte = |part: &Value| match part {
        Value::Key(key) => u8::from_any(key),
        Value::Boolean(_) | Value::List(_) => None,
    };
    parts.iter().map(byte).collect()
}

/// A row of nothing but what stands at the path.
fn row(batch: &mut Batch, path: &[&'static str], value: &Value) {
    for name in path {
        batch.int(tag::MAP);
        batch.int(1);
        batch.text(name);
    }
    write(batch, value);
}

#[allow(clippy::cast_possible_truncation, reason = "as many elements as have been read")]
fn write(batch: &mut Batch, value: &Value) {
    match value {
        Value::Boolean(value) => {
            batch.int(tag::BOOL);
            batch.int((*value).into());
        }
        Value::Key(key) => write_key(batch, key),
        Value::List(parts) => {
            batch.int(tag::ARRAY);
            batch.int(parts.len() as u32);
            batch.int(tag::MIXED);
            for part in parts {
                write(batch, part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{key_by, with_shapes, write_row};
    use crate::schema::KeyPath;
    use serde::Serialize;

    #[derive(Serialize)]
    struct Todo {
        title: &'static str,
        flags: Flags,
        days: Vec<bool>,
        any: Vec<Flags>,
    }

    #[derive(Serialize)]
    struct Flags {
        done: bool,
    }

    fn at(path: &[&'static str]) -> Option<Value> {
        let todo =
            Todo { title: "a", flags: Flags { done: true }, days: vec![true, false], any: vec![Flags { done: true }] };
        let mut batch = Batch::default();
        with_shapes(|shapes| {
            write_row(&mut batch, shapes, &[], &todo).expect("a row");
            value_at(&mut batch.finish().reader(), &*shapes, path)
        })
    }

    fn number(number: u8) -> Value {
        Value::Key(AnyKey::Number(number.into()))
    }

    fn binary(bytes: &[u8]) -> Value {
        Value::Key(AnyKey::Binary(bytes.to_vec()))
    }

    fn list(parts: impl Into<Vec<Value>>) -> Value {
        Value::List(parts.into())
    }

    #[test]
    fn values_are_found_where_they_are() {
        assert_eq!(at(&["flags", "done"]), Some(Value::Boolean(true)));
        assert_eq!(at(&["title"]), Some(Value::Key("a".into())));
        assert_eq!(at(&["days"]), Some(list([Value::Boolean(true), Value::Boolean(false)])));
        assert_eq!(at(&["flags", "urgent"]), None);
        assert_eq!(at(&["any"]), None, "records are no keys");
    }

    #[test]
    fn booleans_become_numbers_in_every_form() {
        let days = list([Value::Boolean(true), number(0)]);
        assert_eq!(in_form(Value::Boolean(true), Form::Bool, false), number(1));
        assert_eq!(in_form(days.clone(), Form::Bool, true), list([number(1), number(0)]));
        assert_eq!(in_form(days, Form::Array, false), list([number(1), number(0)]));
    }

    #[test]
    fn bytes_are_a_list_under_a_multi_entry_index_and_binary_as_a_key() {
        let numbers = list([number(1), number(255)]);
        assert_eq!(in_form(binary(&[1, 255]), Form::Byte, true), numbers);
        assert_eq!(in_form(binary(&[1, 255]), Form::Array, false), numbers);
        assert_eq!(in_form(numbers.clone(), Form::Binary, false), binary(&[1, 255]));
        assert_eq!(in_form(list([]), Form::Binary, false), binary(&[]));
        assert_eq!(in_form(list([list([]), numbers]), Form::Binary, true), list([binary(&[]), binary(&[1, 255])]));
    }

    #[test]
    fn what_has_the_form_stays() {
        let wide = list([Value::Key(256.into())]);
        for (value, form, each) in [
            (binary(&[1]), Form::Binary, false),
            (wide.clone(), Form::Binary, false),
            (list([number(1)]), Form::Byte, true),
            (list([binary(&[1])]), Form::Binary, true),
            (list([list([number(1)]), Value::Key("a".into())]), Form::Array, false),
        ] {
            assert_eq!(in_form(value.clone(), form, each), value);
        }
    }

    #[test]
    fn the_changed_row_holds_keys() {
        let mut batch = Batch::default();
        row(&mut batch, &["flags", "done"], &in_form(Value::Boolean(true), Form::Bool, false));
        batch.end_row();
        let key = with_shapes(|shapes| key_by(&batch.finish().reader(), &*shapes, KeyPath::One("flags.done")));
        assert_eq!(key, Some(1.into()));
    }
}
