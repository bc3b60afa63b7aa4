use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0..50u32).prop_map(|n| n.to_string().into_bytes()),
        2 => proptest::collection::vec(any::<u8>(), 0..200),
        1 => proptest::collection::vec(any::<u8>(), 3000..9000),
    ]
}

#[track_caller]
fn check(list: &List, model: &VecDeque<Vec<u8>>) {
    assert_eq!(list.len(), model.len());
    assert!(list.iter().map(Item::to_vec).eq(model.iter().cloned()));
    let backwards = list.iter_from(list.at_end(End::Right), End::Left);
    assert!(backwards.map(Item::to_vec).eq(model.iter().rev().cloned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn it_is_a_list(
        steps in proptest::collection::vec((0..10u8, any::<u16>(), text(), 0..30usize), 1..150),
        directive in prop_oneof![Just(-2i64), Just(-1), Just(5)],
    ) {
        let limit = Limit::of(directive);
        let (mut list, mut model) = (List::default(), VecDeque::<Vec<u8>>::new());
        for (what, position, text, count) in steps {
            let index = if model.is_empty() { 0 } else { usize::from(position) % model.len() };
            list.prepare(1, text.len(), limit);
            let place = list.seek(index);
            match (what, place) {
                (0..=2, _) => { list.push(End::Right, &text, limit); model.push_back(text); }
                (3 | 4, _) => { list.push(End::Left, &text, limit); model.push_front(text); }
                (5, Some(place)) => { list.replace(place, &text, limit); model[index] = text; }
                (6, Some(place)) => { list.insert(place, position % 2 == 0, &text, limit);
                    model.insert(index + usize::from(position % 2 == 1), text); }
                (7, Some(place)) => {
                    let next = list.remove(place);
                    model.remove(index);
                    prop_assert_eq!(next.map(|place| list.get(place).to_vec()), model.get(index).cloned());
                }
                (8, _) => {
                    list.trim(End::Left, count);
                    model.drain(..count.min(model.len()));
                }
                (9, _) => {
                    list.trim(End::Right, count);
                    model.truncate(model.len().saturating_sub(count));
                }
                _ => {}
            }
            list.relax(limit);
            check(&list, &model);
        }
    }
}

#[test]
fn it_is_small_for_as_long_as_redis_says() {
    let limit = Limit::of(-2);
    let mut list = List::default();
    for _ in 0..2000 {
        list.prepare(1, 10, limit);
        list.push(End::Right, b"0123456789", limit);
    }
    assert_eq!(list.encoding(), "quicklist");
    list.trim(End::Left, 1700);
    list.relax(limit);
    assert_eq!(list.encoding(), "listpack");
    assert_eq!(list.len(), 300);
    assert!(list.heap_bytes() < 300 * 14);
}

impl List {
    /// What was counted step by step is what a new count gives.
    pub(crate) fn check_counts(&self) {
        if let Form::Large(chunks) = &self.form {
            chunks.check_counts();
        }
    }
}
