//! Carries out the core's actions.

use bongsu_process::log::LogLevel;
use bongsu_sentinel_core::{Action, Decision, Event, Level};

use super::{Shell, hooks, ledger, links, options, publishing, scripts};

/// Exit status of a simulated crash, as of Sentinel.
const CRASH_STATUS: i32 = 99;

pub(super) fn perform(shell: &Shell, action: Action) {
    match action {
        Action::Connect { link, channel, to, group } => links::connect(shell, link, channel, to, group),
        Action::Close { link, channel } => links::close(shell, link, channel),
        Action::DropLink { link } => links::drop_link(shell, link),
        Action::Send { link, id, request } => links::send(shell, link, id, &request),
        Action::Save { seq, need } => shell.0.saver.request(seq, need),
        Action::AnswerVote { call, reply } => {
            if let Some(waiter) = shell.0.votes.borrow_mut().remove(&call) {
                // The peer may have gone in the meantime.
                let _ = waiter.send(reply);
            }
        }
        Action::Publish(event) => publish(shell, &event),
        Action::Record(decision) => record(shell, decision),
        Action::ReconfigScript { group, leader, from, to } => {
            let script = options::reconfig_script(&shell.settings(), group.as_str());
            if let Some(path) = script {
                let hostnames = shell.0.core.borrow().announce_hostnames();
                let argv = scripts::reconfig_argv(path, &group, leader, (&from, &to), hostnames);
                scripts::schedule(shell, argv);
            }
        }
        Action::Configured { group, how } => publishing::on_configured(shell, group, how),
        Action::Resolve { host } => shell.0.resolver.want(&host, &shell.0.log),
        Action::RunHooks { group, occasion } => hooks::handle(shell, group, *occasion),
        Action::Crash => crash(shell),
    }
}

/// Logs an event, hands it to the sinks, and runs the group's notification script where it applies.
pub(super) fn publish(shell: &Shell, event: &Event) {
    let level = level_of(event.level);
    if shell.0.log.enabled(level) {
        shell.0.log.line(level, format_args!("{} {}", event.name, event.payload()));
    }
    if event.is_published() {
        let sinks = shell.0.sinks.borrow().clone();
        for sink in &sinks {
            sink(event);
        }
    }
    if let Some(group) = event.group.as_ref().filter(|_| event.notifies()) {
        let script = options::notification_script(&shell.settings(), group.as_str());
        if let Some(path) = script {
            scripts::schedule(shell, vec![path, event.name.to_owned(), event.payload()]);
        }
    }
}

fn record(shell: &Shell, decision: Decision) {
    let level = ledger::level(&decision.reason);
    if shell.0.log.enabled(level) {
        shell.0.log.line(level, ledger::Text(&decision));
    }
    shell.0.ledger.borrow_mut().push(decision);
}

fn crash(shell: &Shell) -> ! {
    shell.0.log.warning("Sentinel CRASH because of SENTINEL simulate-failure");
    shell.0.log.flush();
    std::process::exit(CRASH_STATUS);
}

/// The level of an event's line.
const fn level_of(level: Level) -> LogLevel {
    match level {
        Level::Debug => LogLevel::Debug,
        Level::Verbose => LogLevel::Verbose,
        Level::Notice => LogLevel::Notice,
        Level::Warning => LogLevel::Warning,
    }
}
