//! Against a server of a few lines, which does with a connection what the test says.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::Duration;

use futures::executor::block_on;
use futures::future::join;

use super::*;

/// A connection whose request has been read.
struct Exchange {
    stream: TcpStream,
    request: String,
}

impl Exchange {
    fn chunked(&mut self) {
        self.write("HTTP/1.1 200 OK\r\nX-Kind: Chunks\r\nTransfer-Encoding: chunked\r\n\r\n");
    }

    fn chunk(&mut self, text: &str) {
        self.write(&format!("{:x}\r\n{text}\r\n", text.len()));
    }

    fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the other side has closed the connection.
    fn closed(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        match self.stream.read(&mut [0; 16]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// The address of a server that answers one request so.
fn serve(answer: impl FnOnce(Exchange) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/shape?table=a", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        answer(Exchange { stream, request: String::from_utf8(request).unwrap() });
    });
    url
}

fn send(url: String) -> LocalBoxFuture<'static, Result<HttpResponse, HttpError>> {
    ReqwestClient::new().send(HttpRequest::new(url))
}

#[test]
fn a_request_is_sent_as_it_was_given() {
    let (tell, told) = std_mpsc::channel();
    let url = serve(move |mut exchange| {
        tell.send(exchange.request.clone()).unwrap();
        exchange.write("HTTP/1.1 404 Not Found\r\nElectric-Offset: 0_0\r\nContent-Length: 4\r\n\r\nnone");
    });
    let request = HttpRequest::new(url).header("Authorization", "Bearer 1");
    block_on(async {
        let response = ReqwestClient::new().send(request).await.unwrap();
        assert_eq!((response.status, response.get("electric-offset")), (404, Some("0_0")));
        assert!(response.headers.contains(&("electric-offset".into(), "0_0".into())));
        assert_eq!(response.into_bytes().await.unwrap(), b"none");
    });
    let request = told.recv().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("get /v1/shape?table=a http/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: bearer 1\r\n"), "{request}");
}

#[test]
fn a_body_comes_as_it_is_sent() {
    // The server waits with each piece until the one before has arrived.
    let (arrived, next) = std_mpsc::channel();
    let url = serve(move |mut exchange| {
        exchange.chunked();
        for text in ["one", "two", "three"] {
            next.recv().unwrap();
            exchange.chunk(text);
        }
        exchange.chunk("");
    });
    block_on(async {
        let response = send(url).await.unwrap();
        assert_eq!(response.get("x-kind"), Some("Chunks"));
        let mut body = response.into_body();
        for text in ["one", "two", "three"] {
            arrived.send(()).unwrap();
            assert_eq!(body.next().await, Some(Ok(text.into())));
        }
        assert_eq!(body.next().await, None);
    });
}

#[test]
fn a_connection_that_is_lost_ends_the_body_with_an_error() {
    let url = serve(|mut exchange| {
        exchange.chunked();
        exchange.chunk("one");
        exchange.write("5\r\ntw");
        exchange.stream.shutdown(Shutdown::Both).unwrap();
    });
    block_on(async {
        let mut body = send(url).await.unwrap().into_body();
        let mut good = Vec::new();
        let error = loop {
            match body.next().await {
                Some(Ok(bytes)) => good.extend(bytes),
                Some(Err(error)) => break error,
                None => panic!("the body seems whole"),
            }
        };
        assert!(good.starts_with(b"one"), "{good:?}");
        assert!(!error.to_string().is_empty());
        assert_eq!(body.next().await, None);
    });
}

#[test]
fn a_body_that_is_dropped_closes_the_connection() {
    let (tell, closed) = std_mpsc::channel();
    let url = serve(move |mut exchange| {
        exchange.chunked();
        exchange.chunk("one");
        tell.send(exchange.closed()).unwrap();
    });
    block_on(async {
        let mut body = send(url).await.unwrap().into_body();
        assert_eq!(body.next().await, Some(Ok(b"one".to_vec())));
    });
    assert!(closed.recv().unwrap());
}

#[test]
fn a_response_that_is_no_longer_awaited_closes_the_connection() {
    let (tell, asked) = futures::channel::oneshot::channel();
    let (tell_closed, closed) = std_mpsc::channel();
    let url = serve(move |mut exchange| {
        tell.send(()).unwrap();
        tell_closed.send(exchange.closed()).unwrap();
    });
    block_on(async {
        let waiting = futures::future::select(send(url), asked).await;
        assert!(matches!(waiting, futures::future::Either::Right(_)));
    });
    assert!(closed.recv().unwrap());
}

#[test]
fn a_server_that_is_not_read_has_to_wait() {
    let (tell, stuck) = std_mpsc::channel();
    let url = serve(move |mut exchange| {
        exchange.chunked();
        exchange.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        let piece = format!("{:x}\r\n{}\r\n", 1 << 20, "a".repeat(1 << 20));
        tell.send((0..256).any(|_| exchange.stream.write_all(piece.as_bytes()).is_err())).unwrap();
    });
    let response = block_on(send(url)).unwrap();
    assert!(stuck.recv().unwrap());
    drop(response);
}

#[test]
fn without_a_server_the_error_says_why() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = block_on(send(format!("http://{unused}/?secret=1"))).unwrap_err().to_string();
    assert!(error.to_lowercase().contains("refused"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn what_is_no_request_is_an_error() {
    assert!(block_on(send("nowhere".into())).is_err());
    let unsendable = HttpRequest::new("http://127.0.0.1:9/").header("a b", "\n");
    assert!(block_on(ReqwestClient::new().send(unsendable)).is_err());
}

#[test]
fn it_works_within_a_runtime_of_the_apps_own_and_with_its_client() {
    let serve = || {
        serve(|mut exchange| {
            exchange.chunked();
            exchange.chunk("one");
            exchange.chunk("");
        })
    };
    let runtime = Builder::new_current_thread().build().unwrap();
    let client = ReqwestClient::from(Client::builder().no_proxy().build().unwrap());
    let body = async |url| client.send(HttpRequest::new(url)).await?.into_bytes().await;
    let both = runtime.block_on(join(body(serve()), body(serve())));
    assert_eq!(both, (Ok(b"one".to_vec()), Ok(b"one".to_vec())));
}
