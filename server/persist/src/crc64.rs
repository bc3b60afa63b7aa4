//! The checksum of RDB files and of `DUMP` payloads: CRC-64 with the polynomial of Jones, bits reflected, starting from zero.

/// The polynomial 0xad93d23594c935a9 with its bits in reverse.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

/// Bytes that are taken in at a time: the tables for so many (32 KiB) still fit into the nearest cache.
const STRIDE: usize = 16;

/// For each place in a stride, what each byte there adds to the sum.
static TABLES: [[u64; 256]; STRIDE] = tables();

const fn tables() -> [[u64; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut place = 1;
    while place < STRIDE {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[place - 1][byte];
            tables[place][byte] = tables[0][(before & 0xff) as usize] ^ (before >> 8);
            byte += 1;
        }
        place += 1;
    }
    tables
}

/// Bytes of a lane. Long inputs are summed up in several lanes at a time, since each step of one has to wait for the one before.
const LANE: usize = 4096;

/// What a sum becomes by [`LANE`] bytes of zero, for each byte of it.
static SHIFTS: [[u64; 256]; 8] = shifts();

const fn shifts() -> [[u64; 256]; 8] {
    // What each bit of a sum becomes by a byte of zero, then by two, four and so on.
    let mut bits = [0; 64];
    let mut bit = 0;
    while bit < 64 {
        let sum = 1u64 << bit;
        bits[bit] = TABLES[0][(sum & 0xff) as usize] ^ (sum >> 8);
        bit += 1;
    }
    let mut len = 1;
    while len < LANE {
        let mut twice = [0; 64];
        let mut bit = 0;
        while bit < 64 {
            twice[bit] = applied(&bits, bits[bit]);
            bit += 1;
        }
        bits = twice;
        len *= 2;
    }
    let mut shifts = [[0; 256]; 8];
    let mut place = 0;
    while place < 8 {
        let mut byte = 0;
        while byte < 256 {
            shifts[place][byte] = applied(&bits, (byte as u64) << (8 * place));
            byte += 1;
        }
        place += 1;
    }
    shifts
}

const fn applied(bits: &[u64; 64], sum: u64) -> u64 {
    let (mut rest, mut result) = (sum, 0);
    while rest != 0 {
        result ^= bits[rest.trailing_zeros() as usize];
        rest &= rest - 1;
    }
    result
}

/// The sum after a lane of zeros.
fn shifted(sum: u64) -> u64 {
    let bytes = sum.to_le_bytes();
    bytes.iter().zip(&SHIFTS).fold(0, |shifted, (byte, table)| shifted ^ table[usize::from(*byte)])
}

/// A checksum that grows with the bytes it is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crc64 {
    sum: u64,
}

impl Crc64 {
    /// Of no bytes.
    pub const fn new() -> Self {
        Self { sum: 0 }
    }

    /// Goes on with these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut lanes = bytes.chunks_exact(2 * LANE);
        for both in lanes.by_ref() {
            let (first, second) = both.split_at(LANE);
            let (mut one, mut other) = (self.sum, 0);
            for (left, right) in first.as_chunks().0.iter().zip(second.as_chunks().0) {
                one = step(one, left);
                other = step(other, right);
            }
            // The bytes of the second lane stand behind those of the first.
            self.sum = shifted(one) ^ other;
        }
        let (strides, rest) = lanes.remainder().as_chunks();
        let sum = strides.iter().fold(self.sum, step);
        self.sum = rest.iter().fold(sum, |sum, byte| TABLES[0][usize::from(sum as u8 ^ byte)] ^ (sum >> 8));
    }

    /// The sum.
    pub const fn value(self) -> u64 {
        self.sum
    }

    /// Of all these bytes.
    pub fn of(bytes: &[u8]) -> u64 {
        let mut sum = Self::new();
        sum.update(bytes);
        sum.value()
    }
}

/// The sum after these bytes.
#[inline(always)]
fn step(sum: u64, stride: &[u8; STRIDE]) -> u64 {
    let (low, high) = halves(stride);
    eight(low ^ sum, 8) ^ eight(high, 0)
}

#[inline]
fn halves(stride: &[u8; STRIDE]) -> (u64, u64) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *stride;
    (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes([i, j, k, l, m, n, o, p]))
}

/// What eight bytes add, behind which `after` bytes of the stride follow.
#[inline]
fn eight(word: u64, after: usize) -> u64 {
    let bytes = word.to_le_bytes();
    let mut sum = 0;
    for (index, byte) in bytes.into_iter().enumerate() {
        sum ^= TABLES[after + 7 - index][usize::from(byte)];
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_value() {
        assert_eq!(Crc64::of(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(Crc64::of(b""), 0);
    }

    fn bit_by_bit(bytes: &[u8]) -> u64 {
        let mut sum = 0u64;
        for byte in bytes {
            sum ^= u64::from(*byte);
            for _ in 0..8 {
                sum = if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
            }
        }
        sum
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..30_000), cut in 0usize..30_000) {
            let (one, other) = bytes.split_at(cut.min(bytes.len()));
            let mut sum = Crc64::new();
            sum.update(one);
            sum.update(other);
            prop_assert_eq!(sum.value(), bit_by_bit(&bytes));
        }
    }
}
