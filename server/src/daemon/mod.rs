//! The life of the process: start, signals, end.

pub(crate) mod descriptors;
pub(crate) mod oom_score;

use std::process::ExitCode;
use std::time::SystemTime;

use bongsu_process::log::{LocalTime, Log, LogGuard, LogLevel, LogTarget, Role, Shape, Timestamp};
use bongsu_process::signals::Signals;
use bongsu_process::supervisor::{self, Supervised};
use bongsu_process::{background, panic, pidfile};
use bongsu_store::random::Random;

use crate::config::{Config, Directive, Launch, LoadError};
use crate::engine::{End, Shutdown};
use crate::entropy;
use crate::net::listeners::OpenError;
use crate::serve::Server;
use crate::version::REDIS_VERSION;

/// Runs a data server until it is told to stop.
///
/// Exit status 1: the configuration cannot be used (a report is on standard error), or a socket cannot be bound.
pub fn run(launch: &Launch) -> ExitCode {
    let config = match Config::load(launch) {
        Ok(config) => config,
        Err(error) => return refuse(&error),
    };
    start(config, launch.stdin).unwrap_or_else(|reason| complain(&reason))
}

fn start(config: Config, from_stdin: bool) -> Result<ExitCode, String> {
    if background::is_wanted(config.is_on(Directive::Daemonize), supervised(&config)) {
        if from_stdin {
            return Err("daemonize yes needs a configuration that can be read twice, not one on standard input".into());
        }
        return background::hand_over().map(|()| ExitCode::SUCCESS).map_err(|e| format!("Can't daemonize: {e}"));
    }
    background::settle().map_err(|e| format!("Can't daemonize: {e}"))?;
    let dir = config.dir();
    std::env::set_current_dir(dir).map_err(|e| format!("Can't chdir to '{}': {e}", dir.display()))?;
    let (log, guard) = open_log(&config).map_err(|e| format!("Can't open the log file: {e}"))?;
    panic::abort_on(&log, "data server");
    let code = match live(config, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            log.warning(reason);
            ExitCode::FAILURE
        }
    };
    drop(guard);
    Ok(code)
}

fn live(mut config: Config, log: &Log) -> Result<(), String> {
    let (version, bits, pid) = (env!("CARGO_PKG_VERSION"), usize::BITS, std::process::id());
    log.notice("oO0OoO0OoO0Oo bongsu is starting oO0OoO0OoO0Oo");
    log.notice(format_args!("bongsu version={version}, Redis version={REDIS_VERSION}, bits={bits}, PID: {pid}"));
    log.notice("Configuration loaded");
    warn(&config, log);
    descriptors::fit(&mut config, log);
    let (port, tls_port) = (config.integer(Directive::Port), config.integer(Directive::TlsPort));
    log.notice(format_args!("Running mode=standalone, port={}.", if port == 0 { tls_port } else { port }));
    let supervised = supervised(&config);
    let (pid_path, is_daemon) = (config.path(Directive::Pidfile), config.is_on(Directive::Daemonize));
    let signals = Signals::watch().map_err(|e| format!("Signals cannot be handled: {e}"))?;
    let mut server = Server::open(config, log.clone(), seed()).map_err(|error| fatal(&error, log, [port, tls_port]))?;
    server.engine.load_users().map_err(|error| error.to_string())?;
    server.engine.adjust_oom_score();
    let pidfile = pidfile::write(pid_path, is_daemon, log);
    log.notice("Server initialized");
    server.engine.begin_life()?;
    let served = serve(&mut server, &signals, supervised, log);
    let fatal = server.engine.fatal.take();
    drop(server);
    drop(pidfile);
    served.map_err(|error| format!("Sockets cannot be watched: {error}"))?;
    if let Some(reason) = fatal {
        return Err(reason);
    }
    log.warning("Server is now ready to exit, bye bye...");
    Ok(())
}

/// Until the end, for which a signal or a client has asked.
fn serve(server: &mut Server, signals: &Signals, supervised: Supervised, log: &Log) -> std::io::Result<()> {
    let look = || {
        if signals.take_hangup() {
            log.reopen();
        }
        signals.end().is_some()
    };
    server.run_while_loading(look)?;
    if server.engine.loading.is_none() && server.engine.fatal.is_none() {
        supervisor::tell_ready(supervised, log);
    }
    loop {
        server.run(look)?;
        let Some(name) = signals.end() else { return Ok(()) };
        log.warning(format_args!("Received {name} scheduling shutdown..."));
        let directive = if name == "SIGINT" { Directive::ShutdownOnSigint } else { Directive::ShutdownOnSigterm };
        let how = Shutdown::configured(&server.engine.config.words(directive));
        match server.engine.ask_for_end(how) {
            End::Comes => return Ok(()),
            End::Waits => {}
            End::Fails => log.warning(format_args!(
                "{name} received but errors trying to shut down the server, check the logs for more information"
            )),
        }
        signals.forget_end();
    }
}

/// What is configured and does not happen, where somebody might rely on it.
fn warn(config: &Config, log: &Log) {
    if config.file().is_none() {
        log.warning("Warning: no configuration file: CONFIG REWRITE has nowhere to write to");
    }
    if config.is_on(Directive::SyslogEnabled) {
        log.warning("Warning: syslog-enabled has no effect: nothing is sent to syslog");
    }
    for directive in [Directive::TlsCiphers, Directive::TlsCiphersuites] {
        if !config.text(directive).is_empty() {
            log.warning(format_args!("Warning: {directive} has no effect: what is known to be weak is never used"));
        }
    }
}

/// Tells why there is no listening, and the line that is the last one.
fn fatal(error: &OpenError, log: &Log, [port, tls_port]: [i64; 2]) -> String {
    match error {
        OpenError::Nowhere | OpenError::Tls(_) => return error.to_string(),
        OpenError::Socket(_) | OpenError::Watch(_) => log.warning(format_args!("Warning: {error}")),
    }
    match port {
        0 if tls_port == 0 => "Failed listening, aborting.".to_owned(),
        0 => format!("Failed listening on port {tls_port} (tls), aborting."),
        _ => format!("Failed listening on port {port} (tcp), aborting."),
    }
}

fn open_log(config: &Config) -> std::io::Result<(Log, LogGuard)> {
    let target = config.path(Directive::Logfile).map_or(LogTarget::Stdout, LogTarget::File);
    let level = LogLevel::parse(&config.words(Directive::Loglevel)).unwrap_or(LogLevel::Notice);
    Log::start(&target, Role::Master, level, Shape::Plain, Timestamp::Legacy)
}

fn supervised(config: &Config) -> Supervised {
    match config.words(Directive::Supervised).as_str() {
        "systemd" => Supervised::Systemd,
        "upstart" => Supervised::Upstart,
        "auto" => Supervised::Auto,
        _ => Supervised::No,
    }
}

fn seed() -> Random {
    let mut seeds = [[0; 8]; 4];
    seeds.iter_mut().for_each(|bytes| entropy::fill(bytes));
    Random::new(seeds.map(u64::from_le_bytes))
}

fn refuse(error: &LoadError) -> ExitCode {
    match error.fatal_block(REDIS_VERSION) {
        Some(block) => {
            eprint!("{block}");
            ExitCode::FAILURE
        }
        None => complain(&error.to_string()),
    }
}

/// Reports what happens before the configured log can be opened, where Redis logs such things: on standard output.
fn complain(reason: &str) -> ExitCode {
    println!("{}:C {} # {reason}", std::process::id(), LocalTime(SystemTime::now()));
    ExitCode::FAILURE
}
