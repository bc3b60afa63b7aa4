//! Databases, and the shard that holds them.

mod audit;
mod db;
mod due;
mod object;
#[cfg(test)]
mod tests;

pub use db::{Db, Found, New, Stored};
pub use object::{Edit, Object};
