//! Rows `aws.internet_gateway`, `aws.nat_gateways` and `aws.route_tables`, each judged by where it leads.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{NatGateway, Route, Subnet};
use kubeproof_contract::check::Check;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::Run;

use super::network::{default_route, id, sorted, table_of, used};
use super::{Findings, check, row};
use crate::observer::view::View;
use crate::spec::{EksSpec, NatChoice};

pub(super) fn internet_gateway(spec: &EksSpec, view: &View) -> Check {
    let asked = spec.network.makes_vpc() && spec.network.public_subnets;
    row("aws.internet_gateway", asked, || {
        let mut findings = Findings::default();
        let gateways = view.internet_gateways.clone()?;
        let vpcs = view.vpcs.clone()?;
        if !spec.network.makes_vpc() {
            return Ok(findings);
        }
        let wanted = usize::from(asked);
        findings.require(gateways.len() == wanted, || {
            let count = gateways.len();
            format!("{count} internet gateways are the run's, asked for {wanted}")
        });
        for gateway in &gateways {
            let id = gateway.internet_gateway_id().unwrap_or_default();
            let attached: Vec<&str> = gateway
                .attachments()
                .iter()
                .filter_map(|to| to.vpc_id())
                .collect();
            let right = !attached.is_empty()
                && attached
                    .iter()
                    .all(|vpc| vpcs.iter().any(|own| own.vpc_id() == Some(vpc)));
            findings.require(right, || {
                format!(
                    "{id} is attached to [{}], not to the run's VPC",
                    attached.join(", ")
                )
            });
            findings.note(format!("{id} attached to {}", attached.join(", ")));
        }
        Ok(findings)
    })
}

/// The NAT gateways that are judged: all of the run's own VPC; of one that was there before, the run's.
pub(super) fn of_run(
    spec: &EksSpec,
    run: &Run,
    view: &View,
) -> Result<Vec<NatGateway>, ObserverError> {
    let mut gateways = view.nat_gateways.clone()?;
    if !spec.network.makes_vpc() {
        gateways.retain(|one| view.is_said(run, one.nat_gateway_id(), one.tags()));
    }
    Ok(gateways)
}

pub(super) fn nat_gateways(spec: &EksSpec, run: &Run, view: &View) -> Check {
    let asked = usize::from(spec.network.nat_gateways(spec.availability_zones.0));
    row("aws.nat_gateways", asked > 0, || {
        let mut findings = Findings::default();
        let gateways = of_run(spec, run, view)?;
        let addresses = view.addresses.clone()?;
        let zone_of = zones(view)?;
        findings.require(gateways.len() == asked, || {
            let where_to = match spec.network.nat_gateways {
                NatChoice::PerZone => format!("one in each of {asked} zones"),
                NatChoice::One => "one for all zones".to_owned(),
                NatChoice::None => "none".to_owned(),
            };
            format!("{} NAT gateways, asked for {where_to}", gateways.len())
        });
        let (mut zones, mut used) = (BTreeSet::new(), BTreeSet::new());
        for gateway in &gateways {
            let id = gateway.nat_gateway_id().unwrap_or_default();
            let state = gateway.state().map_or("", |state| state.as_str());
            findings.require(state == "available", || match gateway.failure_message() {
                Some(message) => format!("{id} is {state}: {message}"),
                None => format!("{id} is {state}"),
            });
            let zone = zone_of
                .get(gateway.subnet_id().unwrap_or_default())
                .cloned();
            let zone = zone.unwrap_or_default();
            findings.require(zones.insert(zone.clone()), || {
                format!("a second NAT gateway in {zone}")
            });
            let allocation = allocation(gateway);
            let known = addresses
                .iter()
                .any(|address| address.allocation_id() == Some(allocation));
            findings.require(known, || {
                format!("{id} has no elastic IP of the account ({allocation})")
            });
            findings.require(used.insert(allocation.to_owned()), || {
                format!("{id} shares the address {allocation}")
            });
            findings.note(format!("{id} {state} in {zone} with {allocation}"));
        }
        Ok(findings)
    })
}

pub(super) fn route_tables(spec: &EksSpec, run: &Run, view: &View) -> Check {
    check("aws.route_tables", || {
        let mut findings = Findings::default();
        let tables = view.route_tables.clone()?;
        let (public, private) = sorted(spec, run, view)?;
        let gateways = view.internet_gateways.clone()?;
        let nats = view.nat_gateways.clone()?;
        let zone_of = zones(view)?;
        let network = &spec.network;
        findings.require(!public.is_empty() || !network.public_subnets, || {
            "no subnet has a default route to an internet gateway".to_owned()
        });
        findings.require(!private.is_empty() || !network.private_subnets, || {
            "there is no private subnet".to_owned()
        });
        // Without a NAT gateway private subnets may have no route out; nor need those that a program made besides and
        // that nothing of the cluster is in.
        let may_lead_nowhere = network.nat_gateways == NatChoice::None;
        let used = used(view)?;
        let is_besides = |subnet: &Subnet| spec.demand.allows_more() && !used.contains(id(subnet));
        let one_for_all = network.nat_gateways == NatChoice::One || !network.makes_vpc();
        for (subnet, is_public) in public
            .iter()
            .map(|subnet| (subnet, true))
            .chain(private.iter().map(|subnet| (subnet, false)))
        {
            let (id, route) = (id(subnet), default_route(&tables, subnet));
            let table = table_of(&tables, subnet).and_then(|table| table.route_table_id());
            let table = table.unwrap_or("no route table");
            let Some(route) = route else {
                let may = may_lead_nowhere || is_besides(subnet);
                findings.require(may && !is_public, || {
                    format!("{id} has no default route ({table})")
                });
                findings.note(format!("{id}: {table} without a default route"));
                continue;
            };
            let state = route.state().map_or("", |state| state.as_str());
            findings.require(state == "active", || {
                format!("the default route of {id} is {state}")
            });
            let target = target(route);
            let nat = nats.iter().find(|nat| nat.nat_gateway_id() == Some(target));
            let right = gateways
                .iter()
                .any(|own| own.internet_gateway_id() == Some(target))
                || nat.is_some_and(|nat| {
                    let zone = zone_of.get(nat.subnet_id().unwrap_or_default());
                    one_for_all || zone.map(String::as_str) == subnet.availability_zone()
                });
            findings.require(right, || match nat {
                Some(_) => format!("the default route of {id} leads to {target} in another zone"),
                None => {
                    format!("the default route of {id} leads to {target}, not a gateway of the run")
                }
            });
            findings.note(format!("{id}: {table} → {target}"));
        }
        Ok(findings)
    })
}

/// Where a route leads.
fn target(route: &Route) -> &str {
    route
        .nat_gateway_id()
        .or(route.gateway_id())
        .unwrap_or("something else")
}

/// The address of a NAT gateway.
pub(super) fn allocation(gateway: &NatGateway) -> &str {
    gateway
        .nat_gateway_addresses()
        .first()
        .and_then(|at| at.allocation_id())
        .unwrap_or("none")
}

/// Zone by subnet id.
fn zones(view: &View) -> Result<BTreeMap<String, String>, ObserverError> {
    let named = view.subnets.clone()?.into_iter();
    Ok(named
        .filter_map(|subnet| Some((subnet.subnet_id?, subnet.availability_zone?)))
        .collect())
}
