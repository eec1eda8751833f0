//! The cost table of a trial: list price, estimate, meter and bill of each line, and the deviations.
//!
//! An unknown figure must never look like zero.

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;

use crate::money::{deviation, percent, usd, usd_or_dash, usd_per_hour};
use crate::page::{Block, Cell, Column, Grid};
use crate::record::{Cost, CostLine, Record};
use crate::word::{clean, word};

/// The cost table, what was planned and claimed beside it, what is to be known of the bill, and what it means.
pub fn blocks(record: &Record) -> Vec<Block> {
    let cost = &record.cost;
    let mut blocks = Vec::new();
    if !cost.lines.is_empty() {
        blocks.push(Block::Grid(grid(cost)));
    }
    blocks.extend(plan(cost).map(Block::Line));
    if let Some(claim) = claim(cost) {
        blocks.push(Block::Line(claim));
    }
    let readings = readings(cost);
    if !readings.is_empty() {
        blocks.push(Block::Facts(readings));
    }
    if !cost.bill_notes.is_empty() {
        let notes = cost.bill_notes.iter();
        blocks.push(Block::Facts(
            notes.map(|note| ("Bill", clean(note))).collect(),
        ));
    }
    blocks.push(Block::Line(clean(&format!(
        "Cost {}: {}",
        word(cost.verdict),
        cost.message
    ))));
    blocks
}

/// What the bill of a live run said, and when.
fn readings(cost: &Cost) -> Vec<(&'static str, String)> {
    let readings = cost.bill.iter().flat_map(|bill| &bill.readings);
    let told = readings.map(|reading| {
        let (at, state) = (reading.read_at, reading.state);
        let said = match &reading.problem {
            Some(problem) => clean(&format!("not read: {problem}")),
            None => format!("{state}, {}", usd_or_dash(reading.usd)),
        };
        ("Bill read", format!("{at}: {said}"))
    });
    told.collect()
}

fn grid(cost: &Cost) -> Grid {
    let columns = vec![
        Column::long("Cost line"),
        Column::right("List $/h"),
        Column::right("Estimated"),
        Column::right("Metered"),
        Column::right("Billed"),
        Column::long("Gap"),
    ];
    let mut rows: Vec<Vec<Cell>> = cost
        .lines
        .iter()
        .map(|line| {
            let estimate = line.estimate.as_ref();
            vec![
                Cell::text(title(line)),
                Cell::text(usd_or_dash(estimate.map(|estimate| estimate.usd_per_hour))),
                Cell::text(usd_or_dash(line.estimated)),
                Cell::text(usd_or_dash(line.metered)),
                Cell::text(billed(cost, line.billed)),
                Cell::text(gap(line)),
            ]
        })
        .collect();
    rows.push(vec![
        Cell::text("Total"),
        Cell::text(usd_or_dash(cost.list_usd_per_hour)),
        Cell::text(usd_or_dash(cost.estimated)),
        Cell::text(usd_or_dash(cost.metered)),
        Cell::text(billed(cost, cost.billed)),
        Cell::text(total_gap(cost)),
    ]);
    Grid {
        title: "Cost",
        columns,
        rows,
    }
}

/// What was estimated, metered and billed for each line of the table, the total last.
pub fn figures(cost: &Cost) -> Vec<[Option<Decimal>; 3]> {
    let lines = cost.lines.iter();
    let lines = lines.map(|line| [line.estimated, line.metered, line.billed]);
    let total = [cost.estimated, cost.metered, cost.billed];
    lines.chain([total]).collect()
}

fn billed(cost: &Cost, amount: Option<Decimal>) -> String {
    match amount {
        None if cost.verdict == Verdict::Pending => "pending".to_owned(),
        amount => usd_or_dash(amount),
    }
}

/// What a line is: as the estimate has it, else with the usage type that the cloud names.
fn title(line: &CostLine) -> String {
    match (&line.estimate, line.charges.first()) {
        (Some(estimate), _) => estimate.title.clone(),
        (None, Some(charge)) if charge.usage_type != line.line => {
            format!("{} ({})", line.line, charge.usage_type)
        }
        (None, _) => line.line.clone(),
    }
}

/// Why a line differs, and its own verdict where that is no pass.
fn gap(line: &CostLine) -> String {
    let gap = line.gap.as_deref().unwrap_or("");
    match line.verdict.filter(|verdict| *verdict != Verdict::Pass) {
        Some(verdict) => format!("{} {gap}", word(verdict)),
        None => gap.to_owned(),
    }
}

fn total_gap(cost: &Cost) -> String {
    let Some(off) = cost.deviation_percent else {
        return String::new();
    };
    let most = cost.tolerance_percent;
    let words = deviation(off, most, ("the estimate", seen(cost)));
    format!("{words} (within {most} % passes)")
}

/// What the estimate is held against.
fn seen(cost: &Cost) -> &'static str {
    if cost.billed.is_some() {
        "the bill"
    } else {
        "the meter"
    }
}

/// The plan beside what was seen: it is another figure when the run took another time.
fn plan(cost: &Cost) -> Option<String> {
    let (planned, off) = cost.planned.zip(cost.plan_deviation_percent)?;
    let words = deviation(off, cost.tolerance_percent, ("that", seen(cost)));
    Some(format!(
        "Planned {} for the scenario's duration: {words}.",
        usd(planned)
    ))
}

fn claim(cost: &Cost) -> Option<String> {
    let claimed = cost.claimed_usd_per_hour?;
    let list = cost.list_usd_per_hour.filter(|list| !list.is_zero());
    Some(match list {
        None => format!(
            "Claimed {}; the list price is not known.",
            usd_per_hour(claimed)
        ),
        Some(list) => {
            let side = match off_percent(claimed, list) {
                None => "beyond any comparison".to_owned(),
                Some(off) if off.is_zero() => "the same".to_owned(),
                Some(off) if off.is_sign_negative() => format!("{} below it", percent(off.abs())),
                Some(off) => format!("{} above it", percent(off)),
            };
            format!(
                "Claimed {}, list price {}: the claim is {side}.",
                usd_per_hour(claimed),
                usd_per_hour(list)
            )
        }
    })
}

/// By how much a claim is off, in percent of the list price; none when no number can hold it.
fn off_percent(claimed: Decimal, list: Decimal) -> Option<Decimal> {
    let off = claimed.checked_sub(list)?.checked_div(list)?;
    off.checked_mul(Decimal::ONE_HUNDRED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_off_by_a_percentage_if_a_number_can_hold_it() {
        let check = |claimed: &str, list: &str, expected: Option<i64>| {
            let [claimed, list] = [claimed, list].map(|text| text.parse().expect("a number"));
            assert_eq!(off_percent(claimed, list), expected.map(Decimal::from));
        };
        check("0.9", "1.2", Some(-25));
        check("79228162514264337593543950335", "0.2876", None);
        check("79228162514264337593543950335", "-1", None);
        check("1", "0.0000000000000000000000000001", None);
    }
}
