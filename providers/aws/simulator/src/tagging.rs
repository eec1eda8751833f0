//! Resource Groups Tagging: one list of everything tagged, with its blind spots.
//!
//! Like AWS, it misses resources that never had a tag, IAM, and interfaces of services.

use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::cloud::inventory;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};

/// Most resources on a page, and the default.
const PAGE_MAX: usize = 100;
const PAGE_DEFAULT: usize = 50;

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    match call.action.as_str() {
        "GetResources" => resources(state, &call.json),
        other => Err(AwsError::unknown_operation("tagging", other)),
    }
}

fn resources(state: &State, json: &Value) -> Outcome {
    let filters = tag_filters(json)?;
    let types = texts(&json["ResourceTypeFilters"]);
    let all: Vec<Value> = inventory(state)
        .iter()
        .filter(|resource| !resource.tags.is_empty() && !is_of_a_service(resource))
        .filter(|resource| filters.iter().all(|filter| filter.admits(resource)))
        .filter_map(|resource| Some((arn(state, resource)?, resource)))
        .filter(|(arn, _)| types.is_empty() || types.iter().any(|wanted| is_of_type(arn, wanted)))
        .map(|(arn, resource)| {
            let tags: Vec<Value> = resource
                .tags
                .iter()
                .map(|(key, value)| json!({ "Key": key, "Value": value }))
                .collect();
            json!({ "ResourceARN": arn, "Tags": tags })
        })
        .collect();
    let asked = json["ResourcesPerPage"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let size = asked
        .unwrap_or(PAGE_DEFAULT)
        .min(PAGE_MAX)
        .min(state.setup.page_size_max);
    let page = page("GetResources", all, json["PaginationToken"].as_str(), size).map_err(|_| {
        AwsError::new(
            400,
            "PaginationTokenExpiredException",
            "The pagination token is not valid.",
        )
    })?;
    // The last page has an empty token, not a missing one.
    let next = page.next.unwrap_or_default();
    Ok(Answer::Json(
        json!({ "ResourceTagMappingList": page.items, "PaginationToken": next }),
    ))
}

struct TagFilter {
    key: String,
    values: Vec<String>,
}

impl TagFilter {
    fn admits(&self, resource: &Resource) -> bool {
        resource
            .tags
            .get(&self.key)
            .is_some_and(|value| self.values.is_empty() || self.values.contains(value))
    }
}

fn tag_filters(json: &Value) -> Result<Vec<TagFilter>, AwsError> {
    json["TagFilters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|filter| {
            let key = filter["Key"]
                .as_str()
                .filter(|key| !key.is_empty())
                .ok_or_else(|| {
                    AwsError::new(
                        400,
                        "InvalidParameterException",
                        "A tag filter needs a key.",
                    )
                })?;
            Ok(TagFilter {
                key: key.to_owned(),
                values: texts(&filter["Values"]),
            })
        })
        .collect()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// Interfaces that services hold are not listed, tagged or not.
fn is_of_a_service(resource: &Resource) -> bool {
    resource.resource_type == "network_interface"
        && resource
            .properties
            .get("description")
            .is_some_and(|description| {
                ["Amazon EKS ", "ELB ", "Interface for NAT Gateway"]
                    .iter()
                    .any(|start| description.starts_with(start))
            })
}

/// `ec2:vpc` matches the ARN's service and type, `ec2` all types of the service.
fn is_of_type(arn: &str, wanted: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, rest) = (
        parts.next().unwrap_or_default(),
        parts.nth(2).unwrap_or_default(),
    );
    match wanted.split_once(':') {
        None => service == wanted,
        Some((wanted_service, wanted_type)) => {
            service == wanted_service
                && rest
                    .strip_prefix(wanted_type)
                    .is_some_and(|rest| rest.starts_with(['/', ':']))
        }
    }
}

/// The ARN of a resource; `None` if this API does not list its type.
fn arn(state: &State, resource: &Resource) -> Option<String> {
    let id = &resource.id;
    let ec2 = |path: &str| Some(state.arn("ec2", &format!("{path}/{id}")));
    match resource.resource_type.as_str() {
        "vpc" => ec2("vpc"),
        "subnet" => ec2("subnet"),
        "internet_gateway" => ec2("internet-gateway"),
        "nat_gateway" => ec2("natgateway"),
        "elastic_ip" => ec2("elastic-ip"),
        "route_table" => ec2("route-table"),
        "security_group" => ec2("security-group"),
        "network_acl" => ec2("network-acl"),
        "dhcp_options" => ec2("dhcp-options"),
        "network_interface" => ec2("network-interface"),
        "ec2_instance" => ec2("instance"),
        "ec2_spot_request" => ec2("spot-instances-request"),
        "ebs_volume" => ec2("volume"),
        "launch_template" => ec2("launch-template"),
        "egress_only_igw" => ec2("egress-only-internet-gateway"),
        "vpc_endpoint" => ec2("vpc-endpoint"),
        "flow_log" => ec2("vpc-flow-log"),
        "kms_key" => Some(state.arn("kms", &format!("key/{id}"))),
        "eks_cluster" => Some(state.arn("eks", &format!("cluster/{id}"))),
        "eks_nodegroup" => {
            // The last part of the real ARN is an id that AWS assigns; a digest stands for it.
            let end = kubeproof_contract::journal::digest(id.as_bytes());
            Some(state.arn("eks", &format!("nodegroup/{id}/{end}")))
        }
        "elb_classic" => Some(state.arn("elasticloadbalancing", &format!("loadbalancer/{id}"))),
        "elbv2_load_balancer" | "elbv2_target_group" | "eventbridge_rule" | "sqs_queue" => {
            Some(id.clone())
        }
        "eks_fargate_profile" => {
            let end = kubeproof_contract::journal::digest(id.as_bytes());
            Some(state.arn("eks", &format!("fargateprofile/{id}/{end}")))
        }
        "cloudwatch_log_group" => Some(format!(
            "arn:aws:logs:{}:{ACCOUNT_ID}:log-group:{id}",
            state.setup.region
        )),
        // IAM and Auto Scaling groups are not listed.
        _ => None,
    }
}
