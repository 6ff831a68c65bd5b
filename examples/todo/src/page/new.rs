//! The form that adds a todo.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;

use super::Changing;
use crate::changes;
use crate::todos::Todo;

#[component]
pub fn New() -> impl IntoView {
    let changing = expect_context::<Changing>();
    let title = NodeRef::<Input>::new();
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        let Some((title, uid)) = title.get_untracked().zip(new_uid()) else {
            return;
        };
        if let Some(todo) = Todo::titled(&title.value(), uid) {
            title.set_value("");
            changing.change(async move |db, road| changes::add(db, todo, road).await);
        }
    };
    view! {
        <form id="new" class="new" on:submit=add>
            <label for="new-title">"What is to be done?"</label>
            <div>
                <input id="new-title" node_ref=title type="text" autocomplete="off" maxlength="200" required />
                <button type="submit" class="primary">"Add"</button>
            </div>
        </form>
    }
}

/// A name that nothing else has; browsers give one to pages that came over a secure connection, or from this machine.
fn new_uid() -> Option<String> {
    web_sys::window()?.crypto().ok().map(|crypto| crypto.random_uuid())
}
