//! V44: a row with a column of every type, as the real service sent it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{patched, row};
use super::columns;
use crate::Date;

const SCHEMA: &str = r#"{"pt":{"type":"point"},"ine":{"type":"inet"},"xm":{"type":"xml"},"ja":{"type":"jsonb","dims":1},"bc":{"type":"bpchar","length":9},"i4":{"type":"int4"},"jb":{"type":"jsonb"},"i2":{"type":"int2"},"comp":{"type":"complex"},"ti":{"type":"time","precision":3},"j":{"type":"json"},"ba":{"type":"bool","dims":1},"b":{"type":"bool"},"ts":{"type":"timestamp"},"u":{"type":"uuid"},"mac":{"type":"macaddr"},"oidc":{"type":"oid"},"fa":{"type":"float8","dims":1},"ia":{"type":"int4","dims":1},"ci":{"type":"cidr"},"i8":{"type":"int8"},"id":{"type":"int8","not_null":true,"pk_index":0},"dom":{"type":"posint"},"iv2":{"type":"interval","fields":"MINUTE TO SECOND"},"by":{"type":"bytea"},"n":{"type":"numeric"},"h":{"type":"bytea","dims":1},"mr":{"type":"int4multirange"},"lsnc":{"type":"pg_lsn"},"mo":{"type":"money"},"vc":{"type":"varchar","max_length":8},"r":{"type":"int4range"},"vb":{"type":"varbit","length":8},"nam":{"type":"name"},"n2":{"type":"numeric","precision":8,"scale":5},"d":{"type":"date"},"aa":{"type":"int4","dims":2},"e":{"type":"mood"},"tz":{"type":"timetz"},"ta":{"type":"text","dims":1},"f8":{"type":"float8"},"ts_v":{"type":"tsvector"},"iv":{"type":"interval"},"ea":{"type":"mood","dims":1},"bt":{"type":"bit","length":5},"t":{"type":"text"},"f4":{"type":"float4"},"tsz":{"type":"timestamptz","precision":3}}"#;

const ROW: &str = r#"{"aa":"{{1,2},{3,4}}","b":"true","ba":"{t,f,NULL}","bc":"abc      ","bt":"10101","by":"\\xdeadbeef00","ci":"10.0.0.0/8","comp":"(1.5,-2)","d":"2026-02-28","dom":"5","e":"happy","ea":"{sad,happy}","f4":"1.1","f8":"0.1","fa":"{Infinity,-Infinity,NaN,1e+300}","h":"{\"\\\\x00ff\"}","i2":"-32768","i4":"2147483647","i8":"9223372036854775807","ia":"{1,NULL,3}","id":"9007199254740993","ine":"192.168.0.1/24","iv":"P1Y2M3DT4H5M6.7S","iv2":"PT5M6S","j":"{\"a\" : 1, \"b\":[null,true]}","ja":"{\"{\\\"x\\\": 1}\"}","jb":"{\"a\": null, \"b\": 1.50}","lsnc":"16/B374D848","mac":"08:00:2b:01:02:03","mo":"$12.34","mr":"{[1,3),[5,7)}","n":"123456789012345678901234567890.123456789","n2":"12.50000","nam":"nm","oidc":"42","pt":"(1.5,2)","r":"[1,5)","t":"line\nbreak \"q\" \\ tab\t é 😀","ta":"{a,\"b,c\",\"d\\\"e\",\"NULL\",NULL,\"\",\"back\\\\slash\"}","ti":"13:14:15.124","ts":"2026-02-28 13:14:15.123456","ts_v":"'a':1 'b':2","tsz":"2026-02-28 11:14:15.123+00","tz":"13:14:15+02","u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","vb":"101","vc":"abc","xm":"<a>x</a>"}"#;

/// The second row: the key, and null in every other column.
fn nulls() -> String {
    let fields = columns(SCHEMA)
        .iter()
        .map(|column| match column.name.as_str() {
            "id" => r#""id":"2""#.to_owned(),
            other => format!("\"{other}\":null"),
        })
        .collect::<Vec<_>>();
    format!("{{{}}}", fields.join(","))
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Happy,
    Sad,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Positive(u8);

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Document {
    a: Option<u32>,
    b: Vec<Option<bool>>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct X {
    x: i8,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Types {
    aa: [[i32; 2]; 2],
    b: bool,
    ba: Vec<Option<bool>>,
    bc: String,
    bt: String,
    by: Vec<u8>,
    ci: String,
    comp: String,
    d: NaiveDate,
    dom: Positive,
    e: Mood,
    ea: Vec<Mood>,
    f4: f32,
    f8: f64,
    fa: Vec<f64>,
    h: Vec<Vec<u8>>,
    i2: i16,
    i4: i32,
    i8: i64,
    ia: (u8, Option<u8>, i64),
    id: i64,
    ine: String,
    iv: String,
    iv2: String,
    j: Document,
    ja: Vec<X>,
    jb: serde_json::Value,
    lsnc: String,
    mac: String,
    mo: String,
    mr: String,
    n: String,
    n2: f64,
    nam: String,
    oidc: u32,
    pt: String,
    r: String,
    t: String,
    ta: Vec<Option<String>>,
    ti: NaiveTime,
    ts: NaiveDateTime,
    ts_v: String,
    tsz: Date,
    tz: String,
    u: Uuid,
    vb: String,
    vc: String,
    xm: String,
}

#[test]
fn each_column_is_the_rust_type_that_is_natural_for_it() {
    let row: Types = row(ROW, &columns(SCHEMA)).expect("a row");
    assert!(row.fa[2].is_nan());
    assert_eq!((row.fa.len(), row.fa[0], row.fa[1], row.fa[3]), (4, f64::INFINITY, f64::NEG_INFINITY, 1e300));
    let expected = Types {
        aa: [[1, 2], [3, 4]],
        b: true,
        ba: vec![Some(true), Some(false), None],
        bc: "abc      ".into(),
        bt: "10101".into(),
        by: vec![0xde, 0xad, 0xbe, 0xef, 0],
        ci: "10.0.0.0/8".into(),
        comp: "(1.5,-2)".into(),
        d: NaiveDate::from_ymd_opt(2026, 2, 28).expect("a date"),
        dom: Positive(5),
        e: Mood::Happy,
        ea: vec![Mood::Sad, Mood::Happy],
        f4: 1.1,
        f8: 0.1,
        fa: row.fa.clone(),
        h: vec![vec![0, 0xff]],
        i2: -32_768,
        i4: i32::MAX,
        i8: i64::MAX,
        ia: (1, None, 3),
        id: 9_007_199_254_740_993,
        ine: "192.168.0.1/24".into(),
        iv: "P1Y2M3DT4H5M6.7S".into(),
        iv2: "PT5M6S".into(),
        j: Document { a: Some(1), b: vec![None, Some(true)] },
        ja: vec![X { x: 1 }],
        jb: json!({ "a": null, "b": 1.5 }),
        lsnc: "16/B374D848".into(),
        mac: "08:00:2b:01:02:03".into(),
        mo: "$12.34".into(),
        mr: "{[1,3),[5,7)}".into(),
        n: "123456789012345678901234567890.123456789".into(),
        n2: 12.5,
        nam: "nm".into(),
        oidc: 42,
        pt: "(1.5,2)".into(),
        r: "[1,5)".into(),
        t: "line\nbreak \"q\" \\ tab\t é 😀".into(),
        ta: ["a", "b,c", "d\"e", "NULL", "-", "", "back\\slash"]
            .map(|text| Some(text.to_owned()).filter(|text| text != "-"))
            .into(),
        ti: NaiveTime::from_hms_milli_opt(13, 14, 15, 124).expect("a time"),
        ts: NaiveDate::from_ymd_opt(2026, 2, 28)
            .and_then(|date| date.and_hms_micro_opt(13, 14, 15, 123_456))
            .expect("a date and time"),
        ts_v: "'a':1 'b':2".into(),
        tsz: Date::from_millis(1_772_277_255_123),
        tz: "13:14:15+02".into(),
        u: Uuid::from_u128(0xa0ee_bc99_9c0b_4ef8_bb6d_6bb9_bd38_0a11),
        vb: "101".into(),
        vc: "abc".into(),
        xm: "<a>x</a>".into(),
    };
    // NaN is not equal to itself.
    let bare = |row: &Types| Types { fa: Vec::new(), ..row.clone() };
    assert_eq!(bare(&row), bare(&expected));
}

#[test]
fn booleans_of_the_log_are_those_of_the_snapshot() {
    let log = ROW.replace(r#""b":"true""#, r#""b":"t""#);
    assert_ne!(log, ROW);
    let [snapshot, log]: [Types; 2] = [ROW, &log].map(|json| row(json, &columns(SCHEMA)).expect("a row"));
    assert_eq!(snapshot.b, log.b);
}

#[test]
fn booleans_of_the_log_are_those_of_the_snapshot_as_text_too() {
    let log = ROW.replace(r#""b":"true""#, r#""b":"t""#);
    let [snapshot, log]: [Texts; 2] = [ROW, &log].map(|json| row(json, &columns(SCHEMA)).expect("a row"));
    assert_eq!(snapshot, log);
}

#[test]
fn a_patch_keeps_what_is_of_any_type() {
    let columns = columns(SCHEMA);
    let row: Types = row(ROW, &columns).expect("a row");
    let patched = patched(&row, r#"{"id":"9007199254740993","b":"f","fa":"{}"}"#, &columns).expect("a row");
    assert_eq!(patched, Types { b: false, fa: Vec::new(), ..row });
}

#[test]
fn as_text_each_column_is_what_came() {
    let row: BTreeMap<String, String> = row(ROW, &columns(SCHEMA)).expect("a row");
    let expected: BTreeMap<String, String> = serde_json::from_str(ROW).expect("an object of text");
    assert_eq!(row.len(), 48);
    assert_eq!(row, expected);
}

#[derive(Deserialize, Debug, PartialEq)]
struct Texts {
    id: String,
    b: String,
    by: String,
    j: String,
    ta: String,
    tsz: String,
    i8: Box<str>,
}

#[test]
fn a_string_is_the_text_of_any_type() {
    let row: Texts = row(ROW, &columns(SCHEMA)).expect("a row");
    let expected = Texts {
        id: "9007199254740993".into(),
        b: "true".into(),
        by: r"\xdeadbeef00".into(),
        j: r#"{"a" : 1, "b":[null,true]}"#.into(),
        ta: r#"{a,"b,c","d\"e","NULL",NULL,"","back\\slash"}"#.into(),
        tsz: "2026-02-28 11:14:15.123+00".into(),
        i8: "9223372036854775807".into(),
    };
    assert_eq!(row, expected);
}

#[derive(Deserialize, Debug, PartialEq)]
struct Others {
    id: u64,
    tsz: DateTime<Utc>,
    #[serde(with = "time::serde::rfc3339", rename = "tsz2")]
    tsz_of_time: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    none: Option<OffsetDateTime>,
}

#[test]
fn other_crates_read_their_own_form_of_a_time() {
    let json = r#"{"id":"1","tsz":"2026-02-28 11:14:15.123+00","tsz2":"2026-02-28 13:14:15.5+02","none":null}"#;
    let columns = columns(
        r#"{"id":{"type":"int8"},"tsz":{"type":"timestamptz"},"tsz2":{"type":"timestamptz"},"none":{"type":"timestamptz"}}"#,
    );
    let row: Others = row(json, &columns).expect("a row");
    let tsz = DateTime::from_timestamp_millis(1_772_277_255_123).expect("a time");
    let of_time = OffsetDateTime::from_unix_timestamp_nanos(1_772_277_255_500_000_000).expect("a time");
    assert_eq!(row, Others { id: 1, tsz, tsz_of_time: of_time, none: None });
}

#[derive(Deserialize, Debug, Default, PartialEq)]
struct Optional {
    id: i64,
    aa: Option<[[i32; 2]; 2]>,
    b: Option<bool>,
    ba: Option<Vec<Option<bool>>>,
    bc: Option<String>,
    bt: Option<String>,
    by: Option<Vec<u8>>,
    ci: Option<String>,
    comp: Option<String>,
    d: Option<Date>,
    dom: Option<Positive>,
    e: Option<Mood>,
    ea: Option<Vec<Mood>>,
    f4: Option<f32>,
    f8: Option<f64>,
    fa: Option<Vec<f64>>,
    h: Option<Vec<Vec<u8>>>,
    i2: Option<i16>,
    i4: Option<i32>,
    i8: Option<i64>,
    ia: Option<(u8, Option<u8>, i64)>,
    ine: Option<String>,
    iv: Option<String>,
    iv2: Option<String>,
    j: Option<Document>,
    ja: Option<Vec<X>>,
    jb: Option<serde_json::Value>,
    lsnc: Option<String>,
    mac: Option<String>,
    mo: Option<String>,
    mr: Option<String>,
    n: Option<String>,
    n2: Option<f64>,
    nam: Option<String>,
    oidc: Option<u32>,
    pt: Option<String>,
    r: Option<String>,
    t: Option<String>,
    ta: Option<Vec<Option<String>>>,
    ti: Option<NaiveTime>,
    ts: Option<Date>,
    ts_v: Option<String>,
    tsz: Option<Date>,
    tz: Option<String>,
    u: Option<Uuid>,
    vb: Option<String>,
    vc: Option<String>,
    xm: Option<String>,
}

#[test]
fn null_is_none_for_every_type() {
    let row: Optional = row(&nulls(), &columns(SCHEMA)).expect("a row");
    assert_eq!(row, Optional { id: 2, ..Optional::default() });
}

#[test]
fn what_may_be_null_may_be_there() {
    let row: Optional = row(ROW, &columns(SCHEMA)).expect("a row");
    assert_eq!((row.b, row.i8, row.oidc, row.e), (Some(true), Some(i64::MAX), Some(42), Some(Mood::Happy)));
    assert_eq!(row.tsz, Some(Date::from_millis(1_772_277_255_123)));
    assert_eq!(row.ts, Some(Date::from_millis(1_772_284_455_123)));
    assert_eq!(row.d, Some(Date::from_millis(1_772_236_800_000)));
}
