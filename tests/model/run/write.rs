//! The writing methods of a table, called with what a program says.

use indexie::Writable;
use indexie::prelude::*;

use super::ask::query;
use crate::field::Field;
use crate::key::Key;
use crate::outcome::Outcome;
use crate::program::{Change, Verb};
use crate::record::{Insert, Record};
use crate::value::Value;

pub async fn write<T: Record, A: Writable>(table: &Table<T, A>, verb: &Verb) -> Result<Outcome> {
    let key = |value: &Value| T::Key::of(value);
    Ok(match verb {
        Verb::Insert { put, many, keys, rows } => {
            let insert = Insert { put: *put, many: *many, keys: *keys, rows };
            let keys = T::insert(table, insert).await?;
            Outcome::Keys(keys.iter().filter_map(|key| Key::of(&key.value())).collect())
        }
        Verb::Update(at, change) => Outcome::Row(Some(table.update(&key(at), changing(change)).await?.row())),
        Verb::Upsert(at, default, change) => {
            let default = T::of(default);
            Outcome::Row(Some(table.upsert(&key(at), move || default, changing(change)).await?.row()))
        }
        Verb::UpdateMany(changes) => {
            let changes: Vec<_> = changes.iter().map(|(at, change)| (key(at), changing(change))).collect();
            Outcome::Count(table.bulk_update(changes.iter().map(|(key, change)| (key, change.clone()))).await?)
        }
        Verb::Delete(at) => table.delete(&key(at)).await.map(|()| Outcome::Done)?,
        Verb::DeleteMany(keys) => {
            let keys: Vec<T::Key> = keys.iter().map(key).collect();
            table.bulk_delete(&keys).await.map(|()| Outcome::Done)?
        }
        Verb::Clear => table.clear().await.map(|()| Outcome::Done)?,
        Verb::DeleteFound(asked) => Outcome::Count(query(table, asked).delete().await?),
        Verb::Modify(asked, change) => Outcome::Count(query(table, asked).modify(changing(change)).await?),
        Verb::Get(_) | Verb::GetMany(_) | Verb::GetBy(..) | Verb::Read(..) => {
            Outcome::Broken("a read is no write".to_owned())
        }
    })
}

/// The closure of a change.
pub fn changing<T: Record>(change: &Change) -> impl Fn(&mut T) + Clone + 'static {
    let change = change.clone();
    move |row| {
        let mut values = row.row();
        change.apply(&mut values);
        *row = T::of(&values);
    }
}
