//! Time in a browser: in windows and in workers.

use std::time::Duration;

use futures::channel::oneshot;
use js_sys::{Date, Math};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // The global functions, whichever scope this runs in.
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(call: &Closure<dyn FnMut()>, millis: i32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// More than this many milliseconds, and a browser would not wait at all.
const LONGEST: u128 = i32::MAX as u128;

pub(crate) async fn sleep(duration: Duration) {
    let mut left = duration.as_nanos().div_ceil(1_000_000);
    loop {
        let now = left.min(LONGEST);
        wait(i32::try_from(now).unwrap_or(i32::MAX)).await;
        left -= now;
        if left == 0 {
            return;
        }
    }
}

/// Is taken back when it is dropped.
struct Timer {
    id: JsValue,
    _ring: Closure<dyn FnMut()>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.id);
    }
}

async fn wait(millis: i32) {
    let (wake, woken) = oneshot::channel();
    let ring = Closure::once(move || {
        let _ = wake.send(());
    });
    let _timer = Timer { id: set_timeout(&ring, millis), _ring: ring };
    let _ = woken.await;
}

pub(crate) fn now_millis() -> f64 {
    Date::now()
}

pub(crate) fn random() -> f64 {
    Math::random()
}
