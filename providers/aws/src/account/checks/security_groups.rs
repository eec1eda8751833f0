//! Row `aws.security_groups`: the rules asked for, and no wider.
//!
//! All groups of the run's VPC are looked at, EKS's own one too: what is open is open, whoever made
//! it.

use aws_sdk_ec2::types::{IpPermission, SecurityGroup};
use kubeproof_contract::check::Check;

use super::network::ANYWHERE;
use super::{Findings, check, instances};
use crate::account::seen::View;
use crate::spec::{EksSpec, IngressRule};

/// Everywhere, in IPv6.
const ANYWHERE_V6: &str = "::/0";

pub(super) fn security_groups(spec: &EksSpec, view: &View) -> Check {
    check("aws.security_groups", || {
        let groups = view.security_groups.clone()?;
        let (nodes, cluster) = (view.nodes.clone()?, view.cluster.clone()?);
        let mut findings = judge(spec, &groups);
        instances::groups(&mut findings, spec, (&groups, &nodes), cluster.as_ref());
        Ok(findings)
    })
}

fn judge(spec: &EksSpec, groups: &[SecurityGroup]) -> Findings {
    let mut findings = Findings::default();
    // Every VPC has the group `default`; a cluster has at least EKS's own besides.
    findings.expect(
        groups
            .iter()
            .any(|group| group.group_name() != Some("default")),
        || "the run's VPC has no security group of a cluster".to_owned(),
    );
    for group in groups {
        for rule in group.ip_permissions() {
            for source in sources_outside(groups, rule) {
                let asked = spec
                    .ingress
                    .iter()
                    .any(|asked| is_asked(asked, rule, &source));
                findings.expect(asked, || {
                    let everywhere = [ANYWHERE, ANYWHERE_V6].contains(&source.as_str());
                    let wide = if everywhere { " (everywhere)" } else { "" };
                    format!(
                        "{} lets {source}{wide} reach {}, not asked for",
                        id(group),
                        ports(rule)
                    )
                });
            }
        }
        findings.saw(described(group));
    }
    for asked in &spec.ingress {
        let given = groups.iter().any(|group| gives(asked, group));
        findings.expect(given, || {
            format!("no group lets {} reach port {}", asked.cidr.0, asked.port)
        });
    }
    // Nodes must reach the registry and the API: a group that lets nothing out cannot serve them.
    let out = groups
        .iter()
        .filter(|group| group.group_name() != Some("default"));
    findings.expect(
        out.clone()
            .any(|group| !group.ip_permissions_egress().is_empty()),
        || "no security group of the cluster lets anything out".to_owned(),
    );
    findings
}

/// Whether a group lets in what was asked for.
pub(super) fn gives(asked: &IngressRule, group: &SecurityGroup) -> bool {
    let source = asked.cidr.0.to_string();
    group.ip_permissions().iter().any(|rule| {
        let mut ranges = rule.ip_ranges().iter();
        is_asked(asked, rule, &source) && ranges.any(|range| range.cidr_ip() == Some(&source))
    })
}

/// The sources of a rule that lie outside the cluster: all but groups of the run's own VPC.
fn sources_outside(groups: &[SecurityGroup], rule: &IpPermission) -> Vec<String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let foreign = rule.user_id_group_pairs().iter().filter(|pair| {
        !groups
            .iter()
            .any(|group| group.group_id().is_some() && group.group_id() == pair.group_id())
    });
    let mut sources: Vec<String> = rule
        .ip_ranges()
        .iter()
        .map(|range| text(range.cidr_ip()))
        .collect();
    sources.extend(
        rule.ipv6_ranges()
            .iter()
            .map(|range| text(range.cidr_ipv6())),
    );
    sources.extend(
        rule.prefix_list_ids()
            .iter()
            .map(|list| text(list.prefix_list_id())),
    );
    sources.extend(foreign.map(|pair| text(pair.group_id())));
    sources
}

/// Whether this source in this rule is exactly what the scenario asks for.
fn is_asked(asked: &IngressRule, rule: &IpPermission, source: &str) -> bool {
    let port = Some(i32::from(asked.port));
    rule.ip_protocol() == Some("tcp")
        && rule.from_port() == port
        && rule.to_port() == port
        && source == asked.cidr.0.to_string()
}

fn id(group: &SecurityGroup) -> &str {
    group.group_id().unwrap_or_default()
}

fn ports(rule: &IpPermission) -> String {
    match (
        rule.ip_protocol().unwrap_or_default(),
        rule.from_port(),
        rule.to_port(),
    ) {
        ("-1", ..) => "all ports".to_owned(),
        (protocol, Some(from), Some(to)) if from == to => format!("{protocol} {from}"),
        (protocol, Some(from), Some(to)) => format!("{protocol} {from}-{to}"),
        (protocol, ..) => protocol.to_owned(),
    }
}

fn described(group: &SecurityGroup) -> String {
    let rules: Vec<String> = group
        .ip_permissions()
        .iter()
        .map(|rule| {
            let from = rule.ip_ranges().iter().filter_map(|range| range.cidr_ip());
            let from = from.chain(
                rule.user_id_group_pairs()
                    .iter()
                    .filter_map(|pair| pair.group_id()),
            );
            format!(
                "{} from {}",
                ports(rule),
                from.collect::<Vec<_>>().join(", ")
            )
        })
        .collect();
    let name = group.group_name().unwrap_or_default();
    format!("{} {name}: [{}]", id(group), rules.join("; "))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpRange, UserIdGroupPair};

    use super::*;

    fn wrong(ingress: &str, rules: Vec<IpPermission>) -> Vec<String> {
        let text = format!(
            r#"{{"kubernetes_version":"1.34","ingress":{ingress},
                "node_groups":[{{"name":"n","instance_type":"t3.medium","count":2}}]}}"#
        );
        let spec: EksSpec = serde_json::from_str(&text).unwrap();
        let everywhere = IpRange::builder().cidr_ip(ANYWHERE).build();
        let out = IpPermission::builder()
            .ip_protocol("-1")
            .ip_ranges(everywhere)
            .build();
        let group = SecurityGroup::builder()
            .group_id("sg-1")
            .group_name("nodes")
            .set_ip_permissions(Some(rules))
            .ip_permissions_egress(out);
        judge(&spec, &[group.build()]).wrong
    }

    fn from(cidr: &str, port: i32) -> IpPermission {
        let range = IpRange::builder().cidr_ip(cidr).build();
        let rule = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(port)
            .to_port(port);
        rule.ip_ranges(range).build()
    }

    fn group(id: &str) -> IpPermission {
        let pair = UserIdGroupPair::builder().group_id(id).build();
        IpPermission::builder()
            .ip_protocol("-1")
            .user_id_group_pairs(pair)
            .build()
    }

    #[test]
    fn traffic_between_groups_of_the_vpc_needs_no_asking() {
        assert_eq!(wrong("[]", vec![group("sg-1")]), Vec::<String>::new());
        assert_eq!(
            wrong("[]", vec![group("sg-9")]),
            ["sg-1 lets sg-9 reach all ports, not asked for"]
        );
    }

    #[test]
    fn a_rule_that_was_not_asked_for_is_too_wide() {
        let asked = r#"[{"port":22,"cidr":"203.0.113.0/24"}]"#;
        assert_eq!(
            wrong(asked, vec![from("203.0.113.0/24", 22)]),
            Vec::<String>::new()
        );
        assert_eq!(
            wrong(
                asked,
                vec![from("203.0.113.0/24", 22), from("0.0.0.0/0", 22)]
            ),
            ["sg-1 lets 0.0.0.0/0 (everywhere) reach tcp 22, not asked for"]
        );
    }

    #[test]
    fn a_rule_that_was_asked_for_must_be_there() {
        let asked = r#"[{"port":22,"cidr":"203.0.113.0/24"}]"#;
        assert_eq!(
            wrong(asked, vec![]),
            ["no group lets 203.0.113.0/24 reach port 22"]
        );
    }
}
