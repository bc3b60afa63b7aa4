//! `AUTH`, `ACL` and `CLIENT`: what their effects mean for the other connections and for the disk.

use std::path::PathBuf;
use std::rc::Rc;

use bongsu_protocol::acl::{AclEffect, AclRequest};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientEffect, ClientId, ClientRequest};

use super::dispatch::{Call, Outcome};
use super::state::fill_random;
use super::{Front, users};

const SAVE_ERROR: &[u8] =
    b"-ERR There was an error trying to save the ACLs. Please check the server logs for more information\r\n";

/// `AUTH`.
pub(super) fn handle_auth(call: Call<'_>, out: &mut Writer<'_>) {
    let mut clients = call.front.clients.borrow_mut();
    let Some(session) = clients.get_mut(call.id) else { return };
    let entries = &call.front.stats.denied_logins;
    let was = (session.authenticated, session.user.clone());
    bongsu_protocol::session::handle_auth(session, &mut call.front.acl.borrow_mut(), call.argv, call.now_ms, out);
    if was == (session.authenticated, session.user.clone()) && !session.authenticated {
        entries.add(1);
    }
}

/// `CLIENT`.
pub(super) fn handle_client(call: Call<'_>, out: &mut Writer<'_>) {
    let front = call.front;
    let effect = {
        let acl = front.acl.borrow();
        let request = ClientRequest { id: call.id, argv: call.argv, acl: &acl, now_ms: call.now_ms };
        bongsu_protocol::session::handle_client(&mut front.clients.borrow_mut(), &request, out)
    };
    match effect {
        ClientEffect::Close(ids) => close_others(front, call.id, &ids),
        ClientEffect::PauseChanged => front.pause_changed.notify_waiters(),
        // Nobody waits in a blocking command, and there are no keys to track.
        ClientEffect::None | ClientEffect::Unblock(..) | ClientEffect::TrackingChanged => {}
    }
}

/// `ACL`. Loading and saving the file happen on a helper thread.
pub(super) fn handle_acl(call: Call<'_>, out: &mut Writer<'_>) -> Outcome {
    let front = call.front;
    let file = acl_file(front);
    let user = front.clients.borrow().get(call.id).map(|session| session.user.clone()).unwrap_or_default();
    let effect = {
        let mut request = AclRequest {
            argv: call.argv,
            user: &user,
            now_ms: call.now_ms,
            has_acl_file: file.is_some(),
            fill_random: &mut fill_random,
        };
        bongsu_protocol::acl::handle_acl(&mut front.acl.borrow_mut(), &mut request, out)
    };
    match (effect, file) {
        (AclEffect::Load, Some(path)) => return Outcome::Wait(Box::pin(load(Rc::clone(front), call.id, path))),
        (AclEffect::Save, Some(path)) => return Outcome::Wait(Box::pin(save(Rc::clone(front), path))),
        (AclEffect::UserChanged(name), _) => {
            drop_subscribers(front, call.id, &name);
            remember_users(front);
        }
        (AclEffect::UsersRemoved(names), _) => {
            close_users(front, call.id, &names);
            remember_users(front);
        }
        (AclEffect::None | AclEffect::Load | AclEffect::Save, _) => {}
    }
    Outcome::Done
}

fn acl_file(front: &Front) -> Option<PathBuf> {
    let settings = front.shell.settings();
    settings.server.aclfile.as_ref().map(|path| settings.path(path))
}

async fn load(front: Rc<Front>, own: ClientId, path: PathBuf) -> Vec<u8> {
    let place = path.to_string_lossy().into_owned();
    let read = tokio::task::spawn_blocking(move || users::read_file(&path)).await;
    let text = match read.map_err(std::io::Error::other).and_then(|text| text) {
        Ok(text) => text,
        Err(error) => return format!("-ERR Error loading ACLs, opening file '{place}': {error}\r\n").into_bytes(),
    };
    let loaded = front.acl.borrow_mut().load_file(&place, &text);
    match loaded {
        Ok(changed) => {
            close_users(&front, own, &changed);
            b"+OK\r\n".to_vec()
        }
        Err(errors) => format!("-ERR {errors}\r\n").into_bytes(),
    }
}

async fn save(front: Rc<Front>, path: PathBuf) -> Vec<u8> {
    let text = front.acl.borrow().to_file();
    let written = tokio::task::spawn_blocking(move || users::write_file(&path, &text)).await;
    match written.map_err(std::io::Error::other).and_then(|written| written) {
        Ok(()) => b"+OK\r\n".to_vec(),
        Err(error) => {
            front.shell.log().warning(format_args!("The ACL file could not be written: {error}"));
            SAVE_ERROR.to_vec()
        }
    }
}

/// The next save of the configuration holds the users in force, unless they have a file of their own.
fn remember_users(front: &Front) {
    let lines = front.acl.borrow().to_lines();
    let mut settings = front.shell.settings_mut();
    if settings.server.aclfile.is_none() {
        settings.set_user_lines(lines);
    }
}

fn close_users(front: &Front, own: ClientId, users: &[Vec<u8>]) {
    let ids = {
        let mut clients = front.clients.borrow_mut();
        let ids = clients.ids_of_users(users);
        clients.close(ids, Some(own))
    };
    close_others(front, own, &ids);
}

/// Ends connections whose subscriptions their changed user may not keep.
fn drop_subscribers(front: &Front, own: ClientId, name: &[u8]) {
    let ids: Vec<ClientId> = {
        let acl = front.acl.borrow();
        let Some(user) = acl.user(name) else { return };
        let clients = front.clients.borrow();
        let pubsub = front.pubsub.borrow();
        let of_user = clients.iter().filter(|session| session.user == name);
        of_user.filter(|session| !pubsub.may_keep(session.id, user)).map(|session| session.id).collect()
    };
    let ids = front.clients.borrow_mut().close(ids, Some(own));
    close_others(front, own, &ids);
}

/// The asking connection ends by itself, after its reply.
fn close_others(front: &Front, own: ClientId, ids: &[ClientId]) {
    let others: Vec<ClientId> = ids.iter().copied().filter(|id| *id != own).collect();
    front.close_all(&others);
}
