//! Glob patterns as `PSUBSCRIBE`, `KEYS` and `SENTINEL RESET` understand them.
