//! Which server is asked: the last that was good, then the others in turn.

use std::cell::Cell;

use super::{Endpoint, Endpoints};
use crate::TargetError;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It changes nothing, and may be repeated.
    Read,
    /// It may have happened although nobody answered; somebody has to look before it is repeated.
    Write,
}

/// An attempt with one server that failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Another server may be asked.
    Elsewhere(TargetError),
    /// It is over.
    Final(TargetError),
}

impl Failed {
    /// An error before anything was sent.
    pub(crate) const fn unsent(error: TargetError) -> Self {
        Self::Elsewhere(error)
    }

    /// An error after sending: reads are tried elsewhere if the trouble is the server's own.
    pub(crate) fn sent(effect: Effect, error: TargetError) -> Self {
        if effect == Effect::Read && error.is_undecided() { Self::Elsewhere(error) } else { Self::Final(error) }
    }
}

/// The servers of a target, and which of them was good last.
pub(crate) struct Turns {
    endpoints: Endpoints,
    good: Cell<usize>,
}

impl Turns {
    pub(crate) const fn new(endpoints: Endpoints) -> Self {
        Self { endpoints, good: Cell::new(0) }
    }

    /// Calls `attempt` with one server after the other until one does not fail, each at most once.
    pub(crate) async fn take<T>(
        &self,
        attempt: impl AsyncFn(usize, &Endpoint) -> Result<T, Failed>,
    ) -> Result<T, TargetError> {
        let endpoints = self.endpoints.as_slice();
        let first = self.good.get();
        let mut failure = None;
        for step in 0..endpoints.len() {
            let at = (first + step) % endpoints.len();
            let error = match attempt(at, &endpoints[at]).await {
                Ok(value) => {
                    self.good.set(at);
                    return Ok(value);
                }
                Err(Failed::Elsewhere(error)) => {
                    failure.get_or_insert(error);
                    continue;
                }
                Err(Failed::Final(error)) => error,
            };
            self.good.set(if error.is_undecided() { (at + 1) % endpoints.len() } else { at });
            return Err(error);
        }
        let none = || TargetError::Unreachable { who: "nobody".to_owned(), reason: "no endpoint".to_owned() };
        Err(failure.unwrap_or_else(none))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn three() -> Turns {
        let endpoint = |name: &str| Endpoint::from_host(name, 1, false).unwrap();
        Turns::new(Endpoints::new(["a", "b", "c"].map(endpoint).to_vec()).unwrap())
    }

    fn error(who: &str) -> TargetError {
        TargetError::Unavailable { who: who.to_owned(), reason: String::new() }
    }

    /// Result of a request, and who was asked.
    fn ask(turns: &Turns, effect: Effect, down: &[&str]) -> (Result<(), TargetError>, String) {
        let asked = RefCell::new(String::new());
        let work = turns.take(async |_, endpoint| {
            asked.borrow_mut().push_str(endpoint.host());
            if down.contains(&endpoint.host()) { Err(Failed::sent(effect, error(endpoint.host()))) } else { Ok(()) }
        });
        let Poll::Ready(result) = pin!(work).poll(&mut Context::from_waker(Waker::noop())) else { panic!("waits") };
        (result, asked.into_inner())
    }

    #[test]
    fn the_last_good_one_is_asked_first() {
        let turns = three();
        assert_eq!(ask(&turns, Effect::Read, &["a"]), (Ok(()), "ab".to_owned()));
        assert_eq!(ask(&turns, Effect::Read, &[]), (Ok(()), "b".to_owned()));
        assert_eq!(ask(&turns, Effect::Read, &["b", "c"]), (Ok(()), "bca".to_owned()));
    }

    #[test]
    fn everybody_is_asked_once_and_the_first_error_is_told() {
        let turns = three();
        assert_eq!(ask(&turns, Effect::Read, &["a", "b", "c"]), (Err(error("a")), "abc".to_owned()));
    }

    #[test]
    fn a_write_that_may_have_happened_is_not_repeated() {
        let turns = three();
        assert_eq!(ask(&turns, Effect::Write, &["a"]), (Err(error("a")), "a".to_owned()));
        assert_eq!(ask(&turns, Effect::Write, &["a"]), (Ok(()), "b".to_owned()));
    }
}
