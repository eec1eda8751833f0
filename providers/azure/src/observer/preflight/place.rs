//! Whether the location offers the sizes that the node pools ask for, in the zones that they ask for.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_cloudkit::CallError;
use serde::Deserialize;

use crate::api::Api;
use crate::spec::AksSpec;

/// A size of machines in the location.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Size {
    name: String,
    resource_type: String,
    pub(super) family: String,
    location_info: Vec<Info>,
    capabilities: Vec<Capability>,
    restrictions: Vec<Restriction>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Info {
    zones: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Capability {
    name: String,
    value: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Restriction {
    #[serde(rename = "type")]
    kind: String,
    reason_code: String,
    restriction_info: Info,
}

impl Size {
    /// Its vCPUs, if the cloud says them.
    pub(super) fn vcpus(&self) -> Option<u64> {
        let mut all = self.capabilities.iter();
        let found = all.find(|one| one.name == "vCPUs")?;
        found.value.parse().ok()
    }

    /// Why it cannot be had in these zones; in none of them when there are none.
    fn lacks(&self, zones: &[String]) -> Option<String> {
        let name = &self.name;
        for restriction in &self.restrictions {
            let reason = &restriction.reason_code;
            if restriction.kind == "Location" {
                return Some(format!("{name} cannot be had: {reason}"));
            }
            let closed = &restriction.restriction_info.zones;
            if let Some(zone) = zones.iter().find(|zone| closed.contains(zone)) {
                return Some(format!("{name} cannot be had in zone {zone}: {reason}"));
            }
        }
        let offered: BTreeSet<&String> =
            self.location_info.iter().flat_map(|it| &it.zones).collect();
        let missing = zones.iter().find(|zone| !offered.contains(zone))?;
        Some(format!("{name} is not offered in zone {missing}"))
    }
}

/// The sizes of the location, by their names.
pub(super) type Sizes = BTreeMap<String, Size>;

pub(super) async fn read(api: &Api, spec: &AksSpec) -> Result<Sizes, CallError> {
    let filter = format!("location eq '{}'", spec.location.0);
    let parameters = [spec.subscription.0.as_str()];
    let all: Vec<Size> = api
        .list("resourceSkus.list", &parameters, Some(&filter))
        .await?;
    let machines = all
        .into_iter()
        .filter(|one| one.resource_type == "virtualMachines");
    Ok(machines.map(|one| (one.name.clone(), one)).collect())
}

pub(super) fn judge(spec: &AksSpec, sizes: &Sizes) -> (Vec<String>, String) {
    let (mut wrong, mut seen) = (Vec::new(), Vec::new());
    for pool in &spec.node_pools.0 {
        let name = &pool.vm_size.0;
        match sizes.get(name).map(|size| size.lacks(&pool.zones)) {
            None => wrong.push(format!("{} does not offer {name}", spec.location.0)),
            Some(Some(lack)) => wrong.push(lack),
            Some(None) => seen.push(name.clone()),
        }
    }
    (
        wrong,
        format!("{} offers {}", spec.location.0, seen.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::tests::spec;

    #[test]
    fn a_size_must_be_offered_in_every_zone_that_is_asked_for() {
        let size = |restrictions: Value| -> Sizes {
            let size = json!({"name": "Standard_D2s_v3", "resourceType": "virtualMachines",
                "locationInfo": [{"location": "eastus", "zones": ["1", "2"]}],
                "capabilities": [{"name": "vCPUs", "value": "2"}], "restrictions": restrictions});
            let size: Size = serde_json::from_value(size).unwrap();
            assert_eq!(size.vcpus(), Some(2));
            [(size.name.clone(), size)].into()
        };
        let asked = |zones: &[&str]| {
            let pool =
                json!({"name": "main", "vm_size": "Standard_D2s_v3", "count": 2, "zones": zones});
            spec(json!({"node_pools": [pool]}))
        };
        let check = |zones: &[&str], sizes: &Sizes, expected: &str| {
            assert_eq!(judge(&asked(zones), sizes).0.join("; "), expected);
        };
        let free = size(json!([]));
        check(&[], &free, "");
        check(&["1", "2"], &free, "");
        check(&["3"], &free, "Standard_D2s_v3 is not offered in zone 3");
        let reason = "NotAvailableForSubscription";
        let zone =
            json!([{"type": "Zone", "reasonCode": reason, "restrictionInfo": {"zones": ["2"]}}]);
        check(&["1"], &size(zone.clone()), "");
        check(
            &["1", "2"],
            &size(zone),
            "Standard_D2s_v3 cannot be had in zone 2: NotAvailableForSubscription",
        );
        let location = json!([{"type": "Location", "reasonCode": reason}]);
        check(
            &[],
            &size(location),
            "Standard_D2s_v3 cannot be had: NotAvailableForSubscription",
        );
        check(&[], &Sizes::new(), "eastus does not offer Standard_D2s_v3");
    }
}
