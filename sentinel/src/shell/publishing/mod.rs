//! Shows clients the master where they look besides the sentinels: DNS, etcd, Consul, ZooKeeper.
//!
//! What is to be done is decided by the core's [`publication`](bongsu_sentinel_core::publication), separately for each group at each
//! target; this does it. Each pair has a task of its own, so that a target which hangs holds up nobody but itself, and a failover
//! never waits for one.

mod content;
mod outlet;
mod place;
mod report;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bongsu_sentinel_core::{Configured, Epoch, GroupChange, GroupId, Input};
use tokio::task::spawn_local;

use bongsu_publish::SettingsError;
use outlet::Outlet;
use place::Place;
pub use report::PlaceView;

use super::Shell;
use crate::config::{PublishSettings, Settings};

/// A target that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("publish '{target}': {error}")]
pub struct PublishError {
    /// Its name.
    pub target: String,
    /// What is wrong with its settings.
    pub error: SettingsError,
}

/// Every group at every target.
#[derive(Default)]
pub(super) struct Publishing {
    outlets: Vec<Rc<Outlet>>,
    places: RefCell<BTreeMap<(GroupId, usize), Rc<Place>>>,
    /// The epoch of each group that all of its targets are known to hold.
    told: RefCell<BTreeMap<GroupId, Epoch>>,
}

impl Publishing {
    /// The targets that are configured.
    pub(super) fn new(settings: &Settings) -> Result<Self, PublishError> {
        let outlet = |target: &PublishSettings| match Outlet::new(target) {
            Ok(outlet) => Ok(Rc::new(outlet)),
            Err(error) => Err(PublishError { target: target.name.clone(), error }),
        };
        let outlets = settings.publish.iter().map(outlet).collect::<Result<_, _>>()?;
        Ok(Self { outlets, ..Self::default() })
    }

    /// Makes a target look at the group's record now; with `force`, writes it whatever the target holds. Returns how many targets
    /// that are; all of them if none is named.
    pub(super) fn look_now(&self, shell: &Shell, group: &str, target: Option<&str>, force: bool) -> usize {
        let places = self.places.borrow();
        let chosen = places.values().filter(|place| place.group.as_str() == group);
        let chosen = chosen.filter(|place| target.is_none_or(|target| target == place.outlet.name()));
        chosen.inspect(|place| place.look_now(shell.now(), force)).count()
    }

    /// How all of them stand, in the order of their groups' ids.
    pub(super) fn views(&self, shell: &Shell, group: Option<&str>) -> Vec<PlaceView> {
        let places = self.places.borrow();
        let chosen = places.values().filter(|place| group.is_none_or(|group| place.group.as_str() == group));
        chosen.map(|place| report::view(shell, place)).collect()
    }

    fn forget(&self, id: GroupId) {
        self.places.borrow_mut().extract_if((id, 0)..=(id, usize::MAX), |_, _| true).for_each(|(_, place)| place.end());
        self.told.borrow_mut().remove(&id);
    }
}

/// The world should know something new of a group.
pub(super) fn on_configured(shell: &Shell, id: GroupId, how: Configured) {
    let publishing = &shell.0.publishing;
    if publishing.outlets.is_empty() {
        return;
    }
    let Some(configuration) = shell.0.core.borrow().configuration(id) else { return publishing.forget(id) };
    if how == Configured::Monitored {
        let covered = publishing.outlets.iter().any(|outlet| outlet.covers(configuration.group.as_str()));
        let change = GroupChange::Published(covered);
        // The group was there a moment ago.
        let _gone = shell.0.core.borrow_mut().set(shell.now(), configuration.group.as_str(), change);
    }
    for (index, outlet) in publishing.outlets.iter().enumerate() {
        if !outlet.covers(configuration.group.as_str()) {
            continue;
        }
        let known = publishing.places.borrow().get(&(id, index)).cloned();
        let place = known.unwrap_or_else(|| {
            let place = Rc::new(Place::new(id, &configuration, outlet.clone()));
            publishing.places.borrow_mut().insert((id, index), place.clone());
            spawn_local(place::drive(shell.clone(), place.clone()));
            place
        });
        place.configured(shell, &configuration, how);
    }
}

/// Tells the core once everybody who shows the group to clients shows its present configuration, but for those that wait for an operator.
fn tell_published(shell: &Shell, id: GroupId) {
    let publishing = &shell.0.publishing;
    let Some(epoch) = shell.0.core.borrow().configuration(id).map(|configuration| configuration.epoch) else { return };
    let is_waited_for = {
        let places = publishing.places.borrow();
        places.range((id, 0)..=(id, usize::MAX)).any(|(_, place)| place.may_yet_show(epoch))
    };
    if !is_waited_for && publishing.told.borrow_mut().insert(id, epoch) != Some(epoch) {
        shell.with_core(|core, now| core.handle(now, Input::Published { group: id, epoch }));
    }
}
