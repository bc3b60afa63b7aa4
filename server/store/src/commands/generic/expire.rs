//! Expiries of keys.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::commands::expiry::TimeForm;
use crate::entry::EXPIRY_MS_MAX;

pub(super) fn expire(call: &mut Call<'_>) -> Outcome {
    set(call, TimeForm { seconds: true, relative: true })
}

pub(super) fn pexpire(call: &mut Call<'_>) -> Outcome {
    set(call, TimeForm { seconds: false, relative: true })
}

pub(super) fn expireat(call: &mut Call<'_>) -> Outcome {
    set(call, TimeForm { seconds: true, relative: false })
}

pub(super) fn pexpireat(call: &mut Call<'_>) -> Outcome {
    set(call, TimeForm { seconds: false, relative: false })
}

/// When an expiry is set at all.
#[derive(Clone, Copy, Default)]
struct Conditions {
    if_none: bool,
    if_any: bool,
    if_later: bool,
    if_earlier: bool,
}

impl Conditions {
    fn read(call: &Call<'_>) -> Result<Self, Fault> {
        let mut conditions = Self::default();
        for index in 3..call.argc() {
            let condition = if call.is(index, "NX") {
                &mut conditions.if_none
            } else if call.is(index, "XX") {
                &mut conditions.if_any
            } else if call.is(index, "GT") {
                &mut conditions.if_later
            } else if call.is(index, "LT") {
                &mut conditions.if_earlier
            } else {
                return Err(Fault::made(format!(
                    "ERR Unsupported option {}",
                    String::from_utf8_lossy(call.arg(index))
                )));
            };
            *condition = true;
        }
        if conditions.if_none && (conditions.if_any || conditions.if_later || conditions.if_earlier) {
            return Err(Fault::text("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if conditions.if_later && conditions.if_earlier {
            return Err(Fault::text("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(conditions)
    }

    /// No expiry is later than any.
    fn hold(self, present: Option<u64>, wanted: i64) -> bool {
        let later = present.is_some_and(|at| i128::from(wanted) > i128::from(at));
        let earlier = present.is_none_or(|at| i128::from(wanted) < i128::from(at));
        (!self.if_none || present.is_none())
            && (!self.if_any || present.is_some())
            && (!self.if_later || later)
            && (!self.if_earlier || earlier)
    }
}

fn set(call: &mut Call<'_>, form: TimeForm) -> Outcome {
    let (key, n) = (call.arg(1), call.int(2)?);
    let Some(at) = form.at(n, call.shard.now_ms) else {
        let name = String::from_utf8_lossy(call.arg(0)).to_lowercase();
        return Err(Fault::made(format!("ERR invalid expire time in '{name}' command")));
    };
    let conditions = Conditions::read(call)?;
    let Some(found) = call.find(key) else { return call.number(0) };
    let present = call.shard.db(call.db).expiry_ms(found);
    if !conditions.hold(present, at) {
        return call.number(0);
    }
    let at = u64::try_from(at).unwrap_or(0).min(EXPIRY_MS_MAX);
    if at <= call.shard.now_ms && call.shard.may_expire && !call.caller.is_master {
        call.delete(found, key);
        call.effects.gone_instead(key, call.shard.settings.unlinks_expired);
        return call.number(1);
    }
    call.shard.db_mut(call.db).set_expiry(found, Some(at));
    call.changed(key);
    call.event(EventClass::Generic, "expire", key);
    call.effects.instead(vec![b"PEXPIREAT".to_vec(), key.to_vec(), at.to_string().into_bytes()]);
    call.number(1)
}

pub(super) fn persist(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1);
    let Some(found) = call.find(key) else { return call.number(0) };
    if call.shard.db(call.db).expiry_ms(found).is_none() {
        return call.number(0);
    }
    call.shard.db_mut(call.db).set_expiry(found, None);
    call.changed(key);
    call.event(EventClass::Generic, "persist", key);
    call.number(1)
}

/// -2 if there is no key, -1 if it stays.
fn tell(call: &mut Call<'_>, show: impl FnOnce(u64, u64) -> u64) -> Outcome {
    let Some(found) = call.look_at(call.arg(1)) else { return call.number(-2) };
    let Some(at) = call.shard.db(call.db).expiry_ms(found) else { return call.number(-1) };
    let shown = show(at, call.shard.now_ms);
    call.number(i64::try_from(shown).unwrap_or(i64::MAX))
}

pub(super) fn ttl(call: &mut Call<'_>) -> Outcome {
    tell(call, |at, now| (at.saturating_sub(now) + 500) / 1000)
}

pub(super) fn pttl(call: &mut Call<'_>) -> Outcome {
    tell(call, u64::saturating_sub)
}

pub(super) fn expiretime(call: &mut Call<'_>) -> Outcome {
    tell(call, |at, _| (at + 500) / 1000)
}

pub(super) fn pexpiretime(call: &mut Call<'_>) -> Outcome {
    tell(call, |at, _| at)
}
