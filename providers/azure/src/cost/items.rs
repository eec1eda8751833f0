//! What an estimate is made of: each thing that is billed, with its list price.

use kubeproof_contract::Decimal;

use super::{
    CONTROL_PLANE, DISKS, EstimateInput, LOAD_BALANCER, NAT_GATEWAY, NODES, PUBLIC_IPV4, spot_price,
};
use crate::prices::{self, DiskKind, HOURS_PER_MONTH, Price};
use crate::spec::{NodePool, Outbound, SkuTier};

/// The volume that a job with leftovers claims, GiB: the default storage class makes a standard SSD of it.
const CLAIMED_GIB: u32 = 4;

/// The parts of one line.
pub(super) struct Item {
    pub(super) line: &'static str,
    pub(super) title: String,
    /// How many things.
    pub(super) count: u32,
    /// List price of one of them for an hour, with its source; `None` when no price is known.
    pub(super) hourly: Option<Hourly>,
    /// Whether each clock hour that is touched is billed as a whole one.
    pub(super) by_hour: bool,
    /// The meters that the line covers; empty for all of the line.
    pub(super) meters: Vec<String>,
}

/// US dollars for an hour, and where that was read.
type Hourly = (Decimal, String);

fn told(price: &Price) -> String {
    format!("{} ({})", price.source, price.source_date)
}

/// The price of an hour. Prices of one location are not those of another, and load balancers have one price for those
/// that are known.
fn hourly(location: &str, kind: &str, sku: &str) -> Option<Hourly> {
    let is_known = prices::exact(location, "public_ipv4", prices::ADDRESS).is_some();
    let place = if kind == "load_balancer" {
        "Global"
    } else {
        location
    };
    let price = prices::exact(place, kind, sku).filter(|_| is_known)?;
    Some((price.usd, told(price)))
}

/// One thing that is billed by clock hours.
fn by_clock_hours(line: &'static str, title: &str, hourly: Option<Hourly>) -> Item {
    Item {
        line,
        title: title.to_owned(),
        count: 1,
        hourly,
        by_hour: true,
        meters: Vec::new(),
    }
}

/// What the cluster consists of.
pub(super) fn items(input: EstimateInput<'_>) -> Vec<Item> {
    let spec = input.spec;
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
        items.extend(of_pool(input, pool));
    }
    items.extend(way_out(location, spec.outbound));
    items
}

/// What nodes reach the internet through, and its address.
fn way_out(location: &str, outbound: Outbound) -> [Item; 2] {
    let (first, owner) = match outbound {
        Outbound::LoadBalancer => (
            balancer(location, "1 × load balancer for what leaves the cluster"),
            "load balancer",
        ),
        Outbound::NatGateway => (
            by_clock_hours(
                NAT_GATEWAY,
                "1 × NAT gateway",
                hourly(location, "nat_gateway", prices::NAT_GATEWAY),
            ),
            "NAT gateway",
        ),
    };
    let title = format!("1 × public IPv4 address of the {owner}");
    [first, address(location, &title)]
}

fn balancer(location: &str, title: &str) -> Item {
    let price = hourly(location, "load_balancer", prices::BALANCER);
    by_clock_hours(LOAD_BALANCER, title, price)
}

fn address(location: &str, title: &str) -> Item {
    let price = hourly(location, "public_ipv4", prices::ADDRESS);
    by_clock_hours(PUBLIC_IPV4, title, price)
}

/// The machines and disks of a node pool.
fn of_pool(input: EstimateInput<'_>, pool: &NodePool) -> [Item; 2] {
    let location = input.spec.location.0.as_str();
    let (count, size, gib) = (pool.count.0, pool.vm_size.0.as_str(), pool.disk_gb.0);
    // The price of spare capacity changes, and only the cloud's own list of the day has it.
    let hourly = if pool.spot {
        let listed = input.listed.get(&spot_price(location, size));
        listed.map(|usd| {
            (
                *usd,
                "the cloud's public price list, as preflight read it".to_owned(),
            )
        })
    } else {
        prices::exact(location, "instance", size).map(|price| (price.usd, told(price)))
    };
    let spot = if pool.spot { " (spot)" } else { "" };
    [
        Item {
            line: NODES,
            title: format!("{count} × {size}{spot}"),
            count,
            hourly,
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
        hourly: found
            .as_ref()
            .map(|(_, price)| (price.usd / month, told(price))),
        by_hour: false,
        meters: found.into_iter().map(|(meter, _)| meter).collect(),
    }
}

/// What the job leaves for teardown: the address of its service, and a volume. The service's rule is one of the first five
/// of the cluster's balancer; without one, the service is what a balancer is made for.
pub(super) fn workload(input: EstimateInput<'_>) -> Vec<Item> {
    let spec = input.spec;
    if !input.leftovers {
        return Vec::new();
    }
    let location = spec.location.0.as_str();
    let mut items = vec![
        address(location, "1 × public IPv4 address of the job's service"),
        of_disks(
            location,
            DiskKind::StandardSsd,
            CLAIMED_GIB,
            (1, "standard SSD of the job"),
        ),
    ];
    if spec.outbound == Outbound::NatGateway {
        items.push(balancer(location, "1 × load balancer of the job's service"));
    }
    items
}
