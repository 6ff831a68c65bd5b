//! Requests in a browser: `fetch`, of windows and of workers.
//! Called by the sync through `HttpClient`.

use futures::future::LocalBoxFuture;
use futures::stream::{self, LocalBoxStream};
use futures::{FutureExt, StreamExt};
use js_sys::{Array, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, ReadableStreamDefaultReader, RequestInit, Response};

use super::{HttpClient, HttpError, HttpRequest, HttpResponse};

#[wasm_bindgen]
extern "C" {
    /// The global function, whichever scope this runs in.
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// Sends requests with the browser's `fetch`.
///
/// Of a response from another origin a browser shows only the headers that the server exposes. A request that it blocks fails with the
/// same message as one that does not reach the server. Firefox keeps a response back until the first of its body has come: of an idle
/// stream that is the first sign of life.
#[derive(Clone, Copy, Debug, Default)]
pub struct FetchClient;

impl FetchClient {
    /// The client that is used without another.
    #[must_use]
    pub fn new() -> FetchClient {
        FetchClient
    }
}

impl HttpClient for FetchClient {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpError>> {
        async move { send(&request).await.map_err(|error| describe(&error)) }.boxed_local()
    }
}

async fn send(request: &HttpRequest) -> Result<HttpResponse, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.append(name, value)?;
    }
    let running = Running { controller: AbortController::new()?, over: false };
    let init = RequestInit::new();
    init.set_headers(&headers);
    init.set_signal(Some(&running.controller.signal()));
    let response: Response = JsFuture::from(fetch(&request.url, &init)?).await?.unchecked_into();
    let mut answer = HttpResponse::new(response.status());
    for header in response.headers().entries() {
        let header: Array = header?.unchecked_into();
        if let (Some(name), Some(value)) = (header.get(0).as_string(), header.get(1).as_string()) {
            answer = answer.header(name, value);
        }
    }
    let Some(stream) = response.body() else {
        return Ok(answer);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    Ok(answer.stream(body(reader, running)))
}

/// Aborts the request when it is dropped, unless that is over.
struct Running {
    controller: AbortController,
    over: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.over {
            self.controller.abort();
        }
    }
}

fn body(reader: ReadableStreamDefaultReader, running: Running) -> LocalBoxStream<'static, Result<Vec<u8>, HttpError>> {
    stream::unfold(Some((reader, running)), async |reading| {
        let (reader, mut running) = reading?;
        match read(&reader).await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some((reader, running)))),
            Ok(None) => {
                running.over = true;
                None
            }
            Err(error) => Some((Err(describe(&error)), None)),
        }
    })
    .boxed_local()
}

/// The next piece, or nothing at the end.
async fn read(reader: &ReadableStreamDefaultReader) -> Result<Option<Vec<u8>>, JsValue> {
    let result = JsFuture::from(reader.read()).await?;
    if Reflect::get(&result, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    let bytes: Uint8Array = Reflect::get(&result, &"value".into())?.unchecked_into();
    Ok(Some(bytes.to_vec()))
}

/// The browser's message. Anything can be thrown, if a page replaces `fetch` by its own.
fn describe(error: &JsValue) -> HttpError {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => HttpError::new(String::from(error.message())),
        None => HttpError::new(error.as_string().unwrap_or_else(|| format!("{error:?}"))),
    }
}
