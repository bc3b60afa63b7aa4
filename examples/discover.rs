//! Finds the master of a group through its sentinels with the `redis` crate, and writes to it.
//!
//! usage: `cargo run --example discover -- SENTINEL[,SENTINEL...] GROUP`

use std::env;
use std::process::ExitCode;

use redis::sentinel::Sentinel;
use redis::{RedisResult, cmd};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [sentinels, group] = args.as_slice() else {
        eprintln!("usage: discover SENTINEL[,SENTINEL...] GROUP");
        return ExitCode::from(64);
    };
    match write(sentinels, group) {
        Ok(written) => {
            println!("{written}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("discover: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Asks the sentinels in turn, checks that the node they name says itself that it is a master, and counts up there.
fn write(sentinels: &str, group: &str) -> RedisResult<String> {
    let urls: Vec<String> = sentinels.split(',').map(|address| format!("redis://{address}/")).collect();
    let mut sentinel = Sentinel::build(urls)?;
    let master = sentinel.master_for(group, None)?;
    let mut connection = master.get_connection()?;
    let count: u64 = cmd("INCR").arg("example:runs").query(&mut connection)?;
    Ok(format!("run {count}, written to {}", master.get_connection_info().addr()))
}
