//! Sockets that the event loop waits for.
#![allow(unsafe_code, reason = "tokio leaves it to its caller that a descriptor stays the same")]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

/// Lets the event loop wait for a socket that does not block.
pub(super) fn register(socket: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` names one open descriptor as long as it lives, and the `AsyncFd` owns it: only shared references to it are
    // given out here, by which it cannot be closed or exchanged.
    let registered = unsafe { AsyncFd::register(socket) };
    Ok(registered?)
}
