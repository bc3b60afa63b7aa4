//! Strings combined bit by bit.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::keyspace::New;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
}

impl Operation {
    fn named(name: &[u8]) -> Option<Self> {
        let all = [("AND", Self::And), ("OR", Self::Or), ("XOR", Self::Xor), ("NOT", Self::Not)];
        all.into_iter().find(|(word, _)| name.eq_ignore_ascii_case(word.as_bytes())).map(|(_, operation)| operation)
    }

    /// Combines what there is so far with another string. The shorter one goes on with zeros.
    fn apply(self, result: &mut Vec<u8>, other: &[u8]) {
        if result.len() < other.len() {
            result.resize(other.len(), 0);
        }
        let (common, rest) = result.split_at_mut(other.len());
        let pairs = common.iter_mut().zip(other);
        match self {
            Self::And => {
                pairs.for_each(|(one, other)| *one &= other);
                rest.fill(0);
            }
            Self::Or => pairs.for_each(|(one, other)| *one |= other),
            Self::Xor => pairs.for_each(|(one, other)| *one ^= other),
            Self::Not => {}
        }
    }
}

pub(super) fn bitop(call: &mut Call<'_>) -> Outcome {
    let operation = Operation::named(call.arg(1)).ok_or(Fault::Syntax)?;
    if operation == Operation::Not && call.argc() != 4 {
        return Err(Fault::OutOfRange("BITOP NOT must be called with a single source key."));
    }
    let mut result = Vec::new();
    let mut digits = Vec::new();
    for (index, key) in call.argv[3..].iter().enumerate() {
        let found = call.read(key);
        let text = match found {
            Some(found) => call.string(found, &mut digits)?,
            None => b"",
        };
        if index == 0 {
            result.extend_from_slice(text);
        } else {
            operation.apply(&mut result, text);
        }
    }
    if operation == Operation::Not {
        result.iter_mut().for_each(|byte| *byte = !*byte);
    }
    let target = call.arg(2);
    if !result.is_empty() {
        call.store(target, New::Raw(&result), None);
        call.event(EventClass::String, "set", target);
    } else if let Some(found) = call.find(target) {
        call.delete(found, target);
    }
    call.count(result.len())
}
