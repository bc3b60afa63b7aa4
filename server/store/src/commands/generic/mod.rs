//! Keys of any type.

mod expire;
mod keys;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;
