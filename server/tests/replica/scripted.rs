//! A master whose every word the test chooses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

pub(crate) const ID: &str = "0123456789abcdef0123456789abcdef01234567";

/// Takes the next link and talks to it up to `PSYNC`.
pub(crate) fn meet(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap() == 0 {
            return stream;
        }
        match line.trim_end() {
            "PING" => (&stream).write_all(b"+PONG\r\n").unwrap(),
            "listening-port" | "psync2" => (&stream).write_all(b"+OK\r\n").unwrap(),
            "version" => (&stream).write_all(b"-ERR Unrecognized REPLCONF option: version\r\n").unwrap(),
            "x-dataset" => (&stream).write_all(b"-ERR syntax error\r\n").unwrap(),
            "PSYNC" => {
                // The name and the offset, with their lengths.
                (0..4).for_each(|_| assert!(lines.read_line(&mut line).unwrap() > 0));
                return stream;
            }
            _ => {}
        }
    }
}

/// Waits until the other side hangs up.
pub(crate) fn see_off(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|got| got > 0) {}
}

/// The data of this stream come, in a frame.
pub(crate) fn full(payload: &[u8]) -> Vec<u8> {
    [format!("+FULLRESYNC {ID} 100\r\n").as_bytes(), payload].concat()
}

/// A snapshot whose length is told first.
pub(crate) fn sized(payload: &[u8]) -> Vec<u8> {
    full(&[format!("${}\r\n", payload.len()).as_bytes(), payload].concat())
}
