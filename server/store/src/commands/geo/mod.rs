//! Places.

mod add;
mod arguments;
mod get;
mod options;
mod search;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;
