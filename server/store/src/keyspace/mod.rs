//! Databases, and the shard that holds them.

mod audit;
mod db;
mod due;
mod held;
mod keys;
mod object;
mod record;
mod reshape;
#[cfg(test)]
mod tests;
mod walk;

pub use db::{Db, Found, New, Stored};
pub use object::{Edit, Object};
pub(crate) use record::write_record;
pub(crate) use walk::Rules;
