//! The tables that the queries run on, and the rows in them.

use std::ops::Deref;

use indexie::prelude::*;
use indexie::{Database, Indexie};
use serde::{Deserialize, Serialize};
#[cfg(target_family = "wasm")]
use wasm_bindgen::prelude::wasm_bindgen;

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &path")]
pub struct Folder {
    pub id: u32,
    pub path: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, filename, extension, [filename+extension]")]
pub struct File {
    pub id: u32,
    pub filename: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, name, age")]
pub struct Friend {
    pub id: u32,
    pub name: String,
    pub age: u32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, v, s")]
pub struct Number {
    pub id: u32,
    pub v: u32,
    pub s: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, first, last, &username, *&email, *pets")]
pub struct Person {
    pub id: u32,
    pub first: String,
    pub last: String,
    pub username: String,
    pub email: Vec<String>,
    pub pets: Vec<String>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, *tags")]
pub struct Tagged {
    pub id: u32,
    pub tags: Vec<String>,
    pub n: u32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, text")]
pub struct Word {
    pub id: u32,
    pub text: String,
}

schema! {
    /// What most of the tests query.
    pub struct Shelf("shelf");

    version 1 {
        folders: Folder,
        files: File,
        friends: Friend,
        numbers: Number,
        people: Person,
        tagged: Tagged,
        words: Word,
    }
}

/// An empty database of its own for a test, in the browser that the tests of this program want.
pub async fn fresh<D: Database + Deref<Target = Indexie>>(name: &str) -> D {
    crate::arrange_browser();
    indexie_tests::fresh(&format!("queries: {name}")).await
}

/// Nine folders with the keys 1 to 9, one of them in capitals.
pub async fn folders(name: &str) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    let paths = [
        "/",
        "/usr",
        "/usr/local",
        "/usr/local/bin",
        "/usr/local/src",
        "/usr/local/var",
        "/USR/local/VAR",
        "/var",
        "/var/bin",
    ];
    db.folders.bulk_add(&paths.map(|path| NewFolder { path: path.into() })).await?;
    Ok(db)
}

/// Five files with the keys 1 to 5; the first has no extension.
pub async fn files(name: &str) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    let file = |filename: &str, extension: Option<&str>| NewFile {
        filename: filename.into(),
        extension: extension.map(Into::into),
    };
    let files = [
        file("Hello", None),
        file("hello", Some(".exe")),
        file("world", Some(".js")),
        file("README", Some(".TXT")),
        file("hello-there", Some(".exe")),
    ];
    db.files.bulk_add(&files).await?;
    Ok(db)
}

/// Simon 3, Tyra 0, David 42, Ylva 40 and Ann 72, with the keys 1 to 5.
pub async fn friends(name: &str) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    let friends = [("Simon", 3), ("Tyra", 0), ("David", 42), ("Ylva", 40), ("Ann", 72)];
    db.friends.bulk_add(&friends.map(|(name, age)| NewFriend { name: name.into(), age })).await?;
    Ok(db)
}

/// Keys from 1 to 9; `v` is 1, 2, 0, 1, 2, 0, 1, 2, 0.
pub async fn numbers(name: &str) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    let rows: Vec<Number> = (1..=9).map(|id| Number { id, v: id % 3, s: format!("s{id}") }).collect();
    db.numbers.bulk_add(&rows).await?;
    Ok(db)
}

pub fn david() -> Person {
    Person {
        id: 1,
        first: "David".into(),
        last: "Fahlander".into(),
        username: "dfa".into(),
        email: vec!["david@a.com".into(), "daw@t.com".into()],
        pets: vec!["dog".into()],
    }
}

pub fn karl() -> Person {
    Person {
        id: 2,
        first: "Karl".into(),
        last: "Ceder".into(),
        username: "kce".into(),
        email: vec!["karl@c.w".into()],
        pets: vec![],
    }
}

/// Somebody without pets.
pub fn person(id: u32, first: &str, last: &str, username: &str) -> Person {
    Person {
        id,
        first: first.into(),
        last: last.into(),
        username: username.into(),
        email: vec![format!("{username}@c.w")],
        pets: vec![],
    }
}

/// David and Karl.
pub async fn people(name: &str) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    db.people.bulk_add(&[david(), karl()]).await?;
    Ok(db)
}

/// David, Karl and Apan.
pub async fn three_people(name: &str) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    db.people
        .bulk_add(&[
            person(1, "David", "Fahlander", "dfa"),
            person(2, "Karl", "Ceder", "kce"),
            person(3, "Apan", "Japan", "apan"),
        ])
        .await?;
    Ok(db)
}

pub fn tagged(id: u32, tags: &[&str]) -> Tagged {
    Tagged { id, tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), n: 0 }
}

/// 1 with the tags a, b and ab; 2 with the tags ac and a.
pub async fn tags(name: &str) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    db.tagged.bulk_add(&[tagged(1, &["a", "b", "ab"]), tagged(2, &["ac", "a"])]).await?;
    Ok(db)
}

/// These words, with the keys from 1 on.
pub async fn words(name: &str, words: &[&str]) -> Result<Shelf> {
    let db: Shelf = fresh(name).await;
    let rows: Vec<NewWord> = words.iter().map(|word| NewWord { text: (*word).to_owned() }).collect();
    db.words.bulk_add(&rows).await?;
    Ok(db)
}

pub fn paths(folders: Vec<Folder>) -> Vec<String> {
    folders.into_iter().map(|folder| folder.path).collect()
}

pub fn names(friends: Vec<Friend>) -> Vec<String> {
    friends.into_iter().map(|friend| friend.name).collect()
}

pub fn filenames(files: Vec<File>) -> Vec<String> {
    files.into_iter().map(|file| file.filename).collect()
}

pub fn texts(words: Vec<Word>) -> Vec<String> {
    words.into_iter().map(|word| word.text).collect()
}

pub fn firsts(people: Vec<Person>) -> Vec<String> {
    people.into_iter().map(|person| person.first).collect()
}

#[cfg(target_family = "wasm")]
#[wasm_bindgen(inline_js = r#"
export function putPlainly(database, store, rows) {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open(database);
    open.onerror = () => reject(open.error);
    open.onsuccess = () => {
      const db = open.result;
      const transaction = db.transaction(store, 'readwrite');
      for (const [row, key] of JSON.parse(rows)) transaction.objectStore(store).put(row === 'undefined' ? undefined : row, key);
      transaction.oncomplete = () => { db.close(); resolve(); };
      transaction.onabort = () => { db.close(); reject(transaction.error); };
    };
  });
}
"#)]
extern "C" {
    #[wasm_bindgen(js_name = putPlainly, catch)]
    async fn put_plainly(database: &str, store: &str, rows: &str) -> std::result::Result<(), wasm_bindgen::JsValue>;
}

#[cfg(target_family = "wasm")]
/// Rows as another program would write them: `[[row, key], ..]` as JSON, with keys where the store has them outside, and
/// "undefined" for that.
pub async fn written_by_another_program(db: &Indexie, store: &str, rows: &str) {
    put_plainly(db.name(), store, rows).await.expect("the rows can be written without the library");
}
