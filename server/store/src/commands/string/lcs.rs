//! The longest sequence of bytes that two strings have in common, in order, with other bytes between them.

use crate::call::{Call, Done, Fault, Outcome};
use crate::keyspace::Stored;

/// Longer strings would have lengths and positions that need more than 32 bits.
const LEN_MAX: usize = u32::MAX as usize - 2;

#[derive(Default)]
struct Options {
    length: bool,
    positions: bool,
    with_lengths: bool,
    /// Shorter matches are left out.
    len_min: usize,
}

/// Bytes that lie next to each other in both strings, given by where they begin.
struct Match {
    in_a: usize,
    in_b: usize,
    len: usize,
}

/// For each two beginnings of the strings, the length of what they have in common.
struct Lengths {
    /// One row for each beginning of the first string, the empty one included.
    cells: Vec<u32>,
    /// Beginnings of the second string.
    row_len: usize,
}

impl Lengths {
    fn of(a: &[u8], b: &[u8], bytes_max: usize) -> Result<Self, Fault> {
        if a.len() > LEN_MAX || b.len() > LEN_MAX {
            return Err(Fault::text("ERR String too long for LCS"));
        }
        let row_len = b.len() + 1;
        let cells_len = (a.len() + 1).saturating_mul(row_len);
        if cells_len.saturating_mul(size_of::<u32>()) > bytes_max {
            return Err(Fault::text("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"));
        }
        let mut cells: Vec<u32> = Vec::new();
        cells
            .try_reserve_exact(cells_len)
            .map_err(|_| Fault::text("ERR Insufficient memory, failed allocating transient memory for LCS"))?;
        cells.resize(cells_len, 0);
        let mut rows = cells.chunks_exact_mut(row_len);
        let mut above: &[u32] = rows.next().unwrap_or_default();
        for (byte, row) in a.iter().zip(rows) {
            let mut left = 0;
            for ((cell, other), pair) in row[1..].iter_mut().zip(b).zip(above.windows(2)) {
                left = if byte == other { pair[0] + 1 } else { left.max(pair[1]) };
                *cell = left;
            }
            above = row;
        }
        Ok(Self { cells, row_len })
    }

    fn at(&self, a_len: usize, b_len: usize) -> u32 {
        self.cells[a_len * self.row_len + b_len]
    }

    fn longest(&self) -> u32 {
        self.cells.last().copied().unwrap_or(0)
    }

    /// The matches that a longest common sequence consists of, the last one first.
    fn matches(&self, a: &[u8], b: &[u8]) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::new();
        let (mut i, mut j) = (a.len(), b.len());
        let mut is_adjacent = false;
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                (i, j) = (i - 1, j - 1);
                match matches.last_mut() {
                    Some(last) if is_adjacent => *last = Match { in_a: i, in_b: j, len: last.len + 1 },
                    _ => matches.push(Match { in_a: i, in_b: j, len: 1 }),
                }
                is_adjacent = true;
                continue;
            }
            is_adjacent = false;
            if self.at(i - 1, j) > self.at(i, j - 1) { i -= 1 } else { j -= 1 }
        }
        matches
    }
}

fn options(call: &Call<'_>) -> Result<Options, Fault> {
    let mut options = Options::default();
    let mut index = 3;
    while index < call.argc() {
        if call.is(index, "IDX") {
            options.positions = true;
        } else if call.is(index, "LEN") {
            options.length = true;
        } else if call.is(index, "WITHMATCHLEN") {
            options.with_lengths = true;
        } else if call.is(index, "MINMATCHLEN") && index + 1 < call.argc() {
            index += 1;
            options.len_min = usize::try_from(call.int(index)?).unwrap_or(0);
        } else {
            return Err(Fault::Syntax);
        }
        index += 1;
    }
    if options.length && options.positions {
        return Err(Fault::text("ERR If you want both the length and indexes, please just use IDX."));
    }
    Ok(options)
}

pub(super) fn lcs(call: &mut Call<'_>) -> Outcome {
    let found = [1, 2].map(|index| call.read(call.arg(index)));
    let is_object = |found| matches!(call.value(found), Stored::Object(_));
    if found.into_iter().flatten().any(is_object) {
        return Err(Fault::text("ERR The specified keys must contain string values"));
    }
    let options = options(call)?;
    let (mut a_digits, mut b_digits) = (Vec::new(), Vec::new());
    let a = found[0].map_or(Ok(&b""[..]), |found| call.string(found, &mut a_digits))?;
    let b = found[1].map_or(Ok(&b""[..]), |found| call.string(found, &mut b_digits))?;
    let lengths = Lengths::of(a, b, call.shard.settings.string_max_bytes)?;
    let longest = lengths.longest();
    if options.length {
        return call.number(i64::from(longest));
    }
    let mut matches = lengths.matches(a, b);
    if options.positions {
        matches.retain(|m| m.len >= options.len_min);
        write_positions(call, &matches, longest, options.with_lengths);
    } else {
        let parts: Vec<&[u8]> = matches.iter().rev().map(|m| &a[m.in_a..m.in_a + m.len]).collect();
        let common = parts.concat();
        call.reply.bulk(common);
    }
    Ok(Done::Replied)
}

fn write_positions(call: &mut Call<'_>, matches: &[Match], longest: u32, with_lengths: bool) {
    call.reply.map(2);
    call.reply.bulk("matches");
    call.reply.array(matches.len());
    for part in matches {
        call.reply.array(if with_lengths { 3 } else { 2 });
        for start in [part.in_a, part.in_b] {
            call.reply.array(2);
            // Positions have 32 bits, as lengths have.
            call.reply.integer(start as i64);
            call.reply.integer((start + part.len - 1) as i64);
        }
        if with_lengths {
            call.reply.integer(part.len as i64);
        }
    }
    call.reply.bulk("len");
    call.reply.integer(i64::from(longest));
}
