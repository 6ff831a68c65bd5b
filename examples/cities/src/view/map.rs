//! The map that the places draw themselves: a dot for each, and rings around those on the page.

use std::cell::RefCell;
use std::f64::consts::TAU;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Document, HtmlCanvasElement, HtmlElement};

use super::element::find;
use crate::atlas::Place;
use crate::trouble::{Result, Trouble};

/// The northern edge of the map, in degrees; nobody in the data lives beyond it.
const NORTH: f64 = 78.0;

/// A place on the canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Dot {
    x: f64,
    y: f64,
    size: f64,
}

#[derive(Debug)]
pub struct Map {
    places: CanvasRenderingContext2d,
    marks: CanvasRenderingContext2d,
    width: f64,
    height: f64,
    /// Kept because a change of theme paints them anew.
    dots: RefCell<Vec<Dot>>,
    marked: RefCell<Vec<Dot>>,
    caption: HtmlElement,
    document: Document,
}

impl Map {
    pub fn find(document: &Document) -> Result<Self> {
        let canvas: HtmlCanvasElement = find(document, "map-places")?;
        Ok(Self {
            width: f64::from(canvas.width()),
            height: f64::from(canvas.height()),
            places: context(&canvas)?,
            marks: context(&find(document, "map-marks")?)?,
            dots: RefCell::default(),
            marked: RefCell::default(),
            caption: find(document, "caption")?,
            document: document.clone(),
        })
    }

    /// Adds a dot for each place.
    pub fn add(&self, places: &[Place]) {
        let dots: Vec<Dot> = places.iter().map(|place| dot(place, self.width)).collect();
        self.paint_dots(&dots);
        self.dots.borrow_mut().extend(dots);
    }

    /// Takes all dots away.
    pub fn clear(&self) {
        self.dots.borrow_mut().clear();
        self.marked.borrow_mut().clear();
        self.repaint();
    }

    /// Rings these places and no others.
    pub fn mark(&self, places: &[Place]) {
        *self.marked.borrow_mut() = places.iter().map(|place| dot(place, self.width)).collect();
        self.paint_marks(None);
        let text = match places.len() {
            0 => "Each dot is a place.",
            1 => "Each dot is a place; the place of this page is ringed.",
            _ => "Each dot is a place; those of this page are ringed.",
        };
        self.caption.set_text_content(Some(text));
    }

    /// Makes one place stand out among the marked ones.
    pub fn point_at(&self, place: Option<&Place>) {
        self.paint_marks(place.map(|place| dot(place, self.width)));
    }

    /// Paints everything again, in the colours of the theme as it is now.
    pub fn repaint(&self) {
        self.places.clear_rect(0.0, 0.0, self.width, self.height);
        self.paint_dots(&self.dots.borrow());
        self.paint_marks(None);
    }

    fn paint_dots(&self, dots: &[Dot]) {
        self.places.set_fill_style_str(&self.colour("--dot"));
        self.places.set_global_alpha(0.55);
        for Dot { x, y, size } in dots {
            self.places.fill_rect(x - size / 2.0, y - size / 2.0, *size, *size);
        }
    }

    fn paint_marks(&self, pointed: Option<Dot>) {
        self.marks.clear_rect(0.0, 0.0, self.width, self.height);
        self.marks.set_line_width(2.5);
        let warm = self.colour("--warm");
        self.marks.set_stroke_style_str(&warm);
        self.marks.set_fill_style_str(&warm);
        for dot in self.marked.borrow().iter() {
            self.circle(*dot, 7.0);
            self.marks.stroke();
        }
        if let Some(dot) = pointed {
            self.circle(dot, 8.0);
            self.marks.fill();
            self.circle(dot, 16.0);
            self.marks.stroke();
        }
    }

    fn circle(&self, dot: Dot, radius: f64) {
        self.marks.begin_path();
        // Fails for a negative radius only.
        let _ = self.marks.arc(dot.x, dot.y, radius, 0.0, TAU);
    }

    /// A colour of the style sheet, which knows the theme.
    fn colour(&self, property: &str) -> String {
        let style = self
            .document
            .document_element()
            .and_then(|root| self.document.default_view()?.get_computed_style(&root).ok()?);
        let value = style.and_then(|style| style.get_property_value(property).ok());
        value.map_or_else(|| "gray".to_owned(), |value| value.trim().to_owned())
    }
}

fn context(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d> {
    let context = canvas.get_context("2d")?.and_then(|context| context.dyn_into().ok());
    context.ok_or_else(|| Trouble::Browser("a canvas cannot be drawn on".to_owned()))
}

/// Degrees are squares on this map: simple, and everybody recognizes it.
fn dot(place: &Place, width: f64) -> Dot {
    let scale = width / 360.0;
    Dot {
        x: (place.longitude + 180.0) * scale,
        y: (NORTH - place.latitude) * scale,
        size: match place.population {
            0..100_000 => 1.6,
            100_000..1_000_000 => 2.4,
            _ => 3.6,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude: f64, longitude: f64, population: u32) -> Place {
        Place {
            id: 0,
            name: String::new(),
            names: Vec::new(),
            country: String::new(),
            region: String::new(),
            population,
            latitude,
            longitude,
        }
    }

    #[test]
    fn the_map_begins_at_the_date_line_in_the_north() {
        let corner = dot(&place(NORTH, -180.0, 20_000), 720.0);

        assert_eq!((corner.x, corner.y), (0.0, 0.0));
    }

    #[test]
    fn greenwich_is_in_the_middle_and_large_places_are_large() {
        let greenwich = dot(&place(48.0, 0.0, 2_000_000), 720.0);

        assert_eq!(greenwich, Dot { x: 360.0, y: 60.0, size: 3.6 });
    }
}
