//! What an operator should think about before starting: nothing here is an error.

use std::time::Duration;

use bongsu_sentinel_core::GroupSpec;

use super::load::Loaded;

/// Shorter limits take a garbage collection, a slow fork or a routing change for a death.
const DOWN_AFTER_SMALL: Duration = Duration::from_millis(500);

/// Doubts about a configuration, one sentence each.
pub fn advice(loaded: &Loaded) -> Vec<String> {
    let mut doubts: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    if loaded.setup.groups.is_empty() {
        doubts.push("no group is watched; add one with `sentinel monitor` or SENTINEL MONITOR".to_owned());
    }
    for group in &loaded.setup.groups {
        let about = of_quorum(group).into_iter().chain(of_timing(group)).chain(of_address(group));
        doubts.extend(about.map(|doubt| format!("group {}: {doubt}", group.name)));
    }
    doubts
}

fn of_quorum(group: &GroupSpec) -> Vec<String> {
    let mut doubts = Vec::new();
    let quorum = group.options.quorum.get();
    if quorum == 1 {
        doubts.push("quorum 1 lets one sentinel alone declare the master down".to_owned());
    }
    let known = group.peers.len() + 1;
    if known == 1 {
        // Not met yet: nothing can be said about the deployment.
        return doubts;
    }
    let majority = known / 2 + 1;
    let quorum = usize::try_from(quorum).unwrap_or(usize::MAX);
    if quorum > known {
        doubts.push(format!("quorum {quorum} is more than the {known} sentinels known: no failover can ever start"));
    } else if quorum < majority && quorum > 1 {
        doubts.push(format!(
            "quorum {quorum} is below the majority of {known} sentinels ({majority}): the master can be declared down \
             where no failover can be authorised"
        ));
    }
    if known.is_multiple_of(2) {
        doubts.push(format!("{known} sentinels survive no more failures than {} would; use an odd number", known - 1));
    }
    doubts
}

fn of_timing(group: &GroupSpec) -> Vec<String> {
    let options = &group.options;
    let down_after = options.down_after.as_millis();
    let mut doubts = Vec::new();
    if options.down_after < DOWN_AFTER_SMALL {
        doubts.push(format!(
            "down-after-milliseconds {down_after} is very short: any pause of the master or the network starts a failover"
        ));
    }
    if options.failover_timeout < options.down_after {
        doubts.push(format!(
            "failover-timeout {} is shorter than down-after-milliseconds {down_after}",
            options.failover_timeout.as_millis()
        ));
    }
    if options.process_death_after.is_some_and(|after| after >= options.down_after) {
        doubts.push(
            "process-death-after-milliseconds has no effect unless shorter than down-after-milliseconds".to_owned(),
        );
    }
    if options.parallel_syncs == 0 {
        doubts.push("parallel-syncs 0 lets no replica follow a new master until failover-timeout ends".to_owned());
    }
    doubts
}

fn of_address(group: &GroupSpec) -> Option<String> {
    let is_local = |addr: &bongsu_sentinel_core::Addr| addr.ip().is_some_and(|ip| ip.is_loopback());
    let others_remote = group.peers.iter().any(|(_, addr)| !is_local(addr));
    (is_local(&group.master) && others_remote).then(|| {
        format!(
            "{} is a loopback address, but there are sentinels on other hosts: clients are told this address",
            group.master
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{Launch, inspect};

    #[track_caller]
    fn check(lines: &str, expected: &[&str]) {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("sentinel.conf");
        fs::write(&path, lines).expect("written");
        let doubts = advice(&inspect(&Launch::with_file(path)).expect("loads"));
        assert_eq!(doubts.len(), expected.len(), "{doubts:?}");
        for (doubt, part) in doubts.iter().zip(expected) {
            assert!(doubt.contains(part), "{doubt} / {part}");
        }
    }

    fn peers(n: usize) -> String {
        let line = |i: usize| format!("sentinel known-sentinel m 10.0.0.{i} 26379 {}\n", i.to_string().repeat(40));
        (1..=n).map(line).collect()
    }

    #[test]
    fn doubts() {
        let monitor = |quorum: u32| format!("sentinel monitor m 10.0.0.9 6379 {quorum}\n");
        check("port 1\n", &["no group is watched"]);
        check(&monitor(2), &[]);
        check(&format!("{}{}", monitor(2), peers(2)), &[]);
        check(&monitor(1), &["quorum 1"]);
        check(&format!("{}{}", monitor(4), peers(2)), &["more than the 3 sentinels"]);
        check(&format!("{}{}", monitor(2), peers(4)), &["below the majority of 5"]);
        check(&format!("{}{}", monitor(3), peers(3)), &["4 sentinels survive no more"]);
        check(&format!("{}sentinel down-after-milliseconds m 100\n", monitor(2)), &["very short"]);
        check(&format!("{}sentinel failover-timeout m 1000\n", monitor(2)), &["shorter than down-after"]);
        check(&format!("{}sentinel parallel-syncs m 0\n", monitor(2)), &["parallel-syncs 0"]);
        check(&format!("{}sentinel process-death-after-milliseconds m 30000\n", monitor(2)), &["no effect"]);
        let target = "publish store type etcd\npublish store endpoints http://127.0.0.1:2379\n";
        check(&format!("{}{target}publish store groups m other\n", monitor(2)), &["publish store: no group other"]);
        let local = format!("sentinel monitor m 127.0.0.1 6379 2\n{}", peers(2));
        check(&local, &["loopback"]);
    }
}
