//! Requests and answers with changed JSON bodies, for rules. One without JSON stays as it is.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use serde_json::Value;

/// The request with this change of its body.
pub fn request_with(
    mut request: Request<Bytes>,
    change: impl FnOnce(&mut Value),
) -> Request<Bytes> {
    if let Some(body) = changed(request.body(), change) {
        *request.body_mut() = body;
        without_length(request.headers_mut());
    }
    request
}

/// The answer with this change of its body.
pub fn answer_with(
    mut answer: Response<Bytes>,
    change: impl FnOnce(&mut Value),
) -> Response<Bytes> {
    if let Some(body) = changed(answer.body(), change) {
        *answer.body_mut() = body;
        without_length(answer.headers_mut());
    }
    answer
}

fn changed(body: &Bytes, change: impl FnOnce(&mut Value)) -> Option<Bytes> {
    let mut body = serde_json::from_slice(body).ok()?;
    change(&mut body);
    Some(Bytes::from(body.to_string()))
}

/// It would be the length of the old body.
fn without_length(headers: &mut HeaderMap) {
    headers.remove(header::CONTENT_LENGTH);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_changed_body_has_no_old_length_and_one_without_json_stays() {
        let check = |body: &str, expected: &str, length: bool| {
            let answer = Response::builder().header(header::CONTENT_LENGTH, "9");
            let answer = answer.body(Bytes::from(body.to_owned())).unwrap();
            let seen = answer_with(answer, |body| body["a"] = json!(2));
            assert_eq!(seen.body(), expected);
            assert_eq!(seen.headers().contains_key(header::CONTENT_LENGTH), length);
        };
        check(r#"{"a":1}"#, r#"{"a":2}"#, false);
        check("no JSON", "no JSON", true);
    }
}
