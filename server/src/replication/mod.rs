//! Masters and replicas: the stream of changes, and who is told of it.

mod backlog;
mod history;

pub(crate) use history::{History, ReplicationId};
