//! What every target must do.

use std::time::Duration;

use bongsu_publish::dns::{DnsTarget, Settings};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, RecordType};

use crate::contract;
use crate::given::{settings, target};
use crate::raw;
use crate::servers::{PRIMARY, Server, free_port};

/// Long enough for an answer of a machine that compiles beside the test, short enough to wait for.
const LIMIT: Duration = Duration::from_secs(2);

/// What the issue of a new master may cost on an otherwise idle server.
const PUBLISHED_WITHIN: Duration = Duration::from_millis(200);

async fn keeps_the_contract(server: &Server, program: &str) {
    let all = [("srv", "yes"), ("replicas", "yes")];
    let one = target(server, &all);
    contract::holds_what_was_written(&one, "one").await;
    contract::stale_tokens_lose(&one, "two").await;
    contract::one_of_two_racers_wins(&one, &target(server, &all), "three").await;
    let put = async || {
        raw::edit(server, "four.redis.example.org", RecordType::A, 60, vec![RData::A(A([192, 0, 2, 1].into()))]).await;
    };
    contract::foreign_values_are_told(&one, "four", put).await;
    let hasty = Settings { limit: LIMIT, ..settings(server.address, &server.secret, &all) };
    let freeze = |is_frozen| server.freeze(is_frozen);
    contract::frozen_servers_cost_the_limit(&DnsTarget::new(hasty), LIMIT, "five", freeze).await;
    let median = contract::figure(&one, "six").await;
    println!("{program}: read and update take {median:?} (median of 100)");
    assert!(median < PUBLISHED_WITHIN, "{median:?}");
}

#[tokio::test]
async fn bind_keeps_the_contract() {
    keeps_the_contract(&Server::bind_primary(PRIMARY, free_port(), None).await, "BIND").await;
}

#[tokio::test]
async fn knot_keeps_the_contract() {
    keeps_the_contract(&Server::knot(free_port()).await, "Knot").await;
}
