use super::*;
use crate::acl::{Acl, Dialect};
use crate::command::testing::{argv, ask, ask_in, table};
use crate::pubsub::{ChannelKind, PubSub};
use crate::resp::Protocol;

const NOW_MS: u64 = 100_000;
const SENTINEL: ServerIdentity<'_> = ServerIdentity { server: "redis", version: "7.2.4", mode: "sentinel", role: None };

/// Three connections and the users they depend on.
struct World {
    acl: Acl,
    registry: ClientRegistry,
}

impl World {
    fn new() -> Self {
        let acl = Acl::new(table(), Dialect::Redis72);
        let mut registry = ClientRegistry::default();
        for port in 1..=3 {
            registry.accept(format!("127.0.0.1:{port}"), "127.0.0.1:26379".to_owned(), 90_000 + port * 1000, &acl);
        }
        Self { acl, registry }
    }

    fn session(&mut self, id: u64) -> &mut Session {
        self.registry.get_mut(ClientId(id)).expect("exists")
    }

    fn client(&mut self, line: &str) -> (String, ClientEffect) {
        let mut effect = ClientEffect::None;
        let reply = ask(line, |argv, out| {
            let request = ClientRequest { id: ClientId(1), argv, acl: &self.acl, now_ms: NOW_MS };
            effect = handle_client(&mut self.registry, &request, out);
        });
        (reply, effect)
    }

    fn reply(&mut self, line: &str) -> String {
        self.client(line).0.trim_end().to_owned()
    }

    fn hello(&mut self, line: &str) -> String {
        let mut out = Vec::new();
        let session = self.registry.get_mut(ClientId(1)).expect("exists");
        handle_hello(session, &mut self.acl, SENTINEL, &argv(line), NOW_MS, &mut out);
        String::from_utf8(out).expect("text")
    }

    fn auth(&mut self, line: &str) -> String {
        let session = self.registry.get_mut(ClientId(1)).expect("exists");
        ask(line, |argv, out| handle_auth(session, &mut self.acl, argv, NOW_MS, out))
    }

    fn admit(&mut self, line: &str) -> Result<(), String> {
        let request = argv(line);
        let table = table();
        let command = table.resolve(&request).expect("a known command");
        let session = self.registry.get(ClientId(1)).expect("exists");
        session.admit(&mut self.acl, command, &request, NOW_MS).map_err(|refusal| refusal.to_string())
    }
}

#[test]
fn the_line_of_a_client_has_the_fields_of_7_2() {
    let mut world = World::new();
    let session = world.session(2);
    session.name = b"app".to_vec();
    session.last_command = Some("client|list".into());
    session.last_interaction_ms = 99_000;
    session.io.fd = 8;
    session.io.query_buffer = 26;
    let line = "id=2 addr=127.0.0.1:2 laddr=127.0.0.1:26379 fd=8 name=app age=8 idle=1 flags=N db=0 sub=0 psub=0 ssub=0 \
                multi=-1 qbuf=26 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r \
                cmd=client|list user=default redir=-1 resp=2";
    assert_eq!(session.describe(NOW_MS, Dialect::Redis70), line);
    session.lib_name = b"redis-py".to_vec();
    assert_eq!(session.describe(NOW_MS, Dialect::Redis72), format!("{line} lib-name=redis-py lib-ver="));
}

#[test]
fn flags_are_letters() {
    let mut world = World::new();
    world.reply("client no-evict on");
    world.reply("client tracking on bcast");
    assert!(world.reply("client info").contains(" flags=tBe "));
    world.session(1).subscriptions.channels = 1;
    world.session(1).close_after_reply = true;
    assert!(world.reply("client info").contains(" flags=PtBce "));
}

#[test]
fn hello_negotiates_and_describes_the_server() {
    let mut world = World::new();
    assert_eq!(
        world.hello("HELLO 3 SETNAME app"),
        "%6\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.4\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n\
         $4\r\nmode\r\n$8\r\nsentinel\r\n$7\r\nmodules\r\n*0\r\n"
    );
    assert_eq!(world.session(1).name, b"app");
    assert_eq!(world.session(1).protocol, Protocol::Resp3);
    assert!(world.hello("HELLO").starts_with("%6"));
    assert!(world.hello("HELLO 2").starts_with("*12"));
    let known = [
        ("HELLO 4", "-NOPROTO unsupported protocol version\r\n"),
        ("HELLO x", "-ERR Protocol version is not an integer or out of range\r\n"),
        ("HELLO 2 foo", "-ERR Syntax error in HELLO option 'foo'\r\n"),
        ("HELLO 2 AUTH a", "-ERR Syntax error in HELLO option 'AUTH'\r\n"),
        ("HELLO 2 AUTH u p", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
        ("HELLO 3 SETNAME a\tb", "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"),
    ];
    for (line, expected) in known {
        assert_eq!(world.hello(line), expected, "{line}");
    }
    assert_eq!(world.session(1).protocol, Protocol::Resp2, "a refused request changes nothing");
    assert_eq!(world.acl.log.len(), 1);
}

#[test]
fn hello_authenticates() {
    let mut world = World::new();
    world.acl.require_password(b"zz");
    world.session(1).authenticated = false;
    assert!(world.hello("HELLO 3").starts_with("-NOAUTH HELLO must be called with the client already authenticated"));
    assert!(world.hello("HELLO 3 AUTH default zz SETNAME ok").starts_with("%6"));
    assert!(world.session(1).authenticated);
}

#[test]
fn auth_with_and_without_a_user() {
    let mut world = World::new();
    let unset = "-ERR AUTH <password> called without any password configured for the default user. Are you sure your \
                 configuration is correct?\r\n";
    assert_eq!(world.auth("AUTH x"), unset);
    assert_eq!(world.auth("AUTH default x"), "+OK\r\n");
    assert_eq!(world.auth("AUTH a b c"), "-ERR syntax error\r\n");
    world.acl.require_password(b"zz");
    assert_eq!(world.auth("AUTH x"), "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    assert_eq!(world.auth("AUTH zz"), "+OK\r\n");
    world.acl.set_user(b"u", &argv("on >p")).expect("valid");
    assert_eq!(world.auth("AUTH u p"), "+OK\r\n");
    assert_eq!(world.session(1).user, b"u");
}

#[test]
fn requests_are_admitted_or_refused() {
    let mut world = World::new();
    world.acl.require_password(b"zz");
    world.session(1).authenticated = false;
    assert_eq!(world.admit("get a"), Err("NOAUTH Authentication required.".to_owned()));
    assert_eq!(world.admit("auth zz"), Ok(()));
    world.acl.set_user(b"u", &argv("on >p +get +subscribe ~a")).expect("valid");
    world.auth("AUTH u p");
    assert_eq!(world.admit("get a"), Ok(()));
    assert_eq!(world.admit("get b"), Err("NOPERM No permissions to access a key".to_owned()));
    assert_eq!(world.admit("set a b"), Err("NOPERM User u has no permissions to run the 'set' command".to_owned()));
    assert_eq!(world.admit("subscribe c"), Err("NOPERM No permissions to access a channel".to_owned()));
    assert_eq!(world.acl.log.len(), 3);
    world.session(1).subscriptions.channels = 1;
    let refusal = "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
                   this context";
    assert_eq!(world.admit("get a"), Err(refusal.to_owned()));
    world.session(1).protocol = Protocol::Resp3;
    assert_eq!(world.admit("get a"), Ok(()));
}

#[test]
fn a_connection_that_waits_for_a_password_is_free_when_none_is_needed_any_more() {
    let mut world = World::new();
    world.session(1).authenticated = false;
    assert_eq!(world.admit("get a"), Ok(()));
}

#[test]
fn ping_tells_subscribers_apart() {
    let mut world = World::new();
    let ping = |session: &Session, line| ask(line, |argv, out| handle_ping(session, argv, out));
    assert_eq!(ping(world.session(1), "ping"), "+PONG\r\n");
    assert_eq!(ping(world.session(1), "ping a"), "$1\r\na\r\n");
    assert_eq!(ping(world.session(1), "ping a b"), "-ERR wrong number of arguments for 'ping' command\r\n");
    world.session(1).subscriptions.channels = 1;
    assert_eq!(ping(world.session(1), "ping"), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    assert_eq!(ping(world.session(1), "ping x"), "*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
}

#[test]
fn names_and_library_information() {
    let mut world = World::new();
    assert_eq!(world.reply("client getname"), "$-1");
    assert_eq!(world.reply("client setname app"), "+OK");
    assert_eq!(world.reply("client getname"), "$3\r\napp");
    let bad_name = "-ERR Client names cannot contain spaces, newlines or special characters.";
    assert_eq!(world.reply("client setname a\nb"), bad_name);
    assert_eq!(world.reply("client setinfo LIB-NAME redis-py"), "+OK");
    assert_eq!(world.reply("client setinfo lib-x y"), "-ERR Unrecognized option 'lib-x'");
    let bad_version = "-ERR lib-ver cannot contain spaces, newlines or special characters.";
    assert_eq!(world.reply("client setinfo lib-ver a\tb"), bad_version);
    assert_eq!(world.reply("client id"), ":1");
}

#[test]
fn lists_can_be_filtered() {
    let mut world = World::new();
    world.session(2).subscriptions.patterns = 1;
    assert_eq!(world.reply("client list").matches("\nid=").count(), 3);
    assert!(world.reply("client list type pubsub").contains("id=2 "));
    assert_eq!(world.reply("client list id 99"), "$0");
    assert!(world.reply("client list id 3 1").contains("id=3 "));
    let known = [
        ("client list type x", "-ERR Unknown client type 'x'"),
        ("client list id x", "-ERR Invalid client ID"),
        ("client list foo", "-ERR syntax error"),
        ("client list id", "-ERR syntax error"),
        ("client list type normal x", "-ERR syntax error"),
    ];
    for (line, expected) in known {
        assert_eq!(world.reply(line), expected, "{line}");
    }
}

#[test]
fn kill_needs_all_filters_to_match() {
    let mut world = World::new();
    assert_eq!(world.client("client kill 127.0.0.1:2"), ("+OK\r\n".into(), ClientEffect::Close(vec![ClientId(2)])));
    assert!(world.session(2).close_now);
    // Before authentication a connection counts as the default user's.
    world.session(3).authenticated = false;
    let (reply, effect) = world.client("client kill user default skipme no");
    assert_eq!(reply, ":3\r\n");
    assert_eq!(effect, ClientEffect::Close(vec![ClientId(1), ClientId(2), ClientId(3)]));
    assert!(world.session(1).close_after_reply && !world.session(1).close_now);
    assert_eq!(world.reply("client kill addr 127.0.0.1:1"), ":0", "the own connection is skipped");
    assert_eq!(world.reply("client kill laddr 127.0.0.1:26379 id 3"), ":1");
    assert_eq!(world.reply("client kill maxage 8"), ":1");
    assert_eq!(world.reply("client kill type master"), ":0");
    let known = [
        ("client kill x", "-ERR No such client"),
        ("client kill id", "-ERR No such client"),
        ("client kill id x", "-ERR client-id should be greater than 0"),
        ("client kill id 0", "-ERR client-id should be greater than 0"),
        ("client kill type foo", "-ERR Unknown client type 'foo'"),
        ("client kill user nope", "-ERR No such user 'nope'"),
        ("client kill skipme maybe", "-ERR syntax error"),
        ("client kill foo x", "-ERR syntax error"),
        ("client kill id 1 addr", "-ERR syntax error"),
    ];
    for (line, expected) in known {
        assert_eq!(world.reply(line), expected, "{line}");
    }
}

#[test]
fn reply_modes_last_as_long_as_they_should() {
    let mut world = World::new();
    let sent = |world: &mut World, line: &str| {
        let reply = world.reply(line);
        let sends = world.session(1).sends_reply();
        world.session(1).end_request();
        sends && !reply.is_empty()
    };
    assert!(!sent(&mut world, "client reply skip"));
    assert!(!sent(&mut world, "client id"));
    assert!(sent(&mut world, "client id"));
    assert!(!sent(&mut world, "client reply off"));
    assert!(!sent(&mut world, "client reply skip"));
    assert!(!sent(&mut world, "client id"));
    assert!(sent(&mut world, "client reply on"));
    assert_eq!(world.reply("client reply x"), "-ERR syntax error");
}

#[test]
fn a_pause_never_gets_shorter_or_weaker() {
    let mut world = World::new();
    assert_eq!(world.client("client pause 500 write"), ("+OK\r\n".into(), ClientEffect::PauseChanged));
    world.reply("client pause 100");
    let pause = Pause { until_ms: NOW_MS + 500, mode: PauseMode::All };
    assert_eq!(world.registry.pause_at(NOW_MS), Some(pause));
    assert_eq!(world.registry.pause_at(NOW_MS + 500), None);
    assert_eq!(world.reply("client unpause"), "+OK");
    assert_eq!(world.registry.pause_at(NOW_MS), None);
    assert_eq!(world.reply("client pause x"), "-ERR timeout is not an integer or out of range");
    assert_eq!(world.reply("client pause -1"), "-ERR timeout is negative");
    assert_eq!(world.reply("client pause 10 x"), "-ERR CLIENT PAUSE mode must be WRITE or ALL");
}

#[test]
fn blocked_clients_can_be_released() {
    let mut world = World::new();
    assert_eq!(world.reply("client unblock 2"), ":0");
    world.session(2).blocked = true;
    let (reply, effect) = world.client("client unblock 2 error");
    assert_eq!((reply.as_str(), effect), (":1\r\n", ClientEffect::Unblock(ClientId(2), UnblockReason::Error)));
    assert_eq!(world.reply("client unblock x"), "-ERR value is not an integer or out of range");
    assert_eq!(world.reply("client unblock 1 foo"), "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
}

#[test]
fn tracking_modes_exclude_each_other() {
    let mut world = World::new();
    let only_when_tracking = "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or \
                              OPTOUT mode enabled";
    let overlap = "Prefixes for a single client must not overlap.";
    let bcast = "-ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then \
                 re-enabling it with a different mode.";
    let opt = "-ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then \
               re-enabling it with a different mode.";
    let steps = [
        ("client getredir", ":-1".to_owned()),
        ("client caching yes", only_when_tracking.to_owned()),
        ("client tracking x", "-ERR syntax error".to_owned()),
        ("client tracking on foo", "-ERR syntax error".to_owned()),
        ("client tracking on redirect x", "-ERR value is not an integer or out of range".to_owned()),
        ("client tracking on redirect 99", "-ERR The client ID you want redirect to does not exist".to_owned()),
        ("client tracking on optin optout", "-ERR You can't specify both OPTIN mode and OPTOUT mode".to_owned()),
        ("client tracking on bcast optin", "-ERR OPTIN and OPTOUT are not compatible with BCAST".to_owned()),
        ("client tracking on prefix a", "-ERR PREFIX option requires BCAST mode to be enabled".to_owned()),
        (
            "client tracking on bcast prefix a prefix ab",
            format!("-ERR Prefix 'a' overlaps with another provided prefix 'ab'. {overlap}"),
        ),
        ("client tracking on optin redirect 2", "+OK".to_owned()),
        ("client tracking on optout", opt.to_owned()),
        ("client tracking on bcast", bcast.to_owned()),
        (
            "client caching no",
            "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.".to_owned(),
        ),
        ("client caching yes", "+OK".to_owned()),
        ("client caching foo", "-ERR syntax error".to_owned()),
        ("client getredir", ":2".to_owned()),
        ("client tracking off", "+OK".to_owned()),
        ("client tracking on bcast prefix a prefix b noloop", "+OK".to_owned()),
        (
            "client tracking on bcast prefix aa",
            format!("-ERR Prefix 'aa' overlaps with an existing prefix 'a'. {overlap}"),
        ),
        ("client tracking on", bcast.to_owned()),
    ];
    for (line, expected) in steps {
        assert_eq!(world.reply(line), expected, "{line}");
    }
    let request = argv("client trackinginfo");
    let info = ask_in(Protocol::Resp3, "client trackinginfo", |_, out| {
        let request = ClientRequest { id: ClientId(1), argv: &request, acl: &world.acl, now_ms: NOW_MS };
        handle_client(&mut world.registry, &request, out);
    });
    assert_eq!(
        info,
        "%3\r\n$5\r\nflags\r\n~3\r\n$2\r\non\r\n$5\r\nbcast\r\n$6\r\nnoloop\r\n$8\r\nredirect\r\n:0\r\n\
         $8\r\nprefixes\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"
    );
}

#[test]
fn a_redirection_breaks_with_its_target() {
    let mut world = World::new();
    world.reply("client tracking on redirect 2");
    world.registry.remove(ClientId(2));
    assert!(world.reply("client trackinginfo").contains("broken_redirect"));
    assert!(world.reply("client info").contains(" flags=tR "));
}

#[test]
fn reset_makes_a_connection_new() {
    let mut world = World::new();
    let mut pubsub = PubSub::new(ChannelKind::Plain);
    world.reply("client setname app");
    world.reply("client tracking on");
    world.reply("client reply off");
    world.acl.set_user(b"u", &argv("on nopass")).expect("valid");
    world.auth("AUTH u x");
    let mut out = Vec::new();
    let session = world.registry.get_mut(ClientId(1)).expect("exists");
    session.protocol = Protocol::Resp3;
    ask("a b", |names, out| pubsub.subscribe(session, names, out));
    handle_reset(session, &world.acl, &mut [&mut pubsub], &mut out);
    assert_eq!(out, b"+RESET\r\n");
    assert!(session.name.is_empty() && session.tracking.is_none() && session.sends_reply());
    assert_eq!((session.user.as_slice(), session.protocol), (b"default".as_slice(), Protocol::Resp2));
    assert!(!session.subscriptions.any());
    assert_eq!(pubsub.channel_count(), 0);
}

#[test]
fn users_that_go_take_their_connections_along() {
    let mut world = World::new();
    world.acl.set_user(b"u", &argv("on nopass")).expect("valid");
    world.auth("AUTH u x");
    assert_eq!(world.registry.ids_of_users(&[b"u".to_vec()]), [ClientId(1)]);
}
