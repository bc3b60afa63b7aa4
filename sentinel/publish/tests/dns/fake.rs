//! A name server that does what a test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{Record, TSigResponseContext, TSigner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::raw;

/// The secret of the key `bongsu`.
pub(crate) const SECRET: [u8; 32] = [9; 32];

pub(crate) fn secret() -> String {
    STANDARD.encode(SECRET)
}

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Udp,
    Tcp,
}

type Script = Arc<Mutex<dyn FnMut(&Message, Via) -> Option<Vec<u8>> + Send>>;

/// Listens on UDP and TCP until the runtime ends. What `script` returns is sent back; `None` is silence.
pub(crate) async fn start(script: impl FnMut(&Message, Via) -> Option<Vec<u8>> + Send + 'static) -> SocketAddr {
    let script: Script = Arc::new(Mutex::new(script));
    let listener = TcpListener::bind(("127.0.0.1", crate::servers::free_port())).await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).await.unwrap();
    let over_udp = Arc::clone(&script);
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_535];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let message = Message::from_vec(&buffer[..length]).unwrap();
            let answer = (*over_udp.lock().unwrap())(&message, Via::Udp);
            if let Some(answer) = answer {
                socket.send_to(&answer, from).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, Arc::clone(&script)));
        }
    });
    address
}

async fn serve(mut stream: TcpStream, script: Script) {
    while let Ok(length) = stream.read_u16().await {
        let mut message = vec![0; length.into()];
        stream.read_exact(&mut message).await.unwrap();
        let answer = (*script.lock().unwrap())(&Message::from_vec(&message).unwrap(), Via::Tcp);
        if let Some(answer) = answer {
            let length = u16::try_from(answer.len()).unwrap();
            let _gone = stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat()).await;
        }
    }
}

/// An authoritative answer without a signature.
pub(crate) fn unsigned(request: &Message, code: ResponseCode, answers: Vec<Record>) -> Message {
    let mut answer = Message::new(request.id, MessageType::Response, request.op_code);
    answer.metadata.authoritative = true;
    answer.metadata.response_code = code;
    answer.queries.clone_from(&request.queries);
    answer.answers = answers;
    answer
}

/// Signs an answer with the key.
pub(crate) fn signed(request: &Message, mut answer: Message) -> Vec<u8> {
    let signer = TSigner::new(SECRET.to_vec(), TsigAlgorithm::HmacSha256, raw::name("bongsu"), 300).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mac = request.signature().unwrap().data.mac.clone();
    let context = TSigResponseContext::new(request.id, now, signer, mac, None);
    answer.set_signature(context.sign(&answer.to_vec().unwrap()).unwrap());
    answer.to_vec().unwrap()
}
