//! Integers of so many bits, and what becomes of those that do not fit.

/// What happens to an integer that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Overflow {
    /// Only its lowest bits are kept.
    Wrap,
    /// It becomes the nearest one that fits.
    Saturate,
    /// Nothing is stored.
    Fail,
}

impl Overflow {
    /// What the word of a client means.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let all = [("WRAP", Self::Wrap), ("SAT", Self::Saturate), ("FAIL", Self::Fail)];
        all.into_iter().find(|(word, _)| name.eq_ignore_ascii_case(word.as_bytes())).map(|(_, overflow)| overflow)
    }
}

/// A type such as `i16` or `u8`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FieldType {
    pub(super) signed: bool,
    /// Bits: 1 to 64, without a sign 63 at most, because replies have no larger integers.
    pub(super) width: u32,
}

impl FieldType {
    /// The type of that name.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let (signed, max) = match name.first()? {
            b'i' => (true, 64),
            b'u' => (false, 63),
            _ => return None,
        };
        let width = bongsu_protocol::resp::parse_integer(&name[1..])?;
        let width = u32::try_from(width).ok().filter(|width| (1..=max).contains(width))?;
        Some(Self { signed, width })
    }

    /// The integer that bits mean.
    pub(super) fn value_of(self, bits: u64) -> i64 {
        let unused = u64::BITS - self.width;
        if self.signed { (bits << unused).cast_signed() >> unused } else { bits.cast_signed() }
    }

    /// The highest integer.
    pub(super) fn max(self) -> i64 {
        let bits = if self.signed { self.width - 1 } else { self.width };
        i64::MAX >> (i64::BITS - 1 - bits)
    }

    /// The integer that is stored for another one; `None` if none is.
    pub(super) fn fit(self, value: i128, overflow: Overflow) -> Option<i64> {
        let span = 1i128 << self.width;
        let max = i128::from(self.max());
        let fitting = value.clamp(max + 1 - span, max);
        match overflow {
            Overflow::Wrap if fitting != value => Some(self.value_of(value.rem_euclid(span) as u64)),
            Overflow::Fail if fitting != value => None,
            // All values of all types fit 64 bits.
            _ => Some(fitting as i64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_names() {
        let named = |name: &str| FieldType::named(name.as_bytes()).map(|t| (t.signed, t.width));
        assert_eq!(named("i64"), Some((true, 64)));
        assert_eq!(named("u63"), Some((false, 63)));
        for name in ["", "i", "u0", "u64", "i65", "x8", "I8", "u-1", "u08", "u8 "] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn integers_that_do_not_fit_wrap_or_saturate_or_fail() {
        let (i8, u8) = (FieldType { signed: true, width: 8 }, FieldType { signed: false, width: 8 });
        let all = |field: FieldType, n| [Overflow::Wrap, Overflow::Saturate, Overflow::Fail].map(|o| field.fit(n, o));
        assert_eq!(all(i8, 127), [Some(127); 3]);
        assert_eq!(all(i8, 128), [Some(-128), Some(127), None]);
        assert_eq!(all(i8, -129), [Some(127), Some(-128), None]);
        assert_eq!(all(u8, 256), [Some(0), Some(255), None]);
        assert_eq!(all(u8, -1), [Some(255), Some(0), None]);
        let i64 = FieldType { signed: true, width: 64 };
        assert_eq!(all(i64, i128::from(i64::MAX) + 1), [Some(i64::MIN), Some(i64::MAX), None]);
    }
}
