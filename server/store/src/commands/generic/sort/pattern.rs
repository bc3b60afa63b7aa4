//! Patterns of `BY` and `GET`: names of other keys, or of fields of hashes, that elements are put into.

use crate::call::Call;
use crate::keyspace::{Object, Stored};

/// The value that a pattern leads to for an element, if there is any.
pub(super) fn look_up(call: &mut Call<'_>, pattern: &[u8], element: &[u8]) -> Option<Vec<u8>> {
    if pattern == b"#" {
        return Some(element.to_vec());
    }
    let (key, field) = resolve(pattern, element)?;
    let found = call.read(&key)?;
    match (call.value(found), field) {
        (Stored::Text(text) | Stored::Raw(text), None) => Some(text.to_vec()),
        (Stored::Int(n), None) => Some(n.to_string().into_bytes()),
        (Stored::Object(Object::Hash(hash)), Some(field)) => hash.get(field).map(|value| value.to_vec()),
        _ => None,
    }
}

/// The key and the field that are meant. Without a `*` there is no key.
fn resolve<'a>(pattern: &'a [u8], element: &[u8]) -> Option<(Vec<u8>, Option<&'a [u8]>)> {
    let star = pattern.iter().position(|byte| *byte == b'*')?;
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = after.windows(2).position(|two| two == b"->").filter(|arrow| arrow + 2 < after.len());
    let (after, field) = match arrow {
        Some(arrow) => (&after[..arrow], Some(&after[arrow + 2..])),
        None => (after, None),
    };
    Some(([before, element, after].concat(), field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_take_the_place_of_the_star() {
        let resolved = |pattern: &str| {
            let (key, field) = resolve(pattern.as_bytes(), b"7")?;
            Some((String::from_utf8(key).ok()?, field.map(|field| String::from_utf8_lossy(field).into_owned())))
        };
        let with = |key: &str, field: Option<&str>| Some((key.to_owned(), field.map(str::to_owned)));
        assert_eq!(resolved("w_*"), with("w_7", None));
        assert_eq!(resolved("a*b*->f->g"), with("a7b*", Some("f->g")));
        assert_eq!(resolved("o_*:x->f"), with("o_7:x", Some("f")));
        assert_eq!(resolved("o_*->"), with("o_7->", None));
        assert_eq!(resolved("a->b*"), with("a->b7", None));
        assert_eq!(resolved("none"), None);
    }
}
