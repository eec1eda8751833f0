//! Quotas of the location that the scenario would exceed: used and needed against the limit. vCPUs count for their family
//! and for all together; those of spare capacity have a quota of their own.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_contract::Decimal;
use serde::Deserialize;
use serde_json::Number;

use super::Judged;
use super::place::Sizes;
use crate::api::Api;
use crate::spec::{AksSpec, Outbound};

/// The quota of all vCPUs, and that of spare ones, as usages name them.
const ALL_CORES: &str = "cores";
const SPARE_CORES: &str = "lowPriorityCores";

/// How much of a quota is used.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    name: Name,
    current_value: Number,
    limit: Number,
}

#[derive(Clone, Debug, Deserialize)]
struct Name {
    value: String,
}

/// What is needed of each quota, by its name in lower case.
type Needed = BTreeMap<String, u64>;

pub(super) async fn judge(api: &Api, spec: &AksSpec, sizes: &Sizes) -> Judged {
    let cores = cores(spec, sizes)?;
    let parameters = [spec.subscription.0.as_str(), spec.location.0.as_str()];
    let compute: Vec<Usage> = api.list("usage.list", &parameters, None).await?;
    let network: Vec<Usage> = api.list("usages.list", &parameters, None).await?;
    let (mut wrong, mut seen) = compare(&compute, &cores);
    let missing = unlisted(&compute, &cores);
    if let Some(quota) = missing {
        let message = format!(
            "{} does not say how much of {quota} is used",
            spec.location.0
        );
        return Err(CallError::state("arm:usage.list", message));
    }
    let (exceeded, enough) = compare(&network, &of_network(spec));
    wrong.extend(exceeded);
    seen.extend(enough);
    Ok((wrong, seen.join("; ")))
}

/// The vCPUs that are needed at once: an autoscaler may ask for its most.
fn cores(spec: &AksSpec, sizes: &Sizes) -> Result<Needed, CallError> {
    let mut needed = Needed::new();
    for pool in &spec.node_pools.0 {
        let name = &pool.vm_size.0;
        let size = sizes.get(name);
        let known = size.and_then(|size| Some((size.vcpus()?, size.family.as_str())));
        let Some((vcpus, family)) = known else {
            let message = format!("the vCPUs of {name} are not known");
            return Err(CallError::state("compare quotas", message));
        };
        let most = pool.autoscaling.map_or(0, |limits| limits.max);
        let cores = vcpus * u64::from(most.max(pool.count.0));
        let quotas = if pool.spot {
            vec![SPARE_CORES]
        } else {
            vec![family, ALL_CORES]
        };
        for quota in quotas {
            *needed.entry(quota.to_lowercase()).or_default() += cores;
        }
    }
    Ok(needed)
}

/// What a cluster makes in networks: its way out with its address, a security group, a network of its own.
fn of_network(spec: &AksSpec) -> Needed {
    let by_gateway = u64::from(spec.outbound == Outbound::NatGateway);
    [
        ("publicipaddresses", 1),
        ("loadbalancers", 1 - by_gateway),
        ("natgateways", by_gateway),
        ("networksecuritygroups", 1),
        ("virtualnetworks", u64::from(spec.network.is_none())),
    ]
    .map(|(name, needed)| (name.to_owned(), needed))
    .into()
}

/// What is exceeded, and what is not.
fn compare(usages: &[Usage], needed: &Needed) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut seen) = (Vec::new(), Vec::new());
    for usage in usages {
        let name = &usage.name.value;
        let Some(needed) = needed
            .get(&name.to_lowercase())
            .filter(|needed| **needed > 0)
        else {
            continue;
        };
        let (used, limit) = (number(&usage.current_value), number(&usage.limit));
        let over = used + Decimal::from(*needed) - limit;
        if over > Decimal::ZERO {
            wrong.push(format!(
                "{name}: {used} used + {needed} needed exceed the limit of {limit} by {over}"
            ));
        } else {
            seen.push(format!("{name}: {used} used + {needed} needed of {limit}"));
        }
    }
    (wrong, seen)
}

/// A quota of vCPUs that is needed and not told. Spare capacity has none of its own in every subscription.
fn unlisted(usages: &[Usage], needed: &Needed) -> Option<String> {
    let is_told = |quota: &str| {
        usages
            .iter()
            .any(|one| one.name.value.eq_ignore_ascii_case(quota))
    };
    let mut all = needed.keys();
    all.find(|quota| !is_told(quota) && !quota.eq_ignore_ascii_case(SPARE_CORES))
        .cloned()
}

fn number(given: &Number) -> Decimal {
    let exact: Option<Decimal> = given.to_string().parse().ok();
    exact.unwrap_or(Decimal::MAX).normalize()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::tests::spec;

    fn usages(all: &[(&str, u32, u32)]) -> Vec<Usage> {
        let all = all.iter().map(|(name, used, limit)| {
            json!({"name": {"value": name}, "currentValue": used, "limit": limit})
        });
        let all: Vec<Value> = all.collect();
        serde_json::from_value(json!(all)).unwrap()
    }

    fn sizes() -> Sizes {
        let size = |name: &str, family: &str, vcpus: &str| {
            let size = json!({"name": name, "family": family, "resourceType": "virtualMachines",
                "capabilities": [{"name": "vCPUs", "value": vcpus}]});
            (name.to_owned(), serde_json::from_value(size).unwrap())
        };
        [
            size("Standard_D2s_v3", "standardDSv3Family", "2"),
            size("Standard_D4s_v5", "standardDSv5Family", "4"),
        ]
        .into()
    }

    #[test]
    fn nodes_need_cores_of_their_family_and_of_all_and_spare_ones_of_their_own() {
        let pools = json!([
            {"name": "a", "vm_size": "Standard_D2s_v3", "count": 2},
            {"name": "b", "vm_size": "Standard_D4s_v5", "count": 1, "autoscaling": {"min": 1, "max": 5}},
            {"name": "c", "vm_size": "Standard_D4s_v5", "count": 3, "spot": true},
        ]);
        let needed = cores(&spec(json!({ "node_pools": pools })), &sizes()).unwrap();
        let of = |name: &str| needed.get(name).copied().unwrap_or_default();
        // By hand: 2 nodes of 2, 5 of 4; 3 spare ones of 4.
        assert_eq!(
            (of("standarddsv3family"), of("standarddsv5family")),
            (4, 20)
        );
        assert_eq!((of("cores"), of("lowprioritycores")), (24, 12));
        assert!(cores(&spec(json!({})), &Sizes::new()).is_err());
    }

    #[test]
    fn a_quota_that_would_be_exceeded_is_named_with_the_excess() {
        let check = |used: u32, expected: &str| {
            let needed = [("cores".to_owned(), 4)].into();
            let (wrong, _) = compare(&usages(&[("Cores", used, 10)]), &needed);
            assert_eq!(wrong.join("; "), expected);
        };
        check(6, "");
        check(7, "Cores: 7 used + 4 needed exceed the limit of 10 by 1");
    }

    #[test]
    fn a_family_that_no_quota_names_is_unknown_and_not_enough() {
        let check = |told: &[(&str, u32, u32)], expected: Option<&str>| {
            let needed = [
                ("cores".to_owned(), 4),
                ("standarddsv3family".to_owned(), 4),
                ("lowprioritycores".to_owned(), 4),
            ];
            let found = unlisted(&usages(told), &needed.into());
            assert_eq!(found.as_deref(), expected);
        };
        check(&[("cores", 0, 1), ("standardDSv3Family", 0, 1)], None);
        check(&[("cores", 0, 1)], Some("standarddsv3family"));
        check(&[("standardDSv3Family", 0, 1)], Some("cores"));
    }
}
