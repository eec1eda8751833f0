//! Quotas of the region and of the project that the scenario would exceed: used and needed against the limit.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::Decimal;
use serde::Deserialize;
use serde_json::Number;

use super::super::READ;
use super::Judged;
use crate::api::Api;
use crate::spec::{DiskType, GkeSpec, NodePool};

/// The firewall rules of a cluster, and one of the network.
const FIREWALLS: u64 = 6;

/// One quota.
#[derive(Clone, Debug, Deserialize)]
struct Quota {
    metric: String,
    limit: Number,
    #[serde(default)]
    usage: Option<Number>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Quotas {
    quotas: Vec<Quota>,
}

/// What is needed of each quota.
type Needed = BTreeMap<String, u64>;

/// Judges the quotas. `vcpus` are those of the machine types.
pub(super) async fn judge(api: &Api, spec: &GkeSpec, vcpus: &BTreeMap<String, u64>) -> Judged {
    let parameters = [spec.project.0.as_str(), spec.location.region()];
    let call = RestCall::new("regions.get", &parameters);
    let region: Quotas = api.compute.call(READ, call).await?;
    let pools = spec.node_pools.0.iter();
    let machines = pools.map(|pool| pool.machine_type.0.as_str());
    if let Some(unknown) = machines.into_iter().find(|name| !vcpus.contains_key(*name)) {
        let message = format!("the vCPUs of {unknown} are not known");
        return Err(CallError::state("compare quotas", message));
    }
    let call = RestCall::new("projects.get", &parameters[..1]);
    let project: Quotas = api.compute.call(READ, call).await?;
    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    for (of, quotas, needed) in [
        (
            spec.location.region(),
            &region,
            in_region(spec, vcpus, &region),
        ),
        ("the project", &project, in_project(spec, vcpus)),
    ] {
        let (exceeded, enough) = compare(of, &quotas.quotas, &needed);
        wrong.extend(exceeded);
        seen.extend(enough);
    }
    Ok((wrong, seen.join("; ")))
}

/// What is exceeded, and what is not. A quota that the cloud does not show does not exist there.
fn compare(of: &str, quotas: &[Quota], needed: &Needed) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut seen) = (Vec::new(), Vec::new());
    for quota in quotas {
        let Some(needed) = needed.get(&quota.metric).filter(|needed| **needed > 0) else {
            continue;
        };
        let (metric, used) = (&quota.metric, quota.usage.as_ref().map(number));
        let (limit, used) = (number(&quota.limit), used.unwrap_or_default());
        let over = used + Decimal::from(*needed) - limit;
        if over > Decimal::ZERO {
            wrong.push(format!(
                "{metric} of {of}: {used} used + {needed} needed exceed the limit of {limit} by {over}"
            ));
        } else {
            seen.push(format!(
                "{metric} of {of}: {used} used + {needed} needed of {limit}"
            ));
        }
    }
    (wrong, seen)
}

/// The API writes counts as floats.
fn number(given: &Number) -> Decimal {
    let exact: Option<Decimal> = given.to_string().parse().ok();
    exact.unwrap_or(Decimal::MAX).normalize()
}

/// The nodes of a pool at the start.
fn nodes(spec: &GkeSpec, pool: &NodePool) -> u64 {
    u64::from(pool.count.0) * u64::from(spec.zones())
}

fn cores(spec: &GkeSpec, pool: &NodePool, vcpus: &BTreeMap<String, u64>) -> u64 {
    vcpus.get(&pool.machine_type.0).copied().unwrap_or_default() * nodes(spec, pool)
}

/// The quota that a pool's vCPUs count in: that of its family where the region has one, that of spare capacity where
/// the project has one, else the common one.
fn of_cores(pool: &NodePool, region: &Quotas) -> String {
    let family = pool.machine_type.0.split('-').next().unwrap_or_default();
    let family = format!("{}_CPUS", family.to_uppercase());
    let spare = Some("PREEMPTIBLE_CPUS".to_owned()).filter(|_| pool.spot);
    let has = |metric: &String| {
        let mut all = region.quotas.iter();
        all.any(|quota| quota.metric == *metric && number(&quota.limit) > Decimal::ZERO)
    };
    let mut candidates = spare.into_iter().chain([family]);
    candidates.find(has).unwrap_or_else(|| "CPUS".to_owned())
}

fn in_region(spec: &GkeSpec, vcpus: &BTreeMap<String, u64>, region: &Quotas) -> Needed {
    let mut needed = Needed::new();
    let mut add = |metric: &str, more: u64| *needed.entry(metric.to_owned()).or_default() += more;
    for pool in &spec.node_pools.0 {
        let nodes = nodes(spec, pool);
        add(&of_cores(pool, region), cores(spec, pool, vcpus));
        add("INSTANCES", nodes);
        add("INSTANCE_GROUP_MANAGERS", u64::from(spec.zones()));
        let disks = match pool.disk_type {
            DiskType::PdStandard => "DISKS_TOTAL_GB",
            DiskType::PdBalanced | DiskType::PdSsd => "SSD_TOTAL_GB",
        };
        add(disks, nodes * u64::from(pool.disk_gb.0));
        if !spec.network.private_nodes {
            add("IN_USE_ADDRESSES", nodes);
        }
    }
    needed
}

fn in_project(spec: &GkeSpec, vcpus: &BTreeMap<String, u64>) -> Needed {
    let pools = spec.node_pools.0.iter();
    let templates = pools.len() as u64 * u64::from(spec.zones());
    let own = u64::from(spec.network.existing.is_none());
    [
        (
            "CPUS_ALL_REGIONS",
            pools.map(|pool| cores(spec, pool, vcpus)).sum(),
        ),
        ("NETWORKS", own),
        ("SUBNETWORKS", own),
        ("FIREWALLS", FIREWALLS),
        ("ROUTERS", u64::from(spec.network.makes_nat())),
        ("INSTANCE_TEMPLATES", templates),
    ]
    .map(|(metric, needed)| (metric.to_owned(), needed))
    .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::tests::spec;

    fn quotas(all: &[(&str, f64, f64)]) -> Quotas {
        let all = all.iter();
        let all = all.map(
            |(metric, limit, usage)| json!({"metric": metric, "limit": limit, "usage": usage}),
        );
        serde_json::from_value(json!({"quotas": all.collect::<Vec<_>>()})).expect("quotas")
    }

    #[test]
    fn a_quota_that_would_be_exceeded_is_named_with_the_excess() {
        let check = |limit: f64, used: f64, expected: &str| {
            let (wrong, _) = compare(
                "r",
                &quotas(&[("CPUS", limit, used)]).quotas,
                &[("CPUS".to_owned(), 4)].into(),
            );
            assert_eq!(wrong.join("; "), expected);
        };
        check(8.0, 4.0, "");
        check(
            8.0,
            5.0,
            "CPUS of r: 5 used + 4 needed exceed the limit of 8 by 1",
        );
        let (wrong, seen) = compare(
            "r",
            &quotas(&[("GPUS", 0.0, 0.0)]).quotas,
            &[("CPUS".to_owned(), 4)].into(),
        );
        assert!(wrong.is_empty() && seen.is_empty());
    }

    #[test]
    fn nodes_need_cores_of_their_family_addresses_and_disks() {
        let pools = json!([
            {"name": "a", "machine_type": "e2-standard-2", "count": 2},
            {"name": "b", "machine_type": "n2-standard-4", "count": 1, "disk_type": "pd-standard", "spot": true},
        ]);
        let spec = spec(json!({"location": "us-central1", "node_pools": pools}));
        let vcpus = [
            ("e2-standard-2".to_owned(), 2),
            ("n2-standard-4".to_owned(), 4),
        ]
        .into();
        let region = quotas(&[
            ("CPUS", 72.0, 0.0),
            ("N2_CPUS", 24.0, 0.0),
            ("PREEMPTIBLE_CPUS", 0.0, 0.0),
        ]);
        let needed = in_region(&spec, &vcpus, &region);
        let of = |metric: &str| needed.get(metric).copied().unwrap_or_default();
        // By hand: 6 nodes of 2 vCPUs, 3 of 4.
        assert_eq!(
            (of("CPUS"), of("N2_CPUS"), of("PREEMPTIBLE_CPUS")),
            (12, 12, 0)
        );
        assert_eq!((of("INSTANCES"), of("IN_USE_ADDRESSES")), (9, 9));
        assert_eq!((of("SSD_TOTAL_GB"), of("DISKS_TOTAL_GB")), (600, 300));
        assert_eq!(in_project(&spec, &vcpus)["CPUS_ALL_REGIONS"], 24);
        let spare = quotas(&[("PREEMPTIBLE_CPUS", 10.0, 0.0)]);
        assert_eq!(in_region(&spec, &vcpus, &spare)["PREEMPTIBLE_CPUS"], 12);
    }
}
