//! The bundled data server: connections, the loop that serves them, and the commands that concern the server.
#![forbid(unsafe_code)]

mod commands;
mod engine;
mod net;
mod serve;

pub use net::listen::Endpoint;
pub use serve::Server;
