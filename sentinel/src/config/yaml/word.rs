//! Values, as the words that a `.conf` file would have.

use std::fmt;
use std::{env, fs};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::value::Syntax;
use super::Context;

/// Checks words and says what is wrong with them.
pub(super) type Check<'a> = dyn Fn(&[Vec<u8>]) -> Result<(), String> + 'a;

/// Reads the value of a directive: gives one list of words per line that a `.conf` file would have.
pub(super) struct Words<'a> {
    pub(super) context: &'a Context,
    /// Path of the key.
    pub(super) path: &'a str,
    /// What the directive takes; `None`: anything.
    pub(super) syntax: Option<Syntax>,
    /// True if a list means several lines.
    pub(super) repeats: bool,
    pub(super) check: &'a Check<'a>,
}

impl Words<'_> {
    fn one<E: Error>(&self, word: Vec<u8>) -> Result<Vec<Vec<Vec<u8>>>, E> {
        self.context.stop_at(self.path)?;
        let words = vec![word];
        self.checked(&words)?;
        Ok(vec![words])
    }

    fn checked<E: Error>(&self, words: &[Vec<u8>]) -> Result<(), E> {
        (self.check)(words).map_err(|reason| {
            let found = match self.syntax {
                Some(Syntax::Secret) | None => String::new(),
                Some(_) => format!(", found `{}`", bongsu_protocol::conf::join_words(words)),
            };
            let allowed = self.syntax.map(|syntax| format!(", allowed: {}", syntax.describe())).unwrap_or_default();
            E::custom(format!("{reason}{found}{allowed}"))
        })
    }

    /// A number or truth value where text is expected would not be read as it was written.
    fn must_not_be_text<E: Error>(&self, found: &str) -> Result<(), E> {
        match self.syntax {
            Some(Syntax::Text | Syntax::Secret | Syntax::Choice(_)) => {
                Err(E::custom(format!("found {found}, expected text: put it in quotes")))
            }
            _ => Ok(()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Words<'_> {
    type Value = Vec<Vec<Vec<u8>>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Words<'_> {
    type Value = Vec<Vec<Vec<u8>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.syntax.map_or_else(|| "a value".to_owned(), Syntax::describe))
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Self::Value, E> {
        self.must_not_be_text("a truth value")?;
        self.one(if yes { "yes" } else { "no" }.into())
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Self::Value, E> {
        // Digits without a leading zero come out as they were written.
        self.one(n.to_string().into_bytes())
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Self::Value, E> {
        self.one(n.to_string().into_bytes())
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Self::Value, E> {
        self.must_not_be_text("a number")?;
        self.one(n.to_string().into_bytes())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.one(text.as_bytes().to_vec())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        self.context.stop_at(self.path)?;
        let mut items: Vec<Vec<u8>> = Vec::new();
        let inner = |_: &[Vec<u8>]| Ok(());
        let item = || Words { syntax: None, repeats: false, check: &inner, ..self };
        while let Some(words) = list.next_element_seed(item())? {
            items.extend(words.into_iter().flatten());
        }
        if self.repeats {
            let lines: Vec<Vec<Vec<u8>>> = items.iter().map(|item| split(item)).collect::<Result<_, _>>()?;
            lines.iter().try_for_each(|words| self.checked(words))?;
            return Ok(lines);
        }
        let words = match self.syntax {
            Some(Syntax::BufferLimits) => items.iter().map(|item| split(item)).collect::<Result<Vec<_>, _>>()?.concat(),
            Some(Syntax::Words) | None => items,
            Some(syntax) => return Err(A::Error::custom(format!("found a list, expected {}", syntax.describe()))),
        };
        self.checked(&words)?;
        Ok(vec![words])
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match self.syntax {
            Some(Syntax::Pair) => {
                self.context.stop_at(self.path)?;
                let mut lines = Vec::new();
                while let Some((old, new)) = map.next_entry::<String, String>()? {
                    let words = vec![old.into_bytes(), new.into_bytes()];
                    self.checked(&words)?;
                    lines.push(words);
                }
                Ok(lines)
            }
            Some(Syntax::Secret) => {
                let source = map.next_entry::<String, String>()?;
                if map.next_key::<String>()?.is_some() {
                    return Err(A::Error::custom(SECRET_FORMS));
                }
                self.one(secret_from(source)?)
            }
            syntax => {
                let expected = syntax.map_or_else(|| "a value".to_owned(), Syntax::describe);
                Err(A::Error::custom(format!("found a map, expected {expected}")))
            }
        }
    }
}

const SECRET_FORMS: &str = "a secret is text, {file: PATH} or {env: NAME}";

/// Largest secret file: a passphrase fits many times over, a wrong path (a log, a device) does not.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Reads a secret from where the map says.
fn secret_from<E: Error>(source: Option<(String, String)>) -> Result<Vec<u8>, E> {
    let (kind, place) = source.ok_or_else(|| E::custom(SECRET_FORMS))?;
    match kind.as_str() {
        "file" => {
            let meta = fs::metadata(&place).map_err(|error| E::custom(format!("secret file {place}: {error}")))?;
            if !meta.is_file() || meta.len() > SECRET_BYTES_MAX {
                return Err(E::custom(format!(
                    "secret file {place} must be a file of at most {SECRET_BYTES_MAX} bytes"
                )));
            }
            let mut bytes = fs::read(&place).map_err(|error| E::custom(format!("secret file {place}: {error}")))?;
            while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                bytes.pop();
            }
            Ok(bytes)
        }
        "env" => {
            let value = env::var_os(&place);
            let value = value.ok_or_else(|| E::custom(format!("environment variable {place} is not set")))?;
            Ok(value.into_encoded_bytes())
        }
        other => Err(E::custom(format!("unknown key `{other}`: {SECRET_FORMS}"))),
    }
}

/// Splits an item of a list into words.
fn split<E: Error>(item: &[u8]) -> Result<Vec<Vec<u8>>, E> {
    bongsu_protocol::conf::split_words(item).map_err(E::custom)
}
