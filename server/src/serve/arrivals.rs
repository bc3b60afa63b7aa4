//! New connections.

use std::io;
use std::net::SocketAddr;

use bongsu_protocol::session::Totals;
use rustix::io::Errno;

use crate::net::conn::Conn;
use crate::net::listen::Accepted;

use super::Server;

/// Connections accepted in a turn, so that a flood of them leaves room for those that are there.
const ACCEPTS_MAX: usize = 1000;

/// How long no connection is accepted after the system could give none. One that ends makes room before that.
const DEAF_US: u64 = 1_000_000;

const TOO_MANY: &[u8] = b"-ERR max number of clients reached\r\n";

const PROTECTED: &[u8] =
    b"-DENIED This server is in protected mode: it has no password and serves its own machine only. Either \
    connect from there and set one (CONFIG SET requirepass, or users with ACL SETUSER), switch the protection off \
    (CONFIG SET protected-mode no), or start it with an explicit bind.\r\n";

impl Server {
    pub(super) fn accept(&mut self, token: u64) {
        for _ in 0..ACCEPTS_MAX {
            let listener = self.engine.listeners.get(token);
            let accepted = listener.map(|listener| listener.accept(self.engine.limits.keepalive));
            match accepted {
                Some(Ok(accepted)) => self.welcome(accepted),
                Some(Err(error)) if is_exhausted(&error) => return self.stop_accepting(&error),
                // None is there, or the one that was is gone already.
                Some(Err(_)) | None => return,
            }
        }
    }

    /// The system gives no more connections. Its telling that there are some would keep the loop busy.
    fn stop_accepting(&mut self, error: &io::Error) {
        self.engine.log.warning(format_args!("Error accepting a client connection: {error}"));
        self.engine.listeners.listen(false);
        self.deaf_until_us = Some(self.engine.clock.now_us + DEAF_US);
    }

    /// Accepts connections again, if it did not and something may have changed.
    pub(super) fn accept_again(&mut self) {
        if self.deaf_until_us.take().is_some() {
            self.engine.listeners.listen(true);
        }
    }

    /// Strangers would be let in without a password, and nobody has said that they may.
    fn is_guarded(&self) -> bool {
        self.engine.limits.is_protected && self.engine.acl.default_needs_no_authentication()
    }

    fn welcome(&mut self, mut accepted: Accepted) {
        let refusal = if self.engine.clients.len() >= self.engine.limits.clients_max {
            Some(TOO_MANY)
        } else if self.is_guarded() && !accepted.is_unix && !is_loopback(&accepted.addr) {
            Some(PROTECTED)
        } else {
            None
        };
        if let Some(text) = refusal {
            self.engine.stats.rejected_connections += 1;
            // A courtesy: the connection is refused whether or not the reason arrives.
            let _ = accepted.stream.write(text).and_then(|_| accepted.stream.push());
            return;
        }
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.conns.push(None);
            self.conns.len() - 1
        });
        self.engine.stats.connections += 1;
        let now_ms = self.engine.shard.now_ms;
        let session = self.engine.clients.accept(accepted.addr, accepted.laddr, now_ms, &self.engine.acl);
        session.io.fd = accepted.fd;
        session.io.totals = Some(Totals::default());
        session.unix_socket = accepted.is_unix;
        let conn = Conn::new(session.id, accepted.stream);
        if self.poll.add(conn.stream(), index as u64).is_ok() {
            self.slots.insert(conn.client, index);
            self.conns[index] = Some(conn);
        } else {
            self.engine.forget(conn.client);
            self.vacant.push(index);
        }
    }
}

/// There are not enough descriptors or not enough memory.
fn is_exhausted(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}

fn is_loopback(addr: &str) -> bool {
    addr.parse::<SocketAddr>().is_ok_and(|addr| addr.ip().to_canonical().is_loopback())
}
