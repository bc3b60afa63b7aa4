//! The state of client-side caching.

use super::ClientId;

/// Which keys a client is told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackingMode {
    /// Keys it read.
    Default,
    /// Keys it read right after `CLIENT CACHING YES`.
    OptIn,
    /// Keys it read, except right after `CLIENT CACHING NO`.
    OptOut,
    /// Keys with one of its prefixes, read or not.
    Broadcast,
}

/// What `CLIENT CACHING` said about the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// Remember its keys.
    Yes,
    /// Do not remember its keys.
    No,
}

/// Client-side caching that is switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// Which keys.
    pub mode: TrackingMode,
    /// Do not tell the client about its own changes.
    pub no_loop: bool,
    /// The connection that gets the invalidations, if not this one.
    pub redirect: Option<ClientId>,
    /// That connection is gone.
    pub broken_redirect: bool,
    /// Prefixes of [`TrackingMode::Broadcast`]; an empty one stands for all keys.
    pub prefixes: Vec<Vec<u8>>,
    /// About the next request only.
    pub caching: Option<Caching>,
}

impl Tracking {
    /// The words of `CLIENT TRACKINGINFO`.
    pub(super) fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec!["on"];
        match self.mode {
            TrackingMode::Default => {}
            TrackingMode::Broadcast => flags.push("bcast"),
            TrackingMode::OptIn => flags.push("optin"),
            TrackingMode::OptOut => flags.push("optout"),
        }
        match self.caching {
            Some(Caching::Yes) => flags.push("caching-yes"),
            Some(Caching::No) => flags.push("caching-no"),
            None => {}
        }
        if self.no_loop {
            flags.push("noloop");
        }
        if self.broken_redirect {
            flags.push("broken_redirect");
        }
        flags
    }
}
