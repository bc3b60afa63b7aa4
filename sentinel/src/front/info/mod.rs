//! `INFO`: sections, their order, and the facts they show.
//!
//! Only the five sections of sentinel mode exist; clients and test suites take the absence of the others (memory,
//! persistence, replication, cluster) as a sign of sentinel mode.

mod clients;
mod cpu;
mod sentinel;
mod server;
mod stats;
mod text;

pub(super) use clients::Clients;
pub(super) use cpu::Cpu;
pub(super) use sentinel::{MasterLine, SentinelFacts};
pub(super) use server::Server;
pub(super) use stats::StatsFacts;
pub(super) use text::Text;

/// A section, in the order of the reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    Server,
    Clients,
    Stats,
    Cpu,
    Sentinel,
}

impl Section {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Server, "server"),
        (Self::Clients, "clients"),
        (Self::Stats, "stats"),
        (Self::Cpu, "cpu"),
        (Self::Sentinel, "sentinel"),
    ];

    /// The sections that the arguments of `INFO` ask for, in reply order. Names that do not exist here are ignored.
    pub(super) fn wanted(names: &[&[u8]]) -> Vec<Self> {
        let is = |name: &[u8], word: &str| name.eq_ignore_ascii_case(word.as_bytes());
        let all = names.is_empty()
            || names.iter().any(|name| ["default", "all", "everything"].iter().any(|word| is(name, word)));
        let asked = |word: &str| all || names.iter().any(|name| is(name, word));
        Self::ALL.iter().filter(|(_, word)| asked(word)).map(|(section, _)| *section).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_come_in_a_fixed_order() {
        let all = vec![Section::Server, Section::Clients, Section::Stats, Section::Cpu, Section::Sentinel];
        for names in [&[][..], &[&b"default"[..]], &[b"ALL"], &[b"nosuch", b"Everything"]] {
            assert_eq!(Section::wanted(names), all);
        }
        assert_eq!(Section::wanted(&[b"sentinel", b"SERVER"]), [Section::Server, Section::Sentinel]);
        assert_eq!(Section::wanted(&[b"memory", b"replication"]), []);
    }
}
