//! All resource types that a cluster or its workload can leave behind, in deletion order.
//!
//! A resource type is one file, with how it is listed, completed, deleted and priced, and one line at its place here.

use kubeproof_cloudkit::catalogue::{Catalogue, ResourceKind};
use kubeproof_cloudkit::resource_types;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};

use crate::observer::clients::Clients;

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
mod eventbridge_rule;
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
mod sqs_queue;
mod subnet;
mod tagged_other;
mod vpc;
mod vpc_endpoint;
mod vpc_peering;

/// What a listing gives.
pub type ListResult = Result<Vec<Resource>, ObserverError>;

/// A resource type of AWS.
pub type Kind = ResourceKind<Clients>;

const KINDS: &[Kind] = &[
    eks_nodegroup::KIND,
    eks_fargate_profile::KIND,
    eks_cluster::KIND,
    ec2_spot_request::KIND,
    autoscaling_group::KIND,
    ec2_instance::KIND,
    capacity_reservation::KIND,
    placement_group::KIND,
    launch_template::KIND,
    elb_classic::KIND,
    elbv2_load_balancer::KIND,
    elbv2_target_group::KIND,
    nat_gateway::KIND,
    flow_log::KIND,
    vpc_endpoint::KIND,
    vpc_peering::KIND,
    network_interface::KIND,
    elastic_ip::KIND,
    ebs_volume::KIND,
    ebs_snapshot::KIND,
    route_table::KIND,
    security_group::KIND,
    network_acl::KIND,
    internet_gateway::KIND,
    egress_only_igw::KIND,
    subnet::KIND,
    vpc::KIND,
    dhcp_options::KIND,
    key_pair::KIND,
    kms_alias::KIND,
    kms_key::KIND,
    cloudwatch_log_group::KIND,
    eventbridge_rule::KIND,
    sqs_queue::KIND,
    iam_instance_profile::KIND,
    iam_role::KIND,
    iam_policy_customer::KIND,
    iam_oidc_provider::KIND,
    tagged_other::KIND,
    made_other::KIND,
];

/// All types, in deletion order.
pub static CATALOGUE: Catalogue<Clients> = Catalogue(KINDS);

/// The names of all types, in deletion order.
pub static TYPES: [ResourceType; KINDS.len()] = resource_types!(KINDS);

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

/// What keeping a resource costs a month; global ones are priced in `region`.
pub fn monthly_cost(resource: &Resource, region: &str) -> Option<MonthlyCost> {
    let mut priced = resource.clone();
    if priced.scope.is_global() {
        priced.scope = region.into();
    }
    CATALOGUE.monthly_cost(&priced)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_listed_or_named_as_not_covered_and_never_both() {
        for (name, _) in NOT_LISTED {
            assert!(CATALOGUE.find(name).is_none(), "{name} is listed");
        }
    }
}
