//! One task at a time: starting the next drops the one before, so that an answer nobody waits
//! for any more cannot arrive. `app` uses it for each thing that it watches, and for importing.

use std::cell::RefCell;
use std::time::Duration;

use futures::future::{AbortHandle, Abortable};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The task that counts.
#[derive(Debug, Default)]
pub struct Latest(RefCell<Option<AbortHandle>>);

impl Latest {
    pub fn run(&self, task: impl Future<Output = ()> + 'static) {
        let (handle, registration) = AbortHandle::new_pair();
        if let Some(before) = self.0.replace(Some(handle)) {
            before.abort();
        }
        spawn_local(async move {
            // Being aborted is how a task ends that was overtaken; there is nobody to tell.
            let _ = Abortable::new(task, registration).await;
        });
    }

    pub fn stop(&self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

/// Waits. On a page without timers it does not wait, which only costs work.
pub async fn pause(time: Duration) {
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    let timer = js_sys::Promise::new(&mut |resolve, _| {
        let set = web_sys::window()
            .map(|window| window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds));
        if !matches!(set, Some(Ok(_))) {
            let _ = resolve.call0(&wasm_bindgen::JsValue::NULL);
        }
    });
    let _ = JsFuture::from(timer).await;
}
