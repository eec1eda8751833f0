//! The door for clients whose host is fixed: they ask for it by `CONNECT`, as of an HTTP proxy, and are led to this
//! server, which shows a certificate for the host's name.
//!
//! `HTTPS_PROXY` names the port of the cloud's API, and the authority must be trusted. A host of another served cloud is
//! asked for at that cloud's door. Every other host is refused by name: nothing leads to the real network. Source: RFC
//! 9110, section 9.3.6.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Response, StatusCode, Uri};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use super::Shared;
use super::body::{self, Body};
use crate::cloud::Cloud;
use crate::websocket::AfterSwitch;

/// The only port behind the door: that of HTTPS.
const PORT: u16 = 443;
/// The longest head of an answer of another door, bytes.
const HEAD_BYTES_MAX: usize = 1024;

/// Where a connection is led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lead {
    /// To a host of this cloud.
    Here(String),
    /// To a host that is behind this other door.
    On(String, SocketAddr),
}

/// What a connection asked for; it leads there once the answer is sent.
#[derive(Clone, Debug, Default)]
pub struct Door {
    lead: Arc<OnceLock<Lead>>,
    /// What is said on a connection that has switched its protocol.
    said: Arc<OnceLock<Bytes>>,
}

impl Door {
    /// Answers a `CONNECT`.
    pub fn answer<C: Cloud>(&self, shared: &Shared<C>, uri: &Uri) -> Response<Body> {
        let own = shared
            .memory
            .with(|cloud| [cloud.api_hosts(), cloud.hosts()].concat());
        let others = shared.other_doors().clone();
        let served: Vec<String> = own.iter().chain(others.keys()).cloned().collect();
        match behind(uri, &served) {
            Ok(host) => {
                let lead = match others.get(&host) {
                    Some(door) if !own.contains(&host) => Lead::On(host, *door),
                    _ => Lead::Here(host),
                };
                // A connection is led once: after the answer it speaks TLS.
                let _ = self.lead.set(lead);
                Response::new(body::whole(Bytes::new()))
            }
            Err(refused) => body::refusal(StatusCode::FORBIDDEN, &refused.to_string()),
        }
    }

    /// Where the connection is led.
    pub fn lead(&self) -> Option<&Lead> {
        self.lead.get()
    }

    /// Keeps what is to be said after an answer that switches the protocol.
    pub fn keep(&self, response: &Response<Body>) {
        if let Some(AfterSwitch(said)) = response.extensions().get() {
            let _ = self.said.set(said.clone());
        }
    }

    /// What is to be said on the connection, if its protocol has switched.
    pub fn said(&self) -> Option<&Bytes> {
        self.said.get()
    }
}

/// Asks for a host at another door, and hands on what either side says until one of them ends.
///
/// # Errors
/// When the other door cannot be reached, or does not open.
pub async fn lead_on<S>(mut stream: S, host: &str, door: SocketAddr) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut other = TcpStream::connect(door).await?;
    let asked = format!("CONNECT {host}:{PORT} HTTP/1.1\r\nhost: {host}:{PORT}\r\n\r\n");
    other.write_all(asked.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX {
        head.push(other.read_u8().await?);
    }
    if !head.starts_with(b"HTTP/1.1 200 ") {
        return Err(std::io::Error::other("the other door did not open"));
    }
    copy_bidirectional(&mut stream, &mut other).await?;
    Ok(())
}

/// Why the door does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("`CONNECT {0}` names no host and port: expected HOST:{PORT}")]
    NoHost(String),
    #[error("{host}:{port} is not served here: only port {PORT} of a simulated host is")]
    Port { host: String, port: u16 },
    #[error(
        "{host} is not simulated here, and nothing leads to the real network; simulated hosts: {}",
        if served.is_empty() { "none" } else { served }
    )]
    Host { host: String, served: String },
}

/// The host of a `CONNECT`, if it is one of these.
fn behind(uri: &Uri, served: &[String]) -> Result<String, Refused> {
    let asked = uri.host().zip(uri.port_u16());
    let (host, port) = asked.ok_or_else(|| Refused::NoHost(uri.to_string()))?;
    let host = host.to_ascii_lowercase();
    if !served.contains(&host) {
        let served = served.join(", ");
        return Err(Refused::Host { host, served });
    }
    if port != PORT {
        return Err(Refused::Port { host, port });
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: &str, expected: Result<&str, &str>) {
        let served = ["api.small.example".to_owned()];
        let uri: Uri = asked.parse().expect("an authority");
        let found = behind(&uri, &served).map_err(|refused| refused.to_string());
        match (found, expected) {
            (Ok(host), Ok(expected)) => assert_eq!(host, expected),
            (Err(said), Err(words)) => assert!(said.contains(words), "{said}"),
            (found, _) => panic!("{asked}: {found:?}"),
        }
    }

    #[test]
    fn the_door_opens_to_simulated_hosts_alone() {
        check("api.small.example:443", Ok("api.small.example"));
        check("API.Small.example:443", Ok("api.small.example"));
        check("api.small.example:80", Err("only port 443"));
        check("api.small.example", Err("expected HOST:443"));
        let other = Err("simulated hosts: api.small.example");
        check("example.com:443", other);
        check("api.small.example.com:443", other);
        check("x.api.small.example:443", other);
        check("169.254.169.254:80", other);
    }

    #[test]
    fn a_cloud_without_hosts_says_so() {
        let uri: Uri = "example.com:443".parse().expect("an authority");
        let refused = behind(&uri, &[]).expect_err("refused");
        assert!(
            refused.to_string().ends_with("simulated hosts: none"),
            "{refused}"
        );
    }
}
