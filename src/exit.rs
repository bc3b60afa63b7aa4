//! Exit codes of `bongsu`'s own commands, as in `sysexits.h`. Where it stands in for `redis-sentinel` it uses 0 and 1 only.

/// The command line was wrong.
pub(crate) const USAGE: u8 = 64;
/// The service asked for is not there.
pub(crate) const UNAVAILABLE: u8 = 69;
/// What was to be made cannot be, or is there already.
pub(crate) const CANNOT_CREATE: u8 = 73;
/// A configuration cannot be used.
pub(crate) const CONFIG: u8 = 78;
/// Ended by Ctrl-C, as a shell reports it.
pub(crate) const INTERRUPTED: u8 = 130;
/// Nobody reads the output any more, as a shell reports SIGPIPE.
pub(crate) const OUTPUT_CLOSED: u8 = 141;
/// Ended by SIGTERM, as a shell reports it.
pub(crate) const TERMINATED: u8 = 143;
