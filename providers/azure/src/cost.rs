//! Cost: the estimate for a scenario's cluster, line by line, by list prices.
//!
//! Machines and disks are billed by the second. Load balancers and addresses are billed by clock hours that are
//! touched, as a real bill suggests, so the minute at which a cluster starts matters. Written independently of the
//! simulator's meter, so that the two can be compared.

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};
use kubeproof_contract::provisioner::ClaimedRate;

use crate::prices::{self, HOURS_PER_MONTH, Price};
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

/// Decimals of US dollars in estimates.
const DECIMALS: u32 = 6;
/// Minutes in an hour.
const HOUR: u32 = 60;

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
}

/// The estimate for a duration, from `start` if that is known.
pub fn estimate(spec: &AksSpec, start: Option<Timestamp>, duration_minutes: u32) -> Estimate {
    let mut estimate = Estimate {
        left_out: left_out(spec),
        ..Estimate::default()
    };
    for item in items(spec) {
        let Some((hourly, price)) = item.hourly else {
            let location = &spec.location.0;
            estimate
                .unpriced
                .push(format!("{} in {location}", item.title));
            continue;
        };
        let usd_per_hour = hourly * Decimal::from(item.count);
        let [least, most] = hours(duration_minutes, item.by_hour);
        let exact = Decimal::from(duration_minutes) / Decimal::from(HOUR);
        // Over all start minutes, each further hour is touched as often as the duration goes beyond whole hours.
        let expected = if item.by_hour && duration_minutes > 0 {
            exact + Decimal::ONE - Decimal::ONE / Decimal::from(HOUR)
        } else {
            exact
        };
        let usd = |hours: Decimal| (usd_per_hour * hours).round_dp(DECIMALS);
        let planned = start.map(|start| {
            if item.by_hour {
                usd(touched(start, duration_minutes))
            } else {
                usd(exact)
            }
        });
        estimate.lines.push(EstimateLine {
            line: item.line.to_owned(),
            title: item.title,
            usd_per_hour: usd_per_hour.round_dp(DECIMALS),
            min_usd: usd(least),
            expected_usd: usd(expected.min(most)),
            max_usd: usd(most),
            planned_usd: planned,
            source: format!("{} ({})", price.source, price.source_date),
            count: item.count,
            usage_types: Vec::new(),
        });
    }
    estimate
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

/// The clock hours that a duration from `start` touches.
fn touched(start: Timestamp, minutes: u32) -> Decimal {
    if minutes == 0 {
        return Decimal::ZERO;
    }
    let first = start.as_second().div_euclid(3600);
    let last = (start.as_second() + i64::from(minutes) * 60 - 1).div_euclid(3600);
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

fn items(spec: &AksSpec) -> Vec<Item> {
    let location = spec.location.0.as_str();
    let hourly = |place: &str, kind: &str, sku: &str| {
        // Prices of one location are not those of another, and load balancers have one price for those that are known.
        let is_known = prices::exact(location, "public_ipv4", prices::ADDRESS).is_some();
        let price = prices::exact(place, kind, sku).filter(|_| is_known)?;
        Some((price.usd, price))
    };
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
    }];
    for pool in &spec.node_pools.0 {
        items.extend(of_pool(location, pool));
    }
    items.push(Item {
        line: LOAD_BALANCER,
        title: "1 × load balancer for what leaves the cluster".to_owned(),
        count: 1,
        hourly: hourly("Global", "load_balancer", prices::BALANCER),
        by_hour: true,
    });
    items.push(Item {
        line: PUBLIC_IPV4,
        title: "1 × public IPv4 address of the load balancer".to_owned(),
        count: 1,
        hourly: hourly(location, "public_ipv4", prices::ADDRESS),
        by_hour: true,
    });
    items
}

/// The machines and disks of a node pool.
fn of_pool(location: &str, pool: &NodePool) -> [Item; 2] {
    let (count, size, gib) = (pool.count.0, pool.vm_size.0.as_str(), pool.disk_gb.0);
    // The price of spare capacity changes by the hour, and no price list here has it.
    let price = prices::exact(location, "instance", size).filter(|_| !pool.spot);
    let spot = if pool.spot { " (spot)" } else { "" };
    let month = Decimal::from(HOURS_PER_MONTH);
    [
        Item {
            line: NODES,
            title: format!("{count} × {size}{spot}"),
            count,
            hourly: price.map(|price| (price.usd, price)),
            by_hour: false,
        },
        Item {
            line: DISKS,
            title: format!("{count} × {gib} GiB premium disk"),
            count,
            hourly: prices::premium_disk(location, gib).map(|price| (price.usd / month, price)),
            by_hour: false,
        },
    ]
}

/// What the estimate leaves out on purpose, and why.
fn left_out(spec: &AksSpec) -> Vec<String> {
    let mut all = vec![
        "traffic: to the internet, between zones, and through the load balancer, by GB".to_owned(),
        "load balancer rules, addresses and volumes that the scenario's job asks for".to_owned(),
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
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::tests::spec;

    #[track_caller]
    fn check(estimate: &Estimate, line: &str, expected: [&str; 4]) {
        let lines: Vec<&EstimateLine> = estimate
            .lines
            .iter()
            .filter(|one| one.line == line)
            .collect();
        let sum = |of: fn(&EstimateLine) -> Decimal| {
            lines
                .iter()
                .map(|line| of(line))
                .sum::<Decimal>()
                .normalize()
                .to_string()
        };
        let seen = [
            sum(|line| line.usd_per_hour),
            sum(|line| line.min_usd),
            sum(|line| line.expected_usd),
            sum(|line| line.max_usd),
        ];
        assert_eq!(seen, expected, "{line}");
    }

    #[test]
    fn the_checklists_cluster_costs_what_its_parts_do() {
        let estimate = estimate(&spec(json!({"tier": "standard"})), None, 45);
        // By hand: 0.1; 2 × 0.096; 2 × 19.71 / 730; and three quarters of each. Of hours one or two are touched.
        check(&estimate, CONTROL_PLANE, ["0.1", "0.075", "0.075", "0.075"]);
        check(&estimate, NODES, ["0.192", "0.144", "0.144", "0.144"]);
        check(&estimate, DISKS, ["0.054", "0.0405", "0.0405", "0.0405"]);
        check(
            &estimate,
            LOAD_BALANCER,
            ["0.025", "0.025", "0.043333", "0.05"],
        );
        check(
            &estimate,
            PUBLIC_IPV4,
            ["0.005", "0.005", "0.008667", "0.01"],
        );
        assert!(estimate.unpriced.is_empty(), "{:?}", estimate.unpriced);
        let claimed = claim(&spec(json!({}))).unwrap().usd_per_hour;
        assert_eq!(claimed.normalize().to_string(), "0.276");
    }

    #[test]
    fn a_planned_start_says_which_hours_are_touched() {
        let planned = |start: &str, minutes: u32| {
            let estimate = estimate(&spec(json!({})), Some(start.parse().unwrap()), minutes);
            let line = estimate
                .lines
                .iter()
                .find(|line| line.line == LOAD_BALANCER)
                .unwrap();
            line.planned_usd.unwrap().normalize().to_string()
        };
        assert_eq!(planned("2026-11-29T10:00:00Z", 60), "0.025");
        assert_eq!(planned("2026-11-29T10:30:00Z", 60), "0.05");
        assert_eq!(planned("2026-11-29T10:59:00Z", 62), "0.075");
        assert_eq!(hours(61, true), [Decimal::from(2), Decimal::from(2)]);
        assert_eq!(hours(62, true), [Decimal::from(2), Decimal::from(3)]);
        assert_eq!(hours(1, true), [Decimal::ONE, Decimal::ONE]);
    }

    #[test]
    fn what_has_no_price_makes_the_cost_unknown_and_is_not_claimed() {
        let check = |change: Value, expected: &str| {
            let found = estimate(&spec(change.clone()), None, 60).unpriced;
            assert!(found.iter().any(|text| text == expected), "{found:?}");
            assert_eq!(claim(&spec(change)), None);
        };
        check(
            json!({"location": "westus2"}),
            "1 × AKS control plane, Free tier in westus2",
        );
        check(
            json!({"location": "westus2"}),
            "1 × load balancer for what leaves the cluster in westus2",
        );
        let pools = |change: Value| {
            let mut pool = json!({"name": "main", "vm_size": "Standard_D2s_v3", "count": 1});
            if let (Some(pool), Value::Object(change)) = (pool.as_object_mut(), change) {
                pool.extend(change);
            }
            json!({"node_pools": [pool]})
        };
        check(
            pools(json!({"vm_size": "Standard_Huge"})),
            "1 × Standard_Huge in eastus",
        );
        check(
            pools(json!({"disk_gb": 64})),
            "1 × 64 GiB premium disk in eastus",
        );
    }
}
