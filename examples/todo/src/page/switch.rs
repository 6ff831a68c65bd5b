//! How the backend behaves, for a person to try: fast, slow or failing.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend::{self, Mode};

#[component]
pub fn Switch() -> impl IntoView {
    let mode = RwSignal::new(None);
    let look = move || {
        spawn_local(async move { mode.set(backend::mode().await.ok().flatten()) });
    };
    look();
    // Another tab may have switched it.
    let looking = window_event_listener(ev::focus, move |_| look());
    on_cleanup(move || looking.remove());

    let choose = move |chosen: Mode| {
        spawn_local(async move { mode.set(backend::switch_to(chosen).await.ok().map(|()| chosen)) });
    };
    let choice = move |each: Mode| {
        view! {
            <label>
                <input
                    id=format!("mode-{}", each.name())
                    type="radio"
                    name="mode"
                    prop:checked=move || mode.get() == Some(each)
                    on:change=move |_| choose(each)
                />
                {each.name()}
            </label>
        }
    };
    view! {
        <fieldset id="mode" class="switch" data-mode=move || mode.get().map(Mode::name)>
            <legend>"The backend is"</legend>
            {Mode::ALL.map(choice).collect_view()}
        </fieldset>
    }
}
