//! What `MIGRATE` is asked for.

use std::ops::Range;
use std::time::Duration;

use bongsu_protocol::resp::parse_integer;

/// Where the options begin.
const OPTIONS: usize = 6;

/// Where the one key stands.
const ONE_KEY: usize = 3;

/// How long to wait where nobody says.
const TIMEOUT_MS: u64 = 1000;

const SYNTAX: &str = "ERR syntax error";
const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
const KEY_AND_KEYS: &str = "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string";

/// Keys, where they are to go, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    pub(crate) host: String,
    pub(crate) port: Vec<u8>,
    /// The database there.
    pub(crate) db: i64,
    /// The longest time in which nothing happens.
    pub(crate) timeout: Duration,
    /// The keys stay here, too.
    pub(crate) copies: bool,
    /// Keys of that name there are replaced.
    pub(crate) replaces: bool,
    /// What `AUTH` is given there.
    pub(crate) credentials: Vec<Vec<u8>>,
    /// Which arguments are keys.
    pub(crate) keys: Range<usize>,
}

impl Request {
    pub(crate) fn read(argv: &[&[u8]]) -> Result<Self, &'static str> {
        let [_, host, port, _, db, timeout, ..] = argv else { return Err(SYNTAX) };
        let mut request = Self {
            host: String::from_utf8_lossy(host).into_owned(),
            port: port.to_vec(),
            db: 0,
            timeout: Duration::from_millis(TIMEOUT_MS),
            copies: false,
            replaces: false,
            credentials: Vec::new(),
            keys: ONE_KEY..ONE_KEY + 1,
        };
        request.read_options(argv)?;
        let timeout = parse_integer(timeout).ok_or(NOT_AN_INTEGER)?;
        request.db = parse_integer(db).ok_or(NOT_AN_INTEGER)?;
        if let Ok(ms @ 1..) = u64::try_from(timeout) {
            request.timeout = Duration::from_millis(ms);
        }
        Ok(request)
    }

    fn read_options(&mut self, argv: &[&[u8]]) -> Result<(), &'static str> {
        let mut index = OPTIONS;
        while let Some(word) = argv.get(index) {
            index += 1;
            let secrets = match word.to_ascii_uppercase().as_slice() {
                b"COPY" => {
                    self.copies = true;
                    continue;
                }
                b"REPLACE" => {
                    self.replaces = true;
                    continue;
                }
                b"AUTH" => 1,
                b"AUTH2" => 2,
                b"KEYS" if argv[ONE_KEY].is_empty() => {
                    self.keys = index..argv.len();
                    return Ok(());
                }
                b"KEYS" => return Err(KEY_AND_KEYS),
                _ => return Err(SYNTAX),
            };
            let given = argv.get(index..index + secrets).ok_or(SYNTAX)?;
            self.credentials = given.iter().map(|secret| secret.to_vec()).collect();
            index += secrets;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Request, &'static str> {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        Request::read(&argv)
    }

    #[test]
    fn everything_has_its_place() {
        let request = read("migrate h 1  9 250 copy replace auth2 u p keys a b c").unwrap();
        assert_eq!((request.host.as_str(), request.port.as_slice(), request.db), ("h", b"1".as_slice(), 9));
        assert_eq!((request.timeout.as_millis(), request.copies, request.replaces), (250, true, true));
        assert_eq!((request.credentials, request.keys), (vec![b"u".to_vec(), b"p".to_vec()], 12..15));
        let plain = read("migrate h 1 k 0 0").unwrap();
        assert_eq!((plain.timeout.as_millis(), plain.copies, plain.replaces, plain.keys), (1000, false, false, 3..4));
        assert_eq!(read("migrate h 1 k 0 -5 auth p").unwrap().credentials, [b"p".to_vec()]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(read("migrate h 1 k 0 1 keys a"), Err(KEY_AND_KEYS));
        assert_eq!(read("migrate h 1 k 0 1 auth"), Err(SYNTAX));
        assert_eq!(read("migrate h 1 k 0 1 auth2 u"), Err(SYNTAX));
        assert_eq!(read("migrate h 1 k 0 1 else"), Err(SYNTAX));
        assert_eq!(read("migrate h 1 k x 1"), Err(NOT_AN_INTEGER));
        assert_eq!(read("migrate h 1 k 0 x"), Err(NOT_AN_INTEGER));
        assert_eq!(read("migrate h 1 k"), Err(SYNTAX));
    }
}
