//! The switch of the sync, and how it stands. The browser remembers where the switch was left.

use leptos::prelude::*;

use crate::sync::ListSync;

/// The setting's name.
const SETTING: &str = "indexie-todo:sync";
const ON: &str = "on";

#[component]
pub fn Syncing(sync: ListSync) -> impl IntoView {
    if was_on() {
        sync.start();
    }
    let switch = move |_| {
        if sync.is_on() {
            sync.stop();
        } else {
            sync.start();
        }
        remember(sync.is_on());
    };
    let words = move || sync.standing().words;
    view! {
        <div id="sync" class="switch">
            <label>
                <input id="sync-on" type="checkbox" prop:checked=move || sync.is_on() on:change=switch />
                "Sync with other browsers"
            </label>
            <span id="sync-status" class="muted" role="status">{words}</span>
            <Show when=move || sync.standing().can_retry>
                <button id="sync-retry" type="button" class="quiet" on:click=move |_| sync.retry()>
                    "Try now"
                </button>
            </Show>
        </div>
    }
}

fn was_on() -> bool {
    settings().and_then(|settings| settings.get_item(SETTING).ok()?).is_some_and(|setting| setting == ON)
}

fn remember(is_on: bool) {
    let Some(settings) = settings() else { return };
    // A browser that keeps nothing begins with the switch off next time.
    let _ = if is_on { settings.set_item(SETTING, ON) } else { settings.remove_item(SETTING) };
}

/// The page's own settings; none where the user keeps pages from storing anything.
fn settings() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}
