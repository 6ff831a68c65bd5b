//! What happens: the page's state, and what events and answers do to it. One road leads from
//! every change of the search to the page of rows: `search_changed`, `read_page`, `answer`.
//!
//! No borrow of the state is held across an `await`, and none that writes while the view works:
//! moving the focus calls back into `events`.

mod events;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use indexie::Cursor;
use wasm_bindgen_futures::spawn_local;

use crate::atlas::{Atlas, Place};
use crate::import::{self, Progress};
use crate::keys::Landing;
use crate::latest::{Latest, pause};
use crate::search::{Column, Search};
use crate::trail::Trail;
use crate::trouble::{Result, Trouble};
use crate::view::rows::Row;
use crate::view::{Stage, View};

const PAGE: usize = 20;
/// Long enough that fast typing asks once, short enough not to be felt.
const TYPING: Duration = Duration::from_millis(80);

struct App {
    atlas: Atlas,
    view: View,
    state: RefCell<State>,
    // What is under way, by subject: at most one of each.
    importing: Latest,
    searching: Latest,
    ranking: Latest,
    drawing: Latest,
}

/// What the page shows, apart from what the database holds.
#[derive(Default)]
struct State {
    /// Whether the page knows what the database holds, and no import is changing it.
    is_settled: bool,
    search: Search,
    trail: Trail<Cursor>,
    /// How many places the search finds, once they are counted.
    found: Option<usize>,
    shown: Vec<Place>,
    /// The country's name, by its code.
    countries: HashMap<String, String>,
    /// The place in the dialog.
    open: Option<Place>,
}

/// Starts the page. Trouble is shown in it; only a page that lacks its parts stays silent.
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
            searching: Latest::default(),
            ranking: Latest::default(),
            drawing: Latest::default(),
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
            match Progress::read(&app.atlas).await {
                Ok(progress) if progress.is_complete() => app.show_all().await,
                Ok(_) => app.import(),
                Err(trouble) => app.fail(&trouble),
            }
        });
    }

    /// Imports what is missing, and fills the page meanwhile.
    fn import(self: &Rc<Self>) {
        self.state.borrow_mut().is_settled = false;
        self.drawing.stop();
        self.view.clear_alert();
        self.view.stage(Stage::Loading);
        self.view.importing(Progress { done: 0, total: 0 });
        let app = Rc::clone(self);
        self.importing.run(async move {
            if let Err(trouble) = app.import_what_is_missing().await {
                app.view.alert(&trouble);
            }
            app.show_all().await;
        });
    }

    async fn import_what_is_missing(self: &Rc<Self>) -> Result<()> {
        self.draw_map().await?;
        import::import(&self.atlas, |progress, places| {
            self.view.importing(progress);
            self.view.map.add(places);
            // The largest places come first: the first page is right from here on.
            if self.state.borrow().shown.is_empty() && progress.done > 0 {
                self.read_page(Duration::ZERO, Landing::Stay);
            }
        })
        .await
    }

    /// Stops an import where it is. What was written stays, and can be searched.
    fn stop_import(self: &Rc<Self>) {
        self.importing.stop();
        let app = Rc::clone(self);
        spawn_local(async move { app.show_all().await });
    }

    fn reset(self: &Rc<Self>) {
        self.importing.stop();
        self.searching.stop();
        self.drawing.stop();
        let app = Rc::clone(self);
        spawn_local(async move {
            if let Err(trouble) = app.atlas.delete().await {
                app.view.alert(&trouble.into());
            }
            *app.state.borrow_mut() = State::default();
            app.show_all().await;
        });
    }

    /// Brings the whole page up to date with the database.
    async fn show_all(self: &Rc<Self>) {
        match self.show_extent().await {
            Ok(()) => {
                {
                    let mut state = self.state.borrow_mut();
                    state.is_settled = true;
                    state.found = None;
                }
                self.read_page(Duration::ZERO, Landing::Stay);
                let app = Rc::clone(self);
                self.drawing.run(async move {
                    if let Err(trouble) = app.draw_map().await {
                        app.view.alert(&trouble);
                    }
                });
            }
            Err(trouble) => self.fail(&trouble),
        }
    }

    fn fail(&self, trouble: &Trouble) {
        self.view.alert(trouble);
        self.view.stage(Stage::Failed);
    }

    /// Shows how much there is, and of which countries.
    async fn show_extent(&self) -> Result<()> {
        let progress = Progress::read(&self.atlas).await?;
        let countries = self.atlas.countries.order_by(|c| c.name).to_vec().await?;
        self.view.settled(progress);
        self.view.countries(&countries)?;
        let by_code = countries
            .into_iter()
            .map(|country| (country.code, country.name));
        self.state.borrow_mut().countries = by_code.collect();
        self.view.search(&self.state.borrow().search)
    }

    /// Draws a dot for every place that the database has, a chunk at a time.
    async fn draw_map(self: &Rc<Self>) -> Result<()> {
        self.view.map.clear();
        self.view.map.mark(&self.state.borrow().shown);
        let app = Rc::clone(self);
        let places = self.atlas.places.order_by(|p| p.population).reverse();
        places
            .for_each_chunk(async move |places| app.view.map.add(&places))
            .await?;
        Ok(())
    }

    /// The search is another one now: shows it, and reads its first page.
    fn search_changed(self: &Rc<Self>, delay: Duration, change: impl FnOnce(&mut Search)) {
        {
            let mut state = self.state.borrow_mut();
            change(&mut state.search);
            state.trail = Trail::default();
            state.found = None;
        }
        if let Err(trouble) = self.view.search(&self.state.borrow().search) {
            self.view.alert(&trouble);
        }
        self.read_page(delay, Landing::Stay);
    }

    fn order_by(self: &Rc<Self>, column: Column) {
        self.search_changed(Duration::ZERO, |search| search.order_by(column));
    }

    fn narrow_to(self: &Rc<Self>, country: Option<String>) {
        self.search_changed(Duration::ZERO, |search| search.country = country);
    }

    fn type_text(self: &Rc<Self>, text: String) {
        self.search_changed(TYPING, |search| search.text = text);
    }

    fn clear(self: &Rc<Self>) {
        if self.state.borrow().search.is_narrowed() {
            self.search_changed(Duration::ZERO, |search| {
                search.text.clear();
                search.country = None;
            });
            self.view.focus_search();
        }
    }

    /// Shows all of the country of the place in the dialog.
    fn open_country(self: &Rc<Self>) {
        let country = self
            .state
            .borrow()
            .open
            .as_ref()
            .map(|place| place.country.clone());
        self.view.detail.close();
        self.search_changed(Duration::ZERO, |search| {
            search.text.clear();
            search.country = country;
        });
        self.view.focus_search();
    }

    fn next_page(self: &Rc<Self>, landing: Landing) {
        if self.state.borrow_mut().trail.forward() {
            self.read_page(Duration::ZERO, landing);
        }
    }

    fn previous_page(self: &Rc<Self>, landing: Landing) {
        if self.state.borrow_mut().trail.back() {
            self.read_page(Duration::ZERO, landing);
        }
    }

    /// Reads the page that the state asks for; a page that was still being read is dropped.
    fn read_page(self: &Rc<Self>, delay: Duration, landing: Landing) {
        let app = Rc::clone(self);
        self.searching.run(async move {
            if !delay.is_zero() {
                pause(delay).await;
            }
            if let Err(trouble) = app.answer(landing).await {
                return app.fail(&trouble);
            }
            if app.state.borrow().is_settled {
                app.view.stage(Stage::Ready);
            }
        });
    }

    async fn answer(&self, landing: Landing) -> Result<()> {
        let (search, cursor, found) = {
            let state = self.state.borrow();
            (state.search.clone(), state.trail.cursor(), state.found)
        };
        let query = search.query(&self.atlas.places);
        let start = js_sys::Date::now();
        let page = match cursor {
            Some(cursor) => query.after(cursor).page(PAGE).await?,
            None => query.page(PAGE).await?,
        };
        self.view.read_in(js_sys::Date::now() - start);
        self.view.plan(&query.limit(PAGE).explain());
        {
            let mut state = self.state.borrow_mut();
            state.trail.arrived(page.next);
            state.shown = page.rows;
        }
        self.show_page()?;
        self.land(landing);

        let found = match found {
            Some(found) => found,
            None => query.count().await?,
        };
        self.state.borrow_mut().found = Some(found);
        self.view.found(found, &search);
        Ok(())
    }

    fn show_page(&self) -> Result<()> {
        let state = self.state.borrow();
        let State {
            search,
            trail,
            shown,
            ..
        } = &*state;
        let before = (trail.number() - 1) * PAGE;
        let rows: Vec<_> = shown
            .iter()
            .enumerate()
            .map(|(index, place)| Row {
                rank: before + index + 1,
                place,
                country: state.country_of(place),
            })
            .collect();
        let empty = if search.is_narrowed() {
            "No place is called so. Esc clears the search."
        } else {
            "There is nothing here yet."
        };
        self.view.rows.fill(&rows, &search.text, empty)?;
        self.view
            .pager(trail.number(), trail.has_previous(), trail.has_next());
        self.view.map.mark(shown);
        Ok(())
    }

    fn land(&self, landing: Landing) {
        let shown = self.state.borrow().shown.len();
        match landing {
            Landing::Stay => false,
            Landing::FirstRow => self.view.rows.focus(0),
            Landing::LastRow => self.view.rows.focus(shown.saturating_sub(1)),
        };
    }

    /// Opens the dialog about a row's place, and ranks the place by counting the larger ones.
    fn open(self: &Rc<Self>, row: usize) {
        let Some(place) = self.state.borrow().shown.get(row).cloned() else {
            return;
        };
        if let Err(trouble) = self
            .view
            .detail
            .show(&place, self.state.borrow().country_of(&place))
        {
            self.view.alert(&trouble);
        }
        self.state.borrow_mut().open = Some(place.clone());
        let app = Rc::clone(self);
        self.ranking.run(async move {
            match app.count_larger(&place).await {
                Ok((world, country)) => app.view.detail.rank(world, country),
                Err(trouble) => app.view.alert(&trouble),
            }
        });
    }

    async fn count_larger(&self, place: &Place) -> Result<(usize, usize)> {
        let places = &self.atlas.places;
        let world = places
            .where_(|p| p.population)
            .above(place.population)
            .count()
            .await?;
        let country = place.country.as_str();
        let larger = (country, place.population.saturating_add(1))..=(country, u32::MAX);
        let nation = places
            .where_(|p| p.country_population)
            .between(larger)
            .count()
            .await?;
        Ok((world, nation))
    }
}

impl State {
    fn country_of<'a>(&'a self, place: &'a Place) -> &'a str {
        self.countries
            .get(&place.country)
            .map_or(place.country.as_str(), String::as_str)
    }
}
