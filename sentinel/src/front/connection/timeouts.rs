//! When a connection is closed for doing nothing, or for not reading.

use bongsu_protocol::session::{ClientId, ClientType};
use tokio::time::Instant;

use super::Outbox;
use crate::front::Front;

/// The earlier of both deadlines, if there is one. Subscribers and clients that wait for us are never idle.
pub(super) fn deadline(
    front: &Front,
    id: ClientId,
    outbox: &Outbox,
    last_activity: Instant,
    waits: bool,
) -> Option<Instant> {
    let settings = front.shell.settings();
    let is_subscriber =
        front.clients.borrow().get(id).is_some_and(|session| session.client_type() == ClientType::PubSub);
    let limits = &settings.server.client_output_buffer_limit;
    let slow = outbox.soft_deadline(if is_subscriber { &limits.pubsub } else { &limits.normal });
    let timeout = settings.server.timeout;
    let idle = (!timeout.is_zero() && !is_subscriber && !waits).then(|| last_activity + timeout);
    slow.into_iter().chain(idle).min()
}
