//! Sockets: readiness, streams, listeners, connections.

pub(crate) mod conn;
pub(crate) mod listen;
pub(crate) mod listeners;
pub(crate) mod outgoing;
pub(crate) mod poll;
pub(crate) mod stream;
pub(crate) mod wake;
