//! Reads a run's charges from Cost Explorer, by usage type and by the run's tag.
//!
//! Public addresses in use are billed without tags, so each charge says how it was attributed. Every page read costs
//! a cent.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Billed, Charge};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::{RUN_TAG, Run};

use crate::catalogue;

use super::explorer::{self, Answers, Row};
use super::{
    CONTROL_PLANE, DISKS, KMS_KEY, LOAD_BALANCER, NAT_GATEWAY, NODES, PUBLIC_IPV4, VPC_ENDPOINT,
};

/// Days into the next month until AWS has closed a month's bill.
const CLOSING_DAYS: i32 = 7;

/// The tag that EKS gives to instances and volumes of managed node groups: the run's own tag does
/// not reach them.
const CLUSTER_TAG: &str = "eks:cluster-name";

/// What the scenario plans, as far as it helps to attribute untagged charges.
#[derive(Clone, Debug)]
pub struct Plan {
    pub region: String,
    pub gateways: u32,
    /// Public addresses: of gateways, nodes and what the job leaves.
    pub addresses: u32,
    /// Load balancers that the job leaves.
    pub balancers: u32,
}

/// Reads the charges of a run from `from` until `now`.
///
/// # Errors
/// When Cost Explorer cannot be read. Missing data are not an error; the result is just not final.
pub async fn read(
    client: &aws_sdk_costexplorer::Client,
    run: &Run,
    plan: &Plan,
    from: Timestamp,
    now: Timestamp,
) -> Result<Billed, ObserverError> {
    let period = explorer::period(from, now)?;
    let all = explorer::answers(client, &period, explorer::usage_only()).await?;
    let by_cluster = explorer::usage_tagged(CLUSTER_TAG, &run.name(""));
    let of_cluster = explorer::answers(client, &period, by_cluster).await?;
    let (Some(all), Some(of_cluster)) = (all, of_cluster) else {
        return Ok(Billed {
            charges: Vec::new(),
            is_final: false,
            attribution: vec!["Cost Explorer has no data for this time yet".to_owned()],
            shared_lines: Vec::new(),
            last_used: None,
            read_at: now,
        });
    };
    Ok(attribute(run, plan, all, of_cluster.rows, now))
}

/// Picks the run's charges out of the rows: those with its tag, those of its cluster's instances
/// and volumes, and its share of what is never tagged.
fn attribute(run: &Run, plan: &Plan, all: Answers, of_cluster: Vec<Row>, now: Timestamp) -> Billed {
    let (tagged, rest): (Vec<Row>, Vec<Row>) =
        all.rows.into_iter().partition(|row| row.tag == run.id);
    let has_cluster_tag = !of_cluster.is_empty();
    // Rows that also carry the run's tag are in the first answer already.
    let of_cluster: Vec<Row> = of_cluster
        .into_iter()
        .filter(|row| row.tag.is_empty())
        .collect();
    let mut attribution = vec![format!("by the tag {RUN_TAG}={}", run.id)];
    if tagged.is_empty() {
        attribution.push(format!(
            "no charge carries the tag: either billing data are late, or {RUN_TAG} is not \
             activated as a cost allocation tag"
        ));
        return Billed {
            charges: Vec::new(),
            is_final: false,
            attribution,
            shared_lines: Vec::new(),
            last_used: None,
            read_at: now,
        };
    }
    let own = || tagged.iter().chain(&of_cluster);
    let last_day = own().map(|row| row.day.clone()).max().unwrap_or_default();
    let gateways = catalogue::usage_types(&plan.region, "NatGateway-Hours");
    let nat_hours: Decimal = own()
        .filter(|row| gateways.contains(&row.usage_type))
        .map(|row| row.quantity)
        .sum();
    attribution.push(of_cluster_tag(run, has_cluster_tag));
    // A gateway lives as long as the cluster, and addresses and balancers no longer; without one the control
    // plane's hours say it, and one more for what was there before.
    let cluster = catalogue::usage_types(&plan.region, "AmazonEKS-Hours:perCluster");
    let cluster_hours: Decimal = own()
        .filter(|row| cluster.contains(&row.usage_type))
        .map(|row| row.quantity)
        .sum();
    let each = match plan.gateways {
        0 => cluster_hours + Decimal::ONE,
        gateways => nat_hours / Decimal::from(gateways),
    };
    let mut untagged = Vec::new();
    for (bare, things) in [
        ("PublicIPv4:InUseAddress", plan.addresses),
        ("LoadBalancerUsage", plan.balancers),
    ] {
        let forms = catalogue::usage_types(&plan.region, bare);
        let fits = |row: &&Row| row.tag.is_empty() && forms.contains(&row.usage_type);
        let rows: Vec<Row> = rest.iter().filter(fits).cloned().collect();
        let most = each * Decimal::from(things);
        untagged.extend(never_tagged(run, bare, rows, most, &mut attribution));
    }
    let own = tagged
        .into_iter()
        .chain(of_cluster)
        .map(|row| charge(run, row));
    let charges = own.chain(untagged).collect();
    let is_final = is_closed(&all.days, &last_day);
    attribution.extend(about_amounts(is_final));
    Billed {
        charges,
        is_final,
        attribution,
        shared_lines: [PUBLIC_IPV4, LOAD_BALANCER].map(str::to_owned).to_vec(),
        last_used: midnight(&last_day),
        read_at: now,
    }
}

/// The beginning of a day.
fn midnight(day: &str) -> Option<Timestamp> {
    let date: Date = day.parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// What is known of instances and disks, which do not get a node group's tags.
fn of_cluster_tag(run: &Run, is_there: bool) -> String {
    let name = run.name("");
    if is_there {
        return format!("instances and disks also by the tag {CLUSTER_TAG}={name}");
    }
    format!(
        "no charge carries {CLUSTER_TAG}={name}: instances and disks of managed node groups are missing; activate \
         {CLUSTER_TAG} as a cost allocation tag"
    )
}

/// What amounts are, and why they may still change.
fn about_amounts(is_final: bool) -> Vec<String> {
    let gross = "gross: credits and refunds are not asked for";
    let early = "not final: Cost Explorer calls its figures for these days estimates, or has none for the day after";
    let early = (!is_final).then_some(early);
    [gross]
        .into_iter()
        .chain(early)
        .map(str::to_owned)
        .collect()
}

/// Whether the days up to the one after the run's last charge are closed. The day after counts,
/// because charges of a run that ends at midnight may still be on their way.
fn is_closed(days: &BTreeMap<String, bool>, last_day: &str) -> bool {
    let mut after = days.range::<str, _>((Bound::Excluded(last_day), Bound::Unbounded));
    let next_is_closed = after.next().is_some_and(|(_, estimated)| !estimated);
    let mut until = days.range::<str, _>((Bound::Unbounded, Bound::Included(last_day)));
    next_is_closed && until.all(|(_, estimated)| !estimated)
}

/// The run's share of what AWS bills without the run's tag: public addresses in use, and balancers that a
/// cluster's controller made. Never more hours than the plan's things can have lived, by the hours that
/// the run's NAT gateways were billed for.
fn never_tagged(
    run: &Run,
    bare: &str,
    rows: Vec<Row>,
    most: Decimal,
    attribution: &mut Vec<String>,
) -> Vec<Charge> {
    let hours: Decimal = rows.iter().map(|row| row.quantity).sum();
    if hours.is_zero() || most.is_zero() {
        return Vec::new();
    }
    let share = (most / hours).min(Decimal::ONE);
    attribution.push(if share == Decimal::ONE {
        format!(
            "{bare} is billed without tags: all {hours} h of the account in these days are counted \
             for the run, which can have used {most} h"
        )
    } else {
        format!(
            "{bare} is billed without tags: of {hours} h of the account in these days, {most} h are \
             counted for the run, the most that it can have used; others use it too, and their part \
             cannot be told apart exactly"
        )
    });
    rows.into_iter()
        .map(|row| Row {
            usd: row.usd * share,
            quantity: row.quantity * share,
            ..row
        })
        .map(|row| charge(run, row))
        .collect()
}

fn charge(run: &Run, row: Row) -> Charge {
    Charge {
        line: line_of(&row.usage_type).map_or_else(|| row.usage_type.clone(), str::to_owned),
        usage_type: row.usage_type,
        resource_id: None,
        run_id: Some(run.id.clone()),
        quantity: row.quantity,
        unit: row.unit,
        usd: row.usd,
    }
}

/// The line of a usage type. The regions' prefixes are irregular, so only endings and middles are compared.
fn line_of(usage_type: &str) -> Option<&'static str> {
    let ends = |end: &str| usage_type.ends_with(end);
    if ends("AmazonEKS-Hours:perCluster") || ends("AmazonEKS-Hours:extendedSupport") {
        Some(CONTROL_PLANE)
    } else if usage_type.contains("BoxUsage:") || usage_type.contains("SpotUsage:") {
        Some(NODES)
    } else if ends("NatGateway-Hours") {
        Some(NAT_GATEWAY)
    } else if ends("PublicIPv4:InUseAddress") || ends("PublicIPv4:IdleAddress") {
        Some(PUBLIC_IPV4)
    } else if usage_type.contains("EBS:VolumeUsage") {
        Some(DISKS)
    } else if ends("LoadBalancerUsage") {
        Some(LOAD_BALANCER)
    } else if ends("-KMS-Keys") {
        Some(KMS_KEY)
    } else if ends("VpcEndpoint-Hours") {
        Some(VPC_ENDPOINT)
    } else {
        None
    }
}

/// When the bill for usage at `at` should be closed: a week and a day into the next month.
pub fn final_after(at: Timestamp) -> Timestamp {
    let month = at.to_zoned(TimeZone::UTC).date().last_of_month();
    let closing = month
        .tomorrow()
        .and_then(|first| first.checked_add(CLOSING_DAYS.days()));
    closing
        .and_then(|date| date.to_zoned(TimeZone::UTC))
        .map_or(at, |zoned| {
            zoned.timestamp() + SignedDuration::from_hours(24)
        })
}

#[cfg(test)]
mod tests;
