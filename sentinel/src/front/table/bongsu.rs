//! Subcommands of `BONGSU`, which no other sentinel has and no listing shows.

use bongsu_protocol::command::{Categories, CommandFlags as F, CommandSpec};

use super::{CONSTANT, OPTIONAL, integer, text};

const GROUP: &str = "sentinel";
const FLAGS: F = F::ADMIN.with(F::HIDDEN);

pub(super) static SUBCOMMANDS: [CommandSpec; 9] = [
    spec("decisions", -2)
        .about("Show the latest decisions with their reasons", "7.0.0", GROUP, "O(N), N decisions")
        .arguments(&[text("master-name").flags(OPTIONAL), integer("count").flags(OPTIONAL)]),
    spec("explain", 3)
        .about("Show what the last selection made of every replica", "7.0.0", GROUP, "O(N), N replicas")
        .arguments(&[text("master-name")]),
    spec("hooks", -2)
        .about("Show the latest runs of hooks, or try them", "7.0.0", GROUP, "O(N), N runs")
        .arguments(&[text("arguments").flags(OPTIONAL)]),
    spec("lease", 8).about("Ask for a lease for a node that is the master", "7.0.0", GROUP, CONSTANT).arguments(&[
        text("master-name"),
        text("holder"),
        text("ip"),
        integer("port"),
        integer("milliseconds"),
        integer("sent"),
    ]),
    spec("leases", 2).about("Show the leases that this sentinel has granted", "7.0.0", GROUP, "O(N), N masters"),
    spec("publications", -2)
        .about("Show where else clients find the masters", "7.0.0", GROUP, "O(N), N masters times targets")
        .arguments(&[text("master-name").flags(OPTIONAL)]),
    spec("publish", -3)
        .about("Look at what is published of a master now", "7.0.0", GROUP, "O(N), N targets")
        .arguments(&[text("master-name"), text("target").flags(OPTIONAL), text("force").flags(OPTIONAL)]),
    spec("release", 5).about("Give a lease back", "7.0.0", GROUP, CONSTANT).arguments(&[
        text("master-name"),
        text("holder"),
        integer("let-go"),
    ]),
    spec("help", 2).about("Describe the subcommands", "7.0.0", GROUP, CONSTANT),
];

const fn spec(name: &'static str, arity: i32) -> CommandSpec {
    CommandSpec::new(name, arity, FLAGS, Categories::NONE)
}
