//! What the commands of the `SCAN` family have in common.

use bongsu_protocol::glob;

use crate::call::{Call, Done, Fault, Outcome};

/// Elements looked at in a step, if the client does not say.
const COUNT: u64 = 10;

/// The options of `SCAN`, `SSCAN`, `HSCAN` and `ZSCAN`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanOptions<'a> {
    /// Elements to look at, more or less.
    pub(super) count: u64,
    pattern: Option<&'a [u8]>,
    /// The type that a key must have, `SCAN` only.
    pub(super) kind: Option<&'a [u8]>,
    /// Elements are wanted without what belongs to them: values of fields, scores of members.
    pub(super) bare: bool,
}

impl<'a> ScanOptions<'a> {
    /// Reads the options from argument `index` on; `TYPE` is one only where keys are scanned.
    pub(super) fn read(call: &Call<'a>, index: usize, of_keys: bool) -> Result<Self, Fault> {
        Self::parse(call, index, of_keys, None)
    }

    /// As [`Self::read`], for elements that something belongs to. The option `bare` asks for the elements alone.
    pub(super) fn read_pairs(call: &Call<'a>, index: usize, bare: &'static str) -> Result<Self, Fault> {
        Self::parse(call, index, false, Some(bare))
    }

    fn parse(call: &Call<'a>, mut index: usize, of_keys: bool, bare: Option<&'static str>) -> Result<Self, Fault> {
        let mut options = Self { count: COUNT, pattern: None, kind: None, bare: false };
        while index < call.argc() {
            let has_value = index + 1 < call.argc();
            if has_value && call.is(index, "COUNT") {
                let count = call.int(index + 1)?;
                options.count = u64::try_from(count).ok().filter(|count| *count > 0).ok_or(Fault::Syntax)?;
            } else if has_value && call.is(index, "MATCH") {
                options.pattern = Some(call.arg(index + 1)).filter(|pattern| *pattern != b"*");
            } else if has_value && of_keys && call.is(index, "TYPE") {
                options.kind = Some(call.arg(index + 1));
            } else if bare.is_some_and(|bare| call.is(index, bare)) {
                options.bare = true;
                index += 1;
                continue;
            } else {
                return Err(Fault::Syntax);
            }
            index += 2;
        }
        Ok(options)
    }

    /// The element is wanted.
    #[inline]
    pub(super) fn accepts(&self, element: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, element))
    }
}

/// The cursor that a client sent.
pub(super) fn cursor(call: &Call<'_>, index: usize) -> Result<u64, Fault> {
    let text = std::str::from_utf8(call.arg(index)).ok();
    // A sign or blanks are no part of a cursor.
    let digits = text.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or(Fault::text("ERR invalid cursor"))
}

/// The reply: where to go on, and what was found.
pub(super) fn write_scan(call: &mut Call<'_>, cursor: u64, elements: &[Vec<u8>]) -> Outcome {
    call.reply.array(2);
    call.reply.bulk(cursor.to_string());
    call.reply.array(elements.len());
    elements.iter().for_each(|element| call.reply.bulk(element));
    Ok(Done::Replied)
}
