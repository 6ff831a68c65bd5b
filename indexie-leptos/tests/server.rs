//! What a server renders is pending, and nothing has been started for it.

use std::thread;

use indexie::__private::subscriptions;
use indexie_leptos::use_live_query;
use indexie_tests::UserDb;
use leptos::prelude::*;

#[component]
fn Count(db: UserDb) -> impl IntoView {
    let count = use_live_query(move || db.users.count().live());
    view! { <p>{move || count.with(|count| format!("{:?} {}", count.data, count.loading))}</p> }
}

/// Has its queries in the browser only, as the documentation says.
#[component]
fn App(db: UserDb) -> impl IntoView {
    let in_browser = RwSignal::new(false);
    Effect::new(move || in_browser.set(true));
    let count = move || view! { <Count db=db.clone() /> };
    view! { <main>{move || in_browser.get().then(&count)}</main> }
}

#[test]
fn a_server_render_stays_pending() {
    let db = UserDb::new();
    Owner::new().with(|| {
        let html = view! { <Count db=db.clone() /> }.to_html();
        assert!(html.contains("None true"), "{html}");
        assert_eq!(subscriptions(), 0);
    });
    assert!(!db.is_open());
}

#[test]
fn what_one_thread_has_rendered_another_one_drops() {
    let owner = Owner::new();
    let html = owner.with(|| view! { <App db=UserDb::new() /> }.to_html());
    assert!(html.starts_with("<main>") && !html.contains("<p>"), "{html}");
    let dropped = thread::spawn(move || {
        owner.cleanup();
        drop(owner);
    });
    assert!(dropped.join().is_ok());
}

#[test]
fn what_one_thread_has_made_another_one_renders() {
    let owner = Owner::new();
    let view = owner.with(|| view! { <App db=UserDb::new() /> });
    let rendered = thread::spawn(move || {
        let html = owner.with(|| view.to_html());
        owner.cleanup();
        html
    });
    let html = rendered.join().expect("nothing is bound to a thread");
    assert!(html.starts_with("<main>") && !html.contains("<p>"), "{html}");
}
