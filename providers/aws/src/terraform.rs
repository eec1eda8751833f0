//! What the provider knows of terraform: how its AWS provider is made to tag, and its names of resource types.
//!
//! It holds for real accounts too. Sources: the pages of terraform-provider-aws ("`default_tags` Configuration Block",
//! and of each resource "Attribute Reference").

use kubeproof_contract::run::Run;
use kubeproof_contract::serve::Variable;
use kubeproof_contract::terraform::TerraformProvider;

mod calls;
mod cluster_block;

pub use cluster_block::cluster_block;

/// The provider, and the calls of its types.
pub static PROVIDER: TerraformProvider = TerraformProvider {
    name: "aws",
    client: None,
    calls: calls::CALLS,
};

/// Variables of this form are default tags of terraform's AWS provider (5.62 and later).
const DEFAULT_TAG: &str = "TF_AWS_DEFAULT_TAGS_";

/// Terraform's types whose id equals the inventory's.
const SAME_ID: &[&str] = &[
    "aws_autoscaling_group",
    "aws_cloudwatch_log_group",
    "aws_ebs_volume",
    "aws_eip",
    "aws_egress_only_internet_gateway",
    "aws_eks_cluster",
    "aws_iam_openid_connect_provider",
    "aws_iam_policy",
    "aws_iam_role",
    "aws_instance",
    "aws_flow_log",
    "aws_internet_gateway",
    "aws_kms_alias",
    "aws_kms_key",
    "aws_launch_template",
    "aws_nat_gateway",
    "aws_network_acl",
    "aws_route_table",
    "aws_security_group",
    "aws_subnet",
    "aws_vpc",
    "aws_vpc_endpoint",
];

/// The variables that make terraform tag everything that it can with the run's tags.
pub fn marks(run: &Run) -> Vec<Variable> {
    run.tags()
        .into_iter()
        .map(|(key, value)| Variable {
            name: format!("{DEFAULT_TAG}{key}"),
            value: Some(value),
            about: "a tag that terraform gives to all that it makes",
        })
        .collect()
}

/// The inventory's id of what a program reports as made.
pub fn inventory_id(name: &str, id: &str) -> Option<String> {
    match terraform_type(name) {
        // Not a terraform address: other programs report AWS's own ids.
        None => Some(id.to_owned()),
        Some("aws_eks_node_group" | "aws_eks_fargate_profile") => Some(id.replace(':', "/")),
        Some(kind) => SAME_ID.contains(&kind).then(|| id.to_owned()),
    }
}

/// The type in a terraform address: `module.a["x.y"].aws_vpc.this[0]`.
fn terraform_type(address: &str) -> Option<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, c) in address.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                parts.push(&address[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, id: &str, expected: Option<&str>) {
        assert_eq!(inventory_id(name, id).as_deref(), expected, "{name}");
    }

    #[test]
    fn what_terraform_calls_a_thing_is_what_the_inventory_calls_it() {
        check("aws_vpc.this", "vpc-1", Some("vpc-1"));
        check(
            "module.net[\"a.b\"].aws_subnet.public[0]",
            "subnet-1",
            Some("subnet-1"),
        );
        check("aws_eks_node_group.main", "kp-1:main", Some("kp-1/main"));
        check("aws_route.private[0]", "r-rtb-1080289494", None);
        check("random_id.x", "b64", None);
        check("cluster", "kp-1", Some("kp-1"));
    }

    #[test]
    fn terraform_gets_the_tags_of_the_run() {
        let run = Run::new("r1", "me", jiff::Timestamp::UNIX_EPOCH);
        let all = marks(&run);
        let found = all
            .iter()
            .find(|it| it.name == "TF_AWS_DEFAULT_TAGS_kubeproof:run");
        assert_eq!(found.and_then(|it| it.value.as_deref()), Some("r1"));
    }
}
