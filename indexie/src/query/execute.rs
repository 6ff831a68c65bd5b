//! The executor: carries out a plan against a session. Untyped; the typed surface decodes what comes out.

use std::any::Any;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::collect::{Collector, MisfitRow, typed_vec, vec_of};
use super::cursor::Cursor;
use super::plan::{Plan, Walk, is_multi, path_of, plan};
use super::spec::{Branch, Spec};
use super::ways::Ways;
use crate::codec::{CodecError, Decoded, Known, key_by, keys_by};
use crate::engine::{Access, Footprint, RowType, Session, unexpected};
use crate::error::{Error, Result};
use crate::index::Column;
use crate::key::range::{KeyRange, RangeSet};
use crate::key::{AnyKey, Form};
use crate::order::distinct_by;
use crate::schema::{KeyPath, StoreSchema};
use crate::storage::{Columns, Operation, Position, Request, RowReader, Scan, Sink, Want};
#[cfg(feature = "live")]
use crate::table::Target;

/// So many rows are read sooner than the place of one of them is found.
const FEW: usize = 32;
/// Up to so many rows are counted by their keys.
const MANY: usize = 1_000;

/// A query and where it runs.
#[derive(Clone)]
pub(crate) struct Execution {
    pub session: Session,
    pub store: u16,
    pub row_type: RowType,
    /// Shared by copies: each read has one.
    pub spec: Rc<Spec>,
}

/// A row, decoded, with the keys by which it was found.
pub(crate) struct Found {
    pub row: Box<dyn Any>,
    /// In the ordering index.
    pub key: AnyKey,
    pub primary_key: AnyKey,
    /// Where the row's type does not tell: all its keys in the ordering index, ascending.
    pub order: Vec<AnyKey>,
}

/// A row that passes the filters, and what it stands under where its type does not tell.
pub(super) type Tested = (Box<dyn Any>, Vec<AnyKey>);

fn next_tested(
    query: &Execution,
    rows: &mut dyn Any,
    reader: &mut RowReader<'_>,
    shapes: &dyn Known,
) -> Option<Decoded<()>> {
    let rows = vec_of::<Option<Tested>>(rows, reader.left())?;
    let (schema, order) = (query.session.shared.schema(query.store), query.spec.order_column());
    let row = reader.next(|reader| {
        let order = match (query.row_type.entry, path_of(&schema, order)) {
            (None, path) if is_multi(&schema, order) => keys_by(reader, shapes, path),
            (None, path) => key_by(reader, shapes, path).into_iter().collect(),
            (Some(_), _) => Vec::new(),
        };
        (query.row_type.decode)(reader, shapes).map(|row| (row, order))
    })?;
    Some(row.map(|row| rows.push(row.filter(|(row, _)| query.spec.filters.iter().all(|filter| filter(&**row))))))
}

/// Rows as they came, or rows that had to be looked at.
pub(crate) enum Rows {
    Encoded(Columns),
    Found(Vec<Found>),
}

impl Execution {
    /// The query for the one row with a key, of the store or of an index.
    #[cfg(feature = "live")]
    pub fn of_key(target: &Target, index: Option<u16>, key: AnyKey) -> Self {
        let column = Column { entry: index.map_or(0, |index| index + 1), first: false };
        let branch = Branch::new(column, Ok(RangeSet::one(KeyRange::only(key))));
        let Target { session, store, row_type } = target.clone();
        let spec = Rc::new(Spec { branches: vec![branch], ..Spec::default() });
        Self { session, store, row_type, spec }
    }

    pub fn table(&self) -> &'static str {
        self.session.shared.table_name(self.store)
    }

    /// How what the storage does not do alone is done.
    fn ways(&self) -> Result<&'static dyn Ways> {
        self.spec.ways.ok_or_else(unexpected)
    }

    pub fn plan(&self) -> Result<Plan> {
        let schema = self.session.shared.schema(self.store);
        let plan = plan(&self.spec, &schema, self.table())?;
        if let Some(cursor) = &self.spec.after {
            self.order_of_an_index("after")?;
            self.goes_on_from(cursor, &schema)?;
        }
        Ok(plan)
    }

    /// Fails for what needs an order that cursors can tell a place in.
    pub fn order_of_an_index(&self, what: &str) -> Result<()> {
        if self.spec.sort.is_none() {
            return Ok(());
        }
        Err(Error::Unsupported {
            what: format!(
                "`{what}` needs the order of an index: use `order_by`, or `offset` and `limit` with `sort_by_key`"
            ),
        })
    }

    /// Fails if a cursor is none of the query's order, as far as its keys tell.
    fn goes_on_from(&self, cursor: &Cursor, schema: &StoreSchema) -> Result<()> {
        let order = self.spec.order_column();
        let Cursor { key, primary_key } = cursor;
        let is_key = match (path_of(schema, order), key) {
            (KeyPath::Many(paths), AnyKey::Array(parts)) => paths.len() == parts.len(),
            (KeyPath::Many(_), _) => false,
            (path, key) => self.form_of(path).is_none_or(|form| form.may_be(key)),
        };
        let index = order.entry.checked_sub(1).and_then(|at| schema.indexes.get(usize::from(at)));
        if is_key && (index.is_some() || key == primary_key) {
            return Ok(());
        }
        let by = index.map_or_else(|| "primary key".to_owned(), |index| format!("index `{}`", index.name));
        Err(Error::InvalidArgument {
            message: format!(
                "table `{}`: the cursor is of another order, with the key {key} for the row {primary_key}, and the query is ordered by the {by}",
                self.table()
            ),
        })
    }

    /// How the keys under a single path are stored, as far as that is known.
    fn form_of(&self, path: KeyPath) -> Option<Form> {
        let KeyPath::One(path) = path else { return None };
        let field = self.row_type.forms.iter().find(|field| path.split('.').eq(field.path.iter().copied()));
        field.map(|field| field.form)
    }

    pub(super) fn within(&self, session: Session) -> Self {
        Self { session, ..self.clone() }
    }

    /// Runs reads that follow one another as one: no write comes between them.
    pub(super) async fn as_one<R: 'static>(
        &self,
        reads: impl FnOnce(Self) -> LocalBoxFuture<'static, Result<R>> + 'static,
    ) -> Result<R> {
        let this = self.clone();
        let reads = move |session| reads(this.within(session));
        self.session.atomically(self.store, Access::Read, Footprint::Whole, reads).await
    }

    /// The same, with other windows or another direction.
    pub fn with(&self, change: impl FnOnce(&mut Spec)) -> Self {
        let mut changed = self.clone();
        change(Rc::make_mut(&mut changed.spec));
        changed
    }

    pub(super) fn native_scan(&self, walk: &Walk, want: Want) -> Scan {
        Scan {
            ranges: walk.ranges.clone(),
            reverse: self.spec.reverse,
            unique: false,
            offset: self.spec.offset,
            limit: self.spec.limit,
            after: self.after_in(walk),
            want,
        }
    }

    /// Where to go on, as a place in the index that is walked.
    pub(super) fn after_in(&self, walk: &Walk) -> Option<Position> {
        let Position { key, primary_key } = self.spec.after.clone()?.into();
        Some(Position { key: self.walked_key(walk, key), primary_key })
    }

    /// A key of the ordering index as one of the index that is walked. They differ where a compound index of the clause's
    /// column and the ordering one stands in for both; cursors are to outlive such a choice.
    pub(super) fn walked_key(&self, walk: &Walk, key: AnyKey) -> AnyKey {
        let ranges = self.spec.branches.first().and_then(|branch| branch.ranges.as_ref().ok());
        match ranges.map(RangeSet::ranges) {
            Some([range]) if walk.column.entry != self.spec.order_column().entry => {
                AnyKey::Array(range.single().into_iter().cloned().chain([key]).collect())
            }
            _ => key,
        }
    }

    /// The other way round.
    pub(super) fn ordering_key(&self, walk: &Walk, key: AnyKey) -> AnyKey {
        match key {
            AnyKey::Array(mut parts) if walk.column.entry != self.spec.order_column().entry && parts.len() == 2 => {
                parts.swap_remove(1)
            }
            key => key,
        }
    }

    pub async fn scan(&self, walk: &Walk, scan: Scan) -> Result<Columns> {
        self.scan_into(walk, scan, None).await
    }

    /// The same, where the sink may be given some of the rows before.
    pub(super) async fn scan_into(&self, walk: &Walk, scan: Scan, sink: Option<Sink>) -> Result<Columns> {
        if scan.ranges.is_empty() || scan.limit == Some(0) {
            return Ok(Columns::empty(scan.want));
        }
        let operation = Operation::Scan(scan);
        let request = Request { store: self.store, index: walk.index(), operation, sink };
        self.session.columns_into(request).await
    }

    pub(super) async fn get(&self, keys: Vec<AnyKey>) -> Result<Columns> {
        if keys.is_empty() {
            return Ok(Columns::empty(Want::ROWS));
        }
        self.session.columns(self.store, None, Operation::Get { keys, park: false }).await
    }

    /// The rows of the query, in order. `want` says which keys are needed beside encoded rows.
    pub fn rows(&self, want: Want) -> LocalBoxFuture<'_, Result<Rows>> {
        async move {
            match self.plan()? {
                Plan::Native(walk) => self.scan(&walk, self.native_scan(&walk, want)).await.map(Rows::Encoded),
                plan => self.ways()?.rows(self, plan, want).await,
            }
        }
        .boxed_local()
    }

    /// The same for rows alone. Of those that come encoded, the sink may be given some before; and they have yet to be tested.
    pub fn rows_into(&self, sink: Sink) -> LocalBoxFuture<'_, Result<Rows>> {
        async move {
            let plan = self.plan()?;
            match plan.one_scan(&self.spec) {
                Some(walk) => {
                    self.scan_into(walk, self.native_scan(walk, Want::ROWS), Some(sink)).await.map(Rows::Encoded)
                }
                None => self.ways()?.rows(self, plan, Want::ROWS).await,
            }
        }
        .boxed_local()
    }

    /// The primary key of the record behind so many others, where one walk finds them all.
    pub(super) async fn key_behind(&self, others: usize) -> Option<AnyKey> {
        let Ok(Plan::Native(walk) | Plan::Filtered(walk)) = self.plan() else { return None };
        let scan = Scan { limit: Some(others + 1), ..self.native_scan(&walk, Want::PRIMARY_KEYS) };
        let columns = self.scan(&walk, scan).await.ok()?;
        columns.primary_keys().into_iter().nth(others)
    }

    /// The primary keys of the query, in order, without their rows where those are not needed.
    pub fn primary_keys(&self) -> LocalBoxFuture<'_, Result<Vec<AnyKey>>> {
        async move {
            match self.plan()? {
                Plan::Native(walk) => {
                    let columns = self.scan(&walk, self.native_scan(&walk, Want::PRIMARY_KEYS)).await?;
                    Ok(columns.primary_keys())
                }
                plan => self.ways()?.primary_keys(self, plan).await,
            }
        }
        .boxed_local()
    }

    /// How many rows the query has, counted by the storage where nothing has to be looked at.
    pub fn count(&self) -> LocalBoxFuture<'_, Result<usize>> {
        async move {
            match self.plan()? {
                // A browser counts all of a range, and that is many where a few are enough.
                Plan::Native(walk)
                    if self.spec.after.is_none()
                        && (self.spec.offset > 0 || self.spec.limit.is_none_or(|limit| limit > MANY)) =>
                {
                    if walk.ranges.is_empty() {
                        return Ok(0);
                    }
                    let all = self.session.number(self.store, walk.index(), Operation::Count(walk.ranges)).await?;
                    Ok(all.saturating_sub(self.spec.offset).min(self.spec.limit.unwrap_or(usize::MAX)))
                }
                _ => Ok(self.primary_keys().await?.len()),
            }
        }
        .boxed_local()
    }

    /// The last row, at the end of what is given.
    pub fn last(&self) -> LocalBoxFuture<'_, Result<Rows>> {
        async move {
            match self.plan()? {
                Plan::Distinct(walk) => self.ways()?.last(self, walk).await,
                Plan::Native(_) | Plan::Filtered(_) if !self.spec.is_windowed() => self.last_of_all().await,
                Plan::Native(_) if self.spec.after.is_none() && self.spec.limit.is_none_or(|limit| limit > FEW) => {
                    self.as_one(|this| async move { this.last_of_window().await }.boxed_local()).await
                }
                _ => self.rows(Want::ROWS).await,
            }
        }
        .boxed_local()
    }

    /// The last row of a window, without those before it. Nothing is counted: a browser would go over all of them.
    async fn last_of_window(&self) -> Result<Rows> {
        if let Some(limit) = self.spec.limit {
            let before = limit.saturating_sub(1);
            let at_its_end = self.with(|spec| {
                spec.offset = spec.offset.saturating_add(before);
                spec.limit = Some(1);
            });
            let last = at_its_end.rows(Want::ROWS).await?;
            if !matches!(&last, Rows::Encoded(columns) if columns.count == 0) {
                return Ok(last);
            }
        }
        // It ends where everything does, if it begins before that.
        let first = self.with(|spec| spec.limit = Some(1));
        if self.spec.offset > 0 && first.primary_keys().await?.is_empty() {
            return Ok(Rows::Encoded(Columns::empty(Want::ROWS)));
        }
        self.last_of_all().await
    }

    /// The last row, whatever the window.
    async fn last_of_all(&self) -> Result<Rows> {
        let backwards = |spec: &mut Spec| (spec.reverse, spec.offset, spec.limit) = (!spec.reverse, 0, Some(1));
        self.with(backwards).rows(Want::ROWS).await
    }

    /// Fails if the keys of the ordering index are of another form than this one, as far as that is known.
    pub fn has_keys_of(&self, form: Form) -> Result<()> {
        let schema = self.session.shared.schema(self.store);
        let column = self.spec.order_column();
        let own = match path_of(&schema, column) {
            KeyPath::Many(paths) if column.first => paths.first().and_then(|path| self.form_of(KeyPath::One(path))),
            KeyPath::Many(_) => Some(Form::Array),
            path => self.form_of(path),
        };
        match own {
            Some(own) if !own.is_like(form) => Err(Error::Data {
                table: self.table().to_owned(),
                key: None,
                row: None,
                message: format!("the index has {}, and {} are asked for", own.plural(), form.plural()),
            }),
            _ => Ok(()),
        }
    }

    /// The keys of the ordering index, one per entry and so with repeats.
    pub fn keys(&self) -> LocalBoxFuture<'_, Result<Vec<AnyKey>>> {
        async move {
            let keys: Vec<AnyKey> = match self.plan()? {
                Plan::Native(walk) | Plan::Distinct(walk) => {
                    let scan = self.native_scan(&walk, Want::KEYS);
                    // The storage goes on from a place, or skips entries, but not both.
                    let left_out = if scan.after.is_some() { scan.offset } else { 0 };
                    let limit = scan.limit.map(|limit| limit.saturating_add(left_out));
                    let scan = Scan { offset: scan.offset - left_out, limit, ..scan };
                    let keys = self.scan(&walk, scan).await?.keys();
                    keys.into_iter().skip(left_out).map(|key| self.ordering_key(&walk, key)).collect()
                }
                plan => self.ways()?.keys(self, plan).await?,
            };
            Ok(keys.into_iter().map(|key| self.first_column(key)).collect())
        }
        .boxed_local()
    }

    /// The keys of the ordering index, each once. The window is cut out of these: a browser would skip entries.
    pub fn unique_keys(&self) -> LocalBoxFuture<'_, Result<Vec<AnyKey>>> {
        async move {
            let all = self.with(|spec| (spec.offset, spec.limit) = (0, None));
            let keys: Vec<AnyKey> = match all.plan()? {
                Plan::Native(walk) | Plan::Distinct(walk) => {
                    // Several keys of a compound index have the same first part, and behind a place its own key comes again.
                    let repeat = self.spec.order_column().first || self.spec.after.is_some();
                    let limit = self.spec.limit.filter(|_| !repeat).map(|limit| limit.saturating_add(self.spec.offset));
                    let scan = Scan { unique: true, limit, ..all.native_scan(&walk, Want::KEYS) };
                    let keys = all.scan(&walk, scan).await?.keys();
                    keys.into_iter().map(|key| all.first_column(all.ordering_key(&walk, key))).collect()
                }
                _ => all.keys().await?,
            };
            let unique = distinct_by(keys, |key| key).into_iter();
            Ok(unique.skip(self.spec.offset).take(self.spec.limit.unwrap_or(usize::MAX)).collect())
        }
        .boxed_local()
    }

    fn first_column(&self, key: AnyKey) -> AnyKey {
        match key {
            AnyKey::Array(mut parts) if self.spec.order_column().first && !parts.is_empty() => parts.swap_remove(0),
            key => key,
        }
    }

    /// What decodes rows that are tested.
    pub(super) fn collector() -> Collector {
        Collector::new::<Option<Tested>>(next_tested)
    }

    /// The rows of the columns that pass the filters, and the place of the last record: there need not be a row at it.
    pub(super) fn decode(&self, columns: &Columns, collector: &Collector) -> Result<(Vec<Found>, Option<Position>)> {
        let shapes = columns.shapes.borrow();
        let opened = columns.open(&*shapes);
        collector.read(self, columns, opened.rows, &*shapes);
        let rows = collector.tried()?.map_err(|MisfitRow { at, key, error }| {
            self.undecodable(error, opened.primary_keys.get(at).cloned().or(key))
        })?;
        let rows = typed_vec::<Option<Tested>>(rows)?;
        let keys = if columns.want.keys { opened.keys } else { opened.primary_keys.clone() };
        let last = keys.last().cloned().zip(opened.primary_keys.last().cloned());
        let found = keys.into_iter().zip(opened.primary_keys).zip(rows).filter_map(|((key, primary_key), row)| {
            let (row, order) = row?;
            Some(Found { row, key, primary_key, order })
        });
        let found = found.collect();
        Ok((found, last.map(|(key, primary_key)| Position { key, primary_key })))
    }

    pub fn undecodable(&self, error: CodecError, key: Option<AnyKey>) -> Error {
        Error::decode(self.table(), key, error)
    }
}

impl Found {
    pub fn cursor(&self) -> Cursor {
        Cursor { key: self.key.clone(), primary_key: self.primary_key.clone() }
    }
}
