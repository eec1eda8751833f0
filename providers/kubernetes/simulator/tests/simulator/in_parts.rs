//! Watches whose client takes them in parts, as over a socket. Followed logs are tested with kubectl itself.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_kubernetes_simulator::server::{ApiServer, Identity};
use kubeproof_simkit::cloud::{InParts, NextPart, Reply};
use serde_json::Value;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

struct Cluster {
    server: ApiServer,
    now: Timestamp,
}

/// One part: status, text, and how to go on.
struct Part {
    status: u16,
    text: String,
    more: Option<NextPart>,
}

impl Cluster {
    fn new() -> Self {
        let now = "2026-11-02T10:00:00Z".parse().expect("a date");
        Self {
            server: ApiServer::new("c", "1.34", 1, now),
            now,
        }
    }

    fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.server.advance(self.now);
    }

    fn send(&mut self, method: &str, path: &str, body: &str, cursor: Option<String>) -> Part {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://c.example{path}"))
            .body(Bytes::from(body.to_owned()))
            .expect("a request");
        request.extensions_mut().insert(InParts { cursor });
        let identity = Identity::User {
            name: "admin".to_owned(),
            groups: vec!["system:masters".to_owned()],
        };
        let (response, more) = match self.server.answer(&identity, &request) {
            Reply::Now(response) => (response, None),
            Reply::Part { response, more } => (response, Some(more)),
            Reply::AskAgain(_) => panic!("a client that takes parts is never held"),
        };
        Part {
            status: response.status().as_u16(),
            text: String::from_utf8_lossy(response.body()).into_owned(),
            more,
        }
    }

    fn make(&mut self, name: &str) {
        let body = format!("{{\"metadata\": {{\"name\": \"{name}\"}}}}");
        let part = self.send("POST", CONFIG_MAPS, &body, None);
        assert_eq!(part.status, 201, "{}", part.text);
    }

    /// The part after this one.
    fn next(&mut self, path: &str, part: Part) -> Part {
        let more = part.more.expect("more follows");
        self.send("GET", path, "", Some(more.cursor))
    }
}

/// `ADDED a`, …
fn events(part: &Part) -> Vec<String> {
    let lines = part.text.lines();
    lines
        .map(|line| {
            let event: Value = serde_json::from_str(line).expect("JSON");
            let name = event["object"]["metadata"]["name"].as_str();
            let what = event["type"].as_str().expect("a type");
            format!("{what} {}", name.unwrap_or_default())
        })
        .collect()
}

#[test]
fn a_watch_reports_each_change_once_and_ends_at_its_timeout() {
    let mut cluster = Cluster::new();
    cluster.make("a");
    let path = format!(
        "{CONFIG_MAPS}?watch=true&timeoutSeconds=60&fieldSelector=metadata.name%21%3Dkube-root-ca.crt"
    );
    let part = cluster.send("GET", &path, "", None);
    assert_eq!(events(&part), ["ADDED a"]);
    let part = cluster.next(&path, part);
    assert_eq!(events(&part), [""; 0]);
    cluster.make("b");
    let part = cluster.next(&path, part);
    assert_eq!(events(&part), ["ADDED b"]);
    cluster.send("DELETE", &format!("{CONFIG_MAPS}/a"), "", None);
    let part = cluster.next(&path, part);
    assert_eq!(events(&part), ["DELETED a"]);
    cluster.pass(59);
    let part = cluster.next(&path, part);
    assert_eq!(events(&part), [""; 0]);
    cluster.pass(1);
    let part = cluster.next(&path, part);
    assert_eq!((events(&part), part.more), (Vec::new(), None));
}

#[test]
fn a_watch_from_an_invalid_version_is_rejected_before_it_begins() {
    let mut cluster = Cluster::new();
    let path = "/api/v1/configmaps?watch=true&resourceVersion=nonsense";
    let part = cluster.send("GET", path, "", None);
    // As a real server words it: an internal error that names the parameter.
    assert_eq!((part.status, part.more), (500, None));
}
