//! Quotas: what a location allows, and what is used of it. What was there before a run uses nothing up.

use std::collections::BTreeMap;

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::arm::Item;
use crate::compute::scale_sets::MACHINES;
use crate::compute::sizes;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::subscription;
use crate::wire::{Answer, ApiError, Outcome};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/usages", "compute.usage.list", compute),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/usages", "network.usages.list", network),
]);

/// Has all that exists use up no quota.
pub(crate) fn exempt_all(state: &mut State) {
    let unique = state.arm.items.all().map(|item| item.unique.clone());
    state.arm.exempt = unique.collect();
}

/// The vCPUs in use in a location, by family.
fn cores(state: &State, location: &str) -> BTreeMap<&'static str, u32> {
    let mut used = BTreeMap::new();
    let machines = state.arm.items.all().filter(|item| {
        item.is(&MACHINES) && item.location == location && !state.arm.exempt.contains(&item.unique)
    });
    for machine in machines {
        let size = machine
            .document
            .get("sku")
            .and_then(|sku| sku["name"].as_str());
        if let Some(size) = size.and_then(sizes::find) {
            *used.entry(size.family).or_default() += size.vcpus;
        }
    }
    used
}

/// Refuses machines that would exceed the quota of their family, or of the location.
pub(crate) fn check(state: &State, location: &str, size: &str, count: u32) -> Result<(), ApiError> {
    let Some(size) = sizes::find(size) else {
        return Ok(());
    };
    let used = cores(state, location);
    let (of_family, all) = (
        used.get(size.family).copied().unwrap_or(0),
        used.values().sum::<u32>(),
    );
    let (more, limit) = (size.vcpus.saturating_mul(count), state.setup.cores_max);
    let (name, used) = match () {
        () if of_family.saturating_add(more) > limit => (size.family, of_family),
        () if all.saturating_add(more) > limit => ("cores", all),
        () => return Ok(()),
    };
    let message = format!(
        "Insufficient vcpu quota requested {more}, remaining {} for family {name} for region {location}. Learn more: \
         https://aka.ms/aks-vcpu-quota",
        limit.saturating_sub(used)
    );
    Err(ApiError::new(400, "ErrCode_InsufficientVCPUQuota", message))
}

fn shown(name: &str, used: u32, limit: u32) -> Value {
    json!({"name": {"value": name, "localizedValue": name}, "currentValue": used, "limit": limit, "unit": "Count"})
}

fn compute(state: &mut State, call: &Call<'_>) -> Outcome {
    let location = subscription::location(call.parameter(1))?;
    let (used, limit) = (cores(state, &location), state.setup.cores_max);
    let mut all = vec![shown("cores", used.values().sum(), limit)];
    let mut families: Vec<&str> = sizes::SIZES.iter().map(|size| size.family).collect();
    families.dedup();
    all.extend(
        families
            .into_iter()
            .map(|family| shown(family, used.get(family).copied().unwrap_or(0), limit)),
    );
    Ok(Answer::ok(json!({ "value": all })))
}

/// The limits of a new subscription: general knowledge.
const NETWORK: &[(&str, &str, u32)] = &[
    ("VirtualNetworks", "virtualNetworks", 1000),
    ("PublicIPAddresses", "publicIPAddresses", 1000),
    ("NetworkSecurityGroups", "networkSecurityGroups", 5000),
    ("RouteTables", "routeTables", 200),
    ("NatGateways", "natGateways", 1000),
    ("LoadBalancers", "loadBalancers", 1000),
];

fn network(state: &mut State, call: &Call<'_>) -> Outcome {
    let location = subscription::location(call.parameter(1))?;
    let counted = |word: &str| {
        let is_one = |item: &&Item| {
            item.kind.types == [word]
                && item.location == location
                && !state.arm.exempt.contains(&item.unique)
        };
        u32::try_from(state.arm.items.all().filter(is_one).count()).unwrap_or(u32::MAX)
    };
    let all: Vec<Value> = NETWORK
        .iter()
        .map(|(name, word, limit)| shown(name, counted(word), *limit))
        .collect();
    Ok(Answer::ok(json!({ "value": all })))
}
