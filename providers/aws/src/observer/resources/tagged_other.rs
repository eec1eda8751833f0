//! Everything of any other service that carries a run's tag, from the tagging API: topics, buckets, stacks.
//!
//! A safety net below the types with listings of their own. It covers tagged resources only, and no IAM, which this
//! API leaves out.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::RUN_TAG;
use serde_json::{Value, json};

use super::entry::Entry;
use super::net::{PAGES_MAX, all_pages, only_by_hand};
use super::{Kind, ListResult};
use crate::json_call::{JsonCall, JsonService};
use crate::observer::clients::{Clients, observer_error};

const NAME: &str = "tagged_other";
const CALL: &str = "tagging:GetResources";
const LIST: JsonCall =
    JsonService("tagging", "ResourceGroupsTaggingAPI_20170126").call("GetResources");
/// What has a type of its own, or goes with such a resource: service and type of an ARN.
const LISTED: &[(&str, &[&str])] = &[
    (
        "ec2",
        &[
            "instance",
            "spot-instances-request",
            "capacity-reservation",
            "placement-group",
            "launch-template",
            "natgateway",
            "vpc-endpoint",
            "vpc-peering-connection",
            "network-interface",
            "elastic-ip",
            "volume",
            "snapshot",
            "route-table",
            "security-group",
            "security-group-rule",
            "network-acl",
            "internet-gateway",
            "egress-only-internet-gateway",
            "subnet",
            "vpc",
            "dhcp-options",
            "key-pair",
            "vpc-flow-log",
        ],
    ),
    (
        "eks",
        &[
            "cluster",
            "nodegroup",
            "fargateprofile",
            "addon",
            "access-entry",
            "podidentityassociation",
            "identityproviderconfig",
        ],
    ),
    (
        "elasticloadbalancing",
        &["loadbalancer", "targetgroup", "listener", "listener-rule"],
    ),
    ("autoscaling", &["autoScalingGroup"]),
    ("logs", &["log-group"]),
    ("kms", &["key", "alias"]),
    ("events", &["rule"]),
    (
        "iam",
        &["role", "instance-profile", "policy", "oidc-provider"],
    ),
];

/// Everything else that is tagged.
pub const KIND: Kind = Kind::regional(NAME, |clients| Box::pin(list(clients)))
    .deleted(only_by_hand)
    .priced(|_| None);

async fn list(clients: &Clients) -> ListResult {
    let page = |token: Option<String>| async move {
        let asked = json!({
            "TagFilters": [{ "Key": RUN_TAG }],
            "ResourcesPerPage": 100,
            "PaginationToken": token.unwrap_or_default(),
        });
        let answer: Value = clients.json(&LIST, &asked).await?;
        let all = answer["ResourceTagMappingList"].as_array();
        let all = all.ok_or_else(|| wrong("the answer has no list"))?;
        let next = answer["PaginationToken"].as_str().map(str::to_owned);
        Ok((all.clone(), next))
    };
    let mut found = Vec::new();
    for mapping in all_pages(CALL, PAGES_MAX, page).await? {
        found.extend(other(&mapping, &clients.region));
    }
    Ok(found)
}

fn wrong(message: &str) -> ObserverError {
    observer_error(CALL, message)
}

/// The resource of a mapping, unless another type lists it.
fn other(mapping: &Value, region: &str) -> Option<Resource> {
    let arn = mapping["ResourceARN"].as_str()?;
    if is_listed(arn) {
        return None;
    }
    let tags = mapping["Tags"].as_array().into_iter().flatten();
    let tags = tags.map(|tag| (tag["Key"].as_str(), tag["Value"].as_str()));
    let service = arn.split(':').nth(2);
    let entry = Entry::new(NAME, Some(arn), region).tags(tags);
    Some(entry.property("service", service).done())
}

/// Whether the resource of this ARN has a type of its own.
pub fn is_listed(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let (service, rest) = (
        parts.nth(2).unwrap_or_default(),
        parts.nth(2).unwrap_or_default(),
    );
    let of_type = rest.split(['/', ':']).next().unwrap_or_default();
    let mut services = LISTED.iter();
    // The ARN of a queue has no type.
    service == "sqs" || services.any(|(name, types)| *name == service && types.contains(&of_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_other_type_lists_is_caught() {
        let check = |arn: &str, expected: bool| assert_eq!(is_listed(arn), expected, "{arn}");
        check("arn:aws:ec2:us-east-1:1:vpc/vpc-1", true);
        check("arn:aws:ec2:us-east-1:1:fleet/fleet-1", false);
        check(
            "arn:aws:logs:us-east-1:1:log-group:/aws/eks/a/cluster",
            true,
        );
        check("arn:aws:eks:us-east-1:1:nodegroup/a/b/c", true);
        check("arn:aws:kms:us-east-1:1:key/0a", true);
        check("arn:aws:sqs:us-east-1:1:queue", true);
        check("arn:aws:cloudformation:us-east-1:1:stack/a/0", false);
        check("arn:aws:events:us-east-1:1:rule/a", true);
        check(
            "arn:aws:elasticfilesystem:us-east-1:1:file-system/fs-0",
            false,
        );
        check("arn:aws:fsx:us-east-1:1:file-system/fs-0", false);
        check("arn:aws:ecr:us-east-1:1:repository/a", false);
        check("arn:aws:acm:us-east-1:1:certificate/0", false);
        check("arn:aws:globalaccelerator::1:accelerator/0", false);
        check("arn:aws:route53:::hostedzone/Z0", false);
        check("arn:aws:s3:::bucket", false);
        check("", false);
    }

    #[test]
    fn what_is_caught_keeps_its_tags() {
        let mapping = json!({
            "ResourceARN": "arn:aws:sns:us-east-1:1:topic",
            "Tags": [{ "Key": RUN_TAG, "Value": "r1" }],
        });
        let topic = other(&mapping, "us-east-1").expect("another type");
        assert_eq!(topic.tags.get(RUN_TAG).map(String::as_str), Some("r1"));
        assert_eq!(
            topic.properties.get("service").map(String::as_str),
            Some("sns")
        );
    }
}
