//! Rows `aws.vpc`, `aws.subnets.public` and `aws.subnets.private`, with the routes that make a subnet public.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Route, RouteTable, Subnet, Vpc};
use kubeproof_contract::check::Check;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::Run;

use super::{Findings, check, row};
use crate::observer::view::{View, vpc_of};
use crate::spec::EksSpec;

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
        let mut findings = judged(spec, spec.network.public_subnets, &subnets, "public");
        for subnet in &subnets {
            findings.require(subnet.map_public_ip_on_launch() == Some(true), || {
                format!("{} gives no public addresses on launch", id(subnet))
            });
        }
        Ok(findings)
    })
}

pub(super) fn private_subnets(spec: &EksSpec, run: &Run, view: &View) -> Check {
    row("aws.subnets.private", spec.network.private_subnets, || {
        let subnets = sorted(spec, run, view)?.1;
        let mut findings = judged(spec, spec.network.private_subnets, &subnets, "private");
        for subnet in &subnets {
            findings.require(subnet.map_public_ip_on_launch() != Some(true), || {
                format!("{} gives public addresses on launch", id(subnet))
            });
        }
        Ok(findings)
    })
}

/// Checks that public and private subnets share: their number and zones.
fn judged(spec: &EksSpec, wanted: bool, subnets: &[Subnet], word: &str) -> Findings {
    let mut findings = Findings::default();
    let asked = usize::from(spec.availability_zones.0) * usize::from(wanted);
    findings.require(subnets.len() == asked, || {
        format!("{} {word} subnets, asked for {asked}", subnets.len())
    });
    let zones: BTreeSet<&str> = subnets
        .iter()
        .filter_map(Subnet::availability_zone)
        .collect();
    findings.require(zones.len() == subnets.len(), || {
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
    let (cluster, groups) = (view.cluster.clone()?, view.node_groups.clone()?);
    let config = cluster
        .as_ref()
        .and_then(|cluster| cluster.resources_vpc_config());
    let used: BTreeSet<&String> = config
        .iter()
        .flat_map(|config| config.subnet_ids())
        .chain(
            groups
                .iter()
                .flat_map(aws_sdk_eks::types::Nodegroup::subnets),
        )
        .collect();
    let is_ours = |subnet: &Subnet| {
        let id = subnet.subnet_id();
        view.is_said(run, id, subnet.tags()) || id.is_some_and(|id| used.contains(&id.to_owned()))
    };
    Ok(all.into_iter().filter(is_ours).collect())
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
