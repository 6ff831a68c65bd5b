//! What a browser tells of the page. Workers have no document: they hear of the network only.

use std::rc::Rc;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::{Document, EventTarget, VisibilityState};

use super::State;

/// Of the document.
const OF_PAGE: [&str; 3] = ["visibilitychange", "freeze", "resume"];
/// Of the window, or of the worker. A page that comes back out of the browser's cache is shown again.
const OF_SCOPE: [&str; 3] = ["pageshow", "online", "offline"];

/// Are removed when they are dropped.
pub(super) struct Listeners {
    targets: Vec<(EventTarget, &'static [&'static str])>,
    heard: Closure<dyn FnMut()>,
}

impl Drop for Listeners {
    fn drop(&mut self) {
        for (target, events) in &self.targets {
            for event in *events {
                let _ = target.remove_event_listener_with_callback(event, self.heard.as_ref().unchecked_ref());
            }
        }
    }
}

pub(super) fn listen(state: &Rc<State>) -> Listeners {
    look(state);
    let heard = Closure::new({
        let state = state.clone();
        move || {
            look(&state);
            state.tell();
        }
    });
    let scope: EventTarget = js_sys::global().unchecked_into();
    let mut targets: Vec<(EventTarget, &[&str])> = vec![(scope, &OF_SCOPE)];
    if let Some(document) = document() {
        targets.push((document.into(), &OF_PAGE));
    }
    for (target, events) in &targets {
        for event in *events {
            let _ = target.add_event_listener_with_callback(event, heard.as_ref().unchecked_ref());
        }
    }
    Listeners { targets, heard }
}

pub(super) fn look(state: &State) {
    state.hidden.set(document().is_some_and(|document| document.visibility_state() == VisibilityState::Hidden));
    // A scope that does not say whether it is online is.
    let online = global("navigator").and_then(|navigator| Reflect::get(&navigator, &"onLine".into()).ok());
    state.online.set(online.and_then(|online| online.as_bool()).unwrap_or(true));
}

fn document() -> Option<Document> {
    global("document").map(JsCast::unchecked_into)
}

fn global(name: &str) -> Option<JsValue> {
    Reflect::get(&js_sys::global(), &name.into()).ok().filter(JsValue::is_truthy)
}
