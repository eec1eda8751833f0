//! The services that VPC endpoints lead to, and the prefix lists of those that are reached by routes.

use ipnet::Ipv4Net;

use crate::ec2::describe::list;
use crate::ec2::{Operations, errors, filters};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// Services with an interface endpoint that clusters need (EKS user guide, "Deploy private clusters with limited
/// internet access"; Karpenter's documentation).
const INTERFACE: [&str; 18] = [
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "kms",
    "logs",
    "monitoring",
    "s3",
    "secretsmanager",
    "sqs",
    "ssm",
    "sts",
];
/// Services that are reached by a route: their networks are documentation's own (TEST-NET-1 and 2), and their prefix
/// lists' ids are made up.
const GATEWAY: [(&str, &str, &str); 2] = [
    ("s3", "pl-0000000000000053a", "192.0.2.0/24"),
    ("dynamodb", "pl-00000000000000ddb", "198.51.100.0/24"),
];

/// The operations on services.
pub const OPERATIONS: Operations = &[
    ("DescribeVpcEndpointServices", describe_services),
    ("DescribePrefixLists", describe_prefix_lists),
];

/// `com.amazonaws.us-east-1.s3`.
fn full(state: &State, short: &str) -> String {
    format!("com.amazonaws.{}.{short}", state.setup.region)
}

/// Whether a service of this name has endpoints of this kind.
pub fn offers(state: &State, name: &str, kind: &str) -> bool {
    known(state)
        .into_iter()
        .any(|(service, of)| service == name && of == kind)
}

fn known(state: &State) -> Vec<(String, &'static str)> {
    let interfaces = INTERFACE
        .iter()
        .map(|short| (full(state, short), "Interface"));
    let gateways = GATEWAY
        .iter()
        .map(|(short, ..)| (full(state, short), "Gateway"));
    gateways.chain(interfaces).collect()
}

/// The id of the prefix list of a service.
pub fn prefix_list(state: &State, name: &str) -> Option<&'static str> {
    let found = GATEWAY
        .iter()
        .find(|(short, ..)| full(state, short) == name)?;
    Some(found.1)
}

/// The error of a service that does not exist.
pub fn unknown(name: &str) -> AwsError {
    let message = format!("The Vpc Endpoint Service '{name}' does not exist");
    errors::refuse("InvalidServiceName", message)
}

fn describe_services(state: &mut State, call: &Call) -> Outcome {
    let (names, conditions) = (call.params.list("ServiceName"), call.params.filters());
    for (name, _) in &conditions {
        filters::admit(
            name,
            &["service-name", "service-type", "owner", "service-region"],
        )?;
    }
    let all = known(state);
    if let Some(name) = names
        .iter()
        .find(|name| !all.iter().any(|(known, _)| known == *name))
    {
        return Err(unknown(name));
    }
    let fits = |(service, kind): &&(String, &'static str)| {
        (names.is_empty() || names.contains(service))
            && conditions.iter().all(|(name, patterns)| {
                let value = match name.as_str() {
                    "service-name" => service.clone(),
                    "service-type" => (*kind).to_owned(),
                    "service-region" => state.setup.region.clone(),
                    _ => "amazon".to_owned(),
                };
                filters::matches(&[value], patterns)
            })
    };
    let chosen: Vec<&(String, &'static str)> = all.iter().filter(fits).collect();
    let details = chosen
        .iter()
        .map(|(service, kind)| detail(state, service, kind));
    let node = Node::new()
        .list(
            "serviceNameSet",
            "item",
            chosen.iter().map(|(service, _)| Node::of_text(service)),
        )
        .list("serviceDetailSet", "item", details);
    Ok(Answer::Xml(node))
}

fn detail(state: &State, service: &str, kind: &str) -> Node {
    let zones = state.setup.zones();
    let zones = zones.iter().map(|(zone, _)| Node::of_text(zone));
    let short = service.rsplit('.').next().unwrap_or_default();
    let domain = format!("{short}.{}.amazonaws.com", state.setup.region);
    let id = kubeproof_contract::journal::digest(format!("{service}{kind}").as_bytes());
    Node::new()
        .text("serviceName", service)
        .text("serviceId", format!("vpce-svc-{id}"))
        .list(
            "serviceType",
            "item",
            [Node::new().text("serviceType", kind)],
        )
        .list("availabilityZoneSet", "item", zones)
        .text("owner", "amazon")
        .list("baseEndpointDnsNameSet", "item", [Node::of_text(&domain)])
        .maybe("privateDnsName", (kind == "Interface").then_some(&domain))
        .text("vpcEndpointPolicySupported", true)
        .text("acceptanceRequired", false)
        .text("managesVpcEndpoints", false)
}

fn describe_prefix_lists(state: &mut State, call: &Call) -> Outcome {
    let (ids, conditions) = (call.params.list("PrefixListId"), call.params.filters());
    for (name, _) in &conditions {
        filters::admit(name, &["prefix-list-id", "prefix-list-name"])?;
    }
    let fits = |(short, id, _): &&(&str, &str, &str)| {
        (ids.is_empty() || ids.iter().any(|one| one == id))
            && conditions.iter().all(|(name, patterns)| {
                let value = match name.as_str() {
                    "prefix-list-id" => (*id).to_owned(),
                    _ => full(state, short),
                };
                filters::matches(&[value], patterns)
            })
    };
    let item = |(short, id, network): &(&str, &str, &str)| {
        let network: Ipv4Net = network.parse().unwrap_or_default();
        Node::new()
            .text("prefixListId", id)
            .text("prefixListName", full(state, short))
            .list("cidrSet", "item", [Node::of_text(network)])
    };
    let nodes = GATEWAY.iter().filter(fits).map(item).collect();
    list(state, call, "prefixListSet", nodes, true)
}
