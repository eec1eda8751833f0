//! The questions about a run's costs, and their answers as values. Each is about the same rows: of the run's groups, or
//! with its tag.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::Date;
use kubeproof_cloudkit::CallError;
use kubeproof_contract::Decimal;
use kubeproof_contract::run::{RUN_TAG, Run};
use serde_json::{Value, json};

use crate::api::Api;
use crate::api::costs::{CostRow, QUERY};

/// The most days of a question whose answer has a row for each day.
const DAYS_MAX: i64 = 31;
/// The most such questions: more than a year is not looked at.
const QUESTIONS_MAX: usize = 12;
/// The kind of rows that are usage; others are purchases, refunds, taxes.
const USAGE: &str = "Usage";

/// What one resource used by one meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Used {
    /// The id in lower case.
    pub(super) resource: String,
    pub(super) meter: String,
    pub(super) quantity: Decimal,
    /// In the currency of the account.
    pub(super) cost: Decimal,
}

/// What was answered. All amounts are of usage, in the currency of the account, where nothing else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) used: Vec<Used>,
    /// Costs by resource and by the run that its tag names; empty for no tag.
    pub(super) tagged: BTreeMap<(String, String), Decimal>,
    /// Costs by day.
    pub(super) days: BTreeMap<Date, Decimal>,
    /// Costs of rows that are no usage, by their kind.
    pub(super) not_usage: BTreeMap<String, Decimal>,
    /// The currencies of all rows.
    pub(super) currencies: BTreeSet<String>,
    /// Costs by resource and meter, and the same in US dollars; `None` where it was not asked for or is not stated.
    pub(super) in_usd: Option<BTreeMap<(String, String), (Decimal, Decimal)>>,
    /// The usage of the whole subscription on the run's days.
    pub(super) whole: Option<Decimal>,
}

/// The first and the last day.
type Days = (Date, Date);

fn question(days: Days, granularity: &str, amounts: &[&str], dataset: Value) -> Value {
    let sum = |name: &&str| ((*name).to_owned(), json!({"name": name, "function": "Sum"}));
    let amounts: serde_json::Map<String, Value> = amounts.iter().map(sum).collect();
    let mut whole = json!({"granularity": granularity, "aggregation": amounts});
    if let (Some(whole), Value::Object(dataset)) = (whole.as_object_mut(), dataset) {
        whole.extend(dataset);
    }
    json!({
        "type": "ActualCost", "timeframe": "Custom", "dataset": whole,
        "timePeriod": {"from": format!("{}T00:00:00Z", days.0), "to": format!("{}T23:59:59Z", days.1)},
    })
}

fn is_one_of(kind: &str, name: &str, values: &[&str]) -> Value {
    json!({kind: {"name": name, "operator": "In", "values": values}})
}

fn by(kind: &str, name: &str) -> Value {
    json!({"type": kind, "name": name})
}

/// The rows of the run: of its groups, or with its tag.
fn of_run(run: &Run, groups: &[String]) -> Value {
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let by_group = is_one_of("dimensions", "ResourceGroupName", &groups);
    json!({"or": [by_group, is_one_of("tags", RUN_TAG, &[&run.id])]})
}

fn usage_only() -> Value {
    is_one_of("dimensions", "ChargeType", &[USAGE])
}

/// Asks everything.
pub(super) async fn ask(
    api: &Api,
    subscription: &str,
    (run, groups): (&Run, &[String]),
    days: Days,
) -> Result<Answers, CallError> {
    let ours = of_run(run, groups);
    let usage = json!({"and": [usage_only(), ours]});
    let by_meter = [by("Dimension", "ResourceId"), by("Dimension", "Meter")];
    let by_tag = [by("Dimension", "ResourceId"), by("TagKey", RUN_TAG)];
    let mut answers = Answers::default();

    let dataset = json!({"grouping": by_meter, "filter": usage});
    let asked = question(days, "None", &["Cost", "UsageQuantity"], dataset.clone());
    answers.take_used(&api.costs(subscription, &asked).await?)?;
    if answers.used.is_empty() {
        return Ok(answers);
    }
    let asked = question(
        days,
        "None",
        &["Cost"],
        json!({"grouping": by_tag, "filter": usage}),
    );
    answers.take_tagged(&api.costs(subscription, &asked).await?)?;

    let kinds = json!({"grouping": [by("Dimension", "ChargeType")], "filter": ours});
    for days in chunks(days) {
        let asked = question(days, "Daily", &["Cost"], kinds.clone());
        answers.take_days(&api.costs(subscription, &asked).await?)?;
    }
    if answers.currencies.iter().any(|currency| currency != "USD") {
        let asked = question(days, "None", &["Cost", "CostUSD"], dataset);
        match api.costs(subscription, &asked).await {
            Ok(rows) => answers.take_converted(&rows)?,
            // Agreements of some kinds have no such column: then there is no amount in US dollars.
            Err(error) if error.is("BadRequest") => {}
            Err(error) => return Err(error),
        }
    }
    let first = answers.days.keys().min().copied().unwrap_or(days.0);
    let last = answers.days.keys().max().copied().unwrap_or(days.1);
    let asked = question(
        (first, last),
        "None",
        &["Cost"],
        json!({"filter": usage_only()}),
    );
    answers.take_whole(&api.costs(subscription, &asked).await?)?;
    Ok(answers)
}

/// A time in parts of at most so many days as an answer with days may have.
fn chunks((first, last): Days) -> Vec<Days> {
    let mut chunks = Vec::new();
    let mut begin = first;
    while begin <= last && chunks.len() < QUESTIONS_MAX {
        let end = begin
            .saturating_add(Span::new().days(DAYS_MAX - 1))
            .min(last);
        chunks.push((begin, end));
        begin = end.saturating_add(Span::new().days(1));
        if begin == end {
            break;
        }
    }
    chunks
}

fn wrong(why: impl Into<String>) -> CallError {
    CallError::state(QUERY, why.into())
}

/// Adds an amount under a key that an answer may have only once: a page that came twice would count twice.
fn once<K: Ord + std::fmt::Debug>(seen: &mut BTreeSet<K>, key: K) -> Result<(), CallError> {
    if seen.contains(&key) {
        return Err(wrong(format!("the answer has a row twice: {key:?}")));
    }
    seen.insert(key);
    Ok(())
}

impl Answers {
    fn take_currency(&mut self, row: &CostRow) -> Result<(), CallError> {
        self.currencies.insert(row.text("Currency")?.to_owned());
        Ok(())
    }

    pub(super) fn take_used(&mut self, rows: &[CostRow]) -> Result<(), CallError> {
        let mut seen = BTreeSet::new();
        for row in rows {
            let (resource, meter) = (row.text("ResourceId")?, row.text("Meter")?);
            once(&mut seen, (resource.to_owned(), meter.to_owned()))?;
            self.take_currency(row)?;
            let (quantity, cost) = (row.number("UsageQuantity")?, row.number("Cost")?);
            let resource = resource.to_lowercase();
            let mut known = self.used.iter_mut();
            // Ids ignore case, and rows of one resource may have it in several.
            match known.find(|used| used.resource == resource && used.meter == meter) {
                Some(used) => {
                    used.quantity += quantity;
                    used.cost += cost;
                }
                None => self.used.push(Used {
                    resource,
                    meter: meter.to_owned(),
                    quantity,
                    cost,
                }),
            }
        }
        Ok(())
    }

    pub(super) fn take_tagged(&mut self, rows: &[CostRow]) -> Result<(), CallError> {
        let mut seen = BTreeSet::new();
        for row in rows {
            let (resource, tag) = (row.text("ResourceId")?, row.text("TagValue")?);
            once(&mut seen, (resource.to_owned(), tag.to_owned()))?;
            self.take_currency(row)?;
            let key = (resource.to_lowercase(), tag.to_owned());
            *self.tagged.entry(key).or_default() += row.number("Cost")?;
        }
        Ok(())
    }

    pub(super) fn take_days(&mut self, rows: &[CostRow]) -> Result<(), CallError> {
        let mut seen = BTreeSet::new();
        for row in rows {
            let (digits, kind) = (
                row.number("UsageDate")?.to_string(),
                row.text("ChargeType")?,
            );
            once(&mut seen, (digits.clone(), kind.to_owned()))?;
            self.take_currency(row)?;
            let cost = row.number("Cost")?;
            if kind != USAGE {
                *self.not_usage.entry(kind.to_owned()).or_default() += cost;
                continue;
            }
            let day = Date::strptime("%Y%m%d", &digits);
            let day = day.map_err(|_| wrong(format!("{digits} is no day")))?;
            *self.days.entry(day).or_default() += cost;
        }
        Ok(())
    }

    pub(super) fn take_converted(&mut self, rows: &[CostRow]) -> Result<(), CallError> {
        let mut seen = BTreeSet::new();
        let mut converted: BTreeMap<_, (Decimal, Decimal)> = BTreeMap::new();
        for row in rows {
            let (resource, meter) = (row.text("ResourceId")?, row.text("Meter")?);
            once(&mut seen, (resource.to_owned(), meter.to_owned()))?;
            self.take_currency(row)?;
            let key = (resource.to_lowercase(), meter.to_owned());
            let both = converted.entry(key).or_default();
            both.0 += row.number("Cost")?;
            both.1 += row.number("CostUSD")?;
        }
        self.in_usd = Some(converted);
        Ok(())
    }

    fn take_whole(&mut self, rows: &[CostRow]) -> Result<(), CallError> {
        let costs = rows.iter().map(|row| row.number("Cost"));
        self.whole = Some(costs.sum::<Result<Decimal, CallError>>()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_long_time_is_asked_about_in_parts_that_meet() {
        let check = |first: &str, last: &str, expected: &[(&str, &str)]| {
            let seen = chunks((day(first), day(last)));
            let expected: Vec<Days> = expected
                .iter()
                .map(|(first, last)| (day(first), day(last)))
                .collect();
            assert_eq!(seen, expected);
        };
        check("2026-11-18", "2026-11-18", &[("2026-11-18", "2026-11-18")]);
        check(
            "2026-11-18",
            "2026-12-19",
            &[("2026-11-18", "2026-12-18"), ("2026-12-19", "2026-12-19")],
        );
        assert_eq!(chunks((day("2026-11-18"), day("2029-11-18"))).len(), 12);
        assert_eq!(chunks((day("2026-11-18"), day("2026-11-17"))), []);
    }

    fn row(resource: &str, meter: &str, cost: f64) -> CostRow {
        CostRow::of(&[
            ("ResourceId", json!(resource)),
            ("Meter", json!(meter)),
            ("UsageQuantity", json!(1)),
            ("Cost", json!(cost)),
            ("Currency", json!("USD")),
        ])
    }

    #[test]
    fn a_row_that_comes_twice_is_an_error_and_another_case_of_an_id_is_not() {
        let check = |rows: &[CostRow], expected: Option<&str>| {
            let mut answers = Answers::default();
            let taken = answers.take_used(rows);
            let sums: Vec<String> = answers
                .used
                .iter()
                .map(|used| used.cost.to_string())
                .collect();
            assert_eq!(taken.is_ok().then(|| sums.join(" ")).as_deref(), expected);
        };
        let (upper, lower) = (row("/S/A", "m", 0.1), row("/s/a", "m", 0.2));
        check(&[upper.clone(), lower], Some("0.3"));
        check(&[upper.clone(), row("/S/A", "n", 0.2)], Some("0.1 0.2"));
        check(&[upper.clone(), upper], None);
        check(&[CostRow::of(&[("Cost", json!(1))])], None);
    }
}
