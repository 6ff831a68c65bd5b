//! The reading methods of a table and of its queries, called with what a program says.

use std::cell::RefCell;
use std::rc::Rc;

use futures::TryStreamExt;
use indexie::prelude::*;
use indexie::{Access, Cursor, Fetch, Index, IsUnique, Page};

use super::ask::query;
use crate::field::Field;
use crate::key::Key as Ordered;
use crate::outcome::{Fault, Outcome};
use crate::program::Verb;
use crate::query::{Query as Asked, Terminal};
use crate::record::{Any, Record, VisitAny, VisitUnique};
use crate::shape::primary_column;
use crate::value::{Row, Value};

/// A query that goes on and on is broken.
const MOST_PAGES: usize = 1_000;

pub async fn read<T: Record, A: Access>(table: &Table<T, A>, verb: &Verb) -> Result<Outcome> {
    Ok(match verb {
        Verb::Get(key) => Outcome::Row(table.get(&T::Key::of(key)).await?.map(|row| row.row())),
        Verb::GetMany(keys) => {
            let keys: Vec<T::Key> = keys.iter().map(T::Key::of).collect();
            let rows = table.bulk_get(&keys).await?;
            Outcome::Found(rows.into_iter().map(|row| row.map(|row| row.row())).collect())
        }
        Verb::GetBy(column, key) => match T::unique(*column, By { table, key }) {
            Some(row) => Outcome::Row(row.await?.map(|row| row.row())),
            None => Outcome::Broken("the column is not unique".to_owned()),
        },
        Verb::Read(asked, terminal) if asked.is_whole_table() => whole(table, *terminal).await?,
        Verb::Read(asked, terminal) => found(&query(table, asked), asked, *terminal).await?,
        _ => Outcome::Broken("a write is no read".to_owned()),
    })
}

fn rows<T: Record>(rows: Vec<T>) -> Outcome {
    Outcome::Rows(rows.iter().map(Record::row).collect())
}

fn keys<K: Field>(keys: &[K]) -> Outcome {
    Outcome::Keys(keys.iter().filter_map(|key| Ordered::of(&key.value())).collect())
}

fn entries<T: Record>(entries: &[(T::Key, T)]) -> Outcome {
    let entry = |(key, row): &(T::Key, T)| Some((Ordered::of(&key.value())?, row.row()));
    Outcome::Entries(entries.iter().filter_map(entry).collect())
}

/// What a table has of the queries' methods.
async fn whole<T: Record, A: Access>(table: &Table<T, A>, terminal: Terminal) -> Result<Outcome> {
    let seen = Seen::default();
    Ok(match terminal {
        Terminal::ToVec => rows(table.to_vec().await?),
        Terminal::First => Outcome::Row(table.first().await?.map(|row| row.row())),
        Terminal::Last => Outcome::Row(table.last().await?.map(|row| row.row())),
        Terminal::Count => Outcome::Count(table.count().await?),
        Terminal::IsEmpty => Outcome::Truth(table.is_empty().await?),
        Terminal::PrimaryKeys => keys(&table.primary_keys().await?),
        Terminal::Entries => entries(&table.entries().await?),
        Terminal::Each => seen.after(table.each(seen.each(usize::MAX)).await)?,
        Terminal::EachUntil(end) => seen.after(table.each(seen.each(end)).await)?,
        Terminal::Stream => rows(table.stream().try_collect().await?),
        Terminal::Chunks => seen.after(table.for_each_chunk(seen.chunks()).await)?,
        Terminal::Keys | Terminal::UniqueKeys | Terminal::Pages(_) => {
            found(&table.offset(0), &Asked::default(), terminal).await?
        }
    })
}

async fn found<T: Record, A: Access>(query: &Query<T, A>, asked: &Asked, terminal: Terminal) -> Result<Outcome> {
    let seen = Seen::default();
    Ok(match terminal {
        Terminal::ToVec => rows(query.to_vec().await?),
        Terminal::First => Outcome::Row(query.first().await?.map(|row| row.row())),
        Terminal::Last => Outcome::Row(query.last().await?.map(|row| row.row())),
        Terminal::Count => Outcome::Count(query.count().await?),
        Terminal::IsEmpty => Outcome::Truth(query.is_empty().await?),
        Terminal::Keys | Terminal::UniqueKeys => {
            let column = asked.order(primary_column::<T>());
            let keys = T::column(column, Any(KeysOf { query, unique: terminal == Terminal::UniqueKeys }));
            Outcome::Keys(keys.await?)
        }
        Terminal::PrimaryKeys => keys(&query.primary_keys().await?),
        Terminal::Entries => entries(&query.entries().await?),
        Terminal::Each => seen.after(query.each(seen.each(usize::MAX)).await)?,
        Terminal::EachUntil(end) => seen.after(query.each(seen.each(end)).await)?,
        Terminal::Stream => rows(query.stream().try_collect().await?),
        Terminal::Chunks => seen.after(query.for_each_chunk(seen.chunks()).await)?,
        Terminal::Pages(size) => {
            let page = |after| match after {
                None => query.page(size),
                Some(cursor) => query.after(cursor).page(size),
            };
            pages(page).await?
        }
    })
}

/// All pages, each from where the one before ends.
pub async fn pages<T: Record>(page: impl Fn(Option<Cursor>) -> Fetch<Page<T>>) -> Result<Outcome> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let Page { rows, next, .. } = page(after).await?;
        pages.push(rows.iter().map(Record::row).collect());
        after = next.filter(|_| pages.len() < MOST_PAGES);
        if after.is_none() {
            return Ok(Outcome::Pages(pages));
        }
    }
}

/// The rows that a callback has been given.
#[derive(Clone, Default)]
pub struct Seen(Rc<RefCell<Vec<Row>>>);

impl Seen {
    /// Fails at the row of this number.
    pub fn each<T: Record>(&self, end: usize) -> impl AsyncFnMut(T) -> Result<()> + 'static {
        let seen = self.0.clone();
        async move |row: T| {
            seen.borrow_mut().push(row.row());
            if seen.borrow().len() > end { Err(Error::user("enough")) } else { Ok(()) }
        }
    }

    pub fn chunks<T: Record>(&self) -> impl AsyncFnMut(Vec<T>) + 'static {
        let seen = self.0.clone();
        async move |rows: Vec<T>| seen.borrow_mut().extend(rows.iter().map(Record::row))
    }

    pub fn after(&self, result: Result<()>) -> Result<Outcome> {
        match result {
            Ok(()) => Ok(Outcome::Rows(self.0.take())),
            Err(Error::User(_)) => Ok(Outcome::Stopped(self.0.take(), Fault::User)),
            Err(error) => Err(error),
        }
    }
}

struct By<'a, T: Record, A> {
    table: &'a Table<T, A>,
    key: &'a Value,
}

impl<T: Record, A: Access> VisitUnique<T> for By<'_, T, A> {
    type Output = indexie::Fetch<Option<T>>;

    fn unique<K: Field + Key, Kind: IsUnique + 'static>(self, index: Index<T, K, Kind>) -> Self::Output {
        self.table.get_by(move |_| index, &K::of(self.key))
    }
}

struct KeysOf<'a, T: Record, A> {
    query: &'a Query<T, A>,
    unique: bool,
}

impl<T: Record, A: Access> VisitAny<T> for KeysOf<'_, T, A> {
    type Output = futures::future::LocalBoxFuture<'static, Result<Vec<Ordered>>>;

    fn any<K: Field + Key, Kind: 'static>(self, _: Index<T, K, Kind>) -> Self::Output {
        let keys = if self.unique { self.query.unique_keys::<K>() } else { self.query.keys::<K>() };
        Box::pin(async move { Ok(keys.await?.iter().filter_map(|key| Ordered::of(&key.value())).collect()) })
    }
}
