//! The life of the process: start, signals, end.
//!
//! The order of the start is that of Sentinel (sentinel-protocol 1.1): configuration, is it writable, background, listeners,
//! only then the identity is made durable. A second process on the same port therefore dies without having touched the file.

mod descriptors;
mod signals;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use bongsu_process::atomic::remove_leftovers;
use bongsu_process::background;
use bongsu_process::log::{Log, LogGuard, LogLevel, LogTarget, Role, Shape, Timestamp};
use bongsu_process::{panic, pidfile, supervisor};
use bongsu_sentinel_core::{Durable, Setup};
use tokio::task::{LocalSet, spawn_local, yield_now};

use crate::config::{self, ConfigError, Launch, Loaded, LogFormat, LogTimestampFormat, Randomness, Settings, Store};
use crate::front::{self, Listeners};
use crate::shell::Shell;

/// How long the end of the process waits for the last changes to reach the disk.
const LAST_SAVE: Duration = Duration::from_secs(2);

/// Runs a sentinel until it is told to stop. `version` is the Redis version that is announced.
///
/// Exit status 1: the configuration cannot be used (a report is on standard error), or a socket cannot be bound.
pub fn run(launch: &Launch, version: &str) -> ExitCode {
    let loaded = match randomness().map(|randomness| config::load(launch, randomness)) {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(error)) => return refuse(&error, version),
        Err(error) => return complain(&format!("No randomness: {error}")),
    };
    match start(loaded, launch.stdin) {
        Ok(code) => code,
        Err(reason) => complain(&reason),
    }
}

fn start(mut loaded: Loaded, from_stdin: bool) -> Result<ExitCode, String> {
    let server = &mut loaded.settings.server;
    server.dir = server.dir.canonicalize().map_err(|e| format!("Can't chdir to '{}': {e}", server.dir.display()))?;
    if background::is_wanted(server.daemonize, server.supervised.into()) {
        if from_stdin {
            return Err("daemonize yes needs a configuration that can be read twice, not one on standard input".into());
        }
        // The second process has no terminal to complain to, and wants the lock on the state for itself.
        open_log(&loaded.settings).map_err(|e| format!("Can't open the log file: {e}"))?;
        drop(loaded);
        return background::hand_over().map(|()| ExitCode::SUCCESS).map_err(|e| format!("Can't daemonize: {e}"));
    }
    background::settle().map_err(|e| format!("Can't daemonize: {e}"))?;
    std::env::set_current_dir(&server.dir).map_err(|e| format!("Can't chdir to '{}': {e}", server.dir.display()))?;
    let (log, guard) = open_log(&loaded.settings).map_err(|e| format!("Can't open the log file: {e}"))?;
    panic::abort_on(&log, "sentinel");
    descriptors::raise(&loaded.settings, &log);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("Can't start the event loop: {e}"))?;
    let local = LocalSet::new();
    let code = local.block_on(&runtime, live(loaded, log));
    // Clients and links are closed before the last line is written.
    drop(local);
    // A disk or a name server that does not answer keeps nobody from leaving.
    runtime.shutdown_background();
    drop(guard);
    Ok(code)
}

async fn live(loaded: Loaded, log: Log) -> ExitCode {
    let Loaded { settings, setup, mut store, journal, warnings, is_new_id, file } = loaded;
    log.notice(format_args!("Running mode=sentinel, port={}.", settings.server.port.max(settings.server.tls_port)));
    for warning in &warnings {
        log.warning(warning);
    }
    if settings.server.syslog_enabled {
        log.warning("syslog-enabled is not supported: nothing is sent to syslog");
    }
    let listeners = match front::bind(&settings) {
        Ok(listeners) => listeners,
        Err(error) => {
            log.warning(&error);
            log.warning("Failed listening, exiting.");
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = Shell::check_tls(&settings) {
        log.warning(format_args!("TLS for links cannot be set up, exiting: {error}"));
        return ExitCode::FAILURE;
    }
    if is_new_id {
        save_identity(&mut store, &settings, &setup, &log);
    }
    log.notice(format_args!("Sentinel ID is {}", setup.my_id));
    log.debug(format_args!("configuration file {}", file.display()));
    let pidfile = pidfile::write(
        settings.server.pidfile.as_ref().map(|path| settings.path(path)),
        settings.server.daemonize,
        &log,
    );
    let config_file = file.display().to_string();
    let shell = match Shell::new(settings, setup, (store, journal), log.clone()) {
        Ok(shell) => shell,
        Err(error) => {
            log.warning(format_args!("Cannot start, exiting: {error}"));
            return ExitCode::FAILURE;
        }
    };
    serve(shell, listeners, config_file, &log).await;
    drop(pidfile);
    log.warning("Sentinel is now ready to exit, bye bye...");
    ExitCode::SUCCESS
}

async fn serve(shell: Shell, listeners: Listeners, config_file: String, log: &Log) {
    let supervised = shell.settings().server.supervised;
    spawn_local(front::serve(listeners, shell.clone(), config_file));
    // The front registers for events when it first runs, and must hear of the first ones.
    yield_now().await;
    shell.start();
    supervisor::tell_ready(supervised.into(), log);
    tokio::select! {
        () = shell.stopped() => {}
        () = signals::watch(log) => {}
    }
    log.notice("User requested shutdown...");
    if tokio::time::timeout(LAST_SAVE, shell.flush_saves()).await.is_err() {
        log.warning("The last changes did not reach the disk in time");
    }
}

/// A sentinel whose identity is not durable still watches; it will not vote until its state can be written.
fn save_identity(store: &mut Store, settings: &Settings, setup: &Setup, log: &Log) {
    // What was not complete when the process before this one ended is good for nothing.
    let _ = remove_leftovers(store.path());
    let durable = Durable { my_id: setup.my_id, current_epoch: setup.current_epoch, groups: setup.groups.clone() };
    if let Err(error) = store.save(settings, &durable) {
        log.warning(format_args!("WARNING: Sentinel was not able to save the new configuration on disk!!!: {error}"));
    }
}

fn open_log(settings: &Settings) -> io::Result<(Log, LogGuard)> {
    let server = &settings.server;
    let target = match &server.logfile {
        Some(path) => LogTarget::File(settings.path(path)),
        None => LogTarget::Stdout,
    };
    let shape = match server.log_format {
        LogFormat::Legacy => Shape::Plain,
        LogFormat::Logfmt => Shape::Logfmt,
        LogFormat::Json => Shape::Json,
    };
    let timestamp = match server.log_timestamp_format {
        LogTimestampFormat::Legacy => Timestamp::Legacy,
        LogTimestampFormat::Iso8601 => Timestamp::Iso8601,
        LogTimestampFormat::Milliseconds => Timestamp::Milliseconds,
    };
    Log::start(&target, Role::Sentinel, LogLevel::from(server.loglevel), shape, timestamp)
}

fn refuse(error: &ConfigError, version: &str) -> ExitCode {
    if error.is_in_the_text() {
        eprint!("{}", error.fatal_block(version));
        return ExitCode::FAILURE;
    }
    complain(&error.to_string())
}

/// Reports what happens before the configured log can be opened, where Redis logs such things: on standard output.
fn complain(reason: &str) -> ExitCode {
    use bongsu_process::log::LocalTime;
    println!("{}:X {} # {reason}", std::process::id(), LocalTime(std::time::SystemTime::now()));
    ExitCode::FAILURE
}

fn randomness() -> io::Result<Randomness> {
    use std::io::Read as _;
    let mut bytes = [0; 28];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let (mut id, mut seed) = ([0; 20], [0; 8]);
    id.copy_from_slice(&bytes[..20]);
    seed.copy_from_slice(&bytes[20..]);
    Ok(Randomness { id, seed: u64::from_le_bytes(seed) })
}
