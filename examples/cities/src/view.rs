//! What is seen: the elements of `index.html`, and one function for each thing they can show.
//! The view knows nothing of the database; `app` tells it what to show.

pub mod detail;
pub mod element;
pub mod map;
pub mod rows;

use web_sys::{
    Document, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlProgressElement,
    HtmlSelectElement,
};

use self::detail::Detail;
use self::element::{append, find};
use self::map::Map;
use self::rows::Rows;
use crate::atlas::Country;
use crate::search::{Column, Direction, Search};
use crate::survey::Progress;
use crate::trouble::{Result, Trouble};
use crate::wording::{places, thousands};

/// How far the page is, for whoever drives it from outside.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    Loading,
    Ready,
    Failed,
}

#[derive(Debug)]
pub struct View {
    pub document: Document,
    pub rows: Rows,
    pub detail: Detail,
    pub map: Map,
    pub form: HtmlElement,
    pub search: HtmlInputElement,
    pub country: HtmlSelectElement,
    pub clear: HtmlButtonElement,
    pub by_name: HtmlButtonElement,
    pub by_population: HtmlButtonElement,
    pub previous: HtmlButtonElement,
    pub next: HtmlButtonElement,
    pub import: HtmlButtonElement,
    pub stop: HtmlButtonElement,
    pub reset: HtmlButtonElement,
    summary: HtmlElement,
    alert: HtmlElement,
    progress_panel: HtmlElement,
    progress_label: HtmlElement,
    progress: HtmlProgressElement,
    head_name: HtmlElement,
    head_population: HtmlElement,
    count: HtmlElement,
    time: HtmlElement,
    page: HtmlElement,
    query: HtmlElement,
    plan: HtmlElement,
}

impl View {
    pub fn find(document: Document) -> Result<Self> {
        Ok(Self {
            rows: Rows::find(&document)?,
            detail: Detail::find(&document)?,
            map: Map::find(&document)?,
            form: find(&document, "form")?,
            search: find(&document, "search")?,
            country: find(&document, "country")?,
            clear: find(&document, "clear")?,
            by_name: find(&document, "by-name")?,
            by_population: find(&document, "by-population")?,
            previous: find(&document, "previous")?,
            next: find(&document, "next")?,
            import: find(&document, "import")?,
            stop: find(&document, "stop")?,
            reset: find(&document, "reset")?,
            summary: find(&document, "summary")?,
            alert: find(&document, "alert")?,
            progress_panel: find(&document, "progress-panel")?,
            progress_label: find(&document, "progress-label")?,
            progress: find(&document, "progress")?,
            head_name: find(&document, "head-name")?,
            head_population: find(&document, "head-population")?,
            count: find(&document, "count")?,
            time: find(&document, "time")?,
            page: find(&document, "page")?,
            query: find(&document, "query")?,
            plan: find(&document, "plan")?,
            document,
        })
    }

    pub fn stage(&self, stage: Stage) {
        let name = match stage {
            Stage::Loading => "loading",
            Stage::Ready => "ready",
            Stage::Failed => "failed",
        };
        if let Some(body) = self.document.body() {
            // Fails for an invalid attribute name only.
            let _ = body.dataset().set("state", name);
        }
    }

    pub fn alert(&self, trouble: &Trouble) {
        self.alert.set_text_content(Some(&trouble.to_string()));
        self.alert.set_hidden(false);
    }

    pub fn is_alerting(&self) -> bool {
        !self.alert.hidden()
    }

    pub fn clear_alert(&self) {
        self.alert.set_hidden(true);
    }

    /// An import is under way.
    pub fn importing(&self, Progress { done, total }: Progress) {
        self.progress_panel.set_hidden(false);
        self.import.set_hidden(true);
        self.reset.set_hidden(true);
        self.summary.set_text_content(Some("Filling the database…"));
        if total == 0 {
            // Without a value the bar says that it does not know.
            let _ = self.progress.remove_attribute("value");
            self.progress_label.set_text_content(Some("Fetching the places…"));
        } else {
            self.progress.set_max(to_f64(total));
            self.progress.set_value(to_f64(done));
            let text = format!("Importing: {} of {}", thousands(done), places(total));
            self.progress_label.set_text_content(Some(&text));
        }
    }

    /// No import is under way; the database has this much.
    pub fn settled(&self, progress: Progress) {
        let Progress { done, total } = progress;
        self.progress_panel.set_hidden(true);
        self.import.set_hidden(progress.is_complete());
        self.reset.set_hidden(total == 0);
        let (summary, import) = if progress.is_complete() {
            (format!("{}, in this browser's IndexedDB.", places(done)), "Import")
        } else if total == 0 {
            ("The database is empty.".to_owned(), "Import the places")
        } else {
            let text = format!("{} of {} are imported.", thousands(done), places(total));
            (text, "Go on importing")
        };
        self.summary.set_text_content(Some(&summary));
        self.import.set_text_content(Some(import));
    }

    /// Fills the list of countries, and keeps the one that was chosen.
    pub fn countries(&self, countries: &[Country]) -> Result<()> {
        let chosen = self.country.value();
        self.country.set_length(1);
        for country in countries {
            let text = format!("{} ({})", country.name, thousands(country.places as usize));
            let option = HtmlOptionElement::new_with_text_and_value(&text, &country.code)?;
            append(&self.country, &option)?;
        }
        self.country.set_value(&chosen);
        Ok(())
    }

    /// Shows what is being searched for: form, headings and the query's text.
    pub fn search(&self, search: &Search) -> Result<()> {
        if self.search.value() != search.text {
            self.search.set_value(&search.text);
        }
        self.country.set_value(search.country.as_deref().unwrap_or_default());
        self.clear.set_disabled(!search.is_narrowed());
        let order = match search.direction {
            Direction::Up => "ascending",
            Direction::Down => "descending",
        };
        let (ordered, other) = match search.column {
            Column::Name => (&self.head_name, &self.head_population),
            Column::Population => (&self.head_population, &self.head_name),
        };
        ordered.set_attribute("aria-sort", order)?;
        other.remove_attribute("aria-sort")?;
        self.query.set_text_content(Some(&search.as_rust()));
        Ok(())
    }

    pub fn found(&self, count: usize, search: &Search) {
        let text = if search.is_narrowed() { format!("{} found", places(count)) } else { places(count) };
        self.count.set_text_content(Some(&text));
    }

    pub fn read_in(&self, milliseconds: f64) {
        let text = format!("page read in {} ms", milliseconds.round().max(1.0));
        self.time.set_text_content(Some(&text));
    }

    pub fn pager(&self, number: usize, has_previous: bool, has_next: bool) {
        let focused = self.document.active_element();
        self.page.set_text_content(Some(&format!("Page {}", thousands(number))));
        self.previous.set_disabled(!has_previous);
        self.next.set_disabled(!has_next);
        // A button that is disabled loses the focus, and the reader the place.
        let _ = if focused.as_ref() == Some(&self.previous) && !has_previous {
            self.next.focus()
        } else if focused.as_ref() == Some(&self.next) && !has_next {
            self.previous.focus()
        } else {
            Ok(())
        };
    }

    pub fn plan(&self, plan: &str) {
        self.plan.set_text_content(Some(plan));
    }

    pub fn focus_search(&self) {
        // Fails for an element that has no document only.
        let _ = self.search.focus();
        self.search.select();
    }
}

fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
