//! What clients and peer sentinels see: listeners, connections, and every command of sentinel mode.
//!
//! One task per connection reads requests, runs them in order and writes the replies of a batch at once. Handlers are
//! synchronous; those that must wait (for the disk, for a vote, for a name) give a future that the connection's task
//! awaits, so that only this client waits. Events of the core reach subscribers through their outboxes.

mod access;
mod bongsu;
mod brand;
mod connection;
mod dispatch;
mod info;
mod listen;
mod rename;
mod reports;
mod sentinel;
mod serve;
mod shutdown;
mod state;
mod stats;
mod table;
mod users;

pub use listen::{BindError, Listeners, TlsError, bind};
pub use serve::serve;
pub use users::UsersError;

pub(crate) use serve::clients_max;
pub(crate) use users::check_line as check_user_line;

use state::Front;
