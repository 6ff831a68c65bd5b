//! From a change of the search to the page of rows, and to each one that it becomes. One road:
//! `search_changed` (or a turn of the page), `read_page`, `answer` or `refresh`, `show_page`.

use std::rc::Rc;
use std::time::Duration;

use indexie::{Cursor, Page};

use super::{App, State};
use crate::atlas::Place;
use crate::keys::Landing;
use crate::latest::pause;
use crate::refocus::refocused;
use crate::results::Results;
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
            state.is_counted = false;
        }
        self.counting.stop();
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

    /// Shows all of a country, whatever was searched for.
    pub(super) fn show_country(self: &Rc<Self>, country: Option<String>) {
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

    /// Watches the page that the state asks for, and no longer the one before.
    pub(super) fn read_page(self: &Rc<Self>, delay: Duration, landing: Landing) {
        let app = Rc::clone(self);
        self.searching.run(async move {
            if !delay.is_zero() {
                pause(delay).await;
            }
            let (search, cursor) = {
                let state = app.state.borrow();
                (state.search.clone(), state.trail.cursor())
            };
            if let Err(trouble) = app.watch_page(search, cursor, landing).await {
                app.fail(&trouble);
            }
        });
    }

    /// Does not end, unless the first page fails. The next page's cursor is read with each page, and may be another one each time.
    async fn watch_page(self: &Rc<Self>, search: Search, cursor: Option<Cursor>, landing: Landing) -> Result<()> {
        let query = search.query(&self.atlas.places);
        let from_here = match cursor {
            Some(cursor) => query.after(cursor),
            None => query.clone(),
        };
        let start = js_sys::Date::now();
        let mut pages = Results::of(from_here.page(PAGE).live());
        let page = pages.next().await?;
        self.view.read_in(js_sys::Date::now() - start);
        self.view.plan(&query.limit(PAGE).explain());
        self.answer(page, landing)?;
        self.count_found();
        loop {
            let shown = pages.next().await.map_err(Into::into).and_then(|page| self.refresh(page));
            if let Err(trouble) = shown {
                self.view.alert(&trouble);
            }
        }
    }

    /// Shows a page that the reader has asked for.
    fn answer(self: &Rc<Self>, page: Page<Place>, landing: Landing) -> Result<()> {
        self.arrived(page);
        self.view.rows.clear();
        self.show_page()?;
        self.land(landing);
        if self.state.borrow().is_settled {
            // What is shown may be all there is because an import failed.
            self.view.stage(if self.view.is_alerting() { Stage::Failed } else { Stage::Ready });
        }
        Ok(())
    }

    /// Shows what has become of the page. The focus stays with its place.
    fn refresh(self: &Rc<Self>, page: Page<Place>) -> Result<()> {
        if page.rows.is_empty() && self.state.borrow().trail.has_previous() {
            // All of its places have gone: the reader is better off where there may be some.
            self.state.borrow_mut().trail = Trail::default();
            self.read_page(Duration::ZERO, Landing::Stay);
            return Ok(());
        }
        let before = self.arrived(page);
        let focused = self.view.rows.focused();
        self.show_page()?;
        let focused = focused.and_then(|row| refocused(&before, &self.state.borrow().shown, row));
        if let Some(row) = focused {
            self.view.rows.focus(row);
        }
        Ok(())
    }

    /// Returns what was shown before.
    fn arrived(&self, page: Page<Place>) -> Vec<Place> {
        let mut state = self.state.borrow_mut();
        state.trail.arrived(page.next);
        std::mem::replace(&mut state.shown, page.rows)
    }

    /// Watches how many places the search finds, once for all of its pages.
    fn count_found(self: &Rc<Self>) {
        let search = {
            let mut state = self.state.borrow_mut();
            if std::mem::replace(&mut state.is_counted, true) {
                return;
            }
            state.search.clone()
        };
        let app = Rc::clone(self);
        self.counting.run(async move {
            let mut counts = Results::of(search.query(&app.atlas.places).count().live());
            loop {
                match counts.next().await {
                    Ok(count) => app.view.found(count, &search),
                    Err(error) => app.view.alert(&error.into()),
                }
            }
        });
    }

    pub(super) fn show_page(&self) -> Result<()> {
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
        self.view.rows.show(&rows, &search.text, empty)?;
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
}
