//! One call to a host of the cloud: read within limits, sent through the trial's transport, and answered.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use hyper::body::Incoming;
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
use kubeproof_contract::transport::TransportError;
use tokio::time::timeout;

use super::{BODY_BYTES_MAX, Shared};
use crate::serve::body::{self, Body};
use crate::serve::handler::on_host;
use crate::serve::limits::{ANSWER_TIME_MAX, BODY_TIME_MAX, PATH_BYTES_MAX};

/// Headers of one connection alone (RFC 9110, section 7.6.1), and what asks for the body that is read already.
const OF_CONNECTION: [&str; 8] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Answers a call.
///
/// # Errors
/// When there is no answer; the connection is then broken, as a fault intends or the network has done.
pub async fn answer(
    shared: &Shared,
    host: &str,
    request: Request<Incoming>,
) -> Result<Response<Body>, TransportError> {
    let (mut parts, incoming) = request.into_parts();
    if parts.uri.path().len() > PATH_BYTES_MAX {
        let message = format!("a path has at most {PATH_BYTES_MAX} bytes here");
        return Ok(body::refusal(StatusCode::URI_TOO_LONG, &message));
    }
    if !is_for(&parts.headers, host) {
        let message = format!("the request is not for {host}, which the connection is for");
        return Ok(body::refusal(StatusCode::MISDIRECTED_REQUEST, &message));
    }
    let limit = shared.real(BODY_TIME_MAX);
    let bytes = match body::read(incoming, limit, BODY_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(refusal) => return Ok(refusal),
    };
    for_one_connection(&mut parts.headers);
    // Clients must not inject faults.
    parts.headers.remove(ASYNC_FAULT_HEADER);
    parts.uri = on_host(host, &parts.uri);
    let request = Request::from_parts(parts, bytes);
    let is_head = request.method() == http::Method::HEAD;
    let sent = shared.setting.transport.send(request);
    let Ok(answered) = timeout(shared.real(ANSWER_TIME_MAX), sent).await else {
        let message = format!("no answer within {} s", ANSWER_TIME_MAX.as_secs());
        return Err(TransportError::Timeout(message));
    };
    let mut response = answered?;
    for_one_connection(response.headers_mut());
    if !is_head {
        // Written anew for the body as it is now.
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(response.map(body::whole))
}

/// Takes out what was for the connection that it came on.
fn for_one_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in OF_CONNECTION {
        headers.remove(name);
    }
}

/// Whether a request is for the host that its connection was opened for.
fn is_for(headers: &HeaderMap, host: &str) -> bool {
    let mut all = headers.get_all(HOST).iter();
    all.all(|value| {
        let said = value.to_str().unwrap_or_default();
        let said = said.strip_suffix(":443").unwrap_or(said);
        said.trim_end_matches('.').eq_ignore_ascii_case(host)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            let (name, value) = (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            (name, value)
        };
        all.iter().map(pair).collect()
    }

    #[test]
    fn what_is_for_one_connection_alone_is_not_handed_on() {
        let mut given = headers(&[
            ("connection", "keep-alive, X-Own"),
            ("x-own", "1"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("x-amz-date", "d"),
        ]);
        for_one_connection(&mut given);
        assert_eq!(given, headers(&[("x-amz-date", "d")]));
    }

    #[test]
    fn a_request_is_for_the_host_that_was_asked_for() {
        let check = |said: &'static str, expected: bool| {
            let seen = is_for(&headers(&[("host", said)]), "sts.amazonaws.com");
            assert_eq!(seen, expected, "{said}");
        };
        check("sts.amazonaws.com", true);
        check("STS.amazonaws.com:443", true);
        check("iam.amazonaws.com", false);
        check("sts.amazonaws.com.example.org", false);
    }
}
