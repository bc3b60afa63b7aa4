//! Counters of the front, for `INFO stats`.

use std::cell::Cell;

use super::info::StatsFacts;

/// All counters. One thread, hence cells.
#[derive(Default)]
pub(super) struct Stats {
    pub(super) connections_received: Counter,
    pub(super) connections_rejected: Counter,
    pub(super) commands: Rate,
    pub(super) input_bytes: Rate,
    pub(super) output_bytes: Rate,
    pub(super) reads: Counter,
    pub(super) writes: Counter,
    pub(super) error_replies: Counter,
    pub(super) query_buffer_disconnections: Counter,
    pub(super) output_buffer_disconnections: Counter,
    pub(super) denied_logins: Counter,
    pub(super) denied_commands: Counter,
    pub(super) denied_channels: Counter,
}

impl Stats {
    /// The counters at `second` (of any clock that the rates were recorded with).
    pub(super) fn facts(&self, second: u64) -> StatsFacts {
        StatsFacts {
            connections_received: self.connections_received.get(),
            connections_rejected: self.connections_rejected.get(),
            commands: self.commands.total(),
            commands_per_second: self.commands.per_second(second),
            input_bytes: self.input_bytes.total(),
            output_bytes: self.output_bytes.total(),
            input_bytes_per_second: self.input_bytes.per_second(second),
            output_bytes_per_second: self.output_bytes.per_second(second),
            reads: self.reads.get(),
            writes: self.writes.get(),
            error_replies: self.error_replies.get(),
            query_buffer_disconnections: self.query_buffer_disconnections.get(),
            output_buffer_disconnections: self.output_buffer_disconnections.get(),
            denied_logins: self.denied_logins.get(),
            denied_commands: self.denied_commands.get(),
            denied_channels: self.denied_channels.get(),
            channels: 0,
            patterns: 0,
        }
    }
}

/// A number that grows.
#[derive(Default)]
pub(super) struct Counter(Cell<u64>);

impl Counter {
    pub(super) fn add(&self, n: u64) {
        self.0.set(self.0.get().wrapping_add(n));
    }

    pub(super) fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A number that grows, and by how much in the last full second.
#[derive(Default)]
pub(super) struct Rate {
    total: Counter,
    second: Cell<u64>,
    current: Cell<u64>,
    previous: Cell<u64>,
}

impl Rate {
    pub(super) fn add(&self, second: u64, n: u64) {
        let elapsed = second.saturating_sub(self.second.get());
        if elapsed > 0 {
            self.previous.set(if elapsed == 1 { self.current.get() } else { 0 });
            self.current.set(0);
            self.second.set(second);
        }
        self.current.set(self.current.get() + n);
        self.total.add(n);
    }

    fn total(&self) -> u64 {
        self.total.get()
    }

    fn per_second(&self, second: u64) -> u64 {
        match second.saturating_sub(self.second.get()) {
            0 => self.previous.get(),
            1 => self.current.get(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_full_second() {
        let rate = Rate::default();
        rate.add(5, 10);
        rate.add(5, 1);
        assert_eq!(rate.per_second(5), 0);
        assert_eq!(rate.per_second(6), 11);
        assert_eq!(rate.per_second(7), 0);
        rate.add(6, 2);
        assert_eq!(rate.per_second(6), 11);
        rate.add(9, 4);
        assert_eq!(rate.per_second(9), 0);
        assert_eq!(rate.total(), 17);
    }
}
