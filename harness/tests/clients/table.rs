//! The table in `providers/README.md`: which client makes which calls, from what the simulator received.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use kubeproof_contract::mutex::lock;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::run::{CALLS, Ran};
use crate::tables::hold;

/// The service of calls to a cluster's own API.
const CLUSTER: &str = "kubernetes";

/// Calls that depend on the machine's speed: kubectl only watches what is not done yet.
const BY_CHANCE: [(&str, &str); 2] = [("kubectl", "watch-jobs"), ("kubectl", "watch-namespaces")];

/// Service and operation.
type Call = (String, String);

/// The clients that made each call.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<BTreeMap<Call, BTreeSet<&'static str>>>>);

impl Seen {
    /// Records the calls of a client whose status matches.
    pub fn note(
        &self,
        client: &'static str,
        ran: &Ran,
        status: fn(u64) -> bool,
    ) -> Result<(), String> {
        self.keep(client, ran, |_, answered| status(answered))
    }

    /// Records the calls to the cluster's API; other programs made the others.
    pub fn note_cluster(&self, client: &'static str, ran: &Ran) -> Result<(), String> {
        self.keep(client, ran, |service, _| service == CLUSTER)
    }

    fn keep(
        &self,
        client: &'static str,
        ran: &Ran,
        wanted: impl Fn(&str, u64) -> bool,
    ) -> Result<(), String> {
        let mut all = lock(&self.0);
        for call in calls(ran)? {
            let word = |name: &str| call["signature"][name].as_str().unwrap_or_default();
            let (service, operation) = (word("service"), word("operation"));
            let status = call["status"].as_u64().unwrap_or_default();
            // Status 501 means that the simulator does not implement the call.
            if status == 501 || !wanted(service, status) || BY_CHANCE.contains(&(client, operation))
            {
                continue;
            }
            if operation.contains(" /") {
                return Err(format!("no fault can target `{operation}`: it has no name"));
            }
            let call = (service.to_owned(), operation.to_owned());
            all.entry(call).or_default().insert(client);
        }
        Ok(())
    }

    /// The table: one row for all calls of a service that the same clients make.
    fn table(&self) -> String {
        let all = lock(&self.0);
        let mut rows: BTreeMap<(&str, Vec<&str>), Vec<&str>> = BTreeMap::new();
        for ((service, operation), clients) in all.iter() {
            let clients = clients.iter().copied().collect();
            rows.entry((service, clients)).or_default().push(operation);
        }
        let mut text = "| service | driven by | calls |\n|---|---|---|\n".to_owned();
        for ((service, clients), calls) in rows {
            let _ = writeln!(
                text,
                "| {service} | {} | {}: {} |",
                clients.join(", "),
                calls.len(),
                calls.join(", ")
            );
        }
        text
    }
}

/// The calls that all simulators received.
fn calls(ran: &Ran) -> Result<Vec<Value>, String> {
    let mut calls = Vec::new();
    for file in CALLS {
        let failed = |error: &dyn std::fmt::Display| format!("{file}: {error}");
        let text = std::fs::read_to_string(ran.folder.path().join(file));
        let text = text.map_err(|error| failed(&error))?;
        let mut body: Value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        let found = body["calls"].as_array_mut().map(std::mem::take);
        calls.extend(found.unwrap_or_default());
    }
    Ok(calls)
}

/// The trial that checks the table; ignored unless all clients were run.
pub fn trial(seen: &Seen, whole: bool) -> Trial {
    let seen = seen.clone();
    let name = "table: providers/README.md says which client drives which calls";
    let trial = Trial::test(name, move || {
        let held = hold("providers/README.md", "table of calls", &seen.table());
        held.map_err(Failed::from)
    });
    let kind = if whole {
        ""
    } else {
        "not all clients were run"
    };
    trial.with_kind(kind).with_ignored_flag(!whole)
}
