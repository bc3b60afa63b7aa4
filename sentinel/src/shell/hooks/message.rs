//! What a hook is told: one JSON object on its standard input, and the same in its environment (docs/hooks.md).

use bongsu_sentinel_core::{Ending, Member, Occasion, Phase, Role, RunId, Trigger};
use serde::Serialize;

use crate::config::HookPhase;

/// Version of the message; it grows with a change that a reader of the old one would not get along with.
const VERSION: u32 = 1;

/// The phase in which hooks run for this occasion.
pub(super) const fn phase_of(phase: &Phase) -> HookPhase {
    match phase {
        Phase::PreFailover => HookPhase::PreFailover,
        Phase::PostPromotion => HookPhase::PostPromotion,
        Phase::PostFailover(_) => HookPhase::PostFailover,
        Phase::RoleChange { .. } => HookPhase::RoleChange,
    }
}

/// The event that a subscriber hears at this moment.
const fn event_of(phase: &Phase) -> &'static str {
    match phase {
        Phase::PreFailover => "+selected-slave",
        Phase::PostPromotion => "+switch-master",
        Phase::PostFailover(_) => "+failover-end",
        Phase::RoleChange { .. } => "+role-change",
    }
}

const fn reason_of(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::MasterDown => "master-down",
        Trigger::Planned => "planned",
        Trigger::Forced => "forced",
    }
}

const fn outcome_of(ending: Ending) -> &'static str {
    match ending {
        Ending::Complete => "complete",
        Ending::TimedOut => "timed-out",
        Ending::Superseded => "superseded",
        Ending::Reset => "reset",
    }
}

const fn role_of(role: Role) -> &'static str {
    match role {
        Role::Master => "master",
        Role::Replica => "replica",
    }
}

/// The message, in the order in which it is written.
#[derive(Serialize)]
pub(super) struct Message<'a> {
    version: u32,
    hook: &'a str,
    event: &'static str,
    phase: &'static str,
    group: &'a str,
    epoch: u64,
    reason: &'static str,
    planned: bool,
    old_master: Node<'a>,
    new_master: Node<'a>,
    replicas: Vec<Node<'a>>,
    lost_bytes: Option<u64>,
    outcome: Option<&'static str>,
    node: Option<Node<'a>>,
    role: Option<&'static str>,
    sentinel: &'a str,
    dry_run: bool,
}

#[derive(Serialize)]
struct Node<'a> {
    host: &'a str,
    ip: Option<String>,
    port: u16,
    run_id: Option<&'a str>,
}

impl<'a> Node<'a> {
    fn of(member: &'a Member) -> Self {
        Self {
            host: member.addr.host(),
            ip: member.addr.ip().map(|ip| ip.to_string()),
            port: member.addr.port(),
            run_id: member.run_id.as_ref().map(RunId::as_str),
        }
    }
}

impl<'a> Message<'a> {
    pub(super) fn new(hook: &'a str, occasion: &'a Occasion, sentinel: &'a RunId, dry_run: bool) -> Self {
        let (node, role) = match &occasion.phase {
            Phase::RoleChange { node, role } => (Some(Node::of(node)), Some(role_of(*role))),
            _ => (None, None),
        };
        let outcome = match occasion.phase {
            Phase::PostFailover(ending) => Some(outcome_of(ending)),
            _ => None,
        };
        Self {
            version: VERSION,
            hook,
            event: event_of(&occasion.phase),
            phase: phase_of(&occasion.phase).as_str(),
            group: occasion.group.as_str(),
            epoch: occasion.epoch.0,
            reason: reason_of(occasion.trigger),
            planned: occasion.trigger == Trigger::Planned,
            old_master: Node::of(&occasion.old),
            new_master: Node::of(&occasion.new),
            replicas: occasion.replicas.iter().map(Node::of).collect(),
            lost_bytes: occasion.lost_bytes,
            outcome,
            node,
            role,
            sentinel: sentinel.as_str(),
            dry_run,
        }
    }

    /// The object, on one line.
    pub(super) fn json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// The variables. What is not known is empty.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let flag = |yes: bool| if yes { "1" } else { "0" }.to_owned();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let old =
            ["BONGSU_OLD_MASTER_HOST", "BONGSU_OLD_MASTER_IP", "BONGSU_OLD_MASTER_PORT", "BONGSU_OLD_MASTER_RUN_ID"];
        let new =
            ["BONGSU_NEW_MASTER_HOST", "BONGSU_NEW_MASTER_IP", "BONGSU_NEW_MASTER_PORT", "BONGSU_NEW_MASTER_RUN_ID"];
        let own = ["BONGSU_NODE_HOST", "BONGSU_NODE_IP", "BONGSU_NODE_PORT", "BONGSU_NODE_RUN_ID"];
        let replicas = self.replicas.iter().map(|node| format!("{} {}", node.host, node.port));
        let mut variables = vec![
            ("BONGSU_HOOK", self.hook.to_owned()),
            ("BONGSU_EVENT", self.event.to_owned()),
            ("BONGSU_PHASE", self.phase.to_owned()),
            ("BONGSU_GROUP", self.group.to_owned()),
            ("BONGSU_EPOCH", self.epoch.to_string()),
            ("BONGSU_REASON", self.reason.to_owned()),
            ("BONGSU_PLANNED", flag(self.planned)),
            ("BONGSU_REPLICAS", replicas.collect::<Vec<_>>().join("\n")),
            ("BONGSU_LOST_BYTES", self.lost_bytes.map(|bytes| bytes.to_string()).unwrap_or_default()),
            ("BONGSU_OUTCOME", text(self.outcome)),
            ("BONGSU_ROLE", text(self.role)),
            ("BONGSU_SENTINEL", self.sentinel.to_owned()),
            ("BONGSU_DRY_RUN", flag(self.dry_run)),
        ];
        for (names, node) in [(old, Some(&self.old_master)), (new, Some(&self.new_master)), (own, self.node.as_ref())] {
            variables.extend(std::iter::zip(names, Node::words(node)));
        }
        variables
    }
}

impl Node<'_> {
    fn words(node: Option<&Self>) -> [String; 4] {
        let Some(node) = node else { return Default::default() };
        let ip = node.ip.clone().unwrap_or_default();
        [node.host.to_owned(), ip, node.port.to_string(), node.run_id.unwrap_or_default().to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sentinel_core::{Addr, Epoch, GroupName};

    use super::*;

    #[test]
    fn the_message_is_what_the_documentation_says() {
        let node = |host: &str| Member {
            addr: Addr::new(host, 6379).expect("address"),
            run_id: RunId::parse(&"a".repeat(40)),
            is_sdown: false,
        };
        let phase = Phase::RoleChange { node: node("10.0.0.2"), role: Role::Master };
        let occasion = Occasion {
            group: GroupName::parse("m").expect("name"),
            epoch: Epoch(7),
            phase,
            trigger: Trigger::MasterDown,
            old: Member { run_id: None, ..node("10.0.0.1") },
            new: node("10.0.0.2"),
            replicas: vec![node("db3")],
            lost_bytes: None,
        };
        let sentinel = RunId::parse(&"b".repeat(40)).expect("id");
        let message = Message::new("h", &occasion, &sentinel, true);
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let new = format!(r#"{{"host":"10.0.0.2","ip":"10.0.0.2","port":6379,"run_id":"{a}"}}"#);
        let expected = [
            r#"{"version":1,"hook":"h","event":"+role-change","phase":"role-change","group":"m","epoch":7,"#,
            r#""reason":"master-down","planned":false,"#,
            r#""old_master":{"host":"10.0.0.1","ip":"10.0.0.1","port":6379,"run_id":null},"#,
            &format!(r#""new_master":{new},"#),
            &format!(r#""replicas":[{{"host":"db3","ip":null,"port":6379,"run_id":"{a}"}}],"#),
            &format!(
                r#""lost_bytes":null,"outcome":null,"node":{new},"role":"master","sentinel":"{b}","dry_run":true}}"#
            ),
            "\n",
        ];
        assert_eq!(String::from_utf8_lossy(&message.json()), expected.concat());
        let variables = message.variables();
        let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(value("BONGSU_OLD_MASTER_HOST"), Some("10.0.0.1"));
        assert_eq!((value("BONGSU_NODE_IP"), value("BONGSU_ROLE")), (Some("10.0.0.2"), Some("master")));
        assert_eq!((value("BONGSU_LOST_BYTES"), value("BONGSU_DRY_RUN")), (Some(""), Some("1")));
        assert_eq!(value("BONGSU_REPLICAS"), Some("db3 6379"));
    }
}
