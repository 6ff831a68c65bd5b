//! Subset requests: their parameters, from the query or a POST body, and the answer. Called by `shape`.

use serde_json::{Map, Value, json};

use super::Asked;
use super::cursor;
use super::reply::Reply;
use crate::db::Database;
use crate::db::table::Table;
use crate::shapes::shape::Shape;
use crate::shapes::subset::{OrderBy, Subset};
use crate::sql;

const KEYS: [&str; 5] = ["where", "params", "order_by", "limit", "offset"];

/// Moves what a POST body says into the query, where a GET would have it.
pub(super) fn take_body(asked: &mut Asked) -> Result<(), String> {
    if asked.body.is_empty() {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(&asked.body).map_err(|_| "Invalid JSON in request body".to_owned())?;
    let Value::Object(mut body) = body else { return Err("Request body must be a JSON object".to_owned()) };
    let subset = match body.remove("subset") {
        Some(Value::Object(subset)) => subset,
        Some(_) => return Err("subset must be a JSON object".to_owned()),
        None if KEYS.iter().any(|key| body.contains_key(*key)) => std::mem::take(&mut body),
        None => Map::new(),
    };
    for (key, value) in subset {
        if KEYS.contains(&key.as_str()) && !value.is_null() {
            asked.query.set(&format!("subset__{key}"), plain(&value));
        }
    }
    for (key, value) in body {
        asked.query.set(&key, plain(&value));
    }
    Ok(())
}

pub(super) fn answer(asked: &Asked, shape: &Shape, db: &Database) -> Reply {
    let Some(table) = db.table_by_oid(shape.definition.oid) else { return Reply::text(404, "Not found") };
    match read(asked, table, db) {
        Err((param, message)) => {
            Reply::json(400, &json!({"message": "Invalid request", "errors": {"subset": {param: [message]}}}))
        }
        Ok(subset) => {
            let (_, random) = cursor::now();
            let mark = u32::try_from(random).unwrap_or_default().wrapping_mul(2_654_435_761) >> 2;
            Reply::json(200, &shape.subset(&subset, mark, db))
                .with("electric-handle", &shape.handle)
                .with("electric-offset", shape.end().to_string())
                .with("electric-schema", &shape.schema)
                .with("electric-has-data", "true")
                .with("electric-snapshot", "true")
        }
    }
}

fn read(asked: &Asked, table: &Table, db: &Database) -> Result<Subset, (&'static str, String)> {
    let get = |key: &str| asked.query.get(&format!("subset__{key}")).filter(|text| !text.is_empty());
    let number = |key: &'static str, least: usize| match get(key).map(str::parse::<usize>) {
        None => Ok(None),
        Some(Ok(number)) if number >= least => Ok(Some(number)),
        Some(Ok(_)) => Err((key, format!("must be greater than or equal to {least}"))),
        Some(Err(_)) => Err((key, "is invalid".to_owned())),
    };
    let params: Map<String, Value> = match get("params") {
        Some(text) => serde_json::from_str(text).map_err(|_| ("params", "is invalid".to_owned()))?,
        None => Map::new(),
    };
    let params = params.iter().filter_map(|(number, value)| Some((number.parse().ok()?, plain(value)))).collect();
    let parse = |sql| sql::parse(sql, &params, table, db).map_err(|error| ("where", error.to_string()));
    let filter = get("where").map(parse).transpose()?;
    let order = get("order_by").map(|text| OrderBy::parse(text, table)).transpose();
    let order = order.map_err(|message| ("order_by", message))?.unwrap_or_default();
    let (limit, offset) = (number("limit", 1)?, number("offset", 0)?);
    if order.is_empty() && (limit.is_some() || offset.is_some()) {
        return Err(("order_by", "order_by is required when limit or offset is present".to_owned()));
    }
    Ok(Subset { filter, order, limit, offset: offset.unwrap_or(0) })
}

/// A value as a query would have it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
