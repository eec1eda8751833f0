//! Cost: the estimate for a scenario's cluster, line by line, by list prices.
//!
//! Machines and disks are billed by the second. Load balancers, addresses and NAT gateways are billed by clock hours
//! that are touched, as a real bill suggests, so the minute at which a cluster starts matters. Written independently of
//! the simulator's meter, so that the two can be compared.

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};
use kubeproof_contract::provisioner::ClaimedRate;

use crate::prices::{self, DiskKind, HOURS_PER_MONTH, Price};
use crate::spec::{AksSpec, NodePool, SkuTier};

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

/// The meters of what is left out: traffic, and operations on disks that are no premium ones. Names as in the public
/// price list.
const LEFT_OUT: &[&str] = &[
    "E1 LRS Disk Operations",
    "Standard Data Processed",
    "Standard Data Transfer Out",
];
/// The volume that a job with leftovers claims, GiB: the default storage class makes a standard SSD of it.
const CLAIMED_GIB: u32 = 4;

/// Decimals of US dollars in estimates.
const DECIMALS: u32 = 6;
/// Minutes in an hour, and seconds.
const HOUR: u32 = 60;
const HOUR_SECONDS: i64 = 3600;

/// The parts of one line.
struct Item {
    line: &'static str,
    title: String,
    /// How many things.
    count: u32,
    /// List price of one of them for an hour; `None` when no price is known.
    hourly: Option<(Decimal, &'static Price)>,
    /// Whether each clock hour that is touched is billed as a whole one.
    by_hour: bool,
    /// The meters that the line covers; empty for all of the line.
    meters: Vec<String>,
}

/// What an estimate is made for.
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

/// The estimate for a duration, from `start` if that is known. `leftovers` says whether the job makes a load balancer
/// service and a volume.
pub fn estimate(
    spec: &AksSpec,
    leftovers: bool,
    start: Option<Timestamp>,
    duration_minutes: u32,
) -> Estimate {
    of(spec, leftovers, Time::Minutes(duration_minutes, start))
}

/// The estimate for exactly this time.
pub fn estimate_between(
    spec: &AksSpec,
    leftovers: bool,
    from: Timestamp,
    to: Timestamp,
) -> Estimate {
    of(spec, leftovers, Time::Between(from, to))
}

fn of(spec: &AksSpec, leftovers: bool, time: Time) -> Estimate {
    let location = &spec.location.0;
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
    let (lines, workload) = (lines(items(spec)), lines(workload(location, leftovers)));
    Estimate {
        lines,
        workload,
        left_out: left_out(spec),
        left_out_usage_types: LEFT_OUT.iter().map(|meter| (*meter).to_owned()).collect(),
        unpriced,
    }
}

/// The line of what has a known price.
fn line(item: &Item, time: Time) -> Option<EstimateLine> {
    let (hourly, price) = item.hourly?;
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
        source: format!("{} ({})", price.source, price.source_date),
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
    let hourly = items(spec)
        .into_iter()
        .map(|item| Some(item.hourly?.0 * Decimal::from(item.count)));
    let total: Decimal = hourly.sum::<Option<Decimal>>()?;
    Some(ClaimedRate {
        usd_per_hour: total.round_dp(DECIMALS),
        source: "list prices of control plane, nodes, disks, load balancer and public address"
            .to_owned(),
    })
}

/// The price of an hour. Prices of one location are not those of another, and load balancers have one price for those
/// that are known.
fn hourly(location: &str, kind: &str, sku: &str) -> Option<(Decimal, &'static Price)> {
    let is_known = prices::exact(location, "public_ipv4", prices::ADDRESS).is_some();
    let place = if kind == "load_balancer" {
        "Global"
    } else {
        location
    };
    let price = prices::exact(place, kind, sku).filter(|_| is_known)?;
    Some((price.usd, price))
}

/// One thing that is billed by clock hours.
fn by_clock_hours(
    line: &'static str,
    title: &str,
    hourly: Option<(Decimal, &'static Price)>,
) -> Item {
    Item {
        line,
        title: title.to_owned(),
        count: 1,
        hourly,
        by_hour: true,
        meters: Vec::new(),
    }
}

fn items(spec: &AksSpec) -> Vec<Item> {
    let location = spec.location.0.as_str();
    let tier = match spec.tier {
        SkuTier::Free => prices::FREE_TIER,
        SkuTier::Standard => prices::STANDARD_TIER,
    };
    let mut items = vec![Item {
        line: CONTROL_PLANE,
        title: format!("1 × AKS control plane, {} tier", spec.tier.word()),
        count: 1,
        hourly: hourly(location, "control_plane", tier),
        by_hour: false,
        meters: Vec::new(),
    }];
    for pool in &spec.node_pools.0 {
        items.extend(of_pool(location, pool));
    }
    items.push(by_clock_hours(
        LOAD_BALANCER,
        "1 × load balancer for what leaves the cluster",
        hourly(location, "load_balancer", prices::BALANCER),
    ));
    items.push(by_clock_hours(
        PUBLIC_IPV4,
        "1 × public IPv4 address of the load balancer",
        hourly(location, "public_ipv4", prices::ADDRESS),
    ));
    items
}

/// The machines and disks of a node pool.
fn of_pool(location: &str, pool: &NodePool) -> [Item; 2] {
    let (count, size, gib) = (pool.count.0, pool.vm_size.0.as_str(), pool.disk_gb.0);
    // The price of spare capacity changes by the hour, and no price list here has it.
    let price = prices::exact(location, "instance", size).filter(|_| !pool.spot);
    let spot = if pool.spot { " (spot)" } else { "" };
    [
        Item {
            line: NODES,
            title: format!("{count} × {size}{spot}"),
            count,
            hourly: price.map(|price| (price.usd, price)),
            by_hour: false,
            meters: Vec::new(),
        },
        of_disks(location, DiskKind::Premium, gib, (count, "premium disk")),
    ]
}

/// Disks of one size.
fn of_disks(location: &str, kind: DiskKind, gib: u32, (count, words): (u32, &str)) -> Item {
    let found = prices::disk(location, kind, gib);
    let month = Decimal::from(HOURS_PER_MONTH);
    Item {
        line: DISKS,
        title: format!("{count} × {gib} GiB {words}"),
        count,
        hourly: found.as_ref().map(|(_, price)| (price.usd / month, *price)),
        by_hour: false,
        meters: found.into_iter().map(|(meter, _)| meter).collect(),
    }
}

/// What the job leaves for teardown: the address of its service, whose rule is one of the first five of the cluster's
/// balancer, and a volume.
fn workload(location: &str, leftovers: bool) -> Vec<Item> {
    if !leftovers {
        return Vec::new();
    }
    vec![
        by_clock_hours(
            PUBLIC_IPV4,
            "1 × public IPv4 address of the job's service",
            hourly(location, "public_ipv4", prices::ADDRESS),
        ),
        of_disks(
            location,
            DiskKind::StandardSsd,
            CLAIMED_GIB,
            (1, "standard SSD of the job"),
        ),
    ]
}

/// What the estimate leaves out on purpose, and why.
fn left_out(spec: &AksSpec) -> Vec<String> {
    let mut all = vec![
        "traffic: to the internet, between zones, and through the load balancer, by GB".to_owned(),
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
