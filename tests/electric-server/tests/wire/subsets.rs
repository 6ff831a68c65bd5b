//! Subset snapshots, by GET and by POST.

use electric_server::Config;
use serde_json::{Value, json};

use crate::client::{get, send};
use crate::fixtures::{S1, users};

fn ids(answer: &Value) -> Vec<&str> {
    answer["data"].as_array().unwrap().iter().map(|message| message["value"]["id"].as_str().unwrap()).collect()
}

#[test]
fn a_subset_tells_rows_and_the_snapshot_they_are_of() {
    let server = users(Config::default());
    let query = "table=users&log=changes_only&offset=now";
    let handle = get(&server, query).handle();
    let subset = "subset__where=id%20%3D%20%241&subset__params=%7B%221%22%3A%221%22%7D";
    let answer = get(&server, &format!("table=users&log=changes_only&offset=0_inf&handle={handle}&{subset}"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("electric-snapshot"), Some("true"));
    assert_eq!(answer.header("electric-schema"), Some(S1));
    assert_eq!(answer.header("etag"), None);
    assert_eq!((answer.handle(), answer.offset()), (handle, "0_inf"));
    let answer = answer.json();
    let mark = answer["metadata"]["snapshot_mark"].clone();
    assert_eq!(
        answer,
        json!({
            "metadata": {"xip_list": [], "xmax": "754", "xmin": "754", "snapshot_mark": mark, "database_lsn": "26624216"},
            "data": [{
                "key": "\"public\".\"users\"/\"1\"",
                "value": {"active": "true", "age": "30", "id": "1", "name": "Ann"},
                "headers": {"operation": "insert", "relation": ["public", "users"], "snapshot_mark": mark},
            }],
        })
    );
}

#[test]
fn a_subset_can_be_posted() {
    let server = users(Config::default());
    server.db().transact(|tx| {
        tx.insert("users", json!({"id": 10, "name": "Cy", "age": 9}));
    });
    let post = |body: Value| {
        let answer = send(&server, "POST", "table=users&offset=now", &[], &body.to_string());
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        answer.json()
    };
    let by_age = post(json!({"where": "id > $1", "params": {"1": "0"}, "order_by": "age DESC NULLS LAST"}));
    assert_eq!(ids(&by_age), ["1", "10", "2"]);
    let cut = post(json!({"subset": {"order_by": "id", "limit": 1, "offset": 1}}));
    assert_eq!(ids(&cut), ["2"]);
}

#[test]
fn a_subset_of_a_dead_handle_is_refused() {
    let server = users(Config::default());
    let refused = get(&server, "table=users&offset=0_inf&handle=1-1&subset__where=TRUE");
    assert_eq!(refused.status, 409);
    assert_ne!(refused.handle(), "1-1");
}
