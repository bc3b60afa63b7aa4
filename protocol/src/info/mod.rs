//! The text of the `INFO` command, both ways.
