//! What happens: the page's state, and who changes it. `events` says what the reader did, `filling`
//! brings places in and out of the database, `reading` searches them and shows what it finds, and
//! `dialog` is about one of them. What is shown is watched: other tabs change it too.
//!
//! No borrow of the state is held across an `await`, and none that writes while the view works:
//! moving the focus calls back into `events`.

mod dialog;
mod events;
mod filling;
mod reading;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use indexie::Cursor;
use wasm_bindgen_futures::spawn_local;

use crate::atlas::{Atlas, Place};
use crate::latest::Latest;
use crate::search::Search;
use crate::survey::Survey;
use crate::trail::Trail;
use crate::trouble::Trouble;
use crate::view::{Stage, View};

struct App {
    atlas: Atlas,
    view: View,
    state: RefCell<State>,
    // What is under way, by subject: at most one of each.
    importing: Latest,
    drawing: Latest,
    // What is watched: how much there is, the page of rows, how many are found, the place in the dialog.
    surveying: Latest,
    searching: Latest,
    counting: Latest,
    visiting: Latest,
}

/// What the page shows, apart from what the database holds.
#[derive(Default)]
struct State {
    /// Whether no import of this tab is changing what the database holds.
    is_settled: bool,
    /// What the database held when it was last looked at.
    survey: Option<Survey>,
    search: Search,
    trail: Trail<Cursor>,
    /// Whether it is being watched how many places the search finds.
    is_counted: bool,
    shown: Vec<Place>,
    /// The country's name, by its code.
    countries: HashMap<String, String>,
    /// The place in the dialog.
    open: Option<Place>,
}

/// Starts the page. Trouble is shown in it; a page that lacks its parts cannot, so its loader is told.
pub fn start() {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let started = View::find(document).and_then(|view| {
        let app = Rc::new(App {
            atlas: Atlas::new(),
            view,
            state: RefCell::default(),
            importing: Latest::default(),
            drawing: Latest::default(),
            surveying: Latest::default(),
            searching: Latest::default(),
            counting: Latest::default(),
            visiting: Latest::default(),
        });
        events::connect(&app)?;
        Ok(app)
    });
    match started {
        Ok(app) => app.begin(),
        Err(trouble) => wasm_bindgen::throw_str(&trouble.to_string()),
    }
}

impl App {
    /// Shows what is there, or imports what is not.
    fn begin(self: &Rc<Self>) {
        let app = Rc::clone(self);
        spawn_local(async move {
            match Survey::read(&app.atlas).await {
                Ok(survey) if survey.progress().is_complete() => app.show_all(),
                Ok(_) => app.import(),
                Err(error) => app.fail(&error.into()),
            }
        });
    }

    fn fail(&self, trouble: &Trouble) {
        self.view.alert(trouble);
        self.view.stage(Stage::Failed);
    }
}

impl State {
    fn country_of<'a>(&'a self, place: &'a Place) -> &'a str {
        self.countries.get(&place.country).map_or(place.country.as_str(), String::as_str)
    }
}
