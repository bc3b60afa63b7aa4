//! Requests that wait for keys on their way to another server, and the end of that way.

use bongsu_protocol::command::{CommandFlags, CommandId};
use bongsu_protocol::resp::{Protocol, Writer};
use bongsu_protocol::session::ClientId;
use bongsu_store::call::{Call, Caller};

use super::Engine;
use crate::config::Directive;

/// Commands that name a key of the selected database and mean one of another database as well.
const REACH_OTHER_DATABASES: [&str; 2] = ["copy", "move"];

impl Engine {
    /// The request has to wait for keys that are on their way.
    pub(super) fn is_barred(&self, client: ClientId, id: CommandId, argv: &[&[u8]]) -> bool {
        let Some(session) = self.clients.get(client).filter(|_| self.migrations.bar_anybody()) else { return false };
        let mut db = Some(session.db as usize);
        if self.table.get(id).is_none_or(|command| command.spec.name != "exec") {
            return session.queued.is_none() && self.touches_barred(db, id, argv);
        }
        let planned = self.transactions.get(&client).map_or(&[][..], |planned| &planned.requests);
        planned.iter().any(|(id, argv)| {
            let argv: Vec<&[u8]> = argv.iter().map(Vec::as_slice).collect();
            // Where it goes on from there is not looked at.
            db = db.filter(|_| self.table.get(*id).is_some_and(|command| command.spec.name != "select"));
            self.touches_barred(db, *id, &argv)
        })
    }

    /// `db` is the database of the keys, if it is known.
    fn touches_barred(&self, db: Option<usize>, id: CommandId, argv: &[&[u8]]) -> bool {
        let Some(spec) = self.table.get(id).map(|command| command.spec) else { return false };
        let keys = spec.keys_of(argv).unwrap_or_default();
        let writes = spec.flags.contains(CommandFlags::WRITE);
        let is_unclear = keys.is_empty() || spec.hides_keys() || REACH_OTHER_DATABASES.contains(&spec.name);
        match db {
            _ if writes && is_unclear => true,
            None => !keys.is_empty(),
            Some(db) => keys.iter().filter_map(|key| argv.get(key.position)).any(|key| self.migrations.bars(db, key)),
        }
    }

    /// Another server has keys now, so they go here. `by` is the client that wanted it, which may have gone itself.
    pub(crate) fn remove_handed_over(&mut self, by: ClientId, db: usize, keys: &[Vec<u8>]) {
        let mut reply = Vec::new();
        self.effects.clear();
        let caller = Caller {
            may_wait: false,
            no_touch: true,
            is_master: false,
            is_script: false,
            reads_all_keys: true,
            reply_bytes_max: usize::MAX,
        };
        let writer = Writer::new(&mut reply, Protocol::Resp2);
        let (shard, effects) = (&mut self.shard, &mut self.effects);
        let mut call = Call { shard, db, argv: &[], first_hash: None, reply: writer, effects, caller };
        let mut told: Vec<&[u8]> = vec![b"DEL"];
        for key in keys {
            if let Some(found) = call.find_in(db, key) {
                call.delete(found, key);
                told.push(key);
            }
        }
        if self.feed.is_wanted {
            let lazily = self.config.is_on(Directive::LazyfreeLazyExpire);
            self.feed.effects(db, &told, &self.effects, lazily);
        }
        self.settle(Some(by));
        self.end_unit();
        if let Some(session) = self.clients.get_mut(by) {
            session.written_to = self.history.offset;
        }
    }
}
