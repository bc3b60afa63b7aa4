//! Everything around the core that touches the world: links, disk, scripts, names, log, time.
//!
//! One thread runs it all. Whoever has an input (a link that read something, a client's command, the timer) feeds it to the
//! core directly and then lets the shell carry out what the core asks for; nothing is queued in between. Requests that one
//! step produces for the same link leave in one write.

mod act;
mod addresses;
mod clock;
mod groups;
mod hooks;
mod ledger;
mod links;
mod options;
mod publishing;
mod resolver;
mod saver;
mod scripts;
mod timer;

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use bongsu_process::log::Log;
use bongsu_process::tls::TlsError;
use bongsu_sentinel_core::{
    Addr, CallId, Epoch, Event, Hello, Input, LinkId, RunId, SaveNeed, Sentinel, Setup, Time, VoteReply,
};
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;

pub use hooks::{HookEnd, HookRun, RehearsalError};
pub use ledger::Entry;
pub use publishing::{PlaceView, PublishError};
pub use resolver::ResolveError;
pub use saver::SaveError;
pub use scripts::ScriptView;

use crate::config::{Journal, Settings, Store};

/// A sink for the events that the core publishes.
type Sink = Rc<dyn Fn(&Event)>;

/// Why there is no shell.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gives no poll set.
    #[error("the links cannot be polled: {0}")]
    Poll(#[from] std::io::Error),
    /// A target's files or settings cannot be used.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Vote calls that may wait for the disk at the same time. A peer asks once per group and 100 ms; beyond this they are
/// refused, which a peer takes as "no opinion".
const WAITING_VOTES_MAX: usize = 65_536;

/// The daemon's centre; clones share it.
#[derive(Clone)]
pub struct Shell(Rc<Inner>);

struct Inner {
    clock: clock::Clock,
    core: RefCell<Sentinel>,
    settings: RefCell<Settings>,
    log: Log,
    timer: timer::Timer,
    links: links::Links,
    saver: saver::Saver,
    scripts: scripts::Scripts,
    hooks: hooks::Hooks,
    resolver: resolver::Resolver,
    ledger: RefCell<ledger::Ledger>,
    groups: groups::Groups,
    sinks: RefCell<Vec<Sink>>,
    publishing: publishing::Publishing,
    votes: RefCell<HashMap<CallId, oneshot::Sender<VoteReply>>>,
    next_call: Cell<u64>,
    /// What carrying out an action led to, fed to the core once its actions are done.
    inbox: RefCell<VecDeque<Input>>,
    draining: Cell<bool>,
    settling: Cell<bool>,
    stop: Notify,
}

impl Shell {
    /// Says whether links could be established securely, if that is what the settings ask for.
    ///
    /// # Errors
    /// The certificates, the key or the authorities cannot be used.
    pub fn check_tls(settings: &Settings) -> Result<(), TlsError> {
        links::check_tls(&settings.server)
    }

    /// Builds the core from `setup` and starts the tasks around it. The first actions of the core (its `+monitor` events and
    /// connections) wait for [`Shell::start`], so that sinks can be registered before.
    ///
    /// Must be called inside a [`tokio::task::LocalSet`].
    ///
    /// # Errors
    /// The system gives no poll set for the links, or a target of `publish` cannot be used.
    pub fn new(settings: Settings, setup: Setup, disk: (Store, Journal), log: Log) -> Result<Self, StartError> {
        let clock = clock::Clock::start();
        let mut core = Sentinel::new(clock.now(), setup);
        core.set_hooks(hooks::plans(&settings));
        let publishing = publishing::Publishing::new(&settings)?;
        Ok(Self(Rc::new(Inner {
            clock,
            core: RefCell::new(core),
            settings: RefCell::new(settings),
            timer: timer::Timer::default(),
            links: links::Links::new()?,
            saver: saver::Saver::new(disk.0, disk.1),
            scripts: scripts::Scripts::default(),
            hooks: hooks::Hooks::default(),
            resolver: resolver::Resolver::new(),
            log,
            ledger: RefCell::default(),
            groups: groups::Groups::default(),
            sinks: RefCell::default(),
            publishing,
            votes: RefCell::default(),
            next_call: Cell::new(0),
            inbox: RefCell::default(),
            draining: Cell::new(false),
            settling: Cell::new(false),
            stop: Notify::new(),
        })))
    }

    /// Carries out the core's first actions and starts serving its deadlines, saves and names.
    pub fn start(&self) {
        spawn_local(timer::drive(self.clone()));
        spawn_local(links::drive(self.clone()));
        spawn_local(saver::drive(self.clone()));
        spawn_local(saver::drive_journal(self.clone()));
        spawn_local(resolver::drive(self.clone()));
        spawn_local(scripts::reap(self.clone()));
        if self.0.saver.has_leftovers() {
            self.0.core.borrow_mut().save(SaveNeed::Sometime);
        }
        self.settle();
    }

    /// The core's time.
    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    /// Calls `f` with the core and the present time, then carries out what the core asks for.
    pub fn with_core<R>(&self, f: impl FnOnce(&mut Sentinel, Time) -> R) -> R {
        let now = self.now();
        let result = f(&mut self.0.core.borrow_mut(), now);
        self.settle();
        result
    }

    /// The settings. Not to be held across an `await` or a call that changes something.
    pub fn settings(&self) -> Ref<'_, Settings> {
        self.0.settings.borrow()
    }

    /// The settings, to change them. Not to be held across an `await` or any other call of the shell.
    pub fn settings_mut(&self) -> RefMut<'_, Settings> {
        self.0.links.forget_settings();
        self.0.settings.borrow_mut()
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// Answers a peer's `SENTINEL IS-MASTER-DOWN-BY-ADDR`. Resolves when the core answers, which may wait for the disk: a
    /// vote is durable before it leaves.
    pub async fn vote(&self, addr: Addr, epoch: Epoch, candidate: Option<RunId>) -> VoteReply {
        const NO_OPINION: VoteReply = VoteReply { down: false, leader: None };
        if self.0.votes.borrow().len() >= WAITING_VOTES_MAX {
            return NO_OPINION;
        }
        let call = CallId(self.0.next_call.get());
        self.0.next_call.set(call.0 + 1);
        let (answer, answered) = oneshot::channel();
        self.0.votes.borrow_mut().insert(call, answer);
        self.with_core(|core, now| core.handle(now, Input::VoteCall { call, addr, epoch, candidate }));
        answered.await.unwrap_or(NO_OPINION)
    }

    /// A peer's hello message that was published to us directly.
    pub fn hello(&self, hello: Hello) {
        self.with_core(|core, now| core.handle(now, Input::Hello { via: None, hello }));
    }

    /// Makes settings and state durable; resolves when they are on disk.
    ///
    /// # Errors
    /// The write failed. It is repeated in the background.
    pub async fn save(&self) -> Result<(), SaveError> {
        let seq = self.with_core(|core, _| core.save(SaveNeed::Everything));
        self.0.saver.wait_for(seq).await
    }

    /// Writes what is still to be written; resolves when nothing is.
    pub async fn flush_saves(&self) {
        self.0.saver.flush().await;
    }

    /// Registers a sink for published events, called synchronously when the core publishes.
    pub fn on_event(&self, sink: Box<dyn Fn(&Event)>) {
        self.0.sinks.borrow_mut().push(sink.into());
    }

    /// Logs and publishes an event that does not come from the core.
    pub fn publish(&self, event: &Event) {
        act::publish(self, event);
    }

    /// The last `INFO` text that a node sent over this link, and its age.
    pub fn info_cache(&self, link: LinkId) -> Option<(Duration, Rc<[u8]>)> {
        self.0.links.info_cache(self.now(), link)
    }

    /// `SENTINEL PENDING-SCRIPTS`.
    pub fn pending_scripts(&self) -> Vec<ScriptView> {
        self.0.scripts.view(self.now())
    }

    /// Scripts that run now (`sentinel_running_scripts`).
    pub fn running_scripts(&self) -> usize {
        self.0.scripts.running()
    }

    /// Scripts that run or wait (`sentinel_scripts_queue_length`).
    pub fn queued_scripts(&self) -> usize {
        self.0.scripts.len()
    }

    /// The latest runs of hooks, oldest first.
    pub fn hook_runs(&self) -> Vec<Rc<HookRun>> {
        self.0.hooks.runs()
    }

    /// Runs the hooks of a group, or one of them, as if something had happened; gives how they ended, in the order of the phases.
    ///
    /// # Errors
    /// There is no such group or no such hook.
    pub async fn rehearse_hooks(
        &self,
        group: String,
        hook: Option<String>,
    ) -> Result<Vec<Rc<HookRun>>, RehearsalError> {
        // Of its own, so that a hook is watched to its end though nobody waits for the answer any more.
        let runs = spawn_local(hooks::rehearse(self.clone(), group, hook));
        runs.await.unwrap_or(Err(RehearsalError::NoSuchHook))
    }

    /// Resolves a host name or IP literal, for `SENTINEL MONITOR` and vote calls.
    ///
    /// # Errors
    /// The name has no address and never had one.
    pub async fn resolve(&self, host: &str) -> Result<std::net::IpAddr, ResolveError> {
        self.0.resolver.resolve(host, &self.0.log).await
    }

    /// Where else clients find the masters, of one group or all, and how that stands.
    pub fn publications(&self, group: Option<&str>) -> Vec<PlaceView> {
        self.0.publishing.views(self, group)
    }

    /// Makes the targets of a group, or one of them, look at their records now; `force` also writes over a higher epoch and over what
    /// no sentinel wrote. Returns how many targets that are.
    pub fn publish_now(&self, group: &str, target: Option<&str>, force: bool) -> usize {
        self.0.publishing.look_now(self, group, target, force)
    }

    /// The latest decisions with their reasons, oldest first.
    pub fn ledger(&self) -> Vec<Entry> {
        self.0.ledger.borrow().entries().cloned().collect()
    }

    /// Hello messages that could not be parsed since the start.
    pub fn malformed_hellos(&self) -> u64 {
        self.0.links.malformed_hellos()
    }

    /// Ends the process gracefully (`SHUTDOWN`, SIGTERM): [`Shell::stopped`] resolves.
    pub fn shutdown(&self) {
        self.0.stop.notify_one();
    }

    /// Resolves once [`Shell::shutdown`] was called. One waiter.
    pub async fn stopped(&self) {
        self.0.stop.notified().await;
    }

    /// Feeds one input without carrying anything out; [`Shell::settle`] must follow.
    fn feed(&self, now: Time, input: Input) {
        self.0.core.borrow_mut().handle(now, input);
    }

    /// Carries out everything that the core asks for, then sends what the links have gathered.
    fn settle(&self) {
        // Called by an action that is being carried out: the outer call goes on with what that led to.
        if self.0.draining.get() || self.0.settling.replace(true) {
            return;
        }
        loop {
            self.drain();
            if !links::flush(self) {
                break;
            }
        }
        self.0.settling.set(false);
        self.0.timer.set(self.0.core.borrow().poll_timeout());
    }

    fn drain(&self) {
        // A sink or an action may call back into the shell; the outer call goes on with what that led to.
        if self.0.draining.replace(true) {
            return;
        }
        loop {
            let action = self.0.core.borrow_mut().poll_action();
            if let Some(action) = action {
                act::perform(self, action);
                continue;
            }
            let Some(input) = self.0.inbox.borrow_mut().pop_front() else { break };
            self.feed(self.now(), input);
        }
        self.0.draining.set(false);
    }
}
