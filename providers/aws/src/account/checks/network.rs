//! Rows `aws.vpc`, `aws.subnets.public` and `aws.subnets.private`.
//!
//! Apart from the gateways because it also holds what makes a subnet public: its route.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Route, RouteTable, Subnet};
use kubeproof_contract::account::ObserverError;
use kubeproof_contract::check::Check;
use kubeproof_contract::run::Run;

use super::{Findings, check};
use crate::account::seen::{View, is_tagged};
use crate::spec::EksSpec;

/// Everywhere.
pub(super) const ANYWHERE: &str = "0.0.0.0/0";

pub(super) fn vpc(spec: &EksSpec, view: &View) -> Check {
    check("aws.vpc", || {
        let mut findings = Findings::default();
        let vpcs = view.vpcs.clone()?;
        let asked = spec.vpc_cidr.0.to_string();
        findings.expect(vpcs.len() == 1, || {
            format!("{} VPCs carry the run's tag", vpcs.len())
        });
        for vpc in &vpcs {
            let (id, cidr) = (vpc.vpc_id().unwrap_or_default(), vpc.cidr_block());
            let cidr = cidr.unwrap_or_default();
            findings.expect(cidr == asked, || {
                format!("{id} has {cidr}, asked for {asked}")
            });
            let state = vpc.state().map_or("", |state| state.as_str());
            findings.expect(state == "available", || format!("{id} is {state}"));
            findings.saw(format!("{id} {cidr} {state}"));
        }
        Ok(findings)
    })
}

pub(super) fn public_subnets(spec: &EksSpec, run: &Run, view: &View) -> Check {
    check("aws.subnets.public", || {
        let subnets = sorted(view)?.0;
        let mut findings = judged(spec, run, &subnets, "public");
        for subnet in &subnets {
            findings.expect(subnet.map_public_ip_on_launch() == Some(true), || {
                format!("{} gives no public addresses on launch", id(subnet))
            });
        }
        Ok(findings)
    })
}

pub(super) fn private_subnets(spec: &EksSpec, run: &Run, view: &View) -> Check {
    check("aws.subnets.private", || {
        let subnets = sorted(view)?.1;
        let mut findings = judged(spec, run, &subnets, "private");
        for subnet in &subnets {
            findings.expect(subnet.map_public_ip_on_launch() != Some(true), || {
                format!("{} gives public addresses on launch", id(subnet))
            });
        }
        Ok(findings)
    })
}

/// What public and private subnets have in common: their number, zones, network and tag.
fn judged(spec: &EksSpec, run: &Run, subnets: &[Subnet], word: &str) -> Findings {
    let mut findings = Findings::default();
    let asked = usize::from(spec.availability_zones.0);
    findings.expect(subnets.len() == asked, || {
        format!("{} {word} subnets, asked for {asked}", subnets.len())
    });
    let zones: BTreeSet<&str> = subnets
        .iter()
        .filter_map(Subnet::availability_zone)
        .collect();
    findings.expect(zones.len() == subnets.len(), || {
        format!(
            "{} {word} subnets share {} zones",
            subnets.len(),
            zones.len()
        )
    });
    for subnet in subnets {
        let (id, cidr) = (id(subnet), subnet.cidr_block().unwrap_or_default());
        let inside = cidr
            .parse()
            .is_ok_and(|cidr: ipnet::Ipv4Net| spec.vpc_cidr.0.contains(&cidr));
        findings.expect(inside, || {
            format!("{id} {cidr} lies outside {}", spec.vpc_cidr.0)
        });
        findings.expect(is_tagged(run, subnet.tags()), || {
            format!("{id} lacks the run's tag")
        });
        let zone = subnet.availability_zone().unwrap_or_default();
        findings.saw(format!("{id} {cidr} {zone}"));
    }
    findings
}

/// The subnets, `(public, private)`: public ones have a default route to an internet gateway.
pub(super) fn sorted(view: &View) -> Result<(Vec<Subnet>, Vec<Subnet>), ObserverError> {
    let tables = view.route_tables.clone()?;
    Ok(view.subnets.clone()?.into_iter().partition(|subnet| {
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
