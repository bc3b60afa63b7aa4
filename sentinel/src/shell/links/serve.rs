//! The beginning of one connection: a task that establishes it and hands it to the pump.

use std::rc::Rc;

use bongsu_sentinel_core::{Addr, Channel, Input, LinkFailure, LinkId};
use tokio::task::spawn_local;

use super::conn::Conn;
use super::failure::of_io;
use super::stream::Stream;
use super::{Dialect, Link, dial, encode, lost};
use crate::shell::{Shell, options};

/// Begins to establish a connection for a channel of the link.
pub(super) fn open(shell: &Shell, id: LinkId, channel: Channel, link: &Link) -> Rc<Conn> {
    let says_hello = channel == Channel::Command && link.group.is_some() && link.dialect != Dialect::Resp2;
    let conn = Rc::new(Conn::new(id, channel, says_hello));
    let task = spawn_local(run(shell.clone(), Rc::clone(&conn), link.to.clone(), link.unreachable));
    conn.set_task(task.abort_handle());
    conn
}

async fn run(shell: Shell, conn: Rc<Conn>, to: Addr, unreachable: bool) {
    match dial::dial(&shell, &to, unreachable).await.and_then(|stream| install(&shell, &conn, stream)) {
        Ok(()) => established(&shell, &conn),
        Err(cause) => lost(&shell, &conn, cause),
    }
    shell.settle();
}

fn install(shell: &Shell, conn: &Rc<Conn>, stream: Stream) -> Result<(), LinkFailure> {
    let slot = shell.0.links.pump.add(conn, &stream).map_err(|error| of_io(&error))?;
    conn.install(stream, slot);
    Ok(())
}

fn established(shell: &Shell, conn: &Rc<Conn>) {
    let links = &shell.0.links;
    {
        let mut table = links.table.borrow_mut();
        let Some(link) = table.get_mut(conn.link) else { return };
        link.unreachable = false;
        let settings = shell.settings();
        let handshake = encode::Handshake {
            words: encode::Words::new(&settings, link.group.as_ref()),
            credentials: match &link.group {
                Some(group) => options::group_credentials(&settings, group.as_str()),
                None => options::peer_credentials(&settings),
            },
            name: client_name(shell, conn.channel),
            hello: conn.says_hello(),
            subscribe: conn.channel == Channel::PubSub,
        };
        links.write(conn, |out, expect| encode::handshake(out, expect, &handshake));
    }
    // A subscription is there once it is confirmed.
    if conn.channel != Channel::PubSub {
        shell.feed(shell.now(), Input::Connected { link: conn.link, channel: conn.channel });
    }
}

fn client_name(shell: &Shell, channel: Channel) -> String {
    let id = shell.0.core.borrow().my_id();
    let short = id.as_str().get(..8).unwrap_or_default();
    match channel {
        Channel::Command => format!("sentinel-{short}-cmd"),
        Channel::PubSub => format!("sentinel-{short}-pubsub"),
        Channel::Write => format!("sentinel-{short}-write"),
    }
}
