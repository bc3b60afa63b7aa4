//! Clients that ask all the time while the master moves.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::RecordType;

use crate::given::{NAME, publish, record, target};
use crate::raw;
use crate::servers::{PRIMARY, Server, free_port};

const MOVES: u64 = 50;

/// Asks as fast as it can until `is_over`; all answers, each as its addresses.
fn poll(server: SocketAddr, is_over: &AtomicBool) -> Vec<Vec<String>> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    socket.connect(server).unwrap();
    let mut message = Message::query();
    message.add_query(Query::query(raw::name(NAME), RecordType::A));
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !is_over.load(Ordering::Relaxed) {
        message.metadata.id = message.metadata.id.wrapping_add(1);
        socket.send(&message.to_vec().unwrap()).unwrap();
        while let Ok(length) = socket.recv(&mut buffer) {
            let answer = Message::from_vec(&buffer[..length]).unwrap();
            if answer.id == message.metadata.id {
                seen.push(answer.answers.iter().map(|record| record.data.to_string()).collect());
                break;
            }
        }
    }
    seen
}

async fn nobody_sees_no_address_or_two(server: &Server) {
    let target = target(server, &[("srv", "yes"), ("replicas", "yes")]);
    publish(&target, &record(1, "10.0.1.1")).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let (address, told) = (server.address, Arc::clone(&is_over));
    let client = thread::spawn(move || poll(address, &told));
    for epoch in 2..=MOVES + 1 {
        publish(&target, &record(epoch, &format!("10.0.1.{epoch}"))).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let seen = client.join().unwrap();
    let wrong = seen.iter().find(|addresses| addresses.len() != 1);
    assert_eq!(wrong, None, "among {} answers", seen.len());
    let mut masters: Vec<u64> = seen.iter().map(|one| one[0].rsplit('.').next().unwrap().parse().unwrap()).collect();
    assert!(masters.is_sorted(), "it went back: {masters:?}");
    masters.dedup();
    assert!(masters.len() > 10, "asked too seldom to see anything: {masters:?}");
}

#[tokio::test]
async fn of_bind() {
    nobody_sees_no_address_or_two(&Server::bind_primary(PRIMARY, free_port(), None).await).await;
}

#[tokio::test]
async fn of_knot() {
    nobody_sees_no_address_or_two(&Server::knot(free_port()).await).await;
}
