//! Reading expiries from arguments.

use crate::call::{Call, Fault};
use crate::entry::EXPIRY_MS_MAX;

/// What a command does to the expiry of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Expiry {
    /// The key goes at this time, in milliseconds of the epoch.
    At(u64),
    /// The key stays.
    Never,
}

/// How a time is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TimeForm {
    /// In seconds, not milliseconds.
    pub(super) seconds: bool,
    /// From now, not from the epoch.
    pub(super) relative: bool,
}

impl TimeForm {
    /// Of the options `EX`, `PX`, `EXAT` and `PXAT`.
    pub(super) fn of_option(word: &[u8]) -> Option<Self> {
        let forms = [("EX", true, true), ("PX", false, true), ("EXAT", true, false), ("PXAT", false, false)];
        let (_, seconds, relative) = forms.into_iter().find(|(name, ..)| word.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(Self { seconds, relative })
    }

    /// The time in milliseconds of the epoch; it may lie before it. `None` if it cannot be expressed.
    pub(super) fn at(self, n: i64, now_ms: u64) -> Option<i64> {
        let ms = if self.seconds { n.checked_mul(1000)? } else { n };
        let base = if self.relative { i64::try_from(now_ms).ok()? } else { 0 };
        ms.checked_add(base)
    }
}

fn invalid(call: &Call<'_>) -> Fault {
    let name = String::from_utf8_lossy(call.arg(0)).to_lowercase();
    Fault::made(format!("ERR invalid expire time in '{name}' command"))
}

/// The expiry that the option at `index` and the number behind it give, which must be positive. `None` if there is no such option.
pub(super) fn parse_expiry(call: &Call<'_>, index: usize) -> Result<Option<Expiry>, Fault> {
    let Some(form) = TimeForm::of_option(call.arg(index)) else { return Ok(None) };
    if index + 1 >= call.argc() {
        return Err(Fault::Syntax);
    }
    let n = call.int(index + 1)?;
    expiry_of(call, form, n).map(Some)
}

/// The expiry that a positive number gives.
pub(super) fn expiry_of(call: &Call<'_>, form: TimeForm, n: i64) -> Result<Expiry, Fault> {
    if n <= 0 {
        return Err(invalid(call));
    }
    let at = form.at(n, call.shard.now_ms).and_then(|at| u64::try_from(at).ok());
    at.map(|at| Expiry::At(at.min(EXPIRY_MS_MAX))).ok_or_else(|| invalid(call))
}
