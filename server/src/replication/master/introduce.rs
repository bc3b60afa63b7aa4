//! `REPLCONF`: what a connection tells of itself, and how far a replica has come.

use bongsu_protocol::resp::parse_integer;
use bongsu_protocol::session::ClientId;

use super::Introduction;
use super::replica::{HOST_BYTES_MAX, State};
use crate::dataset;
use crate::engine::Engine;

const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

/// What is said in answer.
pub(crate) enum Answer {
    Ok,
    Error(String),
    /// Something that others do not answer.
    Line(String),
    /// Nothing, to what comes every second.
    Silence,
}

impl Engine {
    /// Takes options with their values.
    pub(crate) fn introduce(&mut self, client: ClientId, options: &[&[u8]]) -> Answer {
        if let [name, _, _] = options
            && name.eq_ignore_ascii_case(dataset::ID_FIELD_OF_LINK)
        {
            return self.own_dataset().map_or(Answer::Ok, |lineage| Answer::Line(dataset::line(lineage)));
        }
        let (pairs, rest) = options.as_chunks::<2>();
        if let [[name, offset], ..] = pairs
            && name.eq_ignore_ascii_case(b"ack")
        {
            self.acknowledge(client, offset, &options[2..]);
            return Answer::Silence;
        }
        if !rest.is_empty() {
            return Answer::Error("ERR syntax error".to_owned());
        }
        for [name, value] in pairs {
            // Our master asks us on its own link; anybody else gets no answer either.
            if name.eq_ignore_ascii_case(b"getack") {
                return Answer::Silence;
            }
            let about = self.master.about_mut(client);
            if let Err(text) = about.set(name, value) {
                return Answer::Error(text);
            }
        }
        Answer::Ok
    }

    /// A replica has run the stream up to an offset, and perhaps has it on disk up to another one.
    fn acknowledge(&mut self, client: ClientId, offset: &[u8], rest: &[&[u8]]) {
        let (now_us, end) = (self.clock.now_us, self.history.offset);
        let Some(replica) = self.master.get_mut(client) else { return };
        let Some(offset) = offset_of(offset) else { return };
        replica.heard_us = now_us;
        replica.acknowledged = replica.acknowledged.max(offset.min(end));
        if let [name, on_disk] = rest
            && name.eq_ignore_ascii_case(b"fack")
            && let Some(on_disk) = offset_of(on_disk)
        {
            replica.on_disk = replica.on_disk.max(on_disk.min(end));
        }
        if replica.state == State::Loads {
            replica.state = State::Online;
            let name = replica.name();
            self.log.notice(format_args!("Synchronization with replica {name} succeeded"));
            self.count_good_replicas();
        }
    }
}

fn offset_of(text: &[u8]) -> Option<u64> {
    parse_integer(text).and_then(|offset| u64::try_from(offset).ok())
}

impl Introduction {
    fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), String> {
        match name.to_ascii_lowercase().as_slice() {
            b"listening-port" => {
                let port = parse_integer(value).ok_or(NOT_AN_INTEGER)?;
                self.port = u16::try_from(port).unwrap_or(0);
            }
            b"ip-address" if value.len() > HOST_BYTES_MAX => {
                let len = value.len();
                return Err(format!("ERR REPLCONF ip-address provided by replica instance is too long: {len} bytes"));
            }
            // The lines of INFO are split at these.
            b"ip-address" if value.iter().any(|byte| !byte.is_ascii_graphic() || b",=".contains(byte)) => {
                return Err("ERR REPLCONF ip-address is no address".to_owned());
            }
            b"ip-address" => self.host = String::from_utf8_lossy(value).into_owned(),
            // Others are abilities that are not made use of.
            b"capa" => match value.to_ascii_lowercase().as_slice() {
                b"eof" => self.takes_eof = true,
                b"psync2" => self.takes_new_id = true,
                _ => {}
            },
            b"version" => {
                let version = parse_version(value).ok_or("ERR Unrecognized version format")?;
                self.version = Some(version);
            }
            b"rdb-only" => self.only_data = parse_integer(value).ok_or(NOT_AN_INTEGER)? == 1,
            b"rdb-filter-only" => {
                for word in value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
                    if !word.eq_ignore_ascii_case(b"functions") {
                        let word = String::from_utf8_lossy(word);
                        return Err(format!("ERR Unsupported rdb-filter-only option: {word}"));
                    }
                }
                self.without_keys = true;
            }
            _ => return Err(format!("ERR Unrecognized REPLCONF option: {}", String::from_utf8_lossy(name))),
        }
        Ok(())
    }
}

fn parse_version(text: &[u8]) -> Option<[u32; 3]> {
    let text = std::str::from_utf8(text).ok()?;
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let version = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_one_by_one() {
        let mut about = Introduction::default();
        for (name, value) in [("listening-port", "7001"), ("capa", "eof"), ("CAPA", "PSYNC2"), ("capa", "unheard-of")] {
            about.set(name.as_bytes(), value.as_bytes()).unwrap();
        }
        about.set(b"version", b"8.0.1").unwrap();
        assert_eq!((about.port, about.takes_eof, about.takes_new_id), (7001, true, true));
        assert_eq!(about.version, Some([8, 0, 1]));
        assert!(about.set(b"version", b"8.0").is_err() && about.set(b"version", b"8.0.x").is_err());
        assert!(
            about.set(b"ip-address", &[b'a'; 256]).is_err() && about.set(b"ip-address", b"a,state=online").is_err()
        );
        assert!(about.set(b"rdb-filter-only", b"functions keys").is_err() && about.set(b"nonsense", b"1").is_err());
    }
}
