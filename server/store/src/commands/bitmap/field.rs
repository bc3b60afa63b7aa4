//! Integers of any width at any position.

use crate::call::{Call, Done, EventClass, Fault, Outcome};

use super::field_type::{FieldType, Overflow};
use super::{Room, bit_offset, bits, room_for};

const NO_TYPE: &str = "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64),
    Add(i64),
}

struct Step {
    action: Action,
    field: FieldType,
    at: u64,
    overflow: Overflow,
}

impl Step {
    fn writes(&self) -> bool {
        !matches!(self.action, Action::Get)
    }

    /// The integer that `SET` means. Without a sign, a negative one is very large. With a sign and less than 64 bits it is too, if it is so
    /// far below the type's highest that the distance has more than 64 bits, as Redis takes it: a replica of either kind must come
    /// to the same.
    fn wide(&self, value: i64) -> i128 {
        let is_far = || self.field.width < i64::BITS && self.field.max().checked_sub(value).is_none();
        let is_large = if self.field.signed { is_far() } else { value < 0 };
        i128::from(value) + (i128::from(is_large) << u64::BITS)
    }

    /// What is stored and what is answered, where there was `old`; `None` if nothing is stored.
    fn new_value(&self, old: i64) -> Option<(i64, i64)> {
        match self.action {
            Action::Get => None,
            Action::Set(value) => Some((self.field.fit(self.wide(value), self.overflow)?, old)),
            Action::Add(by) => {
                let new = self.field.fit(i128::from(old) + i128::from(by), self.overflow)?;
                Some((new, new))
            }
        }
    }
}

fn steps(call: &Call<'_>) -> Result<Vec<Step>, Fault> {
    let mut steps = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut index = 2;
    while index < call.argc() {
        let following = call.argc() - index - 1;
        if call.is(index, "OVERFLOW") && following >= 1 {
            overflow =
                Overflow::named(call.arg(index + 1)).ok_or(Fault::OutOfRange("Invalid OVERFLOW type specified"))?;
            index += 2;
            continue;
        }
        let action: Option<fn(i64) -> Action> = if call.is(index, "GET") && following >= 2 {
            None
        } else if call.is(index, "SET") && following >= 3 {
            Some(Action::Set)
        } else if call.is(index, "INCRBY") && following >= 3 {
            Some(Action::Add)
        } else {
            return Err(Fault::Syntax);
        };
        let field = FieldType::named(call.arg(index + 1)).ok_or(Fault::OutOfRange(NO_TYPE))?;
        let at = match call.arg(index + 2) {
            [b'#', number @ ..] => bit_offset(call, number, field.width)?,
            number => bit_offset(call, number, 1)?,
        };
        let action_len = if action.is_some() { 4 } else { 3 };
        let action = match action {
            None => Action::Get,
            Some(action) => action(call.int(index + 3)?),
        };
        steps.push(Step { action, field, at, overflow });
        index += action_len;
    }
    Ok(steps)
}

pub(super) fn bitfield(call: &mut Call<'_>) -> Outcome {
    let steps = steps(call)?;
    let last_written = steps.iter().filter(|step| step.writes()).map(|step| step.at + u64::from(step.field.width) - 1);
    match last_written.max() {
        None => read(call, &steps),
        Some(last) => write(call, &steps, last),
    }
}

pub(super) fn bitfield_ro(call: &mut Call<'_>) -> Outcome {
    let steps = steps(call)?;
    if steps.iter().any(Step::writes) {
        return Err(Fault::OutOfRange("BITFIELD_RO only supports the GET subcommand"));
    }
    read(call, &steps)
}

fn read(call: &mut Call<'_>, steps: &[Step]) -> Outcome {
    let found = call.read(call.arg(1));
    let mut digits = Vec::new();
    let bytes = match found {
        Some(found) => call.string(found, &mut digits)?,
        None => b"",
    };
    let values: Vec<i64> =
        steps.iter().map(|step| step.field.value_of(bits::field(bytes, step.at, step.field.width))).collect();
    call.reply.array(values.len());
    values.into_iter().for_each(|value| call.reply.integer(value));
    Ok(Done::Replied)
}

fn write(call: &mut Call<'_>, steps: &[Step], last: u64) -> Outcome {
    let key = call.arg(1);
    let dirty_before = call.effects.dirty;
    let (found, room) = room_for(call, key, last)?;
    call.reply.array(steps.len());
    let mut changes = 0;
    for step in steps {
        let Step { field, at, .. } = *step;
        let bytes = call.shard.db_mut(call.db).bytes_mut(found);
        let old = field.value_of(bits::field(bytes, at, field.width));
        if !step.writes() {
            call.reply.integer(old);
        } else if let Some((new, answer)) = step.new_value(old) {
            bits::set_field(bytes, at, field.width, new.cast_unsigned());
            changes += u64::from(room != Room::Enough || old != new);
            call.reply.integer(answer);
        } else {
            call.reply.null();
        }
    }
    // A string that only became longer differs from the replicas' too.
    let changes_at_least = u64::from(room != Room::Enough);
    if changes.max(changes_at_least) > 0 && room != Room::Created {
        call.changed(key);
    }
    if changes > 0 {
        call.event(EventClass::String, "setbit", key);
    }
    call.effects.dirty = dirty_before + changes.max(changes_at_least);
    Ok(Done::Replied)
}
