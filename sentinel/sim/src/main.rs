//! `--seed N` replays one run, `--seeds A..B` runs many; see `--help`.

use std::process::ExitCode;
use std::time::Instant;

use bongsu_sentinel_sim::{Failure, Mutant, Summary, run_many, run_seed, run_seed_verbosely};

const USAGE: &str = "\
usage: bongsu-sentinel-sim [--seed N | --seeds A..B] [--mutant NAME] [--verbose] [--list-mutants]
  --seed N        replay one run and print its transcript
  --seeds A..B    run the seeds from A to before B (default 0..200)
  --mutant NAME   run with this broken behaviour; the run then has to fail
  --verbose       print every event and decision of the run
  --list-mutants  print the names of the broken behaviours
exit status: 0 if every invariant held, 1 if one was broken, 64 on wrong usage";

/// `EX_USAGE` of sysexits.
const EXIT_USAGE: u8 = 64;

/// Progress lines of a run of many seeds, whatever their number.
const PROGRESS_LINES: u64 = 10;

#[derive(Default)]
struct Options {
    seed: Option<u64>,
    seeds: Option<(u64, u64)>,
    mutant: Option<Mutant>,
    verbose: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match options.seed {
        Some(seed) => replay(seed, &options),
        None => many(options.seeds.unwrap_or((0, 200)), &options),
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--seed" => options.seed = Some(number(&value()?)?),
            "--seeds" => {
                let text = value()?;
                let (from, to) = text.split_once("..").ok_or_else(|| format!("'{text}' is not of the form A..B"))?;
                options.seeds = Some((number(from)?, number(to)?));
            }
            "--mutant" => {
                let name = value()?;
                options.mutant = Some(Mutant::by_name(&name).ok_or_else(|| format!("no mutant is named '{name}'"))?);
            }
            "--verbose" => options.verbose = true,
            "--list-mutants" => {
                for mutant in Mutant::ALL {
                    println!("{}", mutant.name());
                }
                return Ok(None);
            }
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(None);
            }
            other => return Err(format!("unknown argument '{other}'")),
        }
    }
    Ok(Some(options))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("'{text}' is not a number"))
}

fn replay(seed: u64, options: &Options) -> ExitCode {
    let run = if options.verbose { run_seed_verbosely } else { run_seed };
    let report = run(seed, options.mutant);
    println!("seed {seed}: {}", report.shape);
    for line in &report.transcript {
        println!("{line}");
    }
    println!(
        "{} events, {} switches, {} hand-overs, {} amnesias, {} writes acknowledged, {} of them lost",
        report.events, report.switches, report.handovers, report.amnesias, report.acked, report.lost
    );
    match &report.failure {
        None => {
            println!("every invariant held");
            ExitCode::SUCCESS
        }
        Some(failure) => {
            println!("{}", describe(failure));
            ExitCode::FAILURE
        }
    }
}

fn many((from, to): (u64, u64), options: &Options) -> ExitCode {
    let started = Instant::now();
    let total = to.saturating_sub(from);
    let step = (total / PROGRESS_LINES).max(1);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let summary = run_many(from, to, options.mutant, threads, &|done| {
        if done % step == 0 {
            println!("{done:>6} of {total} seeds, {:.1} s", started.elapsed().as_secs_f64());
        }
    });
    print_summary(&summary, started.elapsed().as_secs_f64());
    for (seed, failure) in &summary.failures {
        println!("seed {seed}: {}", describe(failure));
        let mutant = options.mutant.map_or_else(String::new, |m| format!(" --mutant {}", m.name()));
        println!("  replay: cargo run -p bongsu-sentinel-sim --release -- --seed {seed}{mutant}");
    }
    if summary.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_summary(summary: &Summary, seconds: f64) {
    println!(
        "{} runs, {} failed; {} events, {} switches, {} hand-overs, {} amnesias; {} writes acknowledged, {} lost; {seconds:.1} s",
        summary.runs,
        summary.failures.len(),
        summary.events,
        summary.switches,
        summary.handovers,
        summary.amnesias,
        summary.acked,
        summary.lost
    );
}

fn describe(failure: &Failure) -> String {
    format!("BROKEN {} at {}.{:03} s: {}", failure.invariant, failure.at_ms / 1000, failure.at_ms % 1000, failure.what)
}
