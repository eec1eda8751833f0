//! Bodies: requests are read as a whole within limits, answers are sent as a whole or in parts.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::unfold;
use http::{Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use kubeproof_contract::transport::TransportError;

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, TransportError>;

/// A body that is sent as a whole.
pub fn whole(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body that begins with `first` and continues with the parts that `next` returns for the state, until there are
/// no more. An error breaks the connection, so the client sees that the answer is incomplete.
pub fn in_parts<S, F, N>(first: Bytes, state: S, next: N) -> Body
where
    S: Send + 'static,
    N: FnMut(S) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Option<(Bytes, Option<S>)>, TransportError>> + Send + 'static,
{
    enum At<S> {
        First(Bytes, S),
        Next(S),
    }
    let parts = unfold(Some(At::First(first, state)), move |at| {
        let mut next = next.clone();
        async move {
            match at? {
                At::First(bytes, state) => Some((Ok(Frame::data(bytes)), Some(At::Next(state)))),
                At::Next(state) => match next(state).await {
                    Ok(None) => None,
                    Ok(Some((bytes, state))) => Some((Ok(Frame::data(bytes)), state.map(At::Next))),
                    Err(error) => Some((Err(error), None)),
                },
            }
        }
    });
    StreamBody::new(parts).boxed_unsync()
}

/// Reads a request's body of at most so many bytes.
///
/// # Errors
/// With the answer to give: the body is too large, too slow, or broken.
pub async fn read(body: Incoming, limit: Duration, most: usize) -> Result<Bytes, Response<Body>> {
    let too_large = || {
        refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("a request's body has at most {most} bytes here"),
        )
    };
    // Refuse a body whose announced length is too large without waiting for it.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, most).collect();
    match tokio::time::timeout(limit, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(refusal(
            StatusCode::BAD_REQUEST,
            &format!("the request's body broke off: {error}"),
        )),
        Err(_) => Err(refusal(
            StatusCode::REQUEST_TIMEOUT,
            "the rest of the request did not come in time",
        )),
    }
}

/// An answer of the server itself, as plain text. It closes the connection, because the rest of the request is not
/// read.
pub fn refusal(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(whole(Bytes::from(format!("kubeproof: {message}\n"))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    headers.insert(
        header::CONNECTION,
        header::HeaderValue::from_static("close"),
    );
    response
}
