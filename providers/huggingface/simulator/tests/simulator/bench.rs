//! A simulated account to send requests to.

use bytes::Bytes;
use http::{HeaderMap, Request};
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::fault_layer::{ASYNC_FAULT_HEADER, Acknowledged};
use kubeproof_huggingface_simulator::cloud::HuggingFaceCloud;
use kubeproof_huggingface_simulator::setup::{Setup, TOKEN, USER};
use kubeproof_simkit::cloud::{AskedAt, Cloud, Reply};
use serde_json::{Value, json};

/// The time at the beginning: a whole minute.
pub fn start() -> Timestamp {
    Timestamp::from_second(1_795_000_020).unwrap()
}

/// The address of a line: `GET endpoint NAME` is an endpoint of the user, `GET v2 …` any path of its API, `GET hub …` one of
/// the Hub, and any other word a host.
pub fn uri(service: &str, path: &str) -> String {
    match service {
        "endpoint" => format!("https://api.endpoints.huggingface.cloud/v2/endpoint/{USER}{path}"),
        "v2" => format!("https://api.endpoints.huggingface.cloud/v2{path}"),
        "hub" => format!("https://huggingface.co/api{path}"),
        host => format!("{host}{path}"),
    }
}

/// A request with this line (`POST endpoint /e/pause`), whose path may be left out.
pub fn request(line: &str, body: &Value) -> Request<Bytes> {
    sent(line, body, Some(TOKEN))
}

/// The same with another token, or none.
pub fn sent(line: &str, body: &Value, token: Option<&str>) -> Request<Bytes> {
    let mut words = line.splitn(3, ' ');
    let (method, service) = (words.next().unwrap(), words.next().unwrap());
    let bytes = if body.is_null() {
        Bytes::new()
    } else {
        Bytes::from(body.to_string())
    };
    let mut request = Request::builder()
        .method(method)
        .uri(uri(service, words.next().unwrap_or_default()));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(bytes).unwrap()
}

/// What creates an endpoint on one core.
pub fn endpoint(name: &str) -> Value {
    json!({
        "name": name, "type": "authenticated", "tags": ["kubeproof-run=r1"],
        "provider": {"vendor": "aws", "region": "us-east-1"},
        "compute": {
            "accelerator": "cpu", "instanceType": "intel-spr", "instanceSize": "x1",
            "scaling": {"minReplica": 0, "maxReplica": 1, "scaleToZeroTimeout": 15},
        },
        "model": {"repository": "gpt2", "framework": "pytorch", "revision": null,
                  "image": {"huggingface": {}}},
    })
}

/// The same with other members, by path (`/compute/scaling/minReplica`).
pub fn endpoint_with(name: &str, changes: &[(&str, Value)]) -> Value {
    let mut document = endpoint(name);
    for (path, value) in changes {
        let (parent, member) = path.rsplit_once('/').unwrap();
        let parent = document.pointer_mut(parent).unwrap();
        parent[member] = value.clone();
    }
    document
}

/// An answer.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub acknowledged: bool,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

pub struct Bench {
    pub cloud: HuggingFaceCloud,
    pub now: Timestamp,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// An account with another setup.
    pub fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let now = start();
        let mut setup = Setup::new(1, now);
        change(&mut setup);
        let cloud = HuggingFaceCloud::new(setup);
        Self { cloud, now }
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.cloud.advance(self.now);
    }

    /// The answer to a request, which is asked again as long as the cloud wants.
    pub fn send(&mut self, mut request: Request<Bytes>) -> Seen {
        request.extensions_mut().insert(AskedAt { at: self.now });
        for _ in 0..1000 {
            self.cloud.advance(self.now);
            match self.cloud.answer(&request) {
                Reply::AskAgain(after) => {
                    self.now += SignedDuration::try_from(after).unwrap();
                }
                Reply::Now(answer)
                | Reply::Part {
                    response: answer, ..
                } => {
                    return Seen {
                        status: answer.status().as_u16(),
                        headers: answer.headers().clone(),
                        text: String::from_utf8(answer.body().to_vec()).unwrap(),
                        acknowledged: answer.extensions().get::<Acknowledged>().is_some(),
                    };
                }
            }
        }
        panic!("the call is never answered");
    }

    /// A call that must succeed.
    #[track_caller]
    pub fn ok(&mut self, line: &str, body: &Value) -> Value {
        let seen = self.send(request(line, body));
        assert!(seen.status < 300, "{line}: {seen:?}");
        seen.json()
    }

    #[track_caller]
    pub fn get(&mut self, line: &str) -> Value {
        self.ok(&format!("GET {line}"), &Value::Null)
    }

    /// A call that must be refused with this status, and a text that contains this.
    #[track_caller]
    pub fn refused(&mut self, line: &str, body: &Value, status: u16, words: &str) {
        let seen = self.send(request(line, body));
        assert_eq!(seen.status, status, "{line}: {seen:?}");
        assert!(seen.text.contains(words), "{line}: {seen:?}");
    }

    /// A call with an injected fault, which must be carried out.
    #[track_caller]
    pub fn faulty(&mut self, fault: &str, line: &str, body: &Value) -> Seen {
        let mut request = request(line, body);
        let fault = fault.parse().unwrap();
        request.headers_mut().insert(ASYNC_FAULT_HEADER, fault);
        let seen = self.send(request);
        assert!(seen.acknowledged, "{line}: {seen:?}");
        seen
    }

    /// The state of an endpoint of the user.
    #[track_caller]
    pub fn state(&mut self, name: &str) -> String {
        let shown = self.get(&format!("endpoint /{name}"));
        shown["status"]["state"].as_str().unwrap().to_owned()
    }

    /// Creates an endpoint, and waits until it runs. Returns its URL.
    #[track_caller]
    pub fn running(&mut self, document: &Value) -> String {
        let name = document["name"].as_str().unwrap().to_owned();
        self.ok("POST endpoint", document);
        self.wait(600);
        let shown = self.get(&format!("endpoint /{name}"));
        assert_eq!(shown["status"]["state"], "running", "{shown}");
        shown["status"]["url"].as_str().unwrap().to_owned()
    }

    /// The names of what exists of a type that was not there from the beginning.
    pub fn made(&self, resource_type: &str) -> Vec<String> {
        let bystanders = self.cloud.bystanders();
        let theirs = |one: &kubeproof_contract::resource::Resource| {
            bystanders.iter().any(|(other, _)| other.is_same(one))
        };
        let all = self.cloud.inventory().into_iter();
        let made = all.filter(|one| one.resource_type == resource_type && !theirs(one));
        made.map(|one| one.id).collect()
    }
}
