//! Requests that are wrong, and who may ask: the messages of the service, V34, preflights.

use std::time::{Duration, Instant};

use electric_server::Config;

use crate::client::{get, send};
use crate::fixtures::{quick, users};

#[test]
fn each_fault_of_a_request_has_its_message() {
    let server = users(quick());
    for (query, errors) in [
        ("table=users", r#"{"offset":["can't be blank"]}"#),
        ("table=users&offset=1", r#"{"offset":["has invalid format"]}"#),
        ("table=users&offset=0_0", r#"{"handle":["can't be blank when offset != -1"]}"#),
        ("table=users&offset=-1&live=true", r#"{"live":["can't be true when offset == -1"]}"#),
        ("table=users&offset=now&live=true", r#"{"live":["can't be true when offset is 'now'"]}"#),
        ("table=users&offset=-1&live_sse=true", r#"{"live_sse":["can't be true unless live is also true"]}"#),
        ("offset=-1", r#"{"table":["can't be blank"]}"#),
        (
            "offset=-1&table=nope",
            r#"{"table":["Table \"public\".\"nope\" does not exist. If the table name contains capitals or special characters you must quote it."]}"#,
        ),
        ("offset=-1&table=users&where=nope%3D1", r#"{"where":["At location 0: unknown reference nope"]}"#),
        ("offset=-1&table=users&where=id%3D%241", r#"{"where":["At location 3: parameter $1 was not provided"]}"#),
        (
            "offset=-1&table=users&columns=name",
            r#"{"columns":["The list of columns must include all primary key columns, missing: id"]}"#,
        ),
        ("offset=-1&table=users&replica=half", r#"{"replica":["is invalid"]}"#),
        (
            "offset=-1&table=users&subset__limit=2",
            r#"{"subset":{"order_by":["order_by is required when limit or offset is present"]}}"#,
        ),
    ] {
        let refused = get(&server, query);
        assert_eq!(refused.status, 400, "{query}");
        assert_eq!(refused.header("cache-control"), Some("no-store"));
        assert_eq!(refused.header("surrogate-control"), Some("no-store"));
        assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
        assert_eq!(refused.text(), format!(r#"{{"message":"Invalid request","errors":{errors}}}"#), "{query}");
    }
}

#[test]
fn an_offset_out_of_bounds_waits_half_a_poll() {
    let server = users(quick());
    let handle = get(&server, "offset=-1&table=users").handle();
    let asked = Instant::now();
    let refused = get(&server, &format!("handle={handle}&offset=26757272_0&table=users"));
    assert!(asked.elapsed() >= Duration::from_millis(150));
    assert_eq!(refused.status, 400);
    assert_eq!(refused.text(), r#"{"message":"Invalid request","errors":{"offset":["out of bounds for this shape"]}}"#);
}

#[test]
fn v34_without_the_secret_a_browser_hears_nothing() {
    let server = users(Config { secret: Some("s3cret".to_owned()), ..Config::default() });
    let refused = get(&server, "offset=-1&table=users");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("content-length"), Some("47"));
    assert_eq!(refused.header("cache-control"), Some("max-age=0, private, must-revalidate"));
    assert_eq!(refused.header("content-type"), None);
    assert_eq!(refused.header("access-control-allow-origin"), None);
    assert_eq!(refused.text(), r#"{"message":"Unauthorized - Invalid API secret"}"#);
    assert_eq!(get(&server, "offset=-1&table=users&secret=s3cret").status, 200);
    assert_eq!(get(&server, "offset=-1&table=users&api_secret=s3cret").status, 200);
    assert_eq!(send(&server, "OPTIONS", "", &[], "").status, 204);
}

#[test]
fn v34_a_proxy_wants_a_token() {
    let server = users(Config::default());
    server.require_bearer(Some("new"));
    let ask = |token| send(&server, "GET", "offset=-1&table=users", &[("authorization", token)], "");
    let refused = ask("Bearer old");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    assert_eq!(refused.text(), r#"{"error":"expired"}"#);
    assert_eq!(ask("Bearer new").status, 200);
}

#[test]
fn a_preflight_allows_one_known_header_and_no_list() {
    let server = users(Config::default());
    let allowed = |names: &str| {
        let preflight =
            send(&server, "OPTIONS", "", &[("origin", "http://a.test"), ("access-control-request-headers", names)], "");
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-allow-origin"), Some("http://a.test"));
        preflight.header("access-control-allow-headers").map(ToOwned::to_owned)
    };
    assert_eq!(allowed("if-none-match"), Some("if-none-match".to_owned()));
    assert_eq!(allowed("traceparent"), Some("traceparent".to_owned()));
    assert_eq!(allowed("authorization"), None);
    assert_eq!(allowed("if-none-match,traceparent"), None);
}

#[test]
fn deleting_has_to_be_allowed() {
    let server = users(Config::default());
    let refused = send(&server, "DELETE", "table=users", &[], "");
    assert_eq!(refused.status, 405);
    assert_eq!(refused.text(), r#"{"message":"DELETE not allowed"}"#);
}

#[test]
fn a_request_line_has_a_limit() {
    let server = users(Config::default());
    let query = |length| format!("offset=-1&table=users&x={}", "x".repeat(length));
    assert_eq!(get(&server, &query(9_000)).status, 200);
    assert_eq!(get(&server, &query(12_000)).status, 414);
}
