//! From rule texts to permissions.

use super::selector::{KeyPattern, Selector};
use super::{DefaultChannels, RuleError};
use crate::command::CommandTable;

/// Applies one rule about commands, keys or channels.
pub(super) fn apply(selector: &mut Selector, table: &CommandTable, rule: &[u8]) -> Result<(), RuleError> {
    let mut lower = rule.to_vec();
    lower.make_ascii_lowercase();
    match lower.as_slice() {
        b"allkeys" | b"~*" => set_all_keys(selector, true),
        b"resetkeys" => set_all_keys(selector, false),
        b"allchannels" | b"&*" => set_all_channels(selector, true),
        b"resetchannels" => set_all_channels(selector, false),
        b"allcommands" | b"+@all" => selector.set_all_commands(true),
        b"nocommands" | b"-@all" => selector.set_all_commands(false),
        _ => return apply_prefixed(selector, table, rule),
    }
    Ok(())
}

fn apply_prefixed(selector: &mut Selector, table: &CommandTable, rule: &[u8]) -> Result<(), RuleError> {
    match rule {
        [b'~', glob @ ..] => add_key_pattern(selector, KeyPattern { glob: glob.to_vec(), read: true, write: true }),
        [b'%', rest @ ..] => add_key_pattern(selector, key_pattern(rest)?),
        [b'&', glob @ ..] => add_channel(selector, glob),
        [sign @ (b'+' | b'-'), b'@', category @ ..] => {
            let category = std::str::from_utf8(category).map_err(|_| RuleError::UnknownCommand)?;
            selector.set_category(table, category, *sign == b'+').ok_or(RuleError::UnknownCommand)
        }
        [b'+', name @ ..] => allow_command(selector, table, name),
        [b'-', name @ ..] => set_command(selector, table, name, false).ok_or(RuleError::UnknownCommand),
        _ => Err(RuleError::Syntax),
    }
}

fn set_all_keys(selector: &mut Selector, all: bool) {
    selector.all_keys = all;
    selector.keys.clear();
}

fn set_all_channels(selector: &mut Selector, all: bool) {
    selector.all_channels = all;
    selector.channels.clear();
}

/// `R~glob`, `W~glob`, `RW~glob`; the glob may be missing.
fn key_pattern(rest: &[u8]) -> Result<KeyPattern, RuleError> {
    let (mut read, mut write) = (false, false);
    let mut position = 0;
    for byte in rest {
        position += 1;
        match byte.to_ascii_uppercase() {
            b'R' => read = true,
            b'W' => write = true,
            b'~' => break,
            _ => return Err(RuleError::Syntax),
        }
    }
    if !read && !write {
        return Err(RuleError::Syntax);
    }
    Ok(KeyPattern { glob: rest[position..].to_vec(), read, write })
}

fn add_key_pattern(selector: &mut Selector, pattern: KeyPattern) -> Result<(), RuleError> {
    if selector.all_keys {
        return Err(RuleError::PatternAfterAllKeys);
    }
    if has_spaces(&pattern.glob) {
        return Err(RuleError::Syntax);
    }
    match selector.keys.iter_mut().find(|known| known.glob == pattern.glob) {
        Some(known) => {
            known.read |= pattern.read;
            known.write |= pattern.write;
        }
        None => selector.keys.push(pattern),
    }
    Ok(())
}

fn add_channel(selector: &mut Selector, glob: &[u8]) -> Result<(), RuleError> {
    if selector.all_channels {
        return Err(RuleError::PatternAfterAllChannels);
    }
    if has_spaces(glob) {
        return Err(RuleError::Syntax);
    }
    if !selector.channels.iter().any(|known| known == glob) {
        selector.channels.push(glob.to_vec());
    }
    Ok(())
}

/// `+command`, `-command`, or the same with `container|subcommand`. `None` if nothing is called that.
fn set_command(selector: &mut Selector, table: &CommandTable, name: &[u8], allow: bool) -> Option<()> {
    if let Some(command) = table.by_full_name(name) {
        selector.set_command(table, command, allow);
    } else {
        // Nobody can run it: what is left of the rule is that it is printed.
        selector.record(allow, table.absent().named(name)?);
    }
    Some(())
}

/// `+command`, `+container|subcommand` or `+command|first-argument`.
fn allow_command(selector: &mut Selector, table: &CommandTable, name: &[u8]) -> Result<(), RuleError> {
    if set_command(selector, table, name, true).is_some() {
        return Ok(());
    }
    let name = std::str::from_utf8(name).map_err(|_| RuleError::UnknownCommand)?;
    let (command, argument) = name.rsplit_once('|').ok_or(RuleError::UnknownCommand)?;
    let present = table.by_full_name(command.as_bytes());
    let absent = table.absent();
    let (full_name, is_container) = match present {
        Some(command) => (&*command.full_name, !command.spec.subcommands.is_empty()),
        None => {
            let name = absent.named(command.as_bytes()).ok_or(RuleError::UnknownCommand)?;
            (name, absent.is_container(name))
        }
    };
    if full_name.contains('|') {
        return Err(RuleError::FirstArgOfSubcommand);
    }
    if is_container {
        return Err(RuleError::UnknownCommand);
    }
    if argument.is_empty() || has_spaces(argument.as_bytes()) {
        return Err(RuleError::Syntax);
    }
    match present {
        Some(command) => selector.allow_first_arg(command, argument),
        None => selector.record(true, &format!("{full_name}|{argument}")),
    }
    Ok(())
}

fn has_spaces(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_whitespace() || *byte == 0)
}

/// Reads `(rules ...)`.
pub(super) fn parse_selector(
    text: &[u8],
    table: &CommandTable,
    channels: DefaultChannels,
) -> Result<Selector, RuleError> {
    let inner = text.strip_prefix(b"(").and_then(|text| text.strip_suffix(b")")).ok_or(RuleError::Syntax)?;
    let mut selector = Selector::new(channels);
    for rule in inner.split(u8::is_ascii_whitespace).filter(|rule| !rule.is_empty()) {
        apply(&mut selector, table, rule)?;
    }
    Ok(selector)
}

/// Joins the words of selectors: `(~a`, `+get)` becomes `(~a +get)`.
///
/// Returns the word that opens a selector which is never closed as the error.
pub(super) fn join_selectors(words: &[&[u8]]) -> Result<Vec<Vec<u8>>, Vec<u8>> {
    let mut rules: Vec<Vec<u8>> = Vec::new();
    let mut open: Option<(&[u8], Vec<u8>)> = None;
    for word in words {
        match open.take() {
            None if word.starts_with(b"(") && !word.ends_with(b")") => open = Some((word, word.to_vec())),
            None => rules.push(word.to_vec()),
            Some((start, mut text)) => {
                text.push(b' ');
                text.extend_from_slice(word);
                if word.ends_with(b")") {
                    rules.push(text);
                } else {
                    open = Some((start, text));
                }
            }
        }
    }
    match open {
        Some((start, _)) => Err(start.to_vec()),
        None => Ok(rules),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Acl, Dialect};
    use crate::command::testing::{argv, table};
    use crate::command::{AbsentCommands, CommandTable};

    /// Without any user but the default one, of a server that has the container `client`, but not all of it.
    fn acl() -> Acl {
        let mut table = CommandTable::clone(&table());
        let names = &["client|pause", "eval", "xinfo", "xinfo|help", "xinfo|stream"];
        table.set_absent(AbsentCommands::new(names));
        Acl::new(Arc::new(table), Dialect::Redis72)
    }

    fn printed(rules: &str) -> Result<String, String> {
        let mut acl = acl();
        acl.set_user(b"u", &argv(rules)).map_err(|error| error.to_string())?;
        Ok(acl.user(b"u").expect("was set").root.describe_commands())
    }

    #[test]
    fn rules_about_absent_commands_are_kept_as_others_are() {
        for (rules, expected) in [
            ("+eval", "-@all +eval"),
            ("+EVAL", "-@all +eval"),
            ("+@all -eval", "+@all -eval"),
            ("+eval -eval", "-@all -eval"),
            ("+eval +@all", "+@all"),
            ("+client|pause +ping", "-@all +client|pause +ping"),
            ("+client|pause +client", "-@all +client"),
            ("+client -client|pause", "-@all +client -client|pause"),
            ("+xinfo|stream +xinfo|help -xinfo", "-@all -xinfo"),
            ("+xinfo -xinfo|stream", "-@all +xinfo -xinfo|stream"),
            ("+eval|return", "-@all +eval|return"),
            ("+@scripting -@stream", "-@all +@scripting -@stream"),
        ] {
            assert_eq!(printed(rules).as_deref(), Ok(expected), "{rules}");
        }
        let mut acl = acl();
        acl.set_user(b"u", &argv("on nopass (+eval ~a) -xinfo|stream")).expect("known");
        let (text, before) = (acl.to_file(), acl.user(b"u").cloned());
        acl.load_file("f", &text).expect("what it printed");
        assert_eq!(acl.user(b"u").cloned().map(|user| user.root), before.map(|user| user.root));
        assert_eq!(acl.to_file(), text);
    }

    #[test]
    fn rules_about_absent_commands_do_nothing_else() {
        let user = |rules: &str| {
            let mut acl = acl();
            acl.set_user(b"u", &argv(rules)).expect(rules);
            acl.user(b"u").cloned().expect("was set")
        };
        let may = |rules: &str, request: &str| {
            let table = table();
            let request = argv(request);
            user(rules).check(table.find(&request).expect("known"), &request).is_ok()
        };
        assert!(may("+client -client|pause", "client list") && may("+@all -eval", "ping"));
        assert!(!may("+client|pause", "client list") && !may("+client|pause", "client kill id 1"));
        assert!(user("+@all ~* &* -eval").is_unrestricted());
    }

    #[test]
    fn other_names_are_refused_beside_them() {
        let unknown = "Unknown command or category name in ACL";
        for (rule, expected) in [
            ("+evil", unknown),
            ("-evil", unknown),
            ("+client|nosuch", unknown),
            ("+xinfo|nosuch", unknown),
            ("-eval|return", unknown),
            ("+eval|", "Syntax error"),
            ("+xinfo|stream|x", "Allowing first-arg of a subcommand is not supported"),
            ("+client|pause|x", "Allowing first-arg of a subcommand is not supported"),
        ] {
            assert_eq!(printed(rule), Err(format!("Error in ACL SETUSER modifier '{rule}': {expected}")));
        }
    }
}
