//! The commands by name, as the tests call them: parameters and answers are JSON, errors are the text of a Rust value.

use indexie::prelude::*;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::library;
use crate::shop::upgrades;
use crate::state::{self, Options, Shop};
use crate::{pending, syncing, watching, work};

/// Runs one command.
#[wasm_bindgen]
pub async fn run(name: String, parameters: String) -> std::result::Result<String, JsValue> {
    let parameters: Value = serde_json::from_str(&parameters).map_err(|error| JsValue::from(error.to_string()))?;
    match command(&name, &Parameters(parameters)).await {
        Ok(answer) => Ok(answer.to_string()),
        Err(error) => Err(JsValue::from(format!("{error:?}"))),
    }
}

/// How much memory the program has taken from the browser.
#[wasm_bindgen]
pub fn memory_bytes() -> f64 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let buffer: js_sys::ArrayBuffer = memory.buffer().unchecked_into();
    f64::from(buffer.byte_length())
}

/// Shows panics in the page's console: without this, the program would only stand still.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let console = js_sys::Reflect::get(&js_sys::global(), &"console".into());
        let error = console.and_then(|console| Ok((js_sys::Reflect::get(&console, &"error".into())?, console)));
        if let Ok((error, console)) = error
            && let Some(error) = error.dyn_ref::<js_sys::Function>()
        {
            // A page without a console has nobody to tell.
            let _ = error.call1(&console, &panic.to_string().into());
        }
    }));
}

async fn command(name: &str, with: &Parameters) -> Result<Value> {
    let shop = || state::shop(with.text("db"));
    let v1 = || shop().and_then(Shop::v1);
    match name {
        // Databases
        "make" => {
            state::keep(with.text("db"), Shop::new(with.number("version").into(), with.text("name"))?);
            Ok(Value::Null)
        }
        "open" => {
            let options = Options { allow_newer: with.is_set("allow newer"), repair_schema: with.is_set("repair") };
            let opened = Shop::with(with.number("version").into(), with.text("name"), options)?;
            state::keep(with.text("db"), opened.clone());
            opened.open().await.map(|()| Value::Null)
        }
        "open again" => shop()?.open().await.map(|()| Value::Null),
        "close" => {
            shop()?.close();
            Ok(Value::Null)
        }
        "forget" => {
            state::drop_shop(with.text("db"));
            Ok(Value::Null)
        }
        "delete" => shop()?.delete().await.map(|()| Value::Null),
        "is open" => Ok(json!(shop()?.is_open())),
        // What was reported
        "events" => Ok(json!(state::take_events())),
        "upgrades" => Ok(json!(upgrades())),
        // Single operations
        "count" => count(shop()?).await,
        "count twice" => {
            let (first, second) = futures::future::join(count(shop()?), count(shop()?)).await;
            Ok(json!([first?, second?]))
        }
        "slugs" => slugs(shop()?).await,
        "round" => {
            let item = v1()?.items.get(1).await?;
            Ok(json!(item.map(|item| item.round)))
        }
        // Work
        "stock" => work::stock(v1()?, with.number("count")).await.map(|()| Value::Null),
        "add items" => work::add_items(v1()?, with.number("from"), with.number("count")).await.map(|()| Value::Null),
        "add at once" => {
            work::add_at_once(v1()?, with.number("from"), with.number("count")).await.map(|()| Value::Null)
        }
        "put items" => work::put_items(v1()?, with.number("count"), with.number("round")).await.map(|()| Value::Null),
        "modify items" => work::modify_items(v1()?, with.number("round")).await.map(|count| json!(count)),
        "delete items" => work::delete_items(v1()?).await.map(|count| json!(count)),
        "restock" => work::restock(v1()?, with.number("count"), with.number("round")).await.map(|()| Value::Null),
        "transfer" => work::transfer(v1()?, with.number("transactions")).await.map(|()| Value::Null),
        "hold" => work::hold(v1()?).await.map(|()| Value::Null),
        "go on" => {
            let work::Outcomes { succeeded, succeeded_later, errors } = work::go_on(v1()?).await;
            Ok(json!({ "succeeded": succeeded, "succeeded later": succeeded_later, "errors": errors }))
        }
        "release" => {
            state::set_released(true);
            Ok(Value::Null)
        }
        "open and close" => work::open_and_close(v1()?, with.number("times")).await.map(|()| Value::Null),
        "make and drop" => work::make_and_drop(with.text("name"), with.number("times")).await.map(|()| Value::Null),
        "make and drop at once" => {
            work::make_and_drop_at_once(with.text("name"), with.number("times")).await.map(|()| Value::Null)
        }
        // What is pending
        "prepare overlay" => {
            pending::prepare(v1()?, with.number("count"), with.number("round")).await.map(|()| Value::Null)
        }
        "commit overlay" => pending::commit().await.map(|()| Value::Null),
        "overlay" => {
            pending::prepare_and_commit(v1()?, with.number("count"), with.number("round")).await.map(|()| Value::Null)
        }
        "put after network" => {
            pending::put_after_network(v1()?, with.number("count"), with.number("round")).await.map(|()| Value::Null)
        }
        // What a server has
        "forget pairs" => syncing::forget(with.text("name")).await.map(|()| Value::Null),
        "follow" => {
            syncing::follow(with.text("name"), with.text("url"), with.text("table")).await.map(|()| Value::Null)
        }
        "halves" => syncing::halves(with.text("name")).await,
        // Live queries
        "fill" => watching::fill(with.text("name")).await,
        "watch" => Ok(watching::watch(with.text("name"), with.number("seed").into())),
        "make changes" => {
            watching::make_changes(with.text("name"), with.number("seed").into(), with.number("count")).await
        }
        "import" => watching::import(with.text("name"), with.number("transactions"), with.number("rows")).await,
        "compare" => watching::compare().await,
        "items" => Ok(watching::items()),
        // What Dexie has as well
        "library: open" | "library: keep open" | "library: fill" | "library: report" | "library: change" => {
            let compatible = with.0["compatible"].as_bool().unwrap_or(true);
            library::command(name, with.number("version").into(), with.text("name"), compatible).await
        }
        _ => Err(Error::user(format!("there is no command {name}"))),
    }
}

async fn count(shop: Shop) -> Result<Value> {
    let count = match shop {
        Shop::V1WithoutIndex(shop) => shop.items.count().await?,
        Shop::V1(shop) => shop.items.count().await?,
        Shop::V2(shop) => shop.items.count().await?,
        Shop::V3(shop) => shop.items.count().await?,
        Shop::V4(shop) => shop.items.count().await?,
    };
    Ok(json!(count))
}

async fn slugs(shop: Shop) -> Result<Value> {
    let slugs: Vec<String> = match shop {
        Shop::V1WithoutIndex(_) | Shop::V1(_) => Vec::new(),
        Shop::V2(shop) => shop.items.where_(|item| item.slug).starts_with("").unique_keys().await?,
        Shop::V3(shop) => shop.items.where_(|item| item.slug).starts_with("").unique_keys().await?,
        Shop::V4(shop) => shop.items.primary_keys().await?,
    };
    Ok(json!(slugs))
}

/// What a command is told.
struct Parameters(Value);

impl Parameters {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn is_set(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or_default()
    }

    fn number(&self, name: &str) -> u32 {
        self.0[name].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
    }
}
