use proptest::prelude::*;

use super::*;

fn texts(list: &Listpack) -> Vec<Vec<u8>> {
    list.iter().map(Item::to_vec).collect()
}

fn backwards(list: &Listpack) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut at = list.last();
    while let Some(here) = at {
        found.push(list.get(here).to_vec());
        at = list.previous(here);
    }
    found.reverse();
    found
}

#[track_caller]
fn check(list: &Listpack, model: &[Vec<u8>]) {
    assert_eq!(texts(list), model);
    assert_eq!(backwards(list), model);
    assert_eq!(list.len(), model.len());
    assert_eq!(list.as_bytes().len(), u32::from_le_bytes(list.as_bytes()[..4].try_into().unwrap()) as usize);
    assert_eq!(list.as_bytes().last(), Some(&END));
}

/// As `DUMP` of redis-server 7.0.15 shows them (between type and version).
#[test]
fn bytes_are_those_of_redis() {
    let mut list = Listpack::new();
    for text in ["a", "1", "-5", "4096", "70000", "hello", "-9223372036854775808", "127", "128"] {
        list.push_back(text.as_bytes());
    }
    let expected: &[u8] =
        b"\x2e\0\0\0\x09\0\x81a\x02\x01\x01\xdf\xfb\x02\xf1\x00\x10\x03\xf2\x70\x11\x01\x04\x85hello\x06\
        \xf4\0\0\0\0\0\0\0\x80\x09\x7f\x01\xc0\x80\x02\xff";
    assert_eq!(list.as_bytes().escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[test]
fn more_elements_than_are_counted() {
    let mut list = Listpack::new();
    let model: Vec<Vec<u8>> = (0..70_000).map(|n: u32| n.to_string().into_bytes()).collect();
    model.iter().for_each(|text| list.push_back(text));
    assert_eq!(list.len(), 70_000);
    assert_eq!(list.seek(-1).map(|at| list.get(at)), Some(Item::Int(69_999)));
    let at = list.seek(100).unwrap();
    list.remove(at, 60_000);
    assert_eq!(list.len(), 10_000);
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        (-5000i64..5000).prop_map(|n| n.to_string().into_bytes()),
        (any::<i32>()).prop_map(|n| n.to_string().into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..80),
        proptest::collection::vec(any::<u8>(), 4000..4200),
        proptest::collection::vec(any::<u8>(), 16_000..17_000),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn it_is_a_list(steps in proptest::collection::vec((0..9u8, any::<u16>(), text(), 0..4usize), 1..60)) {
        let (mut list, mut model) = (Listpack::new(), Vec::<Vec<u8>>::new());
        for (what, position, text, count) in steps {
            let index = if model.is_empty() { 0 } else { usize::from(position) % model.len() };
            let at = list.seek(index as i64);
            match (what, at) {
                (0 | 1, _) => { list.push_back(&text); model.push(text); }
                (2, _) => { list.push_front(&text); model.insert(0, text); }
                (3, Some(at)) => { list.replace(at, &text); model[index] = text; }
                (4, Some(at)) => {
                    list.remove(at, count);
                    model.drain(index..(index + count).min(model.len()));
                }
                (5, Some(at)) => { list.insert_before(Some(at), &text); model.insert(index, text); }
                (6, Some(at)) => { list.insert_after(at, &text); model.insert(index + 1, text); }
                (7, Some(at)) => {
                    let tail = list.split_off(at);
                    check(&tail, &model[index..]);
                    check(&list, &model[..index]);
                    list.append(&tail);
                }
                (8, Some(_)) => {
                    let first = model.iter().position(|known| *known == model[index]).unwrap();
                    let found = list.find(&model[index], 1).unwrap();
                    prop_assert_eq!(Some(found), list.seek(first as i64));
                }
                _ => {}
            }
            check(&list, &model);
        }
    }
}

proptest! {
    /// What is found is the first of every so many elements with these bytes.
    #[test]
    fn elements_are_found(
        elements in proptest::collection::vec((0..4u8, any::<i64>(), 0..62u32, 0..300usize), 1..60),
        wanted in any::<prop::sample::Index>(),
        step in 1..4usize,
    ) {
        let bytes = |(what, n, bits, len): &(u8, i64, u32, usize)| match what {
            0 | 1 => (n >> bits).to_string().into_bytes(),
            2 => vec![b'x'; len % 70],
            _ => vec![b'y'; *len],
        };
        let mut list = Listpack::new();
        elements.iter().for_each(|element| list.push_back(&bytes(element)));
        let wanted = bytes(wanted.get(&elements));
        let index = elements.iter().step_by(step).position(|element| bytes(element) == wanted);
        let expected = index.and_then(|index| list.seek((index * step) as i64));
        prop_assert_eq!(list.find(&wanted, step), expected);
        prop_assert_eq!(list.find(b"none", step), None);
    }
}

proptest! {
    /// What is a listpack is taken as one, and what is none does no harm.
    #[test]
    fn bytes_are_checked(
        items in proptest::collection::vec(prop_oneof![
            any::<i64>().prop_map(|n| n.to_string().into_bytes()),
            any::<i16>().prop_map(|n| n.to_string().into_bytes()),
            proptest::collection::vec(any::<u8>(), 0..300),
        ], 0..20),
        harm in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut list = Listpack::new();
        items.iter().for_each(|item| list.push_back(item));
        prop_assert_eq!(Listpack::from_bytes(list.as_bytes()), Some(list.clone()));
        let mut bytes = list.into_bytes();
        for (at, byte) in harm {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Some(list) = Listpack::from_bytes(&bytes) {
            let items: Vec<_> = list.iter().map(Item::to_vec).collect();
            prop_assert_eq!(list.len(), items.len());
            let mut again = Listpack::new();
            items.iter().for_each(|item| again.push_back(item));
            prop_assert_eq!(again.as_bytes(), list.as_bytes(), "they are written in the one way that is searched for");
            let backwards = std::iter::successors(list.last(), |at| list.previous(*at)).count();
            prop_assert_eq!(backwards, items.len());
        }
    }
}

#[test]
fn what_is_written_otherwise_is_written_anew() {
    // The digit 5 as a string, and as an integer of 16 bits.
    let bytes = [16, 0, 0, 0, 2, 0, 0x81, b'5', 2, 0xf1, 5, 0, 3, 0xff];
    let bytes = [&[14u8][..], &bytes[1..]].concat();
    let list = Listpack::from_bytes(&bytes).unwrap();
    assert_eq!(list.as_bytes(), [11, 0, 0, 0, 2, 0, 5, 1, 5, 1, 0xff]);
    assert!(list.find(b"5", 1).is_some());
}
