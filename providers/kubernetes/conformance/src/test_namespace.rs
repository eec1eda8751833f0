//! The namespace of one case on a target, and the requests in it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::answer::{Answer, Ask, send};
use crate::cases::{CASES, Case};
use crate::finding::{Finding, Outcome};
use crate::target::Target;

/// The label of all namespaces of a case.
const LABEL: &str = "kubeproof.dev/conformance";
/// Pause between two checks.
const PAUSE: Duration = Duration::from_millis(250);

/// The namespace of one case on a target.
#[derive(Debug)]
pub struct TestNamespace<'a> {
    pub(crate) target: &'a Target,
    /// Its name.
    pub(crate) namespace: String,
}

impl<'a> TestNamespace<'a> {
    /// Creates the namespace, and waits for what pods in it need.
    pub(crate) async fn make(target: &'a Target, case: &Case) -> Outcome<Self> {
        let index = CASES.iter().position(|known| known.name == case.name);
        let index = index.unwrap_or(CASES.len());
        let ns = Self {
            target,
            namespace: format!("{}-{index}", target.prefix),
        };
        ns.make_namespace(&ns.namespace).await?;
        let account = ns.core("serviceaccounts/default");
        ns.wait("the default service account", &account, |_| true)
            .await?;
        Ok(ns)
    }

    /// Creates another namespace, which is removed with the case.
    pub(crate) async fn make_namespace(&self, name: &str) -> Outcome<Value> {
        let labels = json!({LABEL: self.namespace});
        let space = json!({"metadata": {"name": name, "labels": labels}});
        self.post("/api/v1/namespaces", &space).await?.expect(201)
    }

    /// Removes all namespaces of the case. It does not wait until they are gone.
    pub(crate) async fn clear(&self) -> Outcome {
        let path = format!(
            "/api/v1/namespaces?labelSelector={LABEL}%3D{}",
            self.namespace
        );
        let list = self.get(&path).await?.expect(200)?;
        for space in list["items"].as_array().into_iter().flatten() {
            let name = space["metadata"]["name"].as_str().unwrap_or_default();
            let answer = self
                .delete(&format!("/api/v1/namespaces/{name}"), &Value::Null)
                .await?;
            if ![200, 202, 404, 409].contains(&answer.code) {
                return answer.expect(200).map(|_| ());
            }
        }
        Ok(())
    }

    /// A path of the core group in the namespace.
    pub(crate) fn core(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.namespace)
    }

    /// A path of the group `batch` in the namespace.
    pub(crate) fn batch(&self, rest: &str) -> String {
        format!("/apis/batch/v1/namespaces/{}/{rest}", self.namespace)
    }

    /// A path of the group `apps` in the namespace.
    pub(crate) fn apps(&self, rest: &str) -> String {
        format!("/apis/apps/v1/namespaces/{}/{rest}", self.namespace)
    }

    /// Asks as the target's administrator.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Outcome<Answer> {
        send(&self.target.client, ask).await
    }

    pub(crate) async fn get(&self, path: &str) -> Outcome<Answer> {
        self.ask(Ask::new("GET", path, String::new())).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.ask(Ask::new("POST", path, body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.ask(Ask::new("PUT", path, body.to_string())).await
    }

    /// A merge patch.
    pub(crate) async fn merge(&self, path: &str, body: &Value) -> Outcome<Answer> {
        let ask = Ask::new("PATCH", path, body.to_string());
        self.ask(ask.media("application/merge-patch+json")).await
    }

    /// A delete, with options unless they are null.
    pub(crate) async fn delete(&self, path: &str, options: &Value) -> Outcome<Answer> {
        let body = if options.is_null() {
            String::new()
        } else {
            options.to_string()
        };
        self.ask(Ask::new("DELETE", path, body)).await
    }

    /// Creates an object; fails unless it was created.
    pub(crate) async fn make_at(&self, path: &str, body: &Value) -> Outcome<Value> {
        self.post(path, body).await?.expect(201)
    }

    /// Waits until an object is as wanted.
    pub(crate) async fn wait(
        &self,
        what: &str,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Outcome<Value> {
        let start = Instant::now();
        loop {
            let answer = self.get(path).await?;
            let body = answer.json();
            if answer.code == 200 && wanted(&body) {
                return Ok(body);
            }
            if start.elapsed() >= self.target.limit {
                let (code, seconds) = (answer.code, self.target.limit.as_secs());
                let text = answer.text();
                return Err(Finding::new(format!(
                    "{what} did not come within {seconds} s: {path} says ({code}) {text}"
                )));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until an object is gone.
    pub(crate) async fn wait_gone(&self, path: &str) -> Outcome {
        let start = Instant::now();
        loop {
            let answer = self.get(path).await?;
            if answer.code == 404 {
                return Ok(());
            }
            if start.elapsed() >= self.target.limit {
                let seconds = self.target.limit.as_secs();
                let text = answer.text();
                return Err(Finding::new(format!(
                    "{path} is still there after {seconds} s: {text}"
                )));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Creates a config map with this entry.
    pub(crate) async fn map(&self, name: &str, value: &str) -> Outcome<Value> {
        let map = json!({"metadata": {"name": name}, "data": {"a": value}});
        self.make_at(&self.core("configmaps"), &map).await
    }

    /// The spec of a pod that runs a script in a shell. It is stopped quickly.
    pub(crate) fn shell(&self, restart: &str, script: &str) -> Value {
        json!({
            "restartPolicy": restart, "terminationGracePeriodSeconds": 1,
            "containers": [{
                "name": "c", "image": self.target.image,
                "command": ["/bin/sh", "-c"], "args": [script],
            }],
        })
    }

    /// Creates a pod that runs a script.
    pub(crate) async fn pod(&self, name: &str, restart: &str, script: &str) -> Outcome<String> {
        let pod = json!({"metadata": {"name": name}, "spec": self.shell(restart, script)});
        self.make_at(&self.core("pods"), &pod).await?;
        Ok(self.core(&format!("pods/{name}")))
    }
}

/// The items of a list.
pub(crate) fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

/// The names of the items of a list, in its order.
pub(crate) fn names(list: &Value) -> Vec<String> {
    items(list)
        .iter()
        .map(|item| {
            item["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

/// A condition of an object.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"]
        .as_array()?
        .iter()
        .find(|condition| condition["type"] == kind)
}

/// Whether a condition of an object is true.
pub(crate) fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition["status"] == "True")
}
