//! Every form of entry, both forms of the schema, and every option, in one strict crate.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![forbid(unsafe_code)]

use std::collections::{BTreeSet, HashSet};

use indexie::prelude::*;
use serde::{Deserialize, Serialize};

/// A person.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store(
    "++id, &email, name, age, *tags, &*phones, *labels as Label, [name+age], &[email+age], pair: [age+name],
     address.city as String, home?.zip as u32, home?.note as Option<String>, [home?.city as String+age],
     nick, role, since, data, admin, score, [id+score],"
)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Generated.
    pub id: u32,
    /// Unique.
    pub email: String,
    /// Not unique.
    pub name: String,
    /// In years.
    pub age: u32,
    /// Many.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Many, and unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phones: Option<BTreeSet<String>>,
    /// Many, behind another name.
    pub labels: Labels,
    /// Nested.
    pub address: Address,
    /// Nested, if there.
    pub home: Option<Address>,
    /// If there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// By name.
    pub role: Role,
    /// A date.
    pub since: indexie::Date,
    /// Binary.
    pub data: Vec<u8>,
    /// Stored as a number.
    pub admin: bool,
    /// A newtype.
    #[serde(rename = "points")]
    pub score: Score,
}

/// Another name of a collection.
pub type Labels = HashSet<Label>;

/// A place.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Address {
    /// Where.
    pub city: String,
    /// Where exactly.
    pub zip: u32,
    /// What else.
    pub note: Option<String>,
}

/// A text of its own.
#[derive(Key, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(String);

/// A number of its own.
#[derive(Key, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(transparent)]
pub struct Score {
    points: f64,
}

/// What somebody may do.
#[derive(Key, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// A lot.
    SuperUser,
    /// Not much.
    #[serde(rename = "guest")]
    Guest,
}

/// The key is in the record, and compound.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store([list+place], &title)]
pub struct Todo {
    /// Which list.
    pub list: String,
    /// Where on it.
    pub place: u32,
    /// What to do.
    pub title: String,
}

/// The key is outside, and generated.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store(++, text, key = u64)]
pub struct Log {
    /// What happened.
    pub text: String,
}

/// The key is outside, and given.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("", key = (String, u32))]
pub struct Blob {
    /// What there is.
    pub bytes: Vec<u8>,
}

/// The New type has another name, and derives more.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[indexie(++id, name, new = DraftUser, new(derive(Clone, Debug, Default, PartialEq)))]
pub struct Member {
    /// Generated, of a type of its own.
    pub id: MemberId,
    /// How to call them.
    pub name: String,
}

/// A number that the browser generates.
#[derive(Key, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
pub struct MemberId(u32);

/// No New type.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("++id", new = false)]
pub struct Plain {
    /// Generated.
    pub id: u32,
}

/// Stored as something else, as the schema says.
#[derive(Store, Serialize, Deserialize, Clone, Debug)]
#[store("id, born as String")]
pub struct Person {
    /// Given.
    pub id: String,
    /// Text in the database.
    #[serde(with = "as_text")]
    pub born: u32,
}

mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(value: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

schema! {
    /// Everything the app keeps.
    pub struct AppDb("MyAppDatabase");

    version 1 {
        users: "++id, &email, name as Name, [a.b+c]",
        todos: Todo,
        members: Member = "++id, name",
        old_store: "++",
    }
    version 2 {
        users: "++id",
        /// What happened.
        logs: Log,
        blobs: Blob = "",
        plain: Plain,
        people: Person,
    }
    version 10 {
        users: User,
        old_store: drop,
    } upgrade upgrades::to_ten populate fill
}

mod upgrades {
    use indexie::prelude::*;

    pub(crate) async fn to_ten(_: Upgrade) -> Result<()> {
        Ok(())
    }
}

async fn fill(_: Upgrade) -> Result<()> {
    Ok(())
}

fn main() {
    let _: Index<User, u32, indexie::Primary> = User::INDEX.id;
    let _: Index<User, String, indexie::Unique> = User::INDEX.email;
    let _: Index<User, Label> = User::INDEX.labels;
    let _: Index<User, (String, u32)> = User::INDEX.name_age;
    let _: Index<User, (u32, String)> = User::INDEX.pair;
    let _: Index<User, String> = User::INDEX.address_city;
    let _: Index<User, u32> = User::INDEX.home_zip;
    let _: Index<User, String> = User::INDEX.home_note;
    let _: Index<User, String> = User::INDEX.home_city;
    let _: Index<User, (String, u32)> = User::INDEX.home_city_age;
    let _: Index<User, (u32, Score)> = User::INDEX.id_score;
    let _: Index<Todo, (String, u32), indexie::Primary> = Todo::INDEX.list_place;
    let _: Index<Todo, String> = Todo::INDEX.list;
    let _: Index<Log, u64, indexie::Primary> = Log::INDEX.key;
    let _: Index<Member, MemberId, indexie::Primary> = Member::INDEX.id;
    let _: Index<Person, String> = Person::INDEX.born;

    assert_eq!(DraftUser::default(), DraftUser { name: String::new() });

    let db = AppDb::new();
    let _: (&Table<User>, &Table<Todo>, &Table<Log>) = (&db.users, &db.todos, &db.logs);
    let _: (&Table<Blob>, &Table<Plain>, &Table<Person>) = (&db.blobs, &db.plain, &db.people);
    let _ = AppDb::default().clone();
}
