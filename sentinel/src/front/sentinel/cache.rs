//! `SENTINEL INFO-CACHE`.

use std::rc::Rc;
use std::time::Duration;

use bongsu_protocol::resp::Writer;
use bongsu_sentinel_core::LinkId;

use crate::shell::Shell;

type Cached = Option<(Duration, Rc<[u8]>)>;

/// Writes, for every known name, the cached `INFO` of the master and its replicas with their age in milliseconds.
pub(super) fn write_info_cache(shell: &Shell, names: &[&[u8]], out: &mut Writer<'_>) {
    let mut groups: Vec<(String, Vec<Cached>)> = Vec::new();
    for name in names {
        let name = String::from_utf8_lossy(name);
        let links = shell.with_core(|core, now| {
            let master = core.group(now, &name)?.master.instance.link;
            let replicas = core.replicas(now, &name)?;
            Some(std::iter::once(master).chain(replicas.iter().map(|r| r.base.instance.link)).collect::<Vec<LinkId>>())
        });
        if groups.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if let Some(links) = links {
            groups.push((name.into_owned(), links.into_iter().map(|link| shell.info_cache(link)).collect()));
        }
    }
    out.array(groups.len() * 2);
    for (name, nodes) in &groups {
        out.bulk(name);
        out.array(nodes.len());
        for node in nodes {
            write_node(node, out);
        }
    }
}

fn write_node(node: &Cached, out: &mut Writer<'_>) {
    out.array(2);
    match node {
        Some((age, text)) => {
            out.integer(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
            out.bulk(text);
        }
        None => {
            out.integer(0);
            out.null();
        }
    }
}
