//! The `SENTINEL` command family.

mod cache;
mod config;
mod debug;
mod failover;
mod fields;
mod help;
mod instance;
mod lists;
mod membership;
mod options;
mod quorum;
mod save;
mod scripts;
mod vote;

use bongsu_protocol::command::write_help;
use bongsu_protocol::resp::Writer;

use super::dispatch::{Call, Outcome};

pub(super) use fields::Fields;

/// What is said of a name that no group has.
pub(super) const NO_SUCH_MASTER: &str = "ERR No such master with that name";

/// Answers one `SENTINEL ...` request.
pub(super) fn handle(call: Call<'_>, out: &mut Writer<'_>) -> Outcome {
    let shell = &call.front.shell;
    let arguments = call.arguments();
    let name = arguments.first().map(|name| String::from_utf8_lossy(name)).unwrap_or_default();
    match call.subcommand().as_slice() {
        b"masters" | b"primaries" => lists::write_masters(shell, out),
        b"master" | b"primary" => lists::write_master(shell, &name, out),
        b"replicas" | b"slaves" => lists::write_replicas(shell, &name, out),
        b"sentinels" => lists::write_sentinels(shell, &name, out),
        b"get-master-addr-by-name" | b"get-primary-addr-by-name" => lists::write_addr(shell, &name, out),
        b"myid" => out.bulk(shell.with_core(|core, _| core.my_id()).as_str()),
        b"is-master-down-by-addr" | b"is-primary-down-by-addr" => return vote::handle(shell, arguments, out),
        b"reset" => membership::reset(shell, arguments.first().copied().unwrap_or_default(), out),
        b"failover" => failover::handle(shell, &name, arguments.get(1..).unwrap_or_default(), out),
        b"monitor" => return membership::monitor(shell, arguments, out),
        b"remove" => return membership::remove(shell, &name, out),
        b"set" => return options::handle(shell, &name, arguments.get(1..).unwrap_or_default(), out),
        b"ckquorum" => match shell.with_core(|core, _| core.check_quorum(&name)) {
            Some(check) => quorum::write_check(out, check),
            None => out.error(NO_SUCH_MASTER),
        },
        b"flushconfig" => return save::then_ok(shell),
        b"config" => return config::handle(shell, arguments, out),
        b"info-cache" => cache::write_info_cache(shell, arguments, out),
        b"pending-scripts" => scripts::write_pending(&shell.pending_scripts(), out),
        b"simulate-failure" => failover::simulate_failure(shell, arguments, out),
        b"debug" => debug::handle(shell, arguments, out),
        b"help" => write_help(out, "SENTINEL", help::LINES),
        _ => {
            let name = String::from_utf8_lossy(call.argv.get(1).copied().unwrap_or_default());
            out.error(format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try SENTINEL HELP."));
        }
    }
    Outcome::Done
}
