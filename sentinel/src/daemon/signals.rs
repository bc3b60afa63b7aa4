//! Signals.

use bongsu_process::log::Log;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Resolves at the first SIGTERM or SIGINT; a SIGINT after that ends the process at once with status 1. SIGHUP reopens the
/// log.
pub(super) async fn watch(log: &Log) {
    let (Some(mut term), Some(mut int), Some(mut hup)) =
        (listen(SignalKind::terminate(), log), listen(SignalKind::interrupt(), log), listen(SignalKind::hangup(), log))
    else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    let name = loop {
        tokio::select! {
            _ = term.recv() => break "SIGTERM",
            _ = int.recv() => break "SIGINT",
            _ = hup.recv() => log.reopen(),
        }
    };
    log.warning(format_args!("Received {name} scheduling shutdown..."));
    tokio::task::spawn_local(async move {
        int.recv().await;
        std::process::exit(1);
    });
}

fn listen(kind: SignalKind, log: &Log) -> Option<Signal> {
    signal(kind).inspect_err(|error| log.warning(format_args!("A signal cannot be handled: {error}"))).ok()
}
