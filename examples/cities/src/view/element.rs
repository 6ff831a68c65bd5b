//! Finding, making and listening to elements: all that the view asks of the browser's own API.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Event, EventTarget, HtmlElement, Node};

use crate::trouble::{Result, Trouble};

/// The element with this id, if it is of the wanted kind.
pub fn find<E: JsCast>(document: &Document, id: &'static str) -> Result<E> {
    let element = document.get_element_by_id(id).and_then(|element| element.dyn_into().ok());
    element.ok_or(Trouble::Element(id))
}

/// A new element with a class and a text.
pub fn make(document: &Document, name: &str, class: &str, text: &str) -> Result<HtmlElement> {
    let element = document.create_element(name)?;
    element.set_class_name(class);
    element.set_text_content(Some(text));
    element.dyn_into().map_err(|_| Trouble::Browser(format!("<{name}> is no HTML element")))
}

/// Adds a node as the last child.
pub fn append(parent: &Node, child: &impl AsRef<Node>) -> Result<()> {
    parent.append_child(child.as_ref())?;
    Ok(())
}

/// Calls `react` at every such event, as long as the page lives.
pub fn on<E: JsCast + 'static>(target: &EventTarget, event: &str, mut react: impl FnMut(E) + 'static) -> Result<()> {
    let closure = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        if let Ok(event) = event.dyn_into::<E>() {
            react(event);
        }
    });
    target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref())?;
    closure.forget();
    Ok(())
}
