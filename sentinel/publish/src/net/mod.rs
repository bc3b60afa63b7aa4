//! What the clients of the key-value stores share: addresses of servers, who is asked first, TLS, time limits, HTTP.

mod dial;
mod endpoint;
pub(crate) mod http;
mod idle;
mod patience;
mod tls;
mod turns;

pub(crate) use dial::{Dialer, Stream};
pub use endpoint::{Endpoint, Endpoints};
pub(crate) use idle::{IDLE_MAX, Idle};
pub use patience::Patience;
pub use tls::TlsFiles;
pub(crate) use turns::{Effect, Failed, Turns};
