//! The zones that could take the cluster: they offer every instance type, and EKS supports them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, LocationType};
use kubeproof_contract::observer::ObserverError;

use super::Judgement;
use crate::observer::clients::{Clients, failed, pages};
use crate::spec::EksSpec;

/// Ids of zones in which EKS makes no control plane (AWS's user guide, "VPC and subnet
/// requirements").
const REFUSED_BY_EKS: &[&str] = &["use1-az3", "usw1-az2", "cac1-az3"];

/// The zones that could take the cluster.
#[derive(Clone, Debug)]
pub struct Zones {
    /// Their names.
    pub usable: BTreeSet<String>,
    /// Whether they are enough: what was found, or what is missing.
    pub judgement: Judgement,
}

/// Reads the region's zones.
///
/// # Errors
/// When they could not be read.
pub async fn zones(spec: &EksSpec, clients: &Clients) -> Result<Zones, ObserverError> {
    let types: BTreeSet<&str> = spec
        .node_groups
        .0
        .iter()
        .map(|group| group.instance_type.0.as_str())
        .collect();
    let available = available(clients).await?;
    let offered = offered(clients, &types).await?;
    let takes = |zone: &String| {
        types
            .iter()
            .all(|kind| offered.get(*kind).is_some_and(|zones| zones.contains(zone)))
    };
    let usable: BTreeSet<String> = available.into_iter().filter(takes).collect();
    let asked = usize::from(spec.availability_zones.0);
    let names = usable
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let kinds = types.into_iter().collect::<Vec<_>>().join(", ");
    let seen = format!("{} zones offer {kinds}: {names}", usable.len());
    let judgement = if usable.len() >= asked {
        Judgement::Enough(seen)
    } else {
        Judgement::Lacking(format!("{seen}; {asked} are needed"))
    };
    Ok(Zones { usable, judgement })
}

/// The names of available zones that EKS supports.
async fn available(clients: &Clients) -> Result<BTreeSet<String>, ObserverError> {
    let state = Filter::builder().name("state").values("available").build();
    let answer = clients
        .ec2
        .describe_availability_zones()
        .filters(state)
        .send()
        .await;
    let answer = answer.map_err(|error| failed("ec2:DescribeAvailabilityZones", &error))?;
    Ok(answer
        .availability_zones()
        .iter()
        .filter(|zone| {
            zone.zone_type()
                .is_none_or(|kind| kind == "availability-zone")
        })
        .filter(|zone| {
            !zone
                .zone_id()
                .is_some_and(|id| REFUSED_BY_EKS.contains(&id))
        })
        .filter_map(|zone| zone.zone_name.clone())
        .collect())
}

/// The zones that offer each instance type.
async fn offered(
    clients: &Clients,
    types: &BTreeSet<&str>,
) -> Result<BTreeMap<String, BTreeSet<String>>, ObserverError> {
    let kinds = types.iter().map(|kind| (*kind).to_owned()).collect();
    let stream = clients
        .ec2
        .describe_instance_type_offerings()
        .location_type(LocationType::AvailabilityZone)
        .filters(
            Filter::builder()
                .name("instance-type")
                .set_values(Some(kinds))
                .build(),
        )
        .into_paginator()
        .send();
    let mut offered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for page in pages("ec2:DescribeInstanceTypeOfferings", stream).await? {
        for offering in page.instance_type_offerings() {
            let kind = offering.instance_type().map_or("", |kind| kind.as_str());
            let zone = offering.location().unwrap_or_default();
            offered
                .entry(kind.to_owned())
                .or_default()
                .insert(zone.to_owned());
        }
    }
    Ok(offered)
}
