//! `ACL`.

use std::path::Path;

use bongsu_process::atomic;
use bongsu_protocol::acl::{AclEffect, AclRequest, DEFAULT_USER, handle_acl};
use bongsu_protocol::command::{Categories, CommandFlags, families};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{BY_SUBCOMMAND, ServerCommand, spec};
use crate::engine::Engine;

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "acl",
        -2,
        CommandFlags::NONE,
        Categories::NONE,
        ["Users and what they may do", "6.0.0", "server", BY_SUBCOMMAND],
    )
    .subcommands(&families::ACL_SUBCOMMANDS),
    run: acl,
}];

/// Of a new file. One that is there keeps stricter ones.
const FILE_MODE: u32 = 0o644;

const NOT_SAVED: &str =
    "ERR There was an error trying to save the ACLs. Please check the server logs for more information";

fn acl(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let Some(session) = engine.clients.get(client) else { return };
    let (user, protocol) = (session.user.clone(), session.protocol);
    let mut fill = |bytes: &mut [u8]| crate::entropy::fill(bytes);
    let mut request = AclRequest {
        argv,
        user: &user,
        now_ms: engine.shard.now_ms,
        has_acl_file: engine.acl_file.is_some(),
        fill_random: &mut fill,
    };
    let effect = handle_acl(&mut engine.acl, &mut request, &mut Writer::new(out, protocol));
    let path = engine.acl_file.clone();
    match (effect, path) {
        (AclEffect::None, _) | (AclEffect::Load | AclEffect::Save, None) => {}
        (AclEffect::UserChanged(name), _) => close_listeners(engine, &name),
        (AclEffect::UsersRemoved(names), _) => close_users(engine, client, &names),
        (AclEffect::Load, Some(path)) => {
            let result = load(engine, client, &path);
            answer(result, &mut Writer::new(out, protocol));
        }
        (AclEffect::Save, Some(path)) => {
            let saved = atomic::write(&path, engine.acl.to_file(), FILE_MODE);
            let result = saved.map(drop).map_err(|error| {
                engine.log.warning(format_args!("Error saving ACLs: {error}"));
                NOT_SAVED.to_owned()
            });
            answer(result, &mut Writer::new(out, protocol));
        }
    }
}

fn answer(result: Result<(), String>, reply: &mut Writer<'_>) {
    match result {
        Ok(()) => reply.simple("OK"),
        Err(text) => reply.error(text),
    }
}

/// Connections that may no longer listen to what they listen to are closed.
fn close_listeners(engine: &mut Engine, name: &[u8]) {
    let Some(user) = engine.acl.user(name) else { return };
    let concerned: Vec<ClientId> = engine
        .clients
        .iter()
        .filter(|session| session.user == name && session.subscriptions.any())
        .filter(|s| !(engine.pubsub.may_keep(s.id, user) && engine.sharded_pubsub.may_keep(s.id, user)))
        .map(|session| session.id)
        .collect();
    engine.closing.extend(engine.clients.close(concerned, None));
}

fn close_users(engine: &mut Engine, client: ClientId, names: &[Vec<u8>]) {
    let ids = engine.clients.ids_of_users(names);
    let closed = engine.clients.close(ids, Some(client));
    engine.closing.extend(closed.into_iter().filter(|closed| *closed != client));
}

fn load(engine: &mut Engine, client: ClientId, path: &Path) -> Result<(), String> {
    let text = std::fs::read(path)
        .map_err(|error| format!("ERR Error loading ACLs, opening file '{}': {error}", path.display()))?;
    let before: Vec<Vec<u8>> = engine.acl.users().map(|user| user.name().to_vec()).collect();
    engine.acl.load_file(&path.display().to_string(), &text).map_err(|errors| errors.to_string())?;
    // As in Redis, connections of users other than the default one end even if their user is as before.
    let others: Vec<Vec<u8>> = before.into_iter().filter(|name| name != DEFAULT_USER).collect();
    close_users(engine, client, &others);
    Ok(())
}
