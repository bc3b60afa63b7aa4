//! `BONGSU HOOKS`: what hooks did, and a dry run of them.

use std::rc::Rc;

use bongsu_protocol::resp::Writer;

use super::unix_ms;
use crate::front::dispatch::{Call, Outcome};
use crate::front::sentinel::{Fields, NO_SUCH_MASTER};
use crate::shell::{HookRun, RehearsalError, Shell};

const NO_SUCH_HOOK: &str = "ERR No such hook of this master";

/// Answers `[<master-name>]` or `DRYRUN <master-name> [<hook>]`.
pub(super) fn handle(call: Call<'_>, out: &mut Writer<'_>) -> Outcome {
    let shell = &call.front.shell;
    let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    match call.arguments() {
        [] => write_runs(&shell.hook_runs(), out),
        [group] => {
            let group = text(group);
            if shell.with_core(|core, now| core.group(now, &group)).is_none() {
                out.error(NO_SUCH_MASTER);
                return Outcome::Done;
            }
            let runs: Vec<_> = shell.hook_runs().into_iter().filter(|run| run.group.as_str() == group).collect();
            write_runs(&runs, out);
        }
        [word, group, hook @ ..] if word.eq_ignore_ascii_case(b"dryrun") && hook.len() <= 1 => {
            return rehearse(call, text(group), hook.first().map(|hook| text(hook)));
        }
        _ => out.error("ERR syntax error"),
    }
    Outcome::Done
}

fn rehearse(call: Call<'_>, group: String, hook: Option<String>) -> Outcome {
    let (shell, protocol): (Shell, _) = (call.front.shell.clone(), call.protocol);
    Outcome::Wait(Box::pin(async move {
        let ended = shell.rehearse_hooks(group, hook).await;
        let mut reply = Vec::new();
        let out = &mut Writer::new(&mut reply, protocol);
        match ended {
            Ok(runs) => write_runs(&runs, out),
            Err(RehearsalError::NoSuchGroup) => out.error(NO_SUCH_MASTER),
            Err(RehearsalError::NoSuchHook) => out.error(NO_SUCH_HOOK),
        }
        reply
    }))
}

fn write_runs(runs: &[Rc<HookRun>], out: &mut Writer<'_>) {
    out.array(runs.len());
    for run in runs {
        fields_of(run).write(out);
    }
}

fn fields_of(run: &HookRun) -> Fields {
    let mut fields = Fields::default();
    fields.add("time", unix_ms(run.wall));
    fields.add("hook", &run.hook);
    fields.add("phase", run.phase.as_str());
    fields.add("master", &run.group);
    fields.add("epoch", run.epoch);
    fields.add_some("node", run.node.as_ref());
    fields.add("dry-run", if run.is_dry_run { "yes" } else { "no" });
    fields.add("end", &run.end);
    match &run.verdict {
        None => {}
        Some(Ok(())) => fields.add("verdict", "go"),
        Some(Err(why)) => {
            fields.add("verdict", "veto");
            fields.add("reason", why);
        }
    }
    fields.add_ms("duration-ms", run.took);
    fields.add("output-bytes", run.output_bytes);
    fields.add("output", &run.output);
    fields
}
