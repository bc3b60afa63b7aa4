//! Delays as a picture.

use std::fmt::Write as _;

use crate::engine::Delays;

/// A line is so wide, and a picture so high, in characters.
const WIDTH: usize = 80;
const HEIGHT: usize = 4;
/// What a column ends with at its top, by how much of the character it fills.
const TOPS: [char; 3] = ['_', 'o', '#'];

/// Draws every delay as a column, under which stands from top to bottom how long ago it was.
pub(super) fn draw(event: &str, delays: &Delays, now_s: u64) -> String {
    let samples = || delays.samples.iter();
    let high = samples().map(|delay| delay.ms).max().unwrap_or(0);
    let low = samples().map(|delay| delay.ms).min().unwrap_or(0);
    let mut text = format!("{event} - high {high} ms, low {low} ms (all time high {} ms)\n", delays.max_ms);
    text.push_str(&"-".repeat(WIDTH));
    text.push('\n');
    let columns: Vec<(usize, String)> =
        samples().map(|delay| (level(delay.ms, low, high), ago(now_s.saturating_sub(delay.at_s)))).collect();
    for part in columns.chunks(WIDTH) {
        for row in (0..HEIGHT).rev() {
            push_line(&mut text, part.iter().map(|(level, _)| cell(*level, row)));
        }
        text.push('\n');
        let longest = part.iter().map(|(_, label)| label.len()).max().unwrap_or(0);
        for row in 0..longest {
            push_line(&mut text, part.iter().map(|(_, label)| label.as_bytes().get(row).map_or(' ', |b| *b as char)));
        }
    }
    text
}

/// How high a column is, in parts of a character: at least one.
fn level(ms: u64, low: u64, high: u64) -> usize {
    let levels = (HEIGHT * TOPS.len() - 1) as u64;
    ((ms - low) * levels).checked_div(high - low).unwrap_or(0) as usize
}

fn cell(level: usize, row: usize) -> char {
    let top = level / TOPS.len();
    match row.cmp(&top) {
        std::cmp::Ordering::Less => '|',
        std::cmp::Ordering::Equal => TOPS[level % TOPS.len()],
        std::cmp::Ordering::Greater => ' ',
    }
}

fn push_line(text: &mut String, cells: impl Iterator<Item = char>) {
    let start = text.len();
    text.extend(cells);
    text.truncate(start + text[start..].trim_end().len());
    text.push('\n');
}

/// A time span in its largest unit.
fn ago(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..60 => (seconds, 's'),
        60..3600 => (seconds / 60, 'm'),
        3600..86_400 => (seconds / 3600, 'h'),
        _ => (seconds / 86_400, 'd'),
    };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{number}{unit}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::LatencyMonitor;

    fn delays(samples: &[(u64, u64)]) -> Delays {
        let mut monitor = LatencyMonitor::default();
        monitor.configure(1);
        samples.iter().for_each(|(at_s, ms)| monitor.note("command", *ms, *at_s));
        monitor.get(b"command").expect("noted").clone()
    }

    #[test]
    fn columns_are_as_high_as_delays_are_long() {
        let picture = draw("command", &delays(&[(10, 20), (4000, 100), (4005, 50)]), 4010);
        let expected = " #\n |\n |o\n_||\n\n115\nh0s\n s\n";
        let (head, rest) = picture.split_at(picture.find("\n-").expect("a line") + 1);
        assert_eq!(head, "command - high 100 ms, low 20 ms (all time high 100 ms)\n");
        assert_eq!(rest, format!("{}\n{expected}", "-".repeat(80)));
    }

    #[test]
    fn equal_delays_are_drawn() {
        assert!(draw("fork", &delays(&[(1, 5)]), 1).ends_with("\n_\n\n0\ns\n"));
    }
}
