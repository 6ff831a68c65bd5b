//! What can go wrong on this page, in words for the person looking at it.

use wasm_bindgen::{JsCast, JsValue};

use crate::data::Malformed;

pub type Result<T, E = Trouble> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("The database said: {0}")]
    Database(#[from] indexie::Error),
    #[error("The file of places cannot be read: {0}")]
    Data(#[from] Malformed),
    #[error("The file of places could not be fetched: {0}")]
    Download(String),
    #[error("The browser said: {0}")]
    Browser(String),
    #[error("This page has no element `#{0}` of the kind it needs.")]
    Element(&'static str),
}

impl From<JsValue> for Trouble {
    fn from(thrown: JsValue) -> Self {
        Self::Browser(describe(&thrown))
    }
}

/// The message of an error, or the thing itself as text.
pub fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{thrown:?}"),
    }
}
