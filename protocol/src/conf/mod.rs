//! The syntax of `redis.conf` and `sentinel.conf`: words, quoting, and a document that can be rewritten in place.

mod document;
mod rewrite;
mod suggest;
mod words;

pub use document::{ConfDocument, ConfError, Directive};
pub use rewrite::{ConfRewrite, Presence};
pub use suggest::{closest, did_you_mean};
pub use words::{SplitError, SplitErrorKind, join_words, push_quoted, push_word, split_words};

pub(crate) use words::Words;
