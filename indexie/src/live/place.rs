//! Where a row stands in a query's result, if it does: what the executor finds by walking indexes, told from a row alone. Pure.

use std::any::Any;
use std::cmp::Ordering;
use std::rc::Rc;

use crate::key::AnyKey;
use crate::query::is_multi;
use crate::query::spec::Spec;
use crate::schema::StoreSchema;
use crate::storage::{Image, RowChange};

/// A row in a result, with its place: its key in the ordering index, and its primary key.
#[derive(Clone)]
pub(super) struct Standing {
    pub key: AnyKey,
    pub primary_key: AnyKey,
    pub row: Rc<dyn Any>,
}

/// The order of a result.
pub(super) fn compare(spec: &Spec, a: &Standing, b: &Standing) -> Ordering {
    let by_key = || a.key.cmp(&b.key).then_with(|| a.primary_key.cmp(&b.primary_key));
    let order = match &spec.sort {
        Some(sort) => {
            let ranks = sort(&[&*a.row, &*b.row]);
            ranks[0].cmp(&ranks[1]).then_with(by_key)
        }
        None => by_key(),
    };
    if spec.reverse { order.reverse() } else { order }
}

/// One side of a change as it stands in the result, without regard to offset and limit; none if it is not part of it.
pub(super) fn standing(
    spec: &Spec,
    schema: &StoreSchema,
    change: &RowChange,
    image: &Image,
    row: Rc<dyn Any>,
) -> Option<Standing> {
    let key = key_in_order(spec, schema, change, image, &*row)?;
    let passes = spec.filters.iter().all(|filter| filter(&*row));
    let standing = Standing { key, primary_key: change.key.clone(), row };
    (passes && spec.is_after(&standing.key, &standing.primary_key)).then_some(standing)
}

/// The key of the ordering index at which a row stands that some clause finds: of several, the one that comes first.
fn key_in_order(spec: &Spec, schema: &StoreSchema, change: &RowChange, image: &Image, row: &dyn Any) -> Option<AnyKey> {
    let order = spec.order_column();
    let first =
        |mut keys: Vec<AnyKey>| if spec.reverse { keys.pop() } else { (!keys.is_empty()).then(|| keys.swap_remove(0)) };
    if spec.branches.is_empty() {
        return first(change.keys(image, schema, order.entry));
    }
    for branch in &spec.branches {
        let found = change.keys(image, schema, branch.column.entry).into_iter().filter(|key| branch.admits(key));
        let found: Vec<AnyKey> = found.collect();
        if found.is_empty() || !branch.filters.iter().all(|filter| filter(row)) {
            continue;
        }
        // Of several elements of a row, different clauses may find different ones: then all of them count.
        let in_place = branch.column.entry == order.entry && (spec.branches.len() == 1 || !is_multi(schema, order));
        return first(if in_place { found } else { change.keys(image, schema, order.entry) });
    }
    None
}
