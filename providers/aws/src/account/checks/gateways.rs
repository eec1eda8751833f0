//! Rows `aws.internet_gateway`, `aws.nat_gateways` and `aws.route_tables`.
//!
//! Together because each is judged by what it leads to.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{NatGateway, Route};
use kubeproof_contract::account::ObserverError;
use kubeproof_contract::check::Check;
use kubeproof_contract::run::Run;

use super::network::{default_route, id, sorted, table_of};
use super::{Findings, check};
use crate::account::seen::{View, is_tagged};
use crate::spec::EksSpec;

pub(super) fn internet_gateway(view: &View) -> Check {
    check("aws.internet_gateway", || {
        let mut findings = Findings::default();
        let gateways = view.internet_gateways.clone()?;
        let vpcs = view.vpcs.clone()?;
        findings.expect(gateways.len() == 1, || {
            format!("{} internet gateways carry the run's tag", gateways.len())
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
            findings.expect(right, || {
                format!(
                    "{id} is attached to [{}], not to the run's VPC",
                    attached.join(", ")
                )
            });
            findings.saw(format!("{id} attached to {}", attached.join(", ")));
        }
        Ok(findings)
    })
}

pub(super) fn nat_gateways(spec: &EksSpec, run: &Run, view: &View) -> Check {
    check("aws.nat_gateways", || {
        let mut findings = Findings::default();
        let gateways = view.nat_gateways.clone()?;
        let addresses = view.addresses.clone()?;
        let zone_of = zones(view)?;
        let asked = usize::from(spec.availability_zones.0);
        findings.expect(gateways.len() == asked, || {
            format!(
                "{} NAT gateways, asked for one in each of {asked} zones",
                gateways.len()
            )
        });
        let (mut zones, mut used) = (BTreeSet::new(), BTreeSet::new());
        for gateway in &gateways {
            let id = gateway.nat_gateway_id().unwrap_or_default();
            let state = gateway.state().map_or("", |state| state.as_str());
            findings.expect(state == "available", || match gateway.failure_message() {
                Some(message) => format!("{id} is {state}: {message}"),
                None => format!("{id} is {state}"),
            });
            findings.expect(is_tagged(run, gateway.tags()), || {
                format!("{id} lacks the run's tag")
            });
            let zone = zone_of
                .get(gateway.subnet_id().unwrap_or_default())
                .cloned();
            let zone = zone.unwrap_or_default();
            findings.expect(zones.insert(zone.clone()), || {
                format!("a second NAT gateway in {zone}")
            });
            let allocation = allocation(gateway);
            let owned = addresses
                .iter()
                .any(|address| address.allocation_id() == Some(allocation));
            findings.expect(owned, || {
                format!("the address {allocation} of {id} does not carry the run's tag")
            });
            findings.expect(used.insert(allocation.to_owned()), || {
                format!("{id} shares the address {allocation}")
            });
            findings.saw(format!("{id} {state} in {zone} with {allocation}"));
        }
        Ok(findings)
    })
}

pub(super) fn route_tables(view: &View) -> Check {
    check("aws.route_tables", || {
        let mut findings = Findings::default();
        let tables = view.route_tables.clone()?;
        let (public, private) = sorted(view)?;
        let gateways = view.internet_gateways.clone()?;
        let nats = view.nat_gateways.clone()?;
        let zone_of = zones(view)?;
        findings.expect(!public.is_empty(), || {
            "no subnet has a default route to an internet gateway".to_owned()
        });
        findings.expect(!private.is_empty(), || {
            "there is no private subnet".to_owned()
        });
        for subnet in public.iter().chain(&private) {
            let (id, route) = (id(subnet), default_route(&tables, subnet));
            let table = table_of(&tables, subnet).and_then(|table| table.route_table_id());
            let table = table.unwrap_or("no route table");
            let Some(route) = route else {
                findings
                    .wrong
                    .push(format!("{id} has no default route ({table})"));
                continue;
            };
            let state = route.state().map_or("", |state| state.as_str());
            findings.expect(state == "active", || {
                format!("the default route of {id} is {state}")
            });
            let target = target(route);
            let nat = nats.iter().find(|nat| nat.nat_gateway_id() == Some(target));
            let right = gateways
                .iter()
                .any(|own| own.internet_gateway_id() == Some(target))
                || nat.is_some_and(|nat| {
                    zone_of
                        .get(nat.subnet_id().unwrap_or_default())
                        .map(String::as_str)
                        == subnet.availability_zone()
                });
            findings.expect(right, || match nat {
                Some(_) => format!("the default route of {id} leads to {target} in another zone"),
                None => {
                    format!("the default route of {id} leads to {target}, not a gateway of the run")
                }
            });
            findings.saw(format!("{id}: {table} → {target}"));
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

fn allocation(gateway: &NatGateway) -> &str {
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
