//! HAProxy's agent check: a line of text per connection (HAProxy's configuration manual, `agent-check`).
//!
//! The line's words are `ready`, `drain` or `maint` for what an operator would set, `up` or `down` for the state, and a
//! percentage for the weight. Whoever connects may first send a question (`agent-send`), otherwise a default one is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::judge::{Judgement, Reason, judge};
use super::question::{Limits, Question};
use super::state::State;
use super::watch::Shared;

/// Connections at a time; more wait.
const CONNECTIONS_MAX: usize = 256;
/// Time for a question to arrive. Many send none, and wait.
const QUESTION_TIMEOUT: Duration = Duration::from_millis(50);
/// Longest question.
const QUESTION_BYTES_MAX: u64 = 256;
/// Longest life of a connection.
const CONNECTION_LIFETIME_MAX: Duration = Duration::from_secs(5);
/// Pause after an accept that failed: most likely there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections for ever.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>, default: Question) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // Whoever goes away has nobody left to tell.
            let _ended = timeout(CONNECTION_LIFETIME_MAX, converse(stream, &shared, default)).await;
            drop(permit);
        });
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared, default: Question) -> std::io::Result<()> {
    let mut line = String::new();
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader.take(QUESTION_BYTES_MAX));
    // Without a question in time, the default one.
    let _silent = timeout(QUESTION_TIMEOUT, reader.read_line(&mut line)).await;
    let question = match line.trim() {
        "" => Ok(default),
        word => Question::parse_word(word),
    };
    let answer = match question {
        Ok(question) => {
            let (state, now) = (shared.state(), Instant::now());
            let judgement = judge(&state, &question, now);
            text(&judgement, weight(&state, &question))
        }
        Err(error) => format!("ready down #{error}\n"),
    };
    writer.write_all(answer.as_bytes()).await?;
    writer.shutdown().await
}

/// The weight in percent: a replica loses it as it comes closer to the lag that is allowed. At the limit 1 is left, since 0
/// would mean that it takes nobody new.
fn weight(state: &State, question: &Question) -> u64 {
    let (Question::Replica(Limits { lag_bytes: Some(limit), .. })
    | Question::ReadOnly(Limits { lag_bytes: Some(limit), .. })) = question
    else {
        return 100;
    };
    let behind = state.bytes_behind().unwrap_or(0).min(*limit);
    100 - u64::try_from(u128::from(behind) * 99 / u128::from((*limit).max(1))).unwrap_or(99)
}

fn text(judgement: &Judgement, weight: u64) -> String {
    match (&judgement.reason, judgement.pass) {
        (_, true) => format!("ready up {weight}%\n"),
        (Reason::InMaintenance, _) => "maint\n".to_owned(),
        // Those who are there may stay: the data are right, but late.
        (Reason::LagBytes { .. } | Reason::LagTime { .. } | Reason::NotAcknowledged { .. }, _) => {
            "up drain\n".to_owned()
        }
        // HAProxy wants the description as a word of its own. Nothing that a node says of itself may begin another line.
        (reason, false) => format!("ready down #{}\n", reason.to_string().replace(['\r', '\n'], " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pass: bool, reason: Reason, expected: &str) {
        assert_eq!(text(&Judgement { pass, reason }, 40), expected);
    }

    #[test]
    fn words_that_haproxy_knows() {
        check(true, Reason::Replica, "ready up 40%\n");
        check(false, Reason::InMaintenance, "maint\n");
        check(false, Reason::LagBytes { bytes: 2, limit: 1 }, "up drain\n");
        check(false, Reason::LinkDown, "ready down #the link to its master is down\n");
        check(false, Reason::Silent { message: "a\r\nup".to_owned() }, "ready down #the node does not answer: a  up\n");
    }
}
