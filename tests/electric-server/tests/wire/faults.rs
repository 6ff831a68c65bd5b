//! Each fault does what it says, to the requests it is for: V09, V13, V16, V17, V22, V32, V33, V35, V37, V39, V40.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::{Duration, Instant};

use electric_server::{Config, Fault, FaultKind, RequestKind, Server, Spot};
use serde_json::json;

use crate::client::{get, request};
use crate::fixtures::{quick, until_asked, users};

const REFETCH: &str = r#"{"headers":{"control":"must-refetch"}}"#;

/// Ann's name has a character of two bytes.
fn server() -> (Server, String) {
    with_streams_of(quick().sse)
}

/// One whose streams end in time for what the test does while they are open.
fn with_streams_of(sse: Duration) -> (Server, String) {
    let server = users(Config { sse, ..quick() });
    let handle = get(&server, "offset=-1&table=users").handle();
    (server, handle)
}

fn rename(server: &Server) {
    server.db().transact(|tx| {
        tx.update("users", json!({"id": 1}), json!({"name": "Zoë"}));
        tx.update("users", json!({"id": 2}), json!({"name": "Bo"}));
    });
}

fn stream(handle: &str) -> String {
    format!("handle={handle}&live=true&live_sse=true&offset=0_inf&table=users")
}

fn poll(handle: &str) -> String {
    format!("handle={handle}&live=true&offset=0_inf&table=users")
}

fn first(fault: FaultKind) -> (Server, crate::client::Response) {
    let server = users(quick());
    server.faults().add(Fault::new(fault).on(RequestKind::Initial).once());
    let response = get(&server, "offset=-1&table=users");
    (server, response)
}

#[test]
fn v13_a_stream_is_cut_inside_a_frame() {
    let (server, handle) = server();
    rename(&server);
    server.faults().add(Fault::new(FaultKind::Cut { at: Spot::Frame(1) }).on(RequestKind::Sse).once());
    let body = get(&server, &stream(&handle)).body();
    assert!(!body.whole);
    let text = String::from_utf8(body.bytes).unwrap();
    let (whole, part) = text.split_once("\n\n").unwrap();
    assert!(whole.contains("Zoë") && part.starts_with("data: {") && !part.contains("\n\n"), "{text}");
    assert!(get(&server, &stream(&handle)).body().whole, "once");
}

#[test]
fn v13_a_live_stream_is_cut_inside_a_character() {
    let (server, handle) = with_streams_of(Duration::from_hours(1));
    server.faults().add(Fault::new(FaultKind::Cut { at: Spot::Character }));
    let stream = get(&server, &stream(&handle));
    rename(&server);
    let body = stream.body();
    assert!(!body.whole);
    assert!(body.bytes.ends_with(b"Zo\xc3"));
}

#[test]
fn a_body_is_cut_after_so_many_bytes() {
    let (_server, response) = first(FaultKind::Cut { at: Spot::Byte(10) });
    let body = response.body();
    assert_eq!((body.bytes.as_slice(), body.whole), (br#"[{"key":"\"#.as_slice(), false));
}

#[test]
fn v40_json_ends_in_the_middle() {
    let (_server, response) = first(FaultKind::Truncate { bytes: 10 });
    assert_eq!(response.text(), r#"[{"key":"\"#);
}

#[test]
fn a_body_stalls_while_the_connection_stays() {
    let (_server, mut response) = first(FaultKind::Stall { at: Spot::Between(1) });
    assert!(String::from_utf8(response.chunk().unwrap()).unwrap().starts_with("[{"));
    let waited = Instant::now();
    assert!(response.quiet_for(Duration::from_millis(200)));
    assert!(waited.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_body_comes_in_pieces() {
    let (server, handle) = server();
    rename(&server);
    let whole = get(&server, &stream(&handle)).text();
    server.faults().add(Fault::new(FaultKind::Split { bytes: 7, pause_ms: 0 }));
    let mut split = get(&server, &stream(&handle));
    let mut pieces = Vec::new();
    while let Some(piece) = split.chunk().filter(|piece| !piece.is_empty()) {
        assert!(piece.len() <= 7);
        pieces.push(piece);
    }
    assert_eq!(pieces.concat(), whole.as_bytes());
    assert!(pieces.len() > 20);
}

#[test]
fn a_connection_is_dropped_without_a_word() {
    let server = users(quick());
    server.faults().add(Fault::new(FaultKind::HangUp).once());
    assert!(request(&server, "GET", "/v1/shape?offset=-1&table=users", &[], "").is_none());
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].status, &*requests[0].faults), (None, &["hang_up".to_owned()][..]));
}

#[test]
fn a_response_is_late() {
    let started = Instant::now();
    let (_server, response) = first(FaultKind::Delay { ms: 150 });
    assert_eq!(response.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(150));
}

#[test]
fn v25_v37_an_earlier_response_comes_again() {
    let (server, handle) = server();
    let page = format!("handle={handle}&offset=0_inf&table=users");
    let old = get(&server, &page).text();
    rename(&server);
    let new = get(&server, &page).text();
    assert_ne!(old, new);
    server.faults().add(Fault::new(FaultKind::Replay { back: 2 }).once());
    let stale = get(&server, &page);
    assert_eq!(stale.offset(), "0_inf");
    assert_eq!(stale.text(), old);

    server.rotate(None);
    server.faults().add(Fault::new(FaultKind::Replay { back: 9 }).once());
    let stale = get(&server, "offset=-1&cache-buster=1&table=users");
    assert_eq!((stale.handle(), stale.offset()), (handle, "0_0"));
}

#[test]
fn a_finished_stream_comes_again_at_once() {
    let (server, handle) = with_streams_of(Duration::from_secs(3));
    let events = stream(&handle);
    let first = get(&server, &events);
    rename(&server);
    let first = first.text();
    server.faults().add(Fault::new(FaultKind::Replay { back: 1 }).on(RequestKind::Sse));
    let again = get(&server, &events.replace("0_inf", "26600000_0"));
    assert_eq!((again.offset(), again.header("content-type")), ("0_inf", Some("text/event-stream")));
    assert_eq!(again.text(), first.replace(": keep-alive\n\n", ""));
}

#[test]
fn v39_headers_are_stripped_or_set() {
    let (server, response) =
        first(FaultKind::StripHeaders { names: vec!["electric-offset".into(), "electric-handle".into()] });
    assert_eq!(response.status, 200);
    assert_eq!((response.header("electric-offset"), response.header("electric-handle")), (None, None));
    let headers = BTreeMap::from([("electric-offset".to_owned(), "400_0".to_owned())]);
    server.faults().add(Fault::new(FaultKind::SetHeaders { headers }));
    assert_eq!(get(&server, "offset=-1&table=users").offset(), "400_0");
}

#[test]
fn v16_a_proxy_buffers_a_stream() {
    let sse = Duration::from_secs(3);
    let (server, handle) = with_streams_of(sse);
    server.faults().add(Fault::new(FaultKind::BufferSse));
    let started = Instant::now();
    let (server, response) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| get(&server, &stream(&handle)));
        until_asked(&server, RequestKind::Sse, 1);
        std::thread::sleep(Duration::from_millis(100));
        rename(&server);
        (&server, asked.join().unwrap())
    });
    assert!(started.elapsed() >= sse);
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert!(response.text().contains("Zoë"));
    assert_eq!(server.requests().last().unwrap().kind, RequestKind::Sse);
}

#[test]
fn v17_a_stream_is_answered_with_json() {
    let (server, handle) = server();
    rename(&server);
    server.faults().add(Fault::new(FaultKind::SseAsJson));
    let response = get(&server, &stream(&handle));
    assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(response.json().as_array().unwrap().len(), 3);
}

#[test]
fn v32_v33_v35_errors_have_any_status_and_body() {
    let (server, response) = first(FaultKind::Status {
        status: 429,
        retry_after: Some("1".into()),
        body: Some(r#"{"message":"x"}"#.into()),
    });
    assert_eq!((response.status, response.header("retry-after")), (429, Some("1")));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.text(), r#"{"message":"x"}"#);
    for status in [401, 403, 500, 502, 503] {
        server.faults().set(vec![Fault::new(FaultKind::Status { status, retry_after: None, body: None })]);
        assert_eq!(get(&server, "offset=-1&table=users").status, status);
    }
    server.faults().clear();
    assert_eq!(get(&server, "offset=-1&table=users").status, 200);
}

#[test]
fn v23_a_conflict_that_is_none() {
    let (_server, response) = first(FaultKind::Conflict { handle: None });
    assert_eq!((response.status, response.header("electric-handle")), (409, None));
    assert_eq!(response.text(), format!("[{REFETCH}]"));
    let (_server, response) = first(FaultKind::Conflict { handle: Some("2-2".into()) });
    assert_eq!((response.status, response.header("electric-handle")), (409, Some("2-2")));
}

#[test]
fn v40_a_page_that_is_no_json() {
    let (_server, response) = first(FaultKind::Html);
    assert_eq!((response.status, response.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(response.text().starts_with("<!doctype"));
}

#[test]
fn v22_must_refetch_comes_as_a_message() {
    let (server, response) = first(FaultKind::MustRefetch { after: 1 });
    let messages = response.json();
    assert_eq!(messages.as_array().unwrap().len(), 2);
    assert_eq!(messages[1].to_string(), REFETCH);

    let handle = get(&server, "offset=-1&table=users").handle();
    server.faults().add(Fault::new(FaultKind::MustRefetch { after: 0 }).on(RequestKind::Sse));
    assert_eq!(get(&server, &stream(&handle)).text(), format!("data: {REFETCH}\n\n"));
}

#[test]
fn v09_a_poll_that_times_out_has_no_content() {
    let (server, handle) = server();
    server.faults().add(Fault::new(FaultKind::NoContent).on(RequestKind::LongPoll));
    let response = get(&server, &poll(&handle));
    assert_eq!((response.status, response.handle(), response.offset()), (204, handle.clone(), "0_inf"));
    assert!(response.header("electric-cursor").is_some());
    assert_eq!(response.text(), "");
    rename(&server);
    assert_eq!(get(&server, &poll(&handle)).status, 200, "only a poll that times out");
}

#[test]
fn a_fault_chooses_its_requests() {
    let server = users(Config { seed: 5, ..quick() });
    let error = FaultKind::Status { status: 500, retry_after: None, body: None };
    let statuses = |count| (0..count).map(|_| get(&server, "offset=-1&table=users").status).collect::<Vec<_>>();
    server.faults().set(vec![Fault::new(error.clone()).skip(1).times(2)]);
    assert_eq!(statuses(4), [200, 500, 500, 200]);
    server.faults().set(vec![Fault::new(error.clone()).on(RequestKind::LongPoll)]);
    assert_eq!(statuses(1), [200]);
    server.faults().set(vec![Fault::new(error.clone()).url("table=items")]);
    assert_eq!(statuses(1), [200]);
    server.faults().set(vec![Fault::new(error).probability(0.5)]);
    let failed = statuses(40).into_iter().filter(|status| *status == 500).count();
    assert!((8..32).contains(&failed), "{failed} of 40");
}

impl crate::client::Response {
    /// Whether nothing comes, not even an end, for so long.
    fn quiet_for(&mut self, time: Duration) -> bool {
        let stream = self.stream();
        stream.set_read_timeout(Some(time)).unwrap();
        stream.read(&mut [0]).is_err()
    }
}
