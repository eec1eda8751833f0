//! Quotas that the scenario would exceed: used and needed against the limit.

use kubeproof_contract::observer::ObserverError;
use serde::Deserialize;
use serde_json::json;

use super::Judgement;
use super::capacity::Zones;
use super::usage::{self, Usage, vcpus};
use crate::json_call::{JsonCall, JsonService};
use crate::observer::clients::{Clients, observer_error};
use crate::spec::{Capacity, EksSpec};

/// One quota and what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Demand {
    service: &'static str,
    code: &'static str,
    name: &'static str,
    used: u64,
    needed: u64,
}

/// Judges all quotas.
///
/// # Errors
/// When usage or limits could not be read.
pub async fn judge(
    spec: &EksSpec,
    clients: &Clients,
    zones: Result<&Zones, &ObserverError>,
) -> Result<Judgement, ObserverError> {
    let zones = zones.map_err(Clone::clone)?;
    let usage = usage::count(clients).await?;
    let (mut seen, mut wrong) = (Vec::new(), Vec::new());
    for demand in demands(spec, &usage, zones) {
        let limit = limit(clients, &demand).await?;
        match exceeded(&demand, limit) {
            Some(text) => wrong.push(text),
            None => seen.push(format!(
                "{}: {} used + {} needed of {limit}",
                demand.name, demand.used, demand.needed
            )),
        }
    }
    Ok(if wrong.is_empty() {
        Judgement::Enough(seen.join("; "))
    } else {
        Judgement::Lacking(wrong.join("; "))
    })
}

/// What the scenario needs, besides what is used.
fn demands(spec: &EksSpec, usage: &Usage, zones: &Zones) -> Vec<Demand> {
    let (zones_asked, network) = (spec.availability_zones.0, &spec.network);
    let own = u64::from(network.makes_vpc());
    let nat_gateways = u64::from(network.nat_gateways(zones_asked));
    let subnets = u64::from(zones_asked * network.subnets_per_zone());
    let demand = |service, code, name, used, needed| Demand {
        service,
        code,
        name,
        used,
        needed,
    };
    let spot = demand(
        "ec2",
        "L-34B43A08",
        "vCPUs of standard spot instances",
        usage.spot_vcpus,
        cores(spec, Capacity::Spot),
    );
    let mut demands = vec![
        demand("vpc", "L-F678F1CE", "VPCs per region", usage.vpcs, own),
        demand("vpc", "L-407747CB", "subnets per VPC", 0, subnets),
        demand(
            "vpc",
            "L-A4707A72",
            "internet gateways per region",
            usage.internet_gateways,
            own,
        ),
        demand(
            "vpc",
            "L-FE5A380F",
            "NAT gateways per zone",
            in_the_fullest_zone(spec, usage, zones),
            nat_gateways.min(1),
        ),
        demand(
            "ec2",
            "L-0263D0A3",
            "elastic IP addresses",
            usage.addresses,
            nat_gateways,
        ),
        demand(
            "ec2",
            "L-1216C47A",
            "vCPUs of standard on-demand instances",
            usage.vcpus,
            cores(spec, Capacity::OnDemand),
        ),
        demand("eks", "L-1194D53C", "EKS clusters", usage.clusters, 1),
        demand(
            "eks",
            "L-6D54EA21",
            "node groups per cluster",
            0,
            spec.node_groups.0.len() as u64,
        ),
    ];
    demands.extend(Some(spot).filter(|spot| spot.needed > 0));
    demands
}

/// The virtual CPUs of the nodes with this kind of capacity.
fn cores(spec: &EksSpec, capacity: Capacity) -> u64 {
    let alike = spec.node_groups.0.iter();
    let alike = alike.filter(|group| group.capacity == capacity);
    alike
        .filter_map(|group| Some(vcpus(&group.instance_type.0)? * u64::from(group.count.0)))
        .sum()
}

/// The NAT gateways in the fullest of the zones that the cluster will use, which are the emptiest usable ones.
fn in_the_fullest_zone(spec: &EksSpec, usage: &Usage, zones: &Zones) -> u64 {
    let mut nat: Vec<u64> = zones
        .usable
        .iter()
        .map(|zone| usage.nat_gateways.get(zone).copied().unwrap_or_default())
        .collect();
    nat.sort_unstable();
    let place = usize::from(spec.availability_zones.0).saturating_sub(1);
    nat.get(place).or(nat.last()).copied().unwrap_or_default()
}

/// What is exceeded, and by how much.
fn exceeded(demand: &Demand, limit: u64) -> Option<String> {
    let Demand {
        service,
        code,
        name,
        used,
        needed,
    } = demand;
    let over = (used + needed)
        .checked_sub(limit)
        .filter(|over| *over > 0 && *needed > 0)?;
    Some(format!(
        "{name}: {used} used + {needed} needed exceed the limit of {limit} by {over} \
         (quota {service} {code})"
    ))
}

const SERVICE: JsonService = JsonService("servicequotas", "ServiceQuotasV20190624");
const GET: JsonCall = SERVICE.call("GetServiceQuota");
const GET_DEFAULT: JsonCall = SERVICE.call("GetAWSDefaultServiceQuota");

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Quota")]
    quota: Option<Quota>,
}

#[derive(Deserialize)]
struct Quota {
    #[serde(rename = "Value")]
    value: Option<f64>,
}

/// The limit of a quota in this account; AWS's default where the account has no value of its own.
async fn limit(clients: &Clients, demand: &Demand) -> Result<u64, ObserverError> {
    let Demand { service, code, .. } = demand;
    let asked = json!({ "ServiceCode": service, "QuotaCode": code });
    let answer: Answer = match clients.json(&GET, &asked).await {
        Err(error) if error.code == "NoSuchResourceException" => {
            clients.json(&GET_DEFAULT, &asked).await?
        }
        other => other?,
    };
    let value = answer.quota.and_then(|quota| quota.value);
    let value = value
        .ok_or_else(|| observer_error(&GET.name(), format!("no value for {service} {code}")))?;
    // The API gives a count as a float; its text up to the point is the count.
    let text = format!("{value:.0}");
    text.parse()
        .map_err(|_| observer_error(&GET.name(), format!("`{text}` is no count")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_would_be_exceeded_is_named_with_the_excess() {
        let check = |used: u64, needed: u64, limit: u64, expected: Option<&str>| {
            let demand = Demand {
                service: "ec2",
                code: "L-1",
                name: "addresses",
                used,
                needed,
            };
            assert_eq!(exceeded(&demand, limit).as_deref(), expected);
        };
        check(3, 2, 5, None);
        check(9, 0, 5, None);
        check(
            4,
            2,
            5,
            Some("addresses: 4 used + 2 needed exceed the limit of 5 by 1 (quota ec2 L-1)"),
        );
    }
}
