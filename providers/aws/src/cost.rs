//! Cost estimates: what a scenario's cluster costs by list prices, line by line.
//!
//! Pure arithmetic; the rounding rules are in [`usage`]. The meter and the bill use the same line names.

pub mod beyond;
pub mod billed;
pub mod explorer;
pub mod usage;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};

use crate::catalogue;
use crate::prices::{self, HOURS_PER_MONTH, Price};
use crate::spec::{Capacity, EksSpec};
use beyond::Beyond;
use usage::{Rounding, Span};

/// The line of the control plane.
pub const CONTROL_PLANE: &str = "control_plane";
/// The line of the nodes' instances.
pub const NODES: &str = "nodes";
/// The line of NAT gateways' hours.
pub const NAT_GATEWAY: &str = "nat_gateway";
/// The line of public IPv4 addresses.
pub const PUBLIC_IPV4: &str = "public_ipv4";
/// The line of disks: root disks and volumes of claims.
pub const DISKS: &str = "disks";
/// The line of load balancers' hours.
pub const LOAD_BALANCER: &str = "load_balancer";

/// The line of customers' keys.
pub const KMS_KEY: &str = "kms_key";
/// The line of interface endpoints' hours.
pub const VPC_ENDPOINT: &str = "vpc_endpoint";

/// The line that resources of a type are charged under.
pub fn line_of_type(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "eks_cluster" => Some(CONTROL_PLANE),
        "ec2_instance" => Some(NODES),
        "nat_gateway" => Some(NAT_GATEWAY),
        "elastic_ip" => Some(PUBLIC_IPV4),
        "ebs_volume" => Some(DISKS),
        "elbv2_load_balancer" | "elb_classic" => Some(LOAD_BALANCER),
        "kms_key" => Some(KMS_KEY),
        "vpc_endpoint" => Some(VPC_ENDPOINT),
        _ => None,
    }
}

/// Decimals of US dollars in estimates: a millionth is far below every price.
const DECIMALS: u32 = 6;

/// The size of the volume that the job claims, GB.
const CLAIMED_GB: u32 = 4;

/// What is estimated.
#[derive(Clone, Copy, Debug)]
pub struct EstimateInput<'a> {
    /// The cluster.
    pub spec: &'a EksSpec,
    /// Whether the job leaves a load balancer and a volume for teardown.
    pub leftovers: bool,
    /// The date assumed when the start is unknown; it decides whether a version is in extended support.
    pub today: Timestamp,
    /// What a program made beyond the scenario.
    pub beyond: &'a [Beyond],
}

/// The parts of one line.
struct Item {
    line: &'static str,
    title: String,
    /// How many things.
    count: u32,
    /// How many units of one of them pass in an hour or month: 1, or its GB.
    amount: u32,
    price: Option<&'static Price>,
    rounding: Rounding,
    /// Its usage types, without the region's prefix.
    usage: Vec<String>,
}

/// The estimate of a scenario for a duration, and for a planned start when it is known.
pub fn estimate(
    input: &EstimateInput<'_>,
    start: Option<Timestamp>,
    duration_minutes: u32,
) -> Estimate {
    let length = SignedDuration::from_mins(i64::from(duration_minutes));
    let planned = start.map(|from| (from, from + length));
    of(input, planned, duration_minutes)
}

/// The estimate for exactly this period, as if everything existed throughout.
pub fn estimate_between(input: &EstimateInput<'_>, from: Timestamp, to: Timestamp) -> Estimate {
    let minutes = (to.duration_since(from).as_secs().max(1) + 59) / 60;
    of(
        input,
        Some((from, to.max(from))),
        u32::try_from(minutes).unwrap_or(u32::MAX),
    )
}

fn of(
    input: &EstimateInput<'_>,
    planned: Option<(Timestamp, Timestamp)>,
    minutes: u32,
) -> Estimate {
    let region = input.spec.region.0.as_str();
    let mut estimate = Estimate {
        left_out: left_out(),
        left_out_usage_types: LEFT_OUT
            .iter()
            .flat_map(|bare| catalogue::usage_types(region, bare))
            .collect(),
        ..Estimate::default()
    };
    let at = planned.map_or(input.today, |(from, _)| from);
    let unpriced = |item: &Item| format!("{} in {region}", item.title);
    let beyond = input.beyond.iter().map(|thing| thing.item(region));
    let items = items(input.spec, at).into_iter().chain(beyond);
    for item in items.filter(|item| item.count > 0) {
        match line(&item, region, planned, minutes) {
            Some(line) => estimate.lines.push(line),
            None => estimate.unpriced.push(unpriced(&item)),
        }
    }
    for item in workload(input) {
        match line(&item, region, planned, minutes) {
            Some(line) => estimate.workload.push(line),
            None => estimate.unpriced.push(unpriced(&item)),
        }
    }
    estimate
}

fn items(spec: &EksSpec, at: Timestamp) -> Vec<Item> {
    let region = spec.region.0.as_str();
    let nat = nat_gateways(spec);
    let mut items = vec![Item {
        line: CONTROL_PLANE,
        title: "1 × EKS control plane".to_owned(),
        count: 1,
        amount: 1,
        price: prices::exact(region, "control_plane", "EKS cluster standard support"),
        rounding: Rounding::Exact,
        usage: vec!["AmazonEKS-Hours:perCluster".to_owned()],
    }];
    items.extend(extended_support(spec, at));
    for group in &spec.node_groups.0 {
        let kind = &group.instance_type.0;
        let (word, usage, price) = match group.capacity {
            Capacity::OnDemand => ("", "BoxUsage", prices::exact(region, "instance", kind)),
            // The spot price changes by the hour and by zone; no price list has it.
            Capacity::Spot => (" (spot)", "SpotUsage", None),
        };
        items.push(Item {
            line: NODES,
            title: format!("{} × {kind}{word}", group.count.0),
            count: group.count.0,
            amount: 1,
            price,
            rounding: Rounding::Seconds,
            usage: vec![format!("{usage}:{kind}")],
        });
    }
    items.push(Item {
        line: NAT_GATEWAY,
        title: format!("{nat} × NAT gateway"),
        count: nat,
        amount: 1,
        price: prices::exact(region, "nat_gateway", "NAT gateway hour"),
        rounding: Rounding::ClockHours,
        usage: vec!["NatGateway-Hours".to_owned()],
    });
    items.push(addresses(
        region,
        public_addresses(spec),
        "public IPv4 address",
    ));
    for group in &spec.node_groups.0 {
        let gb = group.disk_gb.0;
        items.push(disks(region, group.count.0, gb, "gp3"));
    }
    items
}

/// How many NAT gateways the scenario plans.
pub fn nat_gateways(spec: &EksSpec) -> u32 {
    u32::from(spec.network.nat_gateways(spec.availability_zones.0))
}

/// How many public addresses the cluster has: one for each NAT gateway, and one for each public node.
pub fn public_addresses(spec: &EksSpec) -> u32 {
    let public_nodes = if spec.network.has_public_nodes() {
        u32::try_from(spec.nodes()).unwrap_or(u32::MAX)
    } else {
        0
    };
    nat_gateways(spec).saturating_add(public_nodes)
}

/// The surcharge of a version in extended support: a line of its own on the bill.
fn extended_support(spec: &EksSpec, at: Timestamp) -> Option<Item> {
    let version = spec.kubernetes_version.0.as_str();
    catalogue::is_extended(version, at).then(|| Item {
        line: CONTROL_PLANE,
        title: format!("1 × extended support of Kubernetes {version}"),
        count: 1,
        amount: 1,
        price: prices::exact(
            &spec.region.0,
            "control_plane",
            "EKS extended support surcharge",
        ),
        rounding: Rounding::Exact,
        usage: vec!["AmazonEKS-Hours:extendedSupport".to_owned()],
    })
}

/// Public addresses. Addresses in use and idle ones cost the same, so one line covers both.
fn addresses(region: &str, count: u32, title: &str) -> Item {
    Item {
        line: PUBLIC_IPV4,
        title: format!("{count} × {title}"),
        count,
        amount: 1,
        price: prices::exact(region, "public_ipv4", "Public IPv4 in use"),
        rounding: Rounding::Seconds,
        usage: ["PublicIPv4:InUseAddress", "PublicIPv4:IdleAddress"]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn disks(region: &str, count: u32, gb: u32, kind: &str) -> Item {
    Item {
        line: DISKS,
        title: format!("{count} × {gb} GB {kind}"),
        count,
        amount: gb,
        price: prices::exact(region, "disk", &format!("EBS {kind} storage")),
        rounding: Rounding::CalendarMonth,
        usage: vec![format!("EBS:VolumeUsage.{kind}")],
    }
}

/// What the job leaves for teardown: a load balancer with an address in each zone, and a volume.
fn workload(input: &EstimateInput<'_>) -> Vec<Item> {
    if !input.leftovers {
        return Vec::new();
    }
    let region = input.spec.region.0.as_str();
    let zones = u32::from(input.spec.availability_zones.0);
    let balancer = Item {
        line: LOAD_BALANCER,
        title: "1 × classic load balancer of the job".to_owned(),
        count: 1,
        amount: 1,
        price: prices::exact(region, "load_balancer", "Classic LB hour"),
        rounding: Rounding::ClockHours,
        usage: vec!["LoadBalancerUsage".to_owned()],
    };
    vec![
        balancer,
        addresses(region, zones, "public IPv4 address of the job's balancer"),
        // Of the class `gp2`, the only one of a new cluster.
        disks(region, 1, CLAIMED_GB, "gp2"),
    ]
}

fn line(
    item: &Item,
    region: &str,
    planned: Option<(Timestamp, Timestamp)>,
    minutes: u32,
) -> Option<EstimateLine> {
    let price = item.price?;
    let units = Decimal::from(item.count) * Decimal::from(item.amount);
    let usd = |quantity: Decimal| (quantity * units * price.usd).round_dp(DECIMALS);
    let hour = match item.rounding {
        Rounding::CalendarMonth | Rounding::KeyMonth => {
            Decimal::ONE / Decimal::from(HOURS_PER_MONTH)
        }
        _ => Decimal::ONE,
    };
    let span = Span::of(item.rounding, minutes);
    let forms = |bare: &String| {
        // Keys are billed under the region's own name.
        if bare.starts_with(region) {
            return vec![bare.clone()];
        }
        catalogue::usage_types(region, bare)
    };
    Some(EstimateLine {
        line: item.line.to_owned(),
        title: item.title.clone(),
        usd_per_hour: usd(hour),
        min_usd: usd(span.min),
        expected_usd: usd(span.expected),
        max_usd: usd(span.max),
        planned_usd: planned.map(|(from, to)| usd(usage::quantity(item.rounding, from, to))),
        source: format!("{} ({})", price.source, price.source_date),
        count: item.count,
        usage_types: item.usage.iter().flat_map(forms).collect(),
    })
}

/// The usage types of what is left out, without the region's prefix.
const LEFT_OUT: &[&str] = &[
    "NatGateway-Bytes",
    "DataTransfer-Regional-Bytes",
    "DataTransfer-Out-Bytes",
    "DataTransfer-In-Bytes",
    "LoadBalancing:DataTransfer-Out-Bytes",
    "CPUCredits:t3",
    "CPUCredits:t3a",
    "CPUCredits:t4g",
    "DataProcessing-Bytes",
    "VendedLog-Bytes",
    "TimedStorage-ByteHrs",
    "APIRequest",
];

/// What is left out on purpose, and why.
fn left_out() -> Vec<String> {
    [
        "traffic through NAT gateways, 0.045 USD/GB: depends on the images that are pulled \
         (0.5 to 1.2 GB for one cluster was measured)",
        "traffic between zones (0.01 USD/GB each way) and to the internet: depends on the job",
        "surplus CPU credits of T3 instances, 0.05 USD per vCPU-hour: only a job that keeps the \
         CPU busy spends them",
        "load balancers and volumes that other jobs than the scenario's ask for",
        "CloudWatch Logs of the control plane, 0.50 USD/GB: the first 5 GB of a month are free",
        "Cost Explorer requests, 0.01 USD each: the audit's own cost, not the cluster's",
    ]
    .map(str::to_owned)
    .to_vec()
}
