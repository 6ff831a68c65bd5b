//! Upgrades: their functions, with what each step should come to.

use super::operation::{closure, closure_of};
use super::{Printer, expect};
use crate::menu::Age;
use crate::outcome::Outcome;
use crate::program::{Action, Keys, Verb};
use crate::query::{Asked, Clause, Modifier, Query, Range, Terminal};
use crate::table::TableOf;
use crate::upgrade::{Ending, Part, Seat, Side, Upgrade, column_name, name, seats};
use crate::value::Value;

/// The source of the function. `tables` are those of the new version.
pub fn function<D: Age>(upgrade: &Upgrade, expected: &Outcome) -> String {
    let seats = seats::<D>();
    let mut printer = Printer { tables: &seats, code: String::new(), depth: 1 };
    let Outcome::Body { steps, .. } = expected else { return String::new() };
    for (part, outcome) in upgrade.parts.iter().zip(steps) {
        let (result, line) = step::<D>(&seats, part, outcome);
        match (part.uncaught(outcome), outcome) {
            (Some(fault), Outcome::Failed(_)) => printer.line(&format!("let _ = {result}?; // {fault:?}")),
            (Some(_), _) => {
                printer.line(&line);
                printer.line("return Err(Error::user(\"enough\"));");
            }
            (None, _) => printer.line(&line),
        }
    }
    printer.line(match upgrade.end {
        Ending::Done => "Ok(())",
        Ending::Fail => "Err(Error::user(\"the program says so\"))",
        Ending::Stall => "pending().await",
        Ending::Panic => "panic!(\"the program says so\")",
    });
    format!("async fn upgrade(tx: Upgrade) -> Result<()> {{\n{}}}\n", printer.code)
}

/// What a step comes to, as an expression, and the assertion about it.
fn step<D: Age>(seats: &[TableOf], part: &Part, expected: &Outcome) -> (String, String) {
    match part {
        Part::Do(action, _) => {
            let table = &seats[action.table];
            let seat = Seat::of(action.table);
            let on = format!("tx.table::<{}>({:?})?", table.record, name::<D>(seat.table, seat.name));
            let result = format!("async {{ {}.await }}.await", Operation { table, name: seat.name }.code(&on, action));
            let line = line(table, &action.verb, &result, expected);
            (result, line)
        }
        Part::Migrate(table, change) => {
            let seat = |rows| &seats[Seat { table: *table, name: Side::New, rows }.number()];
            let (old, new) = (seat(Side::Old), seat(Side::New));
            let field = |of: &crate::record::FieldOf| {
                let kept = old.fields.iter().any(|old| old.name == of.name);
                let value = if kept { format!("old.{}", of.name) } else { (of.code)(&(of.simplest)()) };
                format!("{}: {value}", of.name)
            };
            let fields: Vec<String> = new.fields.iter().map(field).collect();
            let changes =
                if change.0.is_empty() { String::new() } else { format!("({})(&mut row);", closure(new, change)) };
            let result = format!(
                "tx.migrate::<{}, {}>({:?}, |old: {}| {{ let mut row = {} {{ {} }}; {changes} row }}).await",
                old.record,
                new.record,
                name::<D>(*table, Side::New),
                old.record,
                new.record,
                fields.join(", "),
            );
            let line = match expected {
                Outcome::Failed(fault) => expect::fails(&result, fault),
                Outcome::Count(count) => format!("is({result}?, {count});"),
                other => format!("// {other:?}"),
            };
            (result, line)
        }
        Part::Rename(table, _) => {
            let [from, to] = [Side::Old, Side::New].map(|side| name::<D>(*table, side));
            let result = format!("tx.rename_store({from:?}, {to:?})");
            let line = expect::end(&result, expected);
            (result, line)
        }
    }
}

/// As for any table, but that keys are of no certain type.
fn line(table: &TableOf, verb: &Verb, result: &str, expected: &Outcome) -> String {
    let text = |of: &dyn std::fmt::Debug| format!("{:?}", format!("{of:?}"));
    match expected {
        Outcome::Keys(keys) => match (verb, keys.as_slice()) {
            (Verb::Insert { many: false, .. }, [key]) => format!("shows({result}?, {});", text(key)),
            _ => format!("shows({result}?, {});", text(keys)),
        },
        Outcome::Entries(entries) => {
            let entry = |(key, row): &(_, _)| format!("({}.to_owned(), {})", text(key), (table.code)(row, Keys::Row));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("is(with_shown_keys({result}?), vec![{}]);", entries.join(", "))
        }
        expected => expect::line(table, verb, result, expected),
    }
}

/// What an operation is written for: the table, and by which name the function has it.
struct Operation<'a> {
    table: &'a TableOf,
    name: Side,
}

impl Operation<'_> {
    fn code(&self, on: &str, Action { verb, .. }: &Action) -> String {
        let table = self.table;
        let key = |value: &Value| self.key(table.shape.primary_column, value);
        let keys = |values: &[Value]| self.keys(table.shape.primary_column, values);
        let row = |row| format!("&{}", (table.code)(row, Keys::Row));
        match verb {
            Verb::Insert { put, many, keys, rows } => {
                let verb = if *put { "put" } else { "add" };
                match (rows.as_slice(), many, keys) {
                    ([(beside, one), ..], false, Keys::Beside) => {
                        format!("{on}.{verb}_with_key({}, {})", row(one), key(beside))
                    }
                    ([(_, one), ..], false, _) => format!("{on}.{verb}({})", row(one)),
                    (all, ..) => {
                        let rows: Vec<String> = all.iter().map(|(_, one)| row(one)).collect();
                        format!("{on}.bulk_{verb}(Vec::<&{}>::from([{}]))", table.record, rows.join(", "))
                    }
                }
            }
            Verb::Get(at) => format!("{on}.get({})", key(at)),
            Verb::GetMany(all) => format!("{on}.bulk_get({})", keys(all)),
            Verb::Update(at, change) => format!("{on}.update({}, {})", key(at), closure(table, change)),
            Verb::Upsert(at, default, change) => {
                let default = (table.code)(default, Keys::Row);
                format!("{on}.upsert({}, || {default}, {})", key(at), closure(table, change))
            }
            Verb::Delete(at) => format!("{on}.delete({})", key(at)),
            Verb::DeleteMany(all) => format!("{on}.bulk_delete({})", keys(all)),
            Verb::Clear => format!("{on}.clear()"),
            Verb::DeleteFound(asked) => format!("{}.delete()", self.query(on, asked)),
            Verb::Modify(asked, change) => format!("{}.modify({})", self.query(on, asked), closure(table, change)),
            Verb::Read(asked, terminal) => read(&self.query(on, asked), *terminal),
            verb => format!("{on} /* {verb:?} */"),
        }
    }

    fn key(&self, column: usize, value: &Value) -> String {
        let of = &self.table.types[column];
        format!("&key::<{}>({})", (of.name)(), (of.code)(value))
    }

    fn keys(&self, column: usize, values: &[Value]) -> String {
        let of = &self.table.types[column];
        let values: Vec<String> = values.iter().map(|value| self.key(column, value)).collect();
        format!("Vec::<&{}>::from([{}])", (of.name)(), values.join(", "))
    }

    fn query(&self, on: &str, query: &Query) -> String {
        let start = query.start.as_ref();
        let mut code = on.to_owned();
        code += &start.map_or_else(|| ".offset(0)".to_owned(), |asked| self.clause("where_", asked));
        for step in &query.steps {
            code += &match step {
                Modifier::Or(asked) => self.clause("or", asked),
                Modifier::Filter(test) => format!(".filter({})", closure_of(self.table, test)),
                Modifier::Until(test) => format!(".until({})", closure_of(self.table, test)),
                Modifier::OrderBy(column) => format!(".order_by({:?})", self.column(*column)),
                Modifier::SortBy(name) => format!(".sort_by_key(|row: &{}| row.{name}.clone())", self.table.record),
                Modifier::Reverse => ".reverse()".to_owned(),
                Modifier::Offset(count) => format!(".offset({count})"),
                Modifier::Limit(count) => format!(".limit({count})"),
            };
        }
        code
    }

    fn column(&self, column: usize) -> String {
        column_name(&self.table.shape, column, self.name)
    }

    fn clause(&self, method: &str, Asked { column, clause }: &Asked) -> String {
        let key = |value: &Value| self.key(*column, value);
        let keys = |values: &[Value]| self.keys(*column, values);
        let clause = match clause {
            Clause::Equals(value) => format!("equals({})", key(value)),
            Clause::NotEqual(value) => format!("not_equal({})", key(value)),
            Clause::Above(value) => format!("above({})", key(value)),
            Clause::AtLeast(value) => format!("at_least({})", key(value)),
            Clause::Below(value) => format!("below({})", key(value)),
            Clause::AtMost(value) => format!("at_most({})", key(value)),
            Clause::Between(range) => format!("between({})", self.bounds(*column, range)),
            Clause::AnyOf(values) => format!("any_of({})", keys(values)),
            Clause::NoneOf(values) => format!("none_of({})", keys(values)),
            Clause::InAnyRange(ranges) => {
                let of = (self.table.types[*column].name)();
                let ranges: Vec<String> = ranges.iter().map(|range| self.bounds(*column, range)).collect();
                format!("in_any_range(Vec::<(Bound<&{of}>, Bound<&{of}>)>::from([{}]))", ranges.join(", "))
            }
            Clause::Prefix(parts) => {
                let parts: Vec<String> = parts
                    .iter()
                    .enumerate()
                    .map(|(at, part)| format!("&{}", (self.table.types[*column].part)(at, part)))
                    .collect();
                format!("prefix(({},))", parts.join(", "))
            }
            Clause::StartsWith(prefix) => format!("starts_with({prefix:?})"),
            Clause::StartsWithAnyOf(prefixes) => format!("starts_with_any_of(Vec::<&str>::from({prefixes:?}))"),
            Clause::EqualsIgnoreCase(text) => format!("equals_ignore_case({text:?})"),
            Clause::AnyOfIgnoreCase(all) => format!("any_of_ignore_case(Vec::<&str>::from({all:?}))"),
            Clause::StartsWithIgnoreCase(prefix) => format!("starts_with_ignore_case({prefix:?})"),
        };
        format!(".{method}({:?}).{clause}", self.column(*column))
    }

    fn bounds(&self, column: usize, (lower, upper): &Range) -> String {
        use std::ops::Bound;

        let bound = |bound: &Bound<Value>| match bound {
            Bound::Included(value) => format!("Bound::Included({})", self.key(column, value)),
            Bound::Excluded(value) => format!("Bound::Excluded({})", self.key(column, value)),
            Bound::Unbounded => format!("Bound::<&{}>::Unbounded", (self.table.types[column].name)()),
        };
        format!("({}, {})", bound(lower), bound(upper))
    }
}

fn read(query: &str, terminal: Terminal) -> String {
    match terminal {
        Terminal::ToVec => format!("{query}.to_vec()"),
        Terminal::First => format!("{query}.first()"),
        Terminal::Last => format!("{query}.last()"),
        Terminal::Count => format!("{query}.count()"),
        Terminal::IsEmpty => format!("{query}.is_empty()"),
        Terminal::Keys => format!("{query}.keys()"),
        Terminal::UniqueKeys => format!("{query}.unique_keys()"),
        Terminal::PrimaryKeys => format!("{query}.primary_keys()"),
        Terminal::Entries => format!("{query}.entries()"),
        Terminal::Each => format!("each_of({query}, usize::MAX)"),
        Terminal::EachUntil(end) => format!("each_of({query}, {end})"),
        Terminal::Stream => format!("{query}.stream().try_collect::<Vec<_>>()"),
        Terminal::Chunks => format!("chunks_of({query})"),
        Terminal::Pages(size) => format!("pages_of({query}, {size})"),
    }
}
