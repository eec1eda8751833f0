//! Bystanders: resources of other owners and shared ones, which must survive every run.
//!
//! Kept separate so that tests can see what exists before a run.

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::cluster;
use crate::endpoints::{self, Stage};
use crate::jobs;
use crate::repositories;
use crate::setup::{ORGANISATION, USER};
use crate::state::State;
use crate::webhooks;

/// Endpoints of the organisation: five more than a page shows.
const THEIRS: usize = 25;

/// Adds them to a fresh account.
pub(crate) fn add(state: &mut State) {
    let now = state.now;
    state.now = now - SignedDuration::from_hours(24 * 40);
    add_endpoints(state, USER, &own());
    jobs::add_own_bystanders(state, USER);
    repositories::add_for_bystanders(state, USER);
    webhooks::add_for_bystanders(state);
    let mut organisations = state.setup.organisations.iter();
    if organisations.any(|one| one.name == ORGANISATION) {
        add_endpoints(state, ORGANISATION, &theirs());
        jobs::add_bystanders(state, ORGANISATION);
    }
    state.now = now;
}

fn endpoint(name: &str, min_replica: u32) -> Value {
    json!({
        "name": name, "type": "authenticated", "tags": ["team=research"],
        "provider": {"vendor": "aws", "region": "us-east-1"},
        "compute": {
            "accelerator": "cpu", "instanceType": "intel-spr", "instanceSize": "x1",
            "scaling": {"minReplica": min_replica, "maxReplica": 1},
        },
        "model": {"repository": "ProsusAI/finbert", "framework": "pytorch", "revision": null,
                  "image": {"huggingface": {}}},
    })
}

/// An endpoint: its name, its state, and its least replicas.
type Theirs = (String, Stage, u32);

/// The names begin like a run's, but they belong to none.
fn own() -> Vec<Theirs> {
    vec![
        ("kp-legacy-chat".to_owned(), Stage::Paused, 0),
        ("kp-legacy-scores".to_owned(), Stage::Running, 1),
    ]
}

fn theirs() -> Vec<Theirs> {
    let one = |number: usize| {
        let (stage, least) = match number % 5 {
            0 => (Stage::Running, 1),
            1 => (Stage::ScaledToZero, 0),
            2 => (Stage::Failed, 1),
            _ => (Stage::Paused, 0),
        };
        (format!("research-{number:02}"), stage, least)
    };
    (0..THEIRS).map(one).collect()
}

fn add_endpoints(state: &mut State, namespace: &str, all: &[Theirs]) {
    for (name, stage, least) in all {
        let document = endpoint(name, *least);
        endpoints::create_for_bystanders(state, namespace, document, (*stage, "alice"));
    }
}

/// All that must not change of a resource, as text: as the inventory shows it, and as the account holds it.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let whole = match resource.resource_type.as_str() {
        endpoints::TYPE => endpoints::canonical(state, resource),
        jobs::TYPE | jobs::SCHEDULED_TYPE => jobs::canonical(state, resource),
        webhooks::TYPE => webhooks::canonical(state, resource),
        name if name.starts_with("kubernetes_") => cluster::canonical(state, resource),
        _ => repositories::canonical(state, resource),
    };
    format!(
        "{:?}|{:?}|{:?}|{whole}",
        resource.name, resource.tags, resource.properties
    )
}
