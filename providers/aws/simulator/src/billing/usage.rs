//! What each billed resource costs once it starts: line, usage type, price and rounding rule.
//!
//! All billing rules are in this file. Sources: `COST.md`.

use std::collections::BTreeMap;

use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{Rounding, Usage};

use crate::billing::prices::{self, Item};
use crate::billing::{RUN_TAG, Tags};
use crate::state::State;

mod fargate;

pub use fargate::{fargate_pod, fargate_pod_ends};

/// Compute, as Cost Explorer calls the service.
pub const COMPUTE: &str = "Amazon Elastic Compute Cloud - Compute";
/// The rest of EC2: NAT gateways and disks.
pub const EC2_OTHER: &str = "EC2 - Other";
pub const EKS: &str = "Amazon Elastic Container Service for Kubernetes";
/// VPC: public addresses.
pub const VPC: &str = "Amazon Virtual Private Cloud";
/// Load balancers of both APIs.
pub const BALANCING: &str = "Amazon Elastic Load Balancing";
pub const KMS: &str = "AWS Key Management Service";
/// Cost Explorer, which bills its own requests.
pub const COST_EXPLORER: &str = "AWS Cost Explorer";

/// Per-second usage is billed for at least one minute.
const PER_SECOND: Rounding = Rounding::Seconds { min_seconds: 60 };

/// What differs between usages; the rest is the same for all.
struct Terms<'a> {
    line: &'a str,
    service: &'a str,
    usage_type: String,
    unit: &'a str,
    rounding: Rounding,
    amount: Decimal,
}

/// Starts a NAT gateway's hours: each clock hour that is touched counts in full.
pub fn nat_gateway(state: &mut State, id: &str, tags: &Tags, run_id: Option<&str>) {
    let terms = Terms {
        line: "nat_gateway",
        service: EC2_OTHER,
        usage_type: prefixed(state, "NatGateway-Hours"),
        unit: "Hrs",
        rounding: Rounding::ClockHours,
        amount: Decimal::ONE,
    };
    start(state, id, id, terms, Item::NatGateway, tags.clone(), run_id);
}

/// Starts a public IPv4 address, or switches a running one between in use and idle. In use, the
/// bill has no tags (measured: such rows come untagged); idle, it shows the run's tag.
pub fn public_ipv4(state: &mut State, id: &str, in_use: bool, run_id: Option<&str>) {
    let (name, item) = if in_use {
        ("PublicIPv4:InUseAddress", Item::AddressInUse)
    } else {
        ("PublicIPv4:IdleAddress", Item::AddressIdle)
    };
    let usage_type = format!("{}{name}", prefix(&state.setup.region, true));
    // The same use again must not begin a new period: each period is billed for at least a minute.
    if state
        .meter
        .open(id)
        .is_some_and(|period| period.usage.usage_type == usage_type)
    {
        return;
    }
    let tags = run_id
        .filter(|_| !in_use)
        .map(|run| (RUN_TAG.to_owned(), run.to_owned()));
    let terms = Terms {
        line: "public_ipv4",
        service: VPC,
        usage_type,
        unit: "Hrs",
        rounding: PER_SECOND,
        amount: Decimal::ONE,
    };
    start(
        state,
        id,
        id,
        terms,
        item,
        tags.into_iter().collect(),
        run_id,
    );
}

/// Starts an on-demand Linux instance. One whose type has no price in the region is not counted, and
/// recorded as unpriced: an unknown price is never zero.
pub fn instance(
    state: &mut State,
    id: &str,
    instance_type: &str,
    tags: &Tags,
    run_id: Option<&str>,
) {
    let usage_type = prefixed(state, &format!("BoxUsage:{instance_type}"));
    let Some(price) = prices::of_instance(&state.setup.region, instance_type) else {
        unpriced(state, &usage_type);
        return;
    };
    let terms = Terms {
        line: "nodes",
        service: COMPUTE,
        usage_type,
        unit: "Hrs",
        rounding: PER_SECOND,
        amount: Decimal::ONE,
    };
    begin(state, id, id, terms, price, tags.clone(), run_id);
}

/// Records that a spot instance runs. It is not counted: its price changes by the hour and from zone to
/// zone, and the table has none. Its usage type: EC2 user guide, "EC2 usage reports".
pub fn spot_instance(state: &mut State, instance_type: &str) {
    let usage_type = prefixed(state, &format!("SpotUsage:{instance_type}"));
    unpriced(state, &usage_type);
}

fn unpriced(state: &mut State, usage_type: &str) {
    let region = &state.setup.region;
    let message = format!("{usage_type} in {region}: no price is known, it is not counted");
    state.billing.unpriced.insert(message);
}

/// Starts a volume of `size_gb`, of gp2 or of gp3.
pub fn volume(
    state: &mut State,
    id: &str,
    (size_gb, is_gp2): (u32, bool),
    tags: &Tags,
    run_id: Option<&str>,
) {
    let (name, item) = if is_gp2 {
        ("EBS:VolumeUsage.gp2", Item::Gp2)
    } else {
        ("EBS:VolumeUsage.gp3", Item::Gp3)
    };
    let terms = Terms {
        line: "disks",
        service: EC2_OTHER,
        usage_type: prefixed(state, name),
        unit: "GB-Mo",
        rounding: Rounding::CalendarMonth { min_seconds: 60 },
        amount: Decimal::from(size_gb),
    };
    start(state, id, id, terms, item, tags.clone(), run_id);
}

/// Starts the control plane of an EKS cluster. Stop it by the cluster's name.
pub fn control_plane(state: &mut State, cluster: &str, tags: &Tags, run_id: Option<&str>) {
    let terms = Terms {
        line: "control_plane",
        service: EKS,
        usage_type: format!(
            "{}AmazonEKS-Hours:perCluster",
            prefix(&state.setup.region, true)
        ),
        unit: "Hrs",
        rounding: Rounding::Exact,
        amount: Decimal::ONE,
    };
    start(
        state,
        cluster,
        cluster,
        terms,
        Item::ControlPlane,
        tags.clone(),
        run_id,
    );
}

/// Starts the surcharge of a control plane whose version is in extended support: a second line on
/// the bill. Stop it by [`extended_key`].
pub fn extended_support(state: &mut State, cluster: &str, tags: &Tags, run_id: Option<&str>) {
    let terms = Terms {
        line: "control_plane",
        service: EKS,
        usage_type: format!(
            "{}AmazonEKS-Hours:extendedSupport",
            prefix(&state.setup.region, true)
        ),
        unit: "Hrs",
        rounding: Rounding::Exact,
        amount: Decimal::ONE,
    };
    let key = extended_key(cluster);
    start(
        state,
        &key,
        cluster,
        terms,
        Item::ExtendedSupport,
        tags.clone(),
        run_id,
    );
}

/// The key of the surcharge of a cluster.
pub fn extended_key(cluster: &str) -> String {
    format!("extended/{cluster}")
}

/// Starts the hours of a classic load balancer. Stop it by [`classic_key`].
pub fn classic_load_balancer(state: &mut State, name: &str, tags: &Tags, run_id: Option<&str>) {
    let terms = balancer(state);
    let key = classic_key(name);
    start(
        state,
        &key,
        name,
        terms,
        Item::ClassicLoadBalancer,
        tags.clone(),
        run_id,
    );
}

/// Starts the hours of an application or network load balancer. Stop it by its ARN.
pub fn load_balancer(state: &mut State, arn: &str, tags: &Tags, run_id: Option<&str>) {
    let terms = balancer(state);
    let item = if arn.contains(":loadbalancer/app/") {
        Item::ApplicationLoadBalancer
    } else {
        Item::NetworkLoadBalancer
    };
    start(state, arn, arn, terms, item, tags.clone(), run_id);
}

/// The key of a classic load balancer's usage: its name alone could be a cluster's name as well.
pub fn classic_key(name: &str) -> String {
    format!("elb/{name}")
}

/// Starts a key of a customer: a month's price, by the hour (KMS pricing: "prorated hourly").
pub fn kms_key(state: &mut State, id: &str, tags: &Tags) {
    let terms = Terms {
        line: "kms_key",
        service: KMS,
        usage_type: format!("{}-KMS-Keys", state.setup.region),
        unit: "Keys",
        rounding: Rounding::CalendarMonth { min_seconds: 3600 },
        amount: Decimal::ONE,
    };
    start(state, id, id, terms, Item::KmsKey, tags.clone(), None);
}

/// Starts the hours of an interface endpoint: one for each of its zones.
pub fn interface_endpoint(state: &mut State, id: &str, zones: u32, tags: &Tags) {
    let terms = Terms {
        line: "vpc_endpoint",
        service: VPC,
        usage_type: prefixed(state, "VpcEndpoint-Hours"),
        unit: "Hrs",
        rounding: Rounding::ClockHours,
        amount: Decimal::from(zones),
    };
    start(
        state,
        id,
        id,
        terms,
        Item::InterfaceEndpoint,
        tags.clone(),
        None,
    );
}

/// Bills one request to Cost Explorer.
pub fn cost_explorer_request(state: &mut State) {
    state.billing.requests += 1;
    let key = format!("ce/{}", state.billing.requests);
    let terms = Terms {
        line: "cost_explorer",
        service: COST_EXPLORER,
        // Billed in us-east-1, wherever the account works.
        usage_type: "USE1-APIRequest".to_owned(),
        unit: "Requests",
        rounding: Rounding::Once,
        amount: Decimal::ONE,
    };
    let none = BTreeMap::new();
    start(
        state,
        &key,
        "cost-explorer",
        terms,
        Item::CostExplorerRequest,
        none,
        None,
    );
    stop(state, &key);
}

/// Ends the open usage of this id, if there is one.
pub fn stop(state: &mut State, id: &str) {
    state.meter.stop(id, state.now);
}

fn balancer(state: &State) -> Terms<'static> {
    Terms {
        line: "load_balancer",
        service: BALANCING,
        usage_type: prefixed(state, "LoadBalancerUsage"),
        unit: "Hrs",
        rounding: Rounding::ClockHours,
        amount: Decimal::ONE,
    }
}

fn start(
    state: &mut State,
    key: &str,
    resource_id: &str,
    terms: Terms<'_>,
    item: Item,
    tags: Tags,
    run_id: Option<&str>,
) {
    if !prices::is_listed(&state.setup.region, item) {
        let (region, usage_type) = (&state.setup.region, &terms.usage_type);
        let message = format!(
            "{usage_type}: no price is known in {region}, it is counted at that of {}",
            prices::REFERENCE_REGION
        );
        state.billing.unpriced.insert(message);
    }
    // Checked by the test `every_item_has_a_price`: the reference region has a row for each item.
    if let Some(price) = prices::of(&state.setup.region, item) {
        begin(state, key, resource_id, terms, price, tags, run_id);
    }
}

fn begin(
    state: &mut State,
    key: &str,
    resource_id: &str,
    terms: Terms<'_>,
    usd_per_unit: Decimal,
    tags: Tags,
    run_id: Option<&str>,
) {
    let usage = Usage {
        line: terms.line.to_owned(),
        service: terms.service.to_owned(),
        usage_type: terms.usage_type,
        unit: terms.unit.to_owned(),
        usd_per_unit,
        amount: terms.amount,
        rounding: terms.rounding,
        resource_id: resource_id.to_owned(),
        run_id: run_id.map(str::to_owned).or_else(|| super::run_of(&tags)),
        tags,
    };
    state.meter.start(key, usage, state.now);
}

fn prefixed(state: &State, usage_type: &str) -> String {
    format!("{}{usage_type}", prefix(&state.setup.region, false))
}

/// The region's prefix of usage types. It is irregular: us-east-1 has none for most services, and
/// `always` selects the form of the services that have one.
pub fn prefix(region: &str, always: bool) -> String {
    if region == "us-east-1" && !always {
        return String::new();
    }
    let mut rows = include_str!("../../../regions.csv").lines();
    let short = rows.find_map(|row| {
        let rest = row.strip_prefix(region)?.strip_prefix(',')?;
        rest.split(',').next()
    });
    let name = short.map_or_else(|| region.to_uppercase(), str::to_owned);
    format!("{name}-")
}
