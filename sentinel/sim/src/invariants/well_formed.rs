//! What a core sends makes sense on the wire: messages parse, numbers are used once, limits are kept.

use std::collections::BTreeMap;

use bongsu_sentinel_core::{Addr, Event, Hello, HelloOut, Request, RequestId};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct WellFormed {
    last_request: BTreeMap<Pid, RequestId>,
}

impl Invariant for WellFormed {
    fn name(&self) -> &'static str {
        "well-formed"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::SentinelStarted { pid } => {
                self.last_request.remove(pid);
                Ok(())
            }
            Fact::Asked { by, to, id, request } if world.core_node(*by).is_some() => {
                let last = self.last_request.insert(*by, *id);
                if last.is_some_and(|l| l >= *id) {
                    return Err(format!("{} uses request id {id:?} after {last:?}", world.label(*by)));
                }
                check_request(world, *by, *to, request)
            }
            Fact::Published { event, .. } => check_event(event),
            _ => Ok(()),
        }
    }
}

fn check_request(world: &World, by: Pid, to: Option<Pid>, request: &Request) -> Result<(), String> {
    let to_data = to.is_some_and(|p| world.is_data(p));
    let fits = match request {
        Request::Ping | Request::Hello(_) => true,
        Request::AskDown { .. } => !to_data,
        Request::Info
        | Request::Reconfigure { .. }
        | Request::PauseWrites { .. }
        | Request::Unpause
        | Request::CutClients
        | Request::Follow { .. }
        | Request::CheckWrites { .. }
        | Request::ScriptKill => to_data,
    };
    if !fits {
        return Err(format!("{request:?} goes to {}", to.map_or_else(String::new, |p| world.label(p))));
    }
    match request {
        Request::Hello(out) => check_hello(world, by, out),
        Request::AskDown { addr, .. } if addr.port() == 0 => Err(format!("asks about {addr}")),
        Request::AskDown { epoch, candidate: Some(_), .. } if epoch.0 == 0 => Err("a candidacy in epoch 0".into()),
        Request::Reconfigure { to: Some(addr), .. } if world.find(addr).is_none() => {
            Err(format!("points a node at {addr}, which is nobody"))
        }
        Request::Reconfigure { to: Some(addr), .. } if to.is_some_and(|p| !is_sibling(world, p, addr)) => {
            Err(format!("points {} at {addr}", to.map_or_else(String::new, |p| world.label(p))))
        }
        _ => Ok(()),
    }
}

/// True if the address belongs to another node of the same group.
fn is_sibling(world: &World, node: Pid, addr: &Addr) -> bool {
    world.find(addr).is_some_and(|other| other != node && world.data(other).group == world.data(node).group)
}

fn check_hello(world: &World, by: Pid, out: &HelloOut) -> Result<(), String> {
    let Some(hello) = world.hello_of(by, out) else { return Ok(()) };
    let text = hello.to_string();
    match Hello::parse(&text) {
        Ok(back) if back == hello => Ok(()),
        Ok(back) => Err(format!("hello {text} reads back as {back}")),
        Err(error) => Err(format!("hello {text}: {error}")),
    }
}

fn check_event(event: &Event) -> Result<(), String> {
    let payload = event.payload();
    if payload.len() > Event::MAX_PAYLOAD || payload.contains(['\r', '\n']) {
        return Err(format!("event {} with payload {payload:?}", event.name));
    }
    Ok(())
}
