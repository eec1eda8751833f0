//! What a wrong provisioner does differently, call by call.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Dialect as _;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use serde_json::{Value, json};

use super::Mistake;
use crate::api::NO_CAPACITY;
use crate::dialect::LambdaDialect;

type Answer = Result<Response<Bytes>, TransportError>;

/// Between two launches.
const LAUNCH_PAUSE: Duration = Duration::from_secs(13);
/// How often a launch without an answer is made.
const LAUNCHES: usize = 4;
const LISTS: [&str; 4] = [
    "ListInstances",
    "ListFirewallRulesets",
    "ListFileSystems",
    "ListSshKeys",
];

/// The transport of a wrong provisioner.
#[derive(Debug)]
pub(super) struct Layer {
    mistake: Mistake,
    inner: SharedTransport,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The ids of what this process launched.
    launched: Vec<String>,
    /// The ids that it does not see in lists.
    unseen: Vec<String>,
    /// How many more times it finds nothing in a list.
    empty: BTreeMap<&'static str, usize>,
    /// The names of keys by id.
    keys: BTreeMap<String, String>,
}

impl Layer {
    pub(super) fn new(mistake: Mistake, inner: SharedTransport) -> Self {
        Self {
            mistake,
            inner,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn teardown_begins(&self) {
        let mut state = self.state();
        state.unseen.clear();
        if self.mistake == Mistake::TerminatesNothing {
            state.empty.insert("ListInstances", usize::MAX);
        }
    }

    /// Repeats a launch without an answer, and does not look for what it made.
    async fn launch_blindly(&self, request: Request<Bytes>) -> Answer {
        for _ in 1..LAUNCHES {
            let answer = self.inner.send(request.clone()).await;
            let is_clear = |answer: &Response<Bytes>| {
                !answer.status().is_server_error() && !json_of(answer).is_null()
            };
            if answer.as_ref().is_ok_and(is_clear) {
                return answer;
            }
            tokio::time::sleep(LAUNCH_PAUSE).await;
        }
        self.inner.send(request).await
    }

    /// The request with a key's id replaced by its name. It takes the answer, 404, for a success.
    fn by_name(&self, mut request: Request<Bytes>) -> Request<Bytes> {
        let mut state = self.state();
        let path = request.uri().path();
        let id = path.rsplit('/').next().unwrap_or_default().to_owned();
        if let Some(name) = state.keys.get(&id) {
            let uri = request.uri().to_string().replace(&id, name);
            if let Ok(uri) = uri.parse() {
                *request.uri_mut() = uri;
            }
        }
        state.unseen.push(id);
        request
    }

    /// Resources that are in use by machines that were never terminated are skipped without a word.
    fn skipped(&self, path: &str, answer: Response<Bytes>) -> Response<Bytes> {
        let error = json_of(&answer)["error"]["code"].to_string();
        if !error.contains("-in-use") {
            return answer;
        }
        let id = path.rsplit('/').next().unwrap_or_default();
        self.state().unseen.push(id.to_owned());
        Response::new(Bytes::from(json!({"data": {}}).to_string()))
    }

    /// Notes what an answer shows, and shows the provisioner less.
    fn seen(&self, operation: &str, answer: Response<Bytes>) -> Response<Bytes> {
        let mut body = json_of(&answer);
        let mut state = self.state();
        if operation == "LaunchInstance" {
            if self.mistake == Mistake::FailoverKeeps && body["error"]["code"] == NO_CAPACITY {
                state.unseen = state.launched.clone();
                state.empty = LISTS.map(|list| (list, 1)).into();
            }
            let made = body["data"]["instance_ids"]
                .as_array()
                .into_iter()
                .flatten();
            state
                .launched
                .extend(made.filter_map(|id| Some(id.as_str()?.to_owned())));
            return answer;
        }
        let Some(all) = body["data"].as_array_mut() else {
            return answer;
        };
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        all.retain(|one| !state.unseen.contains(&text(one, "id")));
        if let Some(count @ 1..) = state.empty.get_mut(operation) {
            *count -= 1;
            all.clear();
        }
        let stuck = |one: &Value| {
            let is_fine = matches!(text(one, "status").as_str(), "booting" | "active");
            state.launched.contains(&text(one, "id")) && !is_fine
        };
        if self.mistake == Mistake::HidesStuckCreate && all.iter().any(stuck) {
            state.empty = LISTS.map(|list| (list, usize::MAX)).into();
        }
        if operation == "ListSshKeys" {
            let named = all.iter().map(|one| (text(one, "id"), text(one, "name")));
            state.keys.extend(named);
        }
        answer.map(|_| Bytes::from(body.to_string()))
    }
}

fn json_of(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

#[async_trait]
impl Transport for Layer {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        let call = LambdaDialect.signature(&request);
        let operation = call.operation.as_str();
        let path = request.uri().path().to_owned();
        match (self.mistake, operation) {
            (Mistake::BlindLaunch, "LaunchInstance") => self.launch_blindly(request).await,
            (Mistake::BlindLaunch, _) => self.inner.send(request).await,
            (Mistake::KeysByName, "DeleteSshKey") => self.inner.send(self.by_name(request)).await,
            (Mistake::TerminatesNothing, delete) if delete.starts_with("Delete") => {
                Ok(self.skipped(&path, self.inner.send(request).await?))
            }
            _ => Ok(self.seen(operation, self.inner.send(request).await?)),
        }
    }
}
