//! Bytes at the port that no client would send.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::{GROUP, Installation, Program, ask, command, field, wait};

/// How long bytes are sent, unless `BONGSU_TEST_NOISE_SECONDS` says otherwise.
const SECONDS: u64 = 10;
const SENDERS: u64 = 4;

/// What the noise may cost beyond the memory before, in KiB.
const MEMORY_KIB_MAX: u64 = 64 * 1024;

/// How much of the answers is waited for, in milliseconds, before the next one is disturbed.
const PATIENCE: Duration = Duration::from_millis(20);

/// A generator of numbers that are the same for the same seed (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit
    }

    fn pick<'a, T: ?Sized>(&mut self, among: &[&'a T]) -> &'a T {
        among[self.below(among.len())]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}

/// Requests that change nothing however they are mangled.
const REQUESTS: &[&str] = &[
    "PING",
    "INFO",
    "HELLO 3",
    "HELLO 3 SETNAME x",
    "AUTH a b",
    "SENTINEL MASTERS",
    "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster",
    "SENTINEL INFO-CACHE mymaster",
    "SENTINEL HELP",
    "SUBSCRIBE a b c",
    "PSUBSCRIBE *",
    "UNSUBSCRIBE",
    "PUBLISH x y",
    "CLIENT LIST",
    "COMMAND DOCS",
    "ACL LIST",
    "ROLE",
    "BONGSU DECISIONS",
];

/// Heads that announce what does not follow.
const HEADS: &[&[u8]] = &[
    b"*1000000\r\n",
    b"*9223372036854775807\r\n",
    b"*-9223372036854775808\r\n",
    b"*1\r\n$536870912\r\n",
    b"*1\r\n$9223372036854775807\r\n",
    b"*1\r\n$-5\r\n",
    b"*3\r\n$4\r\nPING\r\n:1\r\n",
    b"*1\r\n*1\r\n*1\r\n",
    b"*\r\n",
    b"$\r\n",
    b"%1\r\n+a\r\n+b\r\n",
    b"\r\n\r\n\r\n\r\n",
    b"\"\r\n",
    b"PING \"\\x",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
];

fn encoded(request: &str) -> Vec<u8> {
    let words: Vec<&str> = request.split(' ').collect();
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

/// One connection's worth.
fn noise(random: &mut Random) -> Vec<u8> {
    let length = random.below(4096);
    match random.below(6) {
        0 => random.bytes(length),
        1 => [random.pick(HEADS).to_vec(), random.bytes(length)].concat(),
        2 => random.pick(HEADS).repeat(1 + random.below(1000)),
        // A line without an end.
        3 => vec![b'a' + u8::try_from(random.below(26)).unwrap(); random.below(1 << 20)],
        4 => {
            let mut bytes = encoded(random.pick(REQUESTS));
            bytes.truncate(random.below(bytes.len() + 1));
            bytes
        }
        _ => {
            let mut bytes: Vec<u8> = (0..random.below(8)).flat_map(|_| encoded(random.pick(REQUESTS))).collect();
            for _ in 0..random.below(4) {
                if !bytes.is_empty() {
                    let at = random.below(bytes.len());
                    bytes[at] = random.bytes(1)[0];
                }
            }
            bytes
        }
    }
}

/// Sends until the time is over; gives the number of connections.
fn disturb(port: u16, seed: u64, until: Instant) -> u64 {
    let mut random = Random(seed);
    let mut count = 0;
    while Instant::now() < until {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // It may be closed in the middle.
        let _ = stream.write_all(&noise(&mut random));
        if random.below(2) == 0 {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let _ = stream.read(&mut [0; 4096]);
        count += 1;
    }
    count
}

fn state(i: &Installation, sentinel: u16) -> Vec<Option<String>> {
    let master: Vec<String> = ask(sentinel, &["MASTER", GROUP]).unwrap();
    let names = ["port", "runid", "flags", "config-epoch", "num-slaves", "num-other-sentinels", "quorum"];
    let mut known: Vec<Option<String>> = names.iter().map(|name| field(&master, name)).collect();
    known.push(Some(std::fs::read_to_string(i.file(sentinel)).unwrap()));
    known
}

#[test]
fn random_bytes_change_nothing() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seconds = number("BONGSU_TEST_NOISE_SECONDS").unwrap_or(SECONDS);
    let seed = number("BONGSU_TEST_NOISE_SEED")
        .unwrap_or_else(|| u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()) + 1);
    println!("BONGSU_TEST_NOISE_SEED={seed}");
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let sentinel = i.sentinels[0];
    wait("what it has found is in its file", || {
        let text = std::fs::read_to_string(i.file(sentinel)).ok()?;
        let known = |what: &str| text.matches(&format!("sentinel known-{what} ")).count();
        (known("replica") == 1 && known("sentinel") == 2).then_some(())
    });
    let before = state(&i, sentinel);
    let memory_kib = i.memory_kib(sentinel);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (connections, most_kib) = std::thread::scope(|scope| {
        let senders: Vec<_> =
            (0..SENDERS).map(|n| scope.spawn(move || disturb(sentinel, seed + n * 1_000_003, until))).collect();
        let mut most_kib = 0;
        while Instant::now() < until {
            most_kib = most_kib.max(i.memory_kib(sentinel));
            assert_eq!(command::<String>(sentinel, &["PING"]).as_deref(), Some("PONG"), "amid the noise");
            std::thread::park_timeout(PATIENCE);
        }
        (senders.into_iter().map(|sender| sender.join().unwrap()).sum::<u64>(), most_kib)
    });
    println!("{connections} connections, {most_kib} KiB at most, {memory_kib} KiB before");
    assert!(most_kib < memory_kib + MEMORY_KIB_MAX, "{memory_kib} KiB before, {most_kib} KiB");
    assert_eq!(state(&i, sentinel), before);
    wait("its clients are gone", || {
        let clients: String = command(sentinel, &["CLIENT", "LIST"])?;
        (clients.lines().count() < 10).then_some(())
    });
    let master = i.nodes[0];
    i.kill(master);
    i.wait_for_new_master(master);
}
