//! The hello message (`__sentinel__:hello`): eight comma-separated tokens.

use std::fmt;

use crate::types::{Addr, Epoch, GroupName, RunId};

/// The channel that sentinels meet on.
pub const HELLO_CHANNEL: &str = "__sentinel__:hello";

/// What a sentinel says of itself and of one master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Where the sender listens.
    pub addr: Addr,
    /// The sender.
    pub run_id: RunId,
    /// The sender's current epoch.
    pub current_epoch: Epoch,
    /// The group it speaks of.
    pub group: GroupName,
    /// The group's master as the sender knows it.
    pub master: Addr,
    /// The epoch under which the sender knows that master.
    pub config_epoch: Epoch,
}

/// What is wrong with a hello message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloError {
    /// Not exactly eight tokens.
    TokenCount(usize),
    /// The token at this position (from 0) is malformed.
    Token(usize),
}

impl fmt::Display for HelloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; Hello::TOKENS] = [
            "sentinel ip",
            "sentinel port",
            "sentinel run id",
            "current epoch",
            "master name",
            "master ip",
            "master port",
            "master config epoch",
        ];
        match self {
            Self::TokenCount(n) => write!(f, "hello message has {n} tokens instead of {}", Hello::TOKENS),
            Self::Token(i) => {
                write!(f, "hello message has a malformed {} (token {})", NAMES.get(*i).unwrap_or(&"token"), i + 1)
            }
        }
    }
}

impl std::error::Error for HelloError {}

impl Hello {
    const TOKENS: usize = 8;

    /// Parses `ip,port,runid,current_epoch,master_name,master_ip,master_port,master_config_epoch`.
    pub fn parse(text: &str) -> Result<Self, HelloError> {
        let count = text.split(',').count();
        let mut tokens = [""; Self::TOKENS];
        if count != Self::TOKENS {
            return Err(HelloError::TokenCount(count));
        }
        for (slot, token) in tokens.iter_mut().zip(text.split(',')) {
            *slot = token;
        }
        let epoch = |i: usize| {
            let epoch = tokens[i].parse().ok().map(Epoch).filter(|epoch| *epoch <= Epoch::CREDIBLE_MAX);
            epoch.ok_or(HelloError::Token(i))
        };
        let addr = |host: usize, port: usize| {
            let port = tokens[port].parse::<u16>().ok().filter(|p| *p > 0).ok_or(HelloError::Token(port))?;
            Addr::new(tokens[host], port).ok_or(HelloError::Token(host))
        };
        Ok(Self {
            addr: addr(0, 1)?,
            run_id: RunId::parse(tokens[2]).ok_or(HelloError::Token(2))?,
            current_epoch: epoch(3)?,
            group: GroupName::parse(tokens[4]).ok_or(HelloError::Token(4))?,
            master: addr(5, 6)?,
            config_epoch: epoch(7)?,
        })
    }
}

impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{},{},{},{},{},{},{},{}",
            self.addr.host(),
            self.addr.port(),
            self.run_id,
            self.current_epoch,
            self.group,
            self.master.host(),
            self.master.port(),
            self.config_epoch
        )
    }
}
