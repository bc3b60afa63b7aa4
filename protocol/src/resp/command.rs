//! Commands as a client writes them: arrays of bulk strings.

use super::number::push_integer;

/// Appends one whole command.
pub fn encode_command<A: AsRef<[u8]>>(out: &mut Vec<u8>, args: &[A]) {
    start_command(out, args.len());
    for arg in args {
        push_arg(out, arg.as_ref());
    }
}

/// Appends the head of a command; exactly `arg_count` calls of [`push_arg`] must follow.
pub fn start_command(out: &mut Vec<u8>, arg_count: usize) {
    push_header(out, b'*', arg_count);
}

/// Appends one argument of a command begun with [`start_command`].
pub fn push_arg(out: &mut Vec<u8>, arg: &[u8]) {
    push_header(out, b'$', arg.len());
    out.extend_from_slice(arg);
    out.extend_from_slice(b"\r\n");
}

/// Appends a type byte and a length.
pub(super) fn push_header(out: &mut Vec<u8>, kind: u8, len: usize) {
    out.push(kind);
    push_integer(out, i64::try_from(len).unwrap_or(i64::MAX));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        let mut out = Vec::new();
        encode_command(&mut out, &["AUTH", "", "p\r\nw"]);
        assert_eq!(out, b"*3\r\n$4\r\nAUTH\r\n$0\r\n\r\n$4\r\np\r\nw\r\n");
    }
}
