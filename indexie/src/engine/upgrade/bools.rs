//! Booleans that an index is to hold: IndexedDB has no such keys, so fields under an index store 0 and 1. Rows from before
//! the index get them here; nothing else about them changes.

use super::Rebuild;
use crate::codec::{Batch, Known, Reader, skip, tag, tag_at_path, write_key};
use crate::engine::Session;
use crate::error::Result;
use crate::key::AnyKey;
use crate::storage::{Columns, Merge, Move, Operation, Undone};

impl Rebuild {
    /// Rewrites `true` and `false` as 1 and 0 where that is still to be done.
    pub async fn sweep(&self, name: &str) -> Result<()> {
        let store = self.number_of(name)?;
        let paths = self.with(store, |store| std::mem::take(&mut store.unswept));
        if paths.is_empty() {
            return Ok(());
        }
        let session = self.session();
        let total = self.rows_to_show(store).await?;
        for path in paths {
            let (mut after, mut done) = (None, 0);
            loop {
                let keys = super::rekey::keys_after(&session, store, after).await?;
                let Some(last) = keys.last().cloned() else { break };
                done += keys.len();
                rewrite(&session, store, keys, &path).await?;
                self.told(store, done, total);
                after = Some(last);
            }
        }
        Ok(())
    }
}

async fn rewrite(session: &Session, store: u16, keys: Vec<AnyKey>, path: &[&'static str]) -> Result<()> {
    let columns = session.columns(store, None, Operation::Get { keys: keys.clone(), park: true }).await?;
    let parked = columns.parked;
    let (changes, count) = changes(&columns, &keys, path);
    if count == 0 {
        session.unpark(parked);
        return Ok(());
    }
    let merge = Merge { parked, changes: changes.finish(), count, undone: Undone::Alone };
    session.run(store, None, Operation::Merge(merge)).await.map(|_| ())
}

/// A change for each row that holds booleans there.
#[allow(clippy::cast_possible_truncation, reason = "a chunk of rows")]
fn changes(columns: &Columns, keys: &[AnyKey], path: &[&'static str]) -> (Batch, usize) {
    let shapes = columns.shapes.borrow();
    let mut rows = columns.open(&*shapes).rows;
    let (mut batch, mut count) = (Batch::default(), 0);
    for (at, key) in keys.iter().enumerate() {
        let booleans = rows.next(|reader| {
            let booleans = booleans(&mut reader.clone(), &*shapes, path);
            let tag = reader.int();
            skip(reader, &*shapes, tag);
            Ok(booleans)
        });
        let Some(Ok(Some(Some(booleans)))) = booleans else { continue };
        batch.int(tag::U32);
        batch.int(at as u32);
        batch.end_row();
        write_key(&mut batch, key);
        batch.end_row();
        // Its key stays: no key of a stored row is a boolean.
        batch.int(tag::U32);
        batch.int(Move::Stays as u32);
        batch.end_row();
        for stored_as in [tag::BOOL, tag::U32] {
            row(&mut batch, path, &booleans, stored_as);
            batch.end_row();
        }
        count += 1;
    }
    (batch, count)
}

/// What stands at the path, if it is a boolean, or a list that has one.
enum Booleans {
    One(bool),
    Many(Vec<Element>),
}

enum Element {
    Boolean(bool),
    Number(f64),
}

fn booleans(reader: &mut Reader<'_>, shapes: &dyn Known, path: &[&'static str]) -> Option<Booleans> {
    match tag_at_path(reader, shapes, path)? {
        tag::BOOL => Some(Booleans::One(reader.int() != 0)),
        tag::ARRAY => {
            let (count, of) = (reader.int(), reader.int());
            let elements: Option<Vec<Element>> = (0..count)
                .map(|_| match if of == tag::MIXED { reader.int() } else { of } {
                    tag::BOOL => Some(Element::Boolean(reader.int() != 0)),
                    tag::U32 => Some(Element::Number(reader.int().into())),
                    tag::F64 => Some(Element::Number(reader.float())),
                    // No list of booleans: it cannot be read as one either way.
                    _ => None,
                })
                .collect();
            let elements = elements?;
            let any = elements.iter().any(|element| matches!(element, Element::Boolean(_)));
            any.then_some(Booleans::Many(elements))
        }
        _ => None,
    }
}

/// A row of nothing but what stands at the path.
#[allow(clippy::cast_possible_truncation, reason = "as many elements as have been read")]
fn row(batch: &mut Batch, path: &[&'static str], booleans: &Booleans, stored_as: u32) {
    for name in path {
        batch.int(tag::MAP);
        batch.int(1);
        batch.text(name);
    }
    let boolean = |batch: &mut Batch, value: bool| {
        batch.int(stored_as);
        batch.int(value.into());
    };
    match booleans {
        Booleans::One(value) => boolean(batch, *value),
        Booleans::Many(elements) => {
            batch.int(tag::ARRAY);
            batch.int(elements.len() as u32);
            batch.int(tag::MIXED);
            for element in elements {
                match element {
                    Element::Boolean(value) => boolean(batch, *value),
                    Element::Number(value) => {
                        batch.int(tag::F64);
                        batch.float(*value);
                    }
                }
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
    }

    #[derive(Serialize)]
    struct Flags {
        done: bool,
    }

    const FIRST: Todo = Todo { title: "a", flags: Flags { done: true }, days: Vec::new() };

    fn at(todo: &Todo, path: &[&'static str]) -> Option<Booleans> {
        let mut batch = Batch::default();
        with_shapes(|shapes| {
            write_row(&mut batch, shapes, &[], todo).expect("a row");
            booleans(&mut batch.finish().reader(), &*shapes, path)
        })
    }

    #[test]
    fn booleans_are_found_where_they_are() {
        assert!(matches!(at(&FIRST, &["flags", "done"]), Some(Booleans::One(true))));
        assert!(at(&FIRST, &["title"]).is_none());
        assert!(at(&FIRST, &["flags", "urgent"]).is_none());
        assert!(at(&FIRST, &["days"]).is_none(), "an empty list has none");
        let days = at(&Todo { days: vec![true, false], ..FIRST }, &["days"]);
        assert!(matches!(days, Some(Booleans::Many(days)) if days.len() == 2));
    }

    #[test]
    fn the_changed_row_holds_keys() {
        let mut batch = Batch::default();
        row(&mut batch, &["flags", "done"], &Booleans::One(true), tag::U32);
        batch.end_row();
        let key = with_shapes(|shapes| key_by(&batch.finish().reader(), &*shapes, KeyPath::One("flags.done")));
        assert_eq!(key, Some(1.into()));
    }
}
