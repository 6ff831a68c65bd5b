//! Random queries, and a naive evaluation of them over a vector.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Bound;

use indexie::prelude::*;
use indexie::{Access, IntoKey, Where};
use serde::{Deserialize, Serialize};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, name, age, *tags, [name+age], [flag+score]")]
pub struct Thing {
    pub id: u32,
    pub name: String,
    pub age: Option<u32>,
    pub tags: Vec<String>,
    pub flag: bool,
    pub score: i32,
}

schema! {
    pub struct Things("things");

    version 1 {
        things: Thing,
    }
}

// --- chance --------------------------------------------------------------------------------------------------------

/// The same numbers in every run: `SplitMix64`.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).unwrap_or(0)
    }

    pub fn once_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(u32::try_from(from.len()).unwrap_or(1));
        &from[at as usize]
    }

    pub fn some<T>(&mut self, most: u32, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }
}

pub const NAMES: [&str; 14] =
    ["Ann", "ann", "ANN", "anna", "Bob", "bob", "", "Åsa", "åsa", "İz", "\u{ff5e}", "😀", "Kim", "\u{212a}im"];
pub const TAGS: [&str; 8] = ["a", "A", "ab", "aB", "b", "abc", "z", "é"];

pub fn name(chance: &mut Chance) -> String {
    (*chance.pick(&NAMES)).to_owned()
}

pub fn tag(chance: &mut Chance) -> String {
    (*chance.pick(&TAGS)).to_owned()
}

pub fn thing(id: u32, chance: &mut Chance) -> Thing {
    Thing {
        id,
        name: name(chance),
        age: (!chance.once_in(4)).then(|| chance.below(6)),
        tags: chance.some(4, tag),
        flag: chance.once_in(2),
        score: i32::try_from(chance.below(5)).unwrap_or(0) - 2,
    }
}

/// Sixty things, with gaps between their keys.
pub fn things(chance: &mut Chance) -> Vec<Thing> {
    (1..=60).map(|n| thing(n * 2 - chance.below(2), chance)).collect()
}

// --- keys ----------------------------------------------------------------------------------------------------------

/// A key as the specification orders it, independent of the library's.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(i64),
    Text(String),
    Array(Vec<Value>),
}

impl Value {
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.encode_utf16().cmp(b.encode_utf16()),
            (Self::Array(a), Self::Array(b)) => {
                let parts = a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
                parts.unwrap_or(a.len().cmp(&b.len()))
            }
            (Self::Number(_), _) | (Self::Text(_), Self::Array(_)) => Ordering::Less,
            _ => Ordering::Greater,
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }
}

/// A type of the index, with its value in the model.
pub trait Modelled: Key + fmt::Debug {
    fn value(&self) -> Value;
}

impl Modelled for u32 {
    fn value(&self) -> Value {
        Value::Number(i64::from(*self))
    }
}

impl Modelled for i32 {
    fn value(&self) -> Value {
        Value::Number(i64::from(*self))
    }
}

impl Modelled for bool {
    fn value(&self) -> Value {
        Value::Number(i64::from(*self))
    }
}

impl Modelled for String {
    fn value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl<A: Modelled, B: Modelled> Modelled for (A, B) {
    fn value(&self) -> Value {
        Value::Array(vec![self.0.value(), self.1.value()])
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Column {
    Id,
    Name,
    Age,
    Tags,
    NameAge,
    /// The first column of the next one.
    Flag,
    FlagScore,
}

pub const COLUMNS: [Column; 7] =
    [Column::Id, Column::Name, Column::Age, Column::Tags, Column::NameAge, Column::Flag, Column::FlagScore];

impl Column {
    /// The keys of a row in the index, ascending and each once.
    pub fn keys(self, row: &Thing) -> Vec<Value> {
        match self {
            Self::Id => vec![row.id.value()],
            Self::Name => vec![row.name.value()],
            Self::Age => row.age.iter().map(Modelled::value).collect(),
            Self::Tags => {
                let mut keys: Vec<Value> = row.tags.iter().map(Modelled::value).collect();
                keys.sort_by(Value::order);
                keys.dedup();
                keys
            }
            Self::NameAge => row.age.iter().map(|age| (row.name.clone(), *age).value()).collect(),
            Self::Flag | Self::FlagScore => vec![(row.flag, row.score).value()],
        }
    }

    /// What a clause compares, and `keys()` returns, of a key of the index.
    pub fn part(self, key: &Value) -> Value {
        match key {
            Value::Array(parts) if self == Self::Flag => parts[0].clone(),
            key => key.clone(),
        }
    }

    pub fn is_of_the_index_of(self, other: Self) -> bool {
        let whole = |column| if column == Self::Flag { Self::FlagScore } else { column };
        whole(self) == whole(other)
    }
}

// --- clauses -------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
pub enum Clause<K> {
    Equals(K),
    NotEqual(K),
    Above(K),
    AtLeast(K),
    Below(K),
    AtMost(K),
    Between(Bound<K>, Bound<K>),
    AnyOf(Vec<K>),
    NoneOf(Vec<K>),
    InAnyRange(Vec<(K, K)>),
}

pub fn inside(value: &Value, lower: &Bound<Value>, upper: &Bound<Value>) -> bool {
    (match lower {
        Bound::Unbounded => true,
        Bound::Included(lower) => value.order(lower).is_ge(),
        Bound::Excluded(lower) => value.order(lower).is_gt(),
    }) && (match upper {
        Bound::Unbounded => true,
        Bound::Included(upper) => value.order(upper).is_le(),
        Bound::Excluded(upper) => value.order(upper).is_lt(),
    })
}

impl<K: Modelled> Clause<K> {
    pub fn random(chance: &mut Chance, key: fn(&mut Chance) -> K) -> Self {
        let bound = |chance: &mut Chance| match chance.below(3) {
            0 => Bound::Included(key(chance)),
            1 => Bound::Excluded(key(chance)),
            _ => Bound::Unbounded,
        };
        match chance.below(10) {
            0 => Self::Equals(key(chance)),
            1 => Self::NotEqual(key(chance)),
            2 => Self::Above(key(chance)),
            3 => Self::AtLeast(key(chance)),
            4 => Self::Below(key(chance)),
            5 => Self::AtMost(key(chance)),
            6 => Self::Between(bound(chance), bound(chance)),
            7 => Self::AnyOf(chance.some(4, key)),
            8 => Self::NoneOf(chance.some(3, key)),
            _ => Self::InAnyRange(chance.some(3, |chance| {
                let (a, b) = (key(chance), key(chance));
                if a.value().order(&b.value()).is_le() { (a, b) } else { (b, a) }
            })),
        }
    }

    pub fn holds(&self, value: &Value) -> bool {
        let is = |key: &K| value.order(&key.value()).is_eq();
        match self {
            Self::Equals(key) => is(key),
            Self::NotEqual(key) => !is(key),
            Self::Above(key) => value.order(&key.value()).is_gt(),
            Self::AtLeast(key) => value.order(&key.value()).is_ge(),
            Self::Below(key) => value.order(&key.value()).is_lt(),
            Self::AtMost(key) => value.order(&key.value()).is_le(),
            Self::Between(lower, upper) => {
                inside(value, &lower.as_ref().map(Modelled::value), &upper.as_ref().map(Modelled::value))
            }
            Self::AnyOf(keys) => keys.iter().any(is),
            Self::NoneOf(keys) => !keys.iter().any(is),
            Self::InAnyRange(ranges) => ranges
                .iter()
                .any(|(from, to)| inside(value, &Bound::Included(from.value()), &Bound::Included(to.value()))),
        }
    }

    pub fn ask<A: Access>(&self, of: Where<Thing, K, A>) -> Query<Thing, A>
    where
        K: IntoKey<K>,
    {
        match self.clone() {
            Self::Equals(key) => of.equals(key),
            Self::NotEqual(key) => of.not_equal(key),
            Self::Above(key) => of.above(key),
            Self::AtLeast(key) => of.at_least(key),
            Self::Below(key) => of.below(key),
            Self::AtMost(key) => of.at_most(key),
            Self::Between(lower, upper) => of.between((lower, upper)),
            Self::AnyOf(keys) => of.any_of(keys),
            Self::NoneOf(keys) => of.none_of(keys),
            Self::InAnyRange(ranges) => of.in_any_range(ranges.into_iter().map(|(from, to)| from..=to)),
        }
    }
}

#[derive(Clone, Debug)]
pub enum TextClause {
    Plain(Clause<String>),
    StartsWith(String),
    StartsWithAnyOf(Vec<String>),
    EqualsIgnoreCase(String),
    StartsWithIgnoreCase(String),
    AnyOfIgnoreCase(Vec<String>),
}

/// Texts that are equal but for case; none of those here ends in a sigma.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

impl TextClause {
    pub fn random(chance: &mut Chance, key: fn(&mut Chance) -> String) -> Self {
        let beginning = |chance: &mut Chance| {
            let length = chance.below(3) as usize;
            key(chance).chars().take(length).collect()
        };
        match chance.below(8) {
            0 => Self::StartsWith(beginning(chance)),
            1 => Self::StartsWithAnyOf(chance.some(3, beginning)),
            2 => Self::EqualsIgnoreCase(key(chance)),
            3 => Self::StartsWithIgnoreCase(beginning(chance)),
            4 => Self::AnyOfIgnoreCase(chance.some(3, key)),
            _ => Self::Plain(Clause::random(chance, key)),
        }
    }

    pub fn holds(&self, value: &Value) -> bool {
        let text = value.text();
        match self {
            Self::Plain(clause) => clause.holds(value),
            Self::StartsWith(prefix) => text.starts_with(prefix),
            Self::StartsWithAnyOf(prefixes) => prefixes.iter().any(|prefix| text.starts_with(prefix)),
            Self::EqualsIgnoreCase(key) => folded(text) == folded(key),
            Self::StartsWithIgnoreCase(prefix) => folded(text).starts_with(&folded(prefix)),
            Self::AnyOfIgnoreCase(keys) => keys.iter().any(|key| folded(text) == folded(key)),
        }
    }

    pub fn ask<A: Access>(&self, of: Where<Thing, String, A>) -> Query<Thing, A> {
        match self {
            Self::Plain(clause) => clause.ask(of),
            Self::StartsWith(prefix) => of.starts_with(prefix),
            Self::StartsWithAnyOf(prefixes) => of.starts_with_any_of(prefixes),
            Self::EqualsIgnoreCase(key) => of.equals_ignore_case(key),
            Self::StartsWithIgnoreCase(prefix) => of.starts_with_ignore_case(prefix),
            Self::AnyOfIgnoreCase(keys) => of.any_of_ignore_case(keys),
        }
    }
}

/// A clause on one of the columns.
#[derive(Clone, Debug)]
pub enum Asked {
    Id(Clause<u32>),
    Name(TextClause),
    Age(Clause<u32>),
    Tags(TextClause),
    NameAge(Clause<(String, u32)>),
    NamePrefix(String),
    Flag(Clause<bool>),
    FlagScore(Clause<(bool, i32)>),
}

/// `table.where_(..)` and `query.or(..)` by the same name.
macro_rules! ask {
    ($asked:expr, $start:expr, $method:ident) => {
        match $asked {
            Asked::Id(clause) => clause.ask($start.$method(|t| t.id)),
            Asked::Name(clause) => clause.ask($start.$method(|t| t.name)),
            Asked::Age(clause) => clause.ask($start.$method(|t| t.age)),
            Asked::Tags(clause) => clause.ask($start.$method(|t| t.tags)),
            Asked::NameAge(clause) => clause.ask($start.$method(|t| t.name_age)),
            Asked::NamePrefix(name) => $start.$method(|t| t.name_age).prefix(name.as_str()),
            Asked::Flag(clause) => clause.ask($start.$method(|t| t.flag)),
            Asked::FlagScore(clause) => clause.ask($start.$method(|t| t.flag_score)),
        }
    };
}

impl Asked {
    pub fn random(chance: &mut Chance) -> Self {
        match chance.below(9) {
            0 => Self::Id(Clause::random(chance, |chance| chance.below(122))),
            1 | 2 => Self::Name(TextClause::random(chance, name)),
            3 => Self::Age(Clause::random(chance, |chance| chance.below(7))),
            4 | 5 => Self::Tags(TextClause::random(chance, tag)),
            6 if chance.once_in(3) => Self::NamePrefix(name(chance)),
            6 => Self::NameAge(Clause::random(chance, |chance| (name(chance), chance.below(6)))),
            7 => Self::Flag(Clause::random(chance, |chance| chance.once_in(2))),
            _ => Self::FlagScore(Clause::random(chance, |chance| {
                (chance.once_in(2), i32::try_from(chance.below(5)).unwrap_or(0) - 2)
            })),
        }
    }

    pub fn column(&self) -> Column {
        match self {
            Self::Id(_) => Column::Id,
            Self::Name(_) => Column::Name,
            Self::Age(_) => Column::Age,
            Self::Tags(_) => Column::Tags,
            Self::NameAge(_) | Self::NamePrefix(_) => Column::NameAge,
            Self::Flag(_) => Column::Flag,
            Self::FlagScore(_) => Column::FlagScore,
        }
    }

    pub fn holds(&self, key: &Value) -> bool {
        let part = self.column().part(key);
        match self {
            Self::Id(clause) | Self::Age(clause) => clause.holds(&part),
            Self::Name(clause) | Self::Tags(clause) => clause.holds(&part),
            Self::NameAge(clause) => clause.holds(&part),
            Self::NamePrefix(name) => matches!(&part, Value::Array(parts) if parts[0].text() == name),
            Self::Flag(clause) => clause.holds(&part),
            Self::FlagScore(clause) => clause.holds(&part),
        }
    }

    pub fn finds(&self, row: &Thing) -> bool {
        self.column().keys(row).iter().any(|key| self.holds(key))
    }
}

// --- queries -------------------------------------------------------------------------------------------------------

/// A test of a row that can be printed.
#[derive(Clone, Copy, Debug)]
pub enum Test {
    IdIsNot(u32, u32),
    HasAge,
    HasTags,
    ScoreAbove(i32),
}

impl Test {
    pub fn random(chance: &mut Chance) -> Self {
        match chance.below(4) {
            0 => Self::IdIsNot(2 + chance.below(4), chance.below(2)),
            1 => Self::HasAge,
            2 => Self::HasTags,
            _ => Self::ScoreAbove(i32::try_from(chance.below(4)).unwrap_or(0) - 3),
        }
    }

    pub fn passes(self, row: &Thing) -> bool {
        match self {
            Self::IdIsNot(modulus, rest) => row.id % modulus != rest,
            Self::HasAge => row.age.is_some(),
            Self::HasTags => !row.tags.is_empty(),
            Self::ScoreAbove(score) => row.score > score,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Sort {
    Score,
    TagCount,
}

impl Sort {
    pub fn key(self, row: &Thing) -> i64 {
        match self {
            Self::Score => -i64::from(row.score),
            Self::TagCount => i64::try_from(row.tags.len()).unwrap_or(0),
        }
    }
}

#[derive(Clone, Debug)]
pub enum Step {
    Or(Asked),
    Filter(Test),
    OrderBy(Column),
    Sort(Sort),
    Reverse,
    Offset(usize),
    Limit(usize),
    /// Stops at a row whose key divided by the one leaves the other.
    Until(u32, u32),
}

impl Step {
    pub fn random(chance: &mut Chance) -> Self {
        match chance.below(13) {
            0..=2 => Self::Or(Asked::random(chance)),
            3 | 4 => Self::Filter(Test::random(chance)),
            5 | 6 => Self::OrderBy(*chance.pick(&COLUMNS)),
            7 if chance.once_in(2) => Self::Sort(*chance.pick(&[Sort::Score, Sort::TagCount])),
            9 => Self::Offset(chance.below(20) as usize),
            10 => Self::Limit(chance.below(15) as usize),
            11 => Self::Until(20 + chance.below(10), chance.below(20)),
            _ => Self::Reverse,
        }
    }

    pub fn is_window(&self) -> bool {
        matches!(self, Self::Offset(_) | Self::Limit(_))
    }
}

#[derive(Clone, Debug)]
pub struct Program {
    pub start: Option<Asked>,
    pub steps: Vec<Step>,
}

/// A row's place: its key in the ordering index, and its primary key.
pub type Place = (Value, u32);

pub fn compare(a: &Place, b: &Place) -> Ordering {
    a.0.order(&b.0).then(a.1.cmp(&b.1))
}

impl Program {
    pub fn random(chance: &mut Chance) -> Self {
        let start = (!chance.once_in(6)).then(|| Asked::random(chance));
        Self { start, steps: chance.some(5, Step::random) }
    }

    pub fn without_windows(&self) -> Self {
        Self { start: self.start.clone(), steps: self.steps.iter().filter(|step| !step.is_window()).cloned().collect() }
    }

    pub fn is_sorted(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Sort(_)))
    }

    pub fn ask<A: Access>(&self, table: &Table<Thing, A>) -> Query<Thing, A> {
        let start = match &self.start {
            None => table.offset(0),
            Some(asked) => ask!(asked, table, where_),
        };
        self.steps.iter().cloned().fold(start, |query, step| match step {
            Step::Or(asked) => ask!(&asked, query, or),
            Step::Filter(test) => query.filter(move |row| test.passes(row)),
            Step::OrderBy(Column::Id) => query.order_by(|t| t.id),
            Step::OrderBy(Column::Name) => query.order_by(|t| t.name),
            Step::OrderBy(Column::Age) => query.order_by(|t| t.age),
            Step::OrderBy(Column::Tags) => query.order_by(|t| t.tags),
            Step::OrderBy(Column::NameAge) => query.order_by(|t| t.name_age),
            Step::OrderBy(Column::Flag) => query.order_by(|t| t.flag),
            Step::OrderBy(Column::FlagScore) => query.order_by(|t| t.flag_score),
            Step::Sort(sort) => query.sort_by_key(move |row| sort.key(row)),
            Step::Reverse => query.reverse(),
            Step::Offset(count) => query.offset(count),
            Step::Limit(count) => query.limit(count),
            Step::Until(modulus, rest) => query.until(move |row| row.id % modulus == rest),
        })
    }

    pub fn column(&self) -> Column {
        let by = self.steps.iter().rev().find_map(|step| match step {
            Step::OrderBy(column) => Some(*column),
            _ => None,
        });
        let united = self.steps.iter().any(|step| matches!(step, Step::Or(_)));
        match (&self.start, by) {
            (_, Some(column)) => column,
            (Some(asked), None) if !united => asked.column(),
            _ => Column::Id,
        }
    }

    /// Whether one of the clauses finds the row, and it passes the filters between that clause and the next.
    pub fn finds(&self, row: &Thing) -> bool {
        let mut found = self.start.as_ref().is_none_or(|asked| asked.finds(row));
        for step in &self.steps {
            match step {
                Step::Or(asked) => found |= asked.finds(row),
                Step::Filter(test) => found &= test.passes(row),
                _ => {}
            }
        }
        found
    }

    /// The keys under which a row that is found stands in the ordering index.
    pub fn entries(&self, row: &Thing) -> Vec<Value> {
        let column = self.column();
        let mut keys = column.keys(row);
        if let (Some(asked), false) = (&self.start, self.steps.iter().any(|step| matches!(step, Step::Or(_))))
            && asked.column().is_of_the_index_of(column)
        {
            keys.retain(|key| asked.holds(key));
        }
        keys
    }

    /// Places in the order of the query, before the windows: each row at its first, or at all of its entries.
    pub fn places<'a>(&self, rows: &'a [Thing], all: bool) -> Vec<(Place, &'a Thing)> {
        let reverse = self.steps.iter().filter(|step| matches!(step, Step::Reverse)).count() % 2 == 1;
        let sort = self.steps.iter().rev().find_map(|step| match step {
            Step::Sort(sort) => Some(*sort),
            _ => None,
        });
        let mut places: Vec<(Place, &Thing)> = Vec::new();
        for row in rows.iter().filter(|row| self.finds(row)) {
            let mut keys = self.entries(row);
            if !all && keys.len() > 1 {
                keys = vec![if reverse { keys[keys.len() - 1].clone() } else { keys[0].clone() }];
            }
            places.extend(keys.into_iter().map(|key| ((key, row.id), row)));
        }
        places.sort_by(|a, b| {
            let sorted = sort.map_or(Ordering::Equal, |sort| sort.key(a.1).cmp(&sort.key(b.1)));
            let order = sorted.then_with(|| compare(&a.0, &b.0));
            if reverse { order.reverse() } else { order }
        });
        let ends = |row: &Thing| {
            self.steps.iter().any(|step| matches!(step, Step::Until(modulus, rest) if row.id % modulus == *rest))
        };
        let end = places.iter().position(|(_, row)| ends(row)).unwrap_or(places.len());
        places.truncate(end);
        places
    }

    pub fn window<T>(&self, items: Vec<T>) -> Vec<T> {
        let (mut offset, mut limit) = (0, usize::MAX);
        for step in &self.steps {
            match step {
                Step::Offset(count) => offset += count,
                Step::Limit(count) => limit = limit.min(*count),
                _ => {}
            }
        }
        items.into_iter().skip(offset).take(limit).collect()
    }

    pub fn rows(&self, rows: &[Thing]) -> Vec<Thing> {
        self.window(self.places(rows, false)).into_iter().map(|(_, row)| row.clone()).collect()
    }

    pub fn keys(&self, rows: &[Thing]) -> Vec<Value> {
        let places = self.window(self.places(rows, true));
        places.into_iter().map(|((key, _), _)| self.column().part(&key)).collect()
    }

    pub fn unique_keys(&self, rows: &[Thing]) -> Vec<Value> {
        let mut unique: Vec<Value> = Vec::new();
        for ((key, _), _) in self.places(rows, true) {
            let key = self.column().part(&key);
            if !unique.contains(&key) {
                unique.push(key);
            }
        }
        self.window(unique)
    }
}

pub async fn keys<K: Modelled, A: Access>(query: &Query<Thing, A>, unique: bool) -> Result<Vec<Value>> {
    let keys = if unique { query.unique_keys::<K>().await? } else { query.keys::<K>().await? };
    Ok(keys.iter().map(Modelled::value).collect())
}

pub async fn keys_of<A: Access>(query: &Query<Thing, A>, column: Column, unique: bool) -> Result<Vec<Value>> {
    match column {
        Column::Id | Column::Age => keys::<u32, A>(query, unique).await,
        Column::Name | Column::Tags => keys::<String, A>(query, unique).await,
        Column::NameAge => keys::<(String, u32), A>(query, unique).await,
        Column::Flag => keys::<bool, A>(query, unique).await,
        Column::FlagScore => keys::<(bool, i32), A>(query, unique).await,
    }
}
