//! The state of client connections, and the commands that are about the connection itself.
//!
//! [`Session`] is one connection, [`ClientRegistry`] all of them. Nothing here reads or writes sockets: the owner
//! calls handlers with a parsed request, sends what they wrote, and carries out the effects they return. Time is
//! passed in as milliseconds since 1970.

mod auth;
mod client;
mod describe;
mod gate;
mod hello;
mod ping;
mod registry;
mod reply_mode;
mod reset;
mod state;
#[cfg(test)]
mod tests;
mod tracking;

pub use auth::handle_auth;
pub use client::{ClientEffect, ClientRequest, UnblockReason, handle_client};
pub use gate::Refusal;
pub use hello::{ServerIdentity, handle_hello};
pub use ping::handle_ping;
pub use registry::{ClientRegistry, Pause, PauseMode};
pub use reply_mode::ReplyMode;
pub use reset::{handle_quit, handle_reset};
pub use state::{ClientId, ClientRole, ClientType, IoFigures, Session, Subscriptions, Totals};
pub use tracking::{Caching, Tracking, TrackingMode};
