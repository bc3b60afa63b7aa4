//! The `ACL` command family.

use super::selector::Selector;
use super::{Acl, DEFAULT_USER, password};
use crate::command::{Categories, write_help};
use crate::resp::{Writer, parse_integer};

/// Strength of a generated password unless the request says otherwise, in bits.
const GENPASS_BITS_DEFAULT: i64 = 256;
/// Most bits of a generated password.
const GENPASS_BITS_MAX: i64 = 4096;
/// Bits of one hexadecimal digit.
const BITS_PER_DIGIT: i64 = 4;
/// Entries `ACL LOG` shows unless the request says otherwise.
const LOG_COUNT_DEFAULT: usize = 10;

const GENPASS_ERROR: &str = "ERR ACL GENPASS argument must be the number of bits for the output password, a positive \
                             number up to 4096";
const NO_FILE_ERROR: &str = "ERR This Redis instance is not configured to use an ACL file. You may want to specify \
                             users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a \
                             Redis configuration file set) in order to store users in the Redis configuration.";
const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

const HELP: &[&str] = &[
    "CAT [<category>]",
    "    List all commands that belong to <category>, or all command categories",
    "    when no category is specified.",
    "DELUSER <username> [<username> ...]",
    "    Delete a list of users.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Returns whether the user can execute the given command without executing the command.",
    "GETUSER <username>",
    "    Get the user's details.",
    "GENPASS [<bits>]",
    "    Generate a secure 256-bit user password. The optional `bits` argument can",
    "    be used to specify a different size.",
    "LIST",
    "    Show users details in config file format.",
    "LOAD",
    "    Reload users from the ACL file.",
    "LOG [<count> | RESET]",
    "    Show the ACL log entries.",
    "SAVE",
    "    Save the current config to the ACL file.",
    "SETUSER <username> <attribute> [<attribute> ...]",
    "    Create or modify a user with the specified attributes.",
    "USERS",
    "    List all the registered usernames.",
    "WHOAMI",
    "    Return the current connection username.",
];

/// One `ACL ...` request with what it depends on.
pub struct AclRequest<'a> {
    /// The request; name and arity have been accepted by the command table.
    pub argv: &'a [&'a [u8]],
    /// The user of the connection.
    pub user: &'a [u8],
    /// Milliseconds since 1970.
    pub now_ms: u64,
    /// True if the setting `aclfile` names a file.
    pub has_acl_file: bool,
    /// Fills a buffer with unpredictable bytes.
    pub fill_random: &'a mut dyn FnMut(&mut [u8]),
}

/// What the caller has to do after an `ACL` request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AclEffect {
    /// Nothing.
    None,
    /// The user was created or changed: close its subscriptions that are no longer allowed, see
    /// [`super::User::may_use_channel`].
    UserChanged(Vec<u8>),
    /// Close the connections of these users, after the reply.
    UsersRemoved(Vec<Vec<u8>>),
    /// No reply yet: read the file, call [`Acl::load_file`], reply `+OK` or the error.
    Load,
    /// No reply yet: write [`Acl::to_file`] durably, reply `+OK` or an error.
    Save,
}

/// Answers one `ACL` request.
pub fn handle_acl(acl: &mut Acl, request: &mut AclRequest<'_>, out: &mut Writer<'_>) -> AclEffect {
    let argv = request.argv;
    let subcommand = argv.get(1).map(|name| name.to_ascii_lowercase()).unwrap_or_default();
    match (subcommand.as_slice(), argv.get(2..).unwrap_or_default()) {
        (b"setuser", [name, rules @ ..]) => return set_user(acl, name, rules, out),
        (b"deluser", names) => return delete_users(acl, names, out),
        (b"load" | b"save", _) if !request.has_acl_file => out.error(NO_FILE_ERROR),
        (b"load", _) => return AclEffect::Load,
        (b"save", _) => return AclEffect::Save,
        (b"getuser", [name]) => write_user(acl, name, out),
        (b"list", _) => write_bulks(&acl.to_lines(), out),
        (b"users", _) => write_bulks(&acl.users().map(|user| user.name().to_vec()).collect::<Vec<_>>(), out),
        (b"whoami", _) => out.bulk(request.user),
        (b"cat", []) => write_bulks(&Categories::NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>(), out),
        (b"cat", [category]) => write_category(acl, category, out),
        (b"genpass", bits @ ([] | [_])) => generate_password(bits, request, out),
        (b"log", options @ ([] | [_])) => answer_log(acl, options, request.now_ms, out),
        (b"dryrun", [name, command @ ..]) => dry_run(acl, name, command, out),
        (b"help", _) => write_help(out, "ACL", HELP),
        _ => {
            let name = String::from_utf8_lossy(argv.get(1).copied().unwrap_or_default());
            out.error(format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try ACL HELP."));
        }
    }
    AclEffect::None
}

fn set_user(acl: &mut Acl, name: &[u8], rules: &[&[u8]], out: &mut Writer<'_>) -> AclEffect {
    match acl.set_user(name, rules) {
        Ok(()) => {
            out.simple("OK");
            AclEffect::UserChanged(name.to_vec())
        }
        Err(error) => {
            out.error(format!("ERR {error}"));
            AclEffect::None
        }
    }
}

fn delete_users(acl: &mut Acl, names: &[&[u8]], out: &mut Writer<'_>) -> AclEffect {
    if names.contains(&DEFAULT_USER) {
        out.error("ERR The 'default' user cannot be removed");
        return AclEffect::None;
    }
    let removed: Vec<Vec<u8>> = names.iter().filter(|name| acl.remove_user(name)).map(|name| name.to_vec()).collect();
    out.integer(i64::try_from(removed.len()).unwrap_or(i64::MAX));
    if removed.is_empty() { AclEffect::None } else { AclEffect::UsersRemoved(removed) }
}

fn write_bulks(items: &[impl AsRef<[u8]>], out: &mut Writer<'_>) {
    out.array(items.len());
    for item in items {
        out.bulk(item);
    }
}

fn write_user(acl: &Acl, name: &[u8], out: &mut Writer<'_>) {
    let Some(user) = acl.user(name) else { return out.null() };
    out.map(6);
    out.bulk("flags");
    let flags = user.flags(acl.dialect());
    out.set(flags.len());
    for flag in flags {
        out.bulk(flag);
    }
    out.bulk("passwords");
    write_bulks(&user.passwords.iter().map(password::PasswordHash::to_hex).collect::<Vec<_>>(), out);
    write_selector_fields(&user.root, out);
    out.bulk("selectors");
    out.array(user.selectors.len());
    for selector in &user.selectors {
        out.map(3);
        write_selector_fields(selector, out);
    }
}

fn write_selector_fields(selector: &Selector, out: &mut Writer<'_>) {
    out.bulk("commands");
    out.bulk(selector.describe_commands());
    out.bulk("keys");
    out.bulk(selector.describe_keys());
    out.bulk("channels");
    out.bulk(selector.describe_channels());
}

fn write_category(acl: &Acl, name: &[u8], out: &mut Writer<'_>) {
    let Some(category) = Categories::named(name) else {
        return out.error(format!("ERR Unknown category '{}'", String::from_utf8_lossy(name)));
    };
    let in_category =
        |command: &&crate::command::Command| command.is_listed() && command.spec.all_categories().contains(category);
    write_bulks(&acl.table().iter().filter(in_category).map(|command| &*command.full_name).collect::<Vec<_>>(), out);
}

fn generate_password(arguments: &[&[u8]], request: &mut AclRequest<'_>, out: &mut Writer<'_>) {
    let bits = match arguments {
        [] => Some(GENPASS_BITS_DEFAULT),
        [bits, ..] => parse_integer(bits),
    };
    let Some(bits) = bits else { return out.error(NOT_AN_INTEGER) };
    if !(1..=GENPASS_BITS_MAX).contains(&bits) {
        return out.error(GENPASS_ERROR);
    }
    let mut bytes = [0_u8; (GENPASS_BITS_MAX / 8) as usize];
    (request.fill_random)(&mut bytes);
    let digits = usize::try_from((bits + BITS_PER_DIGIT - 1) / BITS_PER_DIGIT).unwrap_or_default();
    let mut text = password::to_hex(&bytes);
    text.truncate(digits);
    out.bulk(text);
}

fn answer_log(acl: &mut Acl, options: &[&[u8]], now_ms: u64, out: &mut Writer<'_>) {
    let count = match options {
        [] => LOG_COUNT_DEFAULT,
        [option, ..] if option.eq_ignore_ascii_case(b"RESET") => {
            acl.log.clear();
            return out.simple("OK");
        }
        [count, ..] => match parse_integer(count) {
            Some(count) => usize::try_from(count).unwrap_or_default(),
            None => return out.error(NOT_AN_INTEGER),
        },
    };
    acl.log.write(out, count, now_ms, acl.dialect());
}

fn dry_run(acl: &Acl, name: &[u8], request: &[&[u8]], out: &mut Writer<'_>) {
    let Some(user) = acl.user(name) else {
        return out.error(format!("ERR User '{}' not found", String::from_utf8_lossy(name)));
    };
    let Ok(command) = acl.table().find(request) else {
        let command = request.first().copied().unwrap_or_default();
        return out.error(format!("ERR Command '{}' not found", String::from_utf8_lossy(command)));
    };
    if !command.spec.accepts(request.len()) {
        return out.error(format!("ERR wrong number of arguments for '{}' command", command.full_name));
    }
    match user.check(command, request) {
        Ok(()) => out.simple("OK"),
        Err(denied) => out.bulk(denied.dry_run_text(name, acl.dialect())),
    }
}
