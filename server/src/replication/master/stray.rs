//! Requests of replicas that ask for an answer. What a replica reads is the stream, so that it must never find one there.

use bongsu_protocol::session::ClientId;

use crate::engine::Engine;

impl Engine {
    /// The client is sent the stream, or will be.
    #[inline]
    pub(crate) fn reads_stream(&self, client: ClientId) -> bool {
        self.master.get(client).is_some()
    }

    /// A replica has asked for something. If it would be given a reply, which begins there, it is given up instead.
    pub(crate) fn reject_stray(&mut self, client: ClientId, before: usize, out: &mut Vec<u8>) -> bool {
        let reply = &out[before..];
        let (Some(session), Some(replica)) = (self.clients.get(client), self.master.get(client)) else { return false };
        if reply.is_empty() {
            return false;
        }
        let (command, name) = (session.last_command.as_deref().unwrap_or("<unknown>"), replica.name());
        if reply.first() == Some(&b'-') {
            let line = reply.split(|byte| *byte == b'\r').next().unwrap_or_default();
            self.log.warning(format_args!(
                "== CRITICAL == This master is sending an error to its replica: '{}' after processing the command '{command}'",
                String::from_utf8_lossy(line)
            ));
        }
        self.log.warning(format_args!("Replica generated a reply to command '{command}', disconnecting it: {name}"));
        self.closing.push(client);
        out.truncate(before);
        true
    }
}
