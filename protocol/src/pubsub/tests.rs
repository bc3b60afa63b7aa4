use super::*;
use crate::acl::{Acl, Dialect};
use crate::command::testing::{ask, ask_in, table};
use crate::resp::Protocol;
use crate::session::ClientRegistry;

fn sessions(count: usize) -> Vec<Session> {
    let acl = Acl::new(table(), Dialect::Redis72);
    let mut registry = ClientRegistry::default();
    (0..count).map(|_| registry.accept("peer".to_owned(), "own".to_owned(), 0, &acl).clone()).collect()
}

fn receivers(pubsub: &PubSub, channel: &str) -> Vec<(u64, Option<String>)> {
    let mut found = Vec::new();
    let count = pubsub.publish(channel.as_bytes(), |client, pattern| {
        found.push((client.0, pattern.map(|pattern| String::from_utf8_lossy(pattern).into_owned())));
    });
    assert_eq!(count, found.len());
    found
}

#[test]
fn replies_count_channels_and_patterns_together() {
    let mut pubsub = PubSub::new(ChannelKind::Plain);
    let mut client = sessions(1).remove(0);
    let reply = ask("a b", |names, out| pubsub.subscribe(&mut client, names, out));
    assert_eq!(reply, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");
    let reply = ask("p", |names, out| pubsub.psubscribe(&mut client, names, out));
    assert_eq!(reply, "*3\r\n$10\r\npsubscribe\r\n$1\r\np\r\n:3\r\n");
    let reply = ask("x", |names, out| pubsub.unsubscribe(&mut client, names, out));
    assert_eq!(reply, "*3\r\n$11\r\nunsubscribe\r\n$1\r\nx\r\n:3\r\n");
    let reply = ask("", |_, out| pubsub.unsubscribe(&mut client, &[], out));
    assert_eq!(reply, "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:2\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n");
    let reply = ask("", |_, out| pubsub.punsubscribe(&mut client, &[], out));
    assert_eq!(reply, "*3\r\n$12\r\npunsubscribe\r\n$1\r\np\r\n:0\r\n");
    let reply = ask("", |_, out| pubsub.unsubscribe(&mut client, &[], out));
    assert_eq!(reply, "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
}

#[test]
fn subscribing_twice_counts_once() {
    let mut pubsub = PubSub::new(ChannelKind::Plain);
    let mut client = sessions(1).remove(0);
    let reply = ask("a a", |names, out| pubsub.subscribe(&mut client, names, out));
    assert_eq!(reply, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n".repeat(2));
}

#[test]
fn sharded_channels_are_counted_apart_and_pushed_in_resp3() {
    let mut pubsub = PubSub::new(ChannelKind::Sharded);
    let mut client = sessions(1).remove(0);
    client.subscriptions.channels = 5;
    let reply = ask_in(Protocol::Resp3, "a", |names, out| pubsub.subscribe(&mut client, names, out));
    assert_eq!(reply, ">3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n");
    assert_eq!(client.subscriptions.shard_channels, 1);
    let reply = ask_in(Protocol::Resp3, "", |_, out| write_message(ChannelKind::Sharded, None, b"a", b"m", out));
    assert_eq!(reply, ">3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$1\r\nm\r\n");
}

#[test]
fn messages_reach_channels_first_then_patterns_in_order() {
    let mut pubsub = PubSub::new(ChannelKind::Plain);
    let mut clients = sessions(3);
    for client in clients.iter_mut().rev() {
        ask("news", |names, out| pubsub.subscribe(client, names, out));
    }
    ask("n* +* [mn]ews", |names, out| pubsub.psubscribe(&mut clients[1], names, out));
    let expected = [(1, None), (2, None), (3, None), (2, Some("[mn]ews".to_owned())), (2, Some("n*".to_owned()))];
    assert_eq!(receivers(&pubsub, "news"), expected);
    assert_eq!(receivers(&pubsub, "+sdown"), [(2, Some("+*".to_owned()))]);
    pubsub.remove_client(&mut clients[1]);
    assert_eq!(receivers(&pubsub, "news"), [(1, None), (3, None)]);
    assert!(!clients[1].subscriptions.any());
    let message = ask("", |_, out| write_message(ChannelKind::Plain, Some(b"n*"), b"news", b"hi", out));
    assert_eq!(message, "*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
}

#[test]
fn queries_see_what_is_subscribed() {
    let mut pubsub = PubSub::new(ChannelKind::Plain);
    let sharded = PubSub::new(ChannelKind::Sharded);
    let mut clients = sessions(2);
    ask("a b", |names, out| pubsub.subscribe(&mut clients[0], names, out));
    ask("b", |names, out| pubsub.subscribe(&mut clients[1], names, out));
    ask("x* y*", |names, out| pubsub.psubscribe(&mut clients[1], names, out));
    let query = |line: &str| ask(line, |argv, out| handle_pubsub(&pubsub, &sharded, argv, out));
    assert_eq!(query("pubsub channels"), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    assert_eq!(query("pubsub channels [a]"), "*1\r\n$1\r\na\r\n");
    assert_eq!(query("pubsub numsub b c"), "*4\r\n$1\r\nb\r\n:2\r\n$1\r\nc\r\n:0\r\n");
    assert_eq!(query("pubsub numpat"), ":2\r\n");
    assert_eq!(query("pubsub shardchannels"), "*0\r\n");
    assert_eq!(pubsub.client_count(), 2);
}

#[test]
fn a_changed_user_may_lose_the_right_to_stay() {
    let mut pubsub = PubSub::new(ChannelKind::Plain);
    let mut acl = Acl::new(table(), Dialect::Redis72);
    let mut client = sessions(1).remove(0);
    ask("a", |names, out| pubsub.subscribe(&mut client, names, out));
    ask("b*", |names, out| pubsub.psubscribe(&mut client, names, out));
    let mut may_keep = |rules: &[&[u8]]| {
        acl.set_user(b"u", rules).expect("valid");
        pubsub.may_keep(client.id, acl.user(b"u").expect("was set"))
    };
    assert!(may_keep(&[b"&a", b"&b*"]));
    assert!(!may_keep(&[b"resetchannels", b"&a", b"&*b*"]), "a pattern must be allowed literally");
    assert!(may_keep(&[b"allchannels"]));
}
