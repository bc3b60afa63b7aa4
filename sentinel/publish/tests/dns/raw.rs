//! DNS by hand: what anybody sees, and changes that somebody else makes.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, TSigner};
use tokio::net::UdpSocket;

use crate::servers::Server;

/// How long to wait for a datagram before it is asked again.
const AGAIN: Duration = Duration::from_millis(50);

pub(crate) fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

async fn exchange(server: SocketAddr, bytes: &[u8], limit: Duration) -> Option<Message> {
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).await.unwrap();
    socket.connect(server).await.unwrap();
    socket.send(bytes).await.ok()?;
    let mut buffer = vec![0; 65_535];
    let received = tokio::time::timeout(limit, socket.recv(&mut buffer)).await;
    match received {
        Ok(Ok(length)) => Message::from_vec(&buffer[..length]).ok(),
        Ok(Err(_)) => {
            // Nobody listens yet.
            tokio::time::sleep(Duration::from_millis(10)).await;
            None
        }
        Err(_) => None,
    }
}

/// One query with RD=1; `None` if nothing came soon.
pub(crate) async fn ask(server: SocketAddr, of: &str, kind: RecordType) -> Option<Message> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name(of), kind));
    exchange(server, &message.to_vec().unwrap(), AGAIN).await
}

/// The data of an RRset; asks until an answer comes.
pub(crate) async fn data(server: SocketAddr, of: &str, kind: RecordType) -> Vec<RData> {
    loop {
        if let Some(answer) = ask(server, of, kind).await {
            return answer.answers.into_iter().map(|record| record.data).collect();
        }
    }
}

/// The same as text, sorted.
pub(crate) async fn texts(server: SocketAddr, of: &str, kind: RecordType) -> Vec<String> {
    let mut texts: Vec<String> = data(server, of, kind).await.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}

/// What somebody does by hand: replaces an RRset by `new`.
pub(crate) async fn edit(server: &Server, of: &str, kind: RecordType, ttl: u32, new: Vec<RData>) {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Update);
    message.add_query(Query::query(name("example.org"), RecordType::SOA));
    let mut delete = Record::update0(name(of), 0, kind);
    delete.dns_class = DNSClass::ANY;
    message.add_authority(delete);
    for data in new {
        message.add_authority(Record::from_rdata(name(of), ttl, data));
    }
    let secret = BASE64.decode(&server.secret).unwrap();
    let signer = TSigner::new(secret, TsigAlgorithm::HmacSha256, name("bongsu"), 300).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    message.finalize(&signer, now).unwrap();
    let answer = exchange(server.address, &message.to_vec().unwrap(), Duration::from_secs(30)).await;
    let code = answer.map(|answer| answer.response_code);
    assert_eq!(code, Some(ResponseCode::NoError), "{}", server.log());
}
