//! What keeps the web server of wasm-bindgen's test runner, which is made with `tiny_http`, from leaving a connection unread.
//!
//! Such a server has four threads at first, and each reads one connection for as long as that is kept. A connection that comes is
//! left to a thread that waits; but one that has just been left another counts as waiting until it has woken. Of connections that
//! come at once, and browsers open six, one may so be left to nobody: it is read when another one ends, which may be minutes later
//! (`TaskPool::spawn` of `tiny_http` 0.12). Where no thread waits, each connection is given one of its own; so they are kept
//! occupied, with connections on which nothing is ever asked. That is for one page: where a browser has ended its connections, threads
//! wait once more.

use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Twice as many as there are threads: one that has not begun to wait yet is not missed.
const CONNECTIONS: usize = 8;

/// Between two connections, so that a thread has woken for the one before.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a server may take until it listens: it is started once the tests are bound, which takes long on a slow machine.
const START: Duration = Duration::from_mins(5);

/// Keeps the first threads of the server at this address occupied, from when it listens until this program ends. Does not wait
/// for it.
pub fn keep(address: SocketAddr) {
    thread::spawn(move || {
        let begun = Instant::now();
        let mut connections = 0;
        while connections < CONNECTIONS && begun.elapsed() < START {
            if let Ok(connection) = TcpStream::connect(address) {
                // Dropped, it would end.
                mem::forget(connection);
                connections += 1;
            }
            thread::sleep(PAUSE);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn so_many_connections_are_opened_and_kept() -> std::io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;

        keep(listener.local_addr()?);

        let opened: Vec<TcpStream> = listener.incoming().take(CONNECTIONS).collect::<Result<_, _>>()?;
        for connection in &opened {
            connection.set_nonblocking(true)?;
            // An end could be read; of one that is kept there is nothing to read yet.
            let read = connection.peek(&mut [0]).map_err(|error| error.kind());
            assert_eq!(read, Err(std::io::ErrorKind::WouldBlock));
        }
        Ok(())
    }
}
