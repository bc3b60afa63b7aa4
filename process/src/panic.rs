//! The end of a process that has a bug.

use crate::log::Log;

/// A panic is a bug after which the state cannot be trusted, and in a task it would go unnoticed: the whole process ends, so
/// that a supervisor restarts it from its durable state. `what` names the process in the log.
pub fn abort_on(log: &Log, what: &'static str) {
    let log = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        log.warning(format_args!("=== BUG REPORT START: the {what} stopped because of a bug ==="));
        log.warning(panic);
        log.warning(std::backtrace::Backtrace::force_capture());
        log.flush();
        std::process::abort();
    }));
}
