//! Values as bytes that other servers understand.

mod options;
mod restore;
mod serialize;
mod table;
#[cfg(test)]
mod tests;

use bongsu_protocol::command::CommandSpec;
use bongsu_store::call::{Call, Outcome};

use crate::config::Directive;
use crate::engine::Engine;
pub(crate) use serialize::PAYLOAD_VERSION;
pub(super) use table::COMMANDS;

/// What commands that make or read payloads have to know of the server and of the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PayloadRules {
    /// Strings are compressed where that makes them shorter (`rdbcompression`).
    pub(crate) compression: bool,
    /// Payloads with a wrong checksum are refused; only tests want it otherwise.
    pub(crate) checksum: bool,
    /// Elsewhere, values that are replaced are freed by somebody who has time (`lazyfree-lazy-server-del`).
    pub(crate) lazily: bool,
}

impl PayloadRules {
    pub(crate) fn of(engine: &Engine) -> Self {
        Self {
            compression: engine.config.is_on(Directive::Rdbcompression),
            checksum: !engine.switches.skips_checksums,
            lazily: engine.config.is_on(Directive::LazyfreeLazyServerDel),
        }
    }
}

/// Runs a command of the keyspace that makes or reads payloads. What is to be logged goes into the last argument.
pub(crate) type PayloadHandler = fn(&mut Call<'_>, PayloadRules, &mut Option<String>) -> Outcome;

/// A command of the keyspace that makes or reads payloads.
pub(crate) struct PayloadCommand {
    pub(crate) spec: CommandSpec,
    pub(crate) run: PayloadHandler,
}
