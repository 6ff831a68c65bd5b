//! From what the reader does to what the app does. Nothing is decided here.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent};

use super::App;
use crate::keys::{Action, Focus, Landing, action};
use crate::search::Column;
use crate::trouble::Result;
use crate::view::element::on;

/// Listens to everything on the page, as long as it lives.
pub fn connect(app: &Rc<App>) -> Result<()> {
    let view = &app.view;
    connect_form(app)?;
    on_click(app, &view.by_name, |app| app.order_by(Column::Name))?;
    on_click(app, &view.by_population, |app| {
        app.order_by(Column::Population);
    })?;
    on_click(app, &view.previous, |app| app.previous_page(Landing::Stay))?;
    on_click(app, &view.next, |app| app.next_page(Landing::Stay))?;
    on_click(app, &view.import, App::import)?;
    on_click(app, &view.stop, App::stop_import)?;
    on_click(app, &view.reset, App::reset)?;
    connect_rows(app)?;
    connect_detail(app)?;
    connect_theme(app)?;
    let this = Rc::clone(app);
    on(&view.document, "keydown", move |event: KeyboardEvent| {
        key(&this, &event);
    })
}

fn on_click(app: &Rc<App>, target: &Element, react: impl Fn(&Rc<App>) + 'static) -> Result<()> {
    let app = Rc::clone(app);
    on(target, "click", move |_: Event| react(&app))
}

fn connect_form(app: &Rc<App>) -> Result<()> {
    let view = &app.view;
    let this = Rc::clone(app);
    on(&view.search, "input", move |_: Event| {
        this.type_text(this.view.search.value());
    })?;
    let this = Rc::clone(app);
    on(&view.country, "change", move |_: Event| {
        let code = this.view.country.value();
        this.narrow_to((!code.is_empty()).then_some(code));
    })?;
    on(&view.form, "submit", |event: Event| event.prevent_default())?;
    on_click(app, &view.clear, App::clear)
}

fn connect_rows(app: &Rc<App>) -> Result<()> {
    let body = app.view.rows.body();
    let this = Rc::clone(app);
    on(body, "click", move |event: Event| {
        if let Some(row) = row_of(&this, &event) {
            this.view.rows.focus(row);
            this.open(row);
        }
    })?;
    let this = Rc::clone(app);
    on(body, "focusin", move |event: Event| {
        let row = row_of(&this, &event);
        let state = this.state.borrow();
        this.view.map.point_at(row.and_then(|row| state.shown.get(row)));
    })?;
    let this = Rc::clone(app);
    on(body, "focusout", move |_: Event| {
        this.view.map.point_at(None);
    })
}

fn row_of(app: &App, event: &Event) -> Option<usize> {
    let element = event.target()?.dyn_into::<Element>().ok()?;
    app.view.rows.index_of(&element)
}

fn connect_detail(app: &Rc<App>) -> Result<()> {
    let detail = &app.view.detail;
    on_click(app, &detail.close, |app| app.view.detail.close())?;
    on_click(app, &detail.country, App::open_country)?;
    on_click(app, &detail.delete, App::delete_place)?;
    let this = Rc::clone(app);
    on(&detail.form, "submit", move |event: Event| {
        event.prevent_default();
        this.save();
    })?;
    let this = Rc::clone(app);
    on(&detail.dialog, "close", move |_: Event| {
        // The event comes a while after: the next place may be open by now.
        if !this.view.detail.is_open() {
            this.closed();
        }
    })?;
    // The dialog's padding belongs to its children; a click on the dialog itself is one outside.
    let this = Rc::clone(app);
    on(&detail.dialog, "click", move |event: Event| {
        if event.target().as_ref() == Some(this.view.detail.dialog.as_ref()) {
            this.view.detail.close();
        }
    })
}

/// The map is painted in the theme's colours, and a canvas does not follow them by itself.
fn connect_theme(app: &Rc<App>) -> Result<()> {
    let Some(window) = app.view.document.default_view() else {
        return Ok(());
    };
    let Some(theme) = window.match_media("(prefers-color-scheme: dark)")? else {
        return Ok(());
    };
    let this = Rc::clone(app);
    on(&theme, "change", move |_: Event| this.view.map.repaint())
}

fn key(app: &Rc<App>, event: &KeyboardEvent) {
    let is_combination = event.ctrl_key() || event.meta_key() || event.alt_key();
    // An open dialog handles its keys itself, and keys of an input method are not for us.
    if is_combination || event.is_composing() || app.view.detail.is_open() {
        return;
    }
    let shown = app.state.borrow().shown.len();
    if let Some(action) = action(&event.key(), focus(app, event), shown) {
        event.prevent_default();
        act(app, action);
    }
}

fn focus(app: &App, event: &KeyboardEvent) -> Focus {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(target) = target else {
        return Focus::Elsewhere;
    };
    if app.view.search.is_same_node(Some(&target)) {
        Focus::Search
    } else if app.view.country.is_same_node(Some(&target)) {
        Focus::Choice
    } else {
        app.view.rows.index_of(&target).map_or(Focus::Elsewhere, Focus::Row)
    }
}

fn act(app: &Rc<App>, action: Action) {
    match action {
        Action::GoToSearch => app.view.focus_search(),
        Action::GoToRow(row) => {
            app.view.rows.focus(row);
        }
        Action::Open(row) => app.open(row),
        Action::NextPage(landing) => app.next_page(landing),
        Action::PreviousPage(landing) => app.previous_page(landing),
        Action::Clear => app.clear(),
    }
}
