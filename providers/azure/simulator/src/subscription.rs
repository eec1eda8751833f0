//! The subscription itself: its state, its locations, and the sizes and versions that locations offer.

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::compute::sizes;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{Answer, ApiError, Outcome};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/subscriptions", "subscriptions.list", list),
    on("GET", "/subscriptions/{subscription}", "subscriptions.get", get),
    on("GET", "/subscriptions/{subscription}/locations", "subscriptions.listLocations", locations),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/skus", "compute.resourceSkus.list", skus),
]);

/// The locations, each with its name for people and whether it has zones.
const LOCATIONS: &[(&str, &str, bool)] = &[
    ("eastus", "East US", true),
    ("eastus2", "East US 2", true),
    ("westus2", "West US 2", true),
    ("westus", "West US", false),
    ("northeurope", "North Europe", true),
    ("westeurope", "West Europe", true),
];

/// A location by its name, or by its name for people.
pub(crate) fn location(given: &str) -> Result<String, ApiError> {
    let plain: String = given.chars().filter(|c| *c != ' ').collect();
    let plain = plain.to_ascii_lowercase();
    let known = LOCATIONS.iter().find(|(name, ..)| *name == plain);
    known.map(|(name, ..)| (*name).to_owned()).ok_or_else(|| {
        let message = format!(
            "The provided location '{given}' is not available for resource group. List of available regions is \
             'eastus,eastus2,westus2,westus,northeurope,westeurope'."
        );
        ApiError::new(400, "LocationNotAvailableForResourceGroup", message)
    })
}

/// The zones of a location.
pub(crate) fn zones(location: &str) -> &'static [&'static str] {
    let has_zones = LOCATIONS
        .iter()
        .any(|(name, _, zones)| *name == location && *zones);
    if has_zones { &["1", "2", "3"] } else { &[] }
}

fn shown(state: &State) -> Value {
    json!({
        "id": state.subscription_path(), "subscriptionId": state.setup.subscription,
        "tenantId": state.setup.tenant, "displayName": "kubeproof rehearsal", "state": "Enabled",
        "authorizationSource": "RoleBased",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off",
        },
    })
}

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    Ok(Answer::ok(json!({"value": [shown(state)]})))
}

fn get(state: &mut State, _: &Call<'_>) -> Outcome {
    Ok(Answer::ok(shown(state)))
}

fn locations(state: &mut State, _: &Call<'_>) -> Outcome {
    let base = state.subscription_path();
    let all = LOCATIONS.iter().map(|(name, title, _)| {
        json!({
            "id": format!("{base}/locations/{name}"), "subscriptionId": state.setup.subscription,
            "name": name, "displayName": title, "type": "Region",
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        })
    });
    let all: Vec<Value> = all.collect();
    Ok(Answer::ok(json!({ "value": all })))
}

/// The sizes of machines in a location: what a zone cannot give is a restriction.
fn skus(state: &mut State, call: &Call<'_>) -> Outcome {
    let filter = call.query("$filter").unwrap_or_default();
    let wanted = filter
        .strip_prefix("location eq '")
        .and_then(|rest| rest.strip_suffix('\''));
    if wanted.is_none() && !filter.is_empty() {
        return Err(ApiError::not_simulated(format!(
            "{} with $filter {filter}",
            call.name
        )));
    }
    let all = LOCATIONS
        .iter()
        .filter(|(name, ..)| wanted.is_none_or(|wanted| wanted == *name));
    let all = all.flat_map(|(location, ..)| sizes::SIZES.iter().map(move |size| (*location, size)));
    let shown = all.map(|(location, size)| {
        let of_location = zones(location);
        let lacking = of_location.iter().filter(|zone| {
            state.setup.exhausted_zones.contains(&format!("{location}-{zone}"))
        });
        let lacking: Vec<&&str> = lacking.collect();
        let restrictions = if lacking.is_empty() {
            json!([])
        } else {
            json!([{"type": "Zone", "values": [location], "reasonCode": "NotAvailableForSubscription",
                    "restrictionInfo": {"locations": [location], "zones": lacking}}])
        };
        json!({
            "resourceType": "virtualMachines", "name": size.name, "tier": "Standard", "family": size.family,
            "locations": [location], "locationInfo": [{"location": location, "zones": of_location}],
            "capabilities": [
                {"name": "vCPUs", "value": size.vcpus.to_string()},
                {"name": "MemoryGB", "value": (size.memory_mib / 1024).to_string()},
                {"name": "GPUs", "value": size.gpus.to_string()},
            ],
            "restrictions": restrictions,
        })
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Answer::ok(json!({ "value": shown })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_has_two_names() {
        assert_eq!(location("East US").as_deref(), Ok("eastus"));
        assert_eq!(location("eastus").as_deref(), Ok("eastus"));
        assert!(location("atlantis").is_err());
        assert!(zones("westus").is_empty() && zones("eastus").len() == 3);
    }
}
