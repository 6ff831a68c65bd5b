//! The tour in a web page. `document.body.dataset.state` says how far it is: `running`, `done` or
//! `failed`; the element `#output` holds what it said.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, HtmlButtonElement, HtmlElement};

use crate::tour::{Line, tour};

/// The parts of `index.html` that change.
#[derive(Clone)]
struct Page {
    document: Document,
    body: HtmlElement,
    output: HtmlElement,
    status: HtmlElement,
    again: HtmlButtonElement,
}

/// Runs the tour, and again whenever the button is pressed.
pub fn start() {
    let started = Page::find().and_then(|page| {
        page.run_at_click()?;
        Ok(page)
    });
    match started {
        Ok(page) => page.run(),
        Err(missing) => wasm_bindgen::throw_val(missing),
    }
}

impl Page {
    fn find() -> Result<Self, JsValue> {
        let document = web_sys::window().and_then(|window| window.document()).ok_or("this is not a page")?;
        Ok(Self {
            body: document.body().ok_or("the page is empty")?,
            output: find(&document, "output")?,
            status: find(&document, "status")?,
            again: find(&document, "again")?,
            document,
        })
    }

    fn run_at_click(&self) -> Result<(), JsValue> {
        let page = self.clone();
        let run = Closure::<dyn FnMut()>::new(move || page.run());
        self.again.add_event_listener_with_callback("click", run.as_ref().unchecked_ref())?;
        run.forget();
        Ok(())
    }

    fn run(&self) {
        let page = self.clone();
        page.output.set_text_content(None);
        page.say("running", "Running…");
        page.again.set_disabled(true);
        spawn_local(async move {
            match tour(|line| page.show(line)).await {
                Ok(()) => page.say("done", "Done: every line ran, and these are the rows it read."),
                Err(error) => page.say("failed", &format!("It stopped: {error}")),
            }
            page.again.set_disabled(false);
        });
    }

    fn say(&self, state: &str, text: &str) {
        self.status.set_text_content(Some(text));
        // Fails for an invalid attribute name only.
        let _ = self.body.dataset().set("state", state);
    }

    fn show(&self, line: Line) {
        let (name, class, text) = match line {
            Line::Heading(text) => ("h2", "heading", text.to_owned()),
            Line::Code(text) => ("code", "call", text),
            Line::Answer(text) => ("div", "answer", format!("→ {text}")),
        };
        // Fails for an invalid element name only.
        if let Ok(element) = self.document.create_element(name) {
            element.set_class_name(class);
            element.set_text_content(Some(&text));
            let _ = self.output.append_child(&element);
        }
    }
}

fn find<E: JsCast>(document: &Document, id: &str) -> Result<E, JsValue> {
    let element = document.get_element_by_id(id).and_then(|element| element.dyn_into().ok());
    element.ok_or_else(|| JsValue::from(format!("the page has no element #{id}")))
}
