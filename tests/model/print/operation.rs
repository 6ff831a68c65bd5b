//! Operations and queries as expressions.

use std::ops::Bound;

use crate::program::{Action, Assign, Change, Keys, Verb};
use crate::query::{Asked, Clause, Modifier, Query, Range, Terminal, Test};
use crate::table::{TableOf, TypeOf};
use crate::value::{Row, Value};

/// The future of an operation. `before` is what its table's name follows.
pub fn code(table: &TableOf, before: &str, Action { verb, .. }: &Action) -> String {
    let on = format!("{before}{}", table.shape.table);
    let key = |value: &Value| (table.key().code)(value);
    match verb {
        Verb::Insert { put, many, keys, rows } => insert(table, &on, *put, *many, *keys, rows),
        Verb::Get(at) => format!("{on}.get({})", key(at)),
        Verb::GetMany(keys) => format!("{on}.bulk_get({})", list(table.key(), keys)),
        Verb::GetBy(column, at) => {
            let of = &table.shape.columns[*column];
            format!("{on}.get_by(|row| row.{}, {})", of.name, (table.types[*column].code)(at))
        }
        Verb::Update(at, change) => format!("{on}.update({}, {})", key(at), closure(table, change)),
        Verb::Upsert(at, default, change) => {
            let default = (table.code)(default, Keys::Row);
            format!("{on}.upsert({}, || {default}, {})", key(at), closure(table, change))
        }
        Verb::UpdateMany(changes) => {
            let (of, row) = ((table.key().name)(), table.record);
            let pair = |(at, change): &(Value, Change)| {
                format!("({}, ({}) as fn(&mut {row}))", key(at), closure(table, change))
            };
            let pairs: Vec<String> = changes.iter().map(pair).collect();
            format!("{on}.bulk_update(Vec::<({of}, fn(&mut {row}))>::from([{}]))", pairs.join(", "))
        }
        Verb::Delete(at) => format!("{on}.delete({})", key(at)),
        Verb::DeleteMany(keys) => format!("{on}.bulk_delete({})", list(table.key(), keys)),
        Verb::Clear => format!("{on}.clear()"),
        Verb::Read(asked, terminal) => read(&query(table, &on, asked), table, asked, *terminal),
        Verb::DeleteFound(asked) => format!("{}.delete()", all(&query(table, &on, asked), asked)),
        Verb::Modify(asked, change) => {
            format!("{}.modify({})", all(&query(table, &on, asked), asked), closure(table, change))
        }
    }
}

fn insert(table: &TableOf, on: &str, put: bool, many: bool, keys: Keys, rows: &[(Value, Row)]) -> String {
    let verb = if put { "put" } else { "add" };
    let row = |row: &Row| format!("&{}", (table.code)(row, keys));
    let key = |value: &Value| (table.key().code)(value);
    match (keys, many, rows) {
        (Keys::Beside, false, [(beside, one), ..]) => format!("{on}.{verb}_with_key({}, {})", row(one), key(beside)),
        (_, false, [(_, one), ..]) => format!("{on}.{verb}({})", row(one)),
        (Keys::Beside, ..) => {
            let pairs: Vec<String> =
                rows.iter().map(|(beside, one)| format!("({}, {})", key(beside), row(one))).collect();
            let of = format!("Vec::<({}, &{})>", (table.key().name)(), table.record);
            format!("{on}.bulk_{verb}_with_keys({of}::from([{}]))", pairs.join(", "))
        }
        _ => {
            let rows: Vec<String> = rows.iter().map(|(_, one)| row(one)).collect();
            let name = if keys == Keys::Generator && !table.shape.is_outside() { "New" } else { "" };
            format!("{on}.bulk_{verb}(Vec::<&{name}{}>::from([{}]))", table.record, rows.join(", "))
        }
    }
}

fn list(of: &TypeOf, values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(of.code).collect();
    format!("Vec::<{}>::from([{}])", (of.name)(), values.join(", "))
}

fn texts(texts: &[String]) -> String {
    format!("Vec::<&str>::from({texts:?})")
}

pub fn closure(table: &TableOf, Change(assigns): &Change) -> String {
    let value = |name: &str, value: &Value| {
        let field = table.fields.iter().find(|field| field.name == name);
        field.map_or_else(String::new, |field| (field.code)(value))
    };
    let assigns: Vec<String> = assigns
        .iter()
        .map(|assign| match assign {
            Assign::Set(name, new) => format!("row.{name} = {};", value(name, new)),
            Assign::Add(name, more) => format!("row.{name} += {};", value(name, &Value::Number(f64::from(*more)))),
        })
        .collect();
    if assigns.is_empty() {
        return format!("|_: &mut {}| ()", table.record);
    }
    format!("|row: &mut {}| {{ {} }}", table.record, assigns.join(" "))
}

/// A query, also of the whole table, which has not all of the queries' methods.
fn all(on: &str, asked: &Query) -> String {
    if asked.is_whole_table() { format!("{on}.offset(0)") } else { on.to_owned() }
}

fn read(query: &str, table: &TableOf, asked: &Query, terminal: Terminal) -> String {
    let key = || {
        let column = asked.order(table.shape.primary_column);
        (table.types[column].name)()
    };
    let all = |on| all(on, asked);
    match terminal {
        Terminal::ToVec => format!("{query}.to_vec()"),
        Terminal::First => format!("{query}.first()"),
        Terminal::Last => format!("{query}.last()"),
        Terminal::Count => format!("{query}.count()"),
        Terminal::IsEmpty => format!("{query}.is_empty()"),
        Terminal::Keys => format!("{}.keys::<{}>()", all(query), key()),
        Terminal::UniqueKeys => format!("{}.unique_keys::<{}>()", all(query), key()),
        Terminal::PrimaryKeys => format!("{query}.primary_keys()"),
        Terminal::Entries => format!("{query}.entries()"),
        Terminal::Each => format!("each({}, usize::MAX)", all(query)),
        Terminal::EachUntil(end) => format!("each({}, {end})", all(query)),
        Terminal::Stream => format!("{query}.stream().try_collect::<Vec<_>>()"),
        Terminal::Chunks => format!("chunks({})", all(query)),
        Terminal::Pages(size) => format!("pages({}, {size})", all(query)),
    }
}

fn query(table: &TableOf, on: &str, query: &Query) -> String {
    let mut code = on.to_owned();
    if let Some(asked) = &query.start {
        code += &clause("where_", table, asked);
    } else if let Some(Modifier::Or(_)) = query.steps.first() {
        code += ".offset(0)";
    } else if query.steps.is_empty() {
        return code;
    }
    for step in &query.steps {
        code += &match step {
            Modifier::Or(asked) => clause("or", table, asked),
            Modifier::Filter(test) => format!(".filter({})", closure_of(table, test)),
            Modifier::Until(test) => format!(".until({})", closure_of(table, test)),
            Modifier::OrderBy(column) => format!(".order_by(|row| row.{})", table.shape.columns[*column].name),
            Modifier::SortBy(name) => format!(".sort_by_key(|row: &{}| row.{name}.clone())", table.record),
            Modifier::Reverse => ".reverse()".to_owned(),
            Modifier::Offset(count) => format!(".offset({count})"),
            Modifier::Limit(count) => format!(".limit({count})"),
        };
    }
    code
}

pub fn closure_of(table: &TableOf, Test { field, equal, value }: &Test) -> String {
    let of = table.fields.iter().find(|of| of.name == *field);
    let value = of.map_or_else(String::new, |of| (of.code)(value));
    let compares = if *equal { "==" } else { "!=" };
    format!("|row: &{}| row.{field} {compares} {value}", table.record)
}

fn clause(method: &str, table: &TableOf, Asked { column, clause }: &Asked) -> String {
    let (name, of) = (table.shape.columns[*column].name, &table.types[*column]);
    let key = |value: &Value| (of.code)(value);
    let clause = match clause {
        Clause::Equals(value) => format!("equals({})", key(value)),
        Clause::NotEqual(value) => format!("not_equal({})", key(value)),
        Clause::Above(value) => format!("above({})", key(value)),
        Clause::AtLeast(value) => format!("at_least({})", key(value)),
        Clause::Below(value) => format!("below({})", key(value)),
        Clause::AtMost(value) => format!("at_most({})", key(value)),
        Clause::Between(range) => format!("between({})", between(of, range)),
        Clause::AnyOf(values) => format!("any_of({})", list(of, values)),
        Clause::NoneOf(values) => format!("none_of({})", list(of, values)),
        Clause::InAnyRange(ranges) => {
            let key = (of.name)();
            let ranges: Vec<String> = ranges.iter().map(|range| bounds(of, range)).collect();
            format!("in_any_range(Vec::<(Bound<{key}>, Bound<{key}>)>::from([{}]))", ranges.join(", "))
        }
        Clause::Prefix(parts) => {
            let parts: Vec<String> = parts.iter().enumerate().map(|(at, part)| (of.part)(at, part)).collect();
            format!("prefix(({},))", parts.join(", "))
        }
        Clause::StartsWith(prefix) => format!("starts_with({prefix:?})"),
        Clause::StartsWithAnyOf(prefixes) => format!("starts_with_any_of({})", texts(prefixes)),
        Clause::EqualsIgnoreCase(text) => format!("equals_ignore_case({text:?})"),
        Clause::AnyOfIgnoreCase(all) => format!("any_of_ignore_case({})", texts(all)),
        Clause::StartsWithIgnoreCase(prefix) => format!("starts_with_ignore_case({prefix:?})"),
    };
    format!(".{method}(|row| row.{name}).{clause}")
}

fn between(of: &TypeOf, range: &Range) -> String {
    let key = |value: &Value| (of.code)(value);
    match range {
        (Bound::Included(from), Bound::Excluded(to)) => format!("{}..{}", key(from), key(to)),
        (Bound::Included(from), Bound::Included(to)) => format!("{}..={}", key(from), key(to)),
        (Bound::Included(from), Bound::Unbounded) => format!("{}..", key(from)),
        (Bound::Unbounded, Bound::Excluded(to)) => format!("..{}", key(to)),
        (Bound::Unbounded, Bound::Included(to)) => format!("..={}", key(to)),
        (Bound::Unbounded, Bound::Unbounded) => "..".to_owned(),
        range => bounds(of, range),
    }
}

fn bounds(of: &TypeOf, (lower, upper): &Range) -> String {
    let bound = |bound: &Bound<Value>| match bound {
        Bound::Included(value) => format!("Bound::Included({})", (of.code)(value)),
        Bound::Excluded(value) => format!("Bound::Excluded({})", (of.code)(value)),
        Bound::Unbounded => format!("Bound::<{}>::Unbounded", (of.name)()),
    };
    format!("({}, {})", bound(lower), bound(upper))
}
