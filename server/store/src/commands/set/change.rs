//! Adding and removing members.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::keyspace::Object;
use crate::set::{Set, SetRules};

use super::{change, rules, view};

pub(super) fn sadd(call: &mut Call<'_>) -> Outcome {
    let (key, members) = (call.arg(1), &call.argv[2..]);
    let add = |set: &mut Set, rules: &SetRules| members.iter().filter(|member| set.insert(member, rules)).count();
    let added = match call.find(key) {
        Some(found) => {
            let added = change(call, found, |set, rules| {
                set.expect(members.len(), rules);
                add(set, rules)
            })?;
            if added > 0 {
                call.changed(key);
            }
            added
        }
        None => {
            let rules = rules(call);
            let mut set = Set::for_member(call.arg(2), members.len(), &rules);
            let added = add(&mut set, &rules);
            set.tidy();
            call.create(key, Object::Set(set));
            added
        }
    };
    if added > 0 {
        call.effects.dirty += added as u64 - 1;
        call.event(EventClass::Set, "sadd", key);
    }
    call.count(added)
}

pub(super) fn srem(call: &mut Call<'_>) -> Outcome {
    let (key, members) = (call.arg(1), &call.argv[2..]);
    let Some(found) = call.find(key) else { return call.number(0) };
    let (removed, is_empty) = change(call, found, |set, _| {
        let removed = members.iter().filter(|member| set.remove(member)).count();
        (removed, set.is_empty())
    })?;
    if removed > 0 {
        call.changed(key);
        call.effects.dirty += removed as u64 - 1;
        call.event(EventClass::Set, "srem", key);
    }
    if is_empty {
        call.delete_emptied(found, key);
    }
    call.count(removed)
}

pub(super) fn smove(call: &mut Call<'_>) -> Outcome {
    let (from, to, member) = (call.arg(1), call.arg(2), call.arg(3));
    // Looking the other key up may remove it, after which the first is somewhere else.
    let target = call.find(to);
    let Some(source) = call.find(from) else { return call.number(0) };
    let is_member = view(call.shard, call.db, source)?.contains(member);
    if let Some(target) = target {
        view(call.shard, call.db, target)?;
    }
    if from == to || !is_member {
        return call.number(i64::from(is_member));
    }
    let is_empty = change(call, source, |set, _| {
        set.remove(member);
        set.is_empty()
    })?;
    call.changed(from);
    call.event(EventClass::Set, "srem", from);
    if is_empty {
        call.delete_emptied(source, from);
    }
    if insert(call, to, member)? {
        call.event(EventClass::Set, "sadd", to);
    }
    call.number(1)
}

/// Adds a member to a set, which is made if it is not there. False if it is there already.
fn insert(call: &mut Call<'_>, key: &[u8], member: &[u8]) -> Result<bool, Fault> {
    let Some(found) = call.find(key) else {
        let rules = rules(call);
        let mut set = Set::for_member(member, 1, &rules);
        set.insert(member, &rules);
        call.create(key, Object::Set(set));
        return Ok(true);
    };
    let is_new = change(call, found, |set, rules| set.insert(member, rules))?;
    if is_new {
        call.changed(key);
    }
    Ok(is_new)
}
