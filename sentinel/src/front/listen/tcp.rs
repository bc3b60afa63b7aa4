//! TCP sockets.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use super::BindError;
use super::address::BindAddress;

/// Opens one socket per address of `bind`. Addresses marked as optional may be missing, and so may a whole protocol family.
pub(super) fn bind_all(words: &[String], port: u16, backlog: u32) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        let address = BindAddress::parse(word)?;
        for ip in address.ips {
            let addr = SocketAddr::new(ip, port);
            match listen(addr, backlog) {
                Ok(listener) => listeners.push(listener),
                Err(error) if address.optional && error.kind() == ErrorKind::AddrNotAvailable => {}
                Err(error) if is_family_missing(&error) => {}
                Err(source) => return Err(BindError::Tcp { addr, source }),
            }
        }
    }
    Ok(listeners)
}

/// The address is reusable right after the last process, but never shared with a running one.
fn listen(addr: SocketAddr, backlog: u32) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if matches!(addr.ip(), IpAddr::V6(_)) {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

fn is_family_missing(error: &std::io::Error) -> bool {
    const MISSING: [i32; 5] =
        [libc::EAFNOSUPPORT, libc::EPFNOSUPPORT, libc::EPROTONOSUPPORT, libc::ESOCKTNOSUPPORT, libc::ENOPROTOOPT];
    error.raw_os_error().is_some_and(|code| MISSING.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn a_port_in_use_is_refused() {
        let first = bind_all(&words(&["127.0.0.1"]), 0, 16).expect("free port");
        let port = first[0].local_addr().expect("bound").port();
        let error = bind_all(&words(&["127.0.0.1"]), port, 16).expect_err("in use");
        assert!(matches!(error, BindError::Tcp { .. }), "{error}");
    }

    #[tokio::test]
    async fn only_optional_addresses_may_be_missing() {
        // An address from the range reserved for documentation, which no host has.
        assert!(bind_all(&words(&["-192.0.2.1"]), 0, 16).expect("optional").is_empty());
        assert!(bind_all(&words(&["192.0.2.1"]), 0, 16).is_err());
        assert!(bind_all(&words(&[""]), 0, 16).expect("nothing asked for").is_empty());
    }
}
