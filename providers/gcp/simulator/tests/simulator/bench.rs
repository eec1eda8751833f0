//! A simulated project to send requests to.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
use kubeproof_contract::resource::Resource;
use kubeproof_gcp_simulator::cloud::GcpCloud;
use kubeproof_gcp_simulator::setup::{ACCESS_TOKEN, PROJECT, Setup};
use kubeproof_simkit::cloud::{Cloud, Reply};
use serde_json::{Value, json};

/// The time at the beginning.
pub fn start() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap()
}

/// The address of a line: `GET compute zones` is below the project in Compute Engine.
pub fn uri(service: &str, path: &str) -> String {
    let base = match service {
        "compute" => format!("https://compute.googleapis.com/compute/v1/projects/{PROJECT}/"),
        other => format!("https://{other}.googleapis.com/v1/projects/{PROJECT}/"),
    };
    format!("{base}{path}")
}

/// A request with this line (`POST compute global/networks`).
pub fn request(line: &str, body: &Value) -> Request<Bytes> {
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().unwrap();
    let (method, service, path) = (word(), word(), word());
    let bytes = if body.is_null() {
        Bytes::new()
    } else {
        Bytes::from(body.to_string())
    };
    Request::builder()
        .method(method)
        .uri(uri(service, path))
        .header("authorization", format!("Bearer {ACCESS_TOKEN}"))
        .body(bytes)
        .unwrap()
}

pub struct Bench {
    pub cloud: GcpCloud,
    pub now: Timestamp,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A project with another setup.
    pub fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let now = start();
        let mut setup = Setup::new(1, now);
        change(&mut setup);
        let cloud = GcpCloud::new(setup);
        Self { cloud, now }
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.cloud.advance(self.now);
    }

    /// The status and the document that a request is answered with.
    pub fn send(&mut self, request: &Request<Bytes>) -> (u16, Value) {
        self.cloud.advance(self.now);
        match self.cloud.answer(request) {
            Reply::Now(answer) => {
                let body = serde_json::from_slice(answer.body()).unwrap_or_default();
                (answer.status().as_u16(), body)
            }
            other => panic!("no whole answer: {other:?}"),
        }
    }

    #[track_caller]
    pub fn ok(&mut self, line: &str, body: Value) -> Value {
        let (status, answer) = self.send(&request(line, &body));
        assert_eq!(status, 200, "{line}: {answer}");
        answer
    }

    /// A call with an injected fault.
    #[track_caller]
    pub fn faulty(&mut self, fault: &str, line: &str, body: Value) -> Value {
        let mut request = request(line, &body);
        let headers = request.headers_mut();
        headers.insert(ASYNC_FAULT_HEADER, fault.parse().unwrap());
        let (status, answer) = self.send(&request);
        assert_eq!(status, 200, "{line}: {answer}");
        answer
    }

    /// Checks that a call is refused with this status and reason.
    #[track_caller]
    pub fn refused(&mut self, line: &str, body: Value, status: u16, reason: &str) -> String {
        let (found, answer) = self.send(&request(line, &body));
        let error = &answer["error"];
        let told = error["errors"][0]["reason"].as_str().unwrap_or_default();
        assert_eq!((found, told), (status, reason), "{line}: {answer}");
        error["message"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether something like this was used whose price is not known.
    pub fn cloud_is_unpriced(&self, what: &str) -> bool {
        self.cloud.unpriced().iter().any(|one| one == what)
    }

    /// All resources that exist.
    pub fn cloud_inventory(&self) -> Vec<Resource> {
        self.cloud.inventory()
    }

    /// An operation of Compute Engine as it is now.
    #[track_caller]
    pub fn operation(&mut self, operation: &Value) -> Value {
        let link = operation["selfLink"].as_str().unwrap();
        let (_, path) = link.split_once(&format!("{PROJECT}/")).unwrap();
        self.ok(&format!("GET compute {path}"), Value::Null)
    }

    /// A call of Compute Engine and, after its operation's end, the operation.
    #[track_caller]
    pub fn done(&mut self, line: &str, body: Value) -> Value {
        let begun = self.ok(line, body);
        self.wait(600);
        let ended = self.operation(&begun);
        assert_eq!(ended["status"], "DONE", "{line}: {ended}");
        ended
    }

    /// A call whose operation ends well.
    #[track_caller]
    pub fn made(&mut self, line: &str, body: Value) {
        let ended = self.done(line, body);
        assert!(ended.get("error").is_none(), "{line}: {ended}");
    }

    /// The ids of the resources of a type, without those that were there from the start.
    pub fn ids(&self, resource_type: &str) -> Vec<String> {
        let all: Vec<Resource> = self.cloud.inventory();
        let old = self.cloud.bystanders();
        let of = all.into_iter().filter(|one| {
            one.resource_type == resource_type && !old.iter().any(|(other, _)| other.is_same(one))
        });
        of.map(|one| one.id).collect()
    }
}

/// A request to any address of Google, with a bearer token.
pub fn to(method: &str, url: &str, token: &str, body: &str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(format!("https://{url}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

impl Bench {
    /// A call of the service at this address (`iam /projects/…`), in version 1.
    pub fn call(&mut self, line: &str, body: &Value) -> (u16, Value) {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap();
        let (method, service, path) = (word(), word(), word());
        let url = format!("{service}.googleapis.com/v1{path}");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(&to(method, &url, ACCESS_TOKEN, &body))
    }

    /// A call that succeeds.
    #[track_caller]
    pub fn fine(&mut self, line: &str, body: Value) -> Value {
        let (status, answer) = self.call(line, &body);
        assert_eq!(status, 200, "{line}: {answer}");
        answer
    }

    /// Checks that a call is refused with this status and word.
    #[track_caller]
    pub fn denied(&mut self, line: &str, body: Value, status: u16, word: &str) -> String {
        let (found, answer) = self.call(line, &body);
        let error = &answer["error"];
        let told = error["status"].as_str().unwrap_or_default();
        assert_eq!((found, told), (status, word), "{line}: {answer}");
        error["message"].as_str().unwrap_or_default().to_owned()
    }
}

/// A cluster's request body: two nodes in a zone, in the default network.
pub fn cluster(name: &str) -> Value {
    json!({"cluster": {"name": name, "initialNodeCount": 2, "resourceLabels": {"kubeproof-run": "r1"}}})
}

/// The clusters of the zone that tests use.
pub const CLUSTERS: &str = "container locations/us-central1-a/clusters";

impl Bench {
    /// An operation of Kubernetes Engine as it is now.
    #[track_caller]
    pub fn cluster_operation(&mut self, operation: &Value) -> Value {
        let location = operation["location"].as_str().unwrap();
        let name = operation["name"].as_str().unwrap();
        let line = format!("GET container locations/{location}/operations/{name}");
        self.ok(&line, Value::Null)
    }

    /// A call of Kubernetes Engine and, after its operation's end, the operation.
    #[track_caller]
    pub fn cluster_done(&mut self, line: &str, body: Value) -> Value {
        let begun = self.ok(line, body);
        self.wait(1200);
        let ended = self.cluster_operation(&begun);
        assert_eq!(ended["status"], "DONE", "{line}: {ended}");
        ended
    }

    /// A call whose operation ends well.
    #[track_caller]
    pub fn cluster_made(&mut self, line: &str, body: Value) {
        let ended = self.cluster_done(line, body);
        assert!(ended.get("error").is_none(), "{line}: {ended}");
    }

    /// The cluster of this name in the zone that tests use.
    #[track_caller]
    pub fn cluster(&mut self, name: &str) -> Value {
        self.ok(&format!("GET {CLUSTERS}/{name}"), Value::Null)
    }

    /// Types, regions and names of all resources.
    pub fn all(&self) -> Vec<String> {
        let all = self.cloud.inventory().into_iter();
        let named = all.map(|one| format!("{} {} {}", one.resource_type, one.scope, one.id));
        named.collect()
    }
}
