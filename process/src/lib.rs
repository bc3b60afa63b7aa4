//! What every daemon of this workspace needs of its machine: files, sockets, the log, the life of a process.

pub mod address;
pub mod atomic;
pub mod background;
pub mod include;
pub mod listen;
pub mod log;
pub mod panic;
pub mod pidfile;
pub mod signals;
pub mod supervisor;
pub mod tls;
