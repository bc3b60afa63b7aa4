//! What carries the address: the kernel of this host, a program, or nothing at all where the agent only shows what it would do.

use std::io;
use std::time::Duration;

use bongsu_process::log::Log;
use bongsu_sentinel_core::{Epoch, Time};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::Vip;
use super::kernel::{Interface, KernelEvent};
use super::script::{Script, ScriptError, Verb};

/// How much later than it was told the kernel may remove an address: it looks at most once a second, and lets things that are due
/// wait for up to a quarter of one so that they fall together (`ADDRCONF_TIMER_FUZZ_MAX` and `ADDRCONF_TIMER_FUZZ` of Linux).
const KERNEL_LATE: Duration = Duration::from_millis(1250);

/// How long a program may take.
const SCRIPT_LIMIT: Duration = Duration::from_secs(10);

/// Pause before a program that failed is run again.
const SCRIPT_PAUSE: Duration = Duration::from_secs(1);

/// How often a program is asked whether the address still leads here.
const SCRIPT_LOOK: Duration = Duration::from_secs(10);

/// Events of a program that wait: it has one for each time that it gave the address back.
const EVENTS_MAX: usize = 4;

/// What happened to the address without the agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum CarrierEvent {
    Kernel(KernelEvent),
    /// A program has taken the address away from here.
    Released,
}

pub(super) enum Carrier {
    Kernel(Interface),
    Script { wanted: watch::Sender<Option<Epoch>>, events: mpsc::Receiver<CarrierEvent> },
    Nothing,
}

/// For how many seconds the kernel may be given the address so that it has removed it when the lease ends. `None`: it cannot be told so
/// little, and what it was told before is enough.
pub(super) fn lifetime(left: Duration, is_new_lease: bool) -> Option<u32> {
    let seconds = u32::try_from(left.saturating_sub(KERNEL_LATE).as_secs()).unwrap_or(u32::MAX);
    // One second is the least that it knows. Without it there would be no address where leases are short.
    (seconds > 0 || is_new_lease).then_some(seconds.max(1))
}

impl Carrier {
    pub(super) fn of_script(script: Script, vips: Vec<Vip>, log: Log) -> Self {
        let (wanted, orders) = watch::channel(None);
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        tokio::task::spawn_local(carry(script, vips, orders, sender, log));
        Self::Script { wanted, events }
    }

    /// Takes the address, or lets it live on.
    pub(super) fn hold(&mut self, now: Time, until: Time, is_new_lease: bool, epoch: Epoch) -> io::Result<()> {
        match self {
            Self::Kernel(interface) => match lifetime(until.since(now), is_new_lease) {
                Some(seconds) => interface.hold(seconds),
                None => Ok(()),
            },
            Self::Script { wanted, .. } => {
                wanted.send_if_modified(|wanted| wanted.replace(epoch).is_none());
                Ok(())
            }
            Self::Nothing => Ok(()),
        }
    }

    /// Gives the address up. True if it is gone at once; [`CarrierEvent::Released`] follows otherwise.
    pub(super) fn drop_all(&mut self) -> io::Result<bool> {
        match self {
            Self::Kernel(interface) => interface.drop_all().map(|()| true),
            Self::Script { wanted, .. } => {
                wanted.send_replace(None);
                Ok(false)
            }
            Self::Nothing => Ok(true),
        }
    }

    /// The interface, where there is one whose neighbours can be told.
    pub(super) fn ethernet(&self) -> Option<&Interface> {
        match self {
            Self::Kernel(interface) if interface.can_announce() => Some(interface),
            _ => None,
        }
    }

    pub(super) async fn next(&mut self) -> io::Result<CarrierEvent> {
        match self {
            Self::Kernel(interface) => interface.next().await.map(CarrierEvent::Kernel),
            Self::Script { events, .. } => match events.recv().await {
                Some(event) => Ok(event),
                None => std::future::pending().await,
            },
            Self::Nothing => std::future::pending().await,
        }
    }
}

/// Runs the program until what it was asked for last is so. What is asked for changes while it runs: it is killed then.
async fn carry(
    script: Script,
    vips: Vec<Vip>,
    mut orders: watch::Receiver<Option<Epoch>>,
    events: mpsc::Sender<CarrierEvent>,
    log: Log,
) {
    while orders.changed().await.is_ok() {
        let mut is_done = false;
        loop {
            let wanted = *orders.borrow_and_update();
            let verb = match (wanted, is_done) {
                (Some(_), false) => Verb::Acquire,
                (Some(_), true) => Verb::Status,
                (None, _) => Verb::Release,
            };
            let epoch = wanted.unwrap_or_default();
            let result = tokio::select! {
                result = call_all(&script, &vips, verb, epoch) => result,
                changed = orders.changed() => match changed {
                    Ok(()) => { is_done = false; continue }
                    Err(_ending) => return,
                },
            };
            is_done = match result {
                Ok(is_so) => is_so,
                Err(error) => {
                    log.warning(format_args!("{} failed: {error}", verb.as_str()));
                    false
                }
            };
            if is_done && wanted.is_none() {
                // Nobody listens any more when the agent ends.
                let _ending = events.send(CarrierEvent::Released).await;
                break;
            }
            if verb == Verb::Acquire && is_done {
                log.notice("The address leads here.");
            }
            let pause = if is_done { SCRIPT_LOOK } else { SCRIPT_PAUSE };
            tokio::select! {
                () = sleep(pause) => {}
                changed = orders.changed() => match changed {
                    Ok(()) => is_done = false,
                    Err(_ending) => return,
                },
            }
        }
    }
}

/// True if all addresses are where they are wanted: here, or none of them after a release. One that fails does not hold up the others.
async fn call_all(script: &Script, vips: &[Vip], verb: Verb, epoch: Epoch) -> Result<bool, ScriptError> {
    let mut all = Ok(true);
    for vip in vips {
        let is_so =
            script.call(verb, *vip, epoch, SCRIPT_LIMIT).await.map(|answer| answer.held != (verb == Verb::Release));
        all = match (all, is_so) {
            (Ok(before), Ok(now)) => Ok(before && now),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::script::tests::script;

    #[test]
    fn the_kernel_is_told_to_be_done_when_the_lease_ends() {
        let left = |ms| lifetime(Duration::from_millis(ms), false);
        assert_eq!(left(5000), Some(3));
        assert_eq!(left(4250), Some(3));
        assert_eq!(left(4249), Some(2));
        assert_eq!(left(2250), Some(1));
        assert_eq!(left(2249), None);
        assert_eq!(lifetime(Duration::from_millis(900), true), Some(1), "a short lease is better than no address");
    }

    #[tokio::test]
    async fn a_release_is_done_when_no_address_is_left_and_each_gets_its_turn() {
        let dir = tempfile::tempdir().expect("a directory");
        let vips: Vec<Vip> = ["10.0.0.8", "10.0.0.9"].iter().map(|text| text.parse().expect("valid")).collect();
        let half =
            script(dir.path(), r#"case "$2" in *8/32) echo '{"held": false}';; *) echo '{"held": true}';; esac"#);
        assert!(!call_all(&half, &vips, Verb::Release, Epoch(1)).await.expect("answers"), "one is still here");
        assert!(!call_all(&half, &vips, Verb::Acquire, Epoch(1)).await.expect("answers"), "one is not here yet");
        let calls = dir.path().join("calls");
        let fails = script(dir.path(), &format!("echo $2 >> {}; exit 1", calls.display()));
        assert!(call_all(&fails, &vips, Verb::Release, Epoch(1)).await.is_err());
        assert_eq!(std::fs::read_to_string(&calls).expect("called"), "10.0.0.8/32\n10.0.0.9/32\n");
    }
}
