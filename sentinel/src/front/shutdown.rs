//! `SHUTDOWN`.

use bongsu_protocol::resp::Writer;

use crate::shell::Shell;

/// Ends the process without an answer: the connection closes with it. There is no dataset, so `SAVE` means nothing, and an
/// end once begun cannot be called off.
pub(super) fn shutdown(shell: &Shell, options: &[&[u8]], out: &mut Writer<'_>) {
    match parse(options) {
        Some(Wish::End) => shell.shutdown(),
        Some(Wish::CallOff) => out.error("ERR No shutdown in progress."),
        None => out.error("ERR syntax error"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish {
    End,
    CallOff,
}

fn parse(options: &[&[u8]]) -> Option<Wish> {
    let (mut save, mut no_save, mut call_off) = (false, false, false);
    for option in options {
        match option.to_ascii_lowercase().as_slice() {
            b"nosave" => no_save = true,
            b"save" => save = true,
            b"now" | b"force" => {}
            b"abort" => call_off = true,
            _ => return None,
        }
    }
    match (call_off, save && no_save) {
        (_, true) => None,
        (true, _) if options.len() > 1 => None,
        (true, _) => Some(Wish::CallOff),
        (false, _) => Some(Wish::End),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        assert_eq!(parse(&[]), Some(Wish::End));
        assert_eq!(parse(&[b"NOSAVE", b"now", b"FORCE"]), Some(Wish::End));
        assert_eq!(parse(&[b"SAVE"]), Some(Wish::End));
        assert_eq!(parse(&[b"abort"]), Some(Wish::CallOff));
        assert_eq!(parse(&[b"save", b"nosave"]), None);
        assert_eq!(parse(&[b"abort", b"now"]), None);
        assert_eq!(parse(&[b"later"]), None);
    }
}
