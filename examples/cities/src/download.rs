//! The file of places, over the network and unpacked. `import` calls it.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableWritablePair, Response};

use crate::trouble::{Trouble, describe};

const ADDRESS: &str = "./static/places.txt.gz";
const GZIP: [u8; 2] = [0x1f, 0x8b];

#[wasm_bindgen]
extern "C" {
    /// The browser's own unpacker; web-sys has it among its unstable interfaces only.
    type DecompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// Fetches the file and returns its text.
pub async fn places() -> Result<String, Trouble> {
    fetch().await.map_err(|error| Trouble::Download(describe(&error)))
}

async fn fetch() -> Result<String, JsValue> {
    let window = web_sys::window().ok_or("this is not a page")?;
    let response: Response = JsFuture::from(window.fetch_with_str(ADDRESS)).await?.dyn_into()?;
    if !response.ok() {
        let status = response.status();
        return Err(js_sys::Error::new(&format!("the server answered {status}")).into());
    }
    let bytes = Uint8Array::new(&JsFuture::from(response.array_buffer()?).await?);
    let packed = Response::new_with_opt_buffer_source(Some(&bytes))?;
    // Some servers announce a `.gz` file as an encoding, and then the browser has unpacked it.
    let text = if bytes.subarray(0, 2).to_vec() == GZIP { unpack(&packed)? } else { packed };
    let text = JsFuture::from(text.text()?).await?;
    text.as_string().ok_or_else(|| "the answer is not text".into())
}

fn unpack(packed: &Response) -> Result<Response, JsValue> {
    let stream = DecompressionStream::new("gzip")?;
    let body = packed.body().ok_or("the answer is empty")?;
    let body = body.pipe_through(stream.unchecked_ref::<ReadableWritablePair>());
    Response::new_with_opt_readable_stream(Some(&body))
}
