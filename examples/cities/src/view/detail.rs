//! The dialog about one place, with the form that changes it.

use web_sys::{Document, HtmlButtonElement, HtmlDialogElement, HtmlElement, HtmlInputElement};

use super::element::find;
use crate::atlas::Place;
use crate::edit::{Edit, Field};
use crate::trouble::Result;
use crate::wording;

#[derive(Debug)]
pub struct Detail {
    pub dialog: HtmlDialogElement,
    pub close: HtmlButtonElement,
    /// Narrows the search to the place's country.
    pub country: HtmlButtonElement,
    pub form: HtmlElement,
    pub delete: HtmlButtonElement,
    new_name: HtmlInputElement,
    new_population: HtmlInputElement,
    name: HtmlElement,
    whereabouts: HtmlElement,
    population: HtmlElement,
    world: HtmlElement,
    nation: HtmlElement,
    coordinates: HtmlElement,
    id: HtmlElement,
}

impl Detail {
    pub fn find(document: &Document) -> Result<Self> {
        Ok(Self {
            dialog: find(document, "detail")?,
            close: find(document, "detail-close")?,
            country: find(document, "detail-country")?,
            form: find(document, "detail-form")?,
            delete: find(document, "detail-delete")?,
            new_name: find(document, "detail-new-name")?,
            new_population: find(document, "detail-new-population")?,
            name: find(document, "detail-name")?,
            whereabouts: find(document, "detail-where")?,
            population: find(document, "detail-population")?,
            world: find(document, "detail-world")?,
            nation: find(document, "detail-nation")?,
            coordinates: find(document, "detail-coordinates")?,
            id: find(document, "detail-id")?,
        })
    }

    /// Opens the dialog about another place; the ranks come later.
    pub fn open(&self, place: &Place, country: &str) -> Result<()> {
        for field in [&self.new_name, &self.new_population] {
            put(field, "");
        }
        self.world.set_text_content(Some("…"));
        self.nation.set_text_content(Some("…"));
        self.show(place, country);
        if !self.dialog.open() {
            self.dialog.show_modal()?;
        }
        Ok(())
    }

    /// Shows the place as it is now. A field that the reader is editing is left alone.
    pub fn show(&self, place: &Place, country: &str) {
        let whereabouts = match place.region.as_str() {
            "" => country.to_owned(),
            region => format!("{region}, {country}"),
        };
        let population = wording::thousands(place.population as usize);
        let coordinates = wording::coordinates(place.latitude, place.longitude);
        for (element, text) in [
            (&self.name, place.name.as_str()),
            (&self.whereabouts, &whereabouts),
            (&self.population, &population),
            (&self.coordinates, &coordinates),
            (&self.id, &place.id.to_string()),
        ] {
            element.set_text_content(Some(text));
        }
        self.country.set_text_content(Some(&format!("All of {country}")));
        offer(&self.new_name, &place.name);
        offer(&self.new_population, &place.population.to_string());
    }

    /// What the reader has changed in the form.
    pub fn edit(&self) -> Edit {
        let (name, population) = (&self.new_name, &self.new_population);
        Edit::of(
            Field { given: &name.default_value(), typed: &name.value() },
            Field { given: &population.default_value(), typed: &population.value() },
            |name| js_sys::JsString::from(name).normalize("NFD").into(),
        )
    }

    /// Says how many places are larger: in the world, and in the country.
    pub fn rank(&self, larger_in_the_world: usize, larger_in_the_country: usize) {
        let text = |larger: usize| match larger {
            0 => "the largest".to_owned(),
            _ => format!("{} largest", wording::ordinal(larger + 1)),
        };
        self.world.set_text_content(Some(&text(larger_in_the_world)));
        self.nation.set_text_content(Some(&text(larger_in_the_country)));
    }

    pub fn is_open(&self) -> bool {
        self.dialog.open()
    }

    pub fn close(&self) {
        self.dialog.close();
    }
}

/// Puts a text into a field, unless the reader is editing it.
fn offer(field: &HtmlInputElement, text: &str) {
    let is_edited = Field { given: &field.default_value(), typed: &field.value() }.is_edited(text);
    if !is_edited {
        put(field, text);
    }
}

/// The default value is what the page has put into the field.
fn put(field: &HtmlInputElement, text: &str) {
    field.set_default_value(text);
    if field.value() != text {
        field.set_value(text);
    }
}
