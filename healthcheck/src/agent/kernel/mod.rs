//! The address in the kernel of this host: adding and removing it, announcing it, hearing who else claims it.

mod frame;
mod interface;
mod netlink;
mod packet;
mod ready;

pub use interface::InterfaceError;
pub(super) use interface::{Interface, KernelEvent, remove_addresses};
