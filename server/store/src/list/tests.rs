use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::image::{Budget, Head, Origin, Part, Reader, Usage, Value};

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

type Step = (u8, u16, Vec<u8>, usize);

fn steps(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec((0..10u8, any::<u16>(), text(), 0..30usize), count)
}

/// Does the same to a list and to what it is to be like.
fn apply(list: &mut List, model: &mut VecDeque<Vec<u8>>, (what, position, text, count): Step, limit: Limit) {
    let index = if model.is_empty() { 0 } else { usize::from(position) % model.len() };
    list.prepare(1, text.len(), limit);
    let place = list.seek(index);
    match (what, place) {
        (0..=2, _) => {
            list.push(End::Right, &text, limit);
            model.push_back(text);
        }
        (3 | 4, _) => {
            list.push(End::Left, &text, limit);
            model.push_front(text);
        }
        (5, Some(place)) => {
            list.replace(place, &text, limit);
            model[index] = text;
        }
        (6, Some(place)) => {
            list.insert(place, position % 2 == 0, &text, limit);
            model.insert(index + usize::from(position % 2 == 1), text);
        }
        (7, Some(place)) => {
            let next = list.remove(place);
            model.remove(index);
            assert_eq!(next.map(|place| list.get(place).to_vec()), model.get(index).cloned());
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
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn it_is_a_list(steps in steps(1..150), directive in prop_oneof![Just(-2i64), Just(-1), Just(5)]) {
        let limit = Limit::of(directive);
        let (mut list, mut model) = (List::default(), VecDeque::<Vec<u8>>::new());
        for step in steps {
            apply(&mut list, &mut model, step, limit);
            check(&list, &model);
        }
    }

    /// However a list changes while it is written, what is written is what it was.
    #[test]
    fn a_list_that_is_held_is_written_as_it_was(
        before in proptest::collection::vec(text(), 1..120),
        steps in steps(0..120),
        budgets in proptest::collection::vec(0..3000usize, 120),
        directive in prop_oneof![Just(-1i64), Just(1), Just(3)],
    ) {
        let limit = Limit::of(directive);
        let (mut list, mut model) = (List::default(), VecDeque::from(before));
        for text in &model {
            list.prepare(1, 1 << 30, limit);
            list.push(End::Right, text, limit);
        }
        let (expected, mut image) = (model.clone(), Vec::new());
        let head = Head { db: 0, key: b"k", expiry_ms: None, usage: Usage::Unknown, value: Value::Int(0) };
        let holder = list.holder_mut().unwrap();
        holder.hold(Origin::of(&head));
        holder.begin(&mut image);
        for (step, budget) in steps.into_iter().zip(budgets) {
            apply(&mut list, &mut model, step, limit);
            check(&list, &model);
            list.holder_mut().unwrap().write_on(&mut image, &mut Budget::new(budget));
            list.check_counts();
            if !list.holder().unwrap().is_held() {
                break;
            }
        }
        if let Some(holder) = list.holder_mut() {
            prop_assert!(holder.write_on(&mut image, &mut Budget::new(usize::MAX)));
            prop_assert!(!holder.is_held());
        }
        let mut parts = Reader::new(&image).map(Result::unwrap);
        let Some(Part::Head(head)) = parts.next() else { panic!("no head") };
        let chunks: Vec<_> = parts.map(|part| match part {
            Part::Chunk(bytes) => Listpack::from_bytes(bytes).unwrap(),
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(head.value, Value::List { chunks: chunks.len() as u64 });
        prop_assert_eq!(chunks.iter().flat_map(|chunk| chunk.iter().map(Item::to_vec)).collect::<VecDeque<_>>(), expected);
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
