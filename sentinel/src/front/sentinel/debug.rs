//! `SENTINEL DEBUG`: periods and limits of the whole process, not kept over a restart.

use std::time::Duration;

use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_sentinel_core::Tunables;

use super::fields::Fields;
use crate::shell::Shell;

type Field = fn(&mut Tunables) -> &mut Duration;

/// Names in the order of the reply.
const PARAMETERS: [(&str, Field); 13] = [
    ("INFO-PERIOD", |tunables| &mut tunables.info_period),
    ("PING-PERIOD", |tunables| &mut tunables.ping_period),
    ("ASK-PERIOD", |tunables| &mut tunables.ask_period),
    ("PUBLISH-PERIOD", |tunables| &mut tunables.publish_period),
    ("DEFAULT-DOWN-AFTER", |tunables| &mut tunables.default_down_after),
    ("DEFAULT-FAILOVER-TIMEOUT", |tunables| &mut tunables.default_failover_timeout),
    ("TILT-TRIGGER", |tunables| &mut tunables.tilt_trigger),
    ("TILT-PERIOD", |tunables| &mut tunables.tilt_period),
    ("SLAVE-RECONF-TIMEOUT", |tunables| &mut tunables.replica_reconf_timeout),
    ("MIN-LINK-RECONNECT-PERIOD", |tunables| &mut tunables.min_link_reconnect_period),
    ("ELECTION-TIMEOUT", |tunables| &mut tunables.election_timeout),
    ("SCRIPT-MAX-RUNTIME", |tunables| &mut tunables.script_max_runtime),
    ("SCRIPT-RETRY-DELAY", |tunables| &mut tunables.script_retry_delay),
];

/// Answers `DEBUG` and `DEBUG <parameter> <milliseconds> ...`. What stands before a mistake stays applied.
pub(super) fn handle(shell: &Shell, words: &[&[u8]], out: &mut Writer<'_>) {
    let mut tunables = shell.with_core(|core, _| *core.tunables());
    if words.is_empty() {
        return fields(tunables).write(out);
    }
    let result = set(&mut tunables, words);
    shell.with_core(|core, now| core.set_tunables(now, tunables));
    match result {
        Ok(()) => out.simple("OK"),
        Err(error) => out.error(error),
    }
}

fn fields(mut tunables: Tunables) -> Fields {
    let mut fields = Fields::default();
    for (name, field) in PARAMETERS {
        fields.add_ms(name, *field(&mut tunables));
    }
    fields
}

fn set(tunables: &mut Tunables, words: &[&[u8]]) -> Result<(), String> {
    for pair in words.chunks(2) {
        let name = String::from_utf8_lossy(pair.first().copied().unwrap_or_default());
        let found = PARAMETERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        let (Some((_, field)), Some(value)) = (found, pair.get(1)) else {
            return Err(format!("ERR Unknown option or number of arguments for SENTINEL DEBUG '{name}'"));
        };
        let ms = parse_integer(value).and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
        let Some(ms) = ms else {
            let value = String::from_utf8_lossy(value);
            return Err(format!("ERR Invalid argument '{value}' for SENTINEL DEBUG '{name}'"));
        };
        *field(tunables) = Duration::from_millis(ms);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_set_in_order_until_a_mistake() {
        let mut tunables = Tunables::default();
        assert_eq!(set(&mut tunables, &[b"info-period", b"500", b"TILT-Period", b"7"]), Ok(()));
        assert_eq!(tunables.info_period, Duration::from_millis(500));
        assert_eq!(tunables.tilt_period, Duration::from_millis(7));
        let error = set(&mut tunables, &[b"ask-period", b"3", b"ping-period", b"0"]).expect_err("zero");
        assert_eq!(error, "ERR Invalid argument '0' for SENTINEL DEBUG 'ping-period'");
        assert_eq!(tunables.ask_period, Duration::from_millis(3));
        let unknown = |name| format!("ERR Unknown option or number of arguments for SENTINEL DEBUG '{name}'");
        assert_eq!(set(&mut tunables, &[b"nope", b"3"]), Err(unknown("nope")));
        assert_eq!(set(&mut tunables, &[b"ask-period"]), Err(unknown("ask-period")));
    }

    #[test]
    fn all_parameters_are_shown() {
        let fields = fields(Tunables::default());
        assert_eq!(fields.names().len(), 13);
        assert_eq!(fields.get("SCRIPT-RETRY-DELAY"), Some("30000"));
    }
}
