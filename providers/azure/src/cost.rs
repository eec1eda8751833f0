//! Cost: the estimate for a scenario's cluster, line by line, by list prices.
//!
//! Machines and disks are billed by the second. Load balancers, addresses and NAT gateways are billed by clock hours
//! that are touched, as a real bill suggests, so the minute at which a cluster starts matters. Written independently of
//! the simulator's meter, so that the two can be compared.

mod items;

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};
use kubeproof_contract::provisioner::ClaimedRate;

use crate::spec::AksSpec;
use items::{Item, items, workload};

/// The line of the control plane.
pub const CONTROL_PLANE: &str = "control_plane";
/// The line of the nodes' machines.
pub const NODES: &str = "nodes";
/// The line of disks.
pub const DISKS: &str = "disks";
/// The line of public addresses.
pub const PUBLIC_IPV4: &str = "public_ipv4";
/// The line of load balancers.
pub const LOAD_BALANCER: &str = "load_balancer";
/// The line of NAT gateways.
pub const NAT_GATEWAY: &str = "nat_gateway";

/// The line that resources of a type are charged under.
pub fn line_of_type(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "aks_managed_cluster" => Some(CONTROL_PLANE),
        "vmss" | "virtual_machine" => Some(NODES),
        "managed_disk" => Some(DISKS),
        "public_ip" => Some(PUBLIC_IPV4),
        "load_balancer" => Some(LOAD_BALANCER),
        "nat_gateway" => Some(NAT_GATEWAY),
        _ => None,
    }
}

/// The meters of what is left out: traffic, and operations on disks that are no premium ones. Names as in the public
/// price list.
const LEFT_OUT: &[&str] = &[
    "E1 LRS Disk Operations",
    "Standard Data Processed",
    "Standard Data Transfer Out",
];
/// Decimals of US dollars in estimates.
const DECIMALS: u32 = 6;
/// Minutes in an hour, and seconds.
const HOUR: u32 = 60;
const HOUR_SECONDS: i64 = 3600;

/// What is estimated.
#[derive(Clone, Copy, Debug)]
pub struct EstimateInput<'a> {
    /// The cluster.
    pub spec: &'a AksSpec,
    /// Whether the job makes a load balancer service and a volume.
    pub leftovers: bool,
    /// What the cloud's own list said: no table has the prices of spot machines.
    pub listed: &'a BTreeMap<String, Decimal>,
}

/// How the price of a spot machine is called among those.
pub fn spot_price(location: &str, size: &str) -> String {
    format!("spot {location} {size}")
}

/// When an estimate is made for.
#[derive(Clone, Copy)]
enum Time {
    /// So many minutes, from some start if it is known.
    Minutes(u32, Option<Timestamp>),
    /// Exactly this time.
    Between(Timestamp, Timestamp),
}

impl Time {
    fn start(self) -> Option<Timestamp> {
        match self {
            Self::Minutes(_, start) => start,
            Self::Between(from, _) => Some(from),
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Minutes(minutes, _) => i64::from(minutes) * 60,
            Self::Between(from, to) => to.duration_since(from).as_secs().max(0),
        }
    }

    fn minutes(self) -> u32 {
        let minutes = (self.seconds() + 59) / 60;
        u32::try_from(minutes).unwrap_or(u32::MAX)
    }
}

/// The estimate for a duration, from `start` if that is known.
pub fn estimate(
    input: EstimateInput<'_>,
    start: Option<Timestamp>,
    duration_minutes: u32,
) -> Estimate {
    of(input, Time::Minutes(duration_minutes, start))
}

/// The estimate for exactly this time.
pub fn estimate_between(input: EstimateInput<'_>, from: Timestamp, to: Timestamp) -> Estimate {
    of(input, Time::Between(from, to))
}

fn of(input: EstimateInput<'_>, time: Time) -> Estimate {
    let location = &input.spec.location.0;
    let mut unpriced = Vec::new();
    let mut lines = |items: Vec<Item>| -> Vec<EstimateLine> {
        let priced = items.into_iter().filter_map(|item| {
            let line = line(&item, time);
            if line.is_none() {
                unpriced.push(format!("{} in {location}", item.title));
            }
            line
        });
        priced.collect()
    };
    let (lines, workload) = (lines(items(input)), lines(workload(input)));
    Estimate {
        lines,
        workload,
        left_out: left_out(input.spec),
        left_out_usage_types: LEFT_OUT.iter().map(|meter| (*meter).to_owned()).collect(),
        unpriced,
    }
}

/// The line of what has a known price.
fn line(item: &Item, time: Time) -> Option<EstimateLine> {
    let (hourly, source) = item.hourly.clone()?;
    let usd_per_hour = hourly * Decimal::from(item.count);
    let minutes = time.minutes();
    let [least, most] = hours(minutes, item.by_hour);
    let exact = Decimal::from(time.seconds()) / Decimal::from(HOUR_SECONDS);
    // Over all start minutes, each further hour is touched as often as the duration goes beyond whole hours.
    let expected = if item.by_hour && minutes > 0 {
        Decimal::from(minutes) / Decimal::from(HOUR) + Decimal::ONE
            - Decimal::ONE / Decimal::from(HOUR)
    } else {
        exact
    };
    let usd = |hours: Decimal| (usd_per_hour * hours).round_dp(DECIMALS);
    let planned = time.start().map(|start| {
        let hours = if item.by_hour {
            touched(start, time.seconds())
        } else {
            exact
        };
        usd(hours)
    });
    Some(EstimateLine {
        line: item.line.to_owned(),
        title: item.title.clone(),
        usd_per_hour: usd_per_hour.round_dp(DECIMALS),
        min_usd: usd(if item.by_hour { least } else { exact }),
        expected_usd: usd(expected.min(most)),
        max_usd: usd(most),
        planned_usd: planned,
        source,
        count: item.count,
        usage_types: item.meters.clone(),
    })
}

/// The least and most hours that a duration is billed for.
fn hours(minutes: u32, by_hour: bool) -> [Decimal; 2] {
    if !by_hour {
        return [Decimal::from(minutes) / Decimal::from(HOUR); 2];
    }
    // A start on the minute: 60 minutes touch one clock hour or two, 61 touch two.
    let least = minutes.div_ceil(HOUR);
    let most = if minutes == 0 {
        0
    } else {
        (minutes + HOUR - 2) / HOUR + 1
    };
    [Decimal::from(least), Decimal::from(most)]
}

/// The clock hours that so many seconds from `start` touch.
fn touched(start: Timestamp, seconds: i64) -> Decimal {
    if seconds <= 0 {
        return Decimal::ZERO;
    }
    let first = start.as_second().div_euclid(HOUR_SECONDS);
    let last = (start.as_second() + seconds - 1).div_euclid(HOUR_SECONDS);
    Decimal::from(last - first + 1)
}

/// What the provisioner claims that an hour costs; `None` when any price is missing.
pub fn claim(spec: &AksSpec) -> Option<ClaimedRate> {
    let input = EstimateInput {
        spec,
        leftovers: false,
        listed: &BTreeMap::new(),
    };
    let hourly = items(input)
        .into_iter()
        .map(|item| Some(item.hourly?.0 * Decimal::from(item.count)));
    let total: Decimal = hourly.sum::<Option<Decimal>>()?;
    Some(ClaimedRate {
        usd_per_hour: total.round_dp(DECIMALS),
        source: "list prices of control plane, nodes, disks, way out and public address".to_owned(),
    })
}

/// What the estimate leaves out on purpose, and why.
fn left_out(spec: &AksSpec) -> Vec<String> {
    let mut all = vec![
        "traffic: to the internet, between zones, and through load balancers and NAT gateways, by GB".to_owned(),
        "operations on disks: premium ones have none to pay for".to_owned(),
        "load balancer rules, addresses and volumes that the scenario's job does not ask for".to_owned(),
        "the minimum of five minutes that each machine may be billed for: no source says it for sure".to_owned(),
    ];
    if spec
        .node_pools
        .0
        .iter()
        .any(|pool| pool.autoscaling.is_some())
    {
        all.push("nodes that an autoscaler adds".to_owned());
    }
    all
}

#[cfg(test)]
mod tests;
