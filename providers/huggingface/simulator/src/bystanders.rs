//! Bystanders: resources of other owners and shared ones, which must survive every run.
//!
//! Kept separate so that tests can see what exists before a run.

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::endpoints::{self, Stage};
use crate::setup::{ORGANISATION, USER};
use crate::state::State;

/// Endpoints of the organisation: five more than a page shows.
const THEIRS: usize = 25;

/// Adds them to a fresh account.
pub(crate) fn add(state: &mut State) {
    let now = state.now;
    state.now = now - SignedDuration::from_hours(24 * 40);
    add_endpoints(state);
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

fn add_endpoints(state: &mut State) {
    // Their names begin like a run's, but they belong to none.
    let own = [
        ("kp-legacy-chat", Stage::Paused, 0),
        ("kp-legacy-scores", Stage::Running, 1),
    ];
    for (name, stage, least) in own {
        let document = endpoint(name, least);
        endpoints::create_for_bystanders(state, USER, document, (stage, "alice"));
    }
    let organisation = state.setup.organisations.iter();
    if !organisation.into_iter().any(|one| one.name == ORGANISATION) {
        return;
    }
    for number in 0..THEIRS {
        let name = format!("research-{number:02}");
        let (stage, least) = match number % 5 {
            0 => (Stage::Running, 1),
            1 => (Stage::ScaledToZero, 0),
            2 => (Stage::Failed, 1),
            _ => (Stage::Paused, 0),
        };
        let document = endpoint(&name, least);
        endpoints::create_for_bystanders(state, ORGANISATION, document, (stage, "bob"));
    }
}

/// All that must not change of a resource, as text: as the inventory shows it, and as the account holds it.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let whole = match resource.resource_type.as_str() {
        endpoints::TYPE => endpoints::canonical(state, resource),
        _ => String::new(),
    };
    format!(
        "{:?}|{:?}|{:?}|{whole}",
        resource.name, resource.tags, resource.properties
    )
}
