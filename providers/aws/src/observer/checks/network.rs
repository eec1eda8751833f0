//! Rows `aws.vpc`, `aws.subnets.public` and `aws.subnets.private`, with the routes that make a subnet public.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Route, RouteTable, Subnet, Vpc};
use aws_sdk_eks::types::Nodegroup;
use kubeproof_contract::check::Check;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Demand;

use super::{Findings, check, row};
use crate::observer::view::{View, vpc_of};
use crate::spec::{EksSpec, NatChoice};

/// The whole internet.
pub(super) const ANYWHERE: &str = "0.0.0.0/0";

pub(super) fn vpc(spec: &EksSpec, run: &Run, view: &View) -> Check {
    check("aws.vpc", || {
        let mut findings = Findings::default();
        let vpcs = view.vpcs.clone()?;
        let ids: Vec<&str> = vpcs.iter().filter_map(Vpc::vpc_id).collect();
        findings.require(vpcs.len() == 1, || match ids[..] {
            [] => format!(
                "there is no VPC of the run: none of a cluster {}, none with the run's tag, none that \
                 the provisioner says it made",
                run.name("")
            ),
            _ => format!("{} VPCs are the run's: {}", ids.len(), ids.join(", ")),
        });
        let cluster = view.cluster.clone()?;
        for vpc in &vpcs {
            let (id, cidr) = (vpc.vpc_id().unwrap_or_default(), vpc.cidr_block());
            let cidr = cidr.unwrap_or_default();
            if spec.network.makes_vpc() {
                let asked = spec.vpc_cidr.0.to_string();
                findings.require(cidr == asked, || {
                    format!("{id} has {cidr}, asked for {asked}")
                });
            } else {
                let used = cluster.as_ref().and_then(vpc_of) == Some(id);
                let made = view.is_said(run, Some(id), vpc.tags());
                findings.require(used && !made, || {
                    format!("{id} is the run's own, asked for one that was there before")
                });
            }
            let state = vpc.state().map_or("", |state| state.as_str());
            findings.require(state == "available", || format!("{id} is {state}"));
            findings.note(format!("{id} {cidr} {state}"));
        }
        Ok(findings)
    })
}

pub(super) fn public_subnets(spec: &EksSpec, run: &Run, view: &View) -> Check {
    row("aws.subnets.public", spec.network.public_subnets, || {
        let subnets = sorted(spec, run, view)?.0;
        let gives = |subnet: &Subnet| subnet.map_public_ip_on_launch() == Some(true);
        let (counted, besides) = asked_and_besides(spec, subnets, gives);
        let mut findings = judged(spec, spec.network.public_subnets, &counted, "public");
        for subnet in counted.iter().filter(|subnet| !gives(subnet)) {
            findings.wrong.push(format!(
                "{} gives no public addresses on launch",
                id(subnet)
            ));
        }
        note_besides(&mut findings, &besides);
        Ok(findings)
    })
}

pub(super) fn private_subnets(spec: &EksSpec, run: &Run, view: &View) -> Check {
    row("aws.subnets.private", spec.network.private_subnets, || {
        let (subnets, tables) = (sorted(spec, run, view)?.1, view.route_tables.clone()?);
        // One without a way out cannot be the one that is asked for beside a NAT gateway.
        let isolated = spec.network.nat_gateways == NatChoice::None;
        let leads_out = |subnet: &Subnet| isolated || default_route(&tables, subnet).is_some();
        let (counted, besides) = asked_and_besides(spec, subnets, leads_out);
        let mut findings = judged(spec, spec.network.private_subnets, &counted, "private");
        note_besides(&mut findings, &besides);
        for subnet in counted.iter().chain(&besides) {
            findings.require(subnet.map_public_ip_on_launch() != Some(true), || {
                format!("{} gives public addresses on launch", id(subnet))
            });
        }
        Ok(findings)
    })
}

/// Those that can be what the scenario asks for, and those that a program made besides. Where it may not make more, all
/// must be what is asked for.
fn asked_and_besides(
    spec: &EksSpec,
    subnets: Vec<Subnet>,
    can_be: impl Fn(&Subnet) -> bool,
) -> (Vec<Subnet>, Vec<Subnet>) {
    let all = !spec.demand.allows_more();
    subnets
        .into_iter()
        .partition(|subnet| all || can_be(subnet))
}

/// Notes subnets that the scenario does not ask for.
fn note_besides(findings: &mut Findings, besides: &[Subnet]) {
    let ids: Vec<&str> = besides.iter().map(id).collect();
    if !ids.is_empty() {
        findings.note(format!("beyond the scenario: {}", ids.join(", ")));
    }
}

/// Checks that public and private subnets share: their number and zones. Of those that a scenario asks for, a program
/// may make more; where it asks for none, there must be none.
fn judged(spec: &EksSpec, wanted: bool, subnets: &[Subnet], word: &str) -> Findings {
    let mut findings = Findings::default();
    let asked = usize::from(spec.availability_zones.0) * usize::from(wanted);
    let demand = if wanted { spec.demand } else { Demand::Exactly };
    findings.require(demand.is_met(subnets.len(), asked), || {
        format!("{} {word} subnets, asked for {asked}", subnets.len())
    });
    let zones: BTreeSet<&str> = subnets
        .iter()
        .filter_map(Subnet::availability_zone)
        .collect();
    let least = if demand.allows_more() {
        asked.min(subnets.len())
    } else {
        subnets.len()
    };
    findings.require(zones.len() >= least, || {
        format!(
            "{} {word} subnets share {} zones",
            subnets.len(),
            zones.len()
        )
    });
    for subnet in subnets {
        let (id, cidr) = (id(subnet), subnet.cidr_block().unwrap_or_default());
        let zone = subnet.availability_zone().unwrap_or_default();
        findings.note(format!("{id} {cidr} {zone}"));
    }
    findings
}

/// The subnets that are judged: all of the run's own VPC; of one that was there before, those that cluster and
/// node groups use and those that are the run's.
pub(super) fn of_run(spec: &EksSpec, run: &Run, view: &View) -> Result<Vec<Subnet>, ObserverError> {
    let all = view.subnets.clone()?;
    if spec.network.makes_vpc() {
        return Ok(all);
    }
    let used = used(view)?;
    let is_ours = |subnet: &Subnet| {
        view.is_said(run, subnet.subnet_id(), subnet.tags()) || used.contains(id(subnet))
    };
    Ok(all.into_iter().filter(is_ours).collect())
}

/// The ids of the subnets that the cluster or a node group uses.
pub(super) fn used(view: &View) -> Result<BTreeSet<String>, ObserverError> {
    let (cluster, groups) = (view.cluster.clone()?, view.node_groups.clone()?);
    let config = cluster
        .as_ref()
        .and_then(|cluster| cluster.resources_vpc_config());
    let of_cluster = config.iter().flat_map(|config| config.subnet_ids());
    let of_groups = groups.iter().flat_map(Nodegroup::subnets);
    Ok(of_cluster.chain(of_groups).cloned().collect())
}

/// The subnets, `(public, private)`: public ones have a default route to an internet gateway.
pub(super) fn sorted(
    spec: &EksSpec,
    run: &Run,
    view: &View,
) -> Result<(Vec<Subnet>, Vec<Subnet>), ObserverError> {
    let tables = view.route_tables.clone()?;
    Ok(of_run(spec, run, view)?.into_iter().partition(|subnet| {
        default_route(&tables, subnet)
            .and_then(Route::gateway_id)
            .is_some_and(|gateway| gateway.starts_with("igw-"))
    }))
}

/// The default route of a subnet: of its own table, else of the VPC's main one.
pub(super) fn default_route<'a>(tables: &'a [RouteTable], subnet: &Subnet) -> Option<&'a Route> {
    table_of(tables, subnet)?
        .routes()
        .iter()
        .find(|route| route.destination_cidr_block() == Some(ANYWHERE))
}

/// The route table that a subnet uses.
pub(super) fn table_of<'a>(tables: &'a [RouteTable], subnet: &Subnet) -> Option<&'a RouteTable> {
    let own = |table: &&RouteTable| {
        table
            .associations()
            .iter()
            .any(|to| to.subnet_id().is_some() && to.subnet_id() == subnet.subnet_id())
    };
    let main = |table: &&RouteTable| {
        table.vpc_id() == subnet.vpc_id()
            && table
                .associations()
                .iter()
                .any(|to| to.main() == Some(true))
    };
    tables.iter().find(own).or_else(|| tables.iter().find(main))
}

/// A subnet's id.
pub(super) fn id(subnet: &Subnet) -> &str {
    subnet.subnet_id().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with private subnets in these zones, where two zones are asked for.
    #[track_caller]
    fn check(demand: Demand, wanted: bool, zones: &[&str], is_right: bool) {
        let text = r#"{"kubernetes_version":"1.34",
            "node_groups":[{"name":"n","instance_type":"t3.medium","count":2}]}"#;
        let mut spec: EksSpec = serde_json::from_str(text).unwrap();
        spec.demand = demand;
        let subnet = |zone: &&str| Subnet::builder().availability_zone(*zone).build();
        let subnets: Vec<Subnet> = zones.iter().map(subnet).collect();
        let wrong = judged(&spec, wanted, &subnets, "private").wrong;
        assert_eq!(
            wrong.is_empty(),
            is_right,
            "{demand:?} {zones:?}: {wrong:?}"
        );
    }

    #[test]
    fn a_program_may_make_more_subnets_but_covers_the_zones_and_makes_none_where_none_are_wanted() {
        use Demand::{AtLeast, Exactly};
        for demand in [Exactly, AtLeast] {
            check(demand, true, &["a", "b"], true);
            check(demand, true, &["a"], false);
            check(demand, true, &["a", "a"], false);
            check(demand, false, &[], true);
            check(demand, false, &["a"], false);
        }
        check(Exactly, true, &["a", "b", "c"], false);
        check(AtLeast, true, &["a", "b", "b", "c"], true);
        check(AtLeast, true, &["a", "a", "a"], false);
    }

    #[test]
    fn what_cannot_be_what_is_asked_for_counts_against_the_built_in_provisioner_alone() {
        let check = |demand: Demand, counted: usize| {
            let text = r#"{"kubernetes_version":"1.34",
                "node_groups":[{"name":"n","instance_type":"t3.medium","count":2}]}"#;
            let mut spec: EksSpec = serde_json::from_str(text).unwrap();
            spec.demand = demand;
            let subnet = |id: &str| Subnet::builder().subnet_id(id).build();
            let both = vec![subnet("in"), subnet("out")];
            let can_be = |subnet: &Subnet| id(subnet) == "out";
            assert_eq!(asked_and_besides(&spec, both, can_be).0.len(), counted);
        };
        check(Demand::Exactly, 2);
        check(Demand::AtLeast, 1);
    }
}
