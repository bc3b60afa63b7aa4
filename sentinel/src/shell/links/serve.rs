//! The task of one connection: establishes it, then moves bytes until it ends.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use bongsu_sentinel_core::{Addr, Channel, Input, LinkFailure, LinkId};
use tokio::task::spawn_local;

use super::conn::Conn;
use super::{Dialect, Link, dial, encode, lost, receive};
use crate::shell::{Shell, options};

/// Begins to establish a connection for a channel of the link.
pub(super) fn open(shell: &Shell, id: LinkId, channel: Channel, link: &Link) -> Rc<Conn> {
    let says_hello = channel == Channel::Command && link.group.is_some() && link.dialect != Dialect::Resp2;
    let conn = Rc::new(Conn::new(id, channel, says_hello));
    let task = spawn_local(run(shell.clone(), Rc::clone(&conn), link.to.clone()));
    conn.set_task(task.abort_handle());
    conn
}

async fn run(shell: Shell, conn: Rc<Conn>, to: Addr) {
    // Boxed, so that the thousands of established connections do not each keep room for what only dialing needs.
    match Box::pin(dial::dial(&shell, &to)).await {
        Ok(stream) => {
            conn.install(stream);
            established(&shell, &conn);
        }
        Err(cause) => return lost(&shell, &conn, cause),
    }
    drop(to);
    let cause = poll_fn(|cx| turn(&shell, &conn, cx)).await;
    lost(&shell, &conn, cause);
}

fn established(shell: &Shell, conn: &Rc<Conn>) {
    let links = &shell.0.links;
    {
        let table = links.table.borrow();
        let Some(link) = table.get(&conn.link) else { return };
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
    if conn.channel == Channel::Command {
        shell.feed(shell.now(), Input::Connected { link: conn.link, channel: Channel::Command });
    }
    shell.settle();
}

fn client_name(shell: &Shell, channel: Channel) -> String {
    let id = shell.0.core.borrow().my_id();
    let short = id.as_str().get(..8).unwrap_or_default();
    match channel {
        Channel::Command => format!("sentinel-{short}-cmd"),
        Channel::PubSub => format!("sentinel-{short}-pubsub"),
    }
}

fn turn(shell: &Shell, conn: &Rc<Conn>, cx: &mut Context<'_>) -> Poll<LinkFailure> {
    if let Err(cause) = conn.poll_write(cx, &mut shell.0.links.spare.borrow_mut()) {
        return Poll::Ready(cause);
    }
    let mut input = shell.0.links.input.borrow_mut();
    loop {
        let got = match conn.poll_read(cx, &mut input) {
            Poll::Ready(Ok(n)) => receive::received(shell, conn, input.get(..n).unwrap_or_default()),
            Poll::Ready(Err(cause)) => Err(cause),
            Poll::Pending => return Poll::Pending,
        };
        if let Err(cause) = got {
            return Poll::Ready(cause);
        }
        if conn.is_shut() {
            return Poll::Ready(LinkFailure::Requested);
        }
    }
}
