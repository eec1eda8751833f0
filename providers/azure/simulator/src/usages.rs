//! Quotas: what a location allows, and what is used of it. What was there before a run uses nothing up.

use std::collections::BTreeMap;

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::arm::Item;
use crate::compute::scale_sets::{MACHINES, is_spot};
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

/// The quota of all vCPUs but spare ones, and that of those, which belong to no family's.
const ALL_CORES: &str = "cores";
const SPARE_CORES: &str = "lowPriorityCores";

/// The vCPUs in use in a location, by the quota that they count for.
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
            let quotas: &[&str] = if is_spot(state, machine) {
                &[SPARE_CORES]
            } else {
                &[size.family, ALL_CORES]
            };
            for quota in quotas {
                *used.entry(*quota).or_default() += size.vcpus;
            }
        }
    }
    used
}

/// Refuses machines that would exceed the quota of their family, that of the location, or that of spare ones.
pub(crate) fn check(
    state: &State,
    location: &str,
    (size, is_spot): (&str, bool),
    count: u32,
) -> Result<(), ApiError> {
    let Some(size) = sizes::find(size) else {
        return Ok(());
    };
    let used = cores(state, location);
    let (more, limit) = (size.vcpus.saturating_mul(count), state.setup.cores_max);
    let quotas: &[&str] = if is_spot {
        &[SPARE_CORES]
    } else {
        &[size.family, ALL_CORES]
    };
    for name in quotas {
        let used = used.get(name).copied().unwrap_or(0);
        if used.saturating_add(more) > limit {
            let message = format!(
                "Insufficient vcpu quota requested {more}, remaining {} for family {name} for region {location}. Learn more: \
                 https://aka.ms/aks-vcpu-quota",
                limit.saturating_sub(used)
            );
            return Err(ApiError::new(400, "ErrCode_InsufficientVCPUQuota", message));
        }
    }
    Ok(())
}

/// A quota: its name, what is used of it, and its limit.
pub(crate) type Quota = (&'static str, u32, u32);

/// The quotas of machines in a location.
pub(crate) fn of_compute(state: &State, location: &str) -> Vec<Quota> {
    let (used, limit) = (cores(state, location), state.setup.cores_max);
    let mut families: Vec<&str> = sizes::SIZES.iter().map(|size| size.family).collect();
    families.dedup();
    let names = [ALL_CORES, SPARE_CORES].into_iter().chain(families);
    names
        .map(|name| (name, used.get(name).copied().unwrap_or(0), limit))
        .collect()
}

/// The quotas of networks in a location.
pub(crate) fn of_network(state: &State, location: &str) -> Vec<Quota> {
    let counted = |word: &str| {
        let is_one = |item: &&Item| {
            item.kind.types == [word]
                && item.location == location
                && !state.arm.exempt.contains(&item.unique)
        };
        u32::try_from(state.arm.items.all().filter(is_one).count()).unwrap_or(u32::MAX)
    };
    let each = NETWORK.iter();
    each.map(|(name, word, limit)| (*name, counted(word), *limit))
        .collect()
}

fn answer(quotas: Vec<Quota>) -> Outcome {
    let each = quotas.into_iter();
    let all = each.map(|(name, used, limit)| {
        json!({"name": {"value": name, "localizedValue": name}, "currentValue": used, "limit": limit, "unit": "Count"})
    });
    Ok(Answer::ok(json!({ "value": all.collect::<Vec<Value>>() })))
}

fn compute(state: &mut State, call: &Call<'_>) -> Outcome {
    let location = subscription::location(call.parameter(1))?;
    answer(of_compute(state, &location))
}

fn network(state: &mut State, call: &Call<'_>) -> Outcome {
    let location = subscription::location(call.parameter(1))?;
    answer(of_network(state, &location))
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
