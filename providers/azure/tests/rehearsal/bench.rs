//! A simulated subscription, a run, and the faults of its calls.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use kubeproof_azure::dialect::AzureDialect;
use kubeproof_azure::provisioner::AksProvisioner;
use kubeproof_azure::rehearsal::{SUBSCRIPTION, rehearse};
use kubeproof_azure::spec::AksSpec;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::Effect;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::bench;
use serde_json::{Value, json};

pub struct Bench {
    pub spec: AksSpec,
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

/// The checklist's cluster, two nodes, with other members.
pub fn spec(change: Value) -> AksSpec {
    let mut value = json!({
        "subscription": SUBSCRIPTION, "location": "eastus",
        "node_pools": [{"name": "main", "vm_size": "Standard_D2s_v3", "count": 2}],
    });
    if let (Some(value), Value::Object(change)) = (value.as_object_mut(), change) {
        value.extend(change);
    }
    serde_json::from_value(value).unwrap()
}

impl Bench {
    pub fn new(change: Value, faults: &[&str]) -> Self {
        Self::with(change, faults, rehearse)
    }

    /// The same in another subscription.
    pub fn with(
        change: Value,
        faults: &[&str],
        subscription: impl Fn(&AksSpec, Clock, u64) -> Rehearsal,
    ) -> Self {
        let spec = spec(change);
        let account = bench::Bench::new(Arc::new(AzureDialect), faults, |clock| {
            subscription(&spec, clock, 1)
        });
        Self { spec, account }
    }

    pub fn provisioner(&self) -> AksProvisioner {
        AksProvisioner::new(self.spec.clone(), &self.connection(Actor::Provisioner))
    }

    /// The same subscription, where these faults happen from now on.
    pub fn with_faults(mut self, faults: &[&str]) -> Self {
        self.account.faults = bench::plan(faults);
        self
    }

    /// A call of another user to Resource Manager.
    pub async fn other(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("https://management.azure.com{path}?api-version=2025-01-01");
        let audience = "https://management.azure.com";
        self.by_other(audience, (method, &url), body).await
    }

    /// A call of another user to the directory.
    pub async fn directory(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("https://graph.microsoft.com/v1.0/{path}");
        let audience = "https://graph.microsoft.com";
        self.by_other(audience, (method, &url), body).await
    }

    async fn by_other(&self, audience: &str, (method, url): (&str, &str), body: Value) -> Value {
        let transport = self.connection(Actor::Foreign).transport;
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={audience}/.default",
            kubeproof_azure::rehearsal::CLIENT_ID,
            kubeproof_azure::rehearsal::CLIENT_SECRET
        );
        let authority = format!(
            "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
            kubeproof_azure::rehearsal::TENANT
        );
        let request = http::Request::post(authority)
            .body(bytes::Bytes::from(form))
            .unwrap();
        let answer = transport.send(request).await.unwrap();
        let token: Value = serde_json::from_slice(answer.body()).unwrap();
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header(
                "authorization",
                format!("Bearer {}", token["access_token"].as_str().unwrap()),
            )
            .body(bytes::Bytes::from(body.to_string()))
            .unwrap();
        let answer = transport.send(request).await.unwrap();
        assert!(answer.status().is_success(), "{method} {url}: {answer:?}");
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    /// What exists that was not there before, as type and name.
    pub fn more_than(&self, before: &[Resource]) -> Vec<String> {
        let new = self.new_since(before).into_iter();
        let named = new.map(|one| (one.resource_type, one.name.unwrap_or_default()));
        named.map(|(of, name)| format!("{of} {name}")).collect()
    }

    /// A provision in which the process dies by its fault.
    pub async fn dies_in_provision(&self, fault: &str) {
        let mut process = self.provisioner();
        tokio::select! {
            biased;
            () = self.faults.crash() => {}
            result = process.provision() => panic!("{fault}: it did not die: {result:?}"),
        }
        self.faults.process_begins();
    }

    /// The same for a teardown.
    pub async fn dies_in_teardown(&self, fault: &str) {
        let mut process = self.provisioner();
        tokio::select! {
            biased;
            () = self.faults.crash() => {}
            result = process.teardown() => panic!("{fault}: it did not die: {result:?}"),
        }
        self.faults.process_begins();
    }

    /// The faults that were not injected.
    pub fn not_injected(&self) -> Vec<String> {
        let tally = self.faults.tally();
        // An empty answer cannot be cut in half.
        let tally = tally
            .iter()
            .filter(|(fault, _)| fault.effect != Effect::Garbled);
        let missed = tally.filter(|(_, count)| count.attempted == 0);
        missed.map(|(fault, _)| fault.to_string()).collect()
    }
}
