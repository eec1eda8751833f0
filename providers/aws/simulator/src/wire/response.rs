//! Responses: one answer or error value, formatted in the protocol of the call.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde_json::Value;

use crate::wire::call::{Call, Protocol};
use crate::wire::error::AwsError;
use crate::wire::xml::Node;

/// The answer of a successful operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The children of the response element (EC2) or of the `…Result` element (query).
    Xml(Node),
    /// A JSON body.
    Json(Value),
}

/// The result of an operation.
pub type Outcome = Result<Answer, AwsError>;

/// EC2's answer for operations that return nothing else: `<return>true</return>`.
///
/// # Errors
/// None: it is an outcome, as those of all operations.
pub fn returned() -> Outcome {
    Ok(Answer::Xml(Node::new().text("return", "true")))
}

/// Formats an outcome in the protocol of its call.
pub fn write(call: &Call, outcome: &Outcome, request_id: &str) -> Response<Bytes> {
    match outcome {
        Ok(Answer::Json(value)) => {
            respond(200, content_type(call.protocol), None, value.to_string())
        }
        Ok(Answer::Xml(node)) => respond(200, "text/xml", None, envelope(call, node, request_id)),
        Err(error) => write_error(call.protocol, error, request_id),
    }
}

/// Formats an error in a protocol.
pub fn write_error(protocol: Protocol, error: &AwsError, request_id: &str) -> Response<Bytes> {
    let (code, message) = (&error.code, &error.message);
    match protocol {
        Protocol::Ec2 => {
            let body = Node::new()
                .list(
                    "Errors",
                    "Error",
                    [Node::new().text("Code", code).text("Message", message)],
                )
                .text("RequestID", request_id);
            respond(
                error.status,
                "text/xml",
                None,
                declared(&body.write("Response")),
            )
        }
        Protocol::Query(namespace) => {
            let kind = if error.status < 500 {
                "Sender"
            } else {
                "Receiver"
            };
            let inner = Node::new()
                .text("Type", kind)
                .text("Code", code)
                .text("Message", message);
            let body = Node::new()
                .node("Error", inner)
                .text("RequestId", request_id);
            let name = format!("ErrorResponse xmlns=\"{namespace}\"");
            respond(error.status, "text/xml", None, declared(&body.write(&name)))
        }
        Protocol::RestXml => {
            let body = Node::new()
                .text("Code", code)
                .text("Message", message)
                .text("RequestId", request_id);
            respond(
                error.status,
                "application/xml",
                None,
                declared(&body.write("Error")),
            )
        }
        Protocol::Json | Protocol::Json10 | Protocol::Rest => {
            let mut body = error.extra.clone();
            body.insert("message".to_owned(), Value::String(message.clone()));
            if protocol != Protocol::Rest {
                body.insert("__type".to_owned(), Value::String(code.clone()));
            }
            let body = Value::Object(body).to_string();
            let mut response = respond(error.status, content_type(protocol), Some(code), body);
            if protocol == Protocol::Json10
                && let Ok(value) = HeaderValue::try_from(format!("{};Sender", query_code(code)))
            {
                response.headers_mut().insert("x-amzn-query-error", value);
            }
            response
        }
    }
}

fn envelope(call: &Call, node: &Node, request_id: &str) -> String {
    let action = &call.action;
    match call.protocol {
        Protocol::Query(namespace) => {
            let metadata = Node::new().text("RequestId", request_id);
            let body = Node::new()
                .node(&format!("{action}Result"), node.clone())
                .node("ResponseMetadata", metadata);
            declared(&body.write(&format!("{action}Response xmlns=\"{namespace}\"")))
        }
        _ => {
            let head = Node::new().text("requestId", request_id);
            let body = head.followed_by(node);
            let namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";
            declared(&body.write(&format!("{action}Response xmlns=\"{namespace}\"")))
        }
    }
}

/// The code that the query protocol of SQS had for an error (service model of SQS 2012-11-05, `awsQueryCompatible`).
fn query_code(code: &str) -> &str {
    match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDeletedRecently" => "AWS.SimpleQueueService.QueueDeletedRecently",
        "QueueNameExists" => "QueueAlreadyExists",
        other => other,
    }
}

fn declared(xml: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}")
}

fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Json => "application/x-amz-json-1.1",
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Rest => "application/json",
        Protocol::Ec2 | Protocol::Query(_) => "text/xml",
        Protocol::RestXml => "application/xml",
    }
}

fn respond(status: u16, content_type: &str, code: Option<&str>, body: String) -> Response<Bytes> {
    let mut builder = Response::builder()
        .status(status)
        .header("content-type", content_type);
    if let Some(code) = code {
        builder = builder.header("x-amzn-errortype", code);
    }
    // Status and headers are set here and valid; an invalid one shows as a server error, not as a success.
    builder.body(Bytes::from(body)).unwrap_or_else(|_| {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
