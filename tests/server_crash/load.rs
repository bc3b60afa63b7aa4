//! Clients that write until their server is gone, and remember what they were told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use super::node::Node;
use super::support::data_server::words;
use super::support::resp::{Element, Wire};

/// Requests that a client has on the way at a time.
const DEPTH: usize = 8;

/// What was acknowledged: where in the list of the round which value is, and since when that is known.
pub(crate) type Acknowledged = Vec<(usize, String, Instant)>;

/// Several clients.
pub(crate) struct Load {
    threads: Vec<JoinHandle<()>>,
    told: Arc<Mutex<Acknowledged>>,
    /// The highest count that was acknowledged.
    count: Arc<AtomicUsize>,
    round: usize,
}

impl Load {
    /// Each of so many clients appends to the list of the round. The answers say at which place of all.
    pub(crate) fn start(node: &Node, round: usize, clients: usize) -> Self {
        let (told, count) = (Arc::<Mutex<Acknowledged>>::default(), Arc::<AtomicUsize>::default());
        let appends = (0..clients).map(|client| {
            let (wire, told) = (node.wire(), Arc::clone(&told));
            std::thread::spawn(move || append(wire, round, client, &told))
        });
        let mut threads: Vec<_> = appends.collect();
        let (wire, counted) = (node.wire(), Arc::clone(&count));
        threads.push(std::thread::spawn(move || count_up(wire, round, &counted)));
        Self { threads, told, count, round }
    }

    /// So much was acknowledged so far.
    pub(crate) fn len(&self) -> usize {
        self.told.lock().unwrap().len()
    }

    /// After the server was killed: what was acknowledged.
    pub(crate) fn end(self) -> Promise {
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        let mut told = std::mem::take(&mut *self.told.lock().unwrap());
        told.sort();
        Promise { told, count: self.count.load(Ordering::Relaxed), round: self.round }
    }
}

fn append(mut wire: Wire, round: usize, client: usize, told: &Mutex<Acknowledged>) {
    let mut seq = 0;
    loop {
        let values: Vec<_> = (seq..seq + DEPTH).map(|seq| format!("{client}:{seq}")).collect();
        seq += DEPTH;
        let requests = values
            .iter()
            .map(|value| format!("*3\r\n$5\r\nRPUSH\r\n{}{}", bulk(&format!("list:{round}")), bulk(value)));
        if !wire.send_bytes(requests.collect::<String>().as_bytes()) {
            return;
        }
        for value in values {
            let Some(answer) = wire.read("a write") else { return };
            let Ok(place) = answer.text().parse() else { panic!("{answer:?}") };
            told.lock().unwrap().push((place, value, Instant::now()));
        }
    }
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// Both numbers change together or not at all.
fn count_up(mut wire: Wire, round: usize, count: &AtomicUsize) {
    loop {
        for line in ["MULTI".to_owned(), format!("INCR a:{round}"), format!("INCR b:{round}")] {
            if !wire.send(&words(&line)) || wire.read("a write").is_none() {
                return;
            }
        }
        if !wire.send(&words("EXEC")) {
            return;
        }
        let Some(answer) = wire.read("a write") else { return };
        let Element::Aggregate(_, counts) = &answer else { panic!("{answer:?}") };
        count.store(counts[0].text().parse().unwrap(), Ordering::Relaxed);
    }
}

/// What a server has acknowledged before it was killed.
pub(crate) struct Promise {
    pub(crate) told: Acknowledged,
    count: usize,
    round: usize,
}

impl Promise {
    /// When the last acknowledgement came, or this moment if that was before.
    pub(crate) fn last_until(&self, moment: Instant) -> Instant {
        self.told.iter().map(|(.., when)| *when).max().map_or(moment, |last| last.min(moment))
    }

    /// What is there now is a beginning of what was acknowledged, in its order, nothing twice and nothing in parts, and holds at least
    /// what was acknowledged until `safe`; `None`: everything. The number of values that are there.
    #[track_caller]
    pub(crate) fn is_kept_by(&self, node: &Node, safe: Option<Instant>) -> usize {
        let list = list_of(node, self.round);
        for (place, value, when) in &self.told {
            match list.get(place - 1) {
                Some(there) => assert_eq!(there, value, "at {place}"),
                None => assert!(safe.is_some_and(|safe| *when > safe), "{value} at {place} of {} is gone", list.len()),
            }
        }
        assert!(has_no_gaps(&list), "round {}: {list:?}", self.round);
        let [a, b] = ["a", "b"].map(|name| node.ask(&format!("GET {name}:{}", self.round)).text().to_owned());
        assert_eq!(a, b, "one command of a transaction without the other");
        let counted = a.parse::<usize>().unwrap_or(0);
        if safe.is_none() {
            assert!(counted >= self.count, "{counted} and not {}", self.count);
        }
        assert!(counted <= self.count + 1, "{counted} after {}: something was done twice", self.count);
        list.len()
    }
}

/// The list of a round.
#[track_caller]
pub(crate) fn list_of(node: &Node, round: usize) -> Vec<String> {
    let Element::Aggregate(_, elements) = node.ask(&format!("LRANGE list:{round} 0 -1")) else { panic!("no list") };
    elements.iter().map(|element| element.text().to_owned()).collect()
}

/// Every client's values are there from the first one on, once each.
pub(crate) fn has_no_gaps(list: &[String]) -> bool {
    let mut next = std::collections::HashMap::<&str, usize>::new();
    list.iter().all(|value| {
        let (client, seq) = value.split_once(':').unwrap();
        let expected = next.entry(client).or_default();
        *expected += 1;
        seq.parse() == Ok(*expected - 1)
    })
}
