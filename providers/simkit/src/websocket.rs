//! The server's side of a WebSocket whose whole conversation is known when it opens: what is said, then the end.
//!
//! Source: RFC 6455.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use sha1::{Digest as _, Sha1};

/// What a key is hashed with (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// A last frame with binary data, and the frame that closes.
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
/// The status of a normal end.
const NORMAL: u16 = 1000;

/// A response extension: what the server writes once the protocol is switched. Then the connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterSwitch(pub Bytes);

/// Whether a request asks for a WebSocket.
pub fn is_asked(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The answer that switches to a WebSocket with one of the protocols that the client offers, and says these messages.
///
/// # Errors
/// If there is no key, or none of the protocols is offered.
pub fn switch(
    headers: &HeaderMap,
    known: &[&'static str],
    messages: &[Vec<u8>],
) -> Result<Response<Bytes>, &'static str> {
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let key = key
        .and_then(|key| key.to_str().ok())
        .ok_or("no Sec-WebSocket-Key")?;
    let offered = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    let mut chosen = offered.filter_map(|one| known.iter().find(|known| **known == one));
    let protocol = *chosen.next().ok_or("no known Sec-WebSocket-Protocol")?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = STANDARD.encode(Sha1::digest(format!("{key}{GUID}")));
    let answer = HeaderValue::try_from(answer).map_err(|_| "no Sec-WebSocket-Key")?;
    let head = response.headers_mut();
    head.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    head.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    head.insert(header::SEC_WEBSOCKET_ACCEPT, answer);
    head.insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(protocol),
    );
    let mut said: Vec<u8> = messages.iter().flat_map(|one| frame(BINARY, one)).collect();
    said.extend(frame(CLOSE, &NORMAL.to_be_bytes()));
    response.extensions_mut().insert(AfterSwitch(said.into()));
    Ok(response)
}

/// One frame of a server, which does not mask it.
fn frame(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    match (u8::try_from(data.len()), u16::try_from(data.len())) {
        (Ok(length @ 0..=125), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((data.len() as u64).to_be_bytes());
        }
    }
    frame.extend(data);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_is_that_of_the_standard() {
        let mut headers = HeaderMap::new();
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        headers.insert(header::SEC_WEBSOCKET_KEY, key);
        let protocol = HeaderValue::from_static("chat, superchat");
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        let response = switch(&headers, &["superchat"], &[b"hi".to_vec()]).unwrap();
        let accept = &response.headers()[header::SEC_WEBSOCKET_ACCEPT];
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(
            response.headers()[header::SEC_WEBSOCKET_PROTOCOL],
            "superchat"
        );
        let said = response.extensions().get::<AfterSwitch>().unwrap();
        assert_eq!(&said.0[..], b"\x82\x02hi\x88\x02\x03\xe8");
        assert!(switch(&headers, &["other"], &[]).is_err());
    }

    #[test]
    fn the_length_of_a_frame_takes_as_many_bytes_as_it_needs() {
        assert_eq!(frame(BINARY, &[0; 200])[..4], [0x82, 126, 0, 200]);
        assert_eq!(frame(BINARY, &vec![0; 70_000])[..4], [0x82, 127, 0, 0]);
    }
}
