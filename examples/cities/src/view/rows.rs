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

    /// Shows these rows, and in their absence `empty`.
    pub fn fill(&self, rows: &[Row], searched: &str, empty: &str) -> Result<()> {
        let fragment = self.document.create_document_fragment();
        for row in rows {
            let is_first = fragment.child_element_count() == 0;
            append(&fragment, &self.row(row, searched, is_first)?)?;
        }
        self.body.set_text_content(None);
        append(&self.body, &fragment)?;
        self.empty.set_text_content(Some(empty));
        self.empty.set_hidden(!rows.is_empty());
        Ok(())
    }

    fn row(&self, row: &Row, searched: &str, is_first: bool) -> Result<HtmlElement> {
        let make = |name, class, text: &str| make(&self.document, name, class, text);
        let line = make("tr", "", "")?;
        // One row is in the tab order, the arrows lead to the others.
        line.set_tab_index(if is_first { 0 } else { -1 });

        let (matched, rest) = wording::split_match(row.place, searched);
        let name = make("td", "name", "")?;
        if !matched.is_empty() {
            append(&name, &make("mark", "", matched)?)?;
        }
        name.append_with_str_1(rest)?;

        append(&line, &make("td", "rank", &wording::thousands(row.rank))?)?;
        append(&line, &name)?;
        append(&line, &make("td", "region", &row.place.region)?)?;
        append(&line, &make("td", "country", row.country)?)?;
        let population = wording::thousands(row.place.population as usize);
        append(&line, &make("td", "number", &population)?)?;
        Ok(line)
    }

    /// The row, counted from 0, that an element is in.
    pub fn index_of(&self, element: &web_sys::Element) -> Option<usize> {
        let row = element.closest("tr").ok()??;
        if !self.body.contains(Some(&row)) {
            return None;
        }
        std::iter::successors(row.previous_element_sibling(), web_sys::Element::previous_element_sibling).count().into()
    }

    /// Gives the focus, and the place in the tab order, to one row; `false` if there is none such.
    pub fn focus(&self, index: usize) -> bool {
        let mut found = false;
        let rows = self.body.children();
        for at in 0..rows.length() {
            let row = rows.item(at).and_then(|row| row.dyn_into::<HtmlElement>().ok());
            let Some(row) = row else { continue };
            let wanted = at as usize == index;
            row.set_tab_index(if wanted { 0 } else { -1 });
            if wanted {
                found = row.focus().is_ok();
            }
        }
        found
    }
}
