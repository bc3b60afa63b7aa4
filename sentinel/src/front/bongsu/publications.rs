//! `BONGSU PUBLICATIONS` and `PUBLISH`: where else clients find the masters, and whether that is up to date.

use bongsu_protocol::resp::Writer;

use super::unix_ms;
use crate::front::sentinel::{Fields, NO_SUCH_MASTER};
use crate::shell::{PlaceView, Shell};

const NO_SUCH_TARGET: &str = "ERR this group is published nowhere by that name";
const BAD_WORDS: &str = "ERR syntax error, expected <master-name> [<target>] [FORCE]";

/// Answers `[<master-name>]`: one map for each group at each target.
pub(super) fn write_publications(shell: &Shell, arguments: &[&[u8]], out: &mut Writer<'_>) {
    let group = arguments.first().map(|name| String::from_utf8_lossy(name).into_owned());
    if group.as_deref().is_some_and(|name| !is_watched(shell, name)) {
        return out.error(NO_SUCH_MASTER);
    }
    let views = shell.publications(group.as_deref());
    out.array(views.len());
    for view in views {
        fields_of(&view).write(out);
    }
}

/// Answers `<master-name> [<target>] [FORCE]` with the number of targets that are looked at.
pub(super) fn write_publish(shell: &Shell, arguments: &[&[u8]], out: &mut Writer<'_>) {
    let is_force = |word: &[u8]| word.eq_ignore_ascii_case(b"force");
    let (group, target, force) = match arguments {
        [group] => (group, None, false),
        [group, word] if is_force(word) => (group, None, true),
        [group, target] => (group, Some(target), false),
        [group, target, word] if is_force(word) => (group, Some(target), true),
        _ => return out.error(BAD_WORDS),
    };
    let group = String::from_utf8_lossy(group);
    if !is_watched(shell, &group) {
        return out.error(NO_SUCH_MASTER);
    }
    let target = target.map(|name| String::from_utf8_lossy(name));
    match shell.publish_now(&group, target.as_deref(), force) {
        0 => out.error(NO_SUCH_TARGET),
        count => out.integer(i64::try_from(count).unwrap_or(i64::MAX)),
    }
}

fn is_watched(shell: &Shell, group: &str) -> bool {
    shell.with_core(|core, _| core.current_addr(group)).is_some()
}

fn fields_of(view: &PlaceView) -> Fields {
    let mut fields = Fields::default();
    fields.add("master", &view.group);
    fields.add("target", &view.target);
    fields.add("type", view.kind);
    fields.add("state", view.state.as_str());
    fields.add_some("epoch", view.epoch);
    fields.add_some("held-epoch", view.held_epoch);
    fields.add_some("held", view.held.as_ref());
    let times = [
        ("looked-ms-ago", view.looked),
        ("requested-ms-ago", view.requested),
        ("accepted-after-ms", view.accepted),
        ("authoritative-after-ms", view.authoritative),
        ("converged-after-ms", view.converged),
    ];
    for (name, time) in times {
        fields.add_some(name, time.map(|time| time.as_millis()));
    }
    fields.add("failures", view.failures);
    if let Some((kind, text)) = &view.error {
        fields.add("error", kind);
        fields.add("error-text", text);
    }
    fields.add_some("error-time", view.error_at.map(unix_ms));
    fields.add("witnesses", view.witnesses.join("; "));
    fields
}
