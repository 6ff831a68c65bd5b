//! What a column may hold: numbers of every sign, dates, bytes, truth values, nested fields, and nothing.

use futures::StreamExt;
use indexie::Date;
use indexie::prelude::*;
use indexie_tests::wasm_bindgen_test;
use serde::{Deserialize, Serialize};

use crate::fixtures::fresh;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Address {
    pub city: String,
    pub zip: Option<u32>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store(
    "id, celsius, level, since, data, done, nick, big, path, home.city as String, work?.city as String,
     home.zip as Option<u32>"
)]
pub struct Record {
    pub id: u32,
    pub celsius: f64,
    pub level: i32,
    pub since: Date,
    pub data: Vec<u8>,
    pub done: bool,
    pub nick: Option<String>,
    pub big: i64,
    pub path: Vec<u32>,
    pub home: Address,
    pub work: Option<Address>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("hash, name")]
pub struct Blob {
    pub hash: Vec<u8>,
    pub name: String,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("at")]
pub struct Event {
    pub at: Date,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store(", name", key = String)]
pub struct Outside {
    pub name: String,
}

schema! {
    pub struct Columns("columns");

    version 1 {
        records: Record,
        blobs: Blob,
        events: Event,
        outside: Outside,
    }
}

fn in_city(city: &str) -> Address {
    Address { city: city.into(), zip: None }
}

fn record(id: u32) -> Record {
    Record {
        id,
        celsius: 0.0,
        level: 0,
        since: Date::from_millis(0),
        data: vec![],
        done: false,
        nick: None,
        big: 0,
        path: vec![],
        home: in_city("Malmö"),
        work: None,
    }
}

async fn records(name: &str, rows: &[Record]) -> Result<Columns> {
    let db: Columns = fresh(name).await;
    db.records.bulk_add(rows).await?;
    Ok(db)
}

#[wasm_bindgen_test]
async fn floats_are_ordered_as_numbers() -> Result<()> {
    let at = |id, celsius| Record { celsius, ..record(id) };
    let rows = [at(1, 20.5), at(2, -3.25), at(3, f64::INFINITY), at(4, f64::NEG_INFINITY), at(5, -0.0), at(6, 1e-300)];
    let db = records("floats are ordered as numbers", &rows).await?;
    assert_eq!(db.records.order_by(|r| r.celsius).primary_keys().await?, [4, 2, 5, 6, 1, 3]);
    let celsius = || db.records.where_(|r| r.celsius);
    assert_eq!(celsius().above(0.0).primary_keys().await?, [6, 1, 3]);
    assert_eq!(celsius().at_least(0).primary_keys().await?, [5, 6, 1, 3]);
    assert_eq!(celsius().below(0.0).primary_keys().await?, [4, 2]);
    assert_eq!(celsius().equals(0.0).primary_keys().await?, [5]);
    assert_eq!(celsius().between(-3.25..20.5).primary_keys().await?, [2, 5, 6]);
    assert_eq!(celsius().above(f64::NEG_INFINITY).count().await?, 5);
    assert_eq!(celsius().below(f64::INFINITY).count().await?, 5);
    assert_eq!(celsius().none_of([f64::INFINITY, f64::NEG_INFINITY]).primary_keys().await?, [2, 5, 6, 1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn asking_for_what_is_no_number_is_an_error() -> Result<()> {
    let db = records("asking for what is no number", &[record(1)]).await?;
    let query = db.records.where_(|r| r.celsius).above(f64::NAN);
    let error = query.to_vec().await;
    assert!(matches!(&error, Err(Error::Data { message, .. }) if message == "NaN is no key"), "{error:?}");
    assert!(matches!(query.count().await, Err(Error::Data { .. })));
    assert!(matches!(query.delete().await, Err(Error::Data { .. })));
    assert!(matches!(query.page(1).await, Err(Error::Data { .. })));
    assert!(matches!(query.each(async |_| ()).await, Err(Error::Data { .. })));
    assert!(query.explain().contains("NaN is no key"), "{}", query.explain());
    let or = db.records.where_(|r| r.id).equals(1).or(|r| r.celsius).equals(f64::NAN).to_vec().await;
    assert!(matches!(or, Err(Error::Data { .. })), "{or:?}");
    assert_eq!(db.records.count().await?, 1);
    Ok(())
}

#[wasm_bindgen_test]
async fn negative_integers_come_first() -> Result<()> {
    let at = |id, level| Record { level, ..record(id) };
    let db =
        records("negative integers come first", &[at(1, 5), at(2, -1), at(3, i32::MIN), at(4, 0), at(5, i32::MAX)])
            .await?;
    assert_eq!(db.records.order_by(|r| r.level).primary_keys().await?, [3, 2, 4, 1, 5]);
    assert_eq!(db.records.where_(|r| r.level).below(-1).primary_keys().await?, [3]);
    assert_eq!(db.records.where_(|r| r.level).between(-1..=0).primary_keys().await?, [2, 4]);
    assert_eq!(db.records.where_(|r| r.level).not_equal(0).keys::<i32>().await?, [i32::MIN, -1, 5, i32::MAX]);
    Ok(())
}

#[wasm_bindgen_test]
async fn integers_up_to_two_to_the_53_are_keys() -> Result<()> {
    const LARGEST: i64 = 1 << 53;
    let at = |id, big| Record { big, ..record(id) };
    let db = records("integers up to two to the 53", &[at(1, LARGEST), at(2, -LARGEST), at(3, 7)]).await?;
    assert_eq!(db.records.where_(|r| r.big).equals(LARGEST).primary_keys().await?, [1]);
    assert_eq!(db.records.where_(|r| r.big).at_most(7).keys::<i64>().await?, [-LARGEST, 7]);
    let beyond = db.records.where_(|r| r.big).equals(LARGEST + 1).count().await;
    assert!(matches!(beyond, Err(Error::Data { .. })), "{beyond:?}");
    Ok(())
}

#[wasm_bindgen_test]
async fn dates_are_ordered_in_time() -> Result<()> {
    let at = |id, millis| Record { since: Date::from_millis(millis), ..record(id) };
    let db =
        records("dates are ordered in time", &[at(1, 1_000), at(2, -5), at(3, 0), at(4, 1_700_000_000_000)]).await?;
    let since = || db.records.where_(|r| r.since);
    assert_eq!(db.records.order_by(|r| r.since).primary_keys().await?, [2, 3, 1, 4]);
    assert_eq!(since().above(Date::from_millis(0)).primary_keys().await?, [1, 4]);
    assert_eq!(since().at_most(Date::from_millis(0)).primary_keys().await?, [2, 3]);
    assert_eq!(since().equals(Date::from_millis(1_000)).primary_keys().await?, [1]);
    assert_eq!(since().not_equal(Date::from_millis(0)).primary_keys().await?, [2, 1, 4]);
    let keys = [Date::from_millis(-5), Date::from_millis(0)];
    assert_eq!(since().below(Date::from_millis(1)).keys::<Date>().await?, keys);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_date_can_be_the_primary_key() -> Result<()> {
    let db: Columns = fresh("a date can be the primary key").await;
    let event = |millis| Event { at: Date::from_millis(millis) };
    db.events.bulk_add(&[event(3), event(1), event(2)]).await?;
    assert_eq!(db.events.where_(|e| e.at).at_least(Date::from_millis(2)).to_vec().await?, [event(2), event(3)]);
    assert_eq!(db.events.where_(|e| e.at).below(Date::from_millis(3)).delete().await?, 2);
    assert_eq!(db.events.primary_keys().await?, [Date::from_millis(3)]);
    Ok(())
}

// 189
#[wasm_bindgen_test]
async fn bytes_are_ordered_byte_by_byte() -> Result<()> {
    let at = |id, data: &[u8]| Record { data: data.to_vec(), ..record(id) };
    let rows = [at(1, &[1, 2, 3]), at(2, &[0xff]), at(3, &[]), at(4, &[1, 2]), at(5, &[0, 0, 0])];
    let db = records("bytes are ordered byte by byte", &rows).await?;
    let data = || db.records.where_(|r| r.data);
    assert_eq!(db.records.order_by(|r| r.data).primary_keys().await?, [3, 5, 4, 1, 2]);
    assert_eq!(data().equals([1, 2, 3]).primary_keys().await?, [1]);
    assert_eq!(data().any_of([vec![0xff_u8], vec![1, 2]]).primary_keys().await?, [4, 2]);
    assert_eq!(data().above([1_u8, 2]).keys::<Vec<u8>>().await?, [vec![1, 2, 3], vec![0xff]]);
    assert_eq!(data().at_most([0_u8]).primary_keys().await?, [3]);
    assert_eq!(data().none_of([[1_u8, 2]]).count().await?, 4);
    Ok(())
}

// 187
#[wasm_bindgen_test]
async fn bytes_can_be_the_primary_key() -> Result<()> {
    let db: Columns = fresh("bytes can be the primary key").await;
    let blob = |hash: &[u8], name: &str| Blob { hash: hash.to_vec(), name: name.into() };
    db.blobs.bulk_add(&[blob(&[4, 2], "a"), blob(&[4], "b"), blob(&[9, 9], "b")]).await?;
    assert_eq!(db.blobs.get([4, 2]).await?, Some(blob(&[4, 2], "a")));
    assert_eq!(db.blobs.where_(|b| b.hash).equals([4, 2]).to_vec().await?, [blob(&[4, 2], "a")]);
    assert_eq!(db.blobs.order_by(|b| b.name).reverse().primary_keys().await?, [vec![9, 9], vec![4], vec![4, 2]]);
    assert_eq!(db.blobs.where_(|b| b.name).equals("b").or(|b| b.hash).equals([9, 9]).count().await?, 2);
    assert_eq!(db.blobs.where_(|b| b.hash).at_most([4_u8]).delete().await?, 1);
    assert_eq!(db.blobs.primary_keys().await?, [[4, 2], [9, 9]]);
    Ok(())
}

#[wasm_bindgen_test]
async fn truth_values_are_ordered_false_first() -> Result<()> {
    let at = |id, done| Record { done, ..record(id) };
    let db = records("truth values are ordered", &[at(1, true), at(2, false), at(3, true)]).await?;
    let done = || db.records.where_(|r| r.done);
    assert_eq!(done().equals(true).primary_keys().await?, [1, 3]);
    assert_eq!(done().equals(false).primary_keys().await?, [2]);
    assert_eq!(done().not_equal(true).primary_keys().await?, [2]);
    assert_eq!(done().any_of([true, false]).primary_keys().await?, [2, 1, 3]);
    assert_eq!(done().above(false).count().await?, 2);
    assert_eq!(db.records.order_by(|r| r.done).reverse().primary_keys().await?, [3, 1, 2]);
    assert_eq!(db.records.order_by(|r| r.done).keys::<bool>().await?, [false, true, true]);
    assert_eq!(db.records.order_by(|r| r.done).unique_keys::<bool>().await?, [false, true]);
    assert_eq!(done().equals(true).first().await?, Some(at(1, true)));
    assert_eq!(done().equals(true).modify(|row| row.done = false).await?, 2);
    assert_eq!(done().equals(false).count().await?, 3);
    Ok(())
}

#[wasm_bindgen_test]
async fn rows_without_a_value_are_not_in_its_index() -> Result<()> {
    let called = |id, nick: Option<&str>| Record { nick: nick.map(Into::into), ..record(id) };
    let db =
        records("rows without a value", &[called(1, Some("z")), called(2, None), called(3, Some("")), called(4, None)])
            .await?;
    assert_eq!(db.records.order_by(|r| r.nick).primary_keys().await?, [3, 1]);
    assert_eq!(db.records.order_by(|r| r.nick).count().await?, 2);
    assert_eq!(db.records.where_(|r| r.nick).not_equal("z").primary_keys().await?, [3]);
    assert_eq!(db.records.where_(|r| r.nick).starts_with("").primary_keys().await?, [3, 1]);
    assert_eq!(db.records.filter(|r| r.nick.is_none()).primary_keys().await?, [2, 4]);
    Ok(())
}

// 186: ordering lists only rows that have the index, whichever plan runs.
#[wasm_bindgen_test]
async fn ordering_by_an_absent_value_leaves_the_row_out_of_every_plan() -> Result<()> {
    let called = |id, nick: Option<&str>| Record { nick: nick.map(Into::into), ..record(id) };
    let db =
        records("ordering by an absent value", &[called(1, Some("z")), called(2, None), called(3, Some("a"))]).await?;
    let by_nick = db.records.where_(|r| r.id).at_least(1).order_by(|r| r.nick);
    assert_eq!(by_nick.primary_keys().await?, [3, 1]);
    assert_eq!(by_nick.count().await?, 2);
    let filtered = db.records.order_by(|r| r.nick).filter(|_| true);
    assert_eq!(filtered.count().await?, 2);
    let united = db.records.where_(|r| r.id).equals(2).or(|r| r.id).equals(1).order_by(|r| r.nick);
    assert_eq!(united.primary_keys().await?, [1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_field_of_a_field_is_a_column() -> Result<()> {
    let living = |id, city| Record { home: in_city(city), ..record(id) };
    let db = records("a field of a field", &[living(1, "Oslo"), living(2, "Åbo"), living(3, "Lund")]).await?;
    assert_eq!(db.records.where_(|r| r.home_city).equals("Lund").primary_keys().await?, [3]);
    assert_eq!(db.records.where_(|r| r.home_city).starts_with("O").primary_keys().await?, [1]);
    assert_eq!(db.records.order_by(|r| r.home_city).primary_keys().await?, [3, 1, 2]);
    assert_eq!(db.records.where_(|r| r.id).above(1).order_by(|r| r.home_city).primary_keys().await?, [3, 2]);
    Ok(())
}

// 144
#[wasm_bindgen_test]
async fn a_field_of_an_absent_field_is_absent() -> Result<()> {
    let working = |id, work: Option<&str>| Record { work: work.map(in_city), ..record(id) };
    let db =
        records("a field of an absent field", &[working(1, Some("Oslo")), working(2, None), working(3, Some("Bern"))])
            .await?;
    assert_eq!(db.records.where_(|r| r.work_city).equals("Oslo").primary_keys().await?, [1]);
    assert_eq!(db.records.order_by(|r| r.work_city).primary_keys().await?, [3, 1]);
    assert_eq!(db.records.where_(|r| r.work_city).not_equal("Oslo").primary_keys().await?, [3]);
    assert_eq!(db.records.where_(|r| r.id).at_most(2).order_by(|r| r.work_city).primary_keys().await?, [1]);
    Ok(())
}

#[wasm_bindgen_test]
async fn a_field_that_may_be_absent_inside_another_is_a_column() -> Result<()> {
    let at = |id, zip| Record { home: Address { city: "Oslo".into(), zip }, ..record(id) };
    let db =
        records("a field that may be absent inside another", &[at(1, Some(150)), at(2, None), at(3, Some(20))]).await?;
    assert_eq!(db.records.where_(|r| r.home_zip).above(10).primary_keys().await?, [3, 1]);
    assert_eq!(db.records.order_by(|r| r.home_zip).reverse().keys::<u32>().await?, [150, 20]);
    Ok(())
}

// 102
#[wasm_bindgen_test]
async fn an_array_is_one_key() -> Result<()> {
    let at = |id, path: &[u32]| Record { path: path.to_vec(), ..record(id) };
    let db = records("an array is one key", &[at(1, &[1, 2]), at(2, &[]), at(3, &[1]), at(4, &[0, 9, 9])]).await?;
    assert_eq!(db.records.order_by(|r| r.path).primary_keys().await?, [2, 4, 3, 1]);
    assert_eq!(db.records.where_(|r| r.path).equals(Vec::<u32>::new()).primary_keys().await?, [2]);
    assert_eq!(db.records.where_(|r| r.path).equals([1_u32, 2]).primary_keys().await?, [1]);
    assert_eq!(db.records.where_(|r| r.path).above([1_u32]).primary_keys().await?, [1]);
    assert_eq!(db.records.where_(|r| r.path).equals([7_u32]).to_vec().await?, []);
    Ok(())
}

#[wasm_bindgen_test]
async fn keys_outside_of_the_record_come_with_entries() -> Result<()> {
    let db: Columns = fresh("keys outside of the record").await;
    let outside = |name: &str| Outside { name: name.into() };
    db.outside.add_with_key(&outside("b"), "x").await?;
    db.outside.add_with_key(&outside("a"), "y").await?;
    db.outside.add_with_key(&outside("b"), "w").await?;
    let entries = [("y".to_owned(), outside("a")), ("w".to_owned(), outside("b")), ("x".to_owned(), outside("b"))];
    assert_eq!(db.outside.order_by(|o| o.name).entries().await?, entries);
    assert_eq!(
        db.outside.where_(|o| o.key).above("w").entries().await?,
        [("x".to_owned(), outside("b")), ("y".to_owned(), outside("a"))]
    );
    let filtered = db.outside.order_by(|o| o.name).filter(|o| o.name == "b").reverse();
    assert_eq!(filtered.entries().await?, [("x".to_owned(), outside("b")), ("w".to_owned(), outside("b"))]);
    let united = db.outside.where_(|o| o.name).equals("a").or(|o| o.key).equals("w");
    assert_eq!(united.primary_keys().await?, ["w", "y"]);
    assert_eq!(db.outside.where_(|o| o.name).equals("b").modify(|o| o.name.push('!')).await?, 2);
    assert_eq!(db.outside.order_by(|o| o.name).primary_keys().await?, ["y", "w", "x"]);
    assert_eq!(db.outside.where_(|o| o.name).equals("b!").delete().await?, 2);
    assert_eq!(db.outside.count().await?, 1);
    Ok(())
}

/// Fields that are left out where they say nothing.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, label as String, rank")]
pub struct Badge {
    pub id: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    #[serde(default, skip_serializing_if = "is_none_or_zero")]
    pub rank: Option<u32>,
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none_or_zero(rank: &Option<u32>) -> bool {
    matches!(rank, None | Some(0))
}

/// Fields as JavaScript writes them.
#[allow(non_snake_case, reason = "what the case is about")]
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, firstName")]
pub struct Guest {
    pub id: u32,
    pub firstName: String,
}

schema! {
    struct Cloakroom("cloakroom");

    version 1 {
        badges: Badge,
        guests: Guest,
    }
}

// A key that is not stored is in no index: every way to read says so.
#[wasm_bindgen_test]
async fn a_row_that_leaves_a_column_out_is_not_in_its_index() -> Result<()> {
    let db: Cloakroom = fresh("a row that leaves a column out").await;
    let badge = |id, label: &str, rank| Badge { id, label: label.into(), rank };
    let mut unlabelled = db.badges.where_(|b| b.label).equals("").count().live();
    let mut ranked = db.badges.order_by(|b| b.rank).primary_keys().live();
    assert_eq!(unlabelled.next().await.transpose()?, Some(0));
    assert_eq!(ranked.next().await.transpose()?, Some(vec![]));
    db.badges.bulk_put(&[badge(1, "", Some(0)), badge(2, "b", Some(7)), badge(3, "", None)]).await?;
    assert_eq!(ranked.next().await.transpose()?, Some(vec![2]));
    assert_eq!(db.badges.where_(|b| b.label).equals("").count().await?, 0);
    let tx = db.badges.start_transaction(Overlay::Optimistic);
    tx.put(&badge(4, "", Some(0))).await?;
    tx.put(&badge(5, "e", Some(3))).await?;
    assert_eq!(tx.where_(|b| b.label).equals("").count().await?, 0);
    assert_eq!(tx.order_by(|b| b.rank).primary_keys().await?, [5, 2]);
    assert_eq!(ranked.next().await.transpose()?, Some(vec![5, 2]));
    assert_eq!(db.badges.where_(|b| b.id).above(0).order_by(|b| b.label).primary_keys().await?, [2, 5]);
    Ok(())
}

#[wasm_bindgen_test]
async fn names_may_be_javascripts() -> Result<()> {
    let db: Cloakroom = fresh("names may be javascripts").await;
    db.guests.bulk_add(&[NewGuest { firstName: "Bo".into() }, NewGuest { firstName: "Al".into() }]).await?;
    assert_eq!(db.guests.order_by(|g| g.firstName).primary_keys().await?, [2, 1]);
    Ok(())
}
