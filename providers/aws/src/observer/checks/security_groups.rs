//! Row `aws.security_groups`: the rules that the scenario asks for, and nothing wider.
//!
//! All groups of the run's VPC are checked, EKS's own included: open is open, no matter who made it. Between sources
//! inside the VPC ([`super::ranges`]) any rule is allowed.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup};
use kubeproof_contract::check::Check;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::Run;

use super::network::ANYWHERE;
use super::ranges::InsideRanges;
use super::{Findings, check, instances};
use crate::observer::view::View;
use crate::spec::{EksSpec, IngressRule};

/// The whole internet, in IPv6.
const ANYWHERE_V6: &str = "::/0";

pub(super) fn security_groups(spec: &EksSpec, run: &Run, view: &View) -> Check {
    check("aws.security_groups", || {
        let (all, vpcs) = (view.security_groups.clone()?, view.vpcs.clone()?);
        let (nodes, cluster) = (view.nodes.clone()?, view.cluster.clone()?);
        let inside = InsideRanges::of(&vpcs, &all, view.prefix_lists.clone()?);
        let groups = of_run(spec, run, view, &all)?;
        let mut findings = judge(spec, &groups, &inside);
        instances::groups(&mut findings, spec, (&groups, &nodes), cluster.as_ref());
        Ok(findings)
    })
}

/// The groups that are judged: all of the run's own VPC; of one that was there before, those that cluster and
/// nodes carry and those that are the run's.
fn of_run(
    spec: &EksSpec,
    run: &Run,
    view: &View,
    all: &[SecurityGroup],
) -> Result<Vec<SecurityGroup>, ObserverError> {
    if spec.network.makes_vpc() {
        return Ok(all.to_vec());
    }
    let (nodes, cluster) = (view.nodes.clone()?, view.cluster.clone()?);
    let config = cluster
        .as_ref()
        .and_then(|cluster| cluster.resources_vpc_config());
    let of_cluster = config.iter().flat_map(|config| {
        let own = config.cluster_security_group_id().into_iter();
        let given = config.security_group_ids().iter().map(String::as_str);
        own.chain(given)
    });
    let of_nodes = nodes.iter().flat_map(|node| &node.groups);
    let carried: BTreeSet<&str> = of_cluster
        .chain(of_nodes.map(|(id, _)| id.as_str()))
        .collect();
    let is_ours = |group: &&SecurityGroup| {
        let id = group.group_id();
        view.is_said(run, id, group.tags()) || id.is_some_and(|id| carried.contains(id))
    };
    Ok(all.iter().filter(is_ours).cloned().collect())
}

fn judge(spec: &EksSpec, groups: &[SecurityGroup], inside: &InsideRanges<'_>) -> Findings {
    let mut findings = Findings::default();
    // Every VPC has the group `default`; a cluster has at least EKS's own besides.
    findings.require(
        groups
            .iter()
            .any(|group| group.group_name() != Some("default")),
        || "the run's VPC has no security group of a cluster".to_owned(),
    );
    for group in groups {
        for rule in group.ip_permissions() {
            for source in inside.outside(rule) {
                let asked = spec
                    .ingress
                    .iter()
                    .any(|asked| is_asked(asked, rule, &source));
                findings.require(asked, || {
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
        findings.note(described(group));
    }
    for asked in &spec.ingress {
        let given = groups.iter().any(|group| gives(asked, group));
        findings.require(given, || {
            format!("no group lets {} reach port {}", asked.cidr.0, asked.port)
        });
    }
    // Nodes must reach the registry and the API: a group that lets nothing out cannot serve them.
    let out = groups
        .iter()
        .filter(|group| group.group_name() != Some("default"));
    findings.require(
        out.clone()
            .any(|group| !group.ip_permissions_egress().is_empty()),
        || "no security group of the cluster lets anything out".to_owned(),
    );
    findings
}

/// Whether a group lets in what the scenario asks for.
pub(super) fn gives(asked: &IngressRule, group: &SecurityGroup) -> bool {
    let source = asked.cidr.0.to_string();
    group.ip_permissions().iter().any(|rule| {
        let mut ranges = rule.ip_ranges().iter();
        is_asked(asked, rule, &source) && ranges.any(|range| range.cidr_ip() == Some(&source))
    })
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
mod tests;
