//! Whether the location is up and offers what the node pools ask for.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use serde::Deserialize;

use super::super::READ;
use crate::api::Api;
use crate::api::types::last;
use crate::spec::GkeSpec;

/// What the location offers.
pub(super) struct Place {
    pub(super) judged: (Vec<String>, String),
    /// The vCPUs of each machine type that is offered.
    pub(super) vcpus: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Location {
    status: String,
    /// Links, of a region.
    zones: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MachineType {
    guest_cpus: u64,
}

pub(super) async fn read(api: &Api, spec: &GkeSpec) -> Result<Place, CallError> {
    let location = spec.location.0.as_str();
    let call = if spec.location.is_region() {
        "regions.get"
    } else {
        "zones.get"
    };
    let parameters = [spec.project.0.as_str(), location];
    let found: Location = match api
        .compute
        .call(READ, RestCall::new(call, &parameters))
        .await
    {
        Err(error) if error.is_not_found() => {
            let wrong = vec![format!("there is no {location}")];
            return Ok(Place {
                judged: (wrong, String::new()),
                vcpus: BTreeMap::new(),
            });
        }
        found => found?,
    };
    let mut zones: Vec<&str> = found.zones.iter().filter_map(|link| last(link)).collect();
    if zones.is_empty() {
        zones.push(location);
    }
    let pools = spec.node_pools.0.iter();
    let asked: BTreeSet<&str> = pools.map(|pool| pool.machine_type.0.as_str()).collect();
    let mut offers: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
    for machine in &asked {
        let offered = offers.entry(machine).or_default();
        for zone in &zones {
            let vcpus = vcpus(api, &spec.project.0, zone, machine).await?;
            offered.extend(vcpus.map(|vcpus| (*zone, vcpus)));
        }
    }
    let judged = judge(location, &found.status, spec.zones(), &offers);
    let vcpus = offers.into_iter().filter_map(|(machine, zones)| {
        let (_, vcpus) = zones.first()?;
        Some((machine.to_owned(), *vcpus))
    });
    Ok(Place {
        judged,
        vcpus: vcpus.collect(),
    })
}

/// The vCPUs of a machine type; none where a zone does not offer it.
async fn vcpus(
    api: &Api,
    project: &str,
    zone: &str,
    machine: &str,
) -> Result<Option<u64>, CallError> {
    let parameters = [project, zone, machine];
    let call = RestCall::new("machineTypes.get", &parameters);
    match api.compute.call::<MachineType>(READ, call).await {
        Err(error) if error.is_not_found() => Ok(None),
        found => Ok(Some(found?.guest_cpus)),
    }
}

/// What is wrong, and what was seen. `zones` is how many zones need the machines.
fn judge(
    location: &str,
    status: &str,
    zones: u32,
    offers: &BTreeMap<&str, Vec<(&str, u64)>>,
) -> (Vec<String>, String) {
    let mut wrong = Vec::new();
    if status != "UP" {
        wrong.push(format!("{location} is {status}"));
    }
    let mut seen = vec![format!("{location} is {status}")];
    for (machine, offered) in offers {
        let names: Vec<&str> = offered.iter().map(|(zone, _)| *zone).collect();
        let names = names.join(", ");
        if u32::try_from(offered.len()).is_ok_and(|count| count >= zones) {
            seen.push(format!("{machine} in {names}"));
        } else {
            wrong.push(format!(
                "{machine} is offered in {} of the {zones} zones that are needed: [{names}]",
                offered.len()
            ));
        }
    }
    (wrong, seen.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_type_must_be_offered_in_as_many_zones_as_need_it() {
        let check = |status: &str, zones: u32, offered: &[&'static str], expected: &str| {
            let offered = offered.iter().map(|zone| (*zone, 2)).collect();
            let offers = BTreeMap::from([("e2-small", offered)]);
            let (wrong, _) = judge("l", status, zones, &offers);
            assert_eq!(wrong.join("; "), expected);
        };
        check("UP", 1, &["a"], "");
        check("UP", 3, &["a", "b", "c", "f"], "");
        check("DOWN", 1, &["a"], "l is DOWN");
        let few = "e2-small is offered in 1 of the 3 zones that are needed: [a]";
        check("UP", 3, &["a"], few);
        let none = "e2-small is offered in 0 of the 1 zones that are needed: []";
        check("UP", 1, &[], none);
    }
}
