//! Processes, files and connections of the tests.

#![allow(dead_code, reason = "every test binary uses its part")]

pub(crate) mod certs;
pub(crate) mod consul;
pub(crate) mod etcd;
pub(crate) mod fake;
pub(crate) mod http;
#[path = "../../../../tests/support/ports.rs"]
pub(crate) mod ports;
pub(crate) mod zookeeper;

use std::process::{Child, Command, Stdio};

/// A server that ends with the test.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let program = command.get_program().to_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("{} (tests/run installs it): {error}", program.display())))
    }

    /// Stops it, or lets it go on.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        crate::contract::freeze(self.0.id(), is_frozen);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}
