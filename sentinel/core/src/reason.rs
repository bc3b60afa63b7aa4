//! Why a decision was made: the inputs it rests on, in types.

use std::time::Duration;

use crate::time::Time;
use crate::types::{Addr, Epoch, GroupName, RunId};
use crate::verdict::Verdict;

/// A decision for the ledger.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// When it was made.
    pub at: Time,
    /// The group concerned.
    pub group: GroupName,
    /// What, and why.
    pub reason: Reason,
}

/// What was decided, with its inputs.
#[derive(Clone, PartialEq, Debug)]
pub enum Reason {
    /// An instance is held to be down.
    SubjectivelyDown {
        /// Its address.
        addr: Addr,
        /// What led to it.
        cause: DownCause,
    },
    /// An instance is back.
    Up {
        /// Its address.
        addr: Addr,
        /// For how long it was down.
        after: Duration,
    },
    /// Enough sentinels see the master down.
    ObjectivelyDown {
        /// Who does, ourselves included.
        witnesses: Vec<RunId>,
        /// How many are needed.
        quorum: u32,
    },
    /// A failover was started.
    FailoverStarted {
        /// Its epoch.
        epoch: Epoch,
        /// Which attempt since the master went down, from 1.
        attempt: u32,
        /// Asked for by an operator.
        by_operator: bool,
    },
    /// A failover is due but may not start yet.
    FailoverHeld {
        /// Until when.
        until: Time,
        /// Why.
        cause: HoldCause,
    },
    /// A vote was cast.
    Voted {
        /// For whom.
        leader: RunId,
        /// In which epoch.
        epoch: Epoch,
    },
    /// A vote was refused.
    VoteRefused {
        /// To whom.
        candidate: RunId,
        /// The epoch asked for.
        asked: Epoch,
        /// Why.
        cause: RefusalCause,
    },
    /// We lead a failover.
    Elected {
        /// Its epoch.
        epoch: Epoch,
        /// Who voted for us.
        voters: Vec<RunId>,
        /// How many votes were needed.
        needed: u32,
        /// An operator forced it without votes.
        forced: bool,
    },
    /// The election is lost.
    NotElected {
        /// Its epoch.
        epoch: Epoch,
        /// Votes for us.
        votes: u32,
        /// Votes needed.
        needed: u32,
        /// When we try again.
        retry_at: Time,
    },
    /// A candidate was chosen, or none could be.
    Selected {
        /// The chosen one.
        chosen: Option<Addr>,
        /// Every replica with its verdict, best first.
        verdicts: Vec<Verdict>,
    },
    /// Those who want to be asked before a failover are asked.
    HooksAsked {
        /// Its epoch.
        epoch: Epoch,
        /// The chosen replica.
        candidate: Addr,
        /// How long their answer is waited for.
        limit: Duration,
    },
    /// They agree.
    HooksAgreed {
        /// The epoch of the failover.
        epoch: Epoch,
        /// How long it took.
        waited: Duration,
    },
    /// They have not answered in time.
    HooksSilent {
        /// The epoch of the failover.
        epoch: Epoch,
        /// That is taken for a veto.
        is_veto: bool,
    },
    /// One of them stops the failover.
    Vetoed {
        /// Its epoch.
        epoch: Epoch,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// The chosen replica is the new master.
    Promoted {
        /// Its address.
        addr: Addr,
        /// Under this epoch.
        epoch: Epoch,
        /// Bytes of the old master's history that it does not have, if known.
        lost_bytes: Option<u64>,
    },
    /// A failover ended without a promotion.
    Aborted {
        /// Its epoch.
        epoch: Epoch,
        /// Why.
        cause: AbortCause,
    },
    /// A step of the planned hand-over.
    HandOver {
        /// Which.
        step: HandOverStep,
    },
    /// A newer configuration was adopted from a peer.
    ConfigAdopted {
        /// From whom.
        from: RunId,
        /// Its epoch.
        epoch: Epoch,
        /// The new master.
        master: Addr,
    },
    /// A peer named another master under our config epoch; one of the two was chosen, under a new epoch.
    RivalrySettled {
        /// The new epoch.
        epoch: Epoch,
        /// The chosen one.
        master: Addr,
        /// The other one.
        loser: Addr,
    },
    /// A node was told to follow the master.
    Repointed {
        /// The node.
        addr: Addr,
        /// Why.
        cause: RepointCause,
    },
    /// The check of a master's writes shows nothing.
    WriteCheckVoid {
        /// Its address.
        addr: Addr,
        /// What it answered.
        error: String,
    },
    /// The new master is published by now: the clients that came back to the old one meanwhile were cut.
    ClientsCut {
        /// The old master.
        addr: Addr,
        /// The epoch of the new one.
        epoch: Epoch,
    },
    /// A node is told to be master with what it has: one that lost its data keeps everybody from serving, and nobody else could.
    LastResort {
        /// Its address.
        addr: Addr,
    },
    /// Our own observations are void: this process stood still.
    Paused {
        /// For how long.
        stalled: Duration,
    },
    /// The durable state could not be written; we do not vote until it can.
    DiskFailing,
}

/// Why an instance is sdown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DownCause {
    /// No valid answer for this long.
    Silent(Duration),
    /// The process is gone: a reachable host refused connections for this long.
    ProcessDead(Duration),
    /// Configured as master, it says that it is a replica, for this long.
    SaysReplica(Duration),
    /// Restarted and still loading after this long.
    StillLoading(Duration),
    /// The master restarted with less than a replica has.
    Amnesia(Loss),
    /// It has been refusing writes for this long.
    WritesRefused {
        /// Why it refused the last one.
        fault: WriteFault,
        /// For how long.
        lasting: Duration,
    },
    /// It answers heartbeats, but has left a write without an answer for this long.
    WritesUnanswered(Duration),
}

/// Why a node refuses writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteFault {
    /// `-MISCONF`: it cannot write to its disk.
    Disk,
    /// `-OOM`: its memory is full, and nothing may be evicted.
    Memory,
    /// `-READONLY`, though it says that it is a master.
    ReadOnly,
}

/// What a restarted master lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// It says itself that it lost its data.
    Admitted,
    /// What it has is no continuation of what it had, and has too few keys to be the same.
    Keys {
        /// The keys that it came back with.
        left: u64,
    },
    /// The end of its history.
    Tail {
        /// The offset that it came back with.
        kept: u64,
    },
}

/// Why a due failover waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoldCause {
    /// We voted for somebody else, who shall have the time to do it.
    VotedForOther(RunId),
    /// Sentinels with a lower run id go first.
    Rank(u32),
    /// Our last attempt failed.
    Backoff(u32),
    /// We know of no replica that could be promoted; others may.
    KnowsNoReplica,
    /// The durable state cannot be written.
    DiskFailing,
}

/// Why a vote was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefusalCause {
    /// The vote of that epoch is given.
    AlreadyVoted(RunId),
    /// We have seen a higher epoch.
    OldEpoch(Epoch),
    /// The durable state cannot be written.
    DiskFailing,
}

/// Why a failover ended without a promotion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AbortCause {
    /// No majority.
    NotElected,
    /// No replica passed the filters.
    NoGoodReplica,
    /// The chosen replica did not become master in time.
    ReplicaTimeout,
    /// The master did not pause its writes, or the replica did not catch up, in time.
    MasterTimeout,
    /// The master went down while it was to hand over.
    MasterDown,
    /// A hook stopped it.
    Vetoed,
    /// While hooks were asked the master came back.
    MasterBack,
    /// While hooks were asked the chosen replica became unfit, or another one turned out to have more.
    CandidateUnfit,
    /// A peer announced a newer configuration.
    Superseded,
    /// The group was reset or removed.
    Reset,
}

/// Steps of the planned hand-over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HandOverStep {
    /// Writes are paused; the history is frozen at this offset.
    Frozen {
        /// `master_repl_offset` under the pause.
        offset: u64,
        /// Time since the pause was asked for.
        waited: Duration,
    },
    /// The chosen replica has all of it.
    CaughtUp {
        /// Its offset.
        offset: u64,
        /// Time since the pause was asked for.
        waited: Duration,
    },
    /// The old master follows the new one, its clients are cut, the pause is over.
    Demoted {
        /// Time since the pause was asked for.
        paused: Duration,
    },
    /// The pause may have run out before the old master was demoted: what it took since is lost.
    Lapsed {
        /// For how long.
        unguarded: Duration,
    },
    /// The promoted replica does not continue the history that was frozen.
    Diverged,
    /// Given up before the promotion; writes go on as before.
    RolledBack,
}

/// Why a node was repointed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RepointCause {
    /// A failover gave the group a new master.
    Failover,
    /// It says that it is a master, but is configured as a replica.
    SaysMaster,
    /// It follows somebody else.
    WrongMaster,
}
