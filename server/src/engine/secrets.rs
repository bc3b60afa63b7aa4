//! What of a request nobody but the server may see.

use crate::config::Directive;

/// Stands in the place of a secret.
const HIDDEN: &[u8] = b"(redacted)";

/// The request of a command with this full name, without its secrets.
pub(super) fn hidden<'a>(command: &str, argv: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut shown = argv.to_vec();
    match command {
        "auth" => shown.iter_mut().skip(1).for_each(hide),
        "acl|setuser" | "acl|getuser" | "acl|deluser" => shown.iter_mut().skip(2).for_each(hide),
        "config|set" => {
            for pair in shown.get_mut(2..).unwrap_or_default().chunks_mut(2) {
                if let [name, value] = pair
                    && is_secret(name)
                {
                    hide(value);
                }
            }
        }
        "hello" => hide_after(&mut shown, &[(b"AUTH", 2)]),
        "migrate" => hide_after(&mut shown, &[(b"AUTH", 1), (b"AUTH2", 2)]),
        _ => {}
    }
    shown
}

fn hide(arg: &mut &[u8]) {
    *arg = HIDDEN;
}

fn is_secret(directive: &[u8]) -> bool {
    // Nobody knows what is in the place of the value of a directive that does not exist.
    Directive::named(directive).is_none_or(Directive::is_secret) || directive.to_ascii_lowercase().ends_with(b"-pass")
}

/// Hides so many arguments after each of these words.
fn hide_after(shown: &mut [&[u8]], words: &[(&[u8], usize)]) {
    for index in 0..shown.len() {
        let found = words.iter().find(|(word, _)| shown[index].eq_ignore_ascii_case(word));
        if let Some((_, count)) = found {
            shown[index + 1..].iter_mut().take(*count).for_each(hide);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &str, line: &str, expected: &str) {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        assert_eq!(String::from_utf8_lossy(&hidden(command, &argv).join(&b' ')), expected);
    }

    #[test]
    fn secrets_are_hidden_and_nothing_else() {
        check("auth", "auth a b", "auth (redacted) (redacted)");
        check("hello", "hello 3 auth u p setname x", "hello 3 auth (redacted) (redacted) setname x");
        check("hello", "hello 3 auth", "hello 3 auth");
        check("acl|setuser", "acl setuser u >p", "acl setuser (redacted) (redacted)");
        check("acl|list", "acl list", "acl list");
        check(
            "config|set",
            "config set maxmemory 1 requirepass p masterauth",
            "config set maxmemory 1 requirepass (redacted) masterauth",
        );
        check("config|set", "config set tls-key-file-pass p", "config set tls-key-file-pass (redacted)");
        check("migrate", "migrate h 1 k 0 1 AUTH2 u p", "migrate h 1 k 0 1 AUTH2 (redacted) (redacted)");
        check("set", "set auth b", "set auth b");
    }
}
