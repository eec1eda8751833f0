//! Cost: the estimate for a scenario's cluster, line by line, by list prices and gross of credits.
//!
//! Google bills by the second and some things for a minute at least, so the minute at which a cluster starts makes no
//! difference. Written independently of the simulator's meter, so that the two can be compared.

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};
use kubeproof_contract::provisioner::ClaimedRate;

use crate::prices::{self, HOURS_PER_MONTH, NAT_MACHINES_MAX, Price};
use crate::spec::{Channel, GkeSpec, Mode, NodePool};

/// The line of the control plane.
pub const CONTROL_PLANE: &str = "control_plane";
/// The line of the nodes' machines.
pub const NODES: &str = "nodes";
/// The line of boot disks and of volumes.
pub const DISKS: &str = "disks";
/// The line of public addresses, those of Cloud NAT included.
pub const PUBLIC_IPV4: &str = "public_ipv4";
/// The line of Cloud NAT.
pub const NAT_GATEWAY: &str = "nat_gateway";
/// The line of forwarding rules.
pub const LOAD_BALANCER: &str = "load_balancer";

/// The line that resources of a type are charged under.
pub fn line_of_type(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "gke_cluster" => Some(CONTROL_PLANE),
        "instance" => Some(NODES),
        "disk" => Some(DISKS),
        "address" => Some(PUBLIC_IPV4),
        "router" => Some(NAT_GATEWAY),
        "forwarding_rule" => Some(LOAD_BALANCER),
        _ => None,
    }
}

/// Decimals of US dollars in estimates: a millionth is far below every price, and what the export shows in a row.
const DECIMALS: u32 = 6;
/// What pods of Autopilot clusters are billed as: a scenario's job is too short to be planned for.
const PODS: [&str; 2] = [
    "Autopilot Pod mCPU Requests (us-central1)",
    "Autopilot Pod Memory Requests (us-central1)",
];
/// The volume that a job with leftovers claims, GB.
const CLAIMED_GB: u32 = 4;
/// The disk behind a claim of the default storage class, `standard-rwo`.
const CLAIMED_TYPE: &str = "pd-balanced";
/// The least minutes that most usage is billed for.
const MINUTES_MIN: u32 = 1;

/// The parts of one line.
struct Item {
    line: &'static str,
    title: String,
    /// How many things.
    count: u32,
    /// List price of one of them for an hour; `None` when no price is known.
    hourly: Option<(Decimal, &'static Price)>,
    /// Whether less than a minute is billed as one.
    by_minute: bool,
}

/// The estimate for a duration. `leftovers` says whether the job makes a load balancer and a volume, `start` only that a
/// start is planned.
pub fn estimate(
    spec: &GkeSpec,
    leftovers: bool,
    start: Option<Timestamp>,
    duration_minutes: u32,
) -> Estimate {
    let region = spec.location.region();
    let mut estimate = Estimate {
        left_out: left_out(spec),
        left_out_usage_types: PODS.map(str::to_owned).into(),
        ..Estimate::default()
    };
    let mut unpriced = Vec::new();
    let mut lines = |items: Vec<Item>| -> Vec<EstimateLine> {
        let items = items.into_iter().filter(|item| item.count > 0);
        let priced = items.filter_map(|item| {
            let line = line(&item, start, duration_minutes);
            if line.is_none() {
                unpriced.push(format!("{} in {region}", item.title));
            }
            line
        });
        priced.collect()
    };
    estimate.lines = lines(items(spec));
    estimate.workload = lines(workload(spec, leftovers));
    estimate.unpriced = unpriced;
    estimate
}

/// The line of what has a known price.
fn line(item: &Item, start: Option<Timestamp>, duration_minutes: u32) -> Option<EstimateLine> {
    let (hourly, price) = item.hourly?;
    let usd_per_hour = hourly * Decimal::from(item.count);
    let least = if item.by_minute { MINUTES_MIN } else { 0 };
    let minutes = Decimal::from(duration_minutes.max(least));
    let usd = (usd_per_hour * minutes / Decimal::from(60)).round_dp(DECIMALS);
    Some(EstimateLine {
        line: item.line.to_owned(),
        title: item.title.clone(),
        usd_per_hour: usd_per_hour.round_dp(DECIMALS),
        min_usd: usd,
        expected_usd: usd,
        max_usd: usd,
        planned_usd: start.map(|_| usd),
        source: format!("{} ({})", price.source, price.source_date),
        count: item.count,
        usage_types: Vec::new(),
    })
}

/// What the provisioner claims that an hour costs; `None` when any price is missing.
pub fn claim(spec: &GkeSpec) -> Option<ClaimedRate> {
    let items = items(spec).into_iter().filter(|item| item.count > 0);
    let hourly = items.map(|item| Some(item.hourly?.0 * Decimal::from(item.count)));
    let total: Decimal = hourly.sum::<Option<Decimal>>()?;
    Some(ClaimedRate {
        usd_per_hour: total.round_dp(DECIMALS),
        source: "list prices of control plane, nodes, disks, public addresses and Cloud NAT, gross of the free tier"
            .to_owned(),
    })
}

fn items(spec: &GkeSpec) -> Vec<Item> {
    let region = spec.location.region();
    let hourly = |kind: &str, sku: &str| {
        let price = prices::exact(region, kind, sku)?;
        Some((price.usd, price))
    };
    let mut items = vec![Item {
        line: CONTROL_PLANE,
        title: "1 × GKE control plane".to_owned(),
        count: 1,
        hourly: hourly("control_plane", prices::CONTROL_PLANE),
        by_minute: false,
    }];
    for pool in &spec.node_pools.0 {
        items.extend(of_pool(spec, pool));
    }
    if spec.network.makes_nat() {
        let nodes = spec.nodes();
        let (count, sku) = if nodes > NAT_MACHINES_MAX {
            (1, prices::NAT_CAP)
        } else {
            (nodes, prices::NAT)
        };
        items.push(Item {
            line: NAT_GATEWAY,
            title: format!("Cloud NAT for {nodes} nodes"),
            count,
            hourly: hourly("nat_gateway", sku),
            by_minute: true,
        });
        items.push(Item {
            line: PUBLIC_IPV4,
            title: "1 × address of Cloud NAT".to_owned(),
            count: 1,
            hourly: hourly("nat_gateway", prices::NAT_ADDRESS),
            by_minute: true,
        });
    }
    items
}

/// The machines, disks and addresses of a node pool.
fn of_pool(spec: &GkeSpec, pool: &NodePool) -> Vec<Item> {
    let region = spec.location.region();
    let count = pool.count.0 * spec.zones();
    let (machine, gb) = (pool.machine_type.0.as_str(), pool.disk_gb.0);
    let disk = pool.disk_type.word();
    let month = Decimal::from(HOURS_PER_MONTH);
    let of_disk = |price: &'static Price| (price.usd * Decimal::from(gb) / month, price);
    let of_machine = |price: &'static Price| (price.usd, price);
    // The price of spare capacity changes by the day, and no price list has it.
    let price = prices::exact(region, "instance", machine).filter(|_| !pool.spot);
    let spot = if pool.spot { " (spot)" } else { "" };
    let mut items = vec![
        Item {
            line: NODES,
            title: format!("{count} × {machine}{spot}"),
            count,
            hourly: price.map(of_machine),
            by_minute: true,
        },
        Item {
            line: DISKS,
            title: format!("{count} × {gb} GB {disk}"),
            count,
            hourly: prices::exact(region, "disk", disk).map(of_disk),
            by_minute: false,
        },
    ];
    if !spec.network.private_nodes {
        let sku = if pool.spot {
            prices::SPOT_ADDRESS
        } else {
            prices::ADDRESS
        };
        items.push(Item {
            line: PUBLIC_IPV4,
            title: format!("{count} × public IPv4 address{spot}"),
            count,
            hourly: prices::exact(region, "public_ipv4", sku).map(of_machine),
            by_minute: true,
        });
    }
    items
}

/// What the job leaves for teardown: a load balancer, whose address costs nothing while it is in use, and a volume.
fn workload(spec: &GkeSpec, leftovers: bool) -> Vec<Item> {
    if !leftovers {
        return Vec::new();
    }
    let region = spec.location.region();
    let rule = prices::exact(region, "load_balancer", prices::FORWARDING_RULE);
    let disk = prices::exact(region, "disk", CLAIMED_TYPE);
    let month = Decimal::from(HOURS_PER_MONTH);
    vec![
        Item {
            line: LOAD_BALANCER,
            title: "1 × forwarding rule of the job".to_owned(),
            count: 1,
            hourly: rule.map(|price| (price.usd, price)),
            by_minute: false,
        },
        Item {
            line: DISKS,
            title: format!("1 × {CLAIMED_GB} GB {CLAIMED_TYPE} of the job"),
            count: 1,
            hourly: disk.map(|price| (price.usd * Decimal::from(CLAIMED_GB) / month, price)),
            by_minute: false,
        },
    ]
}

/// What the estimate leaves out on purpose, and why.
fn left_out(spec: &GkeSpec) -> Vec<String> {
    let mut all = vec![
        "traffic: to the internet, between zones, and through Cloud NAT, by GiB".to_owned(),
        "load balancers and volumes that the scenario's job does not ask for".to_owned(),
        "logs and metrics: the first 50 GiB of logs in a month are free".to_owned(),
    ];
    if spec.mode == Mode::Autopilot || !spec.location.is_region() {
        all.push(
            "the free tier, a credit of 74.40 USD a month for each billing account: estimates are gross of credits"
                .to_owned(),
        );
    }
    if spec.mode == Mode::Autopilot {
        all.push(
            "pods: 0.0445 USD per vCPU-hour and 0.0049225 USD per GiB-hour of what they request"
                .to_owned(),
        );
    }
    if spec.release_channel == Channel::Extended {
        all.push("the surcharge of an old version in the extended channel: the date on which it begins is not known here".to_owned());
    }
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
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::tests::spec;

    fn of(change: Value, minutes: u32) -> Estimate {
        estimate(&spec(change), false, None, minutes)
    }

    #[track_caller]
    fn check(estimate: &Estimate, line: &str, hourly: &str, expected: &str) {
        let lines = estimate.lines.iter().filter(|one| one.line == line);
        let (mut per_hour, mut usd) = (Decimal::ZERO, Decimal::ZERO);
        for one in lines {
            per_hour += one.usd_per_hour;
            usd += one.expected_usd;
        }
        let seen = (
            per_hour.normalize().to_string(),
            usd.normalize().to_string(),
        );
        assert_eq!(seen, (hourly.to_owned(), expected.to_owned()), "{line}");
    }

    #[test]
    fn the_checklists_cluster_costs_what_its_parts_do() {
        let estimate = of(json!({}), 45);
        // By hand: 0.1; 2 × 0.06701142; 2 × 100 × 0.1 / 730; 2 × 0.005; and three quarters of each.
        check(&estimate, CONTROL_PLANE, "0.1", "0.075");
        check(&estimate, NODES, "0.134023", "0.100517");
        check(&estimate, DISKS, "0.027397", "0.020548");
        check(&estimate, PUBLIC_IPV4, "0.01", "0.0075");
        assert!(estimate.unpriced.is_empty(), "{:?}", estimate.unpriced);
        let hourly = estimate.usd_per_hour().round_dp(3).to_string();
        assert_eq!(hourly, "0.271");
        assert_eq!(
            claim(&spec(json!({})))
                .unwrap()
                .usd_per_hour
                .round_dp(3)
                .to_string(),
            "0.271"
        );
        assert!(
            estimate
                .left_out
                .iter()
                .any(|text| text.contains("free tier"))
        );
    }

    #[test]
    fn private_nodes_pay_for_nat_and_not_for_addresses() {
        let estimate = of(json!({"network": {"private_nodes": true}}), 60);
        // By hand: 2 × 0.0014; one address of the gateway.
        check(&estimate, NAT_GATEWAY, "0.0028", "0.0028");
        check(&estimate, PUBLIC_IPV4, "0.005", "0.005");
        let pools = json!([{"name": "main", "machine_type": "e2-standard-2", "count": 33}]);
        let many = of(
            json!({"network": {"private_nodes": true}, "node_pools": pools}),
            60,
        );
        check(&many, NAT_GATEWAY, "0.044", "0.044");
    }

    #[test]
    fn a_region_has_the_nodes_of_three_zones_and_one_control_plane() {
        let estimate = of(json!({"location": "us-central1"}), 60);
        check(&estimate, CONTROL_PLANE, "0.1", "0.1");
        // By hand: 6 × 0.06701142.
        check(&estimate, NODES, "0.402069", "0.402069");
        assert!(
            !estimate
                .left_out
                .iter()
                .any(|text| text.contains("free tier"))
        );
    }

    #[test]
    fn what_has_no_price_makes_the_cost_unknown_and_is_not_claimed() {
        let check = |change: Value, expected: &str| {
            let found = of(change.clone(), 60).unpriced;
            assert!(found.iter().any(|text| text == expected), "{found:?}");
            assert_eq!(claim(&spec(change)), None);
        };
        let pools = |machine: &str, spot: bool| json!({"node_pools": [{"name": "main", "machine_type": machine, "count": 1, "spot": spot}]});
        check(
            pools("e2-standard-2", true),
            "1 × e2-standard-2 (spot) in us-central1",
        );
        check(pools("z9-huge-1", false), "1 × z9-huge-1 in us-central1");
        check(
            json!({"location": "europe-west1-b"}),
            "1 × GKE control plane in europe-west1",
        );
    }
}
