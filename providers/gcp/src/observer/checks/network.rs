//! The network: subnetwork and ranges as asked for, a way out, and no firewall rule wider than asked for.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::run::Run;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::READ;
use super::super::lists::{self, List};
use super::Findings;
use super::cluster::Seen as Cluster;
use crate::api::Api;
use crate::api::types::last;
use crate::marks;
use crate::spec::GkeSpec;

/// Everywhere.
const ANY: &str = "0.0.0.0/0";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Network {
    name: String,
    description: String,
    auto_create_subnetworks: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Subnetwork {
    name: String,
    network: String,
    ip_cidr_range: String,
    secondary_ip_ranges: Vec<Range>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Range {
    range_name: String,
    ip_cidr_range: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Route {
    network: String,
    dest_range: String,
    next_hop_gateway: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Firewall {
    name: String,
    network: String,
    direction: String,
    source_ranges: Vec<String>,
    target_tags: Vec<String>,
    allowed: Vec<Value>,
    disabled: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Router {
    name: String,
    network: String,
    region: String,
    nats: Vec<Value>,
}

/// What there is around a cluster.
#[derive(Clone, Debug, Default)]
struct Around {
    network: Network,
    subnetwork: Subnetwork,
    routes: Vec<Route>,
    firewalls: Vec<Firewall>,
    routers: Vec<Router>,
}

pub(super) async fn judge(
    api: &Api,
    spec: &GkeSpec,
    run: &Run,
    cluster: &Result<Option<Cluster>, CallError>,
) -> Result<Findings, CallError> {
    let mut found = Findings::default();
    let Some(cluster) = cluster.as_ref().map_err(Clone::clone)? else {
        found
            .wrong
            .push("there is no cluster that could be in a network".to_owned());
        return Ok(found);
    };
    let (network, subnetwork) = (
        cluster.network_config.network(),
        cluster.network_config.subnetwork(),
    );
    if let Some(existing) = &spec.network.existing {
        let asked = (existing.network.0.as_str(), existing.subnetwork.0.as_str());
        found.require((network, subnetwork) == asked, || {
            format!(
                "it is in {network}/{subnetwork}, asked for {}/{}",
                asked.0, asked.1
            )
        });
    }
    let project = spec.project.0.as_str();
    let around = Around {
        network: get(api, "networks.get", &[project, network]).await?,
        subnetwork: get(
            api,
            "subnetworks.get",
            &[project, spec.location.region(), subnetwork],
        )
        .await?,
        routes: all(api, project, List::Global("routes.list")).await?,
        firewalls: all(api, project, List::Global("firewalls.list")).await?,
        routers: all(
            api,
            project,
            List::Aggregated("routers.aggregatedList", "routers"),
        )
        .await?,
    };
    compare(&mut found, spec, run, cluster, &around);
    Ok(found)
}

async fn get<T: DeserializeOwned + Send>(
    api: &Api,
    call: &'static str,
    parameters: &[&str],
) -> Result<T, CallError> {
    api.compute
        .call(READ, RestCall::new(call, parameters))
        .await
}

/// All items of a list. A part that could not be read may hold what is asked for.
async fn all<T: DeserializeOwned>(
    api: &Api,
    project: &str,
    list: List,
) -> Result<Vec<T>, CallError> {
    let read = lists::read(api, project, list).await?;
    if let Some(unread) = read.unread.into_iter().next() {
        return Err(unread.error);
    }
    let items = read.items.into_iter().map(serde_json::from_value);
    let items: Result<Vec<T>, _> = items.collect();
    items.map_err(|error| CallError::state(format!("{list:?}"), error.to_string()))
}

fn compare(found: &mut Findings, spec: &GkeSpec, run: &Run, cluster: &Cluster, around: &Around) {
    let network = around.network.name.as_str();
    let is_here = |link: &str| last(link) == Some(network);
    found.require(is_here(&around.subnetwork.network), || {
        format!("subnetwork {} is not in {network}", around.subnetwork.name)
    });
    found.require(cluster.ip_allocation_policy.use_ip_aliases, || {
        "pods have no addresses of the network".to_owned()
    });
    let mut routes = around.routes.iter().filter(|route| is_here(&route.network));
    let way_out = routes.any(|route| route.dest_range == ANY && !route.next_hop_gateway.is_empty());
    found.require(way_out, || {
        format!("{network} has no route to the internet")
    });
    let node_tag = format!("gke-{}-", cluster.name);
    let firewalls = around
        .firewalls
        .iter()
        .filter(|rule| is_here(&rule.network) && !rule.disabled);
    let firewalls: Vec<&Firewall> = firewalls.collect();
    let of_nodes = firewalls.iter().filter(|rule| {
        let mut tags = rule.target_tags.iter();
        tags.any(|tag| tag.starts_with(&node_tag))
    });
    let count = of_nodes.count();
    found.require(count > 0, || {
        "no firewall rule is for the cluster's machines".to_owned()
    });
    found.note(format!(
        "{network}/{}, {count} firewall rules for its machines",
        around.subnetwork.name
    ));
    // What was there before is not the run's to judge.
    if spec.network.existing.is_none() {
        own(found, run, &around.network);
        ranges(found, spec, cluster, &around.subnetwork);
        for rule in firewalls.iter().filter(|rule| is_open(rule)) {
            found
                .wrong
                .push(format!("firewall rule {} lets everybody in", rule.name));
        }
        nat(found, spec, &around.routers, &is_here);
    }
}

/// Whether the network is one of the run's own, with no subnetworks in other regions.
fn own(found: &mut Findings, run: &Run, network: &Network) {
    let name = &network.name;
    let described = marks::described(&network.description);
    let is_own = marks::are_of(run, &described) || run.part_of(name).is_some();
    found.require(is_own, || format!("{name} is not a network of the run"));
    found.require(!network.auto_create_subnetworks, || {
        format!("{name} makes subnetworks in every region by itself")
    });
}

fn ranges(found: &mut Findings, spec: &GkeSpec, cluster: &Cluster, subnetwork: &Subnetwork) {
    let policy = &cluster.ip_allocation_policy;
    let secondary = |name: &str| {
        let mut all = subnetwork.secondary_ip_ranges.iter();
        let range = all.find(|range| range.range_name == name);
        range.map_or_else(|| "none".to_owned(), |range| range.ip_cidr_range.clone())
    };
    for (what, seen, asked) in [
        (
            "nodes",
            subnetwork.ip_cidr_range.clone(),
            spec.network.nodes_cidr,
        ),
        (
            "pods",
            secondary(&policy.cluster_secondary_range_name),
            spec.network.pods_cidr,
        ),
        (
            "services",
            secondary(&policy.services_secondary_range_name),
            spec.network.services_cidr,
        ),
    ] {
        let asked = String::from(asked);
        found.require(seen == asked, || {
            format!("the range of {what} is {seen}, asked for {asked}")
        });
        found.note(format!("{what} {seen}"));
    }
}

/// Whether a rule lets in everybody. The rules of Kubernetes for the load balancers of services do so when the service
/// says so.
fn is_open(rule: &Firewall) -> bool {
    let is_of_service = rule.name.starts_with("k8s-fw-");
    let is_inward = rule.direction != "EGRESS" && !rule.allowed.is_empty();
    is_inward && !is_of_service && rule.source_ranges.iter().any(|range| range == ANY)
}

fn nat(found: &mut Findings, spec: &GkeSpec, routers: &[Router], is_here: &impl Fn(&str) -> bool) {
    let in_region = |router: &&Router| last(&router.region) == Some(spec.location.region());
    let own = routers.iter().filter(|router| is_here(&router.network));
    let gateways: usize = own
        .clone()
        .filter(in_region)
        .map(|router| router.nats.len())
        .sum();
    let asked = usize::from(spec.network.makes_nat());
    found.require(gateways == asked, || {
        format!("{gateways} gateways of Cloud NAT in the region, asked for {asked}")
    });
    let elsewhere = own.filter(|router| !in_region(router));
    for router in elsewhere {
        found
            .wrong
            .push(format!("router {} is in another region", router.name));
    }
    if asked > 0 {
        found.note("Cloud NAT");
    }
}

#[cfg(test)]
mod tests;
