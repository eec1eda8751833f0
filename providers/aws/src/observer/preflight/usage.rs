//! What the account already uses of the resources with quotas, which the quota API does not report.

use std::collections::BTreeMap;

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use crate::observer::clients::Clients;
use crate::observer::resources::CATALOGUE;

/// Families of EC2's quota "Running On-Demand Standard instances".
const STANDARD: &[char] = &['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'];

/// What is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// VPCs in the region.
    pub vpcs: u64,
    /// Internet gateways in the region.
    pub internet_gateways: u64,
    /// Elastic IP addresses in the region.
    pub addresses: u64,
    /// NAT gateways by zone.
    pub nat_gateways: BTreeMap<String, u64>,
    /// vCPUs of running standard on-demand instances.
    pub vcpus: u64,
    /// vCPUs of running standard spot instances.
    pub spot_vcpus: u64,
    /// EKS clusters in the region.
    pub clusters: u64,
}

/// Counts what is used.
///
/// # Errors
/// When something could not be listed.
pub async fn count(clients: &Clients) -> Result<Usage, ObserverError> {
    let list = |name: &'static str| async move {
        match CATALOGUE.find(name) {
            Some(kind) => (kind.list)(clients).await,
            None => Ok(Vec::new()),
        }
    };
    let subnets = list("subnet").await?;
    let zone_of = |gateway: &Resource| {
        let id = gateway.properties.get("subnet_id")?;
        subnets
            .iter()
            .find(|subnet| subnet.id == *id)?
            .properties
            .get("zone")
            .cloned()
    };
    let mut nat_gateways = BTreeMap::new();
    for gateway in list("nat_gateway").await? {
        *nat_gateways
            .entry(zone_of(&gateway).unwrap_or_default())
            .or_insert(0) += 1;
    }
    let running = list("ec2_instance").await?;
    let held = |spot: bool| -> u64 {
        let running = running.iter().filter(|one| one.state != "stopped");
        let alike = running.filter(move |one| is_spot(one) == spot);
        alike
            .filter_map(|one| vcpus(one.properties.get("instance_type")?))
            .sum()
    };
    Ok(Usage {
        vpcs: list("vpc").await?.len() as u64,
        internet_gateways: list("internet_gateway").await?.len() as u64,
        addresses: list("elastic_ip").await?.len() as u64,
        nat_gateways,
        vcpus: held(false),
        spot_vcpus: held(true),
        clusters: list("eks_cluster").await?.len() as u64,
    })
}

fn is_spot(instance: &Resource) -> bool {
    let lifecycle = instance.properties.get("lifecycle");
    lifecycle.is_some_and(|lifecycle| lifecycle == "spot")
}

/// The vCPUs of a standard instance type, by AWS's own naming of sizes; `None` for other families,
/// which have quotas of their own, and for sizes without a number (`metal`).
pub fn vcpus(instance_type: &str) -> Option<u64> {
    let (family, size) = instance_type.split_once('.')?;
    let letters: String = family
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    let first = family.chars().next()?;
    // `inf`, `hpc` and `dl` begin like standard families and are not.
    if !STANDARD.contains(&first)
        || matches!(letters.as_str(), "inf" | "hpc" | "dl" | "mac" | "trn")
    {
        return None;
    }
    match size {
        "nano" | "micro" | "small" | "medium" if first == 't' => Some(2),
        "medium" => Some(1),
        "large" => Some(2),
        "xlarge" => Some(4),
        other => other
            .strip_suffix("xlarge")?
            .parse::<u64>()
            .ok()
            .map(|times| times * 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vcpus_follow_from_the_name_of_a_standard_type() {
        let check = |kind: &str, expected: Option<u64>| assert_eq!(vcpus(kind), expected, "{kind}");
        check("t3.micro", Some(2));
        check("t3.medium", Some(2));
        check("m7g.medium", Some(1));
        check("m5.large", Some(2));
        check("m5.xlarge", Some(4));
        check("c6i.4xlarge", Some(16));
        check("g5.xlarge", None);
        check("p3.2xlarge", None);
        check("inf1.xlarge", None);
        check("m5.metal", None);
    }
}
