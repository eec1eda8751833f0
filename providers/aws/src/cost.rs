//! Cost: what a scenario's cluster is estimated to cost, line by line, from list prices.
//!
//! Apart from the account because it is arithmetic alone. The rules of rounding are those of
//! [`usage`]; the words of the lines are shared with the meter and the bill.

pub mod billed;
pub mod explorer;
pub mod usage;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};

use crate::prices::{self, HOURS_PER_MONTH, Price};
use crate::spec::{Capacity, EksSpec};
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

/// Decimals of US dollars in estimates: a millionth is far below every price.
const DECIMALS: u32 = 6;

/// What one line is made of.
struct Item {
    line: &'static str,
    title: String,
    /// How many units pass in an hour or month: a number of things, or of GB.
    amount: Decimal,
    price: Option<&'static Price>,
    rounding: Rounding,
}

/// The estimate of a scenario for a duration, and for a planned start when it is known.
pub fn estimate(spec: &EksSpec, start: Option<Timestamp>, duration_minutes: u32) -> Estimate {
    let mut estimate = Estimate {
        lines: Vec::new(),
        left_out: left_out(),
    };
    for item in items(spec).into_iter().filter(|it| !it.amount.is_zero()) {
        match line(&item, start, duration_minutes) {
            Some(line) => estimate.lines.push(line),
            None => estimate.left_out.push(format!(
                "{}: no price is known in {}",
                item.title, spec.region.0
            )),
        }
    }
    estimate
}

fn items(spec: &EksSpec) -> Vec<Item> {
    let region = spec.region.0.as_str();
    let nat = Decimal::from(spec.network.nat_gateways(spec.availability_zones.0));
    let public_nodes = if spec.network.has_public_nodes() {
        Decimal::from(spec.nodes())
    } else {
        Decimal::ZERO
    };
    let addresses = nat + public_nodes;
    let mut items = vec![Item {
        line: CONTROL_PLANE,
        title: "1 × EKS control plane".to_owned(),
        amount: Decimal::ONE,
        price: prices::exact(region, "control_plane", "EKS cluster standard support"),
        rounding: Rounding::Exact,
    }];
    for group in &spec.node_groups.0 {
        let kind = &group.instance_type.0;
        let (word, price) = match group.capacity {
            Capacity::OnDemand => ("", prices::exact(region, "instance", kind)),
            // It changes by the hour and from zone to zone: no list has it.
            Capacity::Spot => (" (spot)", None),
        };
        items.push(Item {
            line: NODES,
            title: format!("{} × {kind}{word}", group.count.0),
            amount: Decimal::from(group.count.0),
            price,
            rounding: Rounding::Seconds,
        });
    }
    items.push(Item {
        line: NAT_GATEWAY,
        title: format!("{nat} × NAT gateway"),
        amount: nat,
        price: prices::exact(region, "nat_gateway", "NAT gateway hour"),
        rounding: Rounding::ClockHours,
    });
    items.push(Item {
        line: PUBLIC_IPV4,
        title: format!("{addresses} × public IPv4 address"),
        amount: addresses,
        price: prices::exact(region, "public_ipv4", "Public IPv4 in use"),
        rounding: Rounding::Seconds,
    });
    for group in &spec.node_groups.0 {
        items.push(Item {
            line: DISKS,
            title: format!("{} × {} GB gp3", group.count.0, group.disk_gb.0),
            amount: Decimal::from(group.count.0) * Decimal::from(group.disk_gb.0),
            price: prices::exact(region, "disk", "EBS gp3 storage"),
            rounding: Rounding::CalendarMonth,
        });
    }
    items
}

fn line(item: &Item, start: Option<Timestamp>, duration_minutes: u32) -> Option<EstimateLine> {
    let price = item.price?;
    let usd = |quantity: Decimal| (quantity * item.amount * price.usd).round_dp(DECIMALS);
    let hour = match item.rounding {
        Rounding::CalendarMonth => Decimal::ONE / Decimal::from(HOURS_PER_MONTH),
        _ => Decimal::ONE,
    };
    let span = Span::of(item.rounding, duration_minutes);
    let end = SignedDuration::from_mins(i64::from(duration_minutes));
    let planned = start.map(|from| usd(usage::quantity(item.rounding, from, from + end)));
    Some(EstimateLine {
        line: item.line.to_owned(),
        title: item.title.clone(),
        usd_per_hour: usd(hour),
        min_usd: usd(span.min),
        expected_usd: usd(span.expected),
        max_usd: usd(span.max),
        planned_usd: planned,
        source: format!("{} ({})", price.source, price.source_date),
    })
}

/// What is left out on purpose, and why.
fn left_out() -> Vec<String> {
    [
        "traffic through NAT gateways, 0.045 USD/GB: depends on the images that are pulled \
         (0.5 to 1.2 GB for one cluster was measured)",
        "traffic between zones (0.01 USD/GB each way) and to the internet: depends on the job",
        "surplus CPU credits of T3 instances, 0.05 USD per vCPU-hour: only a job that keeps the \
         CPU busy spends them",
        "load balancers and volumes that the job itself asks for",
        "CloudWatch Logs of the control plane, 0.50 USD/GB: the first 5 GB of a month are free",
        "Cost Explorer requests, 0.01 USD each: the audit's own cost, not the cluster's",
    ]
    .map(str::to_owned)
    .to_vec()
}
