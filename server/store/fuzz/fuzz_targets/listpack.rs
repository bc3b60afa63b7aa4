#![no_main]
//! Any changes of a listpack and of an intset: both are what a plain list and a plain set are.

use std::collections::BTreeSet;

use bongsu_store::intset::IntSet;
use bongsu_store::listpack::{Digits, Listpack};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|steps: Vec<(u8, i64, Vec<u8>)>| {
    let (mut list, mut list_model) = (Listpack::new(), Vec::<Vec<u8>>::new());
    let (mut ints, mut ints_model) = (IntSet::new(), BTreeSet::new());
    for (what, n, bytes) in steps {
        let bytes = if what & 0x80 == 0 { bytes } else { n.to_string().into_bytes() };
        let index = n.unsigned_abs() as usize % list_model.len().max(1);
        match what % 5 {
            0 => {
                list.push_front(&bytes);
                list_model.insert(0, bytes);
            }
            1 => {
                list.push_back(&bytes);
                list_model.push(bytes);
            }
            2 => {
                if let Some(at) = list.seek(index as i64) {
                    list.replace(at, &bytes);
                    list_model[index] = bytes;
                }
            }
            3 => {
                if let Some(at) = list.seek(index as i64) {
                    list.remove(at, 1);
                    list_model.remove(index);
                }
            }
            _ => assert_eq!(list.find(&bytes, 1).is_some(), list_model.contains(&bytes)),
        }
        if what & 0x40 == 0 {
            assert_eq!(ints.insert(n), ints_model.insert(n));
        } else {
            assert_eq!(ints.remove(n), ints_model.remove(&n));
        }
    }
    let elements: Vec<Vec<u8>> = list.iter().map(|item| item.bytes(&mut Digits::default()).to_vec()).collect();
    assert_eq!(elements, list_model);
    assert_eq!(ints.iter().collect::<Vec<i64>>(), ints_model.into_iter().collect::<Vec<i64>>());
});
