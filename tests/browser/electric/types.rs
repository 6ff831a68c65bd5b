//! V44: a row with a column of every type, as the real service sent it, through the sync and out of the table again.

use indexie::prelude::*;
use indexie::{Date, SyncError, SyncStatus};
use indexie_tests::{fresh, wasm_bindgen_test};
use serde::{Deserialize, Serialize};

use crate::script::{H1, SNAPSHOT_END, Script, UP_TO_DATE, message, page, polled, with_columns};

const SCHEMA: &str = r#"{"pt":{"type":"point"},"ine":{"type":"inet"},"xm":{"type":"xml"},"ja":{"type":"jsonb","dims":1},"bc":{"type":"bpchar","length":9},"i4":{"type":"int4"},"jb":{"type":"jsonb"},"i2":{"type":"int2"},"comp":{"type":"complex"},"ti":{"type":"time","precision":3},"j":{"type":"json"},"ba":{"type":"bool","dims":1},"b":{"type":"bool"},"ts":{"type":"timestamp"},"u":{"type":"uuid"},"mac":{"type":"macaddr"},"oidc":{"type":"oid"},"fa":{"type":"float8","dims":1},"ia":{"type":"int4","dims":1},"ci":{"type":"cidr"},"i8":{"type":"int8"},"id":{"type":"int8","not_null":true,"pk_index":0},"dom":{"type":"posint"},"iv2":{"type":"interval","fields":"MINUTE TO SECOND"},"by":{"type":"bytea"},"n":{"type":"numeric"},"h":{"type":"bytea","dims":1},"mr":{"type":"int4multirange"},"lsnc":{"type":"pg_lsn"},"mo":{"type":"money"},"vc":{"type":"varchar","max_length":8},"r":{"type":"int4range"},"vb":{"type":"varbit","length":8},"nam":{"type":"name"},"n2":{"type":"numeric","precision":8,"scale":5},"d":{"type":"date"},"aa":{"type":"int4","dims":2},"e":{"type":"mood"},"tz":{"type":"timetz"},"ta":{"type":"text","dims":1},"f8":{"type":"float8"},"ts_v":{"type":"tsvector"},"iv":{"type":"interval"},"ea":{"type":"mood","dims":1},"bt":{"type":"bit","length":5},"t":{"type":"text"},"f4":{"type":"float4"},"tsz":{"type":"timestamptz","precision":3}}"#;

const ROW: &str = r#"{"aa":"{{1,2},{3,4}}","b":"true","ba":"{t,f,NULL}","bc":"abc      ","bt":"10101","by":"\\xdeadbeef00","ci":"10.0.0.0/8","comp":"(1.5,-2)","d":"2026-02-28","dom":"5","e":"happy","ea":"{sad,happy}","f4":"1.1","f8":"0.1","fa":"{Infinity,-Infinity,NaN,1e+300}","h":"{\"\\\\x00ff\"}","i2":"-32768","i4":"2147483647","i8":"9223372036854775807","ia":"{1,NULL,3}","id":"9007199254740993","ine":"192.168.0.1/24","iv":"P1Y2M3DT4H5M6.7S","iv2":"PT5M6S","j":"{\"a\" : 1, \"b\":[null,true]}","ja":"{\"{\\\"x\\\": 1}\"}","jb":"{\"a\": null, \"b\": 1.50}","lsnc":"16/B374D848","mac":"08:00:2b:01:02:03","mo":"$12.34","mr":"{[1,3),[5,7)}","n":"123456789012345678901234567890.123456789","n2":"12.50000","nam":"nm","oidc":"42","pt":"(1.5,2)","r":"[1,5)","t":"line\nbreak \"q\" \\ tab\t é 😀","ta":"{a,\"b,c\",\"d\\\"e\",\"NULL\",NULL,\"\",\"back\\\\slash\"}","ti":"13:14:15.124","ts":"2026-02-28 13:14:15.123456","ts_v":"'a':1 'b':2","tsz":"2026-02-28 11:14:15.123+00","tz":"13:14:15+02","u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","vb":"101","vc":"abc","xm":"<a>x</a>"}"#;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    Happy,
    Sad,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Document {
    a: Option<u32>,
    b: Vec<Option<bool>>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct X {
    x: i8,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Numbers {
    a: Option<f64>,
    b: f64,
}

/// A whole number beyond 2^53 is no key of IndexedDB's: the text is.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[store("id")]
pub struct Types {
    pub aa: Option<Vec<Vec<i32>>>,
    pub b: Option<bool>,
    pub ba: Option<Vec<Option<bool>>>,
    pub bc: Option<String>,
    pub bt: Option<String>,
    pub by: Option<Vec<u8>>,
    pub ci: Option<String>,
    pub comp: Option<String>,
    pub d: Option<Date>,
    pub dom: Option<i32>,
    pub e: Option<Mood>,
    pub ea: Option<Vec<Mood>>,
    pub f4: Option<f32>,
    pub f8: Option<f64>,
    pub fa: Option<Vec<f64>>,
    pub h: Option<Vec<Vec<u8>>>,
    pub i2: Option<i16>,
    pub i4: Option<i32>,
    pub i8: Option<i64>,
    pub ia: Option<Vec<Option<i32>>>,
    pub id: String,
    pub ine: Option<String>,
    pub iv: Option<String>,
    pub iv2: Option<String>,
    pub j: Option<Document>,
    pub ja: Option<Vec<X>>,
    pub jb: Option<Numbers>,
    pub lsnc: Option<String>,
    pub mac: Option<String>,
    pub mo: Option<String>,
    pub mr: Option<String>,
    pub n: Option<String>,
    pub n2: Option<String>,
    pub nam: Option<String>,
    pub oidc: Option<u32>,
    pub pt: Option<String>,
    pub r: Option<String>,
    pub t: Option<String>,
    pub ta: Option<Vec<Option<String>>>,
    pub ti: Option<String>,
    pub ts: Option<String>,
    pub ts_v: Option<String>,
    pub tsz: Option<Date>,
    pub tz: Option<String>,
    pub u: Option<String>,
    pub vb: Option<String>,
    pub vc: Option<String>,
    pub xm: Option<String>,
}

/// The same table, with a key that does not hold all of its values.
#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id")]
pub struct Numbered {
    pub id: i64,
}

schema! {
    pub struct Everything("electric_types");

    version 1 {
        types: Types,
        numbered: Numbered,
    }
}

fn everything(id: &str) -> Types {
    Types {
        aa: Some(vec![vec![1, 2], vec![3, 4]]),
        b: Some(true),
        ba: Some(vec![Some(true), Some(false), None]),
        bc: Some("abc      ".into()),
        bt: Some("10101".into()),
        by: Some(vec![0xde, 0xad, 0xbe, 0xef, 0]),
        ci: Some("10.0.0.0/8".into()),
        comp: Some("(1.5,-2)".into()),
        d: Some(Date::from_millis(1_772_236_800_000)),
        dom: Some(5),
        e: Some(Mood::Happy),
        ea: Some(vec![Mood::Sad, Mood::Happy]),
        f4: Some(1.1),
        f8: Some(0.1),
        fa: Some(vec![f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300]),
        h: Some(vec![vec![0, 0xff]]),
        i2: Some(i16::MIN),
        i4: Some(i32::MAX),
        i8: Some(i64::MAX),
        ia: Some(vec![Some(1), None, Some(3)]),
        id: id.into(),
        ine: Some("192.168.0.1/24".into()),
        iv: Some("P1Y2M3DT4H5M6.7S".into()),
        iv2: Some("PT5M6S".into()),
        j: Some(Document { a: Some(1), b: vec![None, Some(true)] }),
        ja: Some(vec![X { x: 1 }]),
        jb: Some(Numbers { a: None, b: 1.5 }),
        lsnc: Some("16/B374D848".into()),
        mac: Some("08:00:2b:01:02:03".into()),
        mo: Some("$12.34".into()),
        mr: Some("{[1,3),[5,7)}".into()),
        n: Some("123456789012345678901234567890.123456789".into()),
        n2: Some("12.50000".into()),
        nam: Some("nm".into()),
        oidc: Some(42),
        pt: Some("(1.5,2)".into()),
        r: Some("[1,5)".into()),
        t: Some("line\nbreak \"q\" \\ tab\t é 😀".into()),
        ta: Some(
            ["a", "b,c", "d\"e", "NULL", "-", "", "back\\slash"]
                .map(|text| Some(text.to_owned()).filter(|text| text != "-"))
                .into(),
        ),
        ti: Some("13:14:15.124".into()),
        ts: Some("2026-02-28 13:14:15.123456".into()),
        ts_v: Some("'a':1 'b':2".into()),
        tsz: Some(Date::from_millis(1_772_277_255_123)),
        tz: Some("13:14:15+02".into()),
        u: Some("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".into()),
        vb: Some("101".into()),
        vc: Some("abc".into()),
        xm: Some("<a>x</a>".into()),
    }
}

/// `NaN` is not equal to itself.
fn comparable(row: &Types) -> (Types, String) {
    (Types { fa: None, ..row.clone() }, format!("{:?}", row.fa))
}

fn insert(row: &str, more: &str) -> String {
    message("insert", r#""public"."Types"/"9007199254740993""#, row, more)
}

/// The second row: the key, and null in every other column.
fn nulls() -> String {
    let names = SCHEMA.trim_start_matches('{').split("},").filter_map(|column| column.split('"').nth(1));
    let columns: Vec<String> = names.filter(|name| *name != "id").map(|name| format!("\"{name}\":null")).collect();
    assert_eq!(columns.len(), 47);
    format!("{{\"id\":\"2\",{}}}", columns.join(","))
}

#[wasm_bindgen_test]
async fn a_value_of_each_type_is_what_it_was() {
    let db: Everything = fresh("electric_types").await;
    let next = ROW.replace("9007199254740993", "9007199254740992").replace(r#""b":"true""#, r#""b":"t""#);
    assert_ne!(next, ROW);
    let logged = insert(&next, r#","lsn":"100","txids":[7],"op_position":0"#);
    let script = Script::default()
        .then(with_columns(page(H1, "0_0", &[&insert(ROW, ""), &insert(&nulls(), ""), SNAPSHOT_END]), SCHEMA))
        .then(with_columns(page(H1, "0_inf", &[UP_TO_DATE]), SCHEMA))
        .then(polled(H1, "100_0", "1", &[&logged, UP_TO_DATE]));
    let sync = db.types.sync_electric(script.shape_of("\"Types\"")).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    sync.await_txid(7).await.expect("it comes");
    let rows = db.types.to_vec().await.expect("the rows");
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["2", "9007199254740992", "9007199254740993"]);
    assert_eq!(rows[0], Types { id: "2".into(), ..Types::default() });
    for row in &rows[1..] {
        assert_eq!(comparable(row), comparable(&everything(&row.id)));
    }
}

/// Nothing of it is stored, and it is said which row and which column it was.
#[wasm_bindgen_test]
async fn a_key_beyond_what_a_number_holds_stops_the_sync() {
    let db: Everything = fresh("electric_types_key").await;
    let script = Script::default()
        .then(with_columns(page(H1, "0_0", &[&insert(r#"{"id":"2"}"#, ""), SNAPSHOT_END]), SCHEMA))
        .then(with_columns(page(H1, "0_inf", &[UP_TO_DATE]), SCHEMA))
        .then(polled(
            H1,
            "100_2",
            "1",
            &[
                &insert(r#"{"id":"3"}"#, r#","lsn":"100","op_position":0"#),
                &insert(ROW, r#","lsn":"100","op_position":2"#),
                UP_TO_DATE,
            ],
        ));
    let sync = db.numbered.sync_electric(script.shape()).await.expect("a sync");
    sync.up_to_date().await.expect("it is up to date");
    let mut failure = None;
    for _ in 0..5_000 {
        if let SyncStatus::Failed { error } = sync.status() {
            failure = Some(error);
            break;
        }
        db.numbered.count().await.expect("a count");
    }
    match failure {
        Some(Error::Sync { table, reason: SyncError::Column { column, value, .. } }) => {
            assert_eq!((table.as_str(), column.as_str()), ("numbered", "id"));
            assert_eq!(value.as_deref(), Some("9007199254740993"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(db.numbered.to_vec().await.expect("the rows"), [Numbered { id: 2 }]);
    drop(sync);
    let again = Script::default();
    let _sync = db.numbered.sync_electric(again.shape()).await.expect("a sync");
    while again.asked() == 0 {
        db.numbered.count().await.expect("a count");
    }
    assert_eq!(again.query(0), format!("handle={H1}&offset=0_inf"));
}
