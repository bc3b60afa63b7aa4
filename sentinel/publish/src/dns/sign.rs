//! TSIG (RFC 8945): messages are signed on the way out, and only signed answers are believed.

use std::time::{SystemTime, UNIX_EPOCH};

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::TSigVerifier;
use hickory_proto::rr::rdata::tsig::TsigError;

use super::key::Key;
use crate::TargetError;

/// Where the time of signatures comes from.
pub type Clock = dyn Fn() -> SystemTime;

/// What messages are signed with; nothing where answers are public.
#[derive(Clone, Copy)]
pub(super) struct Sealer<'a>(pub(super) Option<(&'a Key, &'a Clock)>);

impl Sealer<'_> {
    /// The bytes of `message`, and what opens its answer.
    pub(super) fn seal(self, mut message: Message) -> Result<(Vec<u8>, Opener), String> {
        let Some((key, clock)) = self.0 else {
            let bytes = message.to_vec().map_err(|error| error.to_string())?;
            return Ok((bytes, Opener { request: Request::of(&message), signature: None }));
        };
        let now = clock().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let verifier = message.finalize(key.signer(), now).map_err(|error| error.to_string())?;
        let bytes = message.to_vec().map_err(|error| error.to_string())?;
        let signature = verifier.map(|verifier| Signature { verifier, now });
        Ok((bytes, Opener { request: Request::of(&message), signature }))
    }
}

/// What an answer has to repeat.
struct Request {
    op_code: OpCode,
    question: Option<Query>,
}

impl Request {
    fn of(message: &Message) -> Self {
        Self { op_code: message.op_code, question: message.queries.first().cloned() }
    }
}

struct Signature {
    verifier: TSigVerifier,
    /// Our time, in seconds since 1970.
    now: u64,
}

/// Opens the answer to one message.
pub(super) struct Opener {
    request: Request,
    signature: Option<Signature>,
}

impl Opener {
    /// Reads an answer and checks that it belongs to the message and comes from who knows the key.
    pub(super) fn open(self, who: &str, bytes: &[u8]) -> Result<Message, TargetError> {
        let senseless = |reason: String| TargetError::Protocol { who: who.to_owned(), reason };
        let answer = Message::from_vec(bytes).map_err(|error| senseless(error.to_string()))?;
        if answer.message_type != MessageType::Response || answer.op_code != self.request.op_code {
            return Err(senseless("it is no answer to what was sent".to_owned()));
        }
        let refusal = answer.response_code != ResponseCode::NoError;
        // A server that cannot read a message may leave its question out of the refusal; an answer to an UPDATE need not have one.
        let asked = answer.queries.first();
        if asked.is_some_and(|asked| Some(asked) != self.request.question.as_ref())
            || (asked.is_none() && !refusal && self.request.op_code == OpCode::Query)
        {
            return Err(senseless("it answers another question".to_owned()));
        }
        match self.signature {
            None => Ok(answer),
            Some(signature) => signature.check(who, bytes, answer),
        }
    }
}

impl Signature {
    fn check(mut self, who: &str, bytes: &[u8], answer: Message) -> Result<Message, TargetError> {
        let who = who.to_owned();
        let Some(record) = answer.signature() else {
            // Who cannot sign can still refuse: a server that does not know TSIG, or that stops before it looks at the key. It cannot
            // say that something was done, nor what there is.
            return Err(match answer.response_code {
                ResponseCode::NoError | ResponseCode::NXDomain | ResponseCode::NXRRSet | ResponseCode::YXRRSet => {
                    TargetError::Protocol { who, reason: "its answer is not signed".to_owned() }
                }
                code => super::answer::refusal(who, code),
            });
        };
        let (error, time, other) = (record.data.error, record.data.time, record.data.other.clone());
        // RFC 8945, section 5.3.2: answers that say BADSIG or BADKEY carry no signature.
        match error {
            Some(TsigError::BadKey) => {
                let reason = "it does not know a key of this name and algorithm (BADKEY)".to_owned();
                return Err(TargetError::NotAuthenticated { who, reason });
            }
            Some(TsigError::BadSig) => {
                let reason = "its key of this name has another secret (BADSIG)".to_owned();
                return Err(TargetError::NotAuthenticated { who, reason });
            }
            _ => {}
        }
        // `verify` subtracts the fudge from the time without looking.
        let verified = if time < u64::from(record.data.fudge) {
            Err("signed in 1970".to_owned())
        } else {
            self.verifier.verify(bytes).map_err(|error| error.to_string())
        };
        if let Err(reason) = verified {
            let reason = format!("its answer is not signed with our key: {reason}");
            return Err(TargetError::Protocol { who, reason });
        }
        match error {
            None => Ok(answer),
            Some(TsigError::BadTime) => Err(TargetError::ClockSkew { who, ahead_secs: self.ahead_secs(&other) }),
            Some(error) => {
                let reason = format!("TSIG error {}", u16::from(error));
                Err(TargetError::NotAuthenticated { who, reason })
            }
        }
    }

    /// By how much the server's clock is ahead of ours, from its time in 48 bits (RFC 8945, section 5.2.3).
    fn ahead_secs(&self, other: &[u8]) -> Option<i64> {
        let six: &[u8; 6] = other.try_into().ok()?;
        let theirs = six.iter().fold(0_i64, |time, byte| time << 8 | i64::from(*byte));
        i64::try_from(self.now).ok().map(|ours| theirs - ours)
    }
}
