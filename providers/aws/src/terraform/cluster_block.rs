//! The `cluster` block for what a terraform configuration makes: by resources of its own, or by the modules that most
//! people use for networks and EKS. What cannot be told is assumed, and said.

use kubeproof_contract::terraform::{Block, ClusterBlock, Configuration, whole};
use serde_json::Value;

use crate::catalogue;
use crate::spec::{Region, ZoneCount};

/// The sources of the usual modules.
const EKS_MODULE: &str = "/eks/aws";
const VPC_MODULE: &str = "/vpc/aws";
/// What is taken for granted where nothing is said.
const INSTANCE_TYPE: &str = "t3.medium";
const NODES: u64 = 2;
/// The names of locals' and modules' lists of zones.
const ZONES: &[&str] = &["azs", "zones", "availability_zones"];

/// A node group of the block.
struct Group {
    name: String,
    instance_type: String,
    count: u64,
}

/// The block; without a configuration that of the usual cluster.
pub fn cluster_block(of: Option<&Configuration>) -> ClusterBlock {
    let none = Configuration::default();
    let configuration = of.unwrap_or(&none);
    let mut block = ClusterBlock::default();
    let region = region(configuration);
    block.lines.push(format!("region: {region}"));
    let version = version(configuration, &mut block);
    block
        .lines
        .push(format!("kubernetes_version: \"{version}\""));
    let zones = zones(configuration, &mut block);
    block.lines.push(format!("availability_zones: {zones}"));
    block.lines.extend(network(configuration));
    block.lines.push("node_groups:".to_owned());
    for group in groups(configuration, &mut block) {
        block.lines.extend([
            format!("  - name: {}", group.name),
            format!("    instance_type: {}", group.instance_type),
            format!("    count: {}", group.count),
        ]);
    }
    if of.is_none() {
        block.assumed = ClusterBlock::usual("").assumed;
    }
    block
}

/// The region of the provider block, if it is one that is known.
fn region(configuration: &Configuration) -> String {
    let blocks = configuration.of_kind("provider");
    let mut named = blocks
        .filter(|block| block.label(0) == "aws" && !block.names.contains(&"alias".to_owned()));
    let region = named.find_map(|block| block.text("region").map(str::to_owned));
    region
        .filter(|region| catalogue::regions().any(|known| known == region))
        .unwrap_or_else(|| Region::default().0)
}

fn version(configuration: &Configuration, block: &mut ClusterBlock) -> String {
    let of_resource = configuration
        .resources("aws_eks_cluster")
        .find_map(|cluster| cluster.text("version"));
    let of_module = || {
        configuration.modules(EKS_MODULE).find_map(|module| {
            let own = module.text("kubernetes_version");
            own.or_else(|| module.text("cluster_version"))
        })
    };
    let versions = catalogue::versions();
    let is_known = |name: &&str| versions.iter().any(|known| known.name == *name);
    let said = of_resource.or_else(of_module);
    if let Some(version) = said.filter(is_known) {
        return version.to_owned();
    }
    let newest = versions.last().map_or("1.34", |version| version.name);
    block.assumed.push(match said {
        Some(said) => format!("Kubernetes {newest}: EKS does not offer `{said}`"),
        None => format!("Kubernetes {newest}: the configuration names no version that can be read without terraform"),
    });
    newest.to_owned()
}

/// How many zones: the length of the list that is named so, else the number of subnets of one resource.
fn zones(configuration: &Configuration, block: &mut ClusterBlock) -> u64 {
    let listed = configuration
        .of_kind("locals")
        .chain(configuration.of_kind("module"))
        .flat_map(|block| ZONES.iter().filter_map(|name| block.attributes.get(*name)))
        .filter_map(Value::as_array)
        .map(|all| all.len() as u64);
    let counted = configuration
        .resources("aws_subnet")
        .filter_map(|subnet| subnet.number("count"));
    let found = listed.chain(counted).find(|zones| is_zone_count(*zones));
    found.unwrap_or_else(|| {
        block
            .assumed
            .push("two zones: their number cannot be read without terraform".to_owned());
        2
    })
}

fn is_zone_count(zones: u64) -> bool {
    u8::try_from(zones).is_ok_and(|zones| ZoneCount::try_from(i64::from(zones)).is_ok())
}

/// The `network` block, where it is not the usual one.
fn network(configuration: &Configuration) -> Vec<String> {
    let gateways: Vec<&Block> = configuration.resources("aws_nat_gateway").collect();
    let module = configuration.modules(VPC_MODULE).next();
    let says = |name: &str| {
        let value = module.and_then(|module| module.attributes.get(name));
        value.and_then(Value::as_bool)
    };
    let makes_network = module.is_some() || configuration.resources("aws_vpc").next().is_some();
    let one = says("single_nat_gateway") == Some(true)
        || (gateways.len() == 1
            && !gateways[0]
                .names
                .iter()
                .any(|name| name == "count" || name == "for_each"));
    let none = makes_network && gateways.is_empty() && says("enable_nat_gateway") != Some(true);
    let makes_cluster = configuration.resources("aws_eks_cluster").next().is_some();
    if !makes_network && makes_cluster && configuration.of_kind("module").next().is_none() {
        let lines = ["network:", "  vpc: existing", "  nat_gateways: none"];
        return lines.map(str::to_owned).to_vec();
    }
    if none {
        let lines = ["network:", "  nat_gateways: none"];
        return lines.map(str::to_owned).to_vec();
    }
    if one {
        let lines = ["network:", "  nat_gateways: one"];
        return lines.map(str::to_owned).to_vec();
    }
    Vec::new()
}

fn groups(configuration: &Configuration, block: &mut ClusterBlock) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for resource in configuration.resources("aws_eks_node_group") {
        let scaling = resource.block("scaling_config");
        let said = Said {
            types: resource.attributes.get("instance_types"),
            count: scaling.and_then(|scaling| scaling.number("desired_size")),
            each: resource.names.iter().any(|name| name == "for_each"),
        };
        groups.push(group(resource.label(1), &said, &resource.place, block));
    }
    for module in configuration.modules(EKS_MODULE) {
        let managed = module.attributes.get("eks_managed_node_groups");
        for (name, of) in managed.and_then(Value::as_object).into_iter().flatten() {
            let size = |key: &str| of.get(key).and_then(whole);
            let said = Said {
                types: of.get("instance_types"),
                count: size("desired_size").or_else(|| size("min_size")),
                each: false,
            };
            groups.push(group(name, &said, &module.place, block));
        }
    }
    if groups.is_empty() {
        block.assumed.push(format!(
            "a node group of {NODES} {INSTANCE_TYPE}: none can be read without terraform"
        ));
        groups.push(Group {
            name: "workers".to_owned(),
            instance_type: INSTANCE_TYPE.to_owned(),
            count: NODES,
        });
    }
    groups
}

/// What a configuration says of a node group.
struct Said<'a> {
    types: Option<&'a Value>,
    count: Option<u64>,
    each: bool,
}

fn group(name: &str, said: &Said<'_>, place: &str, block: &mut ClusterBlock) -> Group {
    let first = said.types.and_then(|types| types.get(0)?.as_str());
    let instance_type = first.filter(|first| catalogue::instance_types().contains(first));
    if said.each {
        block.assumed.push(format!(
            "{place}: `for_each` makes several node groups: write one entry for each"
        ));
    }
    if instance_type.is_none() {
        block.assumed.push(format!(
            "{place}: instance type {INSTANCE_TYPE}: it cannot be read without terraform"
        ));
    }
    if said.count.is_none() {
        block.assumed.push(format!(
            "{place}: {NODES} nodes: their number cannot be read without terraform"
        ));
    }
    let fits = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
    let name: String = name
        .to_lowercase()
        .replace('_', "-")
        .chars()
        .filter(fits)
        .collect();
    Group {
        name: if name.is_empty() {
            "workers".to_owned()
        } else {
            name
        },
        instance_type: instance_type.unwrap_or(INSTANCE_TYPE).to_owned(),
        count: said
            .count
            .filter(|count| (1..=100).contains(count))
            .unwrap_or(NODES),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn block(kind: &str, labels: &[&str], attributes: Value) -> Block {
        let attributes: BTreeMap<String, Value> =
            serde_json::from_value(attributes).expect("an object");
        Block {
            kind: kind.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            names: attributes.keys().cloned().collect(),
            attributes,
            blocks: Vec::new(),
            place: "main.tf:1".to_owned(),
        }
    }

    fn lines(blocks: Vec<Block>) -> (String, Vec<String>) {
        let block = cluster_block(Some(&Configuration { blocks }));
        (block.lines.join("\n"), block.assumed)
    }

    #[test]
    fn the_usual_modules_are_read_by_their_arguments() {
        let (text, assumed) = lines(vec![
            block("provider", &["aws"], json!({"region": "eu-central-1"})),
            block(
                "module",
                &["vpc"],
                json!({"source": "terraform-aws-modules/vpc/aws", "azs": [null, null, null], "enable_nat_gateway": true,
                       "single_nat_gateway": true}),
            ),
            block(
                "module",
                &["eks"],
                json!({"source": "terraform-aws-modules/eks/aws", "cluster_version": "1.34",
                       "eks_managed_node_groups": {"blue_1": {"instance_types": ["m5.large"], "min_size": 1,
                                                              "desired_size": 3}}}),
            ),
        ]);
        let expected = "region: eu-central-1\nkubernetes_version: \"1.34\"\navailability_zones: 3\nnetwork:\n  \
                        nat_gateways: one\nnode_groups:\n  - name: blue-1\n    instance_type: m5.large\n    count: 3";
        assert_eq!((text.as_str(), assumed), (expected, Vec::new()));
    }

    #[test]
    fn what_cannot_be_told_is_assumed_and_said() {
        let group = json!({"for_each": null, "instance_types": [null]});
        let (text, assumed) = lines(vec![
            block("provider", &["aws"], json!({"region": "nowhere-1"})),
            block(
                "resource",
                &["aws_eks_cluster", "c"],
                json!({"version": "1.2"}),
            ),
            block("resource", &["aws_eks_node_group", "N!"], group),
        ]);
        assert!(text.starts_with("region: us-east-1\n"), "{text}");
        assert!(
            text.ends_with("- name: n\n    instance_type: t3.medium\n    count: 2"),
            "{text}"
        );
        assert_eq!(assumed.len(), 5, "{assumed:?}");
        assert_eq!(assumed[0], "Kubernetes 1.36: EKS does not offer `1.2`");
    }
}
