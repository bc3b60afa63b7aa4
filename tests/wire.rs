//! Our sentinel beside Debian's `redis-sentinel`: the same requests, the same failovers, the same words.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "wire/conversation.rs"]
mod conversation;
#[path = "wire/differences.rs"]
mod differences;
#[path = "wire/events.rs"]
mod events;
#[path = "wire/mask.rs"]
mod mask;
mod support;

use std::fmt::Write as _;

use support::{Installation, Program, ask, command};

use conversation::{Exchange, conversations, hold};
use differences::{Against, DIFFERENCES, Difference, is_declared};

/// So that SENTINEL SET looks at a script's path.
const SCRIPTS_ALLOWED: &str = "sentinel deny-scripts-reconfig no\n";

/// What was answered, masked, one line per element.
fn lines(exchange: &Exchange, words: &[(String, &str)]) -> Vec<String> {
    let mut lines = Vec::new();
    for reply in &exchange.replies {
        let reply = mask::of_request(&exchange.request, mask::masked(reply, words));
        mask::ordered(&exchange.request, reply).render(0, &mut lines);
    }
    if exchange.closed {
        lines.push("closed".to_owned());
    }
    lines
}

/// Names for what differs between the two by necessity, longest first.
fn own_words(i: &Installation) -> Vec<(String, &'static str)> {
    let mut words = Vec::new();
    for port in &i.sentinels {
        words.push((ask::<String>(*port, &["MYID"]).unwrap(), "<sentinel>"));
        words.push((port.to_string(), "<sentinel port>"));
    }
    words
}

/// Both kinds of sentinel, the differences that apply, and what was found.
struct Comparison {
    i: Installation,
    declared: Vec<(&'static Difference, bool)>,
    report: String,
}

impl Comparison {
    fn new() -> Self {
        let i =
            Installation::start_with(2, &[Program::Real, Program::Ours, Program::Real, Program::Ours], SCRIPTS_ALLOWED);
        let info: String = command(i.sentinels[0], &["INFO", "server"]).unwrap();
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap();
        let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
        let is_7_2 = (parts.next(), parts.next()) >= (Some(7), Some(2));
        let applies = |against| match against {
            Against::Every => true,
            Against::Before7_2 => !is_7_2,
            Against::Since7_2 => is_7_2,
        };
        let declared = DIFFERENCES.iter().filter(|d| applies(d.against)).map(|d| (d, false)).collect();
        Self { i, declared, report: String::new() }
    }

    /// Holds all conversations with both, each after the request `hello` if there is one.
    fn hold_all(&mut self, hello: Option<&str>) {
        self.i.wait_until_known();
        let words = own_words(&self.i);
        let master = self.i.nodes[0].to_string();
        for conversation in conversations(include_str!("wire/conversations.txt")) {
            let once = conversation[0] == "ONCE";
            if once && hello.is_some() {
                continue;
            }
            let conversation = &conversation[usize::from(once)..];
            let text: Vec<String> = conversation.iter().map(|line| line.replace("{master}", &master)).collect();
            let all: Vec<&str> = hello.into_iter().chain(text.iter().map(String::as_str)).collect();
            let [real, ours] = [self.i.sentinels[0], self.i.sentinels[1]].map(|port| hold(port, &all));
            for at in 0..real.len().max(ours.len()) {
                let of = |side: &[Exchange]| side.get(at).map(|exchange| lines(exchange, &words)).unwrap_or_default();
                let request = &real.get(at).or_else(|| ours.get(at)).unwrap().request;
                self.compare(request, &of(&real), &of(&ours));
            }
        }
    }

    fn compare(&mut self, request: &str, real: &[String], ours: &[String]) {
        let found = diff(real, ours);
        let mut undeclared = false;
        for line in found.iter().filter(|line| !line.starts_with("both ")) {
            let known = self.declared.iter_mut().find(|(difference, _)| is_declared(difference, request, line));
            match known {
                Some((_, used)) => *used = true,
                None => undeclared = true,
            }
        }
        if undeclared {
            writeln!(self.report, "{request}\n  {}", found.join("\n  ")).unwrap();
        }
    }

    fn finish(mut self) {
        for (difference, _) in self.declared.iter().filter(|(_, used)| !used) {
            writeln!(self.report, "No longer different: {:?}: {}", difference.requests, difference.reason).unwrap();
        }
        assert!(self.report.is_empty(), "answers differ:\n{}", self.report);
    }
}

/// Lines of one side only, without their indentation, and before each run of them the last line of both.
fn diff(real: &[String], ours: &[String]) -> Vec<String> {
    // common[i][j]: how many lines real[i..] and ours[j..] have in common, in order.
    let mut common = vec![vec![0; ours.len() + 1]; real.len() + 1];
    for i in (0..real.len()).rev() {
        for j in (0..ours.len()).rev() {
            common[i][j] =
                if real[i] == ours[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut last, mut found) = (0, 0, None, Vec::new());
    while i < real.len() || j < ours.len() {
        if i < real.len() && j < ours.len() && real[i] == ours[j] {
            last = Some(&real[i]);
            (i, j) = (i + 1, j + 1);
            continue;
        }
        found.extend(last.take().map(|both| format!("both {}", both.trim_start())));
        if j == ours.len() || i < real.len() && common[i + 1][j] >= common[i][j + 1] {
            found.push(format!("real {}", real[i].trim_start()));
            i += 1;
        } else {
            found.push(format!("ours {}", ours[j].trim_start()));
            j += 1;
        }
    }
    found
}

#[test]
fn every_answer_is_that_of_a_real_sentinel() {
    let mut comparison = Comparison::new();
    comparison.hold_all(None);
    comparison.hold_all(Some("HELLO 3"));
    for options in ["", " NOSAVE NOW FORCE"] {
        let [real, ours] = match options {
            "" => [comparison.i.sentinels[2], comparison.i.sentinels[3]],
            _ => [comparison.i.sentinels[0], comparison.i.sentinels[1]],
        };
        let [real, ours] = [real, ours].map(|port| lines(&hold(port, &[&format!("SHUTDOWN{options}")])[0], &[]));
        comparison.compare("SHUTDOWN", &real, &ours);
    }
    comparison.finish();
}
