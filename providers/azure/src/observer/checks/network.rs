//! The network: what the scenario asks for, the way out of it, and no way in that was not asked for.

mod way_out;

use ipnet::Ipv4Net;
use kubeproof_cloudkit::CallError;
use kubeproof_contract::run::Run;
use serde_json::Value;

use super::Findings;
use super::cluster::Seen;
use super::node_pools::Pool;
use crate::api::{Api, version};
use crate::spec::{AksSpec, Outbound};

/// Sources of a rule that let anyone in.
const ANYONE: &[&str] = &["*", "0.0.0.0/0", "::/0", "any", "internet"];

pub(super) async fn judge(
    api: &Api,
    spec: &AksSpec,
    run: &Run,
    (cluster, pools): (&Seen, &[Pool]),
) -> Result<Findings, CallError> {
    let mut found = Findings::default();
    let Some(subnet) = one_subnet(&mut found, pools) else {
        return Ok(found);
    };
    match &spec.network {
        Some(existing) => {
            let asked = existing_id(spec);
            found.require(subnet.eq_ignore_ascii_case(&asked), || {
                format!("nodes are in {subnet}, asked for {asked}")
            });
            found.note(format!("nodes in {}", existing.subnet.0));
        }
        None => {
            let (network, _) = subnet.split_at(super::outer_length(&subnet));
            let shown: Option<Value> = api.find_by_id(network, version("virtualNetworks.")).await?;
            own(&mut found, spec, run, &subnet, shown.as_ref());
        }
    }
    let subscription = [spec.subscription.0.as_str()];
    let groups = [
        cluster.properties.node_resource_group.clone(),
        super::super::group(spec, run),
    ];
    let nodes = &groups[..1];
    let shown = &cluster.properties.network_profile.outbound_type;
    way_out::as_asked(&mut found, spec.outbound, shown);
    match spec.outbound {
        Outbound::LoadBalancer => {
            let all: Vec<Value> = api
                .list("loadBalancers.listAll", &subscription, None)
                .await?;
            way_out::by_balancer(&mut found, &in_groups(all, nodes));
        }
        Outbound::NatGateway => {
            let all: Vec<Value> = api.list("natGateways.listAll", &subscription, None).await?;
            way_out::by_gateway(&mut found, run, &subnet, &all);
        }
    }
    let own_groups = if spec.resource_group.is_none() {
        &groups[..]
    } else {
        nodes
    };
    let operation = "networkSecurityGroups.listAll";
    let security: Vec<Value> = api.list(operation, &subscription, None).await?;
    ways_in(&mut found, &in_groups(security, own_groups));
    Ok(found)
}

/// The id of the subnet that was there before.
pub(super) fn existing_id(spec: &AksSpec) -> String {
    let existing = spec.network.as_ref();
    existing.map_or_else(String::new, |existing| {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/virtualNetworks/{}/subnets/{}",
            spec.subscription.0,
            existing.resource_group.0,
            existing.virtual_network.0,
            existing.subnet.0
        )
    })
}

/// The subnet that the nodes of all pools are in.
pub(super) fn subnets(pools: &[Pool]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for pool in pools {
        let id = pool.properties.vnet_subnet_id.clone().unwrap_or_default();
        if !all.iter().any(|known| known.eq_ignore_ascii_case(&id)) {
            all.push(id);
        }
    }
    all
}

fn one_subnet(found: &mut Findings, pools: &[Pool]) -> Option<String> {
    let all = subnets(pools);
    match all.as_slice() {
        [one] if !one.is_empty() => Some(one.clone()),
        [] => {
            found.wrong.push("the cluster has no node pools".to_owned());
            None
        }
        _ => {
            let shown: Vec<&str> = all
                .iter()
                .map(|id| {
                    if id.is_empty() {
                        "one of the cluster's own"
                    } else {
                        id
                    }
                })
                .collect();
            let wrong = format!(
                "nodes are not all in the run's one subnet: {}",
                shown.join(", ")
            );
            found.wrong.push(wrong);
            None
        }
    }
}

fn in_groups(all: Vec<Value>, groups: &[String]) -> Vec<Value> {
    let is_in = |one: &Value| {
        let id = one["id"].as_str().unwrap_or_default();
        let group = super::group_of(id);
        groups.iter().any(|it| it.eq_ignore_ascii_case(group))
    };
    all.into_iter().filter(is_in).collect()
}

/// The run's own network.
fn own(found: &mut Findings, spec: &AksSpec, run: &Run, subnet: &str, network: Option<&Value>) {
    let Some(network) = network else {
        let wrong = format!("the network of {subnet} is not there");
        found.wrong.push(wrong);
        return;
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (name, properties) = (text(&network["name"]), &network["properties"]);
    let state = text(&properties["provisioningState"]);
    found.require(state == "Succeeded", || format!("{name} is {state}"));
    let tags = serde_json::from_value(network["tags"].clone()).unwrap_or_default();
    found.require(run.owns(&tags), || {
        format!("{name} does not carry the run's tag")
    });
    let (location, asked) = (text(&network["location"]), &spec.location.0);
    found.require(location == *asked, || {
        format!("{name} is in {location}, asked for {asked}")
    });
    let asked = String::from(spec.network_cidr);
    let ranges = texts(&properties["addressSpace"]["addressPrefixes"]);
    found.require(ranges == [asked.clone()], || {
        format!(
            "{name} has the ranges {}, asked for {asked}",
            ranges.join(", ")
        )
    });
    let all = properties["subnets"].as_array().into_iter().flatten();
    let mut is_it = all.filter(|one| text(&one["id"]).eq_ignore_ascii_case(subnet));
    let Some(of_nodes) = is_it.next() else {
        found.wrong.push(format!("{name} has no subnet {subnet}"));
        return;
    };
    let properties = &of_nodes["properties"];
    let state = text(&properties["provisioningState"]);
    found.require(state == "Succeeded", || format!("its subnet is {state}"));
    let mut ranges = texts(&properties["addressPrefixes"]);
    ranges.extend(properties["addressPrefix"].as_str().map(str::to_owned));
    let whole = spec.network_cidr.0;
    let is_inside = |range: &String| {
        range
            .parse()
            .is_ok_and(|range: Ipv4Net| whole.contains(&range))
    };
    found.require(!ranges.is_empty() && ranges.iter().all(is_inside), || {
        format!(
            "its subnet has the ranges {}, not in {whole}",
            ranges.join(", ")
        )
    });
    found.note(format!("{name} {whole}, nodes in {}", ranges.join(", ")));
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// No rule of a security group lets anyone in. A cluster that serves nothing has no such rule.
fn ways_in(found: &mut Findings, security: &[Value]) {
    for group in security {
        let name = group["name"].as_str().unwrap_or_default();
        let rules = group["properties"]["securityRules"].as_array();
        for rule in rules
            .into_iter()
            .flatten()
            .filter(|rule| lets_anyone_in(rule))
        {
            let rule_name = rule["name"].as_str().unwrap_or_default();
            let wrong =
                format!("rule {rule_name} of {name} lets anyone in, which was not asked for");
            found.wrong.push(wrong);
        }
    }
    let count = security.len();
    found.note(format!("of {count} security groups none lets anyone in"));
}

fn lets_anyone_in(rule: &Value) -> bool {
    let properties = &rule["properties"];
    let is = |member: &str, word: &str| {
        let value = properties[member].as_str();
        value.is_some_and(|value| value.eq_ignore_ascii_case(word))
    };
    let mut sources = texts(&properties["sourceAddressPrefixes"]);
    sources.extend(
        properties["sourceAddressPrefix"]
            .as_str()
            .map(str::to_owned),
    );
    let is_anyone = |source: &String| ANYONE.contains(&source.to_ascii_lowercase().as_str());
    is("direction", "Inbound") && is("access", "Allow") && sources.iter().any(is_anyone)
}

#[cfg(test)]
mod tests;
