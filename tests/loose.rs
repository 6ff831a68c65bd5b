//! Tables without the types of their rows: what is really stored, and rows that no typed table would write. Where there is no
//! browser, this stands in for plain JavaScript.

use std::fmt;
use std::marker::PhantomData;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use indexie::__private::{Entry, FieldForm, Form, Insertable, KeyError, StoreSchema};
use indexie::{AnyKey, Indexie, Insert, Key, Outbound, Store};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A table of any type of rows.
pub struct Loose(Box<dyn Rows>);

impl fmt::Debug for Loose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loose")
    }
}

/// The rows are given and come back as JSON; a row may also be written as in JavaScript, with bare names and single quotes.
impl Loose {
    /// The table of this name, whose schema is that of `T`.
    #[must_use]
    pub fn of<T: Store>(db: &Indexie, table: &str) -> Self {
        Self(Box::new(Of::<T>(db.clone(), table.to_owned(), PhantomData)))
    }

    /// Puts a row, with its key if that is outside of it.
    pub async fn put(&self, row: &str, key: Option<&str>) {
        self.0.put(literal(row), key.map(|key| key_of(&literal(key)))).await;
    }

    /// The row with this key.
    pub async fn get(&self, key: &str) -> Option<String> {
        self.0.get(key_of(&literal(key))).await.map(|row| row.to_string())
    }

    /// All rows.
    pub async fn all(&self) -> String {
        Value::Array(self.0.all().await).to_string()
    }
}

trait Rows {
    fn put(&self, row: Value, key: Option<AnyKey>) -> LocalBoxFuture<'_, ()>;
    fn get(&self, key: AnyKey) -> LocalBoxFuture<'_, Option<Value>>;
    fn all(&self) -> LocalBoxFuture<'_, Vec<Value>>;
}

struct Of<T>(Indexie, String, PhantomData<fn() -> T>);

impl<T: Store> Of<T> {
    fn table(&self) -> indexie::Table<Row<T>> {
        self.0.table(&self.1).expect("a table with the schema of its own record")
    }
}

impl<T: Store> Rows for Of<T> {
    fn put(&self, row: Value, key: Option<AnyKey>) -> LocalBoxFuture<'_, ()> {
        let row = Row(row, PhantomData);
        let put = match key {
            Some(key) => self.table().put_with_key(&row, &AnyRowKey(key)),
            None => self.table().put(&row),
        };
        async move { drop(put.await.expect("the row can be written")) }.boxed_local()
    }

    fn get(&self, key: AnyKey) -> LocalBoxFuture<'_, Option<Value>> {
        let row = self.table().get(&AnyRowKey(key));
        async move { row.await.expect("anything can be read").map(|row| row.0) }.boxed_local()
    }

    fn all(&self) -> LocalBoxFuture<'_, Vec<Value>> {
        let rows = self.table().to_vec();
        async move { rows.await.expect("anything can be read").into_iter().map(|row| row.0).collect() }.boxed_local()
    }
}

/// A row in the place of a `T`.
struct Row<T>(Value, PhantomData<fn() -> T>);

impl<T> Serialize for Row<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|row| Self(row, PhantomData))
    }
}

impl<T> Insertable for Row<T> {
    fn entry(&self, _: usize) -> Entry {
        Entry::none()
    }
}

impl<T: Store> Store for Row<T> {
    type Key = AnyRowKey;
    type Indexes = ();
    const INDEXES: &'static () = &();
    const SCHEMA: StoreSchema = T::SCHEMA;
    const FIELDS: &'static [FieldForm] = &[];
    const DECLARED: &'static [&'static str] = &[];
}

impl<T: Store> Insert<Self> for Row<T> {}
impl<T: Store> Outbound for Row<T> {}

/// A key of any type.
#[derive(Clone)]
struct AnyRowKey(AnyKey);

impl Key for AnyRowKey {
    const FORM: Form = Form::Array;

    fn to_any(&self) -> Result<AnyKey, KeyError> {
        Ok(self.0.clone())
    }

    fn from_any(key: &AnyKey) -> Option<Self> {
        Some(Self(key.clone()))
    }
}

fn key_of(value: &Value) -> AnyKey {
    match value {
        Value::Number(number) => AnyKey::Number(number.as_f64().expect("a number that JavaScript has")),
        Value::String(text) => AnyKey::Text(text.clone()),
        Value::Array(parts) => AnyKey::Array(parts.iter().map(key_of).collect()),
        other => panic!("{other} is no key"),
    }
}

/// JSON whose names may be bare and whose text may stand in single quotes.
fn literal(text: &str) -> Value {
    let mut json = String::new();
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.next() {
        if first == '\'' || first == '"' {
            json.push('"');
            while let Some(next) = chars.next().filter(|next| *next != first) {
                json.push(next);
                if next == '\\' {
                    json.extend(chars.next());
                }
            }
            json.push('"');
        } else if first.is_ascii_alphabetic() {
            let mut word = String::from(first);
            while let Some(next) = chars.next_if(char::is_ascii_alphanumeric) {
                word.push(next);
            }
            let known = matches!(word.as_str(), "null" | "true" | "false");
            if known {
                json += &word;
            } else {
                json.extend(["\"", &word, "\""]);
            }
        } else {
            json.push(first);
        }
    }
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("`{text}` is no row: {error}"))
}
