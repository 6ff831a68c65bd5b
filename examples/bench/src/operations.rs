//! The operations of `cargo xtask bench ops`, as the Rust sides have them; the JavaScript sides have methods of the same names.
//! What an operation has found is kept, and its checksum taken when the clock has stopped. The peers' package uses this file too.

use std::fmt::Write;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::people::{Person, person};

pub type Answer<T> = std::result::Result<T, JsError>;

/// Both ends belong to it.
pub type Ages = std::ops::RangeInclusive<u32>;

/// The ages of the range queries, of the rows that are updated, and of one half of those of two indexes.
const RANGE: Ages = 30..=69;
const UPDATED: Ages = 40..=47;
const EITHER: Ages = 30..=33;
/// How the names of the other half begin.
const PREFIX: &str = "Ada";
/// A page in the order of the names, from the last one on.
pub const OFFSET: u32 = 5_000;
pub const LIMIT: u32 = 50;

/// Whether the filter lets a row pass.
pub fn passes(person: &Person) -> bool {
    person.done && person.score < 75.0
}

/// What an update does to a row.
pub fn update(person: &mut Person) {
    person.score += 1.0;
}

/// One way to do them. Reads are of the table `people`, writes of `strangers`.
pub trait Side: Sized {
    /// Opens the database, which is there already.
    async fn open(name: &str) -> Answer<Self>;

    async fn bulk_add(&self, rows: &Rc<[Person]>) -> Answer<()>;
    /// Awaits each, in a transaction of its own.
    async fn adds(&self, rows: &Rc<[Person]>) -> Answer<()>;
    /// Awaits each, in one transaction.
    async fn adds_in_one(&self, rows: &Rc<[Person]>) -> Answer<()>;
    /// Issues all at once, each a call of its own.
    async fn adds_together(&self, rows: &Rc<[Person]>) -> Answer<()>;
    async fn bulk_put(&self, rows: &Rc<[Person]>) -> Answer<()>;
    async fn bulk_delete(&self, keys: &[u32]) -> Answer<()>;
    async fn update(&self, ages: Ages) -> Answer<()>;

    /// Awaits each.
    async fn gets(&self, keys: &[u32]) -> Answer<Vec<Person>>;
    /// Awaits each, by the unique index.
    async fn lookups(&self, emails: &[String]) -> Answer<Vec<Person>>;
    async fn bulk_get(&self, keys: &[u32]) -> Answer<Vec<Person>>;
    async fn all(&self) -> Answer<Vec<Person>>;
    async fn range(&self, ages: Ages) -> Answer<Vec<Person>>;
    async fn page(&self) -> Answer<Vec<Person>>;
    /// Of this age, or with a name that begins so; in any order.
    async fn either(&self, ages: Ages, prefix: &'static str) -> Answer<Vec<Person>>;
    async fn filter(&self, ages: Ages) -> Answer<Vec<Person>>;
    async fn count(&self, ages: Ages) -> Answer<u32>;
    /// The primary keys, in the order of the index.
    async fn keys(&self, ages: Ages) -> Answer<Vec<u32>>;
}

#[derive(Debug)]
enum Found {
    Nothing,
    Rows(Vec<Person>),
    Keys(Vec<u32>),
    Count(u32),
}

/// A side with what it works on and what it has found.
#[derive(Debug)]
pub struct Measured<S> {
    side: S,
    rows: Rc<[Person]>,
    keys: Vec<u32>,
    emails: Vec<String>,
    found: Found,
}

impl<S: Side> Measured<S> {
    pub async fn open(name: &str) -> Answer<Self> {
        let side = S::open(name).await?;
        Ok(Self { side, rows: Rc::new([]), keys: Vec::new(), emails: Vec::new(), found: Found::Nothing })
    }

    /// Makes the rows that are written, with scores of this round, and says which single rows are meant.
    pub fn prepare(&mut self, first: u32, count: u32, round: u32, keys: Vec<u32>) {
        let row = |id| Person { score: f64::from(id % 100 + round), ..person(id) };
        self.rows = (first..first + count).map(row).collect();
        self.emails = keys.iter().map(|id| format!("user{id}@example.com")).collect();
        self.keys = keys;
        self.found = Found::Nothing;
    }

    pub async fn run(&mut self, operation: &str) -> Answer<()> {
        let Self { side, rows, keys, emails, .. } = self;
        self.found = match operation {
            "bulkAdd" => nothing(side.bulk_add(rows).await?),
            "adds" => nothing(side.adds(rows).await?),
            "addsInOne" => nothing(side.adds_in_one(rows).await?),
            "addsTogether" => nothing(side.adds_together(rows).await?),
            "bulkPut" => nothing(side.bulk_put(rows).await?),
            "bulkDelete" => nothing(side.bulk_delete(keys).await?),
            "update" => nothing(side.update(UPDATED).await?),
            "gets" => Found::Rows(side.gets(keys).await?),
            "lookups" => Found::Rows(side.lookups(emails).await?),
            "bulkGet" => Found::Rows(side.bulk_get(keys).await?),
            "all" => Found::Rows(side.all().await?),
            "range" => Found::Rows(side.range(RANGE).await?),
            "page" => Found::Rows(side.page().await?),
            "either" => Found::Rows(side.either(EITHER, PREFIX).await?),
            "filter" => Found::Rows(side.filter(RANGE).await?),
            "count" => Found::Count(side.count(RANGE).await?),
            "keys" => Found::Keys(side.keys(RANGE).await?),
            _ => return Err(JsError::new(&format!("there is no operation {operation}"))),
        };
        Ok(())
    }

    /// Of all that the last operation has found; `checksum.js` takes the same one.
    pub fn checksum(&mut self, in_any_order: bool) -> String {
        let mut sum = Checksum::default();
        match &mut self.found {
            Found::Nothing => {}
            Found::Rows(rows) => {
                if in_any_order {
                    rows.sort_by_key(|row| row.id);
                }
                for row in &*rows {
                    sum.add(row);
                }
            }
            Found::Keys(keys) => keys.iter().for_each(|key| sum.text(format_args!("{key};"))),
            Found::Count(count) => sum.text(format_args!("{count};")),
        }
        self.found = Found::Nothing;
        format!("{:08x} of {}", sum.hash, sum.texts)
    }
}

fn nothing((): ()) -> Found {
    Found::Nothing
}

/// FNV-1a.
struct Checksum {
    hash: u32,
    texts: u32,
}

impl Default for Checksum {
    fn default() -> Self {
        Self { hash: 0x811c_9dc5, texts: 0 }
    }
}

impl Checksum {
    fn add(&mut self, row: &Person) {
        let Person { id, email, name, age, done, score, tags, created_at, note, address } = row;
        let (tags, city, zip) = (tags.join(","), &address.city, &address.zip);
        self.text(format_args!("{id}|{email}|{name}|{age}|{done}|{score}|{tags}|{created_at}|{note}|{city}|{zip};"));
    }

    fn text(&mut self, text: std::fmt::Arguments<'_>) {
        self.texts += 1;
        // Writing into a number cannot fail.
        let _ = self.write_fmt(text);
    }
}

impl Write for Checksum {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.hash = (self.hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        Ok(())
    }
}

/// The class through which the page calls a side.
macro_rules! class {
    ($class:ident, $side:ty) => {
        #[wasm_bindgen]
        #[derive(Debug)]
        pub struct $class(Measured<$side>);

        #[wasm_bindgen]
        impl $class {
            pub async fn open(name: String) -> Answer<$class> {
                Measured::open(&name).await.map($class)
            }

            pub fn prepare(&mut self, first: u32, count: u32, round: u32, keys: Vec<u32>) {
                self.0.prepare(first, count, round, keys);
            }

            pub async fn run(&mut self, operation: String) -> Answer<()> {
                self.0.run(&operation).await
            }

            pub fn checksum(&mut self, in_any_order: bool) -> String {
                self.0.checksum(in_any_order)
            }
        }
    };
}

pub(crate) use class;
