//! Adding places.

use crate::call::{Call, Fault, Outcome};
use crate::commands::zset::{AddOptions, add};
use crate::number::score_text;

use super::arguments::position;

pub(super) fn geoadd(call: &mut Call<'_>) -> Outcome {
    let (mut options, mut index) = (AddOptions::default(), 2);
    while index < call.argc() {
        let option = if call.is(index, "NX") {
            &mut options.if_absent
        } else if call.is(index, "XX") {
            &mut options.if_present
        } else if call.is(index, "CH") {
            &mut options.count_changed
        } else {
            break;
        };
        *option = true;
        index += 1;
    }
    let words = &call.argv[index..];
    if words.is_empty() || !words.len().is_multiple_of(3) || (options.if_absent && options.if_present) {
        return Err(Fault::Syntax);
    }
    let mut pairs = Vec::with_capacity(words.len() / 3);
    for first in (index..call.argc()).step_by(3) {
        pairs.push((position(call, first)?.score(), call.arg(first + 2)));
    }
    let done = add(call, options, &pairs)?;
    // Replicas need not know how places become scores.
    let mut told = vec![b"ZADD".to_vec()];
    told.extend(call.argv[1..index].iter().map(|word| word.to_vec()));
    told.extend(pairs.iter().flat_map(|(score, member)| [score_text(*score).into_bytes(), member.to_vec()]));
    call.effects.instead(told);
    Ok(done)
}
