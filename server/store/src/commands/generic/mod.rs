//! Keys of any type.

mod expire;
mod keys;
mod object;
mod relocate;
mod scan;
mod sort;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;
