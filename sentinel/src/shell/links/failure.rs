//! What an I/O error says about the other side.

use std::io::{self, ErrorKind};

use bongsu_sentinel_core::LinkFailure;

/// Maps the errors of sockets. The distinction that matters is whether a reachable host said that the process is gone.
pub(super) fn of_io(error: &io::Error) -> LinkFailure {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => LinkFailure::Refused,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionAborted => LinkFailure::Closed,
        // rustls reports alerts, bad certificates and malformed records this way.
        ErrorKind::InvalidData => LinkFailure::Rejected,
        _ => LinkFailure::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_tell_a_dead_process_from_a_dead_network() {
        for (errno, want) in [
            (libc::ECONNREFUSED, LinkFailure::Refused),
            (libc::ECONNRESET, LinkFailure::Refused),
            (libc::EPIPE, LinkFailure::Refused),
            (libc::ETIMEDOUT, LinkFailure::Unreachable),
            (libc::EHOSTUNREACH, LinkFailure::Unreachable),
            (libc::ENETUNREACH, LinkFailure::Unreachable),
            (libc::EMFILE, LinkFailure::Unreachable),
        ] {
            assert_eq!(of_io(&io::Error::from_raw_os_error(errno)), want, "errno {errno}");
        }
        assert_eq!(of_io(&ErrorKind::InvalidData.into()), LinkFailure::Rejected);
    }
}
