//! `INFO` text as a server writes it.

use std::fmt::{Display, Write};

/// Collects sections and fields.
#[derive(Debug, Default)]
pub struct InfoWriter {
    text: String,
}

impl InfoWriter {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a section; a blank line separates it from the one before.
    pub fn section(&mut self, name: &str) -> &mut Self {
        let gap = if self.text.is_empty() { "" } else { "\r\n" };
        self.push_line(format_args!("{gap}# {name}"));
        self
    }

    /// Adds a field to the present section. Line breaks in the value become spaces: a value must not forge a field.
    pub fn field(&mut self, name: &str, value: impl Display) -> &mut Self {
        let start = self.text.len();
        self.push_line(format_args!("{name}:{value}"));
        let line_end = self.text.len() - 2;
        if self.text[start..line_end].contains(['\r', '\n']) {
            let clean = self.text[start..line_end].replace(['\r', '\n'], " ");
            self.text.replace_range(start..line_end, &clean);
        }
        self
    }

    /// The text, to be sent as one bulk string.
    pub fn finish(self) -> String {
        self.text
    }

    fn push_line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string fails only if a value's own formatting does; the field is then cut short.
        let _ = self.text.write_fmt(line);
        self.text.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_separated_by_a_blank_line() {
        let mut info = InfoWriter::new();
        info.section("Server").field("redis_mode", "sentinel").field("tcp_port", 26379);
        info.section("Sentinel").field("sentinel_masters", 1);
        info.field("master0", "name=a\r\nrole:master");
        assert_eq!(
            info.finish(),
            "# Server\r\nredis_mode:sentinel\r\ntcp_port:26379\r\n\r\n\
             # Sentinel\r\nsentinel_masters:1\r\nmaster0:name=a  role:master\r\n"
        );
    }
}
