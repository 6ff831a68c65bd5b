//! Shapes with subqueries: V47, two positions, the restart that forgets them.

use electric_server::{Config, Server, TableSpec};
use serde_json::{Value, json};

use crate::client::get;

const QUERY: &str =
    "table=issues&where=project_id%20IN%20(SELECT%20id%20FROM%20projects%20WHERE%20active%20%3D%20true)";

/// Project 1 is active and has issue 10, project 2 is not and has issue 20.
fn issues() -> Server {
    let server = Server::start(Config::default());
    let db = server.db();
    db.create_table(TableSpec::new("projects").key("id", "int4").column("active", "bool"));
    db.create_table(TableSpec::new("issues").key("id", "int4").column("project_id", "int4").column("title", "text"));
    db.transact(|tx| {
        tx.at(27_000_000).txid(809);
        tx.insert("projects", json!({"id": 1, "active": true}));
        tx.insert("projects", json!({"id": 2, "active": false}));
        tx.insert("issues", json!({"id": 10, "project_id": 1, "title": "p1 issue"}));
        tx.insert("issues", json!({"id": 20, "project_id": 2, "title": "p2 issue"}));
    });
    server
}

fn set_active(server: &Server, lsn: u64, project: u32, active: bool) {
    server.db().transact(|tx| {
        tx.at(lsn).update("projects", json!({"id": project}), json!({"active": active}));
    });
}

/// The tag of a value, as the service computes it.
fn tag(handle: &str, value: &str) -> String {
    format!("{:x}", md5::compute(format!("single_stack{handle}v:{value}")))
}

#[test]
fn v47_rows_move_in_and_out_with_what_a_subquery_gives() {
    let server = issues();
    let first = get(&server, &format!("{QUERY}&offset=-1"));
    let handle = first.handle();
    let (one, two) = (tag(&handle, "1"), tag(&handle, "2"));
    assert!(first.text().starts_with(&format!(
        r#"[{{"key":"\"public\".\"issues\"/\"10\"","value":{{"id":"10","project_id":"1","title":"p1 issue"}},"headers":{{"active_conditions":[true],"tags":["{one}"],"relation":["public","issues"],"operation":"insert"}}}},{{"headers":{{"control":"snapshot-end""#
    )));

    server.db().transact(|tx| {
        tx.at(27_012_696).update("issues", json!({"id": 10}), json!({"title": "p1 issue!"}));
    });
    set_active(&server, 27_012_832, 2, true);
    let page = get(&server, &format!("{QUERY}&handle={handle}&offset=0_0"));
    assert_eq!(page.offset(), "27012696_3");
    assert_eq!(
        page.text(),
        format!(
            r#"[{{"value":{{"id":"10","title":"p1 issue!"}},"key":"\"public\".\"issues\"/\"10\"","headers":{{"last":true,"relation":["public","issues"],"tags":["{one}"],"lsn":"27012696","active_conditions":[true],"txids":[810],"operation":"update","op_position":0,"removed_tags":[]}}}},{{"headers":{{"event":"move-in","txids":[811],"patterns":[{{"value":"{two}","pos":0}}]}}}},{{"key":"\"public\".\"issues\"/\"20\"","value":{{"id":"20","project_id":"2","title":"p2 issue"}},"headers":{{"active_conditions":[true],"tags":["{two}"],"relation":["public","issues"],"operation":"insert","is_move_in":true}}}},{{"headers":{{"control":"snapshot-end","xip_list":[],"xmax":"812","xmin":"812"}}}},{{"headers":{{"control":"up-to-date","global_last_seen_lsn":"27012832"}}}}]"#
        )
    );

    set_active(&server, 27_012_968, 1, false);
    let page = get(&server, &format!("{QUERY}&handle={handle}&offset=27012696_3"));
    assert_eq!(page.offset(), "27012696_4");
    assert_eq!(
        page.text(),
        format!(
            r#"[{{"headers":{{"event":"move-out","txids":[812],"patterns":[{{"value":"{one}","pos":0}}]}}}},{{"headers":{{"control":"up-to-date","global_last_seen_lsn":"27012968"}}}}]"#
        )
    );
}

/// The official client makes an offset of the number, so that it must not be ahead of the log.
#[test]
fn a_live_move_is_up_to_date_with_the_log_not_with_its_cause() {
    let server = issues();
    let handle = get(&server, &format!("{QUERY}&offset=-1")).handle();
    server.db().transact(|tx| {
        tx.at(27_012_696).update("issues", json!({"id": 10}), json!({"title": "p1 issue!"}));
    });
    set_active(&server, 27_012_832, 2, true);
    let page = get(&server, &format!("{QUERY}&handle={handle}&live=true&offset=27012696_0"));
    assert_eq!(page.offset(), "27012696_3");
    let messages = page.json();
    let last = messages.as_array().unwrap().last().unwrap();
    assert_eq!(last["headers"], json!({"control": "up-to-date", "global_last_seen_lsn": "27012696"}));
    let seen = get(&server, &format!("{QUERY}&handle={handle}&live=true&offset=27012696_0"));
    assert_eq!(seen.status, 200);
}

#[test]
fn each_disjunct_has_a_tag_and_each_position_a_part() {
    let server = issues();
    let query = format!("{QUERY}%20OR%20title%20%3D%20%27p2%20issue%27");
    let first = get(&server, &format!("{query}&offset=-1"));
    let handle = first.handle();
    let rows = first.json();
    let headers = |row: usize| rows[row]["headers"].clone();
    assert_eq!(headers(0)["tags"], json!([format!("{}/", tag(&handle, "1")), "/1"]));
    assert_eq!(headers(0)["active_conditions"], json!([true, false]));
    assert_eq!(headers(1)["tags"], json!([format!("{}/", tag(&handle, "2")), "/1"]));
    assert_eq!(headers(1)["active_conditions"], json!([false, true]));

    // Row 20 is there already: what moves in is only told.
    set_active(&server, 27_012_832, 2, true);
    let page = get(&server, &format!("{query}&handle={handle}&offset=0_inf")).json();
    let told: Vec<_> = page.as_array().unwrap().iter().map(|message| &message["headers"]["event"]).collect();
    assert_eq!(told, [&json!("move-in"), &Value::Null]);
}

#[test]
fn a_row_that_changes_its_project_changes_its_tag() {
    let server = issues();
    set_active(&server, 27_000_100, 2, true);
    let handle = get(&server, &format!("{QUERY}&offset=-1")).handle();
    server.db().transact(|tx| {
        tx.update("issues", json!({"id": 10}), json!({"project_id": 2}));
    });
    let page = get(&server, &format!("{QUERY}&handle={handle}&offset=0_inf")).json();
    assert_eq!(page[0]["headers"]["tags"], json!([tag(&handle, "2")]));
    assert_eq!(page[0]["headers"]["removed_tags"], json!([tag(&handle, "1")]));
}

#[test]
fn a_restart_forgets_them() {
    let server = issues();
    let handle = get(&server, &format!("{QUERY}&offset=-1")).handle();
    server.restart();
    assert_eq!(get(&server, &format!("{QUERY}&handle={handle}&offset=0_inf")).status, 409);
}
