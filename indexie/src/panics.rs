//! Panics of the app's code. Off the web they unwind; in wasm they are exceptions of JavaScript, which pass through everything and
//! drop nothing.
//! Called by hooks, and by what has to tidy up after a poll; calls JavaScript.

#[cfg(not(target_family = "wasm"))]
pub(crate) use host::{attempt, report, resume};
#[cfg(target_family = "wasm")]
pub(crate) use web::{attempt, report, resume};

#[cfg(not(target_family = "wasm"))]
mod host {
    use std::any::Any;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    pub use std::panic::resume_unwind as resume;

    type Panic = Box<dyn Any + Send>;

    /// Calls `f`, unless that panics.
    pub fn attempt<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
        catch_unwind(AssertUnwindSafe(f))
    }

    /// It has said so itself.
    pub fn report(panic: Panic) {
        drop(panic);
    }
}

#[cfg(target_family = "wasm")]
mod web {
    use wasm_bindgen::prelude::*;

    pub use wasm_bindgen::throw_val as resume;

    #[wasm_bindgen(module = "/src/storage/indexed_db/indexed_db.js")]
    extern "C" {
        #[wasm_bindgen(catch)]
        fn call(f: &mut dyn FnMut()) -> Result<(), JsValue>;
    }

    #[wasm_bindgen]
    extern "C" {
        /// As an exception that nobody catches.
        #[wasm_bindgen(js_name = reportError)]
        pub fn report(panic: JsValue);
    }

    /// Calls `f`, unless that panics. Then what `f` holds is never dropped: it may be half done.
    pub fn attempt<R>(f: impl FnOnce() -> R) -> Result<R, JsValue> {
        let (mut f, mut result) = (Some(f), None);
        call(&mut || result = f.take().map(|f| f()))?;
        result.ok_or(JsValue::UNDEFINED)
    }
}
