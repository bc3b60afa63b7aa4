//! Where a command's keys are among its arguments, and how they are used.

use super::bits::named_bits;

/// Most keys taken from one command: as many as one request can have arguments.
const MAX_KEYS: usize = 1024 * 1024;

named_bits! {
    /// How a key is used, as the key specifications of `COMMAND INFO` print it.
    KeyAccess(u16) {
        /// Reads only.
        RO = 0, "RO";
        /// Reads and writes.
        RW = 1, "RW";
        /// Overwrites without reading.
        OW = 2, "OW";
        /// Removes.
        RM = 3, "RM";
        /// Returns or uses the value.
        ACCESS = 4, "access";
        /// Changes the value.
        UPDATE = 5, "update";
        /// Adds to the value.
        INSERT = 6, "insert";
        /// Deletes content.
        DELETE = 7, "delete";
        /// Not a key, but hashed like one in a cluster.
        NOT_KEY = 8, "not_key";
        /// The specification may miss keys.
        INCOMPLETE = 9, "incomplete";
        /// The access depends on the arguments.
        VARIABLE_FLAGS = 10, "variable_flags";
    }
}

impl KeyAccess {
    /// True if a user needs read permission (`%R~`) on the key.
    #[must_use]
    pub const fn needs_read(self) -> bool {
        self.intersects(Self::ACCESS)
    }

    /// True if a user needs write permission (`%W~`) on the key.
    #[must_use]
    pub const fn needs_write(self) -> bool {
        self.intersects(Self::INSERT.with(Self::DELETE).with(Self::UPDATE))
    }
}

/// How the first key argument is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginSearch {
    /// At a fixed argument position (0 is the command name).
    Index(usize),
    /// After a keyword; the search starts at `start_from`, negative meaning backwards from the end.
    Keyword {
        /// The keyword, compared without case.
        keyword: &'static str,
        /// Position at which the search starts.
        start_from: i32,
    },
    /// It cannot be told from the arguments.
    Unknown,
}

/// How the further keys are found, once the first position is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindKeys {
    /// Every `step`-th argument up to `last` (relative to the first; negative: from the end of the arguments, where a
    /// `limit` above 1 divides what is left).
    Range {
        /// Last key relative to the first one, or from the end if negative.
        last: i32,
        /// Distance of two keys.
        step: usize,
        /// Divisor of the remaining arguments, only with `last == -1`.
        limit: usize,
    },
    /// A number of keys stands among the arguments. All positions are relative to the begin position.
    KeyNum {
        /// Where the number is.
        number_at: usize,
        /// Where the first key is.
        first: usize,
        /// Distance of two keys.
        step: usize,
    },
    /// It cannot be told from the arguments.
    Unknown,
}

/// One group of keys of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// A remark for humans; empty for none.
    pub notes: &'static str,
    /// What the command does with these keys.
    pub access: KeyAccess,
    /// Where they begin.
    pub begin: BeginSearch,
    /// How to find the rest.
    pub find: FindKeys,
}

impl KeySpec {
    /// One key at argument `index`.
    #[must_use]
    pub const fn single(index: usize, access: KeyAccess) -> Self {
        Self::range(index, 0, 1, access)
    }

    /// Keys from argument `index` to `last` (relative, or from the end if negative), every `step` arguments.
    #[must_use]
    pub const fn range(index: usize, last: i32, step: usize, access: KeyAccess) -> Self {
        Self { notes: "", access, begin: BeginSearch::Index(index), find: FindKeys::Range { last, step, limit: 0 } }
    }

    /// As many keys as argument `index` says, behind it.
    #[must_use]
    pub const fn counted(index: usize, access: KeyAccess) -> Self {
        let find = FindKeys::KeyNum { number_at: 0, first: 1, step: 1 };
        Self { notes: "", access, begin: BeginSearch::Index(index), find }
    }

    /// The same keys with a remark for humans.
    #[must_use]
    pub const fn notes(mut self, notes: &'static str) -> Self {
        self.notes = notes;
        self
    }

    /// The keys of this group in `argv`, appended to `keys`.
    pub(super) fn collect(&self, argv: &[&[u8]], keys: &mut Vec<KeyRef>) {
        let Some(first) = self.begin_position(argv) else { return };
        let (first, end, step) = match self.find {
            FindKeys::Range { last, step, limit } => (first, range_end(argv.len(), first, last, limit), step),
            FindKeys::KeyNum { number_at, first: offset, step } => {
                let Some(count) = argv.get(first + number_at).and_then(|arg| parse_count(arg)) else { return };
                let start = first + offset;
                (start, count.checked_mul(step.max(1)).and_then(|span| start.checked_add(span)), step)
            }
            FindKeys::Unknown => return,
        };
        let Some(end) = end else { return };
        let positions = (first..end.min(argv.len())).step_by(step.max(1));
        keys.extend(positions.take(MAX_KEYS).map(|position| KeyRef { position, access: self.access }));
    }

    fn begin_position(&self, argv: &[&[u8]]) -> Option<usize> {
        match self.begin {
            BeginSearch::Index(index) => (index < argv.len()).then_some(index),
            BeginSearch::Keyword { keyword, start_from } => keyword_position(argv, keyword, start_from),
            BeginSearch::Unknown => None,
        }
    }
}

fn keyword_position(argv: &[&[u8]], keyword: &str, start_from: i32) -> Option<usize> {
    let matches = |position: &usize| argv[*position].eq_ignore_ascii_case(keyword.as_bytes());
    let distance = usize::try_from(start_from.unsigned_abs()).ok()?;
    let found = if start_from >= 0 {
        (distance..argv.len()).find(matches)
    } else {
        (1..argv.len().checked_sub(distance)? + 1).rev().find(matches)
    };
    found.map(|position| position + 1).filter(|position| *position < argv.len())
}

/// One past the last position of a range.
fn range_end(argc: usize, first: usize, last: i32, limit: usize) -> Option<usize> {
    let distance = usize::try_from(last.unsigned_abs()).ok()?;
    if last >= 0 {
        return first.checked_add(distance)?.checked_add(1);
    }
    if last == -1 && limit > 1 {
        return Some(first + (argc - first) / limit);
    }
    (argc + 1).checked_sub(distance)
}

fn parse_count(arg: &[u8]) -> Option<usize> {
    std::str::from_utf8(arg).ok()?.parse().ok()
}

/// A key among the arguments of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRef {
    /// Index into the arguments; 0 is the command name.
    pub position: usize,
    /// What the command does with it.
    pub access: KeyAccess,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(spec: KeySpec, line: &str) -> Vec<&str> {
        let words: Vec<&str> = line.split(' ').collect();
        let argv: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let mut found = Vec::new();
        spec.collect(&argv, &mut found);
        found.iter().map(|key| words[key.position]).collect()
    }

    #[test]
    fn ranges_count_from_the_first_key_or_from_the_end() {
        assert_eq!(keys(KeySpec::single(1, KeyAccess::RO), "get a b"), ["a"]);
        assert_eq!(keys(KeySpec::range(1, -1, 2, KeyAccess::OW), "mset a 1 b 2"), ["a", "b"]);
        assert_eq!(keys(KeySpec::range(1, -2, 1, KeyAccess::RW), "blpop a b 0"), ["a", "b"]);
        assert!(keys(KeySpec::single(3, KeyAccess::RO), "get a").is_empty());
    }

    #[test]
    fn a_key_number_and_a_keyword_lead_to_the_keys() {
        let eval = KeySpec {
            notes: "",
            access: KeyAccess::RW,
            begin: BeginSearch::Index(2),
            find: FindKeys::KeyNum { number_at: 0, first: 1, step: 1 },
        };
        assert_eq!(keys(eval, "eval s 2 a b c"), ["a", "b"]);
        assert!(keys(eval, "eval s -1 a").is_empty());
        assert_eq!(keys(eval, "eval s 99999999999999999 a b"), ["a", "b"]);
        let streams = KeySpec {
            notes: "",
            access: KeyAccess::RO,
            begin: BeginSearch::Keyword { keyword: "STREAMS", start_from: 1 },
            find: FindKeys::Range { last: -1, step: 1, limit: 2 },
        };
        assert_eq!(keys(streams, "xread count 5 streams a b 0 0"), ["a", "b"]);
        let migrate = KeySpec {
            notes: "",
            access: KeyAccess::RW,
            begin: BeginSearch::Keyword { keyword: "KEYS", start_from: -2 },
            find: FindKeys::Range { last: -1, step: 1, limit: 0 },
        };
        assert_eq!(keys(migrate, "migrate h p e 0 1 KEYS a b"), ["a", "b"]);
    }
}
