//! May these data replace those that are here? A master that lost its data and came back must not take the last copy with it.

/// What is here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    pub(crate) keys: u64,
    /// The new data have the same history: if there are fewer of them, somebody removed them.
    pub(crate) is_same_history: bool,
    /// Somebody chose this master since data was last taken over from one.
    pub(crate) is_chosen: bool,
}

/// Why the data here stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Rejection {
    #[error(
        "the master of another history has no data, and there are {own} keys here, which stay \
         (CONFIG SET replica-full-resync-min-ratio 0 takes its emptiness over)"
    )]
    Empty { own: u64 },
    #[error(
        "the master of another history has {theirs} keys, and there are {own} here (replica-full-resync-min-ratio)"
    )]
    Shrunken { own: u64, theirs: u64 },
}

impl Rejection {
    /// For `INFO`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Empty { .. } => "empty-dataset",
            Self::Shrunken { .. } => "shrunken-dataset",
        }
    }
}

/// Whether data with so many keys may replace what is here. `min_percent` of the keys must come back, or whoever sends them has lost
/// the others; with 0 everything is taken.
pub(crate) fn judge(own: Own, theirs: u64, min_percent: u64) -> Result<(), Rejection> {
    if own.keys == 0 || own.is_same_history || min_percent == 0 {
        return Ok(());
    }
    if theirs == 0 {
        return Err(Rejection::Empty { own: own.keys });
    }
    let is_small = u128::from(theirs) * 100 < u128::from(own.keys) * u128::from(min_percent);
    if is_small && !own.is_chosen {
        return Err(Rejection::Shrunken { own: own.keys, theirs });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Own = Own { keys: 1000, is_same_history: false, is_chosen: false };

    #[test]
    fn an_empty_stranger_replaces_nothing() {
        assert_eq!(judge(OWN, 0, 10), Err(Rejection::Empty { own: 1000 }));
        assert_eq!(judge(Own { is_chosen: true, ..OWN }, 0, 10), Err(Rejection::Empty { own: 1000 }));
        assert_eq!(judge(Own { is_same_history: true, ..OWN }, 0, 10), Ok(()));
        assert_eq!(judge(Own { keys: 0, ..OWN }, 0, 10), Ok(()));
        assert_eq!(judge(OWN, 0, 0), Ok(()));
    }

    #[test]
    fn one_with_far_less_only_if_it_was_chosen() {
        assert_eq!(judge(OWN, 99, 10), Err(Rejection::Shrunken { own: 1000, theirs: 99 }));
        assert_eq!(judge(OWN, 100, 10), Ok(()));
        assert_eq!(judge(Own { is_chosen: true, ..OWN }, 1, 10), Ok(()));
        assert_eq!(judge(Own { keys: u64::MAX, ..OWN }, u64::MAX, 100), Ok(()));
    }
}
