//! One group at one target.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use bongsu_publish::{Holds, Record, Target, TargetError, Witness, WitnessKind, Written};
use bongsu_sentinel_core::publication::{
    Accord, Answer, Failure, Held, Outcome, Patience, Publication, PublicationState, PublicationView, Step,
};
use bongsu_sentinel_core::{Configuration, Configured, Epoch, Event, GroupId, GroupName, Level, Time};
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::outlet::{Outlet, Transport};
use super::{Shell, content, tell_published};

/// What there is to say where every write is lost: no target reports that.
pub(super) const LOSES: &str =
    "every write is lost: somebody else changes it all the time, or what it shows is not what it holds";

/// What a place is to show, and how far it is.
pub(super) struct Place {
    pub(super) id: GroupId,
    pub(super) group: GroupName,
    pub(super) outlet: Rc<Outlet>,
    machine: RefCell<Publication>,
    /// What the machine's goal stands for; `None` until the core has told.
    record: RefCell<Option<Rc<Record>>>,
    /// Why the present epoch came to be.
    reason: Cell<&'static str>,
    /// The epoch that a failover of ours began.
    led: Cell<Option<Epoch>>,
    changed: Notify,
    /// The group is watched no more.
    is_over: Cell<bool>,
    /// The last error, until a step succeeds.
    trouble: RefCell<Option<Trouble>>,
    witnesses: RefCell<Vec<Witness>>,
    /// Whom the target showed when it was read last.
    shown: RefCell<Option<String>>,
    /// The state that was told of last.
    told: Cell<PublicationState>,
}

/// What went wrong last.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) error: TargetError,
    pub(super) at: SystemTime,
}

impl Place {
    pub(super) fn new(id: GroupId, configuration: &Configuration, outlet: Rc<Outlet>) -> Self {
        Self {
            id,
            group: configuration.group.clone(),
            outlet,
            machine: RefCell::new(Publication::new(rand::random())),
            record: RefCell::default(),
            reason: Cell::new("monitored"),
            led: Cell::new(None),
            changed: Notify::new(),
            is_over: Cell::new(false),
            trouble: RefCell::default(),
            witnesses: RefCell::default(),
            shown: RefCell::default(),
            told: Cell::new(PublicationState::Waiting),
        }
    }

    /// The core has something new.
    pub(super) fn configured(&self, shell: &Shell, configuration: &Configuration, how: Configured) {
        if let Some(reason) = content::reason(how) {
            self.reason.set(reason);
        }
        if matches!(how, Configured::Led { .. }) {
            self.led.set(Some(configuration.epoch));
        }
        self.want(shell, configuration);
        self.changed.notify_one();
    }

    /// The group is watched no more: what is under way is the last step.
    pub(super) fn end(&self) {
        self.is_over.set(true);
        self.changed.notify_one();
    }

    /// Whether clients that are sent away may still find this epoch here within moments: somebody has to change something first where
    /// the target is not to be written, or refuses.
    pub(super) fn may_yet_show(&self, epoch: Epoch) -> bool {
        let view = self.view();
        let is_left_alone = matches!(view.state, PublicationState::Foreign | PublicationState::Superseded);
        let refuses = self.trouble.borrow().as_ref().is_some_and(|trouble| trouble.error.is_permanent());
        view.shown != Some(epoch) && !is_left_alone && !refuses
    }

    pub(super) fn view(&self) -> PublicationView {
        self.machine.borrow().view()
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.borrow().clone()
    }

    pub(super) fn witnesses(&self) -> Vec<Witness> {
        self.witnesses.borrow().clone()
    }

    pub(super) fn record(&self) -> Option<Rc<Record>> {
        self.record.borrow().clone()
    }

    pub(super) fn shown(&self) -> Option<String> {
        self.shown.borrow().clone()
    }

    pub(super) fn look_now(&self, now: Time, force: bool) {
        let mut machine = self.machine.borrow_mut();
        if force {
            machine.force(now);
        } else {
            machine.look_now(now);
        }
        self.changed.notify_one();
    }

    fn want(&self, shell: &Shell, configuration: &Configuration) {
        // What is on no disk yet may never have been: if we die now, nobody else knows its epoch, and no lower one replaces it.
        if !configuration.is_durable {
            return;
        }
        let my_id = shell.0.core.borrow().my_id();
        let record = content::record(configuration, self.reason.get(), my_id, &shell.settings());
        let goal = content::goal(configuration, &record);
        let present = self.view();
        let mut patience = Patience::of_rank(configuration.rank);
        let is_through = present.goal.is_some_and(|g| g.epoch == goal.epoch) && present.phases.accepted.is_some();
        if self.led.get() == Some(goal.epoch) && !is_through {
            patience.first_look = Duration::ZERO;
        }
        if present.goal != Some(goal) {
            *self.record.borrow_mut() = Some(Rc::new(record));
        }
        self.machine.borrow_mut().want(shell.now(), goal, patience);
    }

    /// Until the next step is due. What others do and who is alive may have changed by then, so the goal is made anew.
    async fn rest(&self, shell: &Shell, until: Option<Time>) {
        match until {
            Some(until) => tokio::select! {
                () = sleep_until(shell.0.clock.instant(until)) => {}
                () = self.changed.notified() => {}
            },
            None => self.changed.notified().await,
        }
        let configuration = shell.0.core.borrow().configuration(self.id);
        if let Some(configuration) = &configuration {
            self.want(shell, configuration);
        }
    }

    fn failed(&self, error: TargetError) -> Failure {
        let failure = if error.is_permanent() { Failure::Lasting } else { Failure::Passing };
        *self.trouble.borrow_mut() = Some(Trouble { error, at: SystemTime::now() });
        failure
    }

    fn held(&self, holds: Holds) -> Held {
        let (held, shown) = match holds {
            Holds::Nothing => (Held::Nothing, None),
            Holds::Record { epoch, primary, agrees } => (Held::Record { epoch: Epoch(epoch), agrees }, Some(primary)),
            Holds::Foreign { what } => (Held::Foreign, Some(what)),
        };
        *self.shown.borrow_mut() = shown;
        held
    }

    /// Feeds what a step led to, and says in the log and to subscribers what that means.
    fn answer(&self, shell: &Shell, answer: Answer, record: &Record) {
        let (before, after) = {
            let mut machine = self.machine.borrow_mut();
            let before = machine.view();
            machine.answered(shell.now(), answer);
            (before, machine.view())
        };
        if !matches!(answer, Answer::Read(Err(_)) | Answer::Written(Err(_))) {
            *self.trouble.borrow_mut() = None;
        }
        if answer == Answer::Written(Ok(Outcome::Done)) {
            *self.shown.borrow_mut() = Some(record.primary.to_string());
            self.tell(shell, "+published", Level::Notice, &format!("epoch {} {}", record.epoch, record.reason));
        }
        let news = before.shown != after.shown || before.state != after.state;
        self.tell_state(shell, after.state);
        if news {
            tell_published(shell, self.id);
        }
    }

    /// A state that an operator should know of is told once, not at each attempt.
    fn tell_state(&self, shell: &Shell, state: PublicationState) {
        let is_lasting = !matches!(state, PublicationState::Waiting | PublicationState::Pending);
        if !is_lasting || self.told.replace(state) == state {
            return;
        }
        let detail = self.shown().unwrap_or_default();
        match state {
            PublicationState::Failing => {
                let error = self.trouble().map_or_else(|| LOSES.to_owned(), |trouble| trouble.error.to_string());
                self.tell(shell, "-publish-error", Level::Warning, &error);
            }
            PublicationState::Superseded => self.tell(shell, "-publish-superseded", Level::Warning, &detail),
            PublicationState::Foreign => self.tell(shell, "-publish-foreign", Level::Warning, &detail),
            PublicationState::InSync => self.tell(shell, "+publish-in-sync", Level::Notice, &detail),
            PublicationState::Spreading | PublicationState::Waiting | PublicationState::Pending => {}
        }
    }

    fn tell(&self, shell: &Shell, name: &'static str, level: Level, detail: &str) {
        let detail = format!("{} {} {detail}", self.group, self.outlet.name());
        shell.publish(&Event { name, level, subject: None, group: Some(self.group.clone()), detail });
    }
}

/// Serves one place until its group is gone.
pub(super) async fn drive(shell: Shell, place: Rc<Place>) {
    match &place.outlet.transport {
        Transport::Dns(target) => serve(&shell, &place, target).await,
        Transport::Etcd(target) => serve(&shell, &place, target).await,
        Transport::Consul(target) => serve(&shell, &place, target).await,
        Transport::ZooKeeper(target) => serve(&shell, &place, target).await,
    }
}

async fn serve<T: Target>(shell: &Shell, place: &Place, target: &T) {
    let (mut token, mut permit) = (None, None);
    while !place.is_over.get() {
        let next = place.machine.borrow().peek(shell.now());
        let record = place.record().filter(|_| !matches!(next, Step::Rest(_)));
        let Some(record) = record else {
            permit = None;
            let until = if let Step::Rest(until) = next { until } else { None };
            place.rest(shell, until).await;
            continue;
        };
        if permit.is_none() {
            // Closed never: the outlet outlives its places. What is to be done may be something else by then.
            permit = Some(place.outlet.at_once.acquire().await);
            continue;
        }
        let step = place.machine.borrow_mut().poll(shell.now());
        let answer = take(place, target, step, &record, &mut token).await;
        place.answer(shell, answer, &record);
    }
}

async fn take<T: Target>(
    place: &Place,
    target: &T,
    step: Step,
    record: &Record,
    token: &mut Option<T::Token>,
) -> Answer {
    match step {
        Step::Read => match target.read(record).await {
            Ok(seen) => {
                *token = Some(seen.token);
                Answer::Read(Ok(place.held(seen.holds)))
            }
            Err(error) => Answer::Read(Err(place.failed(error))),
        },
        Step::Write => {
            // A token is good for one write.
            let Some(token) = token.take() else { return Answer::Written(Ok(Outcome::Lost)) };
            match target.write(&token, record).await {
                Ok(Written::Done) => Answer::Written(Ok(Outcome::Done)),
                Ok(Written::Lost) => Answer::Written(Ok(Outcome::Lost)),
                Err(error) => Answer::Written(Err(place.failed(error))),
            }
        }
        Step::Ask | Step::Rest(_) => {
            let witnesses = target.witnesses(record).await;
            let all = |kind| witnesses.iter().filter(|witness| witness.kind == kind).all(Witness::agrees);
            let accord = Accord { authorities: all(WitnessKind::Authority), caches: all(WitnessKind::Cache) };
            *place.witnesses.borrow_mut() = witnesses;
            Answer::Asked(accord)
        }
    }
}
