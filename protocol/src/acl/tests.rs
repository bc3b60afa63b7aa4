use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::command::testing::{argv, ask, ask_in, table};
use crate::resp::Protocol;

fn acl_with(rules: &str) -> Acl {
    let mut acl = Acl::new(table(), Dialect::Redis72);
    acl.set_user(b"u", &argv(rules)).expect(rules);
    acl
}

/// The printed rules of a user made with `rules`, as Redis 7.0 prints the flags.
fn printed(rules: &str) -> Result<String, UserError> {
    let mut acl = Acl::new(table(), Dialect::Redis70);
    acl.set_user(b"u", &argv(rules))?;
    let line = acl.user(b"u").expect("was set").to_line(Dialect::Redis70);
    Ok(String::from_utf8(line).expect("text").replacen("user u ", "", 1))
}

#[test]
fn users_print_as_redis_prints_them() {
    let hash_a = "#ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let hash_b = "#3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d";
    let known = [
        ("", "off resetchannels -@all".to_owned()),
        ("on", "on resetchannels -@all".to_owned()),
        ("nopass", "off nopass resetchannels -@all".to_owned()),
        ("on >a >b", format!("on {hash_a} {hash_b} resetchannels -@all")),
        ("nopass >a", format!("off {hash_a} resetchannels -@all")),
        ("nopass resetpass", "off resetchannels -@all".to_owned()),
        ("+get", "off resetchannels -@all +get".to_owned()),
        ("+@read -get", "off resetchannels -@all +@read -get".to_owned()),
        ("+@READ", "off resetchannels -@all +@read".to_owned()),
        ("+@all -get", "off resetchannels +@all -get".to_owned()),
        ("+@all -@dangerous", "off resetchannels +@all -@dangerous".to_owned()),
        ("+CLIENT|LIST", "off resetchannels -@all +client|list".to_owned()),
        ("+client -client|kill", "off resetchannels -@all +client -client|kill".to_owned()),
        ("+acl|whoami +acl -acl|list", "off resetchannels -@all +acl -acl|list".to_owned()),
        ("+select|0", "off resetchannels -@all +select|0".to_owned()),
        ("~x allkeys", "off ~* resetchannels -@all".to_owned()),
        ("%R~a %W~b %RW~c", "off %R~a %W~b ~c resetchannels -@all".to_owned()),
        ("%R~c %W~c", "off ~c resetchannels -@all".to_owned()),
        ("%R", "off %R~ resetchannels -@all".to_owned()),
        ("%RW~* ~x", "off ~* resetchannels -@all".to_owned()),
        ("%R~* ~x %W~*", "off ~* resetchannels -@all".to_owned()),
        ("%R~* ~*", "off ~* resetchannels -@all".to_owned()),
        ("&a &b &a", "off resetchannels &a &b -@all".to_owned()),
        ("&x allchannels", "off &* -@all".to_owned()),
        ("sanitize-payload", "off sanitize-payload resetchannels -@all".to_owned()),
        ("skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all".to_owned()),
        ("on nopass allkeys +@all reset", "off sanitize-payload resetchannels -@all".to_owned()),
        ("()", "off resetchannels -@all (resetchannels -@all)".to_owned()),
        (
            "(+get ~x) (+set ~y)",
            "off resetchannels -@all (~x resetchannels -@all +get) (~y resetchannels -@all +set)".to_owned(),
        ),
        ("(~x +@all -@all %R~y &z)", "off resetchannels -@all (~x %R~y resetchannels &z -@all)".to_owned()),
        ("(+get ~x) clearselectors", "off resetchannels -@all".to_owned()),
    ];
    for (rules, expected) in known {
        assert_eq!(printed(rules).as_deref(), Ok(expected.as_str()), "{rules}");
    }
}

#[test]
fn refused_rules_have_the_texts_of_redis() {
    let all_keys = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                    effect. Try 'resetkeys' to start with an empty list of patterns";
    let all_channels = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not \
                        have any effect. Try 'resetchannels' to start with an empty list of channels";
    let unknown = "Unknown command or category name in ACL";
    let no_password = "The password you are trying to remove from the user does not exist";
    let bad_hash = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
    let first_arg = "Allowing first-arg of a subcommand is not supported";
    let known = [
        ("-select|0", unknown),
        ("+select|0|1", unknown),
        ("+@foo", unknown),
        ("+foo", unknown),
        ("+get)", unknown),
        ("+", unknown),
        ("-@", unknown),
        ("+client|foo", unknown),
        ("-client|foo", unknown),
        ("(+foo)", unknown),
        ("+client|list|x", first_arg),
        ("%Z~a", "Syntax error"),
        ("%~x", "Syntax error"),
        ("(foo)", "Syntax error"),
        ("(on)", "Syntax error"),
        ("(>a)", "Syntax error"),
        (")", "Syntax error"),
        ("foo", "Syntax error"),
        ("<x", no_password),
        ("#abc", bad_hash),
    ];
    for (rule, expected) in known {
        let error = printed(rule).expect_err(rule).to_string();
        assert_eq!(error, format!("Error in ACL SETUSER modifier '{rule}': {expected}"));
    }
    for (rules, last, expected) in [("allkeys ~x", "~x", all_keys), ("allchannels &a", "&a", all_channels)] {
        let error = printed(rules).expect_err(rules).to_string();
        assert_eq!(error, format!("Error in ACL SETUSER modifier '{last}': {expected}"));
    }
    let error = printed("(+get").expect_err("open").to_string();
    assert_eq!(error, "Unmatched parenthesis in acl selector starting at '(+get'.");
}

#[test]
fn a_refused_rule_leaves_the_user_as_it_was() {
    let mut acl = acl_with("on +get");
    let before = acl.to_lines();
    assert!(acl.set_user(b"u", &argv("+set +nosuch")).is_err());
    assert_eq!(acl.set_user(b"a b", &[]), Err(UserError::BadName));
    assert_eq!(acl.to_lines(), before);
}

#[test]
fn the_default_user_may_do_everything() {
    let acl = Acl::new(table(), Dialect::Redis72);
    assert_eq!(acl.to_file(), b"user default on nopass sanitize-payload ~* &* +@all\n");
    assert!(acl.default_needs_no_authentication());
    let older = acl.user(DEFAULT_USER).expect("always there").to_line(Dialect::Redis70);
    assert_eq!(older, b"user default on nopass ~* &* +@all");
}

#[test]
fn require_password_replaces_the_password() {
    let mut acl = Acl::new(table(), Dialect::Redis72);
    acl.require_password(b"one");
    acl.require_password(b"two");
    assert!(acl.authenticate(DEFAULT_USER, b"one").is_err());
    assert!(acl.authenticate(DEFAULT_USER, b"two").is_ok());
    acl.require_password(b"");
    assert!(acl.default_needs_no_authentication());
}

#[test]
fn only_enabled_users_with_the_right_password_get_in() {
    let acl = acl_with("off >p");
    assert_eq!(acl.authenticate(b"u", b"p").err(), Some(AuthError::WrongPassword));
    let acl = acl_with("on >p >q");
    assert!(acl.authenticate(b"u", b"q").is_ok());
    assert_eq!(acl.authenticate(b"u", b"r").err(), Some(AuthError::WrongPassword));
    assert_eq!(acl.authenticate(b"nobody", b"p").err(), Some(AuthError::WrongPassword));
    assert!(acl_with("on nopass").authenticate(b"u", b"anything").is_ok());
}

/// What `ACL DRYRUN u ...` answers, without the framing.
fn dry_run(rules: &str, request: &str) -> String {
    let mut acl = acl_with(rules);
    let reply = acl_ask(&mut acl, &format!("acl dryrun u {request}"));
    reply.lines().last().expect("a reply").trim_end().to_owned()
}

fn acl_ask(acl: &mut Acl, line: &str) -> String {
    ask(line, |argv, out| {
        let mut fill_random = |bytes: &mut [u8]| bytes.fill(0xab);
        let mut request =
            AclRequest { argv, user: b"default", now_ms: 5_000, has_acl_file: false, fill_random: &mut fill_random };
        handle_acl(acl, &mut request, out);
    })
}

#[test]
fn permissions_are_checked_command_first_then_keys_then_channels() {
    let rules = "on +get +set +client|list +publish +psubscribe ~a* %R~r* &ch";
    let known = [
        ("get a", "+OK"),
        ("get b", "User u has no permissions to access the 'b' key"),
        ("get rx", "+OK"),
        ("set rx y", "User u has no permissions to access the 'rx' key"),
        ("mset a b", "User u has no permissions to run the 'mset' command"),
        ("client kill x", "User u has no permissions to run the 'client|kill' command"),
        ("client list", "+OK"),
        ("publish ch y", "+OK"),
        ("publish x y", "User u has no permissions to access the 'x' channel"),
        ("psubscribe ch", "+OK"),
        ("psubscribe c*", "User u has no permissions to access the 'c*' channel"),
        ("auth x", "+OK"),
        ("client kill", "-ERR wrong number of arguments for 'client|kill' command"),
        ("client foo", "-ERR Command 'client' not found"),
        ("nope a", "-ERR Command 'nope' not found"),
    ];
    for (request, expected) in known {
        assert_eq!(dry_run(rules, request), expected, "{request}");
    }
}

#[test]
fn categories_first_arguments_and_selectors_decide_too() {
    assert_eq!(dry_run("on ~* +@slow", "client kill x"), "+OK");
    assert_eq!(dry_run("on ~* +@slow", "get x"), "User u has no permissions to run the 'get' command");
    assert_eq!(dry_run("on +select|0", "select 0"), "+OK");
    assert_eq!(dry_run("on +select|0", "select 1"), "User u has no permissions to run the 'select' command");
    assert_eq!(dry_run("on (+get ~x) (+set ~y)", "set y 1"), "+OK");
    assert_eq!(dry_run("on (+get ~x) (+set ~y)", "set x 1"), "User u has no permissions to access the 'x' key");
    assert_eq!(dry_run("on +@all -get ~*", "get x"), "User u has no permissions to run the 'get' command");
}

#[test]
fn refusals_are_worded_as_the_dialect_demands() {
    let denied = Denied { reason: DeniedReason::Command, object: b"client|kill".to_vec() };
    let newer = denied.error_text(b"u", Dialect::Redis72);
    assert_eq!(newer, "NOPERM User u has no permissions to run the 'client|kill' command");
    let older = denied.error_text(b"u", Dialect::Redis70);
    assert_eq!(older, "NOPERM this user has no permissions to run the 'client|kill' command");
    let denied = Denied { reason: DeniedReason::Channel, object: b"c".to_vec() };
    assert_eq!(denied.error_text(b"u", Dialect::Redis72), "NOPERM No permissions to access a channel");
}

#[test]
fn replies_of_the_family() {
    let mut acl = acl_with("on >a ~k +get (+set ~x)");
    let getuser = acl_ask(&mut acl, "acl getuser u");
    assert_eq!(
        getuser,
        "*12\r\n$5\r\nflags\r\n*2\r\n$2\r\non\r\n$16\r\nsanitize-payload\r\n$9\r\npasswords\r\n*1\r\n$64\r\n\
         ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\r\n$8\r\ncommands\r\n$10\r\n-@all +get\r\n\
         $4\r\nkeys\r\n$2\r\n~k\r\n$8\r\nchannels\r\n$0\r\n\r\n$9\r\nselectors\r\n*1\r\n*6\r\n$8\r\ncommands\r\n\
         $10\r\n-@all +set\r\n$4\r\nkeys\r\n$2\r\n~x\r\n$8\r\nchannels\r\n$0\r\n\r\n"
    );
    assert_eq!(acl_ask(&mut acl, "acl getuser nobody"), "$-1\r\n");
    assert_eq!(acl_ask(&mut acl, "acl users"), "*2\r\n$7\r\ndefault\r\n$1\r\nu\r\n");
    assert_eq!(acl_ask(&mut acl, "acl whoami"), "$7\r\ndefault\r\n");
    assert_eq!(acl_ask(&mut acl, "acl cat nope"), "-ERR Unknown category 'nope'\r\n");
    assert_eq!(acl_ask(&mut acl, "acl cat string"), "*3\r\n$3\r\nget\r\n$4\r\nmset\r\n$3\r\nset\r\n");
    assert!(acl_ask(&mut acl, "acl cat").starts_with("*21\r\n$8\r\nkeyspace\r\n$4\r\nread\r\n$5\r\nwrite\r\n"));
    assert_eq!(acl_ask(&mut acl, "acl genpass 5"), "$2\r\nab\r\n");
    assert!(acl_ask(&mut acl, "acl genpass").starts_with("$64\r\nabab"));
    assert_eq!(acl_ask(&mut acl, "acl genpass x"), "-ERR value is not an integer or out of range\r\n");
    assert!(acl_ask(&mut acl, "acl genpass 4097").starts_with("-ERR ACL GENPASS argument must be the number of bits"));
    assert!(
        acl_ask(&mut acl, "acl load").starts_with("-ERR This Redis instance is not configured to use an ACL file.")
    );
    assert_eq!(acl_ask(&mut acl, "acl log -1"), "*0\r\n");
    assert_eq!(acl_ask(&mut acl, "acl log x"), "-ERR value is not an integer or out of range\r\n");
    assert_eq!(acl_ask(&mut acl, "acl deluser default"), "-ERR The 'default' user cannot be removed\r\n");
    assert_eq!(acl_ask(&mut acl, "acl deluser nobody u"), ":1\r\n");
    assert!(acl_ask(&mut acl, "acl help").starts_with("*29\r\n+ACL <subcommand>"));
}

#[test]
fn the_log_is_printed_with_ten_fields() {
    let mut acl = acl_with("on");
    let entry = LogEntry {
        reason: LogReason::Auth,
        context: LogContext::TopLevel,
        object: b"AUTH".to_vec(),
        username: b"u".to_vec(),
        client_info: "id=3".into(),
    };
    acl.log.record(4_000, entry);
    let reply = ask_in(Protocol::Resp3, "acl log", |argv, out| {
        let mut fill_random = |_: &mut [u8]| {};
        let mut request =
            AclRequest { argv, user: b"default", now_ms: 5_500, has_acl_file: false, fill_random: &mut fill_random };
        handle_acl(&mut acl, &mut request, out);
    });
    assert_eq!(
        reply,
        "*1\r\n%10\r\n$5\r\ncount\r\n:1\r\n$6\r\nreason\r\n$4\r\nauth\r\n$7\r\ncontext\r\n$8\r\ntoplevel\r\n\
         $6\r\nobject\r\n$4\r\nAUTH\r\n$8\r\nusername\r\n$1\r\nu\r\n$11\r\nage-seconds\r\n,1.5\r\n\
         $11\r\nclient-info\r\n$4\r\nid=3\r\n$8\r\nentry-id\r\n:0\r\n$17\r\ntimestamp-created\r\n:4000\r\n\
         $22\r\ntimestamp-last-updated\r\n:4000\r\n"
    );
    assert_eq!(acl_ask(&mut acl, "acl log reset"), "+OK\r\n");
    assert!(acl.log.is_empty());
}

#[test]
fn a_file_is_loaded_as_a_whole_or_not_at_all() {
    let mut acl = acl_with("on +get");
    acl.set_user(b"same", &argv("on")).expect("valid");
    let removed = acl.load_file("users.acl", b"user a on   +get\n\n  user same on\r\n").expect("valid");
    assert_eq!(removed, [b"u".to_vec()]);
    let lines = acl.to_lines();
    assert_eq!(lines.len(), 3, "the default user is always there");
    let bad = b"user a +foo +bar\nnope\nuser b x y\nuser b on\nuser c (+get\nuser d\tx on\n";
    let errors = acl.load_file("f", bad).expect_err("faults").to_string();
    assert_eq!(
        errors,
        "f:1: Error in applying operation '+foo': Unknown command or category name in ACL. \
         f:1: Error in applying operation '+bar': Unknown command or category name in ACL. \
         f:2 should start with user keyword followed by the username. \
         f:3: Syntax error. \
         WARNING: Duplicate user 'b' found on line 4. \
         f:5: Unmatched parenthesis in selector definition. \
         'f:6: username 'd\tx' contains invalid characters. \
         WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
    );
    assert_eq!(acl.to_lines(), lines);
}

#[test]
fn a_configuration_line_defines_the_user_from_scratch() {
    let mut acl = Acl::new(table(), Dialect::Redis72);
    acl.define_user(DEFAULT_USER, &argv("on >p +ping")).expect("valid");
    let line = acl.to_lines().remove(0);
    let hash = password::PasswordHash::of(b"p").to_hex();
    let expected = format!("user default on sanitize-payload #{hash} resetchannels -@all +ping");
    assert_eq!(String::from_utf8_lossy(&line), expected);
}

fn rule() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "on",
        "off",
        "nopass",
        "resetpass",
        "allkeys",
        "resetkeys",
        "allchannels",
        "resetchannels",
        "+@all",
        "-@all",
        "+@read",
        "-@write",
        "+@connection",
        "-@dangerous",
        "+get",
        "-get",
        "+client",
        "-client",
        "+client|list",
        "-client|kill",
        "+select|0",
        "+select|1",
        "sanitize-payload",
        "skip-sanitize-payload",
        "reset",
        "clearselectors",
        "(+get ~x)",
        "(%R~a &c +@all -set)",
        "()",
    ]);
    prop_oneof![
        4 => fixed.prop_map(str::to_owned),
        1 => "[~&>]|%R~|%W~".prop_flat_map(|prefix| "[a-c*]{0,2}".prop_map(move |rest| format!("{prefix}{rest}"))),
    ]
}

proptest! {
    #[test]
    fn a_printed_user_parses_to_itself(rules in prop::collection::vec(rule(), 0..12)) {
        let mut acl = Acl::new(table(), Dialect::Redis72);
        for rule in &rules {
            // Rules that are refused (a pattern after '~*') leave no trace.
            let _ = acl.set_user(b"u", &argv(rule));
        }
        let text = acl.to_file();
        let mut again = Acl::new(Arc::clone(acl.table()), Dialect::Redis72);
        again.load_file("f", &text).expect("a printed file is valid");
        prop_assert_eq!(again.to_file(), text);
        let (before, after) = (acl.user(b"u"), again.user(b"u"));
        for command in acl.table().iter() {
            for words in [&["x", "0", "0"][..], &["x", "1", "1"]] {
                let request: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
                let allowed = |user: Option<&User>| user.map(|user| user.check(command, &request));
                prop_assert_eq!(allowed(before), allowed(after));
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_fail(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut acl = Acl::new(table(), Dialect::Redis72);
        let _ = acl.load_file("f", &text);
        let line = [b"user x ".as_slice(), &text].concat();
        let _ = acl.load_file("f", &line);
    }
}
