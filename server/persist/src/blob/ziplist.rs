//! Ziplists, which listpacks have replaced.
//!
//! ```text
//! total bytes 4 | offset of the last element 4 | elements 2 (65535: not known) | elements ... | 0xff
//! element: bytes of the one before 1 (or 254 and 4) | form and length | content
//! ```

use bongsu_store::listpack::Item;

use super::Damage;

const HEADER: usize = 10;
const END: u8 = 0xff;
const UNKNOWN: u16 = u16::MAX;

/// Elements before this one have their length in four bytes.
const WIDE_BEFORE: u8 = 0xfe;

/// All elements, once every byte has been checked.
pub(crate) fn check(bytes: &[u8]) -> Result<Vec<Item<'_>>, Damage> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(Damage::Header)?;
    let [t0, t1, t2, t3, l0, l1, l2, l3, c0, c1] = *header;
    let (total, last) = (u32::from_le_bytes([t0, t1, t2, t3]), u32::from_le_bytes([l0, l1, l2, l3]) as usize);
    let count = u16::from_le_bytes([c0, c1]);
    let [body @ .., END] = rest else { return Err(Damage::Header) };
    if total as usize != bytes.len() {
        return Err(Damage::Header);
    }
    let (mut items, mut at, mut before) = (Vec::new(), 0, 0);
    while at < body.len() {
        let (item, len) = element(&body[at..], before)?;
        items.push(item);
        before = len;
        at += len;
    }
    if HEADER + at - before != last {
        return Err(Damage::Link);
    }
    if count != UNKNOWN && usize::from(count) != items.len() {
        return Err(Damage::Count);
    }
    Ok(items)
}

/// The element at the beginning, which follows one of `before` bytes, and its bytes.
fn element(bytes: &[u8], before: usize) -> Result<(Item<'_>, usize), Damage> {
    let [first, rest @ ..] = bytes else { return Err(Damage::Element) };
    let (linked, rest) = if *first < WIDE_BEFORE {
        (usize::from(*first), rest)
    } else {
        let (len, rest) = rest.split_first_chunk().ok_or(Damage::Element)?;
        (u32::from_le_bytes(*len) as usize, rest)
    };
    if *first > WIDE_BEFORE || linked != before {
        return Err(Damage::Link);
    }
    let [form, rest @ ..] = rest else { return Err(Damage::Element) };
    let (item, behind) = match *form {
        form @ 0..=0x3f => text(rest, usize::from(form))?,
        form @ 0x40..=0x7f => {
            let [low, rest @ ..] = rest else { return Err(Damage::Element) };
            text(rest, usize::from(form & 0x3f) << 8 | usize::from(*low))?
        }
        0x80 => {
            let (len, rest) = rest.split_first_chunk().ok_or(Damage::Element)?;
            text(rest, u32::from_be_bytes(*len) as usize)?
        }
        0xc0 => integer::<2>(rest)?,
        0xd0 => integer::<4>(rest)?,
        0xe0 => integer::<8>(rest)?,
        0xf0 => integer::<3>(rest)?,
        0xfe => integer::<1>(rest)?,
        form @ 0xf1..=0xfd => (Item::Int(i64::from(form & 0x0f) - 1), rest),
        _ => return Err(Damage::Element),
    };
    Ok((item, bytes.len() - behind.len()))
}

fn text(rest: &[u8], len: usize) -> Result<(Item<'_>, &[u8]), Damage> {
    let (bytes, behind) = rest.split_at_checked(len).ok_or(Damage::Element)?;
    Ok((Item::Bytes(bytes), behind))
}

fn integer<const N: usize>(rest: &[u8]) -> Result<(Item<'_>, &[u8]), Damage> {
    let (bytes, behind) = rest.split_first_chunk::<N>().ok_or(Damage::Element)?;
    let mut wide = [0; 8];
    wide[8 - N..].copy_from_slice(bytes);
    Ok((Item::Int(i64::from_le_bytes(wide) >> (64 - 8 * N as u32)), behind))
}
