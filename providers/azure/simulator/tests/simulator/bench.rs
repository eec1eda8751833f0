//! A simulated subscription to send requests to.

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use kubeproof_azure_simulator::cloud::AzureCloud;
use kubeproof_azure_simulator::setup::{CLIENT_ID, CLIENT_SECRET, SUBSCRIPTION, Setup, TENANT};
use kubeproof_contract::fault_layer::{ASYNC_FAULT_HEADER, Acknowledged};
use kubeproof_simkit::cloud::{Cloud, Reply};
use serde_json::{Value, json};

/// The time at the beginning.
pub fn start() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap()
}

/// An answer, as far as tests look at it.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub body: Value,
    pub operation: Option<String>,
    pub location: Option<String>,
    pub acknowledged: bool,
}

impl Seen {
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

pub struct Bench {
    pub cloud: AzureCloud,
    pub now: Timestamp,
    /// The tokens of Resource Manager and of Graph.
    tokens: [String; 2],
}

/// A group's path, with what follows it.
pub fn group(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g{rest}")
}

/// The path of a resource of Microsoft.Network in the group.
pub fn network(rest: &str) -> String {
    group(&format!("/providers/Microsoft.Network/{rest}"))
}

/// The path of the cluster, with what follows it.
pub fn cluster(rest: &str) -> String {
    group(&format!(
        "/providers/Microsoft.ContainerService/managedClusters/c{rest}"
    ))
}

/// The request body of a cluster with two nodes.
pub fn two_nodes() -> Value {
    json!({
        "location": "eastus", "identity": {"type": "SystemAssigned"},
        "tags": {"kubeproof:run": "r1"},
        "properties": {"dnsPrefix": "c", "agentPoolProfiles": [
            {"name": "main", "mode": "System", "count": 2, "vmSize": "Standard_D2s_v3"},
        ]},
    })
}

/// A request with this line (`PUT /subscriptions/…`) and token.
pub fn request(line: &str, token: &str, body: &Value) -> Request<Bytes> {
    let (method, path) = line.split_once(' ').unwrap();
    let is_graph = path.starts_with("/v1.0/");
    let host = if is_graph {
        "graph.microsoft.com"
    } else {
        "management.azure.com"
    };
    let mark = if path.contains('?') { '&' } else { '?' };
    let version = if is_graph {
        String::new()
    } else {
        format!("{mark}api-version=2025-01-01")
    };
    let bytes = if body.is_null() {
        Bytes::new()
    } else {
        Bytes::from(body.to_string())
    };
    Request::builder()
        .method(method)
        .uri(format!("https://{host}{path}{version}"))
        .header("authorization", format!("Bearer {token}"))
        .body(bytes)
        .unwrap()
}

/// The request for a token with this scope.
pub fn token_request(client: &str, secret: &str, scope: &str) -> Request<Bytes> {
    let form = format!(
        "grant_type=client_credentials&client_id={client}&client_secret={secret}&scope={scope}"
    );
    Request::post(format!(
        "https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    ))
    .body(Bytes::from(form))
    .unwrap()
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A subscription with another setup.
    pub fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let now = start();
        let mut setup = Setup::new(1, now);
        change(&mut setup);
        let cloud = AzureCloud::new(setup);
        let mut bench = Self {
            cloud,
            now,
            tokens: Default::default(),
        };
        bench.sign_in();
        bench
    }

    fn sign_in(&mut self) {
        for (index, scope) in [
            "https://management.azure.com/.default",
            "https://graph.microsoft.com/.default",
        ]
        .iter()
        .enumerate()
        {
            let answer = self.raw(&token_request(CLIENT_ID, CLIENT_SECRET, scope));
            let body: Value = serde_json::from_slice(answer.body()).unwrap();
            self.tokens[index] = body["access_token"].as_str().unwrap().to_owned();
        }
    }

    pub fn token(&self, index: usize) -> String {
        self.tokens[index].clone()
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.cloud.advance(self.now);
        // Tokens are valid for an hour.
        self.sign_in();
    }

    pub fn raw(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        self.cloud.advance(self.now);
        match self.cloud.answer(request) {
            Reply::Now(answer) => answer,
            other => panic!("no whole answer: {other:?}"),
        }
    }

    pub fn send(&mut self, request: &Request<Bytes>) -> Seen {
        let answer = self.raw(request);
        let header = |name: &str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        Seen {
            status: answer.status().as_u16(),
            operation: header("azure-asyncoperation"),
            location: header("location"),
            acknowledged: answer.extensions().get::<Acknowledged>().is_some(),
            body: serde_json::from_slice(answer.body()).unwrap_or_default(),
        }
    }

    /// The answer to a line with a body.
    pub fn call(&mut self, line: &str, body: Value) -> Seen {
        let index = usize::from(line.contains(" /v1.0/"));
        let request = request(line, &self.tokens[index], &body);
        self.send(&request)
    }

    /// A call that is answered with this status.
    #[track_caller]
    pub fn is(&mut self, status: u16, line: &str, body: Value) -> Seen {
        let seen = self.call(line, body);
        assert_eq!(seen.status, status, "{line}: {}", seen.body);
        seen
    }

    #[track_caller]
    pub fn get(&mut self, path: &str) -> Value {
        self.is(200, &format!("GET {path}"), Value::Null).body
    }

    /// Checks that a call is refused with this status and code.
    #[track_caller]
    pub fn refused(&mut self, line: &str, body: Value, status: u16, code: &str) -> String {
        let seen = self.call(line, body);
        assert_eq!(
            (seen.status, seen.code()),
            (status, code),
            "{line}: {}",
            seen.body
        );
        seen.body["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// A call with an injected fault.
    #[track_caller]
    pub fn faulty(&mut self, fault: &str, line: &str, body: Value) -> Seen {
        let mut request = request(line, &self.tokens[0], &body);
        let headers = request.headers_mut();
        headers.insert(ASYNC_FAULT_HEADER, fault.parse().unwrap());
        self.send(&request)
    }

    /// What is at an address that an answer gave.
    pub fn follow(&mut self, address: &str) -> Seen {
        let request =
            Request::get(address).header("authorization", format!("Bearer {}", self.tokens[0]));
        self.send(&request.body(Bytes::new()).unwrap())
    }

    /// A change and, after its end, the state of its operation.
    #[track_caller]
    pub fn done(&mut self, line: &str, body: Value) -> Value {
        let begun = self.call(line, body);
        assert!(begun.status < 300, "{line}: {}", begun.body);
        self.wait(900);
        match begun.operation {
            Some(address) => self.follow(&address).body,
            None => json!({"status": "Succeeded"}),
        }
    }

    /// A change that ends well.
    #[track_caller]
    pub fn made(&mut self, line: &str, body: Value) {
        let ended = self.done(line, body);
        assert_eq!(ended["status"], "Succeeded", "{line}: {ended}");
    }

    /// The group that tests use.
    pub fn with_group(mut self) -> Self {
        self.is(
            201,
            &format!("PUT {}", group("")),
            json!({"location": "eastus", "tags": {"kubeproof:run": "r1"}}),
        );
        self
    }

    /// Types and names of all resources.
    pub fn all(&self) -> Vec<String> {
        let all = self.cloud.inventory().into_iter();
        all.map(|one| format!("{} {}", one.resource_type, one.name.unwrap_or_default()))
            .collect()
    }

    /// The names of what exists of a type and was not there from the start.
    pub fn names(&self, resource_type: &str) -> Vec<String> {
        let old = self.cloud.bystanders();
        let all = self.cloud.inventory().into_iter();
        let of = all.filter(|one| {
            one.resource_type == resource_type && !old.iter().any(|(other, _)| other.is_same(one))
        });
        of.filter_map(|one| one.name).collect()
    }
}
