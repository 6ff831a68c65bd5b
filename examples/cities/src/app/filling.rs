//! What changes how much there is: importing, stopping, deleting; and watching how much that is.

use std::rc::Rc;
use std::time::Duration;

use wasm_bindgen_futures::spawn_local;

use super::{App, State};
use crate::import;
use crate::keys::Landing;
use crate::results::Results;
use crate::survey::{Progress, Survey};
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
            app.show_all();
        });
    }

    async fn import_what_is_missing(self: &Rc<Self>) -> Result<()> {
        self.draw_map().await?;
        let mut is_first_page_missing = self.state.borrow().survey.is_none();
        import::import(&self.atlas, |progress, places| {
            self.view.importing(progress);
            self.view.map.add(places);
            // The largest places come first: from here on the first page is what it will be.
            if is_first_page_missing && progress.done > 0 {
                is_first_page_missing = false;
                self.watch();
            }
        })
        .await
    }

    /// Stops an import where it is. What was written stays, and can be searched.
    pub(super) fn stop_import(self: &Rc<Self>) {
        self.importing.stop();
        self.show_all();
    }

    pub(super) fn reset(self: &Rc<Self>) {
        for task in [&self.importing, &self.drawing, &self.surveying, &self.searching, &self.counting] {
            task.stop();
        }
        self.view.clear_alert();
        let app = Rc::clone(self);
        spawn_local(async move {
            if let Err(trouble) = app.atlas.delete().await {
                app.view.alert(&trouble.into());
            }
            *app.state.borrow_mut() = State::default();
            app.show_all();
        });
    }

    /// Shows the whole page as the database is, now that this tab does not fill it.
    pub(super) fn show_all(self: &Rc<Self>) {
        {
            let mut state = self.state.borrow_mut();
            state.is_settled = true;
            state.survey = None;
        }
        self.watch();
    }

    /// Watches how much there is, and with that known all the rest.
    fn watch(self: &Rc<Self>) {
        let app = Rc::clone(self);
        self.surveying.run(async move {
            let mut surveys = Results::of(Survey::live(&app.atlas));
            match surveys.next().await.map_err(Into::into).and_then(|survey| app.surveyed(survey)) {
                Ok(()) => app.watch_the_rest(),
                Err(trouble) => return app.fail(&trouble),
            }
            loop {
                let shown = surveys.next().await.map_err(Into::into).and_then(|survey| app.surveyed(survey));
                if let Err(trouble) = shown {
                    app.view.alert(&trouble);
                }
            }
        });
    }

    fn watch_the_rest(self: &Rc<Self>) {
        let is_settled = {
            let mut state = self.state.borrow_mut();
            state.is_counted = false;
            state.is_settled
        };
        self.read_page(Duration::ZERO, Landing::Stay);
        if is_settled {
            self.draw();
        }
    }

    /// Shows how much there is, and of which countries.
    fn surveyed(self: &Rc<Self>, survey: Survey) -> Result<()> {
        let before = self.state.borrow_mut().survey.take();
        if before.as_ref().is_none_or(|before| before.countries != survey.countries) {
            self.show_countries(&survey)?;
        }
        let is_settled = self.state.borrow().is_settled;
        if is_settled {
            self.view.settled(survey.progress());
            // While another tab imports, a map would be out of date before it is drawn.
            if before.is_some_and(|before| before.places != survey.places) && survey.progress().is_at_rest() {
                self.draw();
            }
        }
        self.state.borrow_mut().survey = Some(survey);
        Ok(())
    }

    fn show_countries(&self, survey: &Survey) -> Result<()> {
        self.view.countries(&survey.countries)?;
        let by_code = survey.countries.iter().map(|country| (country.code.clone(), country.name.clone()));
        let by_code = by_code.collect();
        self.state.borrow_mut().countries = by_code;
        self.view.search(&self.state.borrow().search)?;
        if !self.state.borrow().shown.is_empty() {
            // The rows have come before the names of their countries.
            self.show_page()?;
        }
        Ok(())
    }

    fn draw(self: &Rc<Self>) {
        let app = Rc::clone(self);
        self.drawing.run(async move {
            if let Err(trouble) = app.draw_map().await {
                app.view.alert(&trouble);
            }
        });
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
