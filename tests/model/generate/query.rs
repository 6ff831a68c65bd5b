//! Queries by chance.

use std::ops::Bound;

use super::Generator;
use crate::query::{Asked, Clause, Modifier, Query, Range, TERMINALS, Terminal, Test};
use crate::record::Kind;
use crate::value::Value;

impl Generator<'_> {
    pub(super) fn query(&mut self, table: usize) -> Query {
        let start = (!self.chance.once_in(6)).then(|| self.asked(table));
        let count = self.chance.below(5);
        Query { start, steps: (0..count).map(|_| self.modifier(table)).collect() }
    }

    pub(super) fn terminal(&mut self) -> Terminal {
        match self.chance.below(16) {
            0 => Terminal::EachUntil(self.chance.below(5)),
            1 | 2 => Terminal::Pages(1 + self.chance.below(5)),
            _ => *self.chance.pick(&TERMINALS),
        }
    }

    fn modifier(&mut self, table: usize) -> Modifier {
        let of = &self.tables[table];
        match self.chance.below(14) {
            0..=2 => Modifier::Or(self.asked(table)),
            3 | 4 => Modifier::Filter(self.test(table)),
            5 | 6 => Modifier::OrderBy(self.chance.below(of.shape.columns.len())),
            7 if self.chance.once_in(2) => {
                let names: Vec<&str> = of.fields.iter().filter(|field| field.sorts).map(|field| field.name).collect();
                Modifier::SortBy(*self.chance.pick(&names))
            }
            8 => Modifier::Until(self.test(table)),
            9 => Modifier::Offset(self.chance.below(8)),
            10 | 11 => Modifier::Limit(self.chance.below(9)),
            _ => Modifier::Reverse,
        }
    }

    fn test(&mut self, table: usize) -> Test {
        let field = self.chance.pick(self.tables[table].fields);
        Test { field: field.name, equal: self.chance.once_in(3), value: (field.random)(self.chance) }
    }

    fn asked(&mut self, table: usize) -> Asked {
        let column = self.chance.below(self.tables[table].shape.columns.len());
        Asked { column, clause: self.clause(table, column) }
    }

    fn clause(&mut self, table: usize, column: usize) -> Clause {
        let of = &self.tables[table].shape.columns[column];
        match of.kind {
            Kind::Text if self.chance.once_in(2) => return self.text_clause(table, column),
            Kind::Compound(columns) if self.chance.once_in(4) => {
                let key = self.of_column(table, column);
                let most = 1 + self.chance.below(columns - 1);
                return Clause::Prefix(key.list()[..most].to_vec());
            }
            _ => {}
        }
        match self.chance.below(10) {
            0 => Clause::Equals(self.of_column(table, column)),
            1 => Clause::NotEqual(self.of_column(table, column)),
            2 => Clause::Above(self.of_column(table, column)),
            3 => Clause::AtLeast(self.of_column(table, column)),
            4 => Clause::Below(self.of_column(table, column)),
            5 => Clause::AtMost(self.of_column(table, column)),
            6 => Clause::Between(self.range(table, column)),
            7 => Clause::AnyOf(self.some_of(table, column)),
            8 => Clause::NoneOf(self.some_of(table, column)),
            _ => {
                let count = self.chance.below(4);
                Clause::InAnyRange((0..count).map(|_| self.range(table, column)).collect())
            }
        }
    }

    fn some_of(&mut self, table: usize, column: usize) -> Vec<Value> {
        let count = self.chance.below(5);
        (0..count).map(|_| self.of_column(table, column)).collect()
    }

    /// Mostly the right way round.
    fn range(&mut self, table: usize, column: usize) -> Range {
        let (mut lower, mut upper) = (self.of_column(table, column), self.of_column(table, column));
        if !self.chance.once_in(8) && lower.rust_order(&upper).is_gt() {
            std::mem::swap(&mut lower, &mut upper);
        }
        (self.bound(lower), self.bound(upper))
    }

    fn bound(&mut self, value: Value) -> Bound<Value> {
        match self.chance.below(5) {
            0 => Bound::Unbounded,
            1 | 2 => Bound::Excluded(value),
            _ => Bound::Included(value),
        }
    }

    fn text_clause(&mut self, table: usize, column: usize) -> Clause {
        let text = |this: &mut Self| this.of_column(table, column).text().to_owned();
        let beginning = |this: &mut Self| {
            let length = this.chance.below(3);
            text(this).chars().take(length).collect::<String>()
        };
        match self.chance.below(5) {
            0 => Clause::StartsWith(beginning(self)),
            1 => {
                let count = self.chance.below(4);
                Clause::StartsWithAnyOf((0..count).map(|_| beginning(self)).collect())
            }
            2 => Clause::StartsWithIgnoreCase(beginning(self)),
            3 => Clause::EqualsIgnoreCase(self.of_column(table, column).text().to_owned()),
            _ => {
                let count = self.chance.below(4);
                Clause::AnyOfIgnoreCase((0..count).map(|_| self.of_column(table, column).text().to_owned()).collect())
            }
        }
    }
}
