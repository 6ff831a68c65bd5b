//! From a change of the search to the page of rows, and to the dialog about one of them. One road:
//! `search_changed` (or a turn of the page), `read_page`, `answer`, `show_page`.

use std::rc::Rc;
use std::time::Duration;

use super::{App, State};
use crate::atlas::Place;
use crate::keys::Landing;
use crate::latest::pause;
use crate::search::{Column, Search};
use crate::trail::Trail;
use crate::trouble::Result;
use crate::view::Stage;
use crate::view::rows::Row;

const PAGE: usize = 20;
/// Long enough that fast typing asks once, short enough not to be felt.
const TYPING: Duration = Duration::from_millis(80);

impl App {
    /// The search is another one now: shows it, and reads its first page.
    fn search_changed(self: &Rc<Self>, delay: Duration, change: impl FnOnce(&mut Search)) {
        {
            let mut state = self.state.borrow_mut();
            change(&mut state.search);
            state.trail = Trail::default();
            state.found = None;
        }
        self.view.clear_alert();
        if let Err(trouble) = self.view.search(&self.state.borrow().search) {
            self.view.alert(&trouble);
        }
        self.read_page(delay, Landing::Stay);
    }

    pub(super) fn order_by(self: &Rc<Self>, column: Column) {
        self.search_changed(Duration::ZERO, |search| search.order_by(column));
    }

    pub(super) fn narrow_to(self: &Rc<Self>, country: Option<String>) {
        self.search_changed(Duration::ZERO, |search| search.country = country);
    }

    pub(super) fn type_text(self: &Rc<Self>, text: String) {
        self.search_changed(TYPING, |search| search.text = text);
    }

    pub(super) fn clear(self: &Rc<Self>) {
        if self.state.borrow().search.is_narrowed() {
            self.search_changed(Duration::ZERO, |search| {
                search.text.clear();
                search.country = None;
            });
            self.view.focus_search();
        }
    }

    /// Shows all of the country of the place in the dialog.
    pub(super) fn open_country(self: &Rc<Self>) {
        let country = self.state.borrow().open.as_ref().map(|place| place.country.clone());
        self.view.detail.close();
        self.search_changed(Duration::ZERO, |search| {
            search.text.clear();
            search.country = country;
        });
        self.view.focus_search();
    }

    pub(super) fn next_page(self: &Rc<Self>, landing: Landing) {
        if self.state.borrow_mut().trail.forward() {
            self.read_page(Duration::ZERO, landing);
        }
    }

    pub(super) fn previous_page(self: &Rc<Self>, landing: Landing) {
        if self.state.borrow_mut().trail.back() {
            self.read_page(Duration::ZERO, landing);
        }
    }

    /// Reads the page that the state asks for; a page that was still being read is dropped.
    pub(super) fn read_page(self: &Rc<Self>, delay: Duration, landing: Landing) {
        let app = Rc::clone(self);
        self.searching.run(async move {
            if !delay.is_zero() {
                pause(delay).await;
            }
            if let Err(trouble) = app.answer(landing).await {
                return app.fail(&trouble);
            }
            if app.state.borrow().is_settled {
                // What is shown may be all there is because an import failed.
                app.view.stage(if app.view.is_alerting() { Stage::Failed } else { Stage::Ready });
            }
        });
    }

    pub(super) async fn answer(&self, landing: Landing) -> Result<()> {
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
            // An import would make the number a lie at once.
            None if !self.state.borrow().is_settled => return Ok(()),
            None => query.count().await?,
        };
        self.state.borrow_mut().found = Some(found);
        self.view.found(found, &search);
        Ok(())
    }

    fn show_page(&self) -> Result<()> {
        let state = self.state.borrow();
        let State { search, trail, shown, .. } = &*state;
        let before = (trail.number() - 1) * PAGE;
        let rows: Vec<_> = shown
            .iter()
            .enumerate()
            .map(|(index, place)| Row { rank: before + index + 1, place, country: state.country_of(place) })
            .collect();
        let empty = if search.is_narrowed() {
            "No place is called so. Esc clears the search."
        } else {
            "There is nothing here yet: import the places."
        };
        self.view.rows.fill(&rows, &search.text, empty)?;
        self.view.pager(trail.number(), trail.has_previous(), trail.has_next());
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
    pub(super) fn open(self: &Rc<Self>, row: usize) {
        let Some(place) = self.state.borrow().shown.get(row).cloned() else {
            return;
        };
        if let Err(trouble) = self.view.detail.show(&place, self.state.borrow().country_of(&place)) {
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
        let world = places.where_(|p| p.population).above(place.population).count().await?;
        let country = place.country.as_str();
        let larger = (country, place.population.saturating_add(1))..=(country, u32::MAX);
        let nation = places.where_(|p| p.country_population).between(larger).count().await?;
        Ok((world, nation))
    }
}
