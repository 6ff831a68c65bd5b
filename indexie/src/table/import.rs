//! `Import`: rows without number, some hundred at a time, in one transaction. Called by apps; calls the engine. Only its first
//! function knows what the rows are.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::{FutureExt, LocalBoxFuture};

use super::ahead::OneAhead;
use super::{Access, Rows, Rowwise, Table, Target, Writable};
use crate::codec::write_row;
use crate::engine::{Access as Mode, Footprint, Session, savepoint};
use crate::error::Result;
use crate::key::{AnyKey, Entry, IntoKey, Key};
use crate::store::{Insert, Insertable, Outbound, Store};

/// Of one task: no more rows than that, and no more bytes of them but for the last row.
const PART_ROWS: usize = 128;
const PART_BYTES: usize = 64 << 10;

/// How far an [`Import`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportProgress {
    /// Rows that have been written. Committed they are all together, at the end.
    pub done: usize,
    /// How many there are, if the iterator knows: those of vectors and ranges do.
    pub total: Option<usize>,
}

/// Rows on their way into a table; see [`Table::import`].
///
/// # Cancellation
///
/// Dropped before its first poll, it does nothing. Dropped later, it is undone: no row of it is stored.
#[must_use = "an import does nothing unless it is awaited"]
pub struct Import {
    /// Until it begins.
    work: Option<Work>,
    running: LocalBoxFuture<'static, Result<usize>>,
}

struct Work {
    target: Target,
    put: bool,
    total: Option<usize>,
    /// Encodes the next row; none once there is no going on.
    next: Option<NextRow>,
    progress: Box<dyn FnMut(ImportProgress)>,
}

type NextRow = Box<dyn FnMut(&mut Part) -> Option<Result<()>>>;

/// Rows that are written in one task, and their keys where those are apart.
struct Part {
    table: &'static str,
    rows: Rows,
    keys: Vec<AnyKey>,
}

impl<T: Store, A: Access> Table<T, A> {
    /// Adds any number of rows, all or none, while the page stays responsive. Returns how many there were.
    ///
    /// Rows are taken from the iterator some hundred at a time, each time in a task of a few milliseconds, and between those
    /// the page draws and answers its user. All of them are written in one transaction, which other writers of the table wait
    /// for; readers too, as browsers have it. [`bulk_add`](Self::bulk_add) is for rows that are there already, and returns their
    /// keys: it encodes all of them when it is called.
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn main() -> Result<()> { futures::executor::block_on(async {
    /// # let db = AppDb::new();
    /// let lines = "ada@example.com Ada\nbob@example.com Bob";
    /// let parsed = lines.lines().map(|line| {
    ///     let (email, name) = line.split_once(' ').unwrap_or((line, ""));
    ///     NewUser { email: email.into(), name: name.into(), age: 0, tags: vec![] }
    /// });
    /// let count = db
    ///     .users
    ///     .import(parsed)
    ///     .on_progress(|progress| println!("{} of {:?}", progress.done, progress.total))
    ///     .await?;
    /// assert_eq!(count, 2);
    /// # Ok(()) }) }
    /// ```
    ///
    /// A transaction waits for nothing but its own requests, so rows cannot come from a stream: fetch them first, or import each
    /// page of them by itself. The iterator may do the parsing, as above.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add); the error carries the position of the row, and no row is added. Inside a transaction that goes on
    /// after such an error, what the import has written is undone, which takes more: the old rows are read beforehand.
    ///
    /// # Cancellation
    ///
    /// Dropping the future undoes the import. A button that stops it:
    ///
    /// ```
    /// # mod app { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doc_schema.rs")); }
    /// # use {app::*, indexie::prelude::*};
    /// # fn main() -> Result<()> { futures::executor::block_on(async {
    /// # let (db, users) = (AppDb::new(), Vec::<NewUser>::new());
    /// use futures::future::abortable;
    ///
    /// let (import, stop) = abortable(db.users.import(users));
    /// stop.abort(); // when the button is pressed
    /// assert!(import.await.is_err(), "stopped");
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Hooks and overlays
    ///
    /// Tables with [hooks](crate::Hooks), and overlays, work out what a write leaves before any of it is stored: an import
    /// into them is as all-or-nothing, but is kept in memory until its end and then stored at once.
    pub fn import<R: Insert<T> + 'static>(&self, rows: impl IntoIterator<Item = R, IntoIter: 'static>) -> Import
    where
        A: Writable,
    {
        let mut rows = rows.into_iter();
        let total = exactly(rows.size_hint());
        let next = move |part: &mut Part| rows.next().map(|row| part.push::<T, R>(&row, None));
        Import::new(self.target(), total, Box::new(next))
    }

    /// Adds any number of rows under these keys, as [`import`](Self::import) does.
    ///
    /// # Errors
    ///
    /// As [`import`](Self::import).
    pub fn import_with_keys<K: IntoKey<T::Key>>(
        &self,
        rows: impl IntoIterator<Item = (K, T), IntoIter: 'static>,
    ) -> Import
    where
        T: Outbound,
        A: Writable,
    {
        let mut rows = rows.into_iter();
        let total = exactly(rows.size_hint());
        let this = self.clone();
        let next = move |part: &mut Part| {
            let (key, row) = rows.next()?;
            let key = key.into_key().to_any().map_err(|error| this.no_key(&error).at_row(part.rows.count()));
            Some(key.and_then(|key| part.push::<T, T>(&row, Some(key))))
        };
        Import::new(self.target(), total, Box::new(next))
    }
}

fn exactly((least, most): (usize, Option<usize>)) -> Option<usize> {
    most.filter(|most| *most == least)
}

impl Import {
    fn new(target: Target, total: Option<usize>, next: NextRow) -> Self {
        let work = Work { target, put: false, total, next: Some(next), progress: Box::new(|_| {}) };
        Self { work: Some(work), running: futures::future::pending().boxed_local() }
    }

    /// Puts the rows: one whose key is there already takes the place of that row, and of rows with the same key the last one stays.
    pub fn replacing(mut self) -> Self {
        if let Some(work) = &mut self.work {
            work.put = true;
        }
        self
    }

    /// Called after each part with how far the import has come, for a progress bar. It is part of the transaction's own steps:
    /// what it does should be short, and other operations of the database are not for it.
    pub fn on_progress(mut self, told: impl FnMut(ImportProgress) + 'static) -> Self {
        if let Some(work) = &mut self.work {
            work.progress = Box::new(told);
        }
        self
    }
}

impl Future for Import {
    type Output = Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<usize>> {
        if let Some(work) = self.work.take() {
            self.running = work.run().boxed_local();
        }
        self.running.poll_unpin(context)
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Import")
    }
}

impl Work {
    async fn run(self) -> Result<usize> {
        let (session, store) = (self.target.session.clone(), self.target.store);
        let (shared, transaction) = (session.shared.clone(), session.transaction);
        let body = move |session: Session| {
            async move {
                match transaction {
                    // It may go on after a failure. What is worked out in memory leaves nothing behind by itself.
                    Some(transaction) if session.frame().is_none() => {
                        savepoint(&shared, store, transaction, async move || self.write(session).await).await
                    }
                    _ => self.write(session).await,
                }
            }
            .boxed_local()
        };
        session.atomically(store, Mode::ReadWrite, Footprint::Whole, body).await
    }

    /// Part after part. What fails is undone by the transaction, or the savepoint, that this is in.
    async fn write(mut self, session: Session) -> Result<usize> {
        // In memory each write looks at what those before it have left.
        let mut ahead = session.frame().is_none().then(OneAhead::default);
        let target = Target { session, ..self.target.clone() };
        let (mut done, mut started) = (0, 0);
        while let Some((count, writing)) = self.start(&target, started) {
            started += count;
            let written = match &mut ahead {
                Some(ahead) => ahead.next(writing).await?,
                None => Some(writing.await?),
            };
            if let Some(count) = written {
                self.tell(&mut done, count);
            }
        }
        if let Some(count) = ahead.unwrap_or_default().last().await? {
            self.tell(&mut done, count);
        }
        Ok(done)
    }

    fn tell(&mut self, done: &mut usize, count: usize) {
        *done += count;
        (self.progress)(ImportProgress { done: *done, total: self.total });
    }

    /// The next part, after so many rows, and how many it has; none where no row is left.
    fn start(&mut self, target: &Target, before: usize) -> Option<(usize, LocalBoxFuture<'static, Result<usize>>)> {
        let rows = self.part(target.table()).transpose()?;
        let count = rows.as_ref().map_or(0, Rows::count);
        let write = target.clone().write_part(rows, self.put);
        let writing = async move { write.await.map(|()| count).map_err(|error| error.after_rows(before)) };
        Some((count, writing.boxed_local()))
    }

    fn part(&mut self, table: &'static str) -> Result<Option<Rows>> {
        let mut part = Part { table, rows: Rows::default(), keys: Vec::new() };
        while part.rows.count() < PART_ROWS && part.rows.size() < PART_BYTES {
            let Some(pushed) = self.next.as_mut().and_then(|next| next(&mut part)) else {
                self.next = None;
                break;
            };
            if let Err(error) = pushed {
                self.next = None;
                return Err(error);
            }
        }
        let Part { rows, keys, .. } = part;
        if keys.is_empty() {
            return Ok((rows.count() > 0).then_some(rows));
        }
        rows.under(table, keys.into_iter().map(Ok), Rowwise::Many).map(Some)
    }
}

impl Part {
    fn push<T: Store, R: Insertable>(&mut self, row: &R, key: Option<AnyKey>) -> Result<()> {
        self.keys.extend(key);
        // Keys that are apart are no part of the row.
        let apart = !self.keys.is_empty();
        let own = || if apart { Entry::none() } else { row.entry(0) };
        self.rows.push(self.table, Rowwise::Many, &|batch, shapes| write_row(batch, shapes, T::FIELDS, row), &own)
    }
}
