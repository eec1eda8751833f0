//! What was billed, from the detailed billing export in `BigQuery`: the run's rows by label and by name.
//!
//! Google has no other billing API. The export comes late, "with no delivery or latency guarantees", so that a bill is
//! final only when days have passed and the export has moved on.

mod rows;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kubeproof_cloudkit::CallError;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Billed, Charge};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::Run;

use crate::api::Api;
use crate::cost::{CONTROL_PLANE, DISKS, LOAD_BALANCER, NAT_GATEWAY, NODES, PUBLIC_IPV4};
use crate::machine_names::{NodeOf, node_of};
use crate::marks;
use crate::spec::GkeSpec;
use rows::{CLUSTER_LABEL, Progress, Row};

/// Why nothing is ever billed to a scenario that names no export.
pub(super) const NEVER_BILLED: &str = "the scenario's cluster names no `billing_export`, the BigQuery table of the detailed \
                                       billing export, and Google has no other billing API";

/// Hours after the end of a day until its usage is all there: the day before yesterday was complete in accounts that
/// were watched (reference: Google guarantees nothing, and rows were seen half a day late).
const COMPLETE_AFTER: SignedDuration = SignedDuration::from_hours(48);
/// No row may have come so shortly ago: rows that come one after the other are not at their end.
const QUIET: SignedDuration = SignedDuration::from_hours(24);
/// The line of pods in Autopilot clusters: what the meter calls it, too.
const PODS: &str = "pods";
/// Decimals of amounts in texts.
const DECIMALS: u32 = 4;

/// What the scenario's job leaves, which the cloud bills without marks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unmarked {
    /// Forwarding rules.
    pub(super) rules: u32,
}

/// Reads the charges of a run from `from` until `now`.
///
/// # Errors
/// When the export cannot be read. One without a table or rows is no error; the bill is just not final.
pub(super) async fn read(
    api: &Api,
    spec: &GkeSpec,
    (run, unmarked): (&Run, Unmarked),
    from: Timestamp,
    now: Timestamp,
) -> Result<Billed, ObserverError> {
    let Some(table) = &spec.billing_export else {
        return Err(ObserverError {
            call: rows::QUERY.to_owned(),
            message: NEVER_BILLED.to_owned(),
        });
    };
    let all = match rows::read(api, spec, &table.0, from).await {
        Err(error) if is_without_table(&error) => {
            let why = format!("there is no table {} yet: {}", table.0, error.message);
            return Ok(nothing(vec![why], now));
        }
        read => read?,
    };
    let progress = rows::progress(api, spec, &table.0, from).await?;
    let pools = spec.node_pools.0.iter();
    let pools: Vec<&str> = pools.map(|pool| pool.name.as_str()).collect();
    let owner = Owner { run, pools: &pools };
    Ok(attribute(owner, unmarked, &all, progress, now))
}

/// Whether a table does not exist. The export makes it hours after it was enabled; a dataset must be there before.
fn is_without_table(error: &CallError) -> bool {
    error.is_not_found() && error.message.starts_with("Not found: Table")
}

fn nothing(attribution: Vec<String>, now: Timestamp) -> Billed {
    Billed {
        charges: Vec::new(),
        is_final: false,
        attribution,
        shared_lines: Vec::new(),
        last_used: None,
        read_at: now,
    }
}

/// How a row is known to be the run's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    RunLabel,
    ClusterLabel,
    Name,
}

/// Whose rows are looked for: the run, and the names of its node pools.
#[derive(Clone, Copy, Debug)]
struct Owner<'a> {
    run: &'a Run,
    pools: &'a [&'a str],
}

/// How a row is known to be the run's; `None` if it is not. A label of another run outweighs every name.
fn mark(Owner { run, pools }: Owner<'_>, row: &Row) -> Option<Mark> {
    if let Some(named) = &row.run {
        return (*named == run.id).then_some(Mark::RunLabel);
    }
    if let Some(cluster) = &row.cluster {
        return (*cluster == run.name("")).then_some(Mark::ClusterLabel);
    }
    let name = name(row)?;
    // A part begins with a letter, so a run whose id goes on after this one's is told apart.
    let is_part =
        |part: &str| part.is_empty() || part.starts_with(|c: char| c.is_ascii_lowercase());
    // Of several clusters whose names are cut alike, each has labels.
    let is_node = || node_of(name, &run.name(""), pools) != NodeOf::No;
    let is_ours = run.part_of(name).is_some_and(is_part) || is_node();
    is_ours.then_some(Mark::Name)
}

/// The name of a row's resource: the last part, where it is a path.
fn name(row: &Row) -> Option<&str> {
    row.resource.as_deref()?.rsplit('/').next()
}

/// Picks the run's charges out of the project's rows: those with its marks, and its share of what has none.
fn attribute(
    owner: Owner<'_>,
    unmarked: Unmarked,
    all: &[Row],
    progress: Option<Progress>,
    now: Timestamp,
) -> Billed {
    let of_mark = |wanted: Mark| {
        all.iter()
            .filter(move |row| mark(owner, row) == Some(wanted))
    };
    let own: Vec<&Row> = all
        .iter()
        .filter(|row| mark(owner, row).is_some())
        .collect();
    let run = owner.run;
    let mut attribution = vec![format!("by the label {}={}", marks::RUN, run.id)];
    let name = run.name("");
    if of_mark(Mark::ClusterLabel).next().is_some() {
        attribution.push(format!(
            "by the label {CLUSTER_LABEL}={name}, where there is none of the run"
        ));
    }
    if of_mark(Mark::Name).next().is_some() {
        attribution.push(format!(
            "by the name {name} of the resource, where there is no label"
        ));
    }
    if own.is_empty() {
        let why = "no row of the billing export carries a mark of the run: it comes hours late, up to two days";
        attribution.push(why.to_owned());
        return nothing(attribution, now);
    }
    let credits: Decimal = own.iter().map(|row| row.credit).sum();
    if !credits.is_zero() {
        let credits = credits.abs().round_dp(DECIMALS);
        attribution.push(format!(
            "gross: credits of ${credits}, such as the free tier's, are not subtracted"
        ));
    }
    let (regular, others): (Vec<&Row>, Vec<&Row>) = own
        .iter()
        .copied()
        .partition(|row| row.cost_type == "regular");
    for row in others {
        let (kind, usd) = (&row.cost_type, row.usd.round_dp(DECIMALS));
        attribution.push(format!("not usage, and not counted: {kind} of ${usd}"));
    }
    let mut charges: Vec<Charge> = regular.iter().map(|row| charge(run, row)).collect();
    let rules = unowned_rules(all);
    charges.extend(share(run, unmarked, &regular, &rules, &mut attribution));
    let last = own.iter().map(|row| row.used_until).max().unwrap_or(now);
    let counted = own.iter().copied().chain(rules);
    let exported = counted.map(|row| row.exported).max().unwrap_or(now);
    let why_not = why_not_final((last, exported), progress, now);
    let is_final = why_not.is_none();
    attribution.extend(why_not.map(|why| format!("not final: {why}")));
    Billed {
        charges,
        is_final,
        attribution,
        shared_lines: if unmarked.rules > 0 {
            vec![LOAD_BALANCER.to_owned()]
        } else {
            Vec::new()
        },
        // The windows of the export are hours.
        last_used: last.checked_sub(SignedDuration::from_hours(1)).ok(),
        read_at: now,
    }
}

/// The rows of forwarding rules that no mark tells the owner of: the controller of a cluster gives them none.
fn unowned_rules(all: &[Row]) -> Vec<&Row> {
    let bare = all
        .iter()
        .filter(|row| row.run.is_none() && row.cluster.is_none());
    let regular = bare.filter(|row| row.cost_type == "regular");
    regular
        .filter(|row| line_of(&row.sku) == Some(LOAD_BALANCER))
        .collect()
}

/// The run's share of forwarding rules without marks: no more hours than the cluster was there, for each that the job
/// makes.
fn share(
    run: &Run,
    unmarked: Unmarked,
    own: &[&Row],
    rules: &[&Row],
    attribution: &mut Vec<String>,
) -> Vec<Charge> {
    let hours =
        |rows: &mut dyn Iterator<Item = &Row>| -> Decimal { rows.map(|row| row.quantity).sum() };
    let is_cluster = |row: &&Row| line_of(&row.sku) == Some(CONTROL_PLANE);
    let of_cluster = hours(&mut own.iter().copied().filter(is_cluster));
    let most = of_cluster * Decimal::from(unmarked.rules);
    let all = hours(&mut rules.iter().copied());
    if most.is_zero() || all.is_zero() {
        return Vec::new();
    }
    let part = (most / all).min(Decimal::ONE);
    let (all, most) = (all.round_dp(DECIMALS), most.round_dp(DECIMALS));
    attribution.push(if part == Decimal::ONE {
        format!(
            "forwarding rules are billed without labels: all {all} h of the project are counted for the run, whose \
             cluster was there for {most} h"
        )
    } else {
        format!(
            "forwarding rules are billed without labels: of {all} h of the project, {most} h are counted for the run, \
             the most that its job can have used; others use them too"
        )
    });
    let of_run = |row: &&Row| Charge {
        quantity: row.quantity * part,
        usd: row.usd * part,
        ..charge(run, row)
    };
    rules.iter().map(of_run).collect()
}

fn charge(run: &Run, row: &Row) -> Charge {
    Charge {
        line: line_of(&row.sku).unwrap_or(&row.sku).to_owned(),
        usage_type: row.sku.clone(),
        resource_id: name(row).map(str::to_owned),
        run_id: Some(run.id.clone()),
        quantity: row.quantity,
        unit: row.unit.clone(),
        usd: row.usd,
    }
}

/// The line of what Google sells, by words that its descriptions have in every region.
fn line_of(sku: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str)] = &[
        ("Kubernetes Clusters", CONTROL_PLANE),
        ("Autopilot Pod", PODS),
        ("Instance Core", NODES),
        ("Instance Ram", NODES),
        ("PD Capacity", DISKS),
        ("Cloud Nat IP Usage", PUBLIC_IPV4),
        ("Cloud Nat Gateway Uptime", NAT_GATEWAY),
        ("External IP Charge", PUBLIC_IPV4),
        ("Static Ip Charge", PUBLIC_IPV4),
        ("Forwarding Rule", LOAD_BALANCER),
    ];
    let mut words = WORDS.iter();
    let found = words.find(|(words, _)| sku.contains(words));
    found.map(|(_, line)| *line)
}

/// Why more rows of the run may come; `None` if none are expected. `last` is the end of its usage, `exported` when its
/// newest row came.
fn why_not_final(
    (last, exported): (Timestamp, Timestamp),
    progress: Option<Progress>,
    now: Timestamp,
) -> Option<String> {
    let complete = final_after(last);
    if now < complete {
        return Some(format!(
            "the usage of its last day is complete after {complete}"
        ));
    }
    if now.duration_since(exported) < QUIET {
        return Some(format!(
            "its newest row came at {exported}, less than a day ago"
        ));
    }
    let next_day = end_of_day(last);
    let has_moved_on = progress.is_some_and(|progress| progress.used_until > next_day);
    if !has_moved_on {
        return Some(format!(
            "the export has no usage of any project after {next_day}: it may have stopped"
        ));
    }
    None
}

fn end_of_day(at: Timestamp) -> Timestamp {
    // A usage that ends at midnight is of the day before.
    let within = at - SignedDuration::from_nanos(1);
    let tomorrow = within.to_zoned(TimeZone::UTC).date().tomorrow();
    let midnight = tomorrow.and_then(|date| date.to_zoned(TimeZone::UTC));
    midnight.map_or(at, |zoned| zoned.timestamp())
}

/// When the bill for usage at `at` can be expected to be complete: two days after its day.
pub(super) fn final_after(at: Timestamp) -> Timestamp {
    end_of_day(at) + COMPLETE_AFTER
}

#[cfg(test)]
mod tests;
