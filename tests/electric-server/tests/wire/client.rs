//! A client that shows responses as they are on the wire. All modules of this target use it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use electric_server::Server;
use serde_json::Value;

/// A response whose headers have come.
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
    has_body: bool,
}

/// A body that ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Body {
    pub bytes: Vec<u8>,
    /// Whether it ended as HTTP says, not by a connection that broke.
    pub whole: bool,
}

/// `GET /v1/shape?{query}`.
pub fn get(server: &Server, query: &str) -> Response {
    send(server, "GET", query, &[], "")
}

/// Any request to `/v1/shape`.
pub fn send(server: &Server, method: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Response {
    request(server, method, &format!("/v1/shape?{query}"), headers, body).expect("a response")
}

/// Any request; `None` where the connection ends without a response.
pub fn request(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Response> {
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_mins(2))).expect("a time that is not zero");
    let lines: String = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n{lines}", server.address());
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    stream.write_all(format!("{head}{length}\r\n{body}").as_bytes()).expect("the request is taken");
    let mut reader = BufReader::new(stream);
    let status = line(&mut reader)?;
    let status: u16 = status.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        let line = line(&mut reader)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Some(Response { status, headers, reader, has_body: method != "HEAD" && status != 204 && status != 304 })
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The handle it tells.
    pub fn handle(&self) -> String {
        self.header("electric-handle").expect("a handle").to_owned()
    }

    pub fn offset(&self) -> &str {
        self.header("electric-offset").expect("an offset")
    }

    /// The whole body, which has to be whole.
    pub fn text(self) -> String {
        let body = self.body();
        assert!(body.whole, "the connection broke after {:?}", String::from_utf8_lossy(&body.bytes));
        String::from_utf8(body.bytes).expect("UTF-8")
    }

    pub fn json(self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// What comes until the body ends, or the connection.
    pub fn body(mut self) -> Body {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk() {
            if chunk.is_empty() {
                return Body { bytes, whole: true };
            }
            bytes.extend(chunk);
        }
        Body { bytes, whole: false }
    }

    /// What is sent next; empty at the end, `None` where the connection breaks.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        if !self.has_body {
            return Some(Vec::new());
        }
        let length = if let Some(length) = self.header("content-length") {
            let length = length.parse().expect("a length");
            self.headers.retain(|(name, _)| name != "content-length");
            self.has_body = false;
            length
        } else {
            usize::from_str_radix(&line(&mut self.reader)?, 16).ok()?
        };
        let mut chunk = vec![0; length];
        self.reader.read_exact(&mut chunk).ok()?;
        if self.has_body {
            line(&mut self.reader)?;
            self.has_body = length > 0;
        }
        Some(chunk)
    }

    /// What the bytes come through.
    pub fn stream(&mut self) -> &mut TcpStream {
        self.reader.get_mut()
    }

    /// The next frame of an event stream that is no comment.
    pub fn message(&mut self) -> String {
        loop {
            let frame = self.frame();
            if !frame.starts_with(':') {
                return frame;
            }
        }
    }

    /// The next frame of an event stream; empty at its end.
    pub fn frame(&mut self) -> String {
        String::from_utf8(self.chunk().expect("a frame")).expect("UTF-8")
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}
