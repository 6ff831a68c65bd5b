//! What a server renders is pending, and nothing has been started for it.

use indexie::__private::subscriptions;
use indexie_leptos::use_live_query;
use indexie_tests::UserDb;
use leptos::prelude::*;

#[component]
fn Count(db: UserDb) -> impl IntoView {
    let count = use_live_query(move || db.users.count().live());
    view! { <p>{move || count.with(|count| format!("{:?} {}", count.data, count.loading))}</p> }
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
