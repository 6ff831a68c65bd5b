//! The reading terminals: what a query gives.

use serde::de::DeserializeOwned;

use super::execute::{Found, Rows};
use super::plan::Explained;
use super::{Execution, Page, Query};
use crate::codec::from_value;
use crate::error::{Error, Result};
use crate::key::{AnyKey, Key};
use crate::op::Fetch;
use crate::storage::{Columns, Want};
use crate::store::Store;
use crate::table::Access;

/// Decodes all rows of the columns, with their primary keys if those were asked for.
pub(crate) fn decode<T: DeserializeOwned, R>(
    execution: &Execution,
    columns: &Columns,
    mut row: impl FnMut(Option<AnyKey>, T) -> Result<R>,
) -> Result<Vec<R>> {
    let shapes = columns.shapes.borrow();
    let opened = columns.open(&*shapes);
    let (mut rows, mut keys) = (opened.rows, opened.primary_keys.into_iter());
    let mut decoded = Vec::with_capacity(columns.count);
    while let Some(next) = rows.next(|reader| from_value::<T>(reader, &*shapes)) {
        let key = keys.next();
        match next {
            Ok(Some(value)) => decoded.push(row(key, value)?),
            Ok(None) => {}
            Err(error) => {
                return Err(execution.undecodable(error, key.or_else(|| key_at(columns, execution, decoded.len()))));
            }
        }
    }
    Ok(decoded)
}

/// The primary key of a row that does not decode, read from the row itself.
fn key_at(columns: &Columns, execution: &Execution, row: usize) -> Option<AnyKey> {
    use crate::schema::KeyPath;

    let shapes = columns.shapes.borrow();
    let mut rows = columns.open(&*shapes).rows;
    for _ in 0..row {
        // Walks over the rows before it.
        let _ = rows.next(|reader| {
            let tag = reader.int();
            crate::codec::skip(reader, &*shapes, tag);
            Ok(())
        })?;
    }
    let path = execution.session.shared.schema(execution.store).key.path;
    let part = |reader: &mut crate::codec::Reader<'_>, path: &str| {
        let segments: Vec<&str> = path.split('.').collect();
        crate::codec::key_at_path(reader, &*shapes, &segments)
    };
    let read = rows.next(|reader| {
        Ok(match path {
            KeyPath::None => None,
            KeyPath::One(path) => part(reader, path),
            KeyPath::Many(paths) => {
                let parts: Option<Vec<AnyKey>> = paths.iter().map(|path| part(&mut reader.clone(), path)).collect();
                parts.map(AnyKey::Array)
            }
        })
    });
    read?.ok()??
}

fn typed<K: Key>(table: &str, key: &AnyKey) -> Result<K> {
    K::from_any(key).ok_or_else(|| Error::Data {
        table: table.to_owned(),
        key: Some(key.clone()),
        row: None,
        message: format!("the key is no `{}`", std::any::type_name::<K>()),
    })
}

pub(crate) fn typed_all<K: Key>(table: &str, keys: &[AnyKey]) -> Result<Vec<K>> {
    keys.iter().map(|key| typed(table, key)).collect()
}

pub(crate) fn own<T: 'static>(found: Vec<Found>) -> Vec<T> {
    found.into_iter().filter_map(|found| found.row.downcast::<T>().ok()).map(|row| *row).collect()
}

pub(crate) async fn rows<T: DeserializeOwned + 'static>(execution: Execution) -> Result<Vec<T>> {
    let rows = execution.rows(Want::ROWS).await?;
    typed_rows(&execution, rows)
}

fn typed_rows<T: DeserializeOwned + 'static>(execution: &Execution, rows: Rows) -> Result<Vec<T>> {
    match rows {
        Rows::Encoded(columns) => decode(execution, &columns, |_, row| Ok(row)),
        Rows::Found(found) => Ok(own(found)),
    }
}

impl<T: Store, A: Access> Query<T, A> {
    /// The rows.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] names the first row that does not fit the type.
    pub fn to_vec(&self) -> Fetch<Vec<T>> {
        Fetch::new(rows(self.execution()))
    }

    /// The first row.
    pub fn first(&self) -> Fetch<Option<T>> {
        let execution = self.limit(1).execution();
        Fetch::new(async move { Ok(rows(execution).await?.into_iter().next()) })
    }

    /// The last row.
    pub fn last(&self) -> Fetch<Option<T>> {
        let execution = self.execution();
        Fetch::new(async move {
            let rows = execution.last().await?;
            Ok(typed_rows(&execution, rows)?.pop())
        })
    }

    /// How many rows there are. Without filters the browser counts, and no row is read.
    pub fn count(&self) -> Fetch<usize> {
        let execution = self.execution();
        Fetch::new(async move { execution.count().await })
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> Fetch<bool> {
        let execution = self.limit(1).execution();
        Fetch::new(async move { Ok(execution.count().await? == 0) })
    }

    /// The keys of the ordering index, one per entry: equal keys repeat, and so does a row with several elements in a
    /// multi-entry index.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if `K` is not the type of the index's keys.
    pub fn keys<K: Key>(&self) -> Fetch<Vec<K>> {
        let execution = self.execution();
        Fetch::new(async move { typed_all(execution.table(), &execution.keys().await?) })
    }

    /// The keys of the ordering index, each once.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if `K` is not the type of the index's keys.
    pub fn unique_keys<K: Key>(&self) -> Fetch<Vec<K>> {
        let execution = self.execution();
        Fetch::new(async move { typed_all(execution.table(), &execution.unique_keys().await?) })
    }

    /// The primary keys of the rows, in the query's order. Without filters no row is read.
    pub fn primary_keys(&self) -> Fetch<Vec<T::Key>> {
        let execution = self.execution();
        Fetch::new(async move { typed_all(execution.table(), &execution.primary_keys().await?) })
    }

    /// The rows, each with its primary key: for tables whose key is not part of the record.
    pub fn entries(&self) -> Fetch<Vec<(T::Key, T)>> {
        let execution = self.execution();
        Fetch::new(async move {
            let table = execution.table();
            match execution.rows(Want::ENTRIES).await? {
                Rows::Encoded(columns) => decode(&execution, &columns, |key, row| {
                    let key = key.ok_or_else(|| Error::Data {
                        table: table.to_owned(),
                        key: None,
                        row: None,
                        message: "the row has no key".to_owned(),
                    })?;
                    Ok((typed(table, &key)?, row))
                }),
                Rows::Found(found) => {
                    let keys: Vec<AnyKey> = found.iter().map(|found| found.primary_key.clone()).collect();
                    Ok(typed_all(table, &keys)?.into_iter().zip(own(found)).collect())
                }
            }
        })
    }

    /// The first `count` rows, and where to go on: keyset paging, which costs the same for every page.
    ///
    /// `query.after(page.next)` is the next page. Unlike an offset, the place stays right when rows before it come and go.
    /// The query's own `offset` and `limit` count anew from that place.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] with `sort_by_key`, whose order is not that of any index.
    pub fn page(&self, count: usize) -> Fetch<Page<T>> {
        let execution = self.limit(count).execution();
        Fetch::new(async move {
            if execution.spec.sort.is_some() {
                return Err(Error::Unsupported {
                    what:
                        "`page` needs the order of an index: use `order_by`, or `offset` and `limit` with `sort_by_key`"
                            .to_owned(),
                });
            }
            // One row more tells whether there is a next page.
            let limit = execution.spec.limit.unwrap_or(count);
            let more = execution.with(|spec| spec.limit = Some(limit.saturating_add(1)));
            let mut found = more.found().await?;
            let next = if found.len() > limit && limit == count {
                found.truncate(limit);
                found.last().map(Found::cursor)
            } else {
                found.truncate(limit);
                None
            };
            Ok(Page { rows: own(found), next })
        })
    }

    /// How the query is carried out, in words: which indexes, which ranges, what the browser does and what is done here.
    #[must_use]
    pub fn explain(&self) -> String {
        let execution = self.execution();
        let table = execution.table();
        match execution.plan() {
            Ok(plan) => {
                let schema = execution.session.shared.schema(execution.store);
                Explained { plan: &plan, spec: &self.spec, schema: &schema, table }.to_string()
            }
            Err(error) => error.to_string(),
        }
    }
}
