//! `LATENCY`.

mod doctor;
mod graph;

use bongsu_protocol::command::{Categories, Command, CommandFlags, CommandSpec, write_help};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, BY_SUBCOMMAND, CONSTANT, NOSCRIPT, ServerCommand, spec};
use crate::engine::{Engine, Histogram};

const ADMIN: CommandFlags = CommandFlags::ADMIN.with(NOSCRIPT).with(ANY_STATE);
const SHOWN: &[&str] = &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

const fn part(name: &'static str, arity: i32, about: [&'static str; 3]) -> CommandSpec {
    let [summary, since, complexity] = about;
    spec(name, arity, ADMIN, Categories::NONE, [summary, since, "server", complexity]).tips(SHOWN)
}

static PARTS: [CommandSpec; 7] = [
    part("doctor", 2, ["Explain delays, and say what helps", "2.8.13", CONSTANT]),
    part("graph", 3, ["Draw the delays of an event", "2.8.13", CONSTANT]),
    spec("help", 2, ANY_STATE, Categories::NONE, ["Describe the subcommands", "2.8.13", "server", CONSTANT]),
    part("histogram", -2, ["Count runs of commands by how long they took", "7.0.0", "O(N), N commands"]),
    part("history", 3, ["Show the delays of an event", "2.8.13", CONSTANT]),
    part("latest", 2, ["Show the last delay of every event", "2.8.13", CONSTANT]),
    part("reset", -2, ["Forget the delays of events", "2.8.13", CONSTANT])
        .tips(&["request_policy:all_nodes", "response_policy:agg_sum"]),
];

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "latency",
        -2,
        CommandFlags::NONE,
        Categories::NONE,
        ["What has delayed clients", "2.8.13", "server", BY_SUBCOMMAND],
    )
    .subcommands(&PARTS),
    run,
}];

const HELP: &[&str] = &[
    "DOCTOR",
    "    Explain in words what has delayed clients.",
    "GRAPH <event>",
    "    Draw the delays of <event>.",
    "HISTOGRAM [<command> ...]",
    "    Count runs of commands by how long they took, for each power of two of a",
    "    microsecond. All commands if none is given.",
    "HISTORY <event>",
    "    Show time and milliseconds of the delays of <event>.",
    "LATEST",
    "    Show the last and the longest delay of every event.",
    "RESET [<event> ...]",
    "    Forget the delays of events. All if none is given.",
];

fn run(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let (event, now_s) = (argv.get(2).copied().unwrap_or_default(), engine.shard.now_ms / 1000);
    match argv.get(1).copied().unwrap_or_default().to_ascii_lowercase().as_slice() {
        b"doctor" => reply.verbatim(*b"txt", doctor::report(&engine.latency)),
        b"graph" => match engine.latency.get(event) {
            Some(delays) => {
                let name = String::from_utf8_lossy(event);
                reply.verbatim(*b"txt", graph::draw(&name, delays, now_s));
            }
            None => {
                let name = String::from_utf8_lossy(event);
                reply.error(format!("ERR No samples available for event '{name}'"));
            }
        },
        b"histogram" => histograms(engine, argv.get(2..).unwrap_or_default(), &mut reply),
        b"history" => {
            let samples = engine.latency.get(event).map(|delays| &delays.samples);
            reply.array(samples.map_or(0, |samples| samples.len()));
            for delay in samples.into_iter().flatten() {
                reply.array(2);
                reply.integer(delay.at_s as i64);
                reply.integer(delay.ms as i64);
            }
        }
        b"latest" => latest(engine, &mut reply),
        b"reset" => {
            let events = argv.get(2..).unwrap_or_default();
            let count = match events {
                [] => engine.latency.reset_all(),
                events => events.iter().filter(|event| engine.latency.reset(event)).count(),
            };
            reply.integer(count as i64);
        }
        _ => write_help(&mut reply, "LATENCY", HELP),
    }
}

fn latest(engine: &Engine, reply: &mut Writer<'_>) {
    reply.array(engine.latency.iter().len());
    for (event, delays) in engine.latency.iter() {
        let last = delays.samples.back();
        reply.array(4);
        reply.bulk(event);
        reply.integer(last.map_or(0, |last| last.at_s as i64));
        reply.integer(last.map_or(0, |last| last.ms as i64));
        reply.integer(delays.max_ms as i64);
    }
}

/// Those of commands with these names, or of all. A container stands for its subcommands.
fn histograms(engine: &Engine, names: &[&[u8]], reply: &mut Writer<'_>) {
    let of = |command: &Command| engine.stats.by_command.get(command.id.index())?.histogram.as_ref();
    let mut found: Vec<(&Command, &Histogram)> = Vec::new();
    let mut add = |command| found.extend(of(command).map(|histogram| (command, histogram)));
    if names.is_empty() {
        engine.table.iter().for_each(&mut add);
    }
    for command in names.iter().filter_map(|name| engine.table.by_full_name(name)) {
        add(command);
        if command.container.is_none() {
            let is_part = |part: &&Command| part.container.is_some_and(|spec| spec.name == command.spec.name);
            engine.table.iter().filter(is_part).for_each(&mut add);
        }
    }
    reply.map(found.len());
    for (command, histogram) in found {
        reply.bulk(&*command.full_name);
        write_histogram(histogram, reply);
    }
}

fn write_histogram(histogram: &Histogram, reply: &mut Writer<'_>) {
    let powers = histogram.by_powers();
    reply.map(2);
    reply.bulk("calls");
    reply.integer(histogram.total() as i64);
    reply.bulk("histogram_usec");
    reply.map(powers.len());
    for (usec, count) in powers {
        reply.integer(usec as i64);
        reply.integer(count as i64);
    }
}
