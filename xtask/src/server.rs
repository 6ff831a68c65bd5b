//! A small web server for the built sites. It listens on this machine's loopback address only. What is no file, an
//! [`Api`] may answer.

pub mod api;
mod pages;

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};
use tiny_http::{HTTPVersion, Header, Method, Request, Response};

use api::Api;
use pages::{Page, mime_type, resolve};

const FIRST_PORT: u16 = 8787;
const PORTS_TRIED: u16 = 100;
const THREADS: usize = 4;

/// The headers that give a page a clock of microseconds, where others get one that is much coarser: nothing of another site is
/// in its process then.
const ISOLATED: &[(&str, &str)] =
    &[("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Embedder-Policy", "require-corp")];

/// A running server. It serves until the program ends.
#[derive(Debug)]
pub struct Server {
    port: u16,
    threads: Vec<JoinHandle<()>>,
}

/// What is served.
struct Site {
    root: PathBuf,
    headers: &'static [(&'static str, &'static str)],
    api: Option<Box<dyn Api>>,
}

impl Server {
    /// Serves the files below `root` on the first free port.
    pub fn start(root: PathBuf) -> Result<Self> {
        Self::serve(Site { root, headers: &[], api: None }, None)
    }

    /// Serves the files below `root`, on `port` or on the first free one, and lets `api` answer what it is asked for.
    pub fn with_api(root: PathBuf, port: Option<u16>, api: impl Api + 'static) -> Result<Self> {
        Self::serve(Site { root, headers: &[], api: Some(Box::new(api)) }, port)
    }

    /// Serves the files below `root` on the first free port, as pages that are isolated from other sites.
    pub fn isolated(root: PathBuf) -> Result<Self> {
        Self::serve(Site { root, headers: ISOLATED, api: None }, None)
    }

    fn serve(site: Site, port: Option<u16>) -> Result<Self> {
        let (listener, port) = match port {
            Some(port) => (listen(port)?, port),
            None => listen_on_a_free_port()?,
        };
        let (listener, site) = (Arc::new(listener), Arc::new(site));
        let threads = (0..THREADS)
            .map(|_| {
                let (listener, site) = (Arc::clone(&listener), Arc::clone(&site));
                thread::spawn(move || {
                    for request in listener.incoming_requests() {
                        answer(&site, request);
                    }
                })
            })
            .collect();
        Ok(Self { port, threads })
    }

    /// The address of the site's index page.
    pub fn address(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// Goes on serving.
    pub fn wait(self) {
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn listen(port: u16) -> Result<tiny_http::Server> {
    tiny_http::Server::http(("127.0.0.1", port)).map_err(|error| anyhow!("could not listen on port {port}: {error}"))
}

fn listen_on_a_free_port() -> Result<(tiny_http::Server, u16)> {
    let last = FIRST_PORT + PORTS_TRIED;
    (FIRST_PORT..last)
        .find_map(|port| Some((listen(port).ok()?, port)))
        .ok_or_else(|| anyhow!("no port from {FIRST_PORT} to {last} is free; name one with --port"))
}

/// Where a program that wants to be told an address can listen: one that was free a moment ago will be.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn answer(site: &Site, request: Request) {
    let unanswered = match &site.api {
        Some(api) => api::answer(&**api, request),
        None => Some(request),
    };
    let Some(request) = unanswered else {
        return;
    };
    let page = match request.method() {
        Method::Get | Method::Head => resolve(&site.root, request.url()),
        _ => Page::Nowhere,
    };
    // A browser that went away while it was being answered is no error.
    let _ = match page {
        Page::File(path) => match File::open(&path) {
            Ok(file) => {
                let response = with_header(Response::from_file(file), "Content-Type", mime_type(&path));
                let response =
                    site.headers.iter().fold(response, |response, (name, value)| with_header(response, name, value));
                // A rebuilt example must not meet its older half in the browser's cache.
                let response = with_header(response, "Cache-Control", "no-cache");
                respond(request, response)
            }
            Err(_) => not_found(request),
        },
        Page::Redirect(to) => respond(request, with_header(Response::empty(308), "Location", &to)),
        Page::Nowhere => not_found(request),
    };
}

/// Answers as HTTP once did: the browser ends the connection then. Of several connections that come at once, `tiny_http` can leave
/// some unread until another one ends (`browser_tests::occupied` tells why), and a page is loaded from several files at once.
fn respond(request: Request, response: Response<impl Read>) -> io::Result<()> {
    let (headers, without_body) = (request.headers().to_vec(), *request.method() == Method::Head);
    let mut writer = request.into_writer();
    response.raw_print(&mut writer, HTTPVersion(1, 0), &headers, without_body, None)?;
    writer.flush()
}

/// Adds a header, unless its value holds what no header may hold.
fn with_header<R: Read>(response: Response<R>, name: &str, value: &str) -> Response<R> {
    match Header::from_bytes(name, value) {
        Ok(header) => response.with_header(header),
        Err(()) => response,
    }
}

fn not_found(request: Request) -> io::Result<()> {
    respond(request, Response::from_string("not found\n").with_status_code(404))
}
