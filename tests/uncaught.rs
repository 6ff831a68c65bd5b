//! What a page hears of a panic in wasm: an exception that nobody catches.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = "
export function listening(heard, then) {
  const listen = (event) => { event.preventDefault(); heard.push(String(event.message)); then(); };
  addEventListener('error', listen);
  return () => removeEventListener('error', listen);
}
")]
extern "C" {
    fn listening(heard: &Array, then: &JsValue) -> Function;
}

/// Listens to exceptions that nobody catches, and keeps them from failing the test.
#[derive(Debug)]
pub struct Uncaught {
    heard: Array,
    stop: Function,
}

impl Uncaught {
    #[must_use]
    pub fn listen() -> Self {
        Self::listen_and(|| {})
    }

    /// Calls `then` as soon as one is heard.
    #[must_use]
    pub fn listen_and(then: impl FnMut() + 'static) -> Self {
        let heard = Array::new();
        let then = Closure::<dyn FnMut()>::new(then).into_js_value();
        Self { stop: listening(&heard, &then), heard }
    }

    /// How many have been heard so far.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.heard.length()
    }

    /// What they have said. Nothing more is heard.
    #[must_use]
    pub fn heard(self) -> Vec<String> {
        let _ = self.stop.call0(&JsValue::NULL);
        self.heard.iter().filter_map(|message| message.as_string()).collect()
    }
}
