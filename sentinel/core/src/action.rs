//! Everything a sentinel may ask of the world.

use std::time::Duration;

use crate::configured::Configured;
use crate::event::Event;
use crate::hooks::Occasion;
use crate::input::{Channel, VoteReply};
use crate::reason::Decision;
use crate::types::{Addr, CallId, Epoch, GroupId, GroupName, LinkId, RequestId, RunId, SaveSeq};
use crate::writes::WriteKey;

/// One thing to do, in the order given by [`crate::Sentinel::poll_action`].
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Establish a channel; answered by `Connected` or `Disconnected`.
    Connect {
        /// The link.
        link: LinkId,
        /// Which channel.
        channel: Channel,
        /// Where to.
        to: Addr,
        /// The group whose credentials apply; `None` for a peer sentinel.
        group: Option<GroupId>,
    },
    /// Give a channel up, connected or not. No `Disconnected` follows.
    Close {
        /// The link.
        link: LinkId,
        /// Which channel.
        channel: Channel,
    },
    /// Send a request on the command channel, or on [`Channel::Write`] if it belongs there; answered by `Reply` unless the channel breaks. Requests of one link are
    /// sent, and answered, in order.
    Send {
        /// The link.
        link: LinkId,
        /// Comes back with the reply.
        id: RequestId,
        /// What to send.
        request: Request,
    },
    /// Make the state of [`crate::Sentinel::durable`] durable; answered by `Saved` or `SaveFailed`.
    Save {
        /// Comes back with the answer. A save that answers a later number answers this one too.
        seq: SaveSeq,
        /// How soon, and how much of it.
        need: SaveNeed,
    },
    /// Answer a vote call.
    AnswerVote {
        /// The call.
        call: CallId,
        /// The answer.
        reply: VoteReply,
    },
    /// Publish, log and, where it applies, run the notification script.
    Publish(Event),
    /// Keep in the ledger: what was decided and why.
    Record(Decision),
    /// Run the group's client-reconfig-script, if any.
    ReconfigScript {
        /// The group.
        group: GroupName,
        /// We led the failover (`leader`) or heard of it (`observer`).
        leader: bool,
        /// The old master.
        from: Addr,
        /// The new master.
        to: Addr,
    },
    /// The world should know something new of a group; what it is says [`crate::Sentinel::configuration`].
    Configured {
        /// The group.
        group: GroupId,
        /// How it came to be.
        how: Configured,
    },
    /// Run the owner's programs for this occasion. Only where somebody wants to know, see [`crate::Sentinel::set_hooks`]; for
    /// [`crate::Phase::PreFailover`] only where somebody wants to be asked, answered by [`crate::Input::HooksAnswered`].
    RunHooks {
        /// The group.
        group: GroupId,
        /// What happened.
        occasion: Box<Occasion>,
    },
    /// Resolve a host name; answered by `Resolved` when there is an answer.
    Resolve {
        /// The name.
        host: String,
    },
    /// Forget a link altogether: close both channels and drop what is queued for it.
    DropLink {
        /// The link.
        link: LinkId,
    },
    /// `SENTINEL SIMULATE-FAILURE` struck: end the process at once with exit status 99.
    Crash,
}

/// What somebody waits for in a save.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaveNeed {
    /// Nobody waits: it may be coalesced with others for a second.
    Sometime,
    /// A vote, an epoch or a new master: [`crate::Sentinel::decisive`] of this group must be durable at once, the rest some
    /// time.
    Group(GroupId),
    /// Everything must be durable at once.
    Everything,
}

/// What is sent to a data node or a peer sentinel.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// `PING`.
    Ping,
    /// `INFO`.
    Info,
    /// `PUBLISH __sentinel__:hello`. The shell fills in our own address and port.
    Hello(HelloOut),
    /// `SENTINEL is-master-down-by-addr`.
    AskDown {
        /// The master's configured address.
        addr: Addr,
        /// The epoch asked for.
        epoch: Epoch,
        /// Ourselves if we ask for a vote.
        candidate: Option<RunId>,
    },
    /// `MULTI; SLAVEOF ...; CONFIG REWRITE; CLIENT KILL TYPE normal; CLIENT KILL TYPE pubsub; [CLIENT UNPAUSE;] EXEC`.
    Reconfigure {
        /// The master to follow, or `None` for `NO ONE`.
        to: Option<Addr>,
        /// End a write pause in the same transaction.
        unpause: bool,
    },
    /// `SLAVEOF ...; CONFIG REWRITE; CLIENT KILL TYPE normal; CLIENT KILL TYPE pubsub`, for a node that takes no transactions. The
    /// answer is that to the first of them.
    Follow {
        /// The master to follow.
        to: Addr,
    },
    /// `CLIENT PAUSE <ms> WRITE`.
    PauseWrites {
        /// For how long at most.
        limit: Duration,
    },
    /// `CLIENT UNPAUSE`.
    Unpause,
    /// `MULTI; CLIENT KILL TYPE normal; CLIENT KILL TYPE pubsub; EXEC`.
    CutClients,
    /// `SET <key> <our id> PX 60000`, on [`Channel::Write`].
    CheckWrites {
        /// The key.
        key: WriteKey,
    },
    /// `SCRIPT KILL`.
    ScriptKill,
}

/// Our hello message, but for our own address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelloOut {
    /// Our current epoch.
    pub current_epoch: Epoch,
    /// The group.
    pub group: GroupName,
    /// Its master, as clients should know it.
    pub master: Addr,
    /// The epoch under which that master was configured.
    pub config_epoch: Epoch,
}
