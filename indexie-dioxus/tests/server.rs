//! What a server renders is pending, and nothing has been started for it.

use dioxus::prelude::*;
use indexie::__private::subscriptions;
use indexie_dioxus::use_live_query;
use indexie_tests::UserDb;

#[component]
fn Count() -> Element {
    let db = use_context::<UserDb>();
    let count = use_live_query(move || db.users.count().live());
    let count = count.read();
    rsx! { p { "{count.data:?} {count.loading}" } }
}

#[test]
fn a_server_render_stays_pending() {
    let db = UserDb::new();
    let mut app = VirtualDom::new(Count).with_root_context(db.clone());
    app.rebuild_in_place();
    futures::executor::block_on(app.wait_for_suspense());
    assert_eq!(dioxus_ssr::render(&app), "<p>None true</p>");
    assert_eq!(subscriptions(), 0);
    assert!(!db.is_open());
}
