//! Which data these are, whoever holds a copy of them.

use std::fmt;

use crate::entropy;

/// Bytes of the name of a dataset: 128 bits, which nobody draws twice.
const ID_BYTES: usize = 16;

/// The name of a dataset. It begins with the first write to an empty server, and goes with the data to files and replicas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DatasetId(u128);

impl DatasetId {
    /// Of a dataset that begins.
    pub(crate) fn random() -> Self {
        let mut bytes = [0; ID_BYTES];
        entropy::fill(&mut bytes);
        Self(u128::from_le_bytes(bytes))
    }

    /// From hexadecimal digits. `None` if it is no such name.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let is_name = text.len() == 2 * ID_BYTES && text.iter().all(u8::is_ascii_hexdigit);
        let digits = std::str::from_utf8(text).ok().filter(|_| is_name)?;
        u128::from_str_radix(digits, 16).ok().map(Self)
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A dataset and how far its rule has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lineage {
    pub(crate) id: DatasetId,
    /// How often a replica became the master of it.
    pub(crate) epoch: u64,
}

impl Lineage {
    /// Of a dataset that begins.
    pub(crate) fn random() -> Self {
        Self { id: DatasetId::random(), epoch: 0 }
    }

    /// From both texts. `None` if one of them makes no sense.
    pub(crate) fn parse(id: &[u8], epoch: &[u8]) -> Option<Self> {
        let epoch = std::str::from_utf8(epoch).ok()?.parse().ok()?;
        Some(Self { id: DatasetId::parse(id)?, epoch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let lineage = Lineage { epoch: 7, ..Lineage::random() };
        assert_eq!(Lineage::parse(lineage.id.to_string().as_bytes(), b"7"), Some(lineage));
        assert_ne!(DatasetId::random(), DatasetId::random());
        for text in ["", "?", "+0000000000000000000000000000001", "g0000000000000000000000000000001"] {
            assert_eq!(DatasetId::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Lineage::parse(lineage.id.to_string().as_bytes(), b"-1"), None);
    }
}
