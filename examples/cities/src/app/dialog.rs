//! The dialog about one place: it shows what becomes of the place, and changes it.

use std::rc::Rc;

use indexie::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::App;
use crate::atlas::{Atlas, Place};
use crate::results::Results;
use crate::trouble::Result;

/// A place, and how many are larger.
#[derive(Clone, PartialEq)]
struct Standing {
    place: Place,
    larger_in_the_world: usize,
    larger_in_the_country: usize,
}

impl App {
    /// Opens the dialog about a row's place.
    pub(super) fn open(self: &Rc<Self>, row: usize) {
        let Some(place) = self.state.borrow().shown.get(row).cloned() else {
            return;
        };
        let id = place.id;
        let shown = self.view.detail.open(&place, self.state.borrow().country_of(&place));
        if let Err(trouble) = shown {
            return self.view.alert(&trouble);
        }
        self.state.borrow_mut().open = Some(place);
        let app = Rc::clone(self);
        self.visiting.run(async move {
            let standing = clone!(app => async move || Standing::read(&app.atlas, id).await);
            let mut standings = Results::of(live_query(standing));
            loop {
                match standings.next().await {
                    Ok(Some(standing)) => app.show_standing(standing),
                    // Somebody has deleted it.
                    Ok(None) => app.view.detail.close(),
                    Err(error) => app.view.alert(&error.into()),
                }
            }
        });
    }

    fn show_standing(&self, standing: Standing) {
        let Standing { place, larger_in_the_world, larger_in_the_country } = standing;
        self.view.detail.show(&place, self.state.borrow().country_of(&place));
        self.view.detail.rank(larger_in_the_world, larger_in_the_country);
        self.state.borrow_mut().open = Some(place);
    }

    /// The dialog has been closed, by whomever.
    pub(super) fn closed(&self) {
        self.visiting.stop();
        self.state.borrow_mut().open = None;
    }

    /// Shows all of the country of the place in the dialog.
    pub(super) fn open_country(self: &Rc<Self>) {
        let country = self.state.borrow().open.as_ref().map(|place| place.country.clone());
        self.view.detail.close();
        self.show_country(country);
    }

    /// Saves what the reader has changed. The page of rows sees that by itself, as any other tab does.
    pub(super) fn save(self: &Rc<Self>) {
        let edit = self.view.detail.edit();
        if edit.is_empty() {
            return self.view.detail.close();
        }
        self.change(async move |atlas, place| {
            atlas.places.update(place.id, move |place| edit.apply(place)).await?;
            Ok(())
        });
    }

    /// Deletes the place, and has its country know that there is one less.
    pub(super) fn delete_place(self: &Rc<Self>) {
        self.change(async move |atlas, place| {
            let tables = (&atlas.places, &atlas.countries);
            let delete = atlas.transaction(Mode::ReadWrite, tables, async move |(places, countries)| {
                places.delete(place.id).await?;
                countries.update(place.country, |country| country.places = country.places.saturating_sub(1)).await
            });
            delete.await?;
            Ok(())
        });
    }

    /// Closes the dialog once the change of its place is stored.
    fn change(self: &Rc<Self>, change: impl AsyncFnOnce(&Atlas, Place) -> Result<()> + 'static) {
        let Some(place) = self.state.borrow().open.clone() else {
            return;
        };
        let app = Rc::clone(self);
        spawn_local(async move {
            if let Err(trouble) = change(&app.atlas, place).await {
                app.view.alert(&trouble);
            }
            app.view.detail.close();
        });
    }
}

impl Standing {
    async fn read(atlas: &Atlas, id: u32) -> indexie::Result<Option<Self>> {
        let places = &atlas.places;
        let Some(place) = places.get(id).await? else {
            return Ok(None);
        };
        let world = places.where_(|p| p.population).above(place.population).count().await?;
        let country = place.country.as_str();
        let larger = (country, place.population.saturating_add(1))..=(country, u32::MAX);
        let nation = places.where_(|p| p.country_population).between(larger).count().await?;
        Ok(Some(Self { place, larger_in_the_world: world, larger_in_the_country: nation }))
    }
}
