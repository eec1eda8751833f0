//! The program curl, as far as containers use it: one request to something outside the cluster.
//!
//! Source: curl's manual page. `--connect-to` leads the connection for one host and port to another host, and TLS still
//! asks for the first one.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Uri};

use super::shell::{Word, plain, text_of};

/// A request is answered with an error: <https://curl.se/libcurl/c/libcurl-errors.html>.
pub(crate) const REFUSED: i32 = 22;
const MALFORMED: i32 = 3;

/// A call of curl, with words that the shell has not expanded yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Curl {
    url: Vec<Word>,
    headers: Vec<Vec<Word>>,
    data: Option<Vec<Word>>,
    connect_to: Option<Vec<Word>>,
}

/// How a call of curl fails: its exit code and what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CurlError {
    pub(crate) exit_code: i32,
    message: String,
    /// What it has printed before.
    printed: String,
}

impl CurlError {
    pub(crate) fn new(exit_code: i32, message: impl Into<String>) -> Self {
        Self {
            exit_code,
            message: message.into(),
            printed: String::new(),
        }
    }

    /// The same after a body that is printed first, as with `--fail-with-body`.
    #[must_use]
    pub(crate) fn after(self, body: &str) -> Self {
        Self {
            printed: format!("{body}\n"),
            ..self
        }
    }

    /// What curl prints, as with `--show-error`.
    pub(crate) fn line(&self) -> String {
        let Self {
            exit_code,
            message,
            printed,
        } = self;
        format!("{printed}curl: ({exit_code}) {message}\n")
    }
}

/// A request that is ready to be sent, and the host that the connection is made to.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) to: String,
    pub(crate) request: Request<Bytes>,
}

impl Curl {
    /// The call with these arguments; `None` where one is not simulated.
    pub(crate) fn of(arguments: &[Vec<Word>]) -> Option<Self> {
        let mut call = Self::default();
        let mut words = arguments.iter();
        let mut fails = false;
        while let Some(word) = words.next() {
            match plain(word) {
                Some("--silent" | "--show-error") => {}
                Some("--fail-with-body") => fails = true,
                Some("--max-time") => {
                    plain(words.next()?)?.parse::<u32>().ok()?;
                }
                Some("--header") => call.headers.push(words.next()?.clone()),
                Some("--data") => call.data = Some(words.next()?.clone()),
                Some("--connect-to") => call.connect_to = Some(words.next()?.clone()),
                Some(option) if option.starts_with('-') => return None,
                _ if call.url.is_empty() => call.url.clone_from(word),
                _ => return None,
            }
        }
        // Without that option curl takes every answer for success, which nothing here should rely on.
        (fails && !call.url.is_empty()).then_some(call)
    }

    /// The request with these variables.
    ///
    /// # Errors
    /// When it is no request of HTTP.
    pub(crate) fn outgoing(
        &self,
        variables: &BTreeMap<String, String>,
    ) -> Result<Outgoing, CurlError> {
        let malformed = || CurlError::new(MALFORMED, "URL using bad/illegal format or missing URL");
        let uri: Uri = text_of(&self.url, variables)
            .parse()
            .map_err(|_| malformed())?;
        let host = uri.host().ok_or_else(malformed)?.to_owned();
        let usual = if uri.scheme_str() == Some("http") {
            80
        } else {
            443
        };
        let port = uri.port_u16().unwrap_or(usual);
        let led = self.connect_to.as_ref().and_then(|words| {
            let text = text_of(words, variables);
            let (from, to) = text.split_once(&format!(":{port}:"))?;
            let (to, _) = to.rsplit_once(':')?;
            (from == host || from.is_empty()).then(|| to.to_owned())
        });
        let method = match self.data {
            Some(_) => Method::POST,
            None => Method::GET,
        };
        let mut request = Request::builder().method(method).uri(uri);
        for words in &self.headers {
            let text = text_of(words, variables);
            let (name, value) = text.split_once(':').ok_or_else(malformed)?;
            request = request.header(name.trim(), value.trim());
        }
        let data = self.data.as_ref().map(|words| text_of(words, variables));
        let request = request.body(Bytes::from(data.unwrap_or_default()));
        Ok(Outgoing {
            to: led.unwrap_or(host),
            request: request.map_err(|_| malformed())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::shell::{execute, of};
    use super::*;

    #[track_caller]
    fn check(script: &str, expected: (&str, &str)) {
        let container = json!({"command": ["/bin/sh", "-c"], "args": [script]});
        let variables = BTreeMap::from([("HOST".to_owned(), "a.example".to_owned())]);
        let execution = execute(&of(&container).expect("a program"), &variables);
        let (call, rest) = execution.call.expect("a request");
        assert!(rest.is_empty());
        let sent = call.outgoing(&variables).expect("a request");
        let line = format!("{} {}", sent.request.method(), sent.request.uri());
        assert_eq!((line.as_str(), sent.to.as_str()), expected, "{script}");
    }

    #[test]
    fn a_request_goes_to_its_own_host_or_where_the_connection_is_led() {
        let get = "curl --silent --fail-with-body \"https://$HOST/x\"";
        check(get, ("GET https://a.example/x", "a.example"));
        let led = "curl --fail-with-body --connect-to \"$HOST:443:model:443\" --data '{}' \"https://$HOST/\"";
        check(led, ("POST https://a.example/", "model"));
        let other = "curl --fail-with-body --connect-to b.example:443:model:443 \"https://$HOST/\"";
        check(other, ("GET https://a.example/", "a.example"));
    }

    #[test]
    fn a_refusal_prints_its_body_and_then_the_error() {
        let error = CurlError::new(REFUSED, "status 400").after("paused");
        assert_eq!(error.line(), "paused\ncurl: (22) status 400\n");
    }
}
