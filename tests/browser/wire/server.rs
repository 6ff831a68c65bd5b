//! The server as a test sees it: told what to do by requests.

use std::time::Duration;

use indexie::prelude::*;
use indexie::{Electric, ElectricSync};
use indexie_tests::fresh;
use js_sys::{Array, JSON, Promise, Reflect};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasm_bindgen_futures::JsFuture;
use web_sys::wasm_bindgen::prelude::*;

/// Of the server that `cargo xtask test` has started; none where tests are compiled by hand.
const URL: Option<&str> = option_env!("INDEXIE_ELECTRIC_SERVER");

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(url: &str, options: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(done: &js_sys::Function, millis: f64);
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("id, &code")]
pub struct Item {
    pub id: i32,
    pub code: String,
    pub name: String,
    pub amount: Option<i64>,
    pub done: Option<bool>,
}

schema! {
    pub struct Shop("wire");

    version 1 {
        items: Item,
    }
}

pub struct Server {
    url: String,
    table: String,
}

pub async fn sleep(millis: f64) {
    let waited = Promise::new(&mut |done, _| set_timeout(&done, millis));
    JsFuture::from(waited).await.expect("time passes");
}

impl Server {
    /// With a table of its own for a test. None without a server.
    pub async fn with_table(table: &str) -> Option<Self> {
        let server = Self { url: URL?.to_owned(), table: table.to_owned() };
        let columns = json!([
            {"name": "id", "type": "int4", "pk_index": 0},
            {"name": "code", "type": "text"},
            {"name": "name", "type": "text"},
            {"name": "amount", "type": "int8"},
            {"name": "done", "type": "bool"},
        ]);
        // A table that an earlier run has left is emptied.
        server.tell(json!({"do": "transact", "ops": [{"op": "drop_table", "table": table}]})).await;
        server.ask(json!({"do": "create_table", "name": table, "columns": columns})).await;
        Some(server)
    }

    /// Has the server do something, and takes it as it comes.
    async fn tell(&self, command: Value) -> Value {
        let control = self.url.replace("/v1/shape", "/control");
        let options = json!({"method": "POST", "body": command.to_string()}).to_string();
        let options = JSON::parse(&options).expect("JSON");
        let response = JsFuture::from(fetch(&control, &options)).await.expect("the server answers");
        let text = Reflect::get(&response, &"text".into()).expect("a response").unchecked_into::<js_sys::Function>();
        let text = text.apply(&response, &Array::new()).expect("a body").unchecked_into::<Promise>();
        let text = JsFuture::from(text).await.expect("a body").as_string().unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub async fn ask(&self, command: Value) -> Value {
        let answer = self.tell(command.clone()).await;
        assert_eq!(answer.get("error"), None, "{command}");
        answer
    }

    /// Commits operations; answers the transaction's number.
    pub async fn transact(&self, operations: Vec<Value>) -> u64 {
        let table = |mut operation: Value| {
            operation["table"] = json!(self.table);
            operation
        };
        let operations: Vec<Value> = operations.into_iter().map(table).collect();
        let answer = self.ask(json!({"do": "transact", "ops": operations})).await;
        answer["txid"].as_u64().expect("a number")
    }

    pub async fn insert(&self, id: i32) -> u64 {
        self.transact(vec![insert(id)]).await
    }

    pub async fn rotate(&self) {
        self.ask(json!({"do": "rotate", "table": self.table})).await;
    }

    /// Something goes wrong, so many times, with the requests for this table.
    pub async fn fault(&self, fault: Value) {
        let mut fault = fault;
        fault["url"] = json!(format!("table={}", self.table));
        self.ask(json!({"do": "add_fault", "fault": fault["fault"], "at": fault["at"], "on": fault["on"], "times": fault["times"],
            "url": fault["url"], "bytes": fault["bytes"], "status": fault["status"], "back": fault["back"], "ms": fault["ms"]}))
        .await;
    }

    /// What the server was asked for this table: the kind of each request.
    pub async fn requests(&self) -> Vec<Value> {
        let answer = self.ask(json!({"do": "requests"})).await;
        let of = format!("table={}", self.table);
        let requests = answer["requests"].as_array().cloned().unwrap_or_default();
        requests.into_iter().filter(|request| request["url"].as_str().is_some_and(|url| url.contains(&of))).collect()
    }

    /// The rows that the server has.
    pub async fn rows(&self) -> Vec<Item> {
        let answer = self.ask(json!({"do": "rows", "table": self.table})).await;
        let mut rows: Vec<Item> = answer["rows"].as_array().expect("rows").iter().map(item).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// It may take long to know that no other program syncs.
    pub fn shape(&self) -> Electric {
        self.shape_of_second().turn(Duration::from_mins(2))
    }

    /// The same of a program beside another one.
    pub fn shape_of_second(&self) -> Electric {
        Electric::shape(&self.url).table(&self.table).pace(0.02)
    }

    pub async fn database(&self) -> Shop {
        fresh(&format!("wire {}", self.table)).await
    }
}

pub fn insert(id: i32) -> Value {
    let name = format!("näme {id} 😀");
    json!({"op": "insert", "row": {"id": id, "code": format!("c{id}"), "name": name, "amount": id * 3, "done": id % 2 == 0}})
}

pub fn update(id: i32, set: &Value) -> Value {
    json!({"op": "update", "key": {"id": id}, "set": set})
}

pub fn delete(id: i32) -> Value {
    json!({"op": "delete", "key": {"id": id}})
}

fn item(row: &Value) -> Item {
    let text = |name: &str| row[name].as_str().map(str::to_owned);
    Item {
        id: text("id").and_then(|id| id.parse().ok()).expect("a key"),
        code: text("code").unwrap_or_default(),
        name: text("name").unwrap_or_default(),
        amount: text("amount").and_then(|amount| amount.parse().ok()),
        done: text("done").map(|done| done == "true"),
    }
}

/// Starts a sync, and waits until it has all that there is.
pub async fn caught_up(db: &Shop, shape: Electric) -> ElectricSync {
    let sync = db.items.sync_electric(shape).await.expect("a sync");
    sync.up_to_date().await.expect("it catches up");
    sync
}

pub async fn rows(db: &Shop) -> Vec<Item> {
    db.items.to_vec().await.expect("the table is read")
}
