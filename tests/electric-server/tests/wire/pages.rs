//! Snapshots, catching up, and what caches are told: V01, V02, V03, V05, V06, V45, V49, V52.

use electric_server::{Config, Server};
use serde_json::json;

use crate::client::{get, request, send};
use crate::fixtures::{S1, no_users, quick, up_to_date, users};

#[test]
fn v01_a_snapshot_of_one_page_takes_two_requests() {
    let server = users(Config::default());
    let first = get(&server, "log=full&offset=-1&table=users");
    let handle = first.handle();

    assert_eq!(first.status, 200);
    let expected = [
        ("cache-control", "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746"),
        ("etag", &format!("\"{handle}:-1:0_0\"")),
        ("electric-schema", S1),
        ("electric-has-data", "true"),
        ("electric-offset", "0_0"),
        ("electric-server", "ElectricSQL/1.7.12"),
        ("vary", "accept-encoding"),
        ("access-control-allow-origin", "*"),
        (
            "access-control-expose-headers",
            "electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,electric-up-to-date,electric-internal-known-error,retry-after",
        ),
        ("access-control-allow-methods", "GET, POST, HEAD, DELETE, OPTIONS"),
        ("content-type", "application/json; charset=utf-8"),
    ];
    for (name, value) in expected {
        assert_eq!(first.header(name), Some(value), "{name}");
    }
    assert_eq!(first.header("electric-up-to-date"), None);
    assert_eq!(
        first.text(),
        r#"[{"key":"\"public\".\"users\"/\"1\"","value":{"active":"true","age":"30","id":"1","name":"Ann"},"headers":{"relation":["public","users"],"operation":"insert"}},{"key":"\"public\".\"users\"/\"2\"","value":{"active":"false","age":null,"id":"2","name":"Bob \"q\" / x"},"headers":{"relation":["public","users"],"operation":"insert"}},{"headers":{"control":"snapshot-end","xip_list":[],"xmax":"754","xmin":"754"}}]"#
    );

    let second = get(&server, &format!("handle={handle}&log=full&offset=0_0&table=users"));
    assert_eq!(second.header("cache-control"), Some("public, max-age=60, stale-while-revalidate=300"));
    assert_eq!(second.header("etag"), Some(&*format!("\"{handle}:0_0:0_inf\"")));
    assert_eq!(second.header("electric-schema"), Some(S1));
    assert_eq!(second.header("electric-up-to-date"), Some(""));
    assert_eq!(second.header("electric-has-data"), Some("true"));
    assert_eq!(second.offset(), "0_inf");
    assert_eq!(second.text(), format!("[{}]", up_to_date(26_624_216)));
}

#[test]
fn v02_an_empty_table_is_a_snapshot_too() {
    let server = no_users(Config::default());
    server.db().transact(|tx| {
        tx.at(26_969_280).txid(793);
    });
    let first = get(&server, "log=full&offset=-1&table=users");
    let handle = first.handle();
    assert_eq!((first.offset(), first.header("electric-up-to-date")), ("0_0", None));
    assert_eq!(first.text(), r#"[{"headers":{"control":"snapshot-end","xip_list":[],"xmax":"794","xmin":"794"}}]"#);
    let second = get(&server, &format!("handle={handle}&offset=0_0&table=users"));
    assert_eq!((second.offset(), second.header("electric-up-to-date")), ("0_inf", Some("")));
    assert_eq!(second.text(), format!("[{}]", up_to_date(26_969_280)));
}

#[test]
fn v03_a_page_is_closed_by_the_row_that_fills_it() {
    let server = no_users(Config { chunk_bytes: 300, ..Config::default() });
    server.db().transact(|tx| {
        for id in 1..=5 {
            tx.insert("users", json!({"id": id, "name": "x"}));
        }
    });
    let first = get(&server, "offset=-1&table=users");
    let (handle, mut offset) = (first.handle(), first.offset().to_owned());
    let mut pages = vec![first.json().as_array().unwrap().len()];
    while offset != "0_inf" {
        let page = get(&server, &format!("offset={offset}&handle={handle}&table=users"));
        page.offset().clone_into(&mut offset);
        assert_eq!(page.header("electric-up-to-date").is_some(), offset == "0_inf");
        pages.push(page.json().as_array().unwrap().len());
    }
    // Two rows each; the last row with `snapshot-end`; then `up-to-date`.
    assert_eq!(pages, [2, 2, 2, 1]);
}

#[test]
fn v05_v06_a_client_resumes_where_it_was() {
    let server = users(Config::default());
    let handle = get(&server, "offset=-1&table=users").handle();
    let nothing = get(&server, &format!("handle={handle}&offset=0_inf&table=users"));
    assert_eq!((nothing.offset(), nothing.header("electric-schema")), ("0_inf", Some(S1)));

    server.db().transact(|tx| {
        tx.at(26_757_272).txid(759).insert("users", json!({"id": 7, "name": "before"}));
    });
    server.db().transact(|tx| {
        tx.at(26_760_448);
        tx.insert("users", json!({"id": 50, "name": "S1", "age": 1}));
        tx.insert("users", json!({"id": 51, "name": "S2", "age": 2}));
        tx.update("users", json!({"id": 50}), json!({"age": 9}));
    });
    server.db().transact(|tx| {
        tx.at(26_760_600).update("users", json!({"id": 50}), json!({"name": "S1b"}));
    });
    let resumed = get(&server, &format!("handle={handle}&log=full&offset=26757272_0&table=users"));
    assert_eq!((resumed.offset(), resumed.header("electric-up-to-date")), ("26760600_0", Some("")));
    assert_eq!(
        resumed.text(),
        format!(
            r#"[{{"value":{{"active":null,"age":"1","id":"50","name":"S1"}},"key":"\"public\".\"users\"/\"50\"","headers":{{"relation":["public","users"],"lsn":"26760448","txids":[760],"operation":"insert","op_position":0}}}},{{"value":{{"active":null,"age":"2","id":"51","name":"S2"}},"key":"\"public\".\"users\"/\"51\"","headers":{{"relation":["public","users"],"lsn":"26760448","txids":[760],"operation":"insert","op_position":2}}}},{{"value":{{"age":"9","id":"50"}},"key":"\"public\".\"users\"/\"50\"","headers":{{"last":true,"relation":["public","users"],"lsn":"26760448","txids":[760],"operation":"update","op_position":4}}}},{{"value":{{"id":"50","name":"S1b"}},"key":"\"public\".\"users\"/\"50\"","headers":{{"last":true,"relation":["public","users"],"lsn":"26760600","txids":[761],"operation":"update","op_position":0}}}},{}]"#,
            up_to_date(26_760_600)
        )
    );
}

#[test]
fn a_page_of_the_log_may_end_in_the_middle_of_a_transaction() {
    let server = no_users(Config { chunk_bytes: 300, ..quick() });
    let handle = get(&server, "offset=-1&table=users").handle();
    server.db().transact(|tx| {
        tx.at(26_786_864);
        for id in 1..=5 {
            tx.insert("users", json!({"id": id, "name": "x"}));
        }
    });
    let page = get(&server, &format!("handle={handle}&offset=0_inf&table=users"));
    assert_eq!((page.offset(), page.header("electric-up-to-date")), ("26786864_2", None));
    let page = get(&server, &format!("handle={handle}&offset=26786864_2&live=true&table=users"));
    assert_eq!((page.offset(), page.header("electric-up-to-date")), ("26786864_6", None));
    let page = get(&server, &format!("handle={handle}&offset=26786864_6&table=users"));
    assert_eq!((page.offset(), page.header("electric-up-to-date")), ("26786864_8", Some("")));
}

#[test]
fn v45_now_skips_what_was() {
    let server = users(Config::default());
    let now = get(&server, "offset=now&log=changes_only&table=users&handle=whatever");
    assert_eq!((now.status, now.offset()), (200, "0_inf"));
    assert_eq!(now.header("electric-up-to-date"), Some(""));
    assert_eq!(now.header("electric-has-data"), Some("false"));
    assert!(now.header("etag").unwrap().starts_with(&format!("\"{}:now:0_inf:-", now.handle())));
    assert_eq!(now.text(), format!("[{}]", up_to_date(26_624_216)));

    let first = get(&server, "offset=-1&log=changes_only&table=users");
    assert_eq!(first.json().as_array().unwrap().len(), 1, "only snapshot-end");
}

#[test]
fn v49_a_known_page_is_not_sent_again() {
    let server = users(Config::default());
    let first = get(&server, "offset=-1&table=users");
    let (handle, etag) = (first.handle(), first.header("etag").unwrap().to_owned());
    let again = send(&server, "GET", "offset=-1&table=users", &[("if-none-match", &etag)], "");
    assert_eq!(again.status, 304);
    assert_eq!((again.handle(), again.offset()), (handle, "0_0"));
    assert_eq!(again.header("etag"), Some(&*etag));
    assert_eq!(again.header("electric-schema"), None);
    assert_eq!(again.text(), "");
}

#[test]
fn v52_equal_definitions_share_a_shape() {
    let server = users(Config::default());
    let handle = |query: &str| get(&server, &format!("offset=-1&{query}")).handle();
    let seven = handle("table=users&where=id%3D7");
    assert_eq!(handle("params%5B1%5D=x&table=USERS&where=NAME%20%3D%20%241"), handle("table=users&where=name%3D'x'"));
    assert_eq!(handle("table=public.users&where=id+%3D+7"), seven);
    assert_eq!(handle("table=users&columns=name,id"), handle("table=users&columns=%22id%22,name"));
    assert_ne!(handle("table=users&replica=full"), handle("table=users"));
    assert_ne!(handle("table=users&log=changes_only"), handle("table=users"));
}

#[test]
fn other_methods_and_routes() {
    let server = users(Config::default());
    let head = send(&server, "HEAD", "offset=-1&table=users", &[], "");
    assert_eq!((head.status, head.offset()), (200, "0_0"));
    assert_eq!(head.header("cache-control"), Some("no-cache"));
    assert_eq!(head.header("electric-schema"), Some(S1));
    assert_eq!(head.text(), "");

    let at = |path: &str| request(&server, "GET", path, &[], "").unwrap();
    assert_eq!(at("/v1/health").text(), r#"{"status":"active"}"#);
    assert_eq!(at("/").text(), "");
    let nowhere = at("/v1/nowhere");
    assert_eq!(nowhere.status, 404);
    assert_eq!(nowhere.header("cache-control"), Some("max-age=0, private, must-revalidate"));
    assert_eq!(nowhere.text(), "Not found");
}

#[test]
fn dropping_the_server_ends_it() {
    let server: Server = users(Config::default());
    let address = server.address();
    drop(server);
    assert!(std::net::TcpStream::connect(address).is_err());
}
