//! A part of a shape's rows as they are now: filtered, ordered and cut. `http` answers subset requests with it.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::message::Writer;
use super::shape::Shape;
use crate::db::Database;
use crate::db::table::{Row, Table};
use crate::name;
use crate::sql::{self, Expr};

#[derive(Debug, Default)]
pub(crate) struct Subset {
    pub(crate) filter: Option<Expr>,
    pub(crate) order: Vec<OrderBy>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

#[derive(Debug)]
pub(crate) struct OrderBy {
    column: String,
    type_name: String,
    descending: bool,
    nulls_first: bool,
}

impl OrderBy {
    /// Reads `id, "Name" DESC NULLS LAST`.
    pub(crate) fn parse(text: &str, table: &Table) -> Result<Vec<Self>, String> {
        let mut rest = text.trim();
        let mut order = Vec::new();
        loop {
            let (name, after) = name::identifier(rest).ok_or_else(|| format!("invalid order_by: {text}"))?;
            let column = table.column(&name).ok_or_else(|| format!("unknown reference {name}"))?;
            let (words, next) = after.split_once(',').map_or((after, None), |(words, next)| (words, Some(next)));
            let words = words.to_lowercase();
            let words: Vec<_> = words.split_whitespace().collect();
            let descending = words.first() == Some(&"desc");
            let direction = usize::from(matches!(words.first(), Some(&("asc" | "desc"))));
            let nulls_first = match words[direction..] {
                [] => descending,
                ["nulls", "first"] => true,
                ["nulls", "last"] => false,
                _ => return Err(format!("invalid order_by: {text}")),
            };
            order.push(Self { column: name, type_name: column.type_name.clone(), descending, nulls_first });
            match next {
                Some(next) => rest = next.trim_start(),
                None => return Ok(order),
            }
        }
    }

    fn compare(&self, a: &Row, b: &Row) -> Ordering {
        let (a, b) = (a[&self.column].as_deref(), b[&self.column].as_deref());
        if a.is_none() || b.is_none() {
            let nulls_last = a.is_none().cmp(&b.is_none());
            return if self.nulls_first { nulls_last.reverse() } else { nulls_last };
        }
        let order = sql::order(&self.type_name, a, b);
        if self.descending { order.reverse() } else { order }
    }
}

impl Shape {
    /// The body of the response.
    pub(crate) fn subset(&self, subset: &Subset, snapshot_mark: u32, db: &Database) -> Value {
        let Some(table) = db.table_by_oid(self.definition.oid) else { return Value::Null };
        let mut rows: Vec<&Row> = table
            .rows()
            .filter(|row| self.selects(row, &self.views, db))
            .filter(|row| subset.filter.as_ref().is_none_or(|filter| filter.selects(row, db)))
            .collect();
        rows.sort_by(|a, b| {
            let orders = subset.order.iter().map(|by| by.compare(a, b));
            orders.fold(Ordering::Equal, Ordering::then)
        });
        let cut = rows.into_iter().skip(subset.offset).take(subset.limit.unwrap_or(usize::MAX));
        let writer = Writer { definition: &self.definition, table };
        let mark = Map::from_iter([("snapshot_mark".to_owned(), Value::from(snapshot_mark))]);
        let data: Vec<_> =
            cut.map(|row| writer.row(row, self.tags(row, &self.views, db).as_ref(), mark.clone())).collect();
        let txid = db.next_txid().to_string();
        json!({
            "metadata": {
                "xip_list": [],
                "xmax": txid,
                "xmin": txid,
                "snapshot_mark": snapshot_mark,
                "database_lsn": db.lsn().to_string(),
            },
            "data": data,
        })
    }
}
