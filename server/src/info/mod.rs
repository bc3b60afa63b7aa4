//! `INFO`: everything there is to know of the server, as text in sections.

mod commands;
mod instance;
mod keyspace;
mod memory;
mod persistence;
pub(crate) mod process;
mod replication;
mod server;
mod stats;

use bongsu_protocol::info::InfoWriter;

use crate::engine::Engine;
pub(crate) use instance::{Instance, Listening, identity};
pub(crate) use memory::Usage;

/// A section: its name, what writes it, and when it is shown to those who did not ask for it.
struct Section {
    name: &'static str,
    write: fn(&Engine, &mut InfoWriter),
    shown: Shown,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// To everybody.
    Always,
    /// To those who want all.
    InAll,
    /// Only by name.
    ByName,
}

const fn section(name: &'static str, shown: Shown, write: fn(&Engine, &mut InfoWriter)) -> Section {
    Section { name, write, shown }
}

/// In the order in which they are shown.
static SECTIONS: [Section; 14] = [
    section("server", Shown::Always, server::server),
    section("clients", Shown::Always, server::clients),
    section("memory", Shown::Always, memory::memory),
    section("persistence", Shown::Always, persistence::persistence),
    section("stats", Shown::Always, stats::stats),
    section("replication", Shown::Always, replication::replication),
    section("cpu", Shown::Always, server::cpu),
    section("modules", Shown::Always, keyspace::modules),
    section("commandstats", Shown::InAll, commands::command_stats),
    section("errorstats", Shown::Always, commands::error_stats),
    section("latencystats", Shown::InAll, commands::latency_stats),
    section("cluster", Shown::Always, keyspace::cluster),
    section("keyspace", Shown::Always, keyspace::keyspace),
    section("debug", Shown::ByName, stats::debug),
];

/// The text for these sections, each of which is written once; the usual ones if none is named.
pub(crate) fn report(engine: &Engine, wanted: &[&[u8]]) -> String {
    let mut info = InfoWriter::new();
    for section in SECTIONS.iter().filter(|section| section.is_wanted(wanted)) {
        (section.write)(engine, &mut info);
    }
    info.finish()
}

impl Section {
    fn is_wanted(&self, wanted: &[&[u8]]) -> bool {
        let by_default = self.shown == Shown::Always;
        let is_named = |name: &&[u8]| match name.to_ascii_lowercase().as_slice() {
            b"default" => by_default,
            b"all" | b"everything" => self.shown != Shown::ByName,
            name => name == self.name.as_bytes(),
        };
        wanted.iter().any(is_named) || wanted.is_empty() && by_default
    }
}

/// A size as people read it, such as `1.50M`.
pub(crate) fn human(bytes: usize) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    format!("{size:.2}{unit}")
}

#[cfg(test)]
mod tests {
    use bongsu_store::random::Random;

    use super::*;
    use crate::Server;
    use crate::config::Config;

    fn sections(wanted: &[&[u8]]) -> Vec<String> {
        let server = Server::bind(Config::default(), [], Random::new([1, 2, 3, 4])).expect("a thread");
        let text = report(&server.engine, wanted);
        text.lines().filter_map(|line| line.strip_prefix("# ")).map(str::to_lowercase).collect()
    }

    #[test]
    fn sections_are_chosen_by_name_and_written_once() {
        assert_eq!(sections(&[b"CPU", b"server", b"cpu", b"sentinel"]), ["server", "cpu"]);
        assert_eq!(sections(&[b"all"]).len(), 13);
        assert_eq!(sections(&[b"everything", b"debug"]).len(), 14);
        let usual = sections(&[]);
        assert_eq!(usual, sections(&[b"default", b"cpu"]));
        assert_eq!(usual.len(), 11);
        assert!(!usual.contains(&"commandstats".to_owned()));
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!(human(0), "0B");
        assert_eq!(human(1023), "1023B");
        assert_eq!(human(993_280), "970.00K");
        assert_eq!(human(25_276_502_016), "23.54G");
    }
}
