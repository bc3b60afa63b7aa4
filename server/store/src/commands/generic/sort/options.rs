//! The arguments of `SORT`.

use std::ops::Range;

use bongsu_protocol::command::{KeyAccess, KeyRef};

use crate::call::{Call, Fault};

/// What is to be sorted how.
pub(super) struct Options<'a> {
    pub(super) desc: bool,
    /// Texts are compared, not numbers.
    pub(super) alpha: bool,
    /// Leads to what elements are sorted by, if not by themselves.
    pub(super) by: Option<&'a [u8]>,
    /// Without it elements keep the order that they have: a `BY` without a `*` asks for that.
    pub(super) sorts: bool,
    /// Lead to what is wanted of each element, if not the element itself.
    pub(super) gets: Vec<&'a [u8]>,
    pub(super) store: Option<&'a [u8]>,
    offset: i64,
    count: i64,
}

impl<'a> Options<'a> {
    pub(super) fn read(call: &Call<'a>, may_store: bool) -> Result<Self, Fault> {
        let mut options = Self {
            desc: false,
            alpha: false,
            by: None,
            sorts: true,
            gets: Vec::new(),
            store: None,
            offset: 0,
            count: -1,
        };
        let mut index = 2;
        while index < call.argc() {
            let behind = call.argc() - index - 1;
            if call.is(index, "ASC") {
                options.desc = false;
            } else if call.is(index, "DESC") {
                options.desc = true;
            } else if call.is(index, "ALPHA") {
                options.alpha = true;
            } else if call.is(index, "LIMIT") && behind >= 2 {
                (options.offset, options.count) = (call.int(index + 1)?, call.int(index + 2)?);
                index += 2;
            } else if behind >= 1 && options.read_pattern(call, index, may_store)? {
                index += 1;
            } else {
                return Err(Fault::Syntax);
            }
            index += 1;
        }
        Ok(options)
    }

    /// Reads an option with one argument. False if there is none.
    fn read_pattern(&mut self, call: &Call<'a>, index: usize, may_store: bool) -> Result<bool, Fault> {
        let may_look_up = call.caller.reads_all_keys;
        let argument = call.arg(index + 1);
        if call.is(index, "STORE") && may_store {
            self.store = Some(argument);
        } else if call.is(index, "BY") {
            self.by = Some(argument);
            let is_pattern = argument.contains(&b'*');
            if is_pattern && !may_look_up {
                return Err(Fault::text("ERR BY option of SORT denied due to insufficient ACL permissions."));
            }
            self.sorts &= is_pattern;
        } else if call.is(index, "GET") {
            if !may_look_up {
                return Err(Fault::text("ERR GET option of SORT denied due to insufficient ACL permissions."));
            }
            self.gets.push(argument);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Which of so many elements are wanted.
    pub(super) fn range(&self, len: usize) -> Range<usize> {
        let start = usize::try_from(self.offset).unwrap_or(0).min(len);
        let end = usize::try_from(self.count).map_or(len, |count| start.saturating_add(count).min(len));
        start..end
    }
}

/// The key that is sorted, and the last one after `STORE`. Those that `BY` and `GET` lead to cannot be told.
pub(in super::super) fn keys_of(argv: &[&[u8]]) -> Option<Vec<KeyRef>> {
    let mut keys = vec![KeyRef { position: 1, access: KeyAccess::RO.with(KeyAccess::ACCESS) }];
    let mut index = 2;
    let mut store = None;
    while let Some(word) = argv.get(index) {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if is("LIMIT") {
            index += 2;
        } else if is("GET") || is("BY") {
            index += 1;
        } else if is("STORE") && index + 1 < argv.len() {
            store = Some(index + 1);
        }
        index += 1;
    }
    keys.extend(store.map(|position| KeyRef { position, access: KeyAccess::OW.with(KeyAccess::UPDATE) }));
    Some(keys)
}
