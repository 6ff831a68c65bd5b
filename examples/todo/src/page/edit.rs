//! The form in a row that gives a todo another title, and the focus on its way into the form and back.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::{Button, Input};
use leptos::prelude::*;

use super::Changing;
use crate::changes;
use crate::todos::Item;

/// Whether a row has its form open, and the button that opens it.
#[derive(Clone, Copy, Default)]
pub struct Edit {
    is_open: RwSignal<bool>,
    pub button: NodeRef<Button>,
}

impl Edit {
    pub fn is_open(self) -> bool {
        self.is_open.get()
    }

    pub fn open(self) {
        self.is_open.set(true);
    }

    fn close(self) {
        self.is_open.set(false);
        // The button is there again with the next frame.
        request_animation_frame(move || {
            if let Some(button) = self.button.get_untracked() {
                // Fails for an element that has no document only.
                let _ = button.focus();
            }
        });
    }
}

#[component]
pub fn Editing(item: Memo<Item>, edit: Edit) -> impl IntoView {
    let changing = expect_context::<Changing>();
    let given = item.with_untracked(|item| item.todo.title.clone());
    let input = NodeRef::<Input>::new();
    input.on_load(|input| {
        request_animation_frame(move || {
            let _ = input.focus();
            input.select();
        });
    });
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let title = input.get_untracked().map(|input| input.value().trim().to_owned()).unwrap_or_default();
        let Item { todo, .. } = item.get_untracked();
        if !title.is_empty() && title != todo.title {
            let edit = changes::Edit::Title(title);
            changing.change(async move |db, road| changes::edit(db, &todo.uid, edit, road).await);
        }
        edit.close();
    };
    let leave = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            edit.close();
        }
    };
    view! {
        <form class="edit" on:submit=save on:keydown=leave>
            <input
                node_ref=input
                type="text"
                aria-label="Title"
                autocomplete="off"
                maxlength="200"
                required
                value=given
            />
            <button type="submit" class="primary">
                "Save"
            </button>
            <button type="button" class="quiet" on:click=move |_| edit.close()>
                "Cancel"
            </button>
        </form>
    }
}
