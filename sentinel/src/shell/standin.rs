//! The outside types that the shell stands on, by signature.
#![allow(missing_docs, clippy::all)]
use bongsu_sentinel_core::*;
use std::time::Duration;
pub struct Sentinel;
#[allow(unused_variables, missing_docs)]
impl Sentinel {
    pub fn new(now: Time, setup: Setup) -> Self { Self }
    pub fn handle(&mut self, now: Time, input: Input) {}
    pub fn poll_action(&mut self) -> Option<Action> { None }
    pub fn poll_timeout(&self) -> Option<Time> { None }
    pub fn monitor(&mut self, now: Time, spec: GroupSpec) -> Result<GroupId, MonitorError> { Err(MonitorError::DuplicateName) }
    pub fn remove(&mut self, now: Time, name: &str) -> Result<(), NoSuchGroup> { Err(NoSuchGroup) }
    pub fn reset(&mut self, now: Time, matches: &dyn Fn(&str) -> bool) -> usize { 0 }
    pub fn set(&mut self, now: Time, name: &str, change: GroupChange) -> Result<(), NoSuchGroup> { Err(NoSuchGroup) }
    pub fn announce_set(&mut self, name: &str, detail: &str) -> Result<(), NoSuchGroup> { Err(NoSuchGroup) }
    pub fn failover(&mut self, now: Time, name: &str, kind: FailoverKind) -> Result<(), FailoverError> { Err(FailoverError::NoSuchGroup) }
    pub fn reconnect_group(&mut self, now: Time, name: &str) {}
    pub fn reconnect_peers(&mut self, now: Time) {}
    pub fn set_announce_hostnames(&mut self, yes: bool) {}
    pub fn set_simulated_failures(&mut self, f: SimulatedFailures) {}
    pub fn simulated_failures(&self) -> SimulatedFailures { SimulatedFailures::default() }
    pub fn tunables(&self) -> &Tunables { static T: std::sync::LazyLock<Tunables> = std::sync::LazyLock::new(Tunables::default); &T }
    pub fn set_tunables(&mut self, now: Time, t: Tunables) {}
    pub fn save(&mut self, urgent: bool) -> SaveSeq { SaveSeq(0) }
    pub fn my_id(&self) -> RunId { RunId::from_bits([0; 20]) }
    pub fn current_epoch(&self) -> Epoch { Epoch::ZERO }
    pub fn groups(&self, now: Time) -> Vec<GroupView> { Vec::new() }
    pub fn group(&self, now: Time, name: &str) -> Option<GroupView> { None }
    pub fn group_count(&self) -> usize { 0 }
    pub fn group_names(&self) -> impl Iterator<Item = &GroupName> { std::iter::empty() }
    pub fn replicas(&self, now: Time, name: &str) -> Option<Vec<ReplicaView>> { None }
    pub fn peers(&self, now: Time, name: &str) -> Option<Vec<PeerView>> { None }
    pub fn current_addr(&self, name: &str) -> Option<Addr> { None }
    pub fn check_quorum(&self, name: &str) -> Option<QuorumCheck> { None }
    pub fn tilt(&self) -> TiltView { TiltView::default() }
    pub fn announce_hostnames(&self) -> bool { false }
    pub fn durable(&self) -> Durable { Durable { my_id: self.my_id(), current_epoch: Epoch::ZERO, groups: Vec::new() } }
}
#[derive(Debug)] pub enum MonitorError { DuplicateName }
#[derive(Debug)] pub struct NoSuchGroup;
#[derive(Debug)] pub enum FailoverError { NoSuchGroup, InProgress, NoGoodReplica(Vec<Verdict>), MasterUnreachable }
#[allow(dead_code)] fn unused(_: Duration) {}
/// Settings.
#[derive(Clone)] pub struct Settings;
/// Store.
pub struct Store;
impl Store {
    pub fn save(&mut self, _: &Settings, _: &Durable) -> Result<(), std::io::Error> { Ok(()) }
}
