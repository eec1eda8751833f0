//! A simulated project, a run, and the faults of its calls.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::resource::Resource;
use kubeproof_gcp::dialect::GcpDialect;
use kubeproof_gcp::external_changes::GkeChanges;
use kubeproof_gcp::provisioner::GkeProvisioner;
use kubeproof_gcp::rehearsal::{ACCESS_TOKEN, rehearse};
use kubeproof_gcp::spec::GkeSpec;
use kubeproof_simkit::bench;
use serde_json::{Value, json};

pub struct Bench {
    pub spec: GkeSpec,
    account: bench::Bench,
}

impl Deref for Bench {
    type Target = bench::Bench;

    fn deref(&self) -> &bench::Bench {
        &self.account
    }
}

impl DerefMut for Bench {
    fn deref_mut(&mut self) -> &mut bench::Bench {
        &mut self.account
    }
}

/// The checklist's cluster, two nodes in one zone, with other members.
pub fn spec(change: Value) -> GkeSpec {
    let mut value = json!({
        "project": "kubeproof-rehearsal", "location": "us-central1-a",
        "node_pools": [{"name": "main", "machine_type": "e2-standard-2", "count": 2}],
    });
    if let (Some(value), Value::Object(change)) = (value.as_object_mut(), change) {
        value.extend(change);
    }
    serde_json::from_value(value).unwrap()
}

impl Bench {
    pub fn new(change: Value, faults: &[&str]) -> Self {
        Self::seeded(1, change, faults)
    }

    /// A project in which what Kubernetes Engine leaves to chance comes out as this seed says.
    pub fn seeded(seed: u64, change: Value, faults: &[&str]) -> Self {
        Self::with(change, faults, |spec, clock, _| rehearse(spec, clock, seed))
    }

    /// Over another project than the usual one.
    pub fn with(
        change: Value,
        faults: &[&str],
        project: impl Fn(&GkeSpec, Clock, u64) -> Rehearsal,
    ) -> Self {
        let spec = spec(change);
        let account = bench::Bench::new(Arc::new(GcpDialect), faults, |clock| {
            project(&spec, clock, 1)
        });
        let others = GkeChanges::new(spec.clone(), &account.connection(Actor::Foreign));
        account.faults.let_change(Arc::new(others));
        Self { spec, account }
    }

    /// The same project, where these faults happen from now on.
    pub fn with_faults(mut self, faults: &[&str]) -> Self {
        self.account.faults = bench::plan(faults);
        self
    }

    /// The same project, where the provisioner's files are lost.
    pub fn with_an_empty_disk(mut self) -> Self {
        self.account.lose_disk();
        self
    }

    pub fn provisioner(&self) -> GkeProvisioner {
        GkeProvisioner::new(self.spec.clone(), &self.connection(Actor::Provisioner))
    }

    /// A call of another user.
    pub async fn call(&self, method: &str, url: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("Bearer {ACCESS_TOKEN}"))
            .body(bytes::Bytes::from(body))
            .unwrap();
        let transport = self.connection(Actor::Foreign).transport;
        let answer = transport.send(request).await.unwrap();
        assert!(answer.status().is_success(), "{method} {url}: {answer:?}");
        serde_json::from_slice(answer.body()).unwrap()
    }

    /// A call of another user to Service Usage.
    pub async fn service(&self, method: &str, path: &str) -> Value {
        let url = "https://serviceusage.googleapis.com/v1/projects/kubeproof-rehearsal/services";
        self.call(method, &format!("{url}/{path}"), &Value::Null)
            .await
    }

    /// A call of another user to Compute Engine.
    pub async fn compute(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = "https://compute.googleapis.com/compute/v1/projects/kubeproof-rehearsal";
        self.call(method, &format!("{url}/{path}"), body).await
    }

    /// A call of another user to Kubernetes Engine.
    pub async fn container(&self, method: &str, path: &str) -> Value {
        let url = format!("https://container.googleapis.com/v1/{path}");
        self.call(method, &url, &Value::Null).await
    }

    /// What exists that was not there before, as type and id.
    pub fn more_than(&self, before: &[Resource]) -> Vec<String> {
        let new = self.new_since(before);
        let new = new.iter();
        new.map(|one| format!("{} {}", one.resource_type, one.id))
            .collect()
    }
}

/// Makes an Ingress in the cluster, and waits for its address.
pub async fn make_ingress(client: &kubeproof_kubernetes::Client) {
    let service = json!({"service": {"name": "web", "port": {"number": 80}}});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {"defaultBackend": service, "tls": [{"secretName": "web"}]},
    });
    let request = http::Request::builder()
        .method("POST")
        .uri("/apis/networking.k8s.io/v1/namespaces/default/ingresses")
        .header("content-type", "application/json")
        .body(ingress.to_string().into_bytes());
    client.request_text(request.unwrap()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
}
