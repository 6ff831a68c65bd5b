//! The dialog about one place.

use web_sys::{Document, HtmlButtonElement, HtmlDialogElement, HtmlElement};

use super::element::find;
use crate::atlas::Place;
use crate::trouble::Result;
use crate::wording;

#[derive(Debug)]
pub struct Detail {
    pub dialog: HtmlDialogElement,
    pub close: HtmlButtonElement,
    /// Narrows the search to the place's country.
    pub country: HtmlButtonElement,
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
            name: find(document, "detail-name")?,
            whereabouts: find(document, "detail-where")?,
            population: find(document, "detail-population")?,
            world: find(document, "detail-world")?,
            nation: find(document, "detail-nation")?,
            coordinates: find(document, "detail-coordinates")?,
            id: find(document, "detail-id")?,
        })
    }

    /// Opens the dialog; the ranks come later.
    pub fn show(&self, place: &Place, country: &str) -> Result<()> {
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
            (&self.world, "…"),
            (&self.nation, "…"),
            (&self.coordinates, &coordinates),
            (&self.id, &place.id.to_string()),
        ] {
            element.set_text_content(Some(text));
        }
        self.country.set_text_content(Some(&format!("All of {country}")));
        if !self.dialog.open() {
            self.dialog.show_modal()?;
        }
        Ok(())
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
