//! Glob patterns as `PSUBSCRIBE`, `KEYS`, ACL rules and `SENTINEL RESET` understand them.
//!
//! `*` any bytes, `?` one byte, `[a-z]` and `[^a-z]` one byte of a class, `\` before a byte takes it literally.
//! Matching works on bytes and never recurses: only the last `*` has to be revisited, because an earlier one that
//! takes more bytes cannot match where the later one could not. So the time is bounded by the product of both
//! lengths, whatever the pattern.

/// A pattern that gets to one more `*` than this matches nothing, as in Redis, which protects its stack so.
const STARS_MAX: usize = 1000;

/// Whether `pattern` matches all of `text`.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    matches_with(pattern, text, Case::Sensitive)
}

/// Like [`matches()`], without regard to the case of ASCII letters.
pub fn matches_ignoring_case(pattern: &[u8], text: &[u8]) -> bool {
    matches_with(pattern, text, Case::Ignored)
}

#[derive(Clone, Copy)]
enum Case {
    Sensitive,
    Ignored,
}

impl Case {
    fn fold(self, byte: u8) -> u8 {
        match self {
            Self::Sensitive => byte,
            Self::Ignored => byte.to_ascii_lowercase(),
        }
    }
}

fn matches_with(mut pattern: &[u8], mut text: &[u8], case: Case) -> bool {
    // What remained of pattern and text after the last `*`, at its present length.
    let mut last_star: Option<(&[u8], &[u8])> = None;
    let mut stars = 0;
    loop {
        if let [b'*', after @ ..] = pattern {
            // Several in a row are one, and one at the end matches whatever is left.
            stars += usize::from(!matches!(after, [] | [b'*', ..]));
            if stars > STARS_MAX {
                return false;
            }
            pattern = after;
            last_star = Some((pattern, text));
            continue;
        }
        match (pattern.is_empty(), text.split_first()) {
            (true, None) => return true,
            (false, Some((&byte, rest))) => {
                let (matched, after) = match_one(pattern, byte, case);
                if matched {
                    pattern = after;
                    text = rest;
                    continue;
                }
            }
            // Text is used up: a longer `*` would leave even less of it.
            (false, None) => return false,
            (true, Some(_)) => {}
        }
        let Some((after_star, [_, rest @ ..])) = last_star else { return false };
        last_star = Some((after_star, rest));
        pattern = after_star;
        text = rest;
    }
}

/// Matches one byte against the first element of `pattern`, which is not a `*`; also returns what follows it.
fn match_one(pattern: &[u8], byte: u8, case: Case) -> (bool, &[u8]) {
    match pattern {
        [b'?', after @ ..] => (true, after),
        [b'[', class @ ..] => match_class(class, byte, case),
        // A `\` that ends the pattern stands for itself.
        [b'\\', literal, after @ ..] | [literal, after @ ..] => (case.fold(*literal) == case.fold(byte), after),
        [] => (false, pattern),
    }
}

/// Matches one byte against the class that follows `[`; a class that is not closed ends with the pattern.
fn match_class(mut class: &[u8], byte: u8, case: Case) -> (bool, &[u8]) {
    let negated = class.first() == Some(&b'^');
    if negated {
        class = &class[1..];
    }
    let folded = case.fold(byte);
    let mut found = false;
    loop {
        class = match class {
            [b'\\', literal, after @ ..] => {
                found |= *literal == byte;
                after
            }
            [b']', after @ ..] => return (found != negated, after),
            [] => return (found != negated, class),
            [start, b'-', end, after @ ..] => {
                let (start, end) = (case.fold(*start), case.fold(*end));
                found |= (start.min(end)..=start.max(end)).contains(&folded);
                after
            }
            [literal, after @ ..] => {
                found |= case.fold(*literal) == folded;
                after
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for text in yes {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern:?} should match {text:?}");
        }
        for text in no {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern:?} should not match {text:?}");
        }
    }

    #[test]
    fn stars_are_limited() {
        let text = "a".repeat(2000);
        assert!(matches("*a".repeat(1000).as_bytes(), text.as_bytes()));
        assert!(!matches("*a".repeat(1001).as_bytes(), text.as_bytes()));
        assert!(matches(("*a".repeat(1000) + "**").as_bytes(), text.as_bytes()));
        assert!(matches("*".repeat(5000).as_bytes(), text.as_bytes()));
    }

    #[test]
    fn elements_of_a_pattern() {
        check("", &[""], &["a"]);
        check("abc", &["abc"], &["ab", "abcd", "ABC"]);
        check("a?c", &["abc", "a?c"], &["ac", "abbc"]);
        check("*", &["", "anything"], &[]);
        check("+s*n", &["+sdown", "+sn"], &["+odown", "+sdowns"]);
        check("**a**", &["a", "bab"], &["", "b"]);
        check("h[ae]llo", &["hello", "hallo"], &["hillo", "hllo"]);
        check("h[^e]llo", &["hallo"], &["hello"]);
        check("[a-c][z-x]", &["ay", "cz"], &["dy", "aw"]);
        check(r"\*a\?", &["*a?"], &["xab"]);
        check(r"[\]a]", &["]", "a"], &["\\", "b"]);
        check(r"a\", &[r"a\"], &["a"]);
        check("a[bc", &["ab", "ac"], &["a", "a[bc"]);
        check("a[", &[], &["a", "a[", "ab"]);
    }

    #[test]
    fn case_is_ignored_on_request() {
        assert!(matches_ignoring_case(b"MY[A-C]*\\X", b"mybmasterx"));
        assert!(!matches_ignoring_case(b"MY[A-C]*", b"mydb"));
    }

    #[test]
    fn hostile_patterns_take_no_exponential_time() {
        let pattern = b"a*".repeat(500);
        let text = b"a".repeat(2000);
        assert!(!matches(&[&pattern, &b"b"[..]].concat(), &text));
        assert!(matches(&pattern, &text));
    }
}
