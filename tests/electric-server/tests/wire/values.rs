//! Keys and values as the service spells them: V41, V44, the number of a transaction.

use electric_server::{Column, Config, Server, TableSpec};
use serde_json::{Value, json};

use crate::client::get;

/// The snapshot's and the log's message of one row.
fn twice(server: &Server, table: &str, row: &Value) -> (Value, Value) {
    let query = format!("table={}", table.replace('"', "%22").replace('/', "%2F"));
    let handle = get(server, &format!("{query}&offset=-1")).handle();
    server.db().transact(|tx| {
        tx.insert(table, row.clone());
    });
    let log = get(server, &format!("{query}&offset=0_inf&handle={handle}")).json()[0].clone();
    server.rotate(None);
    let snapshot = get(server, &format!("{query}&offset=-1")).json()[0].clone();
    (snapshot, log)
}

#[test]
fn v41_keys_double_slashes_and_leave_quotes() {
    let server = Server::start(Config::default());
    let orders = TableSpec::new("orders").key("tenant", "text").key("no", "int4").column("note", "text");
    server.db().create_table(orders);
    let schema = get(&server, "offset=-1&table=orders").header("electric-schema").unwrap().to_owned();
    assert_eq!(
        schema,
        r#"{"no":{"type":"int4","not_null":true,"pk_index":1},"note":{"type":"text"},"tenant":{"type":"text","not_null":true,"pk_index":0}}"#
    );
    let (snapshot, log) = twice(&server, "orders", &json!({"tenant": "a/b", "no": 1, "note": "x"}));
    assert_eq!(snapshot["key"], r#""public"."orders"/"a//b"/"1""#);
    assert_eq!(log["key"], snapshot["key"]);
    server.db().transact(|tx| {
        tx.delete("orders", json!({"no": 1}));
    });
    let (snapshot, _) = twice(&server, "orders", &json!({"tenant": "q\"t", "no": 2}));
    assert_eq!(snapshot["key"], r#""public"."orders"/"q"t"/"2""#);
}

#[test]
fn v41_keys_go_by_the_order_of_the_primary_key() {
    let server = Server::start(Config::default());
    server.db().create_table(TableSpec::new("pkc").key("b", "int4").key("a", "int4"));
    let (snapshot, _) = twice(&server, "pkc", &json!({"a": 1, "b": 2}));
    assert_eq!(snapshot["key"], r#""public"."pkc"/"2"/"1""#);
}

#[test]
fn without_a_primary_key_all_columns_are_the_key() {
    let server = Server::start(Config::default());
    let nopk = TableSpec::new("nopk").column("a", "int4").column("b", "text").column("c", "text");
    server.db().create_table(nopk);
    let (snapshot, log) = twice(&server, "nopk", &json!({"a": 1, "c": ""}));
    assert_eq!(snapshot["key"], r#""public"."nopk"/"1"/_/"""#);
    assert_eq!(log["key"], snapshot["key"]);
}

#[test]
fn odd_names_are_spelled_in_two_ways() {
    let server = Server::start(Config::default());
    server.db().create_table(TableSpec::new(r#""s.x"."t/y""#).key("id", "int4"));
    let (snapshot, log) = twice(&server, r#""s.x"."t/y""#, &json!({"id": 1}));
    assert_eq!(snapshot["key"], r#""s.x"."t/y"/"1""#);
    assert_eq!(log["key"], r#""s..x"."t//y"/"1""#);
    assert_eq!(log["headers"]["relation"], json!(["s.x", "t/y"]));
}

#[test]
fn v44_every_type() {
    let row: Value = serde_json::from_str(ROW).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let server = Server::start(Config::default());
    let columns = schema.as_object().unwrap().iter().map(|(name, column)| {
        let mut column = column.clone();
        column["name"] = json!(name);
        serde_json::from_value::<Column>(column).unwrap()
    });
    server.db().create_table(TableSpec { name: "\"Types\"".to_owned(), columns: columns.collect() });

    let (snapshot, log) = twice(&server, "\"Types\"", &row);
    let told = get(&server, "offset=-1&table=%22Types%22").header("electric-schema").unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), schema);
    assert_eq!(snapshot["key"], r#""public"."Types"/"9007199254740993""#);
    assert_eq!(snapshot["value"], row);
    let mut in_log = row;
    in_log["b"] = json!("t");
    assert_eq!(log["value"], in_log);
}

#[test]
fn a_transaction_has_64_bits_of_which_32_are_told() {
    let server = Server::start(Config::default());
    server.db().create_table(TableSpec::new("t").key("id", "int4"));
    let handle = get(&server, "offset=-1&table=t").handle();
    server.db().transact(|tx| {
        tx.txid((1 << 32) + 5).insert("t", json!({"id": 1}));
    });
    let log = get(&server, &format!("offset=0_inf&table=t&handle={handle}")).json();
    assert_eq!(log[0]["headers"]["txids"], json!([5]));
    let snapshot = get(&server, "offset=-1&table=t&replica=full").json();
    assert_eq!(snapshot[1]["headers"]["xmin"], "4294967302");
}

const SCHEMA: &str = r#"{"pt":{"type":"point"},"ine":{"type":"inet"},"xm":{"type":"xml"},"ja":{"type":"jsonb","dims":1},"bc":{"type":"bpchar","length":9},"i4":{"type":"int4"},"jb":{"type":"jsonb"},"i2":{"type":"int2"},"comp":{"type":"complex"},"ti":{"type":"time","precision":3},"j":{"type":"json"},"ba":{"type":"bool","dims":1},"b":{"type":"bool"},"ts":{"type":"timestamp"},"u":{"type":"uuid"},"mac":{"type":"macaddr"},"oidc":{"type":"oid"},"fa":{"type":"float8","dims":1},"ia":{"type":"int4","dims":1},"ci":{"type":"cidr"},"i8":{"type":"int8"},"id":{"type":"int8","not_null":true,"pk_index":0},"dom":{"type":"posint"},"iv2":{"type":"interval","fields":"MINUTE TO SECOND"},"by":{"type":"bytea"},"n":{"type":"numeric"},"h":{"type":"bytea","dims":1},"mr":{"type":"int4multirange"},"lsnc":{"type":"pg_lsn"},"mo":{"type":"money"},"vc":{"type":"varchar","max_length":8},"r":{"type":"int4range"},"vb":{"type":"varbit","length":8},"nam":{"type":"name"},"n2":{"type":"numeric","precision":8,"scale":5},"d":{"type":"date"},"aa":{"type":"int4","dims":2},"e":{"type":"mood"},"tz":{"type":"timetz"},"ta":{"type":"text","dims":1},"f8":{"type":"float8"},"ts_v":{"type":"tsvector"},"iv":{"type":"interval"},"ea":{"type":"mood","dims":1},"bt":{"type":"bit","length":5},"t":{"type":"text"},"f4":{"type":"float4"},"tsz":{"type":"timestamptz","precision":3}}"#;

const ROW: &str = r#"{"aa":"{{1,2},{3,4}}","b":"true","ba":"{t,f,NULL}","bc":"abc      ","bt":"10101","by":"\\xdeadbeef00","ci":"10.0.0.0/8","comp":"(1.5,-2)","d":"2026-02-28","dom":"5","e":"happy","ea":"{sad,happy}","f4":"1.1","f8":"0.1","fa":"{Infinity,-Infinity,NaN,1e+300}","h":"{\"\\\\x00ff\"}","i2":"-32768","i4":"2147483647","i8":"9223372036854775807","ia":"{1,NULL,3}","id":"9007199254740993","ine":"192.168.0.1/24","iv":"P1Y2M3DT4H5M6.7S","iv2":"PT5M6S","j":"{\"a\" : 1, \"b\":[null,true]}","ja":"{\"{\\\"x\\\": 1}\"}","jb":"{\"a\": null, \"b\": 1.50}","lsnc":"16/B374D848","mac":"08:00:2b:01:02:03","mo":"$12.34","mr":"{[1,3),[5,7)}","n":"123456789012345678901234567890.123456789","n2":"12.50000","nam":"nm","oidc":"42","pt":"(1.5,2)","r":"[1,5)","t":"line\nbreak \"q\" \\ tab\t é 😀","ta":"{a,\"b,c\",\"d\\\"e\",\"NULL\",NULL,\"\",\"back\\\\slash\"}","ti":"13:14:15.124","ts":"2026-02-28 13:14:15.123456","ts_v":"'a':1 'b':2","tsz":"2026-02-28 11:14:15.123+00","tz":"13:14:15+02","u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","vb":"101","vc":"abc","xm":"<a>x</a>"}"#;
