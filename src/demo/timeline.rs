//! What happened when: the events of all sentinels on one clock.

use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use bongsu_healthcheck::{Access, Endpoint};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use super::group::Group;
use crate::client::{Event, Events};
use crate::output::say;
use crate::table::Table;

/// Events that may wait to be printed; a failover makes about a hundred.
const QUEUE: usize = 1024;

/// Longest wait for a subscription.
const SUBSCRIBE_LIMIT: Duration = Duration::from_secs(2);

/// How often the new master is tried.
const WRITE_PERIOD: Duration = Duration::from_millis(5);

/// The steps of a failover and the events that end them, whoever publishes them first.
const STEPS: [(&str, &str); 3] =
    [("detected", "+odown"), ("elected", "+elected-leader"), ("promoted", "+promoted-slave")];

pub(super) struct Timeline {
    events: Receiver<(Endpoint, Instant, Event)>,
    _readers: JoinSet<()>,
    start: Instant,
    /// When each of [`STEPS`] was reached.
    reached: [Option<Duration>; STEPS.len()],
    writable: Option<Duration>,
}

impl Timeline {
    /// Subscribes to all sentinels.
    pub(super) async fn watch(group: &Group) -> Result<Self> {
        let (sender, events) = channel(QUEUE);
        let mut readers = JoinSet::new();
        for sentinel in group.sentinels() {
            let mut stream = Events::subscribe(&sentinel, &Access::default(), SUBSCRIBE_LIMIT).await?;
            let sender = sender.clone();
            readers.spawn(async move {
                while let Some(event) = stream.next().await {
                    if sender.send((sentinel.clone(), Instant::now(), event)).await.is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { events, _readers: readers, start: Instant::now(), reached: [None; STEPS.len()], writable: None })
    }

    /// Counts from now on.
    pub(super) fn start(&mut self) {
        self.start = Instant::now();
        self.reached = [None; STEPS.len()];
    }

    /// Prints events until `end` resolves.
    pub(super) async fn print_until(&mut self, end: impl Future) -> Result<()> {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                Some((sentinel, at, event)) = self.events.recv() => self.note(&sentinel, at, &event)?,
                _ = &mut end => return Ok(()),
            }
        }
    }

    /// Prints events until the group can be written to again and the failover has ended; false at the deadline.
    pub(super) async fn follow(&mut self, group: &Group, deadline: Instant) -> Result<bool> {
        let mut tries = interval(WRITE_PERIOD);
        let mut ended = false;
        while !(ended && self.writable.is_some()) {
            tokio::select! {
                Some((sentinel, at, event)) = self.events.recv() => {
                    ended |= event.name == "+failover-end";
                    self.note(&sentinel, at, &event)?;
                }
                _ = tries.tick(), if self.writable.is_none() => {
                    if group.is_writable().await {
                        self.writable = Some(self.start.elapsed());
                    }
                }
                () = tokio::time::sleep_until(deadline) => return Ok(false),
            }
        }
        Ok(true)
    }

    fn note(&mut self, sentinel: &Endpoint, at: Instant, event: &Event) -> Result<()> {
        let since = at.saturating_duration_since(self.start);
        for (slot, (_, name)) in self.reached.iter_mut().zip(STEPS) {
            if event.name == name {
                slot.get_or_insert(since);
            }
        }
        say!("{:>7.0} ms  {sentinel}  {} {}", milliseconds(since), event.name, event.payload)?;
        Ok(())
    }

    /// Each step with its time since the start.
    pub(super) fn table(&self) -> String {
        let mut table = Table::new(&["STEP", "AFTER"]);
        let steps = STEPS.iter().map(|(step, _)| *step).zip(self.reached);
        for (step, at) in steps.chain([("writable again", self.writable)]) {
            let after = at.map_or_else(|| "never".to_owned(), |at| format!("{:.0} ms", milliseconds(at)));
            table.row([step.to_owned(), after]);
        }
        table.render()
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
