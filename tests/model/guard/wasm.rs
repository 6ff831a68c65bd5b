//! In a browser: a panic ends the test, and its hook says which seed it was; a program that never answers meets a timer.

use std::cell::Cell;
use std::pin::pin;
use std::sync::Once;

use futures::future::{Either, select};
use indexie::Storage;
use wasm_bindgen::JsCast;

use crate::plan::again;

/// A program takes some hundredths of a second, and on a slow machine some seconds.
const MOST_MILLIS: i32 = 120_000;

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
    /// Programs that broke: they may leave behind what the next one must not find.
    static BROKEN: Cell<usize> = const { Cell::new(0) };
}

/// What a panic says it was.
pub fn mark(seed: u64) {
    static HOOK: Once = Once::new();

    SEED.set(seed);
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            wasm_bindgen_test::console_error!("model: at `{}`", again(SEED.get()));
            before(panic);
        }));
    });
}

/// The browser's, and beside it the memory, which is to be the same there.
pub fn storages() -> [Storage; 2] {
    [Storage::IndexedDb, Storage::Memory]
}

/// The database in which programs run.
pub fn name() -> String {
    format!("model {}", BROKEN.get())
}

/// Waits for a program, or tells what happened to it.
pub async fn watched(running: impl Future<Output = ()>) -> Result<(), String> {
    match select(pin!(running), pin!(late())).await {
        Either::Left(((), _)) => Ok(()),
        Either::Right(_) => {
            BROKEN.set(BROKEN.get() + 1);
            Err("it never answers".to_owned())
        }
    }
}

async fn late() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let timer = js_sys::Reflect::get(&js_sys::global(), &"setTimeout".into());
        let timer: js_sys::Function = timer.expect("a global object").unchecked_into();
        let _ = timer.call2(&js_sys::global(), &resolve, &MOST_MILLIS.into());
    });
    // A timer does not fail.
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}
