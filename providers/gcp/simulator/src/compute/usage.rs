//! What Compute Engine bills: machines, disks, addresses, NAT gateways and forwarding rules.
//!
//! Machines are billed by the second, at least a minute; disks by the second of the month's real length. For NAT
//! gateways, addresses and rules the documentation gives no rounding; their base unit is taken to be the second.

use std::collections::BTreeMap;

use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{Rounding, Usage};
use serde_json::Value;

use super::addresses;
use super::item::{Item, text};
use super::place::Scope;
use crate::state::State;
use crate::{links, prices, skus};

/// The key of the usage of the first forwarding rules.
const FIRST_RULES: &str = "forwarding-rules/first";

/// A usage of a resource; hours unless it says otherwise.
fn usage(item: &Item, line: &str, usage_type: &str, price: Decimal) -> Usage {
    Usage {
        line: line.to_owned(),
        service: skus::COMPUTE_ENGINE.to_owned(),
        usage_type: usage_type.to_owned(),
        unit: "Hrs".to_owned(),
        usd_per_unit: price,
        amount: Decimal::ONE,
        rounding: Rounding::Seconds { min_seconds: 0 },
        resource_id: item.name.clone(),
        tags: item.labels(),
        run_id: item.run(),
    }
}

/// What has no price that is known.
struct Unpriced(String);

/// Starts a usage, or notes that its price is not known: outside the one region with prices none is.
fn start(
    state: &mut State,
    path: &str,
    key: &str,
    make: impl Fn(&Item) -> Result<Usage, Unpriced>,
) {
    let Some(item) = state.compute.items.get(path) else {
        return;
    };
    let region = item.scope.region().unwrap_or(prices::REGION);
    let made = if region == prices::REGION {
        make(item)
    } else {
        Err(Unpriced(format!("{} in {region}", item.of.resource_type)))
    };
    match made {
        Ok(usage) => state.meter.start(key, usage, state.now),
        Err(Unpriced(what)) => {
            state.unpriced.insert(what);
        }
    }
}

/// Stops all that is billed for a resource.
pub(crate) fn stop(state: &mut State, path: &str) {
    for part in ["", "#address"] {
        state.meter.stop(&format!("{path}{part}"), state.now);
    }
}

/// Whether a machine is one of an Autopilot cluster: not it is billed, but the pods on it.
fn is_of_autopilot(path: &str) -> bool {
    links::name(path).starts_with("gk3-")
}

/// A machine runs: it is billed, and so is its public address.
pub(crate) fn instance(state: &mut State, path: &str) {
    if is_of_autopilot(path) {
        return gateways(state);
    }
    let is_spot = |item: &Item| {
        let scheduling = item.document.get("scheduling");
        scheduling
            .is_some_and(|one| one["provisioningModel"] == "SPOT" || one["preemptible"] == true)
    };
    start(state, path, path, |item| {
        let kind = links::name(item.text("machineType"));
        let price = prices::machine(kind).filter(|_| !is_spot(item));
        let price = price.ok_or_else(|| {
            let spot = if is_spot(item) { "spot " } else { "" };
            Unpriced(format!("{spot}machine {kind}"))
        })?;
        let mut usage = usage(item, "nodes", kind, price);
        usage.rounding = Rounding::Seconds { min_seconds: 60 };
        Ok(usage)
    });
    let item = state.compute.items.get(path);
    if item.is_some_and(|item| public_address(item).is_some()) {
        start(state, path, &format!("{path}#address"), |item| {
            let sku = if is_spot(item) {
                skus::SPOT_ADDRESS
            } else {
                skus::ADDRESS
            };
            let price = prices::address(is_spot(item));
            Ok(usage(item, "public_ipv4", sku, price))
        });
    }
    gateways(state);
}

/// The public address of a machine.
fn public_address(item: &Item) -> Option<&str> {
    let interfaces = item.list("networkInterfaces");
    interfaces
        .iter()
        .find_map(|one| one["accessConfigs"][0]["natIP"].as_str())
}

/// A disk exists, or has another size.
pub(crate) fn disk(state: &mut State, path: &str) {
    if is_of_autopilot(path) {
        return;
    }
    start(state, path, path, |item| {
        let kind = links::name(item.text("type"));
        // A disk in two zones has a price of its own, which no price page was read for.
        let is_regional = matches!(item.scope, Scope::Region(_));
        let of = if is_regional { "regional disk" } else { "disk" };
        let price = prices::disk(kind).filter(|_| !is_regional);
        let (price, sku) = price
            .zip(skus::disk(kind))
            .ok_or_else(|| Unpriced(format!("{of} {kind}")))?;
        let mut usage = usage(item, "disks", sku, price);
        "GB-Mo".clone_into(&mut usage.unit);
        usage.amount = Decimal::from(item.text("sizeGb").parse::<i64>().unwrap_or(0));
        usage.rounding = Rounding::CalendarMonth { min_seconds: 0 };
        Ok(usage)
    });
}

/// A public address is reserved: it costs something while it is not in use. In use, it is billed to its user.
pub(crate) fn address(state: &mut State, path: &str) {
    let item = state.compute.items.get(path);
    let is_unused = item.is_some_and(|item| {
        item.text("addressType") == "EXTERNAL" && addresses::users(state, item).is_empty()
    });
    if !is_unused {
        return stop(state, path);
    }
    if state.meter.open(path).is_none() {
        start(state, path, path, |item| {
            let price = prices::unused_address();
            Ok(usage(item, "public_ipv4", skus::UNUSED_ADDRESS, price))
        });
    }
}

/// The use of NAT gateways, which depends on the machines without a public address in their networks.
pub(crate) fn gateways(state: &mut State) {
    let items = state.compute.items.all();
    let routers = items.filter(|item| item.of.plural == "routers" && !item.list("nats").is_empty());
    let routers: Vec<String> = routers.map(Item::path).collect();
    for path in routers {
        let Some(router) = state.compute.items.get(&path) else {
            continue;
        };
        let machines = machines_behind(state, router);
        let (count, price) = prices::gateway(machines);
        let open = state.meter.open(&path).map(|open| &open.usage);
        let is_same = open.is_some_and(|open| (open.amount, open.usd_per_unit) == (count, price));
        if machines == 0 {
            stop(state, &path);
        } else if !is_same {
            start(state, &path, &path, |item| {
                let mut usage = usage(item, "nat_gateway", skus::NAT, price);
                usage.amount = count;
                Ok(usage)
            });
            let address = format!("{path}#address");
            if state.meter.open(&address).is_none() {
                start(state, &path, &address, |item| {
                    let price = prices::address(false);
                    Ok(usage(item, "public_ipv4", skus::NAT_ADDRESS, price))
                });
            }
        }
    }
}

/// How many running machines a router's gateway serves.
fn machines_behind(state: &State, router: &Item) -> usize {
    let network = router.text("network");
    let items = state.compute.items.all();
    let machines = items.filter(|item| {
        item.of.plural == "instances"
            && item.scope.region() == router.scope.region()
            && item.text("status") == "RUNNING"
            && public_address(item).is_none()
            && item
                .list("networkInterfaces")
                .iter()
                .filter_map(Value::as_object)
                .any(|interface| text(interface, "network") == network)
    });
    machines.count()
}

/// The use of forwarding rules: the first five together have one price, each further one another. What was there before
/// a run has its own five.
pub(crate) fn forwarding_rules(state: &mut State) {
    let items = state.compute.items.all();
    let rules = items.filter(|item| {
        item.of.plural == "forwardingRules" && !state.compute.exempt.contains(&item.id)
    });
    let rules: Vec<String> = rules.map(Item::path).collect();
    let further = rules.iter().skip(prices::RULES_TOGETHER);
    let mut wanted: BTreeMap<String, (&String, bool)> =
        further.map(|path| (path.clone(), (path, false))).collect();
    if let Some(first) = rules.first() {
        wanted.insert(FIRST_RULES.to_owned(), (first, true));
    }
    let all = rules.iter().cloned().chain([FIRST_RULES.to_owned()]);
    let keys: Vec<String> = all.collect();
    for key in keys {
        let Some((path, is_first)) = wanted.get(&key) else {
            state.meter.stop(&key, state.now);
            continue;
        };
        let open = state.meter.open(&key);
        let is_open = open.is_some_and(|open| open.usage.resource_id == links::name(path));
        if !is_open {
            start(state, path, &key, |item| {
                let price = prices::forwarding_rule(*is_first);
                let sku = if *is_first {
                    skus::FIRST_RULES
                } else {
                    skus::FURTHER_RULE
                };
                Ok(usage(item, "load_balancer", sku, price))
            });
        }
    }
    let items = state.compute.items.all();
    let reserved = items.filter(|item| item.of.plural == "addresses");
    let reserved: Vec<String> = reserved.map(Item::path).collect();
    for path in reserved {
        address(state, &path);
    }
}
