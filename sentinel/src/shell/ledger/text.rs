//! Decisions in words.

use std::fmt;

use bongsu_process::log::LogLevel;
use bongsu_sentinel_core::{
    AbortCause, Decision, DownCause, HandOverStep, HoldCause, Loss, Reason, RefusalCause, RepointCause, RunId, Verdict,
    WriteFault,
};

/// The log level of a decision: what happens all the time is for debugging only.
pub(in crate::shell) const fn level(reason: &Reason) -> LogLevel {
    match reason {
        Reason::Repointed { .. } | Reason::VoteRefused { .. } | Reason::FailoverHeld { .. } => LogLevel::Debug,
        _ => LogLevel::Verbose,
    }
}

/// Displays a decision as one line.
pub(in crate::shell) struct Text<'a>(pub(in crate::shell) &'a Decision);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "decision {}: ", self.0.group)?;
        reason(f, self.0)
    }
}

fn reason(f: &mut fmt::Formatter<'_>, decision: &Decision) -> fmt::Result {
    match &decision.reason {
        Reason::SubjectivelyDown { addr, cause } => write!(f, "{addr} is down: {}", down(*cause)),
        Reason::Up { addr, after } => write!(f, "{addr} is up again after {} ms", after.as_millis()),
        Reason::ObjectivelyDown { witnesses, quorum } => {
            write!(f, "the master is down: {} of {quorum} needed witnesses: {}", witnesses.len(), ids(witnesses))
        }
        Reason::FailoverStarted { epoch, attempt, by_operator } => {
            let who = if *by_operator { ", asked for by an operator" } else { "" };
            write!(f, "failover attempt {attempt} started in epoch {epoch}{who}")
        }
        Reason::FailoverHeld { until, cause } => {
            let wait = until.since(decision.at).as_millis();
            write!(f, "failover waits {wait} ms: {}", hold(*cause))
        }
        Reason::Voted { leader, epoch } => write!(f, "voted for {leader} in epoch {epoch}"),
        Reason::VoteRefused { candidate, asked, cause } => {
            write!(f, "refused {candidate} a vote in epoch {asked}: {}", refusal(*cause))
        }
        Reason::Elected { epoch, forced: true, .. } => write!(f, "leads epoch {epoch} without votes, by force"),
        Reason::Elected { epoch, voters, needed, .. } => {
            write!(f, "elected in epoch {epoch} with {} of {needed} needed votes: {}", voters.len(), ids(voters))
        }
        Reason::NotElected { epoch, votes, needed, retry_at } => {
            let wait = retry_at.since(decision.at).as_millis();
            write!(f, "not elected in epoch {epoch}: {votes} of {needed} needed votes; next attempt in {wait} ms")
        }
        Reason::Selected { chosen, verdicts } => selected(f, chosen.as_ref(), verdicts),
        Reason::HooksAsked { epoch, candidate, limit } => {
            let limit = limit.as_millis();
            write!(
                f,
                "hooks are asked whether {candidate} may become the master of epoch {epoch}, for {limit} ms at most"
            )
        }
        Reason::HooksAgreed { epoch, waited } => {
            write!(f, "hooks let the failover of epoch {epoch} go on after {} ms", waited.as_millis())
        }
        Reason::HooksSilent { epoch, is_veto } => {
            let meaning = if *is_veto { "stops" } else { "lets go on" };
            write!(f, "hooks have not answered in time, which {meaning} the failover of epoch {epoch}")
        }
        Reason::Vetoed { epoch, by, why } => write!(f, "{by} stops the failover of epoch {epoch}: {why}"),
        Reason::Promoted { addr, epoch, lost_bytes: Some(lost) } => {
            write!(f, "{addr} is the master of epoch {epoch}; {lost} bytes of history were lost")
        }
        Reason::Promoted { addr, epoch, lost_bytes: None } => write!(f, "{addr} is the master of epoch {epoch}"),
        Reason::Aborted { epoch, cause } => write!(f, "failover of epoch {epoch} given up: {}", abort(*cause)),
        Reason::HandOver { step } => hand_over(f, *step),
        Reason::ConfigAdopted { from, epoch, master } => {
            write!(f, "took over from {from} that {master} is the master of epoch {epoch}")
        }
        Reason::RivalrySettled { epoch, master, loser } => {
            write!(f, "{master}, and not {loser}, is the master of epoch {epoch}: both were of the epoch before")
        }
        Reason::Repointed { addr, cause } => write!(f, "{addr} is told to follow the master: {}", repoint(*cause)),
        Reason::WriteCheckVoid { addr, error } => {
            write!(f, "writes to {addr} are not checked, its answer says nothing of it: {error}")
        }
        Reason::ClientsCut { addr, epoch } => {
            write!(f, "the master of epoch {epoch} is published: the clients of {addr} were cut once more")
        }
        Reason::LastResort { addr } => write!(f, "{addr} is told to be master with what it has: nobody else could be"),
        Reason::Paused { stalled } => {
            write!(f, "this process stood still for {} ms: its observations are void", stalled.as_millis())
        }
        Reason::DiskFailing => f.write_str("the state cannot be written: no votes until it can"),
    }
}

fn ids(ids: &[RunId]) -> String {
    let short: Vec<&str> = ids.iter().map(|id| id.as_str().get(..8).unwrap_or_default()).collect();
    short.join(" ")
}

fn down(cause: DownCause) -> String {
    match cause {
        DownCause::Silent(d) => format!("no valid answer for {} ms", d.as_millis()),
        DownCause::ProcessDead(d) => format!("its host refuses connections for {} ms", d.as_millis()),
        DownCause::SaysReplica(d) => format!("it says that it is a replica for {} ms", d.as_millis()),
        DownCause::StillLoading(d) => format!("it is still loading after {} ms", d.as_millis()),
        DownCause::WritesRefused { fault, lasting } => {
            format!("it refuses writes for {} ms: {}", lasting.as_millis(), write_fault(fault))
        }
        DownCause::WritesUnanswered(d) => format!("a write has no answer for {} ms", d.as_millis()),
        DownCause::Amnesia(Loss::Admitted) => "it says that it lost its data".into(),
        DownCause::Amnesia(Loss::Keys { left }) => {
            format!("it restarted with another history and {left} keys, and a replica has more")
        }
        DownCause::Amnesia(Loss::Tail { kept }) => {
            format!("it restarted with its history up to offset {kept}, and a replica has more")
        }
    }
}

const fn write_fault(fault: WriteFault) -> &'static str {
    match fault {
        WriteFault::Disk => "it cannot write to its disk",
        WriteFault::Memory => "its memory is full",
        WriteFault::ReadOnly => "it says that it is read-only",
    }
}

fn hold(cause: HoldCause) -> String {
    match cause {
        HoldCause::VotedForOther(id) => format!("we voted for {id}"),
        HoldCause::Rank(n) => format!("{n} sentinels go first"),
        HoldCause::Backoff(n) => format!("{n} attempts failed"),
        HoldCause::KnowsNoReplica => "we know of no replica, others may".into(),
        HoldCause::DiskFailing => "the state cannot be written".into(),
    }
}

fn refusal(cause: RefusalCause) -> String {
    match cause {
        RefusalCause::AlreadyVoted(id) => format!("the vote went to {id}"),
        RefusalCause::OldEpoch(epoch) => format!("epoch {epoch} was seen"),
        RefusalCause::DiskFailing => "the state cannot be written".into(),
    }
}

const fn abort(cause: AbortCause) -> &'static str {
    match cause {
        AbortCause::NotElected => "no majority",
        AbortCause::NoGoodReplica => "no replica can be promoted",
        AbortCause::ReplicaTimeout => "the chosen replica did not become master in time",
        AbortCause::MasterTimeout => "the master did not pause, or the replica did not catch up, in time",
        AbortCause::MasterDown => "the master went down while handing over",
        AbortCause::Vetoed => "a hook stopped it",
        AbortCause::MasterBack => "the master came back while hooks were asked",
        AbortCause::CandidateUnfit => {
            "while hooks were asked the chosen replica became unfit, or another one turned out to have more"
        }
        AbortCause::Superseded => "a peer announced a newer configuration",
        AbortCause::Reset => "the group was reset or removed",
    }
}

const fn repoint(cause: RepointCause) -> &'static str {
    match cause {
        RepointCause::Failover => "failover",
        RepointCause::SaysMaster => "it says that it is a master",
        RepointCause::WrongMaster => "it follows somebody else",
    }
}

fn hand_over(f: &mut fmt::Formatter<'_>, step: HandOverStep) -> fmt::Result {
    match step {
        HandOverStep::Frozen { offset, waited } => {
            write!(f, "hand-over: writes are paused at offset {offset} after {} ms", waited.as_millis())
        }
        HandOverStep::CaughtUp { offset, waited } => {
            write!(f, "hand-over: the replica reached offset {offset} after {} ms", waited.as_millis())
        }
        HandOverStep::Demoted { paused } => {
            write!(f, "hand-over: the old master follows; writes were paused for {} ms", paused.as_millis())
        }
        HandOverStep::Lapsed { unguarded } => {
            let ms = unguarded.as_millis();
            write!(f, "hand-over: the pause may have ended {ms} ms too early, what the old master took since is lost")
        }
        HandOverStep::Diverged => f.write_str("hand-over: the promoted replica does not continue the frozen history"),
        HandOverStep::RolledBack => f.write_str("hand-over: given up before the promotion, nothing changed"),
    }
}

fn selected(
    f: &mut fmt::Formatter<'_>,
    chosen: Option<&bongsu_sentinel_core::Addr>,
    verdicts: &[Verdict],
) -> fmt::Result {
    match chosen {
        Some(addr) => write!(f, "selected {addr}")?,
        None => f.write_str("no replica can be promoted")?,
    }
    for (i, v) in verdicts.iter().enumerate() {
        f.write_str(if i == 0 { ": " } else { "; " })?;
        write!(f, "{} (priority {}, offset {}", v.addr, v.priority, v.offset)?;
        if let Some(lag) = v.lag_bytes {
            write!(f, ", {lag} bytes behind")?;
        }
        match v.rejected {
            Some(why) => write!(f, ") passed over: {why}")?,
            None => f.write_str(") fit")?,
        }
    }
    Ok(())
}
