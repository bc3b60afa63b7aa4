//! The reply of `<CONTAINER> HELP`.

use crate::resp::Writer;

/// Writes the help of a container: a head line, `lines`, and the two lines about `HELP` itself.
///
/// `container` is the upper-case name. Lines alternate between a synopsis and indented text.
pub fn write_help(out: &mut Writer<'_>, container: &str, lines: &[&str]) {
    const ABOUT_HELP: [&str; 2] = ["HELP", "    Print this help."];
    out.array(1 + lines.len() + ABOUT_HELP.len());
    out.simple(&format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for line in lines.iter().chain(&ABOUT_HELP) {
        out.simple(line);
    }
}
