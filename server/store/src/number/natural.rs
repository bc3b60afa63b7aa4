//! Natural numbers of any size, with what reading and writing numbers exactly takes.

use std::cmp::Ordering;

/// The largest power of ten in a word, and its exponent.
const TEN_POWER: (u64, usize) = (10_000_000_000_000_000_000, 19);

/// A natural number: words of 64 bits, the lowest first, the last of them not zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Natural(Vec<u64>);

impl Natural {
    /// The number that decimal digits mean.
    pub(super) fn of_digits(digits: &[u8]) -> Self {
        let mut number = Self(Vec::new());
        for part in digits.chunks(TEN_POWER.1) {
            let value = part.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
            // A part has at most so many digits that the power fits.
            number.multiply_add(10u64.pow(part.len() as u32), value);
        }
        number
    }

    /// `value` times two so many times.
    pub(super) fn shifted(value: u64, bits: u32) -> Self {
        let mut number = Self(vec![value]);
        number.trim();
        number.shift_left(bits);
        number
    }

    /// Number of bits, without leading zeros.
    pub(super) fn bits(&self) -> u32 {
        self.0.last().map_or(0, |word| self.0.len() as u32 * 64 - word.leading_zeros())
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// Multiplies by ten so many times.
    pub(super) fn multiply_by_ten_power(&mut self, mut exponent: usize) {
        while exponent > 0 {
            let step = exponent.min(TEN_POWER.1);
            self.multiply_add(10u64.pow(step as u32), 0);
            exponent -= step;
        }
    }

    /// Multiplies by two so many times.
    pub(super) fn shift_left(&mut self, bits: u32) {
        if self.is_zero() {
            return;
        }
        let (words, bits) = ((bits / 64) as usize, bits % 64);
        if bits > 0 {
            let mut carry = 0;
            for word in &mut self.0 {
                let wide = u128::from(*word) << bits | carry;
                *word = wide as u64;
                carry = wide >> 64;
            }
            if carry > 0 {
                self.0.push(carry as u64);
            }
        }
        self.0.splice(0..0, std::iter::repeat_n(0, words));
    }

    /// The quotient of two numbers cut off to an integer, and whether nothing was cut off. The quotient must fit 128 bits.
    pub(super) fn divide(mut self, by: &Self) -> (u128, bool) {
        let shift = self.bits().saturating_sub(by.bits());
        let mut by = by.clone();
        by.shift_left(shift);
        let mut quotient = 0;
        for _ in 0..=shift {
            quotient <<= 1;
            if self.compare(&by) != Ordering::Less {
                self.subtract(&by);
                quotient |= 1;
            }
            by.halve();
        }
        (quotient, self.is_zero())
    }

    /// The highest bits, at most 128, how many there are below them, and whether those are all zero.
    pub(super) fn highest(&self) -> (u128, u32, bool) {
        let below = self.bits().saturating_sub(128);
        let (words, bits) = ((below / 64) as usize, below % 64);
        let word = |index: usize| u128::from(self.0.get(index).copied().unwrap_or(0));
        let low = word(words) | word(words + 1) << 64;
        let high = if bits == 0 { low } else { low >> bits | word(words + 2) << (128 - bits) };
        let rest_is_zero = self.0[..words.min(self.0.len())].iter().all(|word| *word == 0);
        (high, below, rest_is_zero && word(words) & ((1 << bits) - 1) == 0)
    }

    /// The decimal digits.
    pub(super) fn into_digits(mut self) -> String {
        let mut parts = Vec::new();
        while !self.is_zero() {
            parts.push(self.divide_word(TEN_POWER.0));
        }
        let mut text = parts.pop().unwrap_or(0).to_string();
        for part in parts.iter().rev() {
            text.push_str(&format!("{part:019}"));
        }
        text
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn multiply_add(&mut self, factor: u64, summand: u64) {
        let mut carry = u128::from(summand);
        for word in &mut self.0 {
            let wide = u128::from(*word) * u128::from(factor) + carry;
            *word = wide as u64;
            carry = wide >> 64;
        }
        if carry > 0 {
            self.0.push(carry as u64);
        }
    }

    fn divide_word(&mut self, by: u64) -> u64 {
        let mut rest = 0u64;
        for word in self.0.iter_mut().rev() {
            let wide = u128::from(rest) << 64 | u128::from(*word);
            *word = (wide / u128::from(by)) as u64;
            rest = (wide % u128::from(by)) as u64;
        }
        self.trim();
        rest
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for word in self.0.iter_mut().rev() {
            let low = *word << 63;
            *word = *word >> 1 | carry;
            carry = low;
        }
        self.trim();
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Takes away a number that is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (index, word) in self.0.iter_mut().enumerate() {
            let (less, first) = word.overflowing_sub(other.0.get(index).copied().unwrap_or(0));
            let (less, second) = less.overflowing_sub(u64::from(borrow));
            *word = less;
            borrow = first || second;
        }
        self.trim();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn natural(n: u128) -> Natural {
        Natural::of_digits(n.to_string().as_bytes())
    }

    proptest! {
        #[test]
        fn it_counts_like_integers(a in any::<u128>(), b in 1u128.., shift in 0u32..128) {
            let (a, b) = (a >> shift, (b >> (shift / 2)).max(1));
            prop_assert_eq!(natural(a).into_digits(), a.to_string());
            prop_assert_eq!(natural(a).bits(), 128 - a.leading_zeros());
            prop_assert_eq!(natural(a).divide(&natural(b)), (a / b, a % b == 0));
            prop_assert_eq!(natural(a).compare(&natural(b)), a.cmp(&b));
            prop_assert_eq!(natural(a).highest(), (a, 0, true));
        }

        #[test]
        fn the_highest_bits_are_those_of_shifted_numbers(value in 1u64.., bits in 0u32..500, low in any::<bool>()) {
            let mut number = Natural::shifted(value, bits);
            number.0[0] |= u64::from(low);
            let total = number.bits();
            let (high, below, is_exact) = number.highest();
            prop_assert_eq!(below, total.saturating_sub(128));
            prop_assert_eq!(is_exact, below == 0 || !low);
            let expected = if bits >= below { u128::from(value) << (bits - below) } else { u128::from(value) };
            prop_assert_eq!(high, expected | u128::from(low && below == 0));
        }

        #[test]
        fn powers_of_ten_are_zeros(value in 1u64.., zeros in 0usize..300) {
            let mut number = natural(u128::from(value));
            number.multiply_by_ten_power(zeros);
            prop_assert_eq!(number.into_digits(), format!("{value}{}", "0".repeat(zeros)));
        }
    }
}
