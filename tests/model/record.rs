//! `Record`: what the runner, the generator and the printer need of a record type; and the macro that makes one of a struct,
//! so that its schema, its fields and its source are written once.

use futures::future::LocalBoxFuture;
use futures::{FutureExt, TryFutureExt};
use indexie::prelude::*;
use indexie::{Index, IsUnique, Writable};

use crate::chance::Chance;
use crate::field::Field;
use crate::program::Keys;
use crate::value::{Row, Value, field};

/// A record type of the menu.
pub trait Record: Store<Key: Field> + Clone + std::fmt::Debug {
    /// As an app would write it.
    const SOURCE: &'static str;
    const NAME: &'static str;
    const ENTRIES: &'static str;
    /// What `rename_all` says.
    const CASE: &'static str;
    /// Where keys may come from, when rows are inserted.
    const KEYS: &'static [Keys];
    /// The handles.
    const COLUMNS: &'static [Column];
    /// The handles of the primary key, which is the first of them, and of unique indexes.
    const UNIQUE: &'static [&'static str];
    const MEMBERS: &'static [FieldOf];

    fn of(row: &Row) -> Self;
    fn row(&self) -> Row;

    /// Shows the handle of a column, with its types, to a visitor.
    fn column<V: Visit<Self>>(at: usize, visitor: V) -> V::Output;
    /// Shows the handle of a unique column; `None` for another one.
    fn unique<V: VisitUnique<Self>>(at: usize, visitor: V) -> Option<V::Output>;

    /// Calls `add`, `put`, or what else there is for the like.
    fn insert<A: Writable>(
        table: &Table<Self, A>,
        insert: Insert<'_>,
    ) -> LocalBoxFuture<'static, Result<Vec<Self::Key>>>;
    /// The row as `insert` would write it, as an expression.
    fn code(row: &Row, keys: Keys) -> String;
}

/// Rows to be inserted.
#[derive(Clone, Copy)]
pub struct Insert<'a> {
    pub put: bool,
    pub many: bool,
    pub keys: Keys,
    pub rows: &'a [(Value, Row)],
}

/// A handle.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Plain,
    Text,
    /// Of so many columns.
    Compound(usize),
}

/// A field of a record, without its type.
#[derive(Clone, Copy, Debug)]
pub struct FieldOf {
    pub name: &'static str,
    pub random: fn(&mut Chance) -> Value,
    pub simplest: fn() -> Value,
    pub code: fn(&Value) -> String,
    pub sorts: bool,
    /// Whether the type is a number, to which something can be added.
    pub adds: bool,
}

impl FieldOf {
    pub const fn new<F: Field>(name: &'static str) -> Self {
        Self {
            name,
            random: |chance| F::random(chance).value(),
            simplest: || F::simplest().value(),
            code: |value| F::of(value).code(),
            sorts: F::SORTS,
            adds: F::ADDS,
        }
    }
}

/// What is told the types of a column.
pub trait Visit<T: Record>: Sized {
    type Output;
    fn plain<K: Field + Key, Kind: 'static>(self, index: Index<T, K, Kind>) -> Self::Output;
    fn text<Kind: 'static>(self, index: Index<T, String, Kind>) -> Self::Output;
    fn pair<A: Field + Key, B: Field + Key, Kind: 'static>(self, index: Index<T, (A, B), Kind>) -> Self::Output;
    fn triple<A: Field + Key, B: Field + Key, C: Field + Key, Kind: 'static>(
        self,
        index: Index<T, (A, B, C), Kind>,
    ) -> Self::Output;
}

pub trait VisitUnique<T: Record>: Sized {
    type Output;
    fn unique<K: Field + Key, Kind: IsUnique + 'static>(self, index: Index<T, K, Kind>) -> Self::Output;
}

/// What does not care of which kind a column is.
pub trait VisitAny<T: Record>: Sized {
    type Output;
    fn any<K: Field + Key, Kind: 'static>(self, index: Index<T, K, Kind>) -> Self::Output;
}

/// Makes a [`Visit`] of a [`VisitAny`].
pub struct Any<V>(pub V);

impl<T: Record, V: VisitAny<T>> Visit<T> for Any<V> {
    type Output = V::Output;

    fn plain<K: Field + Key, Kind: 'static>(self, index: Index<T, K, Kind>) -> V::Output {
        self.0.any(index)
    }

    fn text<Kind: 'static>(self, index: Index<T, String, Kind>) -> V::Output {
        self.0.any(index)
    }

    fn pair<A: Field + Key, B: Field + Key, Kind: 'static>(self, index: Index<T, (A, B), Kind>) -> V::Output {
        self.0.any(index)
    }

    fn triple<A: Field + Key, B: Field + Key, C: Field + Key, Kind: 'static>(
        self,
        index: Index<T, (A, B, C), Kind>,
    ) -> V::Output {
        self.0.any(index)
    }
}

/// A struct of the menu: the record, and what is known of it. First its handles, `kind name`; then, of the unique ones, the names again,
/// the primary key's first; then how rows get their keys.
macro_rules! record {
    (
        handles { $($kind:ident $handle:ident),* $(,)? }
        unique { $($unique:ident),* $(,)? }
        keys $keys:ident $(($new:ident: $($kept:ident)*))?;

        $(#[doc = $doc:literal])*
        #[store($schema:literal $(, key = $key:ty)?)]
        $(#[serde(rename_all = $case:literal)])?
        pub struct $name:ident {
            $($(#[$of_field:meta])* pub $field:ident: $type:ty,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
        #[store($schema $(, key = $key)?)]
        $(#[serde(rename_all = $case)])?
        pub struct $name {
            $($(#[$of_field])* pub $field: $type,)*
        }

        impl Record for $name {
            const SOURCE: &'static str = concat!(
                "#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]\n",
                "#[store(", stringify!($schema), $(", key = ", stringify!($key),)? ")]\n",
                $("#[serde(rename_all = ", stringify!($case), ")]\n",)?
                "pub struct ", stringify!($name), " {\n",
                $($("    #[", stringify!($of_field), "]\n",)* "    pub ", stringify!($field), ": ", stringify!($type), ",\n",)*
                "}\n",
            );
            const NAME: &'static str = stringify!($name);
            const ENTRIES: &'static str = $schema;
            const CASE: &'static str = concat!("" $(, $case)?);
            const KEYS: &'static [Keys] = record!(@from $keys);
            const COLUMNS: &'static [Column] =
                &[$(Column { name: stringify!($handle), kind: record!(@kind $kind) }),*];
            const UNIQUE: &'static [&'static str] = &[$(stringify!($unique)),*];
            const MEMBERS: &'static [FieldOf] = &[$(FieldOf::new::<$type>(stringify!($field))),*];

            fn of(row: &Row) -> Self {
                Self { $($field: Field::of(field(row, stringify!($field)))),* }
            }

            fn row(&self) -> Row {
                vec![$((stringify!($field), self.$field.value())),*]
            }

            fn column<V: Visit<Self>>(at: usize, visitor: V) -> V::Output {
                let name = Self::COLUMNS[at].name;
                $(if name == stringify!($handle) {
                    return visitor.$kind(Self::INDEX.$handle);
                })*
                unreachable!("a column of {}", Self::NAME)
            }

            fn unique<V: VisitUnique<Self>>(at: usize, visitor: V) -> Option<V::Output> {
                let name = Self::COLUMNS[at].name;
                $(if name == stringify!($unique) {
                    return Some(visitor.unique(Self::INDEX.$unique));
                })*
                None
            }

            record!(@insert $keys $name $(($new: $($kept)*))?);
        }
    };

    (@kind plain) => { Kind::Plain };
    (@kind text) => { Kind::Text };
    (@kind pair) => { Kind::Compound(2) };
    (@kind triple) => { Kind::Compound(3) };

    (@from inside) => { &[Keys::Row] };
    (@from generated) => { &[Keys::Generator, Keys::Generator, Keys::Row] };
    (@from beside) => { &[Keys::Beside] };
    (@from generated_beside) => { &[Keys::Generator, Keys::Beside] };

    (@insert inside $name:ident) => {
        fn insert<A: Writable>(table: &Table<Self, A>, insert: Insert<'_>) -> Inserted<Self> {
            rows::<Self, Self, A>(table, insert, Self::of)
        }

        fn code(row: &Row, _: Keys) -> String {
            full(Self::NAME, Self::MEMBERS, row)
        }
    };
    (@insert generated $name:ident ($new:ident: $($kept:ident)*)) => {
        fn insert<A: Writable>(table: &Table<Self, A>, insert: Insert<'_>) -> Inserted<Self> {
            let new = |row: &Row| {
                let Self { $($kept,)* .. } = Self::of(row);
                $new { $($kept),* }
            };
            match insert.keys {
                Keys::Generator => rows::<Self, $new, A>(table, insert, new),
                _ => rows::<Self, Self, A>(table, insert, Self::of),
            }
        }

        fn code(row: &Row, keys: Keys) -> String {
            if keys != Keys::Generator {
                return full(Self::NAME, Self::MEMBERS, row);
            }
            let kept: Vec<FieldOf> =
                Self::MEMBERS.iter().filter(|field| [$(stringify!($kept)),*].contains(&field.name)).copied().collect();
            full(stringify!($new), &kept, row)
        }
    };
    (@insert beside $name:ident) => {
        fn insert<A: Writable>(table: &Table<Self, A>, insert: Insert<'_>) -> Inserted<Self> {
            with_keys(table, insert)
        }

        fn code(row: &Row, _: Keys) -> String {
            full(Self::NAME, Self::MEMBERS, row)
        }
    };
    (@insert generated_beside $name:ident) => {
        fn insert<A: Writable>(table: &Table<Self, A>, insert: Insert<'_>) -> Inserted<Self> {
            match insert.keys {
                Keys::Beside => with_keys(table, insert),
                _ => rows::<Self, Self, A>(table, insert, Self::of),
            }
        }

        fn code(row: &Row, _: Keys) -> String {
            full(Self::NAME, Self::MEMBERS, row)
        }
    };
}

pub(super) use record;

pub type Inserted<T> = LocalBoxFuture<'static, Result<Vec<<T as Store>::Key>>>;

/// Inserts rows that have their keys in them, or get them from the generator.
pub fn rows<T: Record, R: indexie::Insert<T> + 'static, A: Writable>(
    table: &Table<T, A>,
    insert: Insert<'_>,
    row: impl Fn(&Row) -> R,
) -> Inserted<T> {
    let rows: Vec<R> = insert.rows.iter().map(|(_, values)| row(values)).collect();
    match (insert.many, insert.put, rows.first()) {
        (false, false, Some(row)) => one(table.add(row)),
        (false, true, Some(row)) => one(table.put(row)),
        (_, false, _) => table.bulk_add(&rows).boxed_local(),
        (_, true, _) => table.bulk_put(&rows).boxed_local(),
    }
}

/// Inserts rows under keys that are given beside them.
pub fn with_keys<T: Record + indexie::Outbound, A: Writable>(table: &Table<T, A>, insert: Insert<'_>) -> Inserted<T> {
    let rows: Vec<(T::Key, T)> = insert.rows.iter().map(|(key, row)| (T::Key::of(key), T::of(row))).collect();
    let pairs = rows.iter().map(|(key, row)| (key, row));
    match (insert.many, insert.put, rows.first()) {
        (false, false, Some((key, row))) => one(table.add_with_key(row, key)),
        (false, true, Some((key, row))) => one(table.put_with_key(row, key)),
        (_, false, _) => table.bulk_add_with_keys(pairs).boxed_local(),
        (_, true, _) => table.bulk_put_with_keys(pairs).boxed_local(),
    }
}

fn one<K: 'static>(written: indexie::Op<K>) -> LocalBoxFuture<'static, Result<Vec<K>>> {
    written.map_ok(|key| vec![key]).boxed_local()
}

/// A struct expression.
pub fn full(name: &str, fields: &[FieldOf], row: &Row) -> String {
    let fields: Vec<String> =
        fields.iter().map(|of| format!("{}: {}", of.name, (of.code)(field(row, of.name)))).collect();
    format!("{name} {{ {} }}", fields.join(", "))
}
