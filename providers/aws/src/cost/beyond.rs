//! What a program made beyond the scenario, as lines of the estimate: what is there, less what is planned.
//!
//! A thing without a price makes the cost unknown, as one of the scenario does. Log groups have no line: what is written to
//! them is left out of every estimate, and says so.

use kubeproof_contract::resource::{Lifetime, Resource};

use super::usage::Rounding;
use super::{
    CONTROL_PLANE, DISKS, Item, KMS_KEY, LOAD_BALANCER, NAT_GATEWAY, NODES, PUBLIC_IPV4,
    VPC_ENDPOINT, nat_gateways, public_addresses,
};
use crate::observer::resources;
use crate::prices;
use crate::spec::EksSpec;

/// Things of one price of which more are there than planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    line: &'static str,
    what: String,
    count: u32,
    amount: u32,
    /// Where its price is in the table; `None`: no price is known.
    price: Option<(&'static str, String)>,
    rounding: Rounding,
    usage: String,
}

impl Beyond {
    /// One thing that is billed by clock hours.
    fn by_the_hour(line: &'static str, what: &str, usage: &str) -> Self {
        Self {
            line,
            what: what.to_owned(),
            count: 1,
            amount: 1,
            price: None,
            rounding: Rounding::ClockHours,
            usage: usage.to_owned(),
        }
    }

    fn priced(self, kind: &'static str, sku: impl Into<String>) -> Self {
        Self {
            price: Some((kind, sku.into())),
            ..self
        }
    }

    fn rounded(self, rounding: Rounding) -> Self {
        Self { rounding, ..self }
    }

    fn times(self, amount: u32) -> Self {
        Self { amount, ..self }
    }

    /// What the estimate adds up.
    pub(super) fn item(&self, region: &str) -> Item {
        let price = self.price.as_ref();
        Item {
            line: self.line,
            title: format!(
                "{} × {} (made by the program beyond the scenario)",
                self.count, self.what
            ),
            count: self.count,
            amount: self.amount,
            price: price.and_then(|(kind, sku)| prices::exact(region, kind, sku)),
            rounding: self.rounding,
            usage: vec![self.usage.clone()],
        }
    }

    /// Whether both are of one price.
    fn is_like(&self, other: &Self) -> bool {
        self.line == other.line && self.usage == other.usage && self.amount == other.amount
    }
}

/// What of these resources is beyond the scenario, in their order.
pub fn beyond(spec: &EksSpec, there: &[Resource]) -> Vec<Beyond> {
    let mut all: Vec<Beyond> = Vec::new();
    let alive = there.iter().filter(|one| one.lifetime == Lifetime::Alive);
    for thing in alive.filter_map(|one| thing(one, &spec.region.0)) {
        match all.iter_mut().find(|known| known.is_like(&thing)) {
            Some(known) => known.count += 1,
            None => all.push(thing),
        }
    }
    for thing in &mut all {
        thing.count = thing.count.saturating_sub(planned(spec, thing));
    }
    all.retain(|thing| thing.count > 0);
    all
}

/// How many of these the scenario plans.
fn planned(spec: &EksSpec, thing: &Beyond) -> u32 {
    let items = super::items(spec, jiff::Timestamp::UNIX_EPOCH);
    let alike = items.iter().filter(|item| {
        item.line == thing.line && item.amount == thing.amount && item.usage.contains(&thing.usage)
    });
    let all: u32 = alike.map(|item| item.count).sum();
    // The addresses of public nodes are not listed as addresses.
    let of_nodes = public_addresses(spec) - nat_gateways(spec);
    if thing.line == PUBLIC_IPV4 {
        all.saturating_sub(of_nodes)
    } else {
        all
    }
}

/// What a resource is on a bill; `None` when it costs nothing, or is left out.
fn thing(resource: &Resource, region: &str) -> Option<Beyond> {
    let property = |name: &str| resource.properties.get(name).map_or("", String::as_str);
    let number = |name: &str| property(name).parse::<u32>().unwrap_or_default();
    let parts = |name: &str| {
        let parts = property(name).split_whitespace().count();
        u32::try_from(parts).unwrap_or(u32::MAX)
    };
    let by_the_hour = Beyond::by_the_hour;
    Some(match resource.resource_type.as_str() {
        "cloudwatch_log_group" => return None,
        "eks_cluster" => by_the_hour(
            CONTROL_PLANE,
            "EKS control plane",
            "AmazonEKS-Hours:perCluster",
        )
        .priced("control_plane", "EKS cluster standard support")
        .rounded(Rounding::Exact),
        "ec2_instance" if resource.state != "stopped" => {
            instance(property("instance_type"), property("lifecycle"))
        }
        "nat_gateway" => by_the_hour(NAT_GATEWAY, "NAT gateway", "NatGateway-Hours")
            .priced("nat_gateway", "NAT gateway hour"),
        "elastic_ip" => by_the_hour(
            PUBLIC_IPV4,
            "public IPv4 address",
            "PublicIPv4:InUseAddress",
        )
        .priced("public_ipv4", "Public IPv4 in use")
        .rounded(Rounding::Seconds),
        "ebs_volume" if number("size_gb") > 0 => {
            let (kind, gb) = (property("volume_type"), number("size_gb"));
            let usage = format!("EBS:VolumeUsage.{kind}");
            by_the_hour(DISKS, &format!("{gb} GB {kind}"), &usage)
                .priced("disk", format!("EBS {kind} storage"))
                .rounded(Rounding::CalendarMonth)
                .times(gb)
        }
        "vpc_endpoint" if property("endpoint_type") == "Interface" => {
            let zones = parts("subnet_ids");
            let what = format!("VPC interface endpoint in {zones} zones");
            by_the_hour(VPC_ENDPOINT, &what, "VpcEndpoint-Hours")
                .priced("endpoint", "VPC interface endpoint")
                .times(zones)
        }
        "kms_key" if resources::retained(resource).is_none() => {
            by_the_hour(KMS_KEY, "KMS key", &format!("{region}-KMS-Keys"))
                .priced("kms", "KMS key")
                .rounded(Rounding::KeyMonth)
        }
        "elb_classic" => by_the_hour(LOAD_BALANCER, "classic load balancer", "LoadBalancerUsage")
            .priced("load_balancer", "Classic LB hour"),
        other => match resources::monthly_cost(resource, region) {
            Some(cost) if cost.usd.is_zero() => return None,
            // No line, or no price: what it costs in this time is not known.
            _ => by_the_hour(NO_LINE, other, other),
        },
    })
}

/// The line of what has none.
const NO_LINE: &str = "";

fn instance(instance_type: &str, lifecycle: &str) -> Beyond {
    let (usage, word) = if lifecycle.is_empty() {
        ("BoxUsage", "")
    } else {
        ("SpotUsage", " (spot)")
    };
    let what = format!("{instance_type}{word}");
    let thing = Beyond::by_the_hour(NODES, &what, &format!("{usage}:{instance_type}"));
    let thing = thing.rounded(Rounding::Seconds);
    // The spot price changes by the hour and by zone; no price list has it.
    if lifecycle.is_empty() {
        thing.priced("instance", instance_type)
    } else {
        thing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> EksSpec {
        let text = r#"{"kubernetes_version":"1.34",
            "node_groups":[{"name":"n","instance_type":"t3.medium","count":2}]}"#;
        serde_json::from_str(text).unwrap()
    }

    fn one(resource_type: &str, properties: &[(&str, &str)]) -> Resource {
        let bare = Resource::new(resource_type, "x", "us-east-1");
        let all = properties.iter();
        all.fold(bare, |one, (name, value)| one.with(name, value))
    }

    /// The lines beyond the scenario as text, with the price of an hour.
    #[track_caller]
    fn check(there: &[Resource], expected: &[&str]) {
        let lines = beyond(&spec(), there);
        let words: Vec<String> = lines
            .iter()
            .map(|thing| {
                let item = thing.item("us-east-1");
                let price = item.price.map(|price| price.usd.to_string());
                let title = item
                    .title
                    .replace(" (made by the program beyond the scenario)", "");
                format!("{}: {title} at {}", item.line, price.unwrap_or_default())
            })
            .collect();
        assert_eq!(words, expected);
    }

    #[test]
    fn what_is_planned_is_not_beyond_and_one_more_is() {
        let nat = || one("nat_gateway", &[]);
        check(&[nat(), nat()], &[]);
        check(
            &[nat(), nat(), nat()],
            &["nat_gateway: 1 × NAT gateway at 0.045"],
        );
        let node = || one("ec2_instance", &[("instance_type", "t3.medium")]);
        check(&[node(), node()], &[]);
        check(&[node()], &[]);
        let address = || one("elastic_ip", &[]);
        check(
            &[address(), address(), address()],
            &["public_ipv4: 1 × public IPv4 address at 0.005"],
        );
        let disk = |gb: &str| one("ebs_volume", &[("volume_type", "gp3"), ("size_gb", gb)]);
        check(
            &[disk("20"), disk("20"), disk("50")],
            &["disks: 1 × 50 GB gp3 at 0.08"],
        );
    }

    #[test]
    fn keys_and_endpoints_have_lines_and_what_costs_nothing_has_none() {
        let endpoint = |kind: &str| {
            one(
                "vpc_endpoint",
                &[("endpoint_type", kind), ("subnet_ids", "a b")],
            )
        };
        check(
            &[
                one("kms_key", &[("manager", "CUSTOMER")]),
                endpoint("Interface"),
                endpoint("Gateway"),
            ],
            &[
                "kms_key: 1 × KMS key at 1",
                "vpc_endpoint: 1 × VPC interface endpoint in 2 zones at 0.01",
            ],
        );
        let doomed = ("deletion_date", "2026-12-07T00:00:00Z");
        check(&[one("kms_key", &[doomed]), one("iam_role", &[])], &[]);
    }

    #[test]
    fn what_has_no_price_is_there_without_one_and_never_at_zero() {
        check(&[one("ebs_snapshot", &[])], &[": 1 × ebs_snapshot at "]);
        let of_no_size = one("ebs_volume", &[("volume_type", "gp3")]);
        check(&[of_no_size], &[": 1 × ebs_volume at "]);
        let spot = one(
            "ec2_instance",
            &[("instance_type", "t3.medium"), ("lifecycle", "spot")],
        );
        check(&[spot], &["nodes: 1 × t3.medium (spot) at "]);
    }
}
