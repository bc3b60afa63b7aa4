//! The agent itself: one loop that hears everybody, decides, and acts.

mod act;
mod hear;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bongsu_process::log::Log;
use bongsu_sentinel_core::{Epoch, Holder, LEASE_MAX, RunId, Standing, Time};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use super::candidate::Candidate;
use super::carrier::{Carrier, CarrierEvent};
use super::decide::{Situation, Verdict, Why, decide};
use super::kernel::{Interface, InterfaceError, KernelEvent};
use super::node::{Node, Says, Word, watch as watch_node};
use super::pace::Pace;
use super::runtime::Runtime;
use super::script::Script;
use super::sentinel::{Desk, Heard, Order, Petition, serve};
use super::status::AgentStatus;
use super::watchman::Watchman;
use super::{AgentConfig, AgentError, Means, clock};
use crate::Endpoint;

/// Sentinels that are asked at most; groups have three to seven.
const SENTINELS_MAX: usize = 32;

/// Words of sentinels that wait to be heard; whoever has more to say waits.
const HEARD_MAX: usize = 64;

/// How long the end of the agent waits for sentinels to take back what they granted.
const FAREWELL: Duration = Duration::from_millis(300);

/// How often the status is written while nothing changes.
const STATUS_EVERY: Duration = Duration::from_millis(500);

/// Pause after an attempt to take the address failed.
const RETRY: Duration = Duration::from_secs(1);

/// Everything that the agent knows and has.
struct Keeper {
    config: AgentConfig,
    log: Log,
    runtime: Runtime,
    holder: Holder,
    /// Until when the agent before this one held the address, which is as good as a lease.
    inherited: Option<Time>,
    carrier: Carrier,
    watchman: Watchman,
    node: Rc<Node>,
    word: watch::Receiver<Word>,
    node_pace: watch::Sender<Duration>,
    orders: watch::Sender<Order>,
    heard: mpsc::Receiver<Heard>,
    tell: mpsc::Sender<Heard>,
    /// Sentinels with a task of their own.
    desks: BTreeMap<String, Option<RunId>>,
    pace: Pace,
    candidate: Option<Candidate>,
    holding: bool,
    /// It should not be here any more, and could not be removed.
    is_stuck: bool,
    /// What happens to the address cannot be heard before this time.
    deaf_until: Time,
    /// Until when the lease was that the kernel and the guardian know of.
    known_until: Time,
    fed_at: Time,
    /// Leases were asked for since the last were given back.
    has_asked: bool,
    is_replaced: bool,
    is_ending: bool,
    /// It was said that sentinels exist that were not named.
    has_warned: bool,
    retry_at: Time,
    /// When the address is to be announced.
    announce_at: Vec<Time>,
    announced_epoch: Epoch,
    conflict_announced: Option<Time>,
    /// What is shown, and when it was written.
    status: AgentStatus,
    status_at: Time,
}

/// Runs an agent until SIGTERM or SIGINT.
///
/// # Errors
/// It cannot start: another one runs, the interface cannot be used, or the system refuses something.
pub fn run(config: AgentConfig, log: Log) -> Result<(), AgentError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = LocalSet::new().block_on(&runtime, async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut keeper = Keeper::start(config, log)?;
        let result = loop {
            tokio::select! {
                result = keeper.turn() => if result.is_err() { break result },
                _ = terminate.recv() => break Ok(()),
                _ = interrupt.recv() => break Ok(()),
            }
        };
        keeper.end().await;
        result
    });
    // A name that is being looked up must not hold up the next agent.
    runtime.shutdown_background();
    result
}

fn carrier_of(config: &AgentConfig, log: &Log) -> Result<Carrier, AgentError> {
    Ok(match &config.means {
        Means::Kernel { interface } => {
            Carrier::Kernel(Interface::open(interface.as_deref(), config.node.0.ip(), &config.vips)?)
        }
        Means::Script { path } => {
            let script = Script::new(path.clone(), config.group.clone(), config.node.0.to_string());
            Carrier::of_script(script, config.vips.clone(), log.clone())
        }
        Means::Nothing => Carrier::Nothing,
    })
}

/// What the agent holds, in one line.
fn claim(config: &AgentConfig) -> String {
    let mut vips: Vec<String> = config.vips.iter().map(ToString::to_string).collect();
    vips.sort_unstable();
    format!("{:?} {}", config.group, vips.join(" "))
}

/// Until when an address may stay that an agent before this one has left here. One that may not is removed; true if that failed.
fn inherit(
    runtime: &Runtime,
    watchman: &mut Watchman,
    carrier: &mut Carrier,
    log: &Log,
    now: Time,
) -> Result<(Option<Time>, bool), AgentError> {
    let left = watchman.inherited();
    let is_credible = !runtime.is_new && left > now && left.since(now) <= LEASE_MAX;
    let inherited = is_credible.then_some(left);
    let removed = if inherited.is_none() { carrier.drop_all() } else { Ok(true) };
    if let Err(error) = &removed {
        log.warning(format_args!("what an agent before this one left cannot be removed: {error}"));
    }
    watchman.tell(inherited.unwrap_or(Time::ZERO))?;
    Ok((inherited, removed.is_err()))
}

impl Keeper {
    fn start(config: AgentConfig, log: Log) -> Result<Self, AgentError> {
        let runtime = Runtime::enter(&config.runtime_dir, &config.node.0, &claim(&config))?;
        let mut carrier = carrier_of(&config, &log)?;
        let (index, interface) = match &carrier {
            Carrier::Kernel(interface) => (Some(interface.index()), interface.name().to_owned()),
            _ => (None, String::new()),
        };
        if index.is_some() && carrier.ethernet().is_none() {
            log.warning(format_args!("{interface} is no Ethernet: the addresses cannot be announced"));
        }
        let mut watchman = Watchman::start(&config, runtime.paths.deadline(), index)?;
        let now = clock::now();
        let (inherited, is_stuck) = inherit(&runtime, &mut watchman, &mut carrier, &log, now)?;
        let listed = u32::try_from(config.sentinels.len()).unwrap_or(u32::MAX);
        let node = Rc::new(Node::new(
            Endpoint::new(config.node.0.host(), config.node.0.port()),
            config.node_access.clone(),
            config.node_limit,
        ));
        let (words, word) = watch::channel(Word { says: Says::Nothing, asked: now });
        let pace = Pace::new(config.lease);
        let (node_pace, node_paces) = watch::channel(pace.of_node(now));
        spawn_local(watch_node(Rc::clone(&node), node_paces, words));
        let (tell, heard) = mpsc::channel(HEARD_MAX);
        let status = AgentStatus::of(&config, interface);
        let sentinels = config.sentinels.clone();
        let mut me = Self {
            holder: Holder::new(listed),
            orders: watch::Sender::new(Order::default()),
            desks: BTreeMap::new(),
            candidate: None,
            holding: inherited.is_some() || is_stuck,
            is_stuck,
            deaf_until: Time::ZERO,
            known_until: inherited.unwrap_or(Time::ZERO),
            fed_at: now,
            has_asked: false,
            is_replaced: false,
            is_ending: false,
            has_warned: false,
            retry_at: Time::ZERO,
            announce_at: Vec::new(),
            announced_epoch: Epoch::ZERO,
            conflict_announced: None,
            status_at: Time::ZERO,
            config,
            log,
            runtime,
            inherited,
            carrier,
            watchman,
            node,
            word,
            node_pace,
            heard,
            tell,
            pace,
            status,
        };
        for endpoint in sentinels {
            me.open_desk(endpoint);
        }
        me.log.notice(format_args!("Standing beside {} for {}.", me.config.node.0, me.config.group));
        Ok(me)
    }

    /// One turn of the loop: acts on what is known, then waits for more.
    async fn turn(&mut self) -> Result<(), AgentError> {
        self.step().await;
        let now = clock::now();
        let look = self.pace.of_looks(now, self.candidate.is_some());
        tokio::select! {
            Some(heard) = self.heard.recv() => self.hear(heard),
            // The task ends with the agent.
            _ended = self.word.changed() => self.hear_node(),
            event = self.carrier.next(), if now >= self.deaf_until => match event {
                Ok(CarrierEvent::Kernel(KernelEvent::InterfaceGone)) => {
                    let name = self.status.interface.clone();
                    return Err(InterfaceError::NoSuchInterface { name }.into());
                }
                Ok(event) => self.hear_carrier(event),
                Err(error) => {
                    self.log.warning(format_args!("cannot hear what happens to the address: {error}"));
                    self.deaf_until = clock::now() + RETRY;
                }
            },
            again = self.watchman.again() => {
                again.map_err(|error| AgentError::Guardian { error })?;
                self.log.warning("The guardian had ended; another one has been started.");
                // It is to know at once what it guards.
                self.fed_at = Time::ZERO;
            }
            () = sleep(look) => {}
        }
        Ok(())
    }

    /// Until when the address may be here.
    fn until(&self, now: Time) -> Option<Time> {
        let granted = match self.holder.standing(now) {
            Standing::Held { until } => Some(until),
            Standing::NotHeld => None,
        };
        granted.max(self.inherited.filter(|until| *until > now))
    }

    fn verdict(&self, now: Time) -> Verdict {
        decide(&Situation {
            now,
            holding: self.holding,
            until: self.until(now),
            word: &self.word.borrow(),
            silent_after: self.config.lease,
            is_replaced: self.is_replaced,
            is_ending: self.is_ending,
        })
    }

    async fn step(&mut self) {
        let now = clock::now();
        let verdict = self.verdict(now);
        match verdict {
            Verdict::Hold(until) if self.holding => {
                self.prolong(now, until);
                self.show(
                    now,
                    "the node is the master, and a majority of the sentinels has granted a lease".to_owned(),
                );
            }
            Verdict::Hold(until) => self.try_to_take(now, until),
            Verdict::LetGo(why) if self.holding => self.let_go(now, why).await,
            Verdict::LetGo(why) => self.stay_without(now, &why),
        }
        self.give_orders(clock::now());
        self.announce_what_is_due(clock::now());
    }

    /// Says how often everybody is to be asked.
    fn give_orders(&mut self, now: Time) {
        let is_master = self.word.borrow().says == Says::Master;
        // An agent that has inherited an address asks before it has heard the node: time is short.
        let asks = !self.is_ending && (is_master || self.holding);
        let every = asks.then(|| self.pace.of_sentinels(now));
        self.has_asked |= asks;
        self.orders.send_if_modified(|order| std::mem::replace(&mut order.every, every) != every);
        let pace = self.pace.of_node(now);
        self.node_pace.send_if_modified(|known| std::mem::replace(known, pace) != pace);
    }

    /// Starts a task for a sentinel, unless it has one.
    fn open_desk(&mut self, endpoint: Endpoint) {
        if self.desks.len() >= SENTINELS_MAX || self.desks.contains_key(&endpoint.to_string()) {
            return;
        }
        self.desks.insert(endpoint.to_string(), None);
        spawn_local(serve(Desk {
            endpoint,
            access: self.config.sentinel_access.clone(),
            petition: Petition {
                group: self.config.group.clone(),
                holder: self.runtime.holder,
                node: self.config.node.0.clone(),
                wanted: self.config.lease,
                limit: self.config.lease / 2,
            },
            orders: self.orders.subscribe(),
            heard: self.tell.clone(),
        }));
    }

    /// Gives everything back.
    async fn end(mut self) {
        self.is_ending = true;
        let mut waits = self.desks.values().flatten().count();
        let was_holding = self.holding;
        self.step().await;
        if was_holding && matches!(self.carrier, Carrier::Script { .. }) {
            // A program may take a while; the lease lasts as long as nobody gives it back.
            while self.holding_by_script() {
                match timeout(RETRY * 10, self.carrier.next()).await {
                    Ok(Ok(CarrierEvent::Released)) => self.hear_carrier(CarrierEvent::Released),
                    Ok(Ok(CarrierEvent::Kernel(_))) => {}
                    Ok(Err(_)) | Err(_) => break,
                }
            }
            if !self.holding_by_script() {
                self.give_back();
            }
        }
        let farewell = async {
            while waits > 0
                && let Some(heard) = self.heard.recv().await
            {
                if matches!(heard, Heard::Released | Heard::Failed { .. }) {
                    waits -= 1;
                }
            }
        };
        // Whoever has not answered finds out when the lease ends.
        let _late = timeout(FAREWELL, farewell).await;
        self.show(clock::now(), Why::Ending.to_string());
        self.log.notice("Gone.");
    }
}
