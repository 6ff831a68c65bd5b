//! Locks in a browser: Web Locks, which all windows and workers of an origin share.

use std::cell::Cell;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal};

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &LockOptions,
        granted: &Closure<dyn FnMut() -> Promise>,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(extends = js_sys::Object)]
    type LockOptions;

    #[wasm_bindgen(method, setter)]
    fn set_signal(this: &LockOptions, signal: &AbortSignal);
}

pub(crate) struct Held {
    /// Absent if there are no locks.
    release: Option<Function>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// An origin has one storage.
pub(crate) async fn hold(_storage: usize, name: &str) -> Held {
    debug_assert!(!name.starts_with('-'), "Web Locks keep these names for later");
    // Where a browser refuses, as in the frame of a sandbox, it is as if there were no locks.
    ask(name).await.unwrap_or(Held { release: None })
}

fn locks() -> Option<LockManager> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_truthy().then(|| locks.unchecked_into())
}

/// Gives the request up when it is dropped.
struct Asked {
    controller: AbortController,
    granted: Rc<Cell<bool>>,
    _grant: Closure<dyn FnMut() -> Promise>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.granted.get() {
            self.controller.abort();
        }
    }
}

async fn ask(name: &str) -> Option<Held> {
    let locks = locks()?;
    let controller = AbortController::new().ok()?;
    let options: LockOptions = js_sys::Object::new().unchecked_into();
    options.set_signal(&controller.signal());
    let (give, given) = oneshot::channel();
    let granted = Rc::new(Cell::new(false));
    let mut give = Some(give);
    // A browser may call this after the request was given up. The closure is no more then: the call fails, which gives the lock back.
    let grant = Closure::new({
        let granted = granted.clone();
        move || {
            granted.set(true);
            Promise::new(&mut |release, _| {
                let held = Held { release: Some(release) };
                if let Some(give) = give.take() {
                    // One who no longer waits drops it.
                    let _ = give.send(held);
                }
            })
        }
    });
    let answer = JsFuture::from(locks.request(name, &options, &grant).ok()?);
    let _asked = Asked { controller, granted, _grant: grant };
    // The answer is there before the lock only if the request is refused.
    match select(given, answer).await {
        Either::Left((held, _)) => held.ok(),
        Either::Right(_) => None,
    }
}
