//! The syntax of `redis.conf` and `sentinel.conf`: words, quoting, and a document that can be rewritten in place.

mod words;

pub use words::{SplitError, SplitErrorKind, join_words, push_quoted, push_word, split_words};

pub(crate) use words::Words;
