//! Collections in one run of bytes, as files have them. Whatever is read here may come from anywhere, so every step is checked.

pub(crate) mod intset;
pub(crate) mod listpack;
pub(crate) mod pairs;
pub(crate) mod ziplist;
pub(crate) mod zipmap;

/// Why a run of bytes is not the collection that it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Its header does not go with its bytes.
    #[error("a header that does not go with the bytes")]
    Header,
    /// An element does not end within the bytes, or is of no known form.
    #[error("a broken element")]
    Element,
    /// The way back from an element does not lead to the one before.
    #[error("a broken link to the element before")]
    Link,
    /// There are more or fewer elements than the header says.
    #[error("another number of elements than announced")]
    Count,
    /// A field has no value, or a member no score.
    #[error("an odd number of elements")]
    Odd,
    /// An element is there twice.
    #[error("a duplicate")]
    Duplicate,
    /// Integers are not in order.
    #[error("elements out of order")]
    Order,
    /// A score is no number.
    #[error("a score that is no number")]
    Score,
    /// It takes more bytes than a collection of this kind can have.
    #[error("too many bytes")]
    TooLong,
}
