//! Adding elements, and the elements of other keys.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::hyperloglog::{Encoding, Registers, Sketch};
use crate::keyspace::Found;

use super::{copy, in_place, sketch, store};

pub(super) fn pfadd(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1);
    let found = call.find(key);
    let elements = &call.argv[2..];
    let changes = match found {
        None => add_to_copy(call, None)?,
        Some(found) => {
            let sketch = sketch(call, found)?;
            let encoding = sketch.encoding();
            if elements.iter().all(|element| sketch.has(element)) {
                return call.number(0);
            }
            match encoding {
                Encoding::Dense => add_in_place(call, found)?,
                Encoding::Sparse => add_to_copy(call, Some(found))?,
            }
        }
    };
    if changes > 0 {
        // One is counted where the change is noted.
        call.effects.dirty += changes - 1;
        call.event(EventClass::String, "pfadd", key);
    }
    call.number(i64::from(changes > 0))
}

fn add_in_place(call: &mut Call<'_>, found: Found) -> Result<u64, Fault> {
    let elements = &call.argv[2..];
    let mut sketch = in_place(call, found)?;
    let changes = elements.iter().map(|element| u64::from(sketch.add_dense(element))).sum();
    if changes > 0 {
        sketch.forget_estimate();
        call.changed(call.arg(1));
    }
    Ok(changes)
}

fn add_to_copy(call: &mut Call<'_>, found: Option<Found>) -> Result<u64, Fault> {
    let sparse_max_bytes = call.shard.settings.hll_sparse_max_bytes;
    let mut sketch = match found {
        Some(found) => copy(call, found)?,
        None => Sketch::empty(),
    };
    let mut changes = u64::from(found.is_none());
    for element in &call.argv[2..] {
        changes += u64::from(sketch.add(element, sparse_max_bytes)?);
    }
    if changes > 0 {
        sketch.forget_estimate();
        store(call, found, call.arg(1), &sketch);
    }
    Ok(changes)
}

pub(super) fn pfmerge(call: &mut Call<'_>) -> Outcome {
    let mut registers = Registers::default();
    let mut encoding = Encoding::Sparse;
    for key in &call.argv[1..] {
        let Some(found) = call.read(key) else { continue };
        let sketch = sketch(call, found)?;
        if sketch.encoding() == Encoding::Dense {
            encoding = Encoding::Dense;
        }
        registers.merge(&sketch)?;
    }
    let key = call.arg(1);
    let found = call.find(key);
    let mut target = match found {
        Some(found) => copy(call, found)?,
        None => Sketch::empty(),
    };
    if encoding == Encoding::Dense {
        target.make_dense()?;
    }
    target.raise_all(&registers, call.shard.settings.hll_sparse_max_bytes)?;
    target.forget_estimate();
    store(call, found, key, &target);
    call.event(EventClass::String, "pfadd", key);
    call.ok()
}
