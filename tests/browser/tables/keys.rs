//! Key types and key fields that say in an unusual way what they are, and are found all the same.

use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::fresh;

macro_rules! letters {
    ($record:ident, $mail:literal, $case:literal, $subject:meta) => {
        #[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
        #[serde(rename_all = $case, deny_unknown_fields)]
        #[store("++id, mail, [sent_at+subject], subject")]
        struct $record {
            id: u32,
            #[serde(rename = $mail, default)]
            mail: String,
            sent_at: u32,
            #[serde($subject, default)]
            subject: String,
        }
    };
}
letters!(Letter, "eMail", "camelCase", rename = "re");

#[wasm_bindgen_test]
async fn names_that_a_macro_gives_are_those_of_the_indexes() -> Result<()> {
    schema! { struct Letters("keys: names of a macro"); version 1 { letters: Letter } }
    let db: Letters = fresh("keys: names of a macro").await;
    db.letters.add(&NewLetter { mail: "a@b".into(), sent_at: 7, subject: "x".into() }).await?;
    assert_eq!(db.letters.where_(|l| l.mail).equals("a@b").primary_keys().await?, [1]);
    assert_eq!(db.letters.where_(|l| l.sent_at_subject).equals((7, "x")).primary_keys().await?, [1]);
    assert_eq!(db.letters.where_(|l| l.subject).equals("x").primary_keys().await?, [1]);
    Ok(())
}

type Number = u32;
type Text = String;

#[derive(Key, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
struct Raw(Number);
#[derive(Key, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
struct TaskId(Raw);
#[derive(Key, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Title(Text);

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, title")]
struct Task {
    id: TaskId,
    title: Title,
}

#[wasm_bindgen_test]
async fn a_newtype_can_do_what_is_inside_it_can_by_whatever_name() -> Result<()> {
    schema! { struct Tasks("keys: newtypes of aliases"); version 1 { tasks: Task } }
    let db: Tasks = fresh("keys: newtypes of aliases").await;
    let id = db.tasks.add(&NewTask { title: Title("Tea".into()) }).await?;
    assert_eq!(id, TaskId(Raw(1)));
    assert_eq!(db.tasks.where_(|t| t.title).starts_with("T").primary_keys().await?, [id]);
    Ok(())
}

#[derive(Key, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
enum Before {
    Todo,
    Done,
}
#[derive(Key, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
enum After {
    #[serde(alias = "Todo")]
    Open,
    Done,
}
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("state")]
struct Old {
    state: Before,
}
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("state")]
struct New {
    state: After,
}

#[wasm_bindgen_test]
async fn keys_are_read_by_the_names_that_variants_had() -> Result<()> {
    schema! { struct Olds("keys: names of before"); version 1 { rows: Old } }
    schema! { struct News("keys: names of before"); version 1 { rows: New } }
    let old: Olds = fresh("keys: names of before").await;
    old.rows.bulk_put(&[Old { state: Before::Todo }, Old { state: Before::Done }]).await?;
    old.close();
    let db = News::builder().name("keys: names of before").build();
    assert_eq!(db.rows.primary_keys().await?, [After::Done, After::Open]);
    assert_eq!(db.rows.to_vec().await?, [New { state: After::Done }, New { state: After::Open }]);
    Ok(())
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Address {
    r#type: String,
}
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, address.type as String, home?.type as String, match: [a+b]")]
struct Person {
    id: u32,
    a: u32,
    b: u32,
    address: Address,
    home: Option<Address>,
}

#[wasm_bindgen_test]
async fn paths_and_handles_may_be_words_of_rust() -> Result<()> {
    schema! { struct People("keys: words of Rust"); version 1 { people: Person } }
    let db: People = fresh("keys: words of Rust").await;
    let address = |kind: &str| Address { r#type: kind.into() };
    db.people.put(&Person { id: 1, a: 2, b: 3, address: address("work"), home: Some(address("flat")) }).await?;
    assert_eq!(db.people.where_(|p| p.address_type).equals("work").primary_keys().await?, [1]);
    assert_eq!(db.people.where_(|p| p.home_type).equals("flat").primary_keys().await?, [1]);
    assert_eq!(db.people.where_(|p| p.r#match).equals((2, 3)).primary_keys().await?, [1]);
    Ok(())
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, pages, page, [page+id]")]
struct Book {
    id: u32,
    pages: Vec<Vec<u8>>,
    page: (u8, Vec<u8>),
}

#[wasm_bindgen_test]
async fn bytes_are_binary_inside_of_a_key_too() -> Result<()> {
    schema! { struct Books("keys: bytes in arrays"); version 1 { books: Book } }
    let db: Books = fresh("keys: bytes in arrays").await;
    let book = Book { id: 1, pages: vec![vec![1, 2], vec![3]], page: (4, vec![5]) };
    db.books.put(&book).await?;
    assert_eq!(db.books.where_(|b| b.pages).equals(vec![vec![1, 2], vec![3]]).primary_keys().await?, [1]);
    assert_eq!(db.books.where_(|b| b.page).equals((4, vec![5])).primary_keys().await?, [1]);
    assert_eq!(db.books.where_(|b| b.page_id).equals(((4, vec![5]), 1)).primary_keys().await?, [1]);
    assert_eq!(db.books.order_by(|b| b.pages).keys::<Vec<Vec<u8>>>().await?, [vec![vec![1, 2], vec![3]]]);
    assert_eq!(db.books.get(1).await?, Some(book));
    Ok(())
}
