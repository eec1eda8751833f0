//! Service Quotas: the limits that the simulated services enforce, and the API that reports them.
//!
//! One table serves both, so that the reported quotas are the enforced ones.

use std::collections::BTreeMap;

use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::ec2::instance_types;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};

/// The most quotas on a page.
const PAGE_MAX: usize = 100;

/// The quota of vCPUs of standard on-demand instances.
pub const ON_DEMAND: &str = "L-1216C47A";
/// The quota of vCPUs of standard spot instances.
pub const SPOT: &str = "L-34B43A08";

struct Quota {
    service: &'static str,
    code: &'static str,
    name: &'static str,
    default: u32,
}

const fn quota(
    service: &'static str,
    code: &'static str,
    name: &'static str,
    default: u32,
) -> Quota {
    Quota {
        service,
        code,
        name,
        default,
    }
}

/// The quotas that a cluster can reach, in the order of the API: by service, then as AWS lists them.
const QUOTAS: [Quota; 14] = [
    quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5),
    quota(
        "ec2",
        ON_DEMAND,
        "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        32,
    ),
    quota(
        "ec2",
        SPOT,
        "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
        32,
    ),
    quota("eks", "L-1194D53C", "Clusters", 100),
    quota("eks", "L-6D54EA21", "Managed node groups per cluster", 30),
    quota(
        "elasticloadbalancing",
        "L-E9E9831D",
        "Classic Load Balancers per Region",
        20,
    ),
    quota(
        "elasticloadbalancing",
        "L-53DA6B97",
        "Application Load Balancers per Region",
        50,
    ),
    quota(
        "elasticloadbalancing",
        "L-69A177A2",
        "Network Load Balancers per Region",
        50,
    ),
    quota("vpc", "L-F678F1CE", "VPCs per Region", 5),
    quota("vpc", "L-407747CB", "Subnets per VPC", 200),
    quota("vpc", "L-A4707A72", "Internet gateways per Region", 5),
    quota("vpc", "L-FE5A380F", "NAT gateways per Availability Zone", 5),
    quota("vpc", "L-E79EC296", "VPC security groups per Region", 2500),
    quota(
        "vpc",
        "L-0EA8095F",
        "Inbound or outbound rules per security group",
        60,
    ),
];

/// The value of a quota in this account; a code that is not in the table sets no limit.
pub fn limit(state: &State, code: &str) -> u32 {
    let default = || {
        QUOTAS
            .iter()
            .find(|quota| quota.code == code)
            .map(|quota| quota.default)
    };
    state
        .setup
        .quotas
        .get(code)
        .copied()
        .or_else(default)
        .unwrap_or(u32::MAX)
}

/// Raises the quotas by what these resources use: the next caller has as much room as if they
/// were not there.
pub fn make_room(state: &mut State, of_others: &[Resource]) {
    let mut taken: BTreeMap<&str, u32> = BTreeMap::new();
    let mut gateways: BTreeMap<&str, u32> = BTreeMap::new();
    for resource in of_others {
        let property = |name: &str| resource.properties.get(name).map_or("", String::as_str);
        let (code, count) = match resource.resource_type.as_str() {
            "vpc" => ("L-F678F1CE", 1),
            "elastic_ip" => ("L-0263D0A3", 1),
            "internet_gateway" => ("L-A4707A72", 1),
            "security_group" => ("L-E79EC296", 1),
            "eks_cluster" => ("L-1194D53C", 1),
            "elb_classic" => ("L-E9E9831D", 1),
            "ec2_instance" if instance_types::is_standard(property("instance_type")) => {
                let known = instance_types::get(property("instance_type"));
                let code = if property("lifecycle") == "spot" {
                    SPOT
                } else {
                    ON_DEMAND
                };
                (code, known.map_or(0, |known| known.vcpus))
            }
            "nat_gateway" => {
                *gateways.entry(property("subnet_id")).or_insert(0) += 1;
                continue;
            }
            _ => continue,
        };
        *taken.entry(code).or_insert(0) += count;
    }
    // A subnet is in one zone, and the quota applies to each zone.
    if let Some(most) = gateways.into_values().max() {
        taken.insert("L-FE5A380F", most);
    }
    for (code, count) in taken {
        let value = limit(state, code).saturating_add(count);
        state.setup.quotas.insert(code.to_owned(), value);
    }
}

/// Answers one call.
///
/// # Errors
/// `NoSuchResourceException` for unknown services and codes; 501 for unknown operations.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    match call.action.as_str() {
        "ListServiceQuotas" => list(state, call, false),
        "ListAWSDefaultServiceQuotas" => list(state, call, true),
        "GetServiceQuota" => get(state, call, false),
        "GetAWSDefaultServiceQuota" => get(state, call, true),
        other => Err(AwsError::unknown_operation("servicequotas", other)),
    }
}

fn list(state: &State, call: &Call, defaults: bool) -> Outcome {
    let service = service(call)?;
    let all = QUOTAS
        .iter()
        .filter(|quota| quota.service == service)
        .collect();
    let asked = call.json["MaxResults"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let size = asked
        .unwrap_or(PAGE_MAX)
        .min(PAGE_MAX)
        .min(state.setup.page_size_max);
    let page = page(
        "ListServiceQuotas",
        all,
        call.json["NextToken"].as_str(),
        size,
    )
    .map_err(|_| AwsError::new(400, "InvalidPaginationTokenException", "Invalid NextToken"))?;
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|quota| render(state, quota, defaults))
        .collect();
    let mut body = json!({ "Quotas": items });
    if let Some(next) = page.next {
        body["NextToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

fn get(state: &State, call: &Call, defaults: bool) -> Outcome {
    let service = service(call)?;
    let code = call.json["QuotaCode"].as_str().unwrap_or_default();
    QUOTAS
        .iter()
        .find(|quota| quota.service == service && quota.code == code)
        .map(|quota| Answer::Json(json!({ "Quota": render(state, quota, defaults) })))
        .ok_or_else(|| no_such("The request failed because the specified quota does not exist"))
}

fn service(call: &Call) -> Result<&str, AwsError> {
    call.json["ServiceCode"]
        .as_str()
        .filter(|service| QUOTAS.iter().any(|quota| quota.service == *service))
        .ok_or_else(|| no_such("The request failed because the specified service does not exist"))
}

fn no_such(message: &str) -> AwsError {
    AwsError::new(400, "NoSuchResourceException", message)
}

fn render(state: &State, quota: &Quota, defaults: bool) -> Value {
    let value = if defaults {
        quota.default
    } else {
        limit(state, quota.code)
    };
    json!({
        "ServiceCode": quota.service,
        "ServiceName": service_name(quota.service),
        "QuotaArn": state.arn("servicequotas", &format!("{}/{}", quota.service, quota.code)),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": f64::from(value),
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
    })
}

fn service_name(service: &str) -> &'static str {
    match service {
        "ec2" => "Amazon Elastic Compute Cloud (Amazon EC2)",
        "eks" => "Amazon Elastic Kubernetes Service (Amazon EKS)",
        "elasticloadbalancing" => "Elastic Load Balancing (ELB)",
        _ => "Amazon Virtual Private Cloud (Amazon VPC)",
    }
}
