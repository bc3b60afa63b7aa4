//! Values of directives: how their words are read, and how they are written back.

use bongsu_protocol::conf::push_quoted;

use super::secret::Secret;

/// How the words after a directive's name are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `yes` or `no`.
    YesNo,
    /// A decimal integer within both bounds.
    Int(i64, i64),
    /// An octal file mode up to `0777`.
    Mode,
    /// A number of bytes with an optional unit (`b k kb m mb g gb`), within both bounds.
    Memory(u64, u64),
    /// One of these words, whatever their case.
    Choice(&'static [&'static str]),
    /// One word of text.
    Text,
    /// One word that is never shown.
    Secret,
    /// Any number of words; one word may hold several, separated by spaces.
    Words,
    /// Exactly two words.
    Pair,
    /// `<class> <hard limit> <soft limit> <soft seconds>`, repeated.
    BufferLimits,
}

/// A value that obeys its [`Syntax`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of [`Syntax::YesNo`].
    Bool(bool),
    /// Of [`Syntax::Int`], [`Syntax::Mode`] and [`Syntax::Memory`].
    Int(i64),
    /// Of [`Syntax::Choice`] and [`Syntax::Text`].
    Text(String),
    /// Of [`Syntax::Secret`]; `None` if empty.
    Secret(Option<Secret>),
    /// Of the syntaxes with several words.
    Words(Vec<String>),
}

/// Why words do not make a value. `word` is the index of the culprit among them, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, in the words that Redis uses where it has any.
    pub reason: String,
    /// Which of the words after the directive's name is at fault, counted from zero.
    pub word: Option<usize>,
}

impl Refusal {
    pub(crate) fn at(word: usize, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), word: Some(word) }
    }

    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), word: None }
    }
}

impl Syntax {
    /// Reads the words after a directive's name.
    pub fn parse(self, words: &[Vec<u8>]) -> Result<Value, Refusal> {
        match self {
            Self::Words => return Ok(Value::Words(split_single(words)?)),
            Self::BufferLimits => return Ok(Value::Words(split_single(words)?)),
            Self::Pair if words.len() == 2 => return Ok(Value::Words(texts(words)?)),
            Self::Pair => return Err(Refusal::whole("wrong number of arguments")),
            _ => {}
        }
        let [word] = words else { return Err(Refusal::whole("wrong number of arguments")) };
        self.parse_one(word).map_err(|reason| Refusal::at(0, reason))
    }

    fn parse_one(self, word: &[u8]) -> Result<Value, String> {
        if self == Self::Secret {
            return Ok(Value::Secret(Secret::new(word)));
        }
        let text = std::str::from_utf8(word).map_err(|_| "argument must be UTF-8 text".to_owned())?;
        match self {
            Self::YesNo => match text.to_ascii_lowercase().as_str() {
                "yes" => Ok(Value::Bool(true)),
                "no" => Ok(Value::Bool(false)),
                _ => Err("argument must be 'yes' or 'no'".to_owned()),
            },
            Self::Int(min, max) => {
                let n = text.parse().map_err(|_| "argument couldn't be parsed into an integer".to_owned())?;
                between(n, min, max)
            }
            Self::Mode => {
                let n = i64::from_str_radix(text, 8).map_err(|_| "argument must be an octal number".to_owned())?;
                between(n, 0, 0o777)
            }
            Self::Memory(min, max) => {
                let n = parse_memory(text).ok_or_else(|| "argument must be a memory value".to_owned())?;
                between(n, min.try_into().unwrap_or(i64::MAX), max.try_into().unwrap_or(i64::MAX))
            }
            Self::Choice(names) => match names.iter().find(|name| name.eq_ignore_ascii_case(text)) {
                Some(name) => Ok(Value::Text((*name).to_owned())),
                None => Err(format!("argument(s) must be one of the following: {}", names.join(", "))),
            },
            _ => Ok(Value::Text(text.to_owned())),
        }
    }

    /// What may stand there, for messages and the reference page.
    pub fn describe(self) -> String {
        match self {
            Self::YesNo => "`yes` or `no`".to_owned(),
            Self::Int(min, max) => format!("integer from {min} to {max}"),
            Self::Mode => "octal file mode, 0 to 777".to_owned(),
            Self::Memory(0, _) => "bytes, with optional unit k, kb, m, mb, g, gb".to_owned(),
            Self::Memory(min, _) => format!("bytes, at least {min}, with optional unit k, kb, m, mb, g, gb"),
            Self::Choice(names) => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            Self::Text => "text".to_owned(),
            Self::Secret => "secret text".to_owned(),
            Self::Words => "list of words".to_owned(),
            Self::Pair => "two words".to_owned(),
            Self::BufferLimits => "`<class> <hard> <soft> <seconds>`, repeated".to_owned(),
        }
    }
}

fn between(n: i64, min: i64, max: i64) -> Result<Value, String> {
    if (min..=max).contains(&n) {
        return Ok(Value::Int(n));
    }
    Err(format!("argument must be between {min} and {max} inclusive"))
}

/// Reads a number of bytes with an optional unit: `k m g` are powers of 1000, `kb mb gb` of 1024.
pub(crate) fn parse_memory(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit: i64 = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<i64>().ok()?.checked_mul(unit)
}

/// Writes a number of bytes with the largest binary unit that divides it.
pub(crate) fn show_memory(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")] {
        if bytes != 0 && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    bytes.to_string()
}

/// `text` in double quotes, as Redis writes paths and other free text.
pub(crate) fn quoted(text: &[u8]) -> String {
    let mut out = String::new();
    push_quoted(&mut out, text);
    out
}

fn texts(words: &[Vec<u8>]) -> Result<Vec<String>, Refusal> {
    let text = |(index, word): (usize, &Vec<u8>)| {
        String::from_utf8(word.clone()).map_err(|_| Refusal::at(index, "argument must be UTF-8 text"))
    };
    words.iter().enumerate().map(text).collect()
}

fn split_single(words: &[Vec<u8>]) -> Result<Vec<String>, Refusal> {
    let words = texts(words)?;
    match words.as_slice() {
        [one] => Ok(one.split_ascii_whitespace().map(str::to_owned).collect()),
        _ => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(syntax: Syntax, words: &[&str], expected: Result<Value, &str>) {
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let found = syntax.parse(&words).map_err(|refusal| refusal.reason);
        assert_eq!(found, expected.map_err(str::to_owned), "{words:?}");
    }

    #[test]
    fn scalars() {
        check(Syntax::YesNo, &["YES"], Ok(Value::Bool(true)));
        check(Syntax::YesNo, &["on"], Err("argument must be 'yes' or 'no'"));
        check(Syntax::Int(0, 10), &["10"], Ok(Value::Int(10)));
        check(Syntax::Int(0, 10), &["11"], Err("argument must be between 0 and 10 inclusive"));
        check(Syntax::Int(0, 10), &["x"], Err("argument couldn't be parsed into an integer"));
        check(Syntax::Int(0, 10), &["1", "2"], Err("wrong number of arguments"));
        check(Syntax::Int(0, 10), &[], Err("wrong number of arguments"));
        check(Syntax::Mode, &["700"], Ok(Value::Int(0o700)));
        check(Syntax::Choice(&["a", "b"]), &["B"], Ok(Value::Text("b".to_owned())));
        check(Syntax::Choice(&["a", "b"]), &["c"], Err("argument(s) must be one of the following: a, b"));
        check(Syntax::Words, &["a b"], Ok(Value::Words(vec!["a".to_owned(), "b".to_owned()])));
        check(Syntax::Pair, &["a"], Err("wrong number of arguments"));
    }

    #[test]
    fn memory_units() {
        for (text, bytes) in [("0", 0), ("5b", 5), ("2k", 2000), ("2KB", 2048), ("1mb", 1 << 20), ("1g", 1_000_000_000)]
        {
            assert_eq!(parse_memory(text), Some(bytes), "{text}");
        }
        for text in ["", "x", "-1", "1tb", "9999999999gb"] {
            assert_eq!(parse_memory(text).filter(|_| !text.is_empty()), None, "{text}");
        }
        assert_eq!(show_memory(32 << 20), "32mb");
        assert_eq!(show_memory(1001), "1001");
        assert_eq!(show_memory(0), "0");
    }
}
