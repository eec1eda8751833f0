//! Raw requests and answers, below every client library.

use bytes::Bytes;
use http::{HeaderMap, Request};
use kube::client::Body;
use serde_json::Value;

use crate::finding::{Finding, Outcome, hold, same};

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: String,
    /// The media type of the body.
    pub(crate) media: &'a str,
    /// The accepted media types; empty to send no `Accept`.
    pub(crate) accept: &'a str,
    pub(crate) body: String,
}

impl<'a> Ask<'a> {
    /// A request for JSON.
    pub(crate) fn new(method: &'a str, path: impl Into<String>, body: String) -> Self {
        Self {
            method,
            path: path.into(),
            media: "application/json",
            accept: "application/json",
            body,
        }
    }

    /// With another media type of the body.
    pub(crate) fn media(mut self, media: &'a str) -> Self {
        self.media = media;
        self
    }

    /// With other accepted media types.
    pub(crate) fn accept(mut self, accept: &'a str) -> Self {
        self.accept = accept;
        self
    }
}

/// Sends a request with a client's credentials.
pub(crate) async fn send(client: &kube::Client, ask: Ask<'_>) -> Outcome<Answer> {
    let asked = format!("{} {}", ask.method, ask.path);
    let mut builder = Request::builder()
        .method(ask.method)
        .uri(&ask.path)
        .header("user-agent", "kubeproof-conformance/1");
    if !ask.body.is_empty() {
        builder = builder.header("content-type", ask.media);
    }
    if !ask.accept.is_empty() {
        builder = builder.header("accept", ask.accept);
    }
    let request = builder
        .body(Body::from(ask.body.into_bytes()))
        .map_err(|error| Finding::new(format!("{asked} is no request: {error}")))?;
    let response = client.send(request).await?;
    let (parts, body) = response.into_parts();
    let bytes = body
        .collect_bytes()
        .await
        .map_err(|error| Finding::new(format!("{asked}: the body broke off: {error}")))?;
    Ok(Answer {
        asked,
        code: parts.status.as_u16(),
        headers: parts.headers,
        bytes,
    })
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The request, for messages.
    pub(crate) asked: String,
    pub(crate) code: u16,
    pub(crate) headers: HeaderMap,
    bytes: Bytes,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON; null if it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The media type of the body, without parameters.
    pub(crate) fn media(&self) -> String {
        self.header("content-type")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// A header; empty if absent.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    }

    /// The texts of all warnings.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.headers
            .get_all("warning")
            .iter()
            .filter_map(|value| value.to_str().ok()?.strip_prefix("299 - \""))
            .map(|text| text.strip_suffix('"').unwrap_or(text).replace("\\\"", "\""))
            .collect()
    }

    /// The body as JSON, if the status code is this one.
    pub(crate) fn expect(self, code: u16) -> Outcome<Value> {
        let (asked, text) = (&self.asked, self.text());
        hold(self.code == code, || {
            format!(
                "{asked} was answered with {} and not {code}: {text}",
                self.code
            )
        })?;
        Ok(self.json())
    }

    /// The `Status` of an error, if it has this code and reason.
    pub(crate) fn refused(self, code: u16, reason: &str) -> Outcome<Value> {
        let asked = self.asked.clone();
        let media = self.media();
        let status = self.expect(code)?;
        let of = |what: &str| format!("{what} of the error of {asked}");
        same(&of("the media type"), media, "application/json")?;
        same(&of("the kind"), &status["kind"], "Status")?;
        same(&of("the API version"), &status["apiVersion"], "v1")?;
        same(&of("the status"), &status["status"], "Failure")?;
        same(&of("the code"), &status["code"], code)?;
        same(&of("the reason"), &status["reason"], reason)?;
        hold(
            status["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            || format!("{} is empty: {status}", of("the message")),
        )?;
        Ok(status)
    }
}
