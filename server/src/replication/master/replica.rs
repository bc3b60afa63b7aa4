//! One replica, as its master knows it.

use bongsu_protocol::session::ClientId;

/// Longest address that a replica may give for itself: a host name cannot be longer.
pub(super) const HOST_BYTES_MAX: usize = 255;

/// What a connection has told of itself before it asked for the stream (`REPLCONF`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Introduction {
    /// Where clients find it; 0 if it did not say.
    pub(crate) port: u16,
    /// Its address, if it is not the one that it connects from.
    pub(crate) host: String,
    /// It takes a payload whose length is not known beforehand.
    pub(crate) takes_eof: bool,
    /// It may go on under another name of the history.
    pub(crate) takes_new_id: bool,
    /// Major, minor and patch of its version.
    pub(crate) version: Option<[u32; 3]>,
    /// It wants the data and not the stream.
    pub(crate) only_data: bool,
    /// It knows no histories: it is sent no name of one (`SYNC`).
    pub(crate) is_old: bool,
    /// It wants no keys (`rdb-filter-only`).
    pub(crate) without_keys: bool,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits for an image, since this moment.
    Waits { since_us: u64 },
    /// It is sent an image.
    Receives(Transfer),
    /// It has been sent an image, and says when it is ready for the stream.
    Loads,
    /// It has been sent all that it wanted.
    HasData,
    /// It is sent the stream.
    Online,
}

/// A payload on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    /// Which full sync it comes from.
    pub(crate) sync: u64,
    /// Bytes of it that have been sent.
    pub(crate) sent: u64,
    /// The part that is being sent, if each replica is sent its own.
    pub(crate) part: Part,
    /// When it last got to the next part, in microseconds since the start.
    pub(crate) moved_us: u64,
}

/// A part of a payload that is kept in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) bytes: Vec<u8>,
    /// Bytes of the payload before it.
    pub(crate) from: u64,
    /// It has been asked for and is not there yet.
    pub(crate) is_asked: bool,
}

/// A replica.
#[derive(Clone, Debug)]
pub(crate) struct Replica {
    pub(crate) client: ClientId,
    pub(crate) about: Introduction,
    /// The address that it connects from.
    pub(super) address: String,
    pub(crate) state: State,
    /// The number of the byte of the stream that it is sent next. Nothing before it has to be kept for its sake.
    pub(crate) next: u64,
    /// The offset up to which it has run the stream.
    pub(crate) acknowledged: u64,
    /// The offset up to which it has the stream on disk.
    pub(crate) on_disk: u64,
    /// When anything came from it, in microseconds since the start.
    pub(crate) heard_us: u64,
    /// Since when it has been further behind than it may be for long, in microseconds since the start.
    pub(crate) slow_since_us: Option<u64>,
}

impl Replica {
    /// Its address, as it wants to be called.
    pub(crate) fn host(&self) -> &str {
        if self.about.host.is_empty() { host_of(&self.address) } else { &self.about.host }
    }

    /// Its name in the log.
    pub(crate) fn name(&self) -> String {
        let host = self.host();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        match self.about.port {
            0 => format!("{host}:<unknown-replica-port>"),
            port => format!("{host}:{port}"),
        }
    }

    /// It is sent the stream, or will be as soon as it says so.
    pub(crate) fn is_online(&self) -> bool {
        matches!(self.state, State::Online | State::Loads)
    }

    /// As `INFO` shows its state. A payload from memory is not told from the wait for one.
    pub(crate) fn state_name(&self, is_from_file: bool) -> &'static str {
        match self.state {
            State::Receives(_) if is_from_file => "send_bulk",
            State::Waits { .. } | State::Receives(_) => "wait_bgsave",
            State::HasData => "rdb_transmitted",
            State::Loads | State::Online => "online",
        }
    }

    /// Whole seconds since anything came from it; none if it need not say anything yet.
    pub(crate) fn lag_s(&self, now_us: u64) -> u64 {
        if self.is_online() { now_us.saturating_sub(self.heard_us) / 1_000_000 } else { 0 }
    }

    /// The part of the stream that is kept for its sake begins with this byte.
    pub(super) fn needs(&self) -> Option<u64> {
        let wants_stream = !self.about.only_data && !matches!(self.state, State::Waits { .. });
        wants_stream.then_some(self.next)
    }
}

/// The address without the port, and without the brackets of IPv6.
fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_port_and_brackets() {
        assert_eq!(host_of("10.0.0.1:1234"), "10.0.0.1");
        assert_eq!(host_of("[::1]:1234"), "::1");
        assert_eq!(host_of("/run/socket:0"), "/run/socket");
    }
}
