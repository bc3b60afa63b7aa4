//! The group of the demo: a master, replicas, and the sentinels that watch them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bongsu_healthcheck::{Access, Endpoint, connect};
use redis::cmd;
use tokio::time::{Instant, sleep};

use super::DemoArgs;
use super::processes::{Processes, free_ports};
use crate::client::SentinelClient;
use crate::table::Table;

/// What the group is called.
pub(super) const NAME: &str = "mymaster";

/// Everything must be up and known to everybody by then.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How often a state that is waited for is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_millis(500);

pub(super) struct Group {
    processes: Processes,
    nodes: Vec<u16>,
    sentinels: Vec<u16>,
}

impl Group {
    /// Starts all processes and waits until every sentinel knows every node and every other sentinel.
    pub(super) async fn start(args: &DemoArgs) -> Result<Self> {
        let count = usize::from(args.replicas) + 1;
        let mut ports = free_ports(count + usize::from(args.sentinels))?;
        let sentinels = ports.split_off(count);
        let mut group = Self { processes: Processes::new()?, nodes: ports, sentinels };
        group.start_nodes(args.server.as_deref())?;
        group.await_state("the replicas to follow", async |g| g.all_follow().await).await?;
        group.start_sentinels(args)?;
        group.await_state("the sentinels to know everybody", async |g| g.all_known().await).await?;
        Ok(group)
    }

    /// `server` takes the place of our own.
    fn start_nodes(&mut self, server: Option<&Path>) -> Result<()> {
        let (program, leading): (PathBuf, &[&str]) = match server {
            Some(server) => (server.to_owned(), &[]),
            None => (this_program()?, &["server"]),
        };
        let master = self.nodes.first().copied().unwrap_or_default();
        for port in self.nodes.clone() {
            let mut conf = format!(
                "port {port}\nbind 127.0.0.1\nsave \"\"\nappendonly no\nrepl-diskless-sync yes\nrepl-diskless-sync-delay 0\n"
            );
            if port != master {
                // Writing to a string cannot fail.
                let _ = writeln!(conf, "replicaof 127.0.0.1 {master}");
            }
            self.processes.start(&node_name(port), &program, leading, &conf)?;
        }
        Ok(())
    }

    fn start_sentinels(&mut self, args: &DemoArgs) -> Result<()> {
        let program = this_program()?;
        let master = self.nodes.first().copied().unwrap_or_default();
        let quorum = self.sentinels.len() / 2 + 1;
        for port in self.sentinels.clone() {
            let mut conf = format!(
                "port {port}\nbind 127.0.0.1\nsentinel monitor {NAME} 127.0.0.1 {master} {quorum}\n\
                 sentinel down-after-milliseconds {NAME} {}\nsentinel failover-timeout {NAME} 10000\n",
                args.down_after.as_millis()
            );
            if let Some(limit) = args.process_death_after {
                let _ = writeln!(conf, "sentinel process-death-after-milliseconds {NAME} {}", limit.as_millis());
            }
            self.processes.start(&format!("sentinel-{port}"), &program, &["sentinel"], &conf)?;
        }
        Ok(())
    }

    async fn await_state(&mut self, what: &str, reached: impl AsyncFn(&Self) -> Result<bool>) -> Result<()> {
        let limit = Instant::now() + START_LIMIT;
        while !reached(self).await.unwrap_or(false) {
            self.processes.check()?;
            if Instant::now() > limit {
                bail!("waited {} s for {what}", START_LIMIT.as_secs());
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    async fn all_follow(&self) -> Result<bool> {
        for port in self.nodes.iter().skip(1) {
            let mut node = connect(&endpoint(*port), &Access::default(), ANSWER).await?;
            let info: String = cmd("INFO").arg("replication").query_async(&mut node).await?;
            if !info.contains("master_link_status:up") {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn all_known(&self) -> Result<bool> {
        for port in &self.sentinels {
            let mut sentinel = SentinelClient::connect(&endpoint(*port), &Access::default(), ANSWER).await?;
            let master = sentinel.master(NAME).await?;
            let number = |field: &str| master.get(field).and_then(|n| n.parse().ok()).unwrap_or(0usize);
            let healthy = master.get("flags").is_some_and(|f| f == "master");
            let replicas = sentinel.replicas(NAME).await?;
            let linked = replicas.iter().all(|r| r.get("master-link-status").is_some_and(|s| s == "ok"));
            if number("num-other-sentinels") + 1 != self.sentinels.len()
                || number("num-slaves") + 1 != self.nodes.len()
                || !healthy
                || !linked
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The members as a table.
    pub(super) async fn topology(&self) -> Result<String> {
        let mut table = Table::new(&["ADDRESS", "WHAT", "STATE"]);
        let mut sentinel = SentinelClient::connect(&self.sentinel(0), &Access::default(), ANSWER).await?;
        table.row([self.master().to_string(), "master".into(), "ok".into()]);
        for replica in sentinel.replicas(NAME).await? {
            let state = replica.get("master-link-status").cloned().unwrap_or_default();
            table.row([replica.get("name").cloned().unwrap_or_default(), "replica".into(), format!("link {state}")]);
        }
        for port in &self.sentinels {
            table.row([endpoint(*port).to_string(), "sentinel".into(), "ok".into()]);
        }
        Ok(table.render())
    }

    pub(super) fn master(&self) -> Endpoint {
        endpoint(self.nodes.first().copied().unwrap_or_default())
    }

    pub(super) fn sentinels(&self) -> Vec<Endpoint> {
        self.sentinels.iter().map(|port| endpoint(*port)).collect()
    }

    fn sentinel(&self, index: usize) -> Endpoint {
        endpoint(self.sentinels.get(index).copied().unwrap_or_default())
    }

    pub(super) fn kill_master(&mut self) -> Result<()> {
        self.processes.kill(&node_name(self.nodes.first().copied().unwrap_or_default()))
    }

    /// True if the node that the sentinels name takes a write.
    pub(super) async fn is_writable(&self) -> bool {
        self.try_write().await.unwrap_or(false)
    }

    async fn try_write(&self) -> Result<bool> {
        let mut sentinel = SentinelClient::connect(&self.sentinel(0), &Access::default(), ANSWER).await?;
        let Some(address) = sentinel.address(NAME).await?.filter(|a| *a != self.master()) else { return Ok(false) };
        let mut node = connect(&address, &Access::default(), ANSWER).await?;
        let answer: String = cmd("SET").arg("demo").arg("written after the failover").query_async(&mut node).await?;
        Ok(answer == "OK")
    }

    /// How to go on by hand.
    pub(super) fn invitation(&self) -> String {
        let port = self.sentinels.first().copied().unwrap_or_default();
        format!(
            "Everything else is still running; Ctrl-C ends it. Try, in another terminal:\n  \
             bongsu status --sentinel 127.0.0.1:{port}\n  \
             bongsu switchover {NAME} --sentinel 127.0.0.1:{port}\n  \
             redis-cli -p {port} sentinel get-master-addr-by-name {NAME}\n\
             Logs and configurations: {}",
            self.processes.dir().display()
        )
    }
}

fn this_program() -> Result<PathBuf> {
    std::env::current_exe().context("this program does not know its own file")
}

fn node_name(port: u16) -> String {
    format!("node-{port}")
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint::new("127.0.0.1", port)
}
