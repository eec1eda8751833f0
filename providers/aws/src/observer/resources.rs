//! All resource types that a cluster or its workload can leave behind, in deletion order.
//!
//! A resource type is one file (list, delete, monthly cost) and one line at its place here.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use async_trait::async_trait;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};
use kubeproof_contract::scope::{Cell, Listing, Scope};

use crate::observer::clients::Clients;
use crate::prices::cents;

mod autoscaling_group;
mod capacity_reservation;
mod cloudwatch_log_group;
mod dhcp_options;
mod ebs_snapshot;
mod ebs_volume;
mod ec2_instance;
mod ec2_spot_request;
mod egress_only_igw;
mod eks_cluster;
mod eks_fargate_profile;
mod eks_nodegroup;
mod elastic_ip;
mod elb_classic;
mod elbv2_load_balancer;
mod elbv2_tags;
mod elbv2_target_group;
mod entry;
mod flow_log;
mod iam_instance_profile;
mod iam_oidc_provider;
mod iam_policy_customer;
mod iam_role;
mod internet_gateway;
mod key_pair;
mod kms_alias;
mod kms_key;
mod launch_template;
mod made_other;
mod nat_gateway;
mod net;
mod network_acl;
mod network_interface;
mod placement_group;
mod route_table;
mod security_group;
mod subnet;
mod tagged_other;
mod vpc;
mod vpc_endpoint;
mod vpc_peering;

/// What a listing gives.
pub type ListResult = Result<Vec<Resource>, ObserverError>;

/// A resource type, and where its resources are.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// The type.
    pub resource_type: ResourceType,
    /// Whether they belong to the account as a whole, and to no region.
    pub is_global: bool,
}

/// A resource type: how it is listed, deleted and priced.
#[async_trait]
pub trait Type: Sync {
    /// Its name, and whether it is global.
    fn placed(&self) -> Placed;

    /// Lists it to the last page, without what is gone.
    async fn list(&self, clients: &Clients) -> ListResult;

    /// Reads what the listing leaves out but ownership needs. All of `resources` are of this type.
    async fn complete(
        &self,
        _clients: &Clients,
        _resources: &mut [Resource],
    ) -> Result<(), ObserverError> {
        Ok(())
    }

    /// Deletes one; no call is needed when it is gone already or goes with its parent.
    async fn delete(&self, clients: &Clients, resource: &Resource) -> Result<(), ObserverError>;

    /// US dollars a month of 730 hours; `None` when no price is known.
    fn monthly_cost(&self, _resource: &Resource) -> Option<Decimal> {
        Some(Decimal::ZERO)
    }
}

/// All types, in deletion order.
static TYPES: &[&dyn Type] = &[
    &eks_nodegroup::NodeGroups,
    &eks_fargate_profile::FargateProfiles,
    &eks_cluster::Clusters,
    &ec2_spot_request::SpotRequests,
    &autoscaling_group::AutoScalingGroups,
    &ec2_instance::Instances,
    &capacity_reservation::CapacityReservations,
    &placement_group::PlacementGroups,
    &launch_template::LaunchTemplates,
    &elb_classic::ClassicLoadBalancers,
    &elbv2_load_balancer::LoadBalancers,
    &elbv2_target_group::TargetGroups,
    &nat_gateway::NatGateways,
    &flow_log::FlowLogs,
    &vpc_endpoint::VpcEndpoints,
    &vpc_peering::VpcPeerings,
    &network_interface::NetworkInterfaces,
    &elastic_ip::ElasticIps,
    &ebs_volume::Volumes,
    &ebs_snapshot::Snapshots,
    &route_table::RouteTables,
    &security_group::SecurityGroups,
    &network_acl::NetworkAcls,
    &internet_gateway::InternetGateways,
    &egress_only_igw::EgressOnlyInternetGateways,
    &subnet::Subnets,
    &vpc::Vpcs,
    &dhcp_options::DhcpOptionSets,
    &key_pair::KeyPairs,
    &kms_alias::Aliases,
    &kms_key::Keys,
    &cloudwatch_log_group::LogGroups,
    &iam_instance_profile::InstanceProfiles,
    &iam_role::Roles,
    &iam_policy_customer::Policies,
    &iam_oidc_provider::OidcProviders,
    &tagged_other::TaggedOther,
    &made_other::MadeOther,
];

/// Types of a cluster and its workload that have no listing of their own, and how they are covered, if at all.
const NOT_LISTED: &[(&str, &str)] = &[
    ("ec2_fleet", TAG_OR_TRAIL),
    ("launch_configuration", TRAIL),
    ("cloudformation_stack", TAG_OR_TRAIL),
    ("route53_record", "not seen"),
    (
        "route53_hosted_zone",
        "seen in us-east-1, by the run's tag or in the trail",
    ),
    ("sqs_queue", TAG_OR_TRAIL),
    ("eventbridge_rule", TAG_OR_TRAIL),
    ("efs_file_system", TAG_OR_TRAIL),
    ("fsx_file_system", TAG_OR_TRAIL),
    ("s3_bucket", TAG_OR_TRAIL),
    ("ecr_repository", TAG_OR_TRAIL),
    (
        "global_accelerator",
        "seen in us-west-2, by the run's tag or in the trail",
    ),
    ("acm_certificate", TAG_OR_TRAIL),
    ("anything of another service", TAG_OR_TRAIL),
];
const TAG_OR_TRAIL: &str = "seen only where it carries the run's tag, or in the trail of events";
const TRAIL: &str = "seen only in the trail of events";

/// The types that have no listing of their own, a sentence each.
pub fn not_covered() -> Vec<String> {
    let words = |(name, how): &(&str, &str)| format!("{name}: {how}");
    NOT_LISTED.iter().map(words).collect()
}

static RESOURCE_TYPES: LazyLock<Vec<ResourceType>> = LazyLock::new(|| {
    TYPES
        .iter()
        .map(|known| known.placed().resource_type)
        .collect()
});

/// The names of all types, in deletion order.
pub fn resource_types() -> &'static [ResourceType] {
    &RESOURCE_TYPES
}

/// A listing for each regional type in each region, and one for each global type, in deletion order.
pub fn listings(regions: &[Scope]) -> Vec<Listing> {
    let mut listings = Vec::new();
    for known in TYPES {
        let Placed {
            resource_type,
            is_global,
        } = known.placed();
        let cell = |scope: &Scope| Listing::of(Cell::new(resource_type.name, scope));
        if is_global {
            listings.push(cell(&Scope::global()));
        } else {
            listings.extend(regions.iter().map(cell));
        }
    }
    listings
}

/// The type of this name.
pub fn find(name: &str) -> Option<&'static dyn Type> {
    TYPES
        .iter()
        .find(|known| known.placed().resource_type.name == name)
        .copied()
}

/// What keeping a resource costs a month; global ones are priced in `region`.
pub fn monthly_cost(resource: &Resource, region: &str) -> Option<MonthlyCost> {
    let mut priced = resource.clone();
    if priced.scope.is_global() {
        priced.scope = region.into();
    }
    let usd = find(&resource.resource_type)?.monthly_cost(&priced)?;
    Some(MonthlyCost { usd: cents(usd) })
}

/// Why a resource may remain, if it may.
pub fn retained(resource: &Resource) -> Option<String> {
    let reason = match resource.resource_type.as_str() {
        "iam_role" => iam_role::why_it_stays(resource.properties.get("path")?),
        "kms_key" => kms_key::why_it_stays(resource),
        _ => None,
    };
    reason.map(str::to_owned)
}

/// Calls `complete` of each type with the resources of that type and region, keeping their order.
/// `clients` gives the clients of a region.
///
/// # Errors
/// When something could not be read.
pub async fn complete(
    clients: impl Fn(&Scope) -> Clients,
    mut resources: Vec<Resource>,
) -> Result<Vec<Resource>, ObserverError> {
    let regions: BTreeSet<Scope> = resources.iter().map(|it| it.scope.clone()).collect();
    for known in TYPES {
        let name = known.placed().resource_type.name;
        for region in &regions {
            let places: Vec<usize> = (0..resources.len())
                .filter(|n| resources[*n].resource_type == name && resources[*n].scope == *region)
                .collect();
            if places.is_empty() {
                continue;
            }
            let mut group: Vec<Resource> = places.iter().map(|n| resources[*n].clone()).collect();
            known.complete(&clients(region), &mut group).await?;
            for (place, completed) in places.into_iter().zip(group) {
                resources[place] = completed;
            }
        }
    }
    Ok(resources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_listed_or_named_as_not_covered_and_never_both() {
        for (name, _) in NOT_LISTED {
            assert!(find(name).is_none(), "{name} is listed");
        }
    }
}
