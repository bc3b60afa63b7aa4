//! Estimates.

use crate::call::{Call, Outcome};
use crate::hyperloglog::Registers;
use crate::keyspace::Found;

use super::{in_place, sketch};

pub(super) fn pfcount(call: &mut Call<'_>) -> Outcome {
    if call.argc() > 2 {
        return count_union(call);
    }
    match call.read(call.arg(1)) {
        Some(found) => count_one(call, found),
        None => call.number(0),
    }
}

/// The estimate of one key is kept in its value, and replicas are told, so that they need not find it out too.
fn count_one(call: &mut Call<'_>, found: Found) -> Outcome {
    let sketch = sketch(call, found)?;
    if let Some(estimate) = sketch.kept_estimate() {
        return call.number(estimate.cast_signed());
    }
    let estimate = sketch.histogram()?.estimate();
    in_place(call, found)?.keep_estimate(estimate);
    call.changed(call.arg(1));
    call.number(estimate.cast_signed())
}

fn count_union(call: &mut Call<'_>) -> Outcome {
    let mut registers = Registers::default();
    for key in &call.argv[1..] {
        if let Some(found) = call.read(key) {
            registers.merge(&sketch(call, found)?)?;
        }
    }
    let estimate = registers.histogram().estimate();
    call.number(estimate.cast_signed())
}
