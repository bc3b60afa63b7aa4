//! `SENTINEL PENDING-SCRIPTS`.

use bongsu_protocol::resp::Writer;

use crate::shell::ScriptView;

/// Fields of one script.
const FIELDS: usize = 5;

/// Writes every script that runs or waits.
pub(super) fn write_pending(scripts: &[ScriptView], out: &mut Writer<'_>) {
    out.array(scripts.len());
    for script in scripts {
        out.map(FIELDS);
        out.bulk("argv");
        out.array(script.argv.len());
        for argument in &script.argv {
            out.bulk(argument);
        }
        let (flags, time) = if script.pid.is_some() { ("running", "run-time") } else { ("scheduled", "run-delay") };
        out.bulk("flags");
        out.bulk(flags);
        out.bulk("pid");
        out.bulk(script.pid.unwrap_or(0).to_string());
        out.bulk(time);
        out.bulk(script.time.as_millis().to_string());
        out.bulk("retry-num");
        out.bulk(script.runs.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bongsu_protocol::resp::Protocol;

    use super::*;

    #[test]
    fn a_waiting_script_shows_its_delay() {
        let script = ScriptView {
            argv: vec!["/s".to_owned(), "+sdown".to_owned()],
            pid: None,
            time: Duration::from_millis(30),
            runs: 2,
        };
        let mut bytes = Vec::new();
        write_pending(&[script], &mut Writer::new(&mut bytes, Protocol::Resp3));
        let expected = "*1\r\n%5\r\n$4\r\nargv\r\n*2\r\n$2\r\n/s\r\n$6\r\n+sdown\r\n$5\r\nflags\r\n$9\r\nscheduled\r\n\
                        $3\r\npid\r\n$1\r\n0\r\n$9\r\nrun-delay\r\n$2\r\n30\r\n$9\r\nretry-num\r\n$1\r\n2\r\n";
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
    }
}
