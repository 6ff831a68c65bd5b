//! What is known of a table of the menu without its Rust types: for the generator, the shrinker and the printer.

use indexie::Index;
use indexie::prelude::Key;

use crate::chance::Chance;
use crate::field::Field;
use crate::menu::Trio;
use crate::program::Keys;
use crate::record::{FieldOf, Record, Visit};
use crate::shape::Shape;
use crate::value::{Row, Value};

/// A table of a database.
#[derive(Clone, Debug)]
pub struct TableOf {
    pub shape: Shape,
    pub record: &'static str,
    pub source: &'static str,
    pub fields: &'static [FieldOf],
    /// Where keys of inserted rows may come from.
    pub keys: &'static [Keys],
    /// Of the columns, in their order.
    pub types: Vec<TypeOf>,
    pub code: fn(&Row, Keys) -> String,
}

/// A column's type.
#[derive(Clone, Copy, Debug)]
pub struct TypeOf {
    pub random: fn(&mut Chance) -> Value,
    pub code: fn(&Value) -> String,
    pub name: fn() -> String,
    /// Of a compound key, one part.
    pub part: fn(usize, &Value) -> String,
}

pub fn tables<D: Trio>() -> [TableOf; 3] {
    let [first, second, third] = D::TABLES;
    [TableOf::of::<D::First>(first), TableOf::of::<D::Second>(second), TableOf::of::<D::Third>(third)]
}

impl TableOf {
    fn of<T: Record>(table: &str) -> Self {
        Self {
            shape: Shape::of::<T>(table),
            record: T::NAME,
            source: T::SOURCE,
            fields: T::MEMBERS,
            keys: T::KEYS,
            types: (0..T::COLUMNS.len()).map(|column| T::column(column, Typed)).collect(),
            code: T::code,
        }
    }

    /// The type of the primary key.
    pub fn key(&self) -> &TypeOf {
        &self.types[self.shape.primary_column]
    }

    pub fn simplest(&self) -> Row {
        self.fields.iter().map(|field| (field.name, (field.simplest)())).collect()
    }
}

struct Typed;

impl Typed {
    fn of<K: Field>(part: fn(usize, &Value) -> String) -> TypeOf {
        TypeOf { random: |chance| K::random(chance).value(), code: |value| K::of(value).code(), name: K::name, part }
    }
}

impl<T: Record> Visit<T> for Typed {
    type Output = TypeOf;

    fn plain<K: Field + Key, Kind: 'static>(self, _: Index<T, K, Kind>) -> TypeOf {
        Self::of::<K>(|_, _| String::new())
    }

    fn text<Kind: 'static>(self, _: Index<T, String, Kind>) -> TypeOf {
        Self::of::<String>(|_, _| String::new())
    }

    fn pair<A: Field + Key, B: Field + Key, Kind: 'static>(self, _: Index<T, (A, B), Kind>) -> TypeOf {
        Self::of::<(A, B)>(|at, value| if at == 0 { A::of(value).code() } else { B::of(value).code() })
    }

    fn triple<A: Field + Key, B: Field + Key, C: Field + Key, Kind: 'static>(
        self,
        _: Index<T, (A, B, C), Kind>,
    ) -> TypeOf {
        Self::of::<(A, B, C)>(|at, value| match at {
            0 => A::of(value).code(),
            1 => B::of(value).code(),
            _ => C::of(value).code(),
        })
    }
}
