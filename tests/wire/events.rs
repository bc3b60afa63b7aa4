//! What both kinds of sentinel publish while the same things happen.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::support::resp::{Element, Wire};
use crate::support::{Installation, Program, ask, info, wait};
use crate::{SCRIPTS_ALLOWED, diff};

/// Whether a sentinel publishes these, and of which node, depends on which of them sees something first.
const CHANCE: &[&str] = &[
    // The first to see the old master return converts it. Only those whose INFO falls into the time before see its role.
    "+convert-to-slave",
    "+role-change",
    "-role-change",
    "+fix-slave-config",
];

/// Events that come after +switch-master in ours, which publishes that with the promotion, and before it in others: they
/// name the master of their time.
const AROUND_THE_SWITCH: &[&str] =
    &["+slave-reconf-sent", "+slave-reconf-inprog", "+slave-reconf-done", "+failover-end"];

/// What only ours says: it knows a node's run id through a switch, and so that the old master was restarted.
const OURS_ALONE: &[&str] = &["+reboot slave 127.0.0.1:<old> "];

/// A message: its channel and its text.
type Event = (String, String);

/// What a sentinel publishes from now on.
struct Listener {
    port: u16,
    heard: Arc<Mutex<Vec<Event>>>,
}

/// Of one sentinel in one failover: its events, and words to mask in them.
struct Told {
    events: Vec<Event>,
    words: Vec<(String, &'static str)>,
}

impl Told {
    /// Masked, and without that what depends on chance and `other` did not see.
    fn lines(&self, other: &Self) -> Vec<String> {
        let seen = |channel: &String| other.events.iter().any(|(c, _)| c == channel);
        let wanted = self.events.iter().filter(|(c, _)| !CHANCE.contains(&c.as_str()) || seen(c));
        let lines: BTreeSet<String> = wanted.map(|(channel, message)| masked(channel, message, &self.words)).collect();
        lines.into_iter().collect()
    }
}

impl Listener {
    fn new(port: u16) -> Self {
        let mut wire = Wire::connect(port);
        assert!(wire.send(&[b"PSUBSCRIBE".to_vec(), b"*".to_vec()]));
        wire.read("PSUBSCRIBE").unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        // Ends with the sentinel.
        std::thread::spawn(move || {
            while let Some(Element::Aggregate(_, parts)) = wire.next() {
                let [_, _, channel, message] = &parts[..] else { panic!("not a message: {parts:?}") };
                into.lock().unwrap().push((channel.text().to_owned(), message.text().to_owned()));
            }
        });
        Self { port, heard }
    }

    /// Waits for an event of `channel` that begins with `start`.
    fn wait_for(&self, channel: &str, start: &str) {
        wait(&format!("{channel} {start} of {}", self.port), || {
            let heard = self.heard.lock().unwrap();
            heard.iter().any(|(c, message)| c == channel && message.starts_with(start)).then_some(())
        });
    }

    fn told(&self, words: &[(String, &'static str)]) -> Told {
        Told { events: self.heard.lock().unwrap().clone(), words: words.to_vec() }
    }
}

fn masked(channel: &str, message: &str, words: &[(String, &str)]) -> String {
    let chance: Vec<(String, &str)> = words.iter().map(|(word, _)| (word.clone(), "<any>")).collect();
    let words = if CHANCE.contains(&channel) { &chance } else { words };
    let word = |word: &str| {
        let node = words.iter().find(|(port, _)| word == port);
        match (node, word.rsplit_once(':')) {
            (Some((_, mask)), _) => (*mask).to_owned(),
            (None, Some((host, port))) => match words.iter().find(|(p, _)| p == port) {
                Some((_, mask)) => format!("{host}:{mask}"),
                None => word.to_owned(),
            },
            (None, None) => word.to_owned(),
        }
    };
    let is_epoch = |at: usize| matches!((channel, at), ("+new-epoch", 0) | ("+vote-for-leader", 1));
    let words = message.split(' ').enumerate();
    let mut words: Vec<String> =
        words.map(|(at, w)| if is_epoch(at) { "<epoch>".to_owned() } else { word(w) }).collect();
    if let Some(last) = words.last_mut().filter(|_| AROUND_THE_SWITCH.contains(&channel)) {
        "<master>".clone_into(last);
    }
    format!("{channel} {}", words.join(" "))
}

/// Two sentinels of each kind, and one more that is held still for a while.
fn installation() -> Installation {
    let programs = [Program::Real, Program::Ours, Program::Real, Program::Ours, Program::Real];
    let i = Installation::start(2, &programs);
    for port in &i.sentinels {
        // Later than the others, so that those see the master down before they learn of the new one.
        set(*port, &["down-after-milliseconds", "2000", "failover-timeout", "60000"]);
    }
    i
}

fn set(sentinel: u16, options: &[&str]) {
    ask::<String>(sentinel, &[&["SET", "mymaster"], options].concat()).unwrap();
}

/// `leader` alone decides that the master is down, and later than the others see it.
fn let_lead(i: &Installation, leader: u16) {
    for port in &i.sentinels {
        let options = if *port == leader {
            ["quorum", "1", "down-after-milliseconds", "4000"]
        } else {
            ["quorum", "5", "down-after-milliseconds", "2000"]
        };
        set(*port, &options);
    }
}

/// The master dies and comes back; `leader` does what is to be done. What the first four had to say of it.
fn failover(i: &mut Installation, leader: u16) -> Vec<Told> {
    i.wait_until_known();
    let_lead(i, leader);
    let old = crate::support::master_of(leader).unwrap();
    let listeners: Vec<Listener> = i.sentinels[..4].iter().map(|port| Listener::new(*port)).collect();
    let all = |channel: &str, start: &str| listeners.iter().for_each(|listener| listener.wait_for(channel, start));

    let still = i.sentinels[4];
    let still_id: String = ask(still, &["MYID"]).unwrap();
    i.signal(still, "-STOP");
    all("+sdown", &format!("sentinel {still_id}"));
    i.signal(still, "-CONT");
    all("-sdown", &format!("sentinel {still_id}"));

    i.kill(old);
    let new = i.wait_for_new_master(old);
    let other = i.nodes.iter().copied().find(|port| *port != old && *port != new).unwrap();
    all("+switch-master", "mymaster");
    let slave = |port: u16| format!("slave 127.0.0.1:{port} ");
    all("+slave", &slave(old));
    all("+slave", &slave(other));
    all("+sdown", &slave(old));
    i.start_node(old);
    all("-sdown", &slave(old));
    wait("the old master follows", || (info(old, "master_link_status")? == "up").then_some(()));

    i.kill(other);
    all("+sdown", &slave(other));
    i.start_node(other);
    all("-sdown", &slave(other));
    all("+reboot", &slave(other));

    let mut words: Vec<(String, &'static str)> =
        vec![(old.to_string(), "<old>"), (new.to_string(), "<new>"), (other.to_string(), "<other>")];
    for port in &i.sentinels {
        words.push((port.to_string(), "<sentinel port>"));
        words.push((ask(*port, &["MYID"]).unwrap(), "<sentinel>"));
    }
    listeners.iter().map(|listener| listener.told(&words)).collect()
}

#[track_caller]
fn assert_same(what: &str, real: &Told, ours: &Told) {
    let (real, ours) = (real.lines(ours), ours.lines(real));
    assert!(!real.is_empty(), "{what}: nothing was heard");
    let alone = |line: &String| OURS_ALONE.iter().any(|start| line.starts_with(start));
    let ours: Vec<String> = ours.into_iter().filter(|line| !alone(line)).collect();
    let found = diff(&real, &ours);
    assert!(found.is_empty(), "{what}:\n  {}\n  of\n  {}", found.join("\n  "), real.join("\n  "));
}

#[test]
fn events_of_a_failover_are_those_of_real_sentinels() {
    let mut i = installation();
    let [real_leader, our_leader] = [i.sentinels[0], i.sentinels[1]];
    let first = failover(&mut i, real_leader);
    let second = failover(&mut i, our_leader);

    assert_same("who leads", &first[0], &second[1]);
    assert_same("who follows a real one", &first[2], &first[3]);
    assert_same("who follows ours", &second[2], &second[3]);
}

#[test]
fn events_of_commands_are_those_of_real_sentinels() {
    let i = Installation::start_with(1, &[Program::Real, Program::Ours], SCRIPTS_ALLOWED);
    let mut words = vec![(i.nodes[0].to_string(), "<master>"), (i.nodes[1].to_string(), "<replica>")];
    for port in &i.sentinels {
        words.push((port.to_string(), "<sentinel port>"));
        words.push((ask(*port, &["MYID"]).unwrap(), "<sentinel>"));
    }
    let listeners: Vec<Listener> = i.sentinels.iter().map(|port| Listener::new(*port)).collect();
    for listener in &listeners {
        let ask = |words: &[&str]| ask::<redis::Value>(listener.port, words).unwrap_or_else(|| panic!("{words:?}"));
        ask(&["MONITOR", "other", "127.0.0.1", "1", "7"]);
        ask(&["SET", "other", "down-after-milliseconds", "100", "quorum", "1"]);
        listener.wait_for("+sdown", "master other");
        listener.wait_for("-failover-abort-no-good-slave", "master other");
        ask(&["SET", "other", "auth-pass", "secret", "auth-user", "me", "failover-timeout", "5000"]);
        ask(&["SET", "other", "rename-command", "PING", "GNIP", "parallel-syncs", "2"]);
        ask(&["SET", "other", "notification-script", "", "client-reconfig-script", ""]);
        ask(&["REMOVE", "other"]);
        listener.wait_for("-monitor", "master other");
        ask(&["RESET", "mymaster"]);
        listener.wait_for("+reset-master", "master mymaster");
        listener.wait_for("+slave", "slave ");
        listener.wait_for("+sentinel", "sentinel ");
    }
    assert_same("who is told", &listeners[0].told(&words), &listeners[1].told(&words));
}
