//! The wire format of AWS errors, per protocol: writes one, and reads the code of one.

use bytes::Bytes;
use http::{Response, StatusCode};

/// The protocol of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// EC2's own query protocol.
    Ec2,
    /// The query protocol: IAM, STS, Auto Scaling, Elastic Load Balancing.
    Query,
    /// REST with JSON: EKS.
    Rest,
    /// JSON 1.1 with a target: all other services that we use.
    Json,
}

impl Protocol {
    /// The protocol that a service speaks.
    pub(super) fn of(service: &str) -> Self {
        match service {
            "ec2" => Self::Ec2,
            "iam" | "sts" | "autoscaling" | "elasticloadbalancing" => Self::Query,
            "eks" => Self::Rest,
            _ => Self::Json,
        }
    }
}

/// An error as a service answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retry_after: Option<u64>,
}

impl Answer {
    /// An error without a `Retry-After`.
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            retry_after: None,
        }
    }
}

const REQUEST_ID: &str = "00000000-0000-4000-8000-00000000fa17";

/// Writes an error in a protocol.
pub(super) fn response(protocol: Protocol, answer: &Answer) -> Response<Bytes> {
    let Answer { code, message, .. } = answer;
    let (content_type, body) = match protocol {
        Protocol::Ec2 => (
            "text/xml;charset=UTF-8",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>\
                 <Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>{REQUEST_ID}</RequestID></Response>"
            ),
        ),
        Protocol::Query => {
            let side = if answer.status < 500 {
                "Sender"
            } else {
                "Receiver"
            };
            let body = format!(
                "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>{REQUEST_ID}</RequestId>\
                 </ErrorResponse>"
            );
            ("text/xml", body)
        }
        Protocol::Rest => (
            "application/json",
            serde_json::json!({"message": message}).to_string(),
        ),
        Protocol::Json => (
            "application/x-amz-json-1.1",
            serde_json::json!({"__type": code, "message": message}).to_string(),
        ),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = vec![("content-type", content_type.to_owned())];
    if protocol == Protocol::Rest {
        headers.push(("x-amzn-errortype", code.clone()));
    }
    if let Some(seconds) = answer.retry_after {
        headers.push(("retry-after", seconds.to_string()));
    }
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The error code of an AWS response, when it is an error and says one.
pub(super) fn error_code(response: &Response<Bytes>) -> Option<String> {
    if response.status().as_u16() < 400 {
        return None;
    }
    if let Some(value) = response.headers().get("x-amzn-errortype") {
        return value.to_str().ok().map(plain);
    }
    let body = std::str::from_utf8(response.body()).ok()?;
    if let Some((_, rest)) = body.split_once("<Code>") {
        return rest.split_once("</Code>").map(|(code, _)| code.to_owned());
    }
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    json.get("__type")?.as_str().map(plain)
}

/// `aws.protocoltests#Name:http://…` → `Name`.
fn plain(code: &str) -> String {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().to_owned()
}
