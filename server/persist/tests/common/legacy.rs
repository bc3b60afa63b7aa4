//! Collections as servers of long ago wrote them.

/// A length of the RDB format.
pub(crate) fn length(out: &mut Vec<u8>, len: usize) {
    match len {
        0..64 => out.push(len as u8),
        64..16_384 => out.extend_from_slice(&[0x40 | (len >> 8) as u8, len as u8]),
        _ => {
            out.push(0x80);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        }
    }
}

/// A string that is written as it is.
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn integer(element: &[u8]) -> Option<i64> {
    let n: i64 = std::str::from_utf8(element).ok()?.parse().ok()?;
    (n.to_string().as_bytes() == element).then_some(n)
}

fn content(element: &[u8]) -> Vec<u8> {
    if let Some(n) = integer(element) {
        let (form, len) = match n {
            0..=12 => return vec![0xf1 + n as u8],
            -128..=127 => (0xfe, 1),
            -32768..=32767 => (0xc0, 2),
            -8_388_608..=8_388_607 => (0xf0, 3),
            -2_147_483_648..=2_147_483_647 => (0xd0, 4),
            _ => (0xe0, 8),
        };
        let mut out = vec![form];
        out.extend_from_slice(&n.to_le_bytes()[..len]);
        return out;
    }
    let mut out = match element.len() {
        len @ 0..64 => vec![len as u8],
        len @ 64..16_384 => vec![0x40 | (len >> 8) as u8, len as u8],
        len => [&[0x80], &(len as u32).to_be_bytes()[..]].concat(),
    };
    out.extend_from_slice(element);
    out
}

/// A ziplist.
pub(crate) fn ziplist(elements: &[&[u8]]) -> Vec<u8> {
    let (mut body, mut before, mut last) = (Vec::new(), 0usize, 10);
    for element in elements {
        last = 10 + body.len();
        let start = body.len();
        if before < 254 {
            body.push(before as u8);
        } else {
            body.push(254);
            body.extend_from_slice(&(before as u32).to_le_bytes());
        }
        body.extend(content(element));
        before = body.len() - start;
    }
    let mut out = (11 + body.len() as u32).to_le_bytes().to_vec();
    out.extend_from_slice(&(last as u32).to_le_bytes());
    out.extend_from_slice(&(elements.len() as u16).to_le_bytes());
    out.extend(body);
    out.push(255);
    out
}

/// A zipmap, with a spare byte behind each value.
pub(crate) fn zipmap(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let length = |out: &mut Vec<u8>, len: usize| {
        if len < 254 {
            out.push(len as u8);
        } else {
            out.push(254);
            out.extend_from_slice(&(len as u32).to_le_bytes());
        }
    };
    let mut out = vec![pairs.len().min(254) as u8];
    for (field, value) in pairs {
        length(&mut out, field.len());
        out.extend_from_slice(field);
        length(&mut out, value.len());
        out.push(1);
        out.extend_from_slice(value);
        out.push(0xaa);
    }
    out.push(255);
    out
}

/// A snapshot of these records in some version, without a checksum.
pub(crate) fn file(version: u32, records: &[u8]) -> Vec<u8> {
    let mut out = format!("REDIS{version:04}").into_bytes();
    out.extend_from_slice(records);
    out.push(255);
    if version >= 5 {
        out.extend_from_slice(&[0; 8]);
    }
    out
}
