//! `CLIENT REPLY`: which replies a connection wants.

use super::Session;

/// Which replies are sent. Messages of channels and pushes are not replies and are always sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ReplyMode {
    /// All.
    #[default]
    On,
    /// None.
    Off,
    /// Not the one of the next request.
    SkipNext,
    /// Not the one of the running request.
    Skip,
}

impl Session {
    /// True if the reply of the running request is to be sent.
    #[must_use]
    pub const fn sends_reply(&self) -> bool {
        matches!(self.reply_mode, ReplyMode::On)
    }

    /// To be called after every request.
    pub const fn end_request(&mut self) {
        self.reply_mode = match self.reply_mode {
            ReplyMode::SkipNext => ReplyMode::Skip,
            ReplyMode::Skip => ReplyMode::On,
            mode @ (ReplyMode::On | ReplyMode::Off) => mode,
        };
    }
}
