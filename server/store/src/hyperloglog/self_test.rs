//! Whether registers keep what they are given, and estimates are as good as they must be.

use super::{Encoding, REGISTERS, Sketch, dense};

/// Rounds of filling all registers.
const FILLINGS: usize = 10;

/// Elements that are added, few enough that nobody has to wait.
const ELEMENTS: u64 = 1_000_000;

/// The standard error is 1.04 divided by the root of the number of registers; estimates further away than six times that do not happen.
const ERROR_MAX: f64 = 6.0 * 1.04 / 128.0;

/// Runs all tests with random numbers.
///
/// # Errors
/// What went wrong.
pub fn self_test(mut random: impl FnMut() -> u64, sparse_max_bytes: usize) -> Result<(), String> {
    for _ in 0..FILLINGS {
        registers_are_kept(&mut random)?;
    }
    estimates_are_good(random(), sparse_max_bytes)
}

fn registers_are_kept(random: &mut impl FnMut() -> u64) -> Result<(), String> {
    let mut bytes = dense::with_header(Sketch::empty().bytes());
    let expected: Vec<u8> = (0..REGISTERS).map(|_| (random() & 63) as u8).collect();
    for (index, rank) in expected.iter().enumerate() {
        dense::raise(&mut bytes, index, *rank);
    }
    for (index, (got, expected)) in dense::ranks(&bytes).zip(expected).enumerate() {
        if got != expected {
            return Err(format!("Register {index} should be {expected} but is {got}"));
        }
    }
    Ok(())
}

fn estimates_are_good(seed: u64, sparse_max_bytes: usize) -> Result<(), String> {
    let corrupted = |_| "registers corrupted".to_owned();
    let (mut all, mut runs) = (Sketch::empty(), Sketch::empty());
    all.make_dense().map_err(corrupted)?;
    let mut checkpoint = 1;
    for n in 1..=ELEMENTS {
        let element = (n ^ seed).to_le_bytes();
        all.add_dense(&element);
        runs.add(&element, sparse_max_bytes).map_err(corrupted)?;
        if n != checkpoint {
            continue;
        }
        if n < sparse_max_bytes as u64 / 2 && runs.encoding() != Encoding::Sparse {
            return Err("sparse encoding not used".to_owned());
        }
        let histogram = all.histogram().map_err(corrupted)?;
        if runs.histogram().map_err(corrupted)? != histogram {
            return Err("dense/sparse disagree".to_owned());
        }
        let error = histogram.estimate().abs_diff(n);
        if error > (ERROR_MAX * n as f64).ceil() as u64 {
            return Err(format!("Too big error. card:{n} abserr:{error}"));
        }
        checkpoint *= 10;
    }
    Ok(())
}
