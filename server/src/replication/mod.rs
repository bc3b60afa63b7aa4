//! Masters and replicas: the stream of changes, and who is told of it.

mod backlog;
mod history;
mod master;
mod replica;
mod trail;

pub(crate) use history::{History, ReplicationId};
pub(crate) use master::{Answer, Counts, FailoverRequest, Master, Piece, Replica, State};
pub(crate) use replica::{Failure, Following, MASTER, Role, SyncFigures, Vacancy, decides_role};
