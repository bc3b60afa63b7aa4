//! Names of groups by their id: actions speak of ids, settings of names.

use std::cell::RefCell;
use std::collections::HashMap;

use bongsu_sentinel_core::{GroupId, GroupName};

use super::Shell;

/// Filled from the core when an unknown id turns up; ids are never reused, so entries cannot go stale.
#[derive(Default)]
pub(super) struct Groups {
    names: RefCell<HashMap<GroupId, GroupName>>,
}

impl Groups {
    pub(super) fn name(&self, shell: &Shell, id: GroupId) -> Option<GroupName> {
        if let Some(name) = self.names.borrow().get(&id) {
            return Some(name.clone());
        }
        let views = shell.0.core.borrow().groups(shell.now());
        let mut names = self.names.borrow_mut();
        *names = views.into_iter().map(|view| (view.id, view.name)).collect();
        names.get(&id).cloned()
    }
}
