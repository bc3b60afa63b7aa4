//! A connection over which requests go and replies come.

use std::io::{Read, Write};

use bongsu_protocol::resp::{ReplyDecoder, ReplyLimits, Value, encode_command};

pub(crate) struct Conn<S> {
    pub(crate) stream: S,
    decoder: ReplyDecoder,
    input: Vec<u8>,
}

impl<S: Read + Write> Conn<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, decoder: ReplyDecoder::new(ReplyLimits::default()), input: Vec::new() }
    }

    pub(crate) fn send<W: AsRef<[u8]>>(&mut self, words: &[W]) {
        let mut request = Vec::new();
        encode_command(&mut request, words);
        self.stream.write_all(&request).unwrap();
    }

    /// Sends the words of a line.
    pub(crate) fn send_line(&mut self, line: &str) {
        self.send(&line.split(' ').collect::<Vec<_>>());
    }

    /// The next reply.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> Value<'static> {
        loop {
            if let Some((value, used)) = self.decoder.decode(&self.input).unwrap() {
                let value = value.into_owned();
                self.input.drain(..used);
                return value;
            }
            let mut buffer = [0; 65536];
            let got = self.stream.read(&mut buffer).unwrap();
            assert!(got > 0, "the connection has ended");
            self.input.extend_from_slice(&buffer[..got]);
        }
    }

    #[track_caller]
    pub(crate) fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Value<'static> {
        self.send(words);
        self.hear()
    }
}
