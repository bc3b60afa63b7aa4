//! `INFO` and `ROLE`: facts gathered from all sides.

use std::time::SystemTime;

use bongsu_protocol::resp::Writer;
use bongsu_sentinel_core::GroupView;

use super::Front;
use super::info::{Clients, Cpu, MasterLine, Section, SentinelFacts, Server, Text};

/// `INFO [section ...]`: a bulk string in both versions of the protocol.
pub(super) fn write_info(front: &Front, sections: &[&[u8]], out: &mut Writer<'_>) {
    let mut text = Text::default();
    for section in Section::wanted(sections) {
        match section {
            Section::Server => write_server(front, &mut text),
            Section::Clients => clients(front).write(&mut text),
            Section::Stats => write_stats(front, &mut text),
            Section::Cpu => {
                let (process, thread) = Cpu::now();
                Cpu::write(process, thread, &mut text);
            }
            Section::Sentinel => sentinel(front).write(&mut text),
        }
    }
    out.bulk(text.into_string());
}

/// `ROLE`.
pub(super) fn write_role(front: &Front, out: &mut Writer<'_>) {
    let names: Vec<String> = front.shell.with_core(|core, _| core.group_names().map(ToString::to_string).collect());
    out.array(2);
    out.bulk("sentinel");
    out.array(names.len());
    for name in names {
        out.bulk(name);
    }
}

fn write_server(front: &Front, text: &mut Text) {
    let settings = front.shell.settings();
    let server = &settings.server;
    let executable = std::env::current_exe().unwrap_or_default();
    Server {
        run_id: front.run_id.as_str(),
        port: if server.port == 0 { server.tls_port } else { server.port },
        uptime: front.started.elapsed(),
        now: SystemTime::now(),
        executable: &executable.to_string_lossy(),
        config_file: &front.config_file,
        supervised: server.supervised.as_str(),
        listeners: &front.listeners,
    }
    .write(text);
}

fn clients(front: &Front) -> Clients {
    let clients = front.clients.borrow();
    Clients {
        connected: clients.len(),
        maximum: super::clients_max(&front.shell.settings()),
        max_input: clients.iter().map(|session| session.io.query_buffer).max().unwrap_or_default(),
        max_output: clients.iter().map(|session| session.io.reply_list).max().unwrap_or_default(),
        blocked: front.waiting.get(),
        subscribed: front.pubsub.borrow().client_count(),
    }
}

fn write_stats(front: &Front, text: &mut Text) {
    let pubsub = front.pubsub.borrow();
    let mut facts = front.stats.facts(front.second());
    facts.channels = pubsub.channel_count();
    facts.patterns = pubsub.pattern_count();
    facts.write(text);
}

fn sentinel(front: &Front) -> SentinelFacts {
    let shell = &front.shell;
    shell.with_core(|core, now| {
        let tilt = core.tilt();
        let announce_hostnames = core.announce_hostnames();
        SentinelFacts {
            tilt_for: tilt.since.map(|since| now.since(since)),
            total_tilt: tilt.total,
            running_scripts: shell.running_scripts(),
            queued_scripts: shell.queued_scripts(),
            simulated_failures: core.simulated_failures(),
            masters: core.groups(now).iter().map(|group| master_line(group, announce_hostnames)).collect(),
        }
    })
}

fn master_line(group: &GroupView, announce_hostnames: bool) -> MasterLine {
    let master = &group.master.instance;
    MasterLine {
        name: group.name.to_string(),
        sdown: master.sdown,
        odown: group.odown,
        host: master.addr.shown_host(announce_hostnames),
        port: master.addr.port(),
        replicas: group.replica_count,
        other_sentinels: group.peer_count,
    }
}
