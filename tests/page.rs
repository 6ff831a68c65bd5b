//! A place in the page for a framework's component, and what a user sees and does there.
//! Called by the tests of the adapters.

use indexie::LiveQuery;
use indexie::prelude::*;
use js_sys::{Date, Promise};
use wasm_bindgen_futures::JsFuture;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{HtmlElement, window};

use crate::{User, UserDb};

/// In milliseconds: more than any browser needs, on any machine.
const PATIENCE: f64 = 120_000.0;

/// An element of its own for a test.
#[derive(Debug)]
pub struct Place(pub HtmlElement);

impl Place {
    /// At the end of the page.
    ///
    /// # Panics
    ///
    /// Where there is no page.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it does something to the page")]
    pub fn new() -> Self {
        let document = window().and_then(|window| window.document()).expect("a page");
        let element = document.create_element("div").expect("an element").unchecked_into::<HtmlElement>();
        document.body().expect("a body").append_child(&element).expect("appended");
        Self(element)
    }

    /// Clicks what a selector finds.
    ///
    /// # Panics
    ///
    /// If it finds nothing.
    pub fn click(&self, selector: &str) {
        let found = self.0.query_selector(selector).expect("a selector").expect("something to click");
        found.unchecked_into::<HtmlElement>().click();
    }

    /// Waits until a paragraph reads so, or until there is none.
    ///
    /// # Panics
    ///
    /// If that takes too long; says what is there instead.
    pub async fn shows(&self, wanted: Option<&str>) {
        let end = Date::now() + PATIENCE;
        loop {
            let paragraph = self.0.query_selector("p").expect("a selector");
            let text = paragraph.and_then(|paragraph| paragraph.text_content());
            if text.as_deref() == wanted {
                return;
            }
            assert!(Date::now() < end, "{text:?} is shown, and not {wanted:?}");
            later().await;
        }
    }
}

/// Comes back when the browser has done what was due.
async fn later() {
    let mut timer = |resolve: js_sys::Function, _| {
        window().expect("a page").set_timeout_with_callback(&resolve).expect("a timer");
    };
    JsFuture::from(Promise::new(&mut timer)).await.expect("a timer does not fail");
}

/// The names of the users that are old enough, by age. A nameless user is an error.
pub fn names(db: &UserDb, min: u32) -> LiveQuery<Vec<String>> {
    let users = db.users.clone();
    live_query(async move || {
        let rows = users.where_(|u| u.age).at_least(min).to_vec().await?;
        let name = |user: User| if user.name.is_empty() { Err(Error::user("nameless")) } else { Ok(user.name) };
        rows.into_iter().map(name).collect()
    })
}

/// What a component writes: `… ` while it loads, the names, and what went wrong.
#[must_use]
pub fn text(loading: bool, names: &[String], error: Option<&Error>) -> String {
    let loading = if loading { "… " } else { "" };
    let error = error.map(|error| format!(", {error}")).unwrap_or_default();
    format!("{loading}{}{error}", names.join(" "))
}
