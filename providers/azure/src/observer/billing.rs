//! What was billed, from Cost Management: the run's rows by tag and by group, gross, in US dollars.
//!
//! Tags are not inherited from groups, and count from when they were set. So what lies in the run's own groups is its
//! own, also without the tag; elsewhere the tag decides. Several questions are asked about the same rows, and their
//! answers must add up.

mod questions;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Billed, Charge};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::{RUN_TAG, Run};

use crate::api::Api;
use crate::api::costs::QUERY;
use crate::cost::{CONTROL_PLANE, DISKS, LOAD_BALANCER, NAT_GATEWAY, NODES, PUBLIC_IPV4};
use crate::spec::AksSpec;
use questions::{Answers, Used};

/// Hours after the end of a day until its usage is all there: 8 to 24, and 48 for a new subscription (Microsoft's page
/// on cost data).
const COMPLETE_AFTER: SignedDuration = SignedDuration::from_hours(48);
/// The days of the next month in which a month can still change (the same page: closed up to 72 hours after its end,
/// and it can change until the fifth day).
const CLOSING_DAYS: i64 = 5;
/// The most that answers may differ by, for each row: half of the last digit that is shown.
const ROUNDING: Decimal = Decimal::from_parts(5, 0, 0, false, 9);
/// Decimals of amounts in texts.
const DECIMALS: u32 = 4;
/// The currency of the contract.
const USD: &str = "USD";
/// The most characters of the name of a node resource group (AKS).
const GROUP_NAME_MAX: usize = 80;

/// The groups that hold nothing but what is the run's: that of its nodes, and its own, if it made one.
pub(super) fn groups(spec: &AksSpec, run: &Run) -> Vec<String> {
    let (name, location) = (run.name(""), &spec.location.0);
    let of_cluster = spec.resource_group.as_ref().map(|group| group.0.clone());
    let is_own = of_cluster.is_none();
    let of_cluster = of_cluster.unwrap_or_else(|| name.clone());
    let of_nodes = format!("MC_{of_cluster}_{name}_{location}");
    let of_nodes = of_nodes.chars().take(GROUP_NAME_MAX).collect();
    let own = is_own.then_some(of_cluster);
    own.into_iter().chain([of_nodes]).collect()
}

/// Reads the charges of a run from `from` until `now`.
///
/// # Errors
/// When the costs cannot be read, do not add up, or are in a currency whose rate no one states.
pub(super) async fn read(
    api: &Api,
    spec: &AksSpec,
    run: &Run,
    from: Timestamp,
    now: Timestamp,
) -> Result<Billed, ObserverError> {
    let days = (date(from), date(now));
    let groups = groups(spec, run);
    let subscription = &spec.subscription.0;
    let answers = questions::ask(api, subscription, (run, &groups), days).await?;
    attribute(run, &groups, &answers, now)
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn refused(why: impl Into<String>) -> ObserverError {
    ObserverError::new(&format!("arm:{QUERY}"), why.into())
}

fn amount(value: Decimal) -> Decimal {
    value.round_dp(DECIMALS).normalize()
}

/// Makes charges of the rows, if they add up, and says how they are known.
fn attribute(
    run: &Run,
    groups: &[String],
    answers: &Answers,
    now: Timestamp,
) -> Result<Billed, ObserverError> {
    let mut attribution = vec![format!("by the tag {RUN_TAG}={}", run.id)];
    attribution.push(format!(
        "by the groups {}, tagged or not",
        groups.join(" and ")
    ));
    let others = others(run, answers);
    let own: Vec<&Used> = answers
        .used
        .iter()
        .filter(|used| !others.contains(&used.resource) && !used.cost.is_zero())
        .collect();
    if own.is_empty() {
        let why = "pending: no cost of the run shows yet; usage shows 8 to 24 hours late, in a new subscription 48";
        attribution.push(why.to_owned());
        return Ok(Billed {
            charges: Vec::new(),
            is_final: false,
            attribution,
            shared_lines: Vec::new(),
            last_used: None,
            read_at: now,
        });
    }
    add_up(answers)?;
    let rate = rate(answers)?;
    attribution.extend(notes(run, groups, answers, &others));
    attribution.extend(rate);
    let last = answers
        .days
        .keys()
        .max()
        .copied()
        .unwrap_or_else(|| date(now));
    let why_not = why_not_final(last, now);
    let is_final = why_not.is_none();
    attribution.extend(why_not.map(|why| format!("not final: {why}")));
    Ok(Billed {
        charges: own
            .into_iter()
            .map(|used| charge(run, answers, used))
            .collect::<Result<_, _>>()?,
        is_final,
        attribution,
        shared_lines: Vec::new(),
        last_used: midnight(last),
        read_at: now,
    })
}

/// The resources that carry the tag of another run, and nothing else: they are not the run's, wherever they are.
fn others(run: &Run, answers: &Answers) -> BTreeSet<String> {
    let mut tagged: BTreeMap<&str, bool> = BTreeMap::new();
    for (resource, tag) in answers.tagged.keys() {
        let is_theirs = !tag.is_empty() && *tag != run.id;
        let all_theirs = tagged.entry(resource).or_insert(true);
        *all_theirs = *all_theirs && is_theirs;
    }
    let theirs = tagged.into_iter().filter(|(_, theirs)| *theirs);
    theirs.map(|(resource, _)| resource.to_owned()).collect()
}

/// Refuses answers that do not add up: they are of different times, or one of them is not whole.
fn add_up(answers: &Answers) -> Result<(), ObserverError> {
    let by_meter: Decimal = answers.used.iter().map(|used| used.cost).sum();
    let by_tag: Decimal = answers.tagged.values().sum();
    let by_day: Decimal = answers.days.values().sum();
    let rows = answers.used.len() + answers.tagged.len() + answers.days.len();
    let tolerance = ROUNDING * Decimal::from(rows);
    if (by_meter - by_tag).abs() <= tolerance && (by_meter - by_day).abs() <= tolerance {
        return Ok(());
    }
    let (by_meter, by_tag, by_day) = (by_meter.normalize(), by_tag.normalize(), by_day.normalize());
    Err(refused(format!(
        "the answers do not add up: {by_meter} by meter, {by_tag} by tag, {by_day} by day; read the bill again, the data \
         may have been refreshed in between"
    )))
}

/// How amounts become US dollars, where they are in another currency; nothing where they are not.
fn rate(answers: &Answers) -> Result<Option<String>, ObserverError> {
    let mut currencies = answers.currencies.iter();
    let (Some(currency), None) = (currencies.next(), currencies.next()) else {
        let all: Vec<&str> = answers.currencies.iter().map(String::as_str).collect();
        return Err(refused(format!(
            "the bill has more than one currency: {}",
            all.join(", ")
        )));
    };
    if currency == USD {
        return Ok(None);
    }
    let Some(converted) = &answers.in_usd else {
        return Err(refused(format!(
            "billed in {currency}, and Cost Management states no amounts in {USD}: their rate is not known"
        )));
    };
    let given: Decimal = converted.values().map(|(cost, _)| *cost).sum();
    let usd: Decimal = converted.values().map(|(_, usd)| *usd).sum();
    let by_meter: Decimal = answers.used.iter().map(|used| used.cost).sum();
    let tolerance = ROUNDING * Decimal::from(2 * answers.used.len());
    if (given - by_meter).abs() > tolerance {
        return Err(refused(
            "the answers do not add up: amounts in two currencies are of different times; read the bill again",
        ));
    }
    let rate = given
        .checked_div(usd)
        .map(|rate| rate.round_dp(6).normalize());
    // A column that only repeats the amounts converts nothing.
    let Some(rate) = rate.filter(|rate| *rate != Decimal::ONE && *rate > Decimal::ZERO) else {
        return Err(refused(format!(
            "billed in {currency}, and the amounts that are said to be in {USD} are the same: their rate is not known"
        )));
    };
    Ok(Some(format!(
        "billed in {currency}; in {USD} as Cost Management converts it: {rate} {currency} for a US dollar"
    )))
}

/// What the reader of the bill should know of it.
fn notes(
    run: &Run,
    groups: &[String],
    answers: &Answers,
    others: &BTreeSet<String>,
) -> Vec<String> {
    let currency = answers.currencies.iter().next().map_or("", String::as_str);
    let said = |value: Decimal| format!("{} {currency}", amount(value));
    let sum = |fits: &dyn Fn(&str, &str) -> bool| -> Decimal {
        let tagged = answers.tagged.iter();
        let fitting = tagged.filter(|((resource, tag), _)| fits(resource, tag));
        fitting.map(|(_, cost)| *cost).sum()
    };
    let mut notes = Vec::new();
    let untagged = sum(&|_, tag| tag.is_empty());
    if !untagged.is_zero() {
        notes.push(format!(
            "{} carries no tag and is known by its group alone",
            said(untagged)
        ));
    }
    let elsewhere = sum(&|resource, tag| tag == run.id && !is_in(groups, resource));
    if !elsewhere.is_zero() {
        notes.push(format!(
            "{} lies in other groups and is known by its tag alone",
            said(elsewhere)
        ));
    }
    let theirs = sum(&|resource, _| others.contains(resource));
    if !theirs.is_zero() {
        notes.push(format!(
            "{} carries the tag of another run and is not counted",
            said(theirs)
        ));
    }
    for (kind, cost) in answers.not_usage.iter().filter(|(_, cost)| !cost.is_zero()) {
        notes.push(format!(
            "gross: not usage, and not counted: {kind} of {}",
            said(*cost)
        ));
    }
    if let Some(whole) = answers.whole {
        let rest = whole - answers.used.iter().map(|used| used.cost).sum::<Decimal>();
        notes.push(format!(
            "{} of the subscription's usage on these days has neither the tag nor one of the groups, and is not the run's \
             as far as the bill tells",
            said(rest)
        ));
    }
    notes
}

/// Whether a resource lies in one of these groups.
fn is_in(groups: &[String], resource: &str) -> bool {
    let mut parts = resource.split('/');
    let _ = parts.find(|part| part.eq_ignore_ascii_case("resourceGroups"));
    let group = parts.next().unwrap_or_default();
    groups.iter().any(|one| one.eq_ignore_ascii_case(group))
}

fn charge(run: &Run, answers: &Answers, used: &Used) -> Result<Charge, ObserverError> {
    let line = line_of(&used.resource, &used.meter);
    let usd = match &answers.in_usd {
        None => used.cost,
        Some(converted) => {
            let key = (used.resource.clone(), used.meter.clone());
            let found = converted.get(&key).map(|(_, usd)| *usd);
            let (meter, resource) = (&used.meter, &used.resource);
            found.ok_or_else(|| {
                refused(format!(
                    "there is no amount in {USD} for {meter} of {resource}"
                ))
            })?
        }
    };
    Ok(Charge {
        line: line.unwrap_or(&used.meter).to_owned(),
        usage_type: used.meter.clone(),
        resource_id: Some(used.resource.clone()),
        run_id: Some(run.id.clone()),
        quantity: used.quantity,
        unit: if line == Some(DISKS) {
            "1/Month"
        } else {
            "1 Hour"
        }
        .to_owned(),
        usd,
    })
}

/// The line of a meter, by the type of the resource that was used. Traffic and operations have lines of their own.
fn line_of(resource: &str, meter: &str) -> Option<&'static str> {
    let below = resource
        .rsplit_once("/providers/")
        .map_or("", |(_, below)| below);
    let kind = below.split('/').nth(1).unwrap_or_default();
    let is = |known: &str| kind.eq_ignore_ascii_case(known);
    if is("managedClusters") && meter.contains("Uptime SLA") {
        return Some(CONTROL_PLANE);
    }
    // `D2s v3`, `D2 v3/D2s v3`: traffic of machines has no such name.
    let is_size = meter.split([' ', '/']).next().is_some_and(|first| {
        first.starts_with(|c: char| c.is_ascii_uppercase())
            && first.contains(|c: char| c.is_ascii_digit())
    });
    if (is("virtualMachineScaleSets") || is("virtualMachines"))
        && is_size
        && !meter.ends_with("Disk")
    {
        return Some(NODES);
    }
    // Disks of scale sets may stand beside their machines.
    if meter.ends_with("LRS Disk") || meter.ends_with("ZRS Disk") {
        return Some(DISKS);
    }
    if is("loadBalancers") && meter.contains("LB Rules") {
        return Some(LOAD_BALANCER);
    }
    if meter.contains("Static Public IP") {
        return Some(PUBLIC_IPV4);
    }
    (is("natGateways") && meter == "Standard Gateway").then_some(NAT_GATEWAY)
}

fn midnight(date: Date) -> Option<Timestamp> {
    let zoned = date.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

/// When the month of a day is closed: months of bills are taken to be calendar months.
fn closed_after(day: Date) -> Option<Timestamp> {
    let next = day
        .first_of_month()
        .checked_add(Span::new().months(1))
        .ok()?;
    midnight(next.checked_add(Span::new().days(CLOSING_DAYS)).ok()?)
}

/// Why the bill may still change, when this is the last day with usage; `None` if it is not expected to.
fn why_not_final(last: Date, now: Timestamp) -> Option<String> {
    let tomorrow = last.tomorrow().ok().and_then(midnight);
    let complete = tomorrow.and_then(|end| end.checked_add(COMPLETE_AFTER).ok());
    let (Some(complete), Some(closed)) = (complete, closed_after(last)) else {
        return Some("its days are beyond the calendar".to_owned());
    };
    if now < complete {
        return Some(format!(
            "provisional: usage of {last} may show until {complete}"
        ));
    }
    if now < closed {
        return Some(format!(
            "stable, but an estimate until its month is closed, which may take until {closed}"
        ));
    }
    None
}

/// When the bill for usage at `at` can be expected to be final.
pub(super) fn final_after(at: Timestamp) -> Timestamp {
    closed_after(date(at)).map_or(at, |closed| closed.max(at))
}

#[cfg(test)]
mod tests;
