//! One reply as a tree that borrows its bytes from the read buffer.

use std::borrow::Cow;

/// A reply. Borrowed from the read buffer by [`super::ReplyDecoder`]; [`into_owned`](Self::into_owned) frees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A status such as `OK`.
    Simple(Cow<'a, [u8]>),
    /// An error with its code, from a line or from a blob.
    Error(Cow<'a, [u8]>),
    /// An integer.
    Integer(i64),
    /// A string of any bytes.
    Bulk(Cow<'a, [u8]>),
    /// No value, in any of its spellings.
    Null,
    /// A list of replies.
    Array(Vec<Self>),
    /// A floating-point number.
    Double(f64),
    /// A truth value.
    Boolean(bool),
    /// The decimal digits of an integer of any size.
    BigNumber(Cow<'a, [u8]>),
    /// Text for humans and the name of its syntax.
    Verbatim {
        /// `txt` or `mkd`.
        format: [u8; 3],
        /// The text itself.
        text: Cow<'a, [u8]>,
    },
    /// Keys and values in the order they came.
    Map(Vec<(Self, Self)>),
    /// A list whose order means nothing.
    Set(Vec<Self>),
    /// A message that answers no command, such as one of a subscription.
    Push(Vec<Self>),
}

impl Value<'_> {
    /// A copy that outlives the read buffer.
    pub fn into_owned(self) -> Value<'static> {
        fn own(bytes: Cow<'_, [u8]>) -> Cow<'static, [u8]> {
            Cow::Owned(bytes.into_owned())
        }
        fn own_all(items: Vec<Value<'_>>) -> Vec<Value<'static>> {
            items.into_iter().map(Value::into_owned).collect()
        }
        match self {
            Self::Simple(text) => Value::Simple(own(text)),
            Self::Error(text) => Value::Error(own(text)),
            Self::Integer(value) => Value::Integer(value),
            Self::Bulk(bytes) => Value::Bulk(own(bytes)),
            Self::Null => Value::Null,
            Self::Array(items) => Value::Array(own_all(items)),
            Self::Double(value) => Value::Double(value),
            Self::Boolean(value) => Value::Boolean(value),
            Self::BigNumber(digits) => Value::BigNumber(own(digits)),
            Self::Verbatim { format, text } => Value::Verbatim { format, text: own(text) },
            Self::Map(pairs) => {
                Value::Map(pairs.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
            }
            Self::Set(items) => Value::Set(own_all(items)),
            Self::Push(items) => Value::Push(own_all(items)),
        }
    }

    /// The bytes of a string of any kind, a status included, but not of an error.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Simple(bytes) | Self::Bulk(bytes) | Self::BigNumber(bytes) | Self::Verbatim { text: bytes, .. } => {
                Some(bytes)
            }
            _ => None,
        }
    }

    /// Like [`as_bytes`](Self::as_bytes), if they are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_bytes()?).ok()
    }

    /// An integer, also one that came as a string or a truth value.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Boolean(value) => Some(i64::from(*value)),
            other => super::parse_integer(other.as_bytes()?),
        }
    }

    /// The members of an array, a set or a push.
    pub fn as_items(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Push(items) => Some(items),
            _ => None,
        }
    }

    /// Keys with their values, of a map or of the flat array that stands for it in RESP2.
    pub fn pairs(&self) -> impl Iterator<Item = (&Self, &Self)> {
        let (pairs, items): (&[(Self, Self)], &[Self]) = match self {
            Self::Map(pairs) => (pairs, &[]),
            Self::Array(items) => (&[], items),
            _ => (&[], &[]),
        };
        let flat = items.chunks_exact(2).filter_map(|pair| pair.first().zip(pair.get(1)));
        pairs.iter().map(|(key, value)| (key, value)).chain(flat)
    }

    /// The text of an error.
    pub fn as_error(&self) -> Option<&[u8]> {
        match self {
            Self::Error(text) => Some(text),
            _ => None,
        }
    }

    /// The first word of an error, such as `LOADING`.
    pub fn error_code(&self) -> Option<&[u8]> {
        self.as_error()?.split(|&byte| byte == b' ').next()
    }

    /// Whether this is the status `OK`.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Simple(text) if **text == *b"OK")
    }
}
