//! HTTP checks beside a node, for load balancers and orchestrators, with the conventions of Patroni: 200 for yes, 503 for no.
//!
//! The node and the sentinels are asked in the background, so that a check costs the node nothing and is answered at once.
//! What was heard too long ago does not count. A node is the primary only while a majority of all sentinels names it under
//! the newest epoch that any of them has told, so that an old master that is cut off stops being one: its sentinels'
//! answers count for at most three quarters of the time after which they may replace it.

mod agent_check;
mod http;
mod judge;
mod lag;
mod question;
mod state;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bongsu_process::log::Log;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::Endpoint;
use crate::survey::{GroupRequest, Reach};
pub use question::{Limits, Question, QuestionError};
use state::{Pace, State};
use watch::Shared;

/// What is served, and how.
pub struct Options {
    /// The node.
    pub node: Endpoint,
    /// The address under which sentinels know the node, if another. Where the sentinels have learnt the node's run id, they
    /// are understood without it.
    pub announced: Option<Endpoint>,
    /// The node's group, with some or all of its sentinels; without it, the node's own word is taken for its role.
    pub group: Option<GroupRequest>,
    /// How nodes and sentinels are reached.
    pub reach: Reach,
    /// Time between two questions to each.
    pub interval: Duration,
    /// Longest age of an answer that counts.
    pub fresh: Duration,
    /// Where HTTP is served.
    pub http: SocketAddr,
    /// Where HAProxy's agent check is served, and what is answered there unless something else is asked.
    pub agent: Option<(SocketAddr, Question)>,
    /// While this file exists, the node is taken out.
    pub maintenance_file: Option<PathBuf>,
    /// Where each request is told, if anywhere. Whether anybody reads that decides no check.
    pub access_log: Option<Log>,
}

/// Why nothing is served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Serves until `stop` is ready.
pub async fn serve(options: Options, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
    let listen =
        async |address| TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source });
    let http = listen(options.http).await?;
    let agent = match options.agent {
        Some((address, question)) => Some((listen(address).await?, question)),
        None => None,
    };
    let (group, sentinels) = options.group.map(|group| (group.name, group.sentinels)).unzip();
    let sentinels = sentinels.unwrap_or_default();
    let pace = Pace { interval: options.interval, fresh: options.fresh };
    let state = State::new(options.node, options.announced, &sentinels, pace, Instant::now());
    let shared = Arc::new(Shared::new(state, group, options.reach, options.maintenance_file));
    watch::start(&shared, &sentinels);
    if let Some((listener, question)) = agent {
        tokio::spawn(agent_check::accept(listener, Arc::clone(&shared), question));
    }
    tokio::select! {
        () = http::accept(http, shared, options.access_log) => {}
        () = stop => {}
    }
    Ok(())
}
