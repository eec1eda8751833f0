//! Bystanders: resources of other owners and shared ones, which must survive every run.
//!
//! Kept separate so that tests can see what exists before a run.

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use serde_json::json;

use crate::arm::{self, Kind, Place};
use crate::compute::disks::DISKS;
use crate::identity::IDENTITIES;
use crate::network::addresses::ADDRESSES;
use crate::network::vnets::{SUBNETS, VNETS};
use crate::state::State;
use crate::wire::Object;
use crate::{authorization, graph, groups};

/// The roles of those who use the subscription besides.
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

/// Adds them to a fresh subscription. Names begin like a run's, but belong to none.
pub(crate) fn add(state: &mut State) {
    let now = state.now;
    state.now = now - SignedDuration::from_hours(24 * 40);
    let marks = Object::from_iter([("team".to_owned(), json!("research"))]);
    groups::add(state, "NetworkWatcherRG", "eastus", Object::new(), None);
    groups::add(state, "kp-legacy", "eastus", marks.clone(), None);
    let mut make = |kind: &'static Kind, names: &[&str], document| {
        let place = Place {
            group: "kp-legacy",
            location: "eastus",
            names,
        };
        arm::add(state, kind, &place, marks.clone(), document);
    };
    make(
        &VNETS,
        &["kp-legacy"],
        json!({"properties": {"addressSpace": {"addressPrefixes": ["10.64.0.0/16"]}}}),
    );
    make(
        &SUBNETS,
        &["kp-legacy", "build"],
        json!({"properties": {"addressPrefix": "10.64.0.0/24"}}),
    );
    make(
        &ADDRESSES,
        &["kp-legacy"],
        json!({"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}),
    );
    make(
        &DISKS,
        &["kp-legacy-data"],
        json!({"sku": {"name": "Premium_LRS"}, "properties": {"diskSizeGB": 128, "creationData": {"createOption": "Empty"}}}),
    );
    make(&IDENTITIES, &["kp-legacy-build"], json!({"properties": {}}));
    add_members(state);
    state.now = now;
}

/// Who uses the subscription besides: people, and a pipeline.
fn add_members(state: &mut State) {
    let subscription = state.subscription_path();
    let alice = graph::add_person(state, "alice@example.com");
    authorization::assign(state, &subscription, READER, &alice);
    let pipeline = graph::add_application(state, "kp-pipeline");
    let scope = groups::path(state, "kp-legacy");
    authorization::assign(state, &scope, CONTRIBUTOR, &pipeline);
}

/// The whole state of a resource as text, including what the inventory does not show.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let whole = match resource.resource_type.as_str() {
        "app_registration_sp" => graph::canonical(state, resource),
        _ => arm::canonical(state, resource),
    };
    format!(
        "{:?}|{}|{:?}|{:?}|{whole}",
        resource.name, resource.state, resource.tags, resource.properties
    )
}
