//! One run of a command: its arguments, what it may touch, and what comes of it.

mod arguments;
mod effects;
mod fault;
mod keys;
#[cfg(test)]
pub(crate) mod testing;

use bongsu_protocol::resp::Writer;

pub use effects::{Effects, EventClass, Interest, KeyEvent, Propagation};
pub use fault::Fault;

use crate::shard::Shard;

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Done {
    /// The reply is written.
    Replied,
    /// There is nothing yet: the command is to be run again when one of these keys may have something, and answered with a null
    /// array when the time is over. No reply is written.
    Wait(Wait),
    /// The reply grew longer than [`Caller::reply_bytes_max`] and is not complete. Nothing of it may be sent, and nothing after it
    /// either. Only commands that change nothing end so.
    CutOff,
}

/// What a client waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// The keys.
    pub keys: Vec<Vec<u8>>,
    /// What [`Object::type_name`](crate::keyspace::Object::type_name) says of a key that may have something: others do not count.
    pub type_name: &'static str,
    /// For how long, in milliseconds; `None` is for ever.
    pub timeout_ms: Option<u64>,
    /// What a client gets that may not wait. One that waited in vain gets a null array, whatever it asked for.
    pub otherwise: Otherwise,
}

/// The reply to whoever may not wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Otherwise {
    /// A null array.
    NullArray,
    /// A null.
    Null,
}

/// What a handler gives. With an error nothing has been changed, and nothing is written to the reply yet.
pub type Outcome = Result<Done, Fault>;

/// Runs a command.
pub type Handler = fn(&mut Call<'_>) -> Outcome;

/// What a handler knows of the client.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// It may be made to wait. Not in a transaction, nor in a script.
    pub may_wait: bool,
    /// Its look-ups leave no trace in the clocks of keys (`CLIENT NO-TOUCH`).
    pub no_touch: bool,
    /// It is the master of this replica: what it says is done, whatever the clock says of keys.
    pub is_master: bool,
    /// It is a script: what it gets must not depend on orders that mean nothing.
    pub is_script: bool,
    /// It may read every key, also those that its arguments do not tell.
    pub reads_all_keys: bool,
    /// What may wait to be sent to it, in bytes. Replies whose length has nothing to do with how much data there is end there.
    pub reply_bytes_max: usize,
}

/// One run of a command.
pub struct Call<'a> {
    /// The keyspace.
    pub shard: &'a mut Shard,
    /// The selected database.
    pub db: usize,
    /// The arguments, the command's name first. Their number fits the command's arity.
    pub argv: &'a [&'a [u8]],
    /// The hash of the first argument behind the name, if it is known: nearly always that is the key.
    pub first_hash: Option<u64>,
    /// Takes the reply.
    pub reply: Writer<'a>,
    /// Takes everything else.
    pub effects: &'a mut Effects,
    /// Who called.
    pub caller: Caller,
}

impl Call<'_> {
    /// Where the reply has to end in the buffer it is written to, see [`Caller::reply_bytes_max`].
    pub(crate) fn reply_end_max(&self) -> usize {
        self.reply.position().saturating_add(self.caller.reply_bytes_max)
    }
}
