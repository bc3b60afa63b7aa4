//! How the server is to end.

/// What `SHUTDOWN` asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Shutdown {
    /// `SAVE` or `NOSAVE`; otherwise what the configuration says.
    pub(crate) save: Option<bool>,
    /// Do not wait for replicas.
    pub(crate) now: bool,
    /// End even if saving fails.
    pub(crate) force: bool,
}

impl Shutdown {
    /// From the words of `shutdown-on-sigterm`.
    pub(crate) fn configured(words: &str) -> Self {
        let has = |wanted: &str| words.split(' ').any(|word| word == wanted);
        let save = if has("save") { Some(true) } else { has("nosave").then_some(false) };
        Self { save, now: has("now"), force: has("force") }
    }

    /// From the arguments: `Some(None)` to abort one that is under way, `None` if they make no sense.
    pub(crate) fn parse(arguments: &[&[u8]]) -> Option<Option<Self>> {
        let (mut how, mut abort) = (Self::default(), false);
        for argument in arguments {
            match argument.to_ascii_lowercase().as_slice() {
                b"nosave" if how.save.is_none() => how.save = Some(false),
                b"save" if how.save.is_none() => how.save = Some(true),
                b"now" => how.now = true,
                b"force" => how.force = true,
                b"abort" => abort = true,
                _ => return None,
            }
        }
        if abort && arguments.len() > 1 {
            return None;
        }
        Some((!abort).then_some(how))
    }
}
