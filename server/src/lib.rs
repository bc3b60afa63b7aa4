//! The bundled data server: connections, the loop that serves them, and the commands that concern the server.
#![forbid(unsafe_code)]

mod commands;
pub mod config;
mod daemon;
mod dataset;
mod engine;
mod entropy;
mod helpers;
mod imaging;
mod info;
mod key_delay;
mod limits;
mod migration;
mod net;
mod persistence;
mod reference;
mod replication;
mod serve;
mod version;

pub use config::Config;
pub use daemon::run;
pub use net::listen::Endpoint;
pub use reference::command_reference;
pub use serve::Server;
