//! Host names: asynchronous, with the last known answer kept.
//!
//! Names are looked up through the system's configuration (`/etc/hosts`, `/etc/resolv.conf`, both read again when they
//! change). A name in use is looked up again when its answer expires, at the latest after [`ANSWER_AGE_MAX`], and at once when
//! a connection to it fails. A name that stops resolving keeps its last address: an outage of the DNS must not look like an
//! outage of the data nodes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use bongsu_process::log::Log;
use bongsu_sentinel_core::Input;
use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Hosts, TokioResolver};
use tokio::sync::{Notify, Semaphore};
use tokio::task::spawn_local;
use tokio::time::Instant;

use super::{Shell, addresses};

/// Oldest answer that is not asked for again. A failover of the service behind a name must be seen within seconds, whatever
/// TTL its zone has.
const ANSWER_AGE_MAX: Duration = Duration::from_secs(5);

/// Youngest answer that is asked for again, also after connection failures: protects the name servers.
const ANSWER_AGE_MIN: Duration = Duration::from_secs(1);

/// Time for one question to one name server.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(2);

/// How long somebody who wants to connect waits for a fresh answer where an older one is known. Far below any sensible
/// down-after: name servers that do not answer must not make connecting take longer than a node may be silent.
const KNOWN_PATIENCE: Duration = Duration::from_millis(200);

/// Names looked after. Each is configured by somebody or announced by a data node; more than two per node of the largest
/// supported fleet are a mistake.
const NAMES_MAX: usize = 20_000;

/// Questions that are under way at the same time; more wait their turn.
const QUESTIONS_MAX: usize = 256;

/// For how long a name is looked after that no link uses.
const UNUSED_AGE_MAX: Duration = Duration::from_secs(60);

/// The files that say how names are resolved.
const SOURCES: [&str; 2] = ["/etc/hosts", "/etc/resolv.conf"];

/// A name has no address.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot resolve '{host}': {reason}")]
pub struct ResolveError {
    /// The name.
    pub host: String,
    /// What the resolver said.
    pub reason: String,
}

pub(super) struct Resolver {
    engine: RefCell<Option<Engine>>,
    names: RefCell<HashMap<String, Name>>,
    wake: Notify,
    questions: Semaphore,
    full_told: Cell<bool>,
    swept: Cell<Instant>,
}

struct Engine {
    resolver: Rc<TokioResolver>,
    hosts: Rc<Hosts>,
    sources: [Option<SystemTime>; SOURCES.len()],
    checked: Instant,
}

struct Name {
    last: Option<IpAddr>,
    /// Somebody waits for an answer, even if it is the one known already.
    asked: bool,
    wanted: Instant,
    looked_up: Option<Instant>,
    due: Instant,
    busy: bool,
}

impl Resolver {
    pub(super) fn new() -> Self {
        Self {
            engine: RefCell::new(None),
            names: RefCell::default(),
            wake: Notify::new(),
            questions: Semaphore::new(QUESTIONS_MAX),
            full_told: Cell::new(false),
            swept: Cell::new(Instant::now()),
        }
    }

    /// Looks a name up soon and from time to time; answers are fed to the core.
    pub(super) fn want(&self, host: &str, log: &Log) {
        let now = Instant::now();
        let mut names = self.names.borrow_mut();
        if names.len() >= NAMES_MAX && !names.contains_key(host) {
            if !self.full_told.replace(true) {
                log.warning(format_args!(
                    "More than {NAMES_MAX} host names: '{host}' and others are looked up only to connect"
                ));
            }
            return;
        }
        let name = names.entry(host.to_owned()).or_insert_with(|| Name::new(now));
        name.wanted = now;
        name.asked = true;
        name.due = name.looked_up.map_or(now, |at| now.max(at + ANSWER_AGE_MIN));
        self.wake.notify_one();
    }

    /// The address of a name: fresh if the name servers answer soon, else the last one known.
    pub(super) async fn resolve(&self, host: &str, log: &Log) -> Result<IpAddr, ResolveError> {
        if let Ok(ip) = host.parse() {
            return Ok(ip);
        }
        if let Some(ip) = self.fresh(host) {
            return Ok(ip);
        }
        let answer = match self.known(host) {
            None => self.look_up(host).await,
            Some(ip) => match tokio::time::timeout(KNOWN_PATIENCE, self.look_up(host)).await {
                Ok(answer) => answer,
                Err(_) => {
                    self.want(host, log);
                    return Ok(ip);
                }
            },
        };
        let known = self.known(host);
        let ip = match answer {
            Ok((ips, _)) => known.filter(|known| ips.contains(known)).or_else(|| ips.first().copied()).or(known),
            Err(error) => Some(known.ok_or(error)?),
        };
        let ip = ip.ok_or_else(|| ResolveError { host: host.to_owned(), reason: "the name has no address".into() })?;
        if let Some(name) = self.names.borrow_mut().get_mut(host) {
            // A change is left to the next refresh, which tells the core.
            name.last.get_or_insert(ip);
        }
        Ok(ip)
    }

    fn known(&self, host: &str) -> Option<IpAddr> {
        self.names.borrow().get(host).and_then(|name| name.last)
    }

    fn fresh(&self, host: &str) -> Option<IpAddr> {
        let names = self.names.borrow();
        let name = names.get(host)?;
        name.last.filter(|_| name.looked_up.is_some_and(|at| at.elapsed() < ANSWER_AGE_MIN))
    }

    async fn look_up(&self, host: &str) -> Result<(Vec<IpAddr>, std::time::Instant), ResolveError> {
        let failed = |reason: String| ResolveError { host: host.to_owned(), reason };
        let (resolver, hosts) = self.engine().map_err(|e| failed(e.to_string()))?;
        let listed = addresses::in_hosts_file(&hosts, host);
        let (ips, valid_until) = if listed.is_empty() {
            // The semaphore is never closed.
            let _turn = self.questions.acquire().await.map_err(|e| failed(e.to_string()))?;
            let found = resolver.lookup_ip(host).await.map_err(|e| failed(e.to_string()))?;
            (found.iter().collect(), found.valid_until())
        } else {
            (listed, std::time::Instant::now() + ANSWER_AGE_MAX)
        };
        Ok((addresses::in_order_of_preference(ips, addresses::has_route), valid_until))
    }

    fn engine(&self) -> Result<(Rc<TokioResolver>, Rc<Hosts>), hickory_resolver::net::NetError> {
        let mut slot = self.engine.borrow_mut();
        if let Some(engine) = slot.as_mut() {
            if engine.checked.elapsed() < ANSWER_AGE_MIN {
                return Ok((Rc::clone(&engine.resolver), Rc::clone(&engine.hosts)));
            }
            engine.checked = Instant::now();
            if engine.sources == source_times() {
                return Ok((Rc::clone(&engine.resolver), Rc::clone(&engine.hosts)));
            }
        }
        let sources = source_times();
        // Without the file there is nothing in it.
        let (resolver, hosts) = (Rc::new(build()?), Rc::new(Hosts::from_system().unwrap_or_default()));
        let engine =
            Engine { resolver: Rc::clone(&resolver), hosts: Rc::clone(&hosts), sources, checked: Instant::now() };
        *slot = Some(engine);
        Ok((resolver, hosts))
    }

    fn take_due(&self, shell: &Shell) -> (Vec<String>, Option<Instant>) {
        let now = Instant::now();
        let mut names = self.names.borrow_mut();
        if self.swept.get() + UNUSED_AGE_MAX <= now {
            self.swept.set(now);
            let used = shell.0.links.names();
            names.retain(|host, name| name.busy || name.wanted + UNUSED_AGE_MAX > now || used.contains(host));
        }
        let mut due = Vec::new();
        for (host, name) in names.iter_mut().filter(|(_, name)| !name.busy && name.due <= now) {
            name.busy = true;
            due.push(host.clone());
        }
        (due, names.values().filter(|name| !name.busy).map(|name| name.due).min())
    }
}

impl Name {
    const fn new(now: Instant) -> Self {
        Self { last: None, asked: true, wanted: now, looked_up: None, due: now, busy: false }
    }
}

fn source_times() -> [Option<SystemTime>; SOURCES.len()] {
    SOURCES.map(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok())
}

fn build() -> Result<TokioResolver, hickory_resolver::net::NetError> {
    let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|_| {
        TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default())
    });
    let options: &mut ResolverOpts = builder.options_mut();
    options.positive_max_ttl = Some(ANSWER_AGE_MAX);
    options.negative_max_ttl = Some(ANSWER_AGE_MIN);
    options.timeout = QUESTION_TIMEOUT;
    options.attempts = 1;
    builder.build()
}

/// Looks after the names for ever.
pub(super) async fn drive(shell: Shell) {
    let resolver = &shell.0.resolver;
    loop {
        let (due, next) = resolver.take_due(&shell);
        for host in due {
            let shell = shell.clone();
            spawn_local(async move { refresh(shell, host).await });
        }
        match next {
            Some(at) => tokio::select! {
                () = resolver.wake.notified() => {}
                () = tokio::time::sleep_until(at) => {}
            },
            None => resolver.wake.notified().await,
        }
    }
}

async fn refresh(shell: Shell, host: String) {
    let answer = shell.0.resolver.look_up(&host).await;
    let now = Instant::now();
    let mut fed = None;
    if let Some(name) = shell.0.resolver.names.borrow_mut().get_mut(&host) {
        name.busy = false;
        name.looked_up = Some(now);
        let mut age = ANSWER_AGE_MAX;
        if let Ok((ips, valid_until)) = &answer {
            age =
                valid_until.saturating_duration_since(std::time::Instant::now()).clamp(ANSWER_AGE_MIN, ANSWER_AGE_MAX);
            // Of several addresses the known one stays as long as it is among them, whatever their order.
            let ip = name.last.filter(|last| ips.contains(last)).or_else(|| ips.first().copied());
            fed = ip.filter(|ip| name.asked || name.last != Some(*ip));
            name.asked &= ip.is_none();
            name.last = ip.or(name.last);
        }
        name.due = now + age;
    }
    shell.0.resolver.wake.notify_one();
    if let Err(error) = answer {
        shell.0.log.debug(error);
    }
    if let Some(ip) = fed {
        shell.with_core(|core, now| core.handle(now, Input::Resolved { host, ip }));
    }
}
