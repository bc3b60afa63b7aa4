//! A server that sends what it is told, whatever is asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// Bytes of a request that are waited for before the answer: any request has as many.
const REQUEST_BYTES: usize = 4;

/// Listens as long as the process lives; its port. `answer` is called for each connection once a request has begun.
pub(crate) fn fake(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            std::thread::spawn(move || {
                let mut request = [0; REQUEST_BYTES];
                // The client may go at any time.
                if stream.read_exact(&mut request).is_ok() {
                    let _gone = answer(&mut stream);
                    // Closing with something unread would throw away what was sent.
                    let _gone = std::io::copy(&mut stream, &mut std::io::sink());
                }
            });
        }
    });
    port
}

/// Sends these bytes again and again until the client goes.
pub(crate) fn endless(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes)?;
    }
}
