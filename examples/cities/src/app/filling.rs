//! What changes how much there is: importing, stopping, deleting; and showing it afterwards.

use std::rc::Rc;
use std::time::Duration;

use wasm_bindgen_futures::spawn_local;

use super::{App, State};
use crate::import::{self, Progress};
use crate::keys::Landing;
use crate::trouble::Result;
use crate::view::Stage;

impl App {
    /// Imports what is missing, and fills the page meanwhile.
    pub(super) fn import(self: &Rc<Self>) {
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
        let mut is_first_page_missing = true;
        import::import(&self.atlas, |progress, places| {
            self.view.importing(progress);
            self.view.map.add(places);
            // The largest places come first: from here on the first page is what it will be.
            if is_first_page_missing && progress.done > 0 {
                is_first_page_missing = false;
                self.show_first_page();
            }
        })
        .await
    }

    fn show_first_page(self: &Rc<Self>) {
        let app = Rc::clone(self);
        self.searching.run(async move {
            let shown = async {
                app.show_countries().await?;
                app.answer(Landing::Stay).await
            };
            if let Err(trouble) = shown.await {
                app.view.alert(&trouble);
            }
        });
    }

    /// Stops an import where it is. What was written stays, and can be searched.
    pub(super) fn stop_import(self: &Rc<Self>) {
        self.importing.stop();
        let app = Rc::clone(self);
        spawn_local(async move { app.show_all().await });
    }

    pub(super) fn reset(self: &Rc<Self>) {
        self.importing.stop();
        self.searching.stop();
        self.drawing.stop();
        self.view.clear_alert();
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
    pub(super) async fn show_all(self: &Rc<Self>) {
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

    /// Shows how much there is, and of which countries.
    async fn show_extent(&self) -> Result<()> {
        let progress = Progress::read(&self.atlas).await?;
        self.show_countries().await?;
        self.view.settled(progress);
        Ok(())
    }

    async fn show_countries(&self) -> Result<()> {
        let countries = self.atlas.countries.order_by(|c| c.name).to_vec().await?;
        self.view.countries(&countries)?;
        let by_code = countries.into_iter().map(|country| (country.code, country.name));
        self.state.borrow_mut().countries = by_code.collect();
        self.view.search(&self.state.borrow().search)
    }

    /// Draws a dot for every place that the database has, a chunk at a time.
    async fn draw_map(self: &Rc<Self>) -> Result<()> {
        self.view.map.clear();
        self.view.map.mark(&self.state.borrow().shown);
        let app = Rc::clone(self);
        let places = self.atlas.places.order_by(|p| p.population).reverse();
        places.for_each_chunk(async move |places| app.view.map.add(&places)).await?;
        Ok(())
    }
}
