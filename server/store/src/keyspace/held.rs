//! Which collections an image is written of in steps.

use super::object::Object;
use crate::hash_map::Hash;
use crate::image::{Holds, Large};
use crate::set::Set;

impl Object {
    /// It is too large to be written at once.
    pub(super) fn is_large(&self, large: Large) -> bool {
        let len = match self {
            Self::Hash(Hash::Big(members)) | Self::Set(Set::Big(members)) => members.len(),
            Self::List(list) => list.len(),
            Self::Zset(zset) => zset.len(),
            // One run of bytes, like a string.
            Self::Hash(Hash::Small(_)) | Self::Set(_) => return false,
        };
        self.holder().is_some() && (len > large.elements || self.heap_bytes() > large.bytes)
    }

    /// What can be held, if it is kept in a form that can.
    pub(crate) fn holder(&self) -> Option<&dyn Holds> {
        match self {
            Self::Hash(Hash::Big(members)) | Self::Set(Set::Big(members)) => Some(&**members),
            Self::List(list) => list.holder(),
            Self::Zset(zset) => zset.members().map(|members| members as &dyn Holds),
            Self::Hash(Hash::Small(_)) | Self::Set(_) => None,
        }
    }

    pub(crate) fn holder_mut(&mut self) -> Option<&mut dyn Holds> {
        match self {
            Self::Hash(Hash::Big(members)) | Self::Set(Set::Big(members)) => Some(&mut **members),
            Self::List(list) => list.holder_mut(),
            Self::Zset(zset) => zset.members_mut().map(|members| members as &mut dyn Holds),
            Self::Hash(Hash::Small(_)) | Self::Set(_) => None,
        }
    }

    /// An image that is under way needs it.
    pub(crate) fn is_held(&self) -> bool {
        self.holder().is_some_and(|holder| holder.is_held())
    }

    /// Memory of what is kept of it for an image.
    pub(super) fn kept_bytes(&self) -> usize {
        self.holder().map_or(0, |holder| holder.held_bytes())
    }
}
