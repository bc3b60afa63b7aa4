//! The text format of `INFO`.

use std::fmt::{Display, Write as _};

/// Sections of `name:value` lines, separated by an empty line.
#[derive(Default)]
pub(in crate::front) struct Text(String);

impl Text {
    /// Begins a section.
    pub(super) fn section(&mut self, title: &str) {
        if !self.0.is_empty() {
            self.0.push_str("\r\n");
        }
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# {title}\r\n");
    }

    pub(super) fn line(&mut self, name: &str, value: impl Display) {
        let _ = write!(self.0, "{name}:{value}\r\n");
    }

    /// Lines that are always zero here, because what they count does not exist in sentinel mode.
    pub(super) fn zeros(&mut self, names: &[&str]) {
        for name in names {
            self.line(name, 0);
        }
    }

    pub(in crate::front) fn into_string(self) -> String {
        self.0
    }
}
