//! Hooks: the owner's programs in the phases of a failover (docs/hooks.md).
//!
//! Those that are asked before a failover run at once, side by side, and their verdict goes back to the core. The others never
//! hold anything up: each group has a queue of occasions, which are told in order, one after the other.

mod child;
mod message;
mod record;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use bongsu_process::log::LogLevel;
use bongsu_sentinel_core::{
    Ending, Event, GroupId, GroupName, HookGate, HookPlans, HookVerdict, Input, Level, Occasion, Phase, Role,
};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{Instant, timeout_at};

pub use child::HookEnd;
pub use record::HookRun;

use super::Shell;
use crate::config::{HookPhase, HookSettings, OnFailure, Settings};
use message::{Message, phase_of};

/// Hooks that are asked at the same time. They hold failovers up, and many groups may lose their masters at once.
const ASKED_MAX: usize = 32;
/// Other hooks that run at the same time, as of scripts.
const TOLD_MAX: usize = 16;
/// Occasions that wait at most; four of a failover. Those that come later are dropped.
const WAITING_MAX: usize = 4096;
/// How much longer than its hooks the core waits: a process has to be made, and killed.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// Which groups have hooks, for the core.
pub(super) fn plans(settings: &Settings) -> HookPlans {
    let mut plans = HookPlans::default();
    for hook in &settings.hooks {
        let gate = (hook.phase == HookPhase::PreFailover).then(|| HookGate {
            limit: hook.timeout + ANSWER_MARGIN,
            silence_is_veto: hook.on_failure == OnFailure::Veto,
        });
        plans.add(&hook.groups, gate);
    }
    plans
}

pub(super) struct Hooks {
    records: RefCell<record::Records>,
    running: child::Running,
    /// What each group's worker has still to tell. A group without one has no entry.
    queues: RefCell<HashMap<GroupName, VecDeque<Occasion>>>,
    waiting: Cell<usize>,
    asked: Semaphore,
    told: Semaphore,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            records: RefCell::default(),
            running: child::Running::default(),
            queues: RefCell::default(),
            waiting: Cell::new(0),
            asked: Semaphore::new(ASKED_MAX),
            told: Semaphore::new(TOLD_MAX),
        }
    }
}

impl Hooks {
    /// A process is one of the hooks.
    pub(super) fn is_running(&self, process: u32) -> bool {
        self.running.has(process)
    }

    /// The latest runs, oldest first.
    pub(super) fn runs(&self) -> Vec<Rc<HookRun>> {
        self.records.borrow().iter().cloned().collect()
    }
}

/// Runs what is to run on this occasion.
pub(super) fn handle(shell: &Shell, group: GroupId, occasion: Occasion) {
    if occasion.phase == Phase::PreFailover {
        spawn_local(ask(shell.clone(), group, Rc::new(occasion)));
    } else if !hooks_for(shell, &occasion).is_empty() {
        enqueue(shell, occasion);
    }
}

/// The hooks of this phase and group, in the order of the configuration.
fn hooks_for(shell: &Shell, occasion: &Occasion) -> Vec<HookSettings> {
    let phase = phase_of(&occasion.phase);
    let is_meant = |hook: &&HookSettings| hook.phase == phase && hook.is_for(&occasion.group);
    shell.settings().hooks.iter().filter(is_meant).cloned().collect()
}

// --- before a failover --------------------------------------------------------------------------------------------

/// Asks every hook; the first veto decides, and the others are left to their end.
async fn ask(shell: Shell, group: GroupId, occasion: Rc<Occasion>) {
    let mut runs = JoinSet::new();
    for hook in hooks_for(&shell, &occasion) {
        let (shell, occasion) = (shell.clone(), Rc::clone(&occasion));
        runs.spawn_local(async move { run(&shell, &hook, &occasion, false).await });
    }
    let mut verdict = HookVerdict::Go;
    while let Some(ended) = runs.join_next().await {
        let Ok(run) = ended else { continue };
        if let Some(Err(why)) = &run.verdict {
            verdict = HookVerdict::Veto { who: run.hook.clone(), why: why.clone() };
            break;
        }
    }
    runs.detach_all();
    let epoch = occasion.epoch;
    shell.with_core(|core, now| core.handle(now, Input::HooksAnswered { group, epoch, verdict }));
}

// --- afterwards ---------------------------------------------------------------------------------------------------

fn enqueue(shell: &Shell, occasion: Occasion) {
    let hooks = &shell.0.hooks;
    if hooks.waiting.get() >= WAITING_MAX {
        let (phase, group) = (phase_of(&occasion.phase).as_str(), &occasion.group);
        shell.0.log.warning(format_args!("The queue of hooks is full: {phase} of {group} is dropped"));
        return;
    }
    hooks.waiting.set(hooks.waiting.get() + 1);
    let group = occasion.group.clone();
    let mut queues = hooks.queues.borrow_mut();
    if let Some(queue) = queues.get_mut(&group) {
        return queue.push_back(occasion);
    }
    queues.insert(group.clone(), VecDeque::from([occasion]));
    spawn_local(tell_in_order(shell.clone(), group));
}

/// Tells the hooks of a group what has happened, one occasion after the other.
async fn tell_in_order(shell: Shell, group: GroupName) {
    loop {
        let next = {
            let mut queues = shell.0.hooks.queues.borrow_mut();
            let next = queues.get_mut(&group).and_then(VecDeque::pop_front);
            if next.is_none() {
                queues.remove(&group);
            }
            next
        };
        let Some(occasion) = next else { return };
        let occasion = Rc::new(occasion);
        let mut runs = JoinSet::new();
        for hook in hooks_for(&shell, &occasion) {
            let (shell, occasion) = (shell.clone(), Rc::clone(&occasion));
            runs.spawn_local(async move { run(&shell, &hook, &occasion, false).await });
        }
        while runs.join_next().await.is_some() {}
        let waiting = &shell.0.hooks.waiting;
        waiting.set(waiting.get().saturating_sub(1));
    }
}

// --- rehearsals ---------------------------------------------------------------------------------------------------

/// Why hooks cannot be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// There is no group of that name.
    #[error("No such master with that name")]
    NoSuchGroup,
    /// The group has no hook, or none of that name.
    #[error("no such hook of this master")]
    NoSuchHook,
}

/// Runs the hooks of a group, or one of them, as if something had happened; gives how they ended, in the order of the phases.
///
/// # Errors
/// There is no such group or no such hook.
pub(super) async fn rehearse(
    shell: Shell,
    group: String,
    only: Option<String>,
) -> Result<Vec<Rc<HookRun>>, RehearsalError> {
    let occasion = shell.with_core(|core, now| core.rehearsal(now, &group)).ok_or(RehearsalError::NoSuchGroup)?;
    let node = occasion.new.clone();
    let phases = [
        Phase::PreFailover,
        Phase::PostPromotion,
        Phase::RoleChange { node, role: Role::Master },
        Phase::PostFailover(Ending::Complete),
    ];
    let occasions = phases.map(|phase| Occasion { phase, ..occasion.clone() });
    let mut runs = Vec::new();
    for occasion in &occasions {
        for hook in
            hooks_for(&shell, occasion).iter().filter(|hook| only.as_ref().is_none_or(|only| hook.name == *only))
        {
            runs.push(run(&shell, hook, occasion, true).await);
        }
    }
    if runs.is_empty() { Err(RehearsalError::NoSuchHook) } else { Ok(runs) }
}

// --- one run ------------------------------------------------------------------------------------------------------

async fn run(shell: &Shell, hook: &HookSettings, occasion: &Occasion, is_dry_run: bool) -> Rc<HookRun> {
    let (wall, start) = (SystemTime::now(), Instant::now());
    let (left, start) = match hook.phase {
        HookPhase::PreFailover if !is_dry_run => {
            // Whoever waits for the answer does not wait for others first.
            let deadline = start + hook.timeout;
            let left = match timeout_at(deadline, shell.0.hooks.asked.acquire()).await {
                Ok(_permit) => {
                    child::run(job(shell, hook, occasion, (is_dry_run, deadline)), &shell.0.hooks.running).await
                }
                Err(_) => child::Left::not_started("too many hooks run"),
            };
            (left, start)
        }
        _ => {
            let _permit = shell.0.hooks.told.acquire().await;
            let start = Instant::now();
            let job = job(shell, hook, occasion, (is_dry_run, start + hook.timeout));
            (child::run(job, &shell.0.hooks.running).await, start)
        }
    };
    let output = String::from_utf8_lossy(&left.output.kept).into_owned();
    let node = match &occasion.phase {
        Phase::RoleChange { node, .. } => Some(node.addr.clone()),
        _ => None,
    };
    let run = Rc::new(HookRun {
        wall,
        hook: hook.name.clone(),
        phase: hook.phase,
        group: occasion.group.clone(),
        epoch: occasion.epoch,
        node,
        is_dry_run,
        verdict: (hook.phase == HookPhase::PreFailover).then(|| record::judge(hook, &left.end, &output)),
        end: left.end,
        took: start.elapsed(),
        output,
        output_bytes: left.output.bytes,
    });
    note(shell, &run);
    run
}

fn job(shell: &Shell, hook: &HookSettings, occasion: &Occasion, (is_dry_run, deadline): (bool, Instant)) -> child::Job {
    let me = shell.0.core.borrow().my_id();
    let message = Message::new(&hook.name, occasion, &me, is_dry_run);
    let program = hook.command.first().map_or("", String::as_str);
    child::Job {
        file: shell.settings().path(Path::new(program)),
        command: hook.command.clone(),
        variables: message.variables(),
        stdin: message.json(),
        deadline,
    }
}

/// Keeps a run, and tells of a failure.
fn note(shell: &Shell, run: &Rc<HookRun>) {
    let level = if run.has_failed() { LogLevel::Warning } else { LogLevel::Verbose };
    if shell.0.log.enabled(level) {
        let (name, phase, group, epoch) = (&run.hook, run.phase.as_str(), &run.group, run.epoch);
        let dry = if run.is_dry_run { " (dry run)" } else { "" };
        let ms = run.took.as_millis();
        let line = format_args!("hook {name}, {phase} of {group} in epoch {epoch}{dry}: {} after {ms} ms", run.end);
        shell.0.log.line(level, line);
    }
    if run.has_failed() && !run.is_dry_run {
        let detail = format!("{} {} {} {}", run.hook, run.phase.as_str(), run.group, run.end);
        shell.publish(&Event::plain("-hook-error", Level::Warning, detail));
    }
    shell.0.hooks.records.borrow_mut().push(Rc::clone(run));
}
