//! Integers in ascending order.

use super::Damage;

const HEADER: usize = 8;

/// How many integers these bytes are.
pub(crate) fn check(bytes: &[u8]) -> Result<usize, Damage> {
    let (header, body) = bytes.split_first_chunk::<HEADER>().ok_or(Damage::Header)?;
    let [w0, w1, w2, w3, l0, l1, l2, l3] = *header;
    let width = u32::from_le_bytes([w0, w1, w2, w3]);
    let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let ascends = match width {
        2 => ascends(body, i16::from_le_bytes),
        4 => ascends(body, i32::from_le_bytes),
        8 => ascends(body, i64::from_le_bytes),
        _ => return Err(Damage::Header),
    };
    if len.checked_mul(width as usize) != Some(body.len()) {
        return Err(Damage::Count);
    }
    if ascends { Ok(len) } else { Err(Damage::Order) }
}

fn ascends<T: PartialOrd, const N: usize>(body: &[u8], read: impl Fn([u8; N]) -> T) -> bool {
    body.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).is_sorted_by(|one, other| one < other)
}
