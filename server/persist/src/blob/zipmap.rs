//! Zipmaps: small hashes of the first servers.
//!
//! ```text
//! fields 1 (254: not known) | (length | field | length | spare bytes 1 | value | spare bytes)* | 0xff
//! ```
//! Lengths from 254 on are 254 and four bytes.

use bongsu_store::listpack::Item;

use super::Damage;

const END: u8 = 0xff;
const WIDE: u8 = 254;

/// Fields and values by turns, once every byte has been checked.
pub(crate) fn check(bytes: &[u8]) -> Result<Vec<Item<'_>>, Damage> {
    let [count, body @ .., END] = bytes else { return Err(Damage::Header) };
    let (mut items, mut rest) = (Vec::new(), body);
    while !rest.is_empty() {
        let (len, behind) = length(rest)?;
        let (field, behind) = behind.split_at_checked(len).ok_or(Damage::Element)?;
        let (len, behind) = length(behind)?;
        let [spare, behind @ ..] = behind else { return Err(Damage::Element) };
        let (value, behind) = behind.split_at_checked(len).ok_or(Damage::Element)?;
        rest = behind.get(usize::from(*spare)..).ok_or(Damage::Element)?;
        items.extend([Item::Bytes(field), Item::Bytes(value)]);
    }
    if *count < WIDE && usize::from(*count) != items.len() / 2 {
        return Err(Damage::Count);
    }
    Ok(items)
}

fn length(bytes: &[u8]) -> Result<(usize, &[u8]), Damage> {
    match bytes {
        [WIDE, rest @ ..] => {
            let (len, rest) = rest.split_first_chunk().ok_or(Damage::Element)?;
            Ok((u32::from_le_bytes(*len) as usize, rest))
        }
        [END, ..] | [] => Err(Damage::Element),
        [len, rest @ ..] => Ok((usize::from(*len), rest)),
    }
}
