//! The table's rows: filling them, and moving the focus through them.

use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement, HtmlTableSectionElement};

use super::element::{append, find, make};
use crate::atlas::Place;
use crate::trouble::Result;
use crate::wording;

/// What a row shows beside the place itself.
#[derive(Debug)]
pub struct Row<'a> {
    /// The position in the whole list, from 1.
    pub rank: usize,
    pub place: &'a Place,
    pub country: &'a str,
}

#[derive(Debug)]
pub struct Rows {
    document: Document,
    body: HtmlTableSectionElement,
    empty: HtmlElement,
}

impl Rows {
    pub fn find(document: &Document) -> Result<Self> {
        Ok(Self { document: document.clone(), body: find(document, "rows")?, empty: find(document, "empty")? })
    }

    pub fn body(&self) -> &HtmlTableSectionElement {
        &self.body
    }

    /// Takes all rows away, and with them the focus that one of them had.
    pub fn clear(&self) {
        self.body.set_text_content(None);
    }

    /// Shows these rows, and in their absence `empty`. The lines of the table are kept, so the focus stays in its line.
    pub fn show(&self, rows: &[Row], searched: &str, empty: &str) -> Result<()> {
        for (at, row) in rows.iter().enumerate() {
            match self.line(at) {
                Some(line) => self.fill(&line, row, searched)?,
                None => append(&self.body, &self.new_line(row, searched)?)?,
            }
        }
        while let Some(line) = self.line(rows.len()) {
            line.remove();
        }
        // One row is in the tab order, the arrows lead to the others.
        if self.lines().all(|line| line.tab_index() < 0)
            && let Some(first) = self.line(0)
        {
            first.set_tab_index(0);
        }
        self.empty.set_text_content(Some(empty));
        self.empty.set_hidden(!rows.is_empty());
        Ok(())
    }

    fn new_line(&self, row: &Row, searched: &str) -> Result<HtmlElement> {
        let line = make(&self.document, "tr", "", "")?;
        line.set_tab_index(-1);
        self.fill(&line, row, searched)?;
        Ok(line)
    }

    fn fill(&self, line: &HtmlElement, row: &Row, searched: &str) -> Result<()> {
        let make = |name, class, text: &str| make(&self.document, name, class, text);
        let (matched, rest) = wording::split_match(row.place, searched);
        let name = make("td", "name", "")?;
        if !matched.is_empty() {
            append(&name, &make("mark", "", matched)?)?;
        }
        name.append_with_str_1(rest)?;

        line.set_text_content(None);
        append(line, &make("td", "rank", &wording::thousands(row.rank))?)?;
        append(line, &name)?;
        append(line, &make("td", "region", &row.place.region)?)?;
        append(line, &make("td", "country", row.country)?)?;
        let population = wording::thousands(row.place.population as usize);
        append(line, &make("td", "number", &population)?)
    }

    fn line(&self, at: usize) -> Option<HtmlElement> {
        let line = self.body.children().item(u32::try_from(at).ok()?);
        line.and_then(|line| line.dyn_into().ok())
    }

    fn lines(&self) -> impl Iterator<Item = HtmlElement> {
        (0..).map_while(|at| self.line(at))
    }

    /// The row, counted from 0, that an element is in.
    pub fn index_of(&self, element: &web_sys::Element) -> Option<usize> {
        let row = element.closest("tr").ok()??;
        if !self.body.contains(Some(&row)) {
            return None;
        }
        std::iter::successors(row.previous_element_sibling(), web_sys::Element::previous_element_sibling).count().into()
    }

    /// The row, counted from 0, that has the focus.
    pub fn focused(&self) -> Option<usize> {
        self.index_of(&self.document.active_element()?)
    }

    /// Gives the focus, and the place in the tab order, to one row; `false` if there is none such.
    pub fn focus(&self, index: usize) -> bool {
        let mut found = false;
        for (at, line) in self.lines().enumerate() {
            let wanted = at == index;
            line.set_tab_index(if wanted { 0 } else { -1 });
            if wanted {
                found = line.focus().is_ok();
            }
        }
        found
    }
}
