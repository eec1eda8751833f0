//! The cost phase: waits for the bill where that is possible, and compares.
//!
//! Apart from the comparison (`cost`), which is pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::cost::{Charge, Estimate, EstimateLine};
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Cost;

use super::book::{Book, no_cost};
use super::stage::Stage;
use super::unobserved;
use crate::cost::compare::{Bill, Known, compare};
use crate::cost::lines::{key, merged};
use crate::cost::lived::{self, Span};
use crate::cost::usd as dollars;
use crate::oracles::calls;

/// The longest that a rehearsal waits for a bill, in its own clock: bills close after the month.
const BILL_WAIT_MAX: Duration = Duration::from_secs(75 * 24 * 3600);
/// The longest that reading the bill may take, in the trial's clock.
const READ_LIMIT: Duration = Duration::from_secs(3600);

/// The cost phase.
pub async fn cost(book: &mut Book<'_, '_>, stage: &Stage<'_>, observer: &dyn Account) {
    let begun = book.begin("cost");
    book.stop_clock();
    if let Some(why) = observer.free_because() {
        book.cost = no_cost(stage.scenario().cost.tolerance_percent, why);
        book.cost.free = true;
        book.end(begun, Verdict::Skipped, format!("free: {why}"));
        return;
    }
    let ended = stage.clock.now();
    let metered = metered(stage);
    let metered_usd: Option<Decimal> = metered
        .as_ref()
        .map(|charges| charges.iter().map(|charge| charge.usd).sum());
    let budget = stage.scenario().cost.budget_usd.0;
    book.find_all(metered_usd.and_then(|usd| calls::metered(usd, budget)));
    let tolerance = stage.scenario().cost.tolerance_percent;
    if stage.trial.is_campaign() {
        book.cost = no_cost(tolerance, "a campaign asks for no bill");
        book.cost.metered = metered_usd;
        book.end(begun, Verdict::Skipped, "only the meter was looked at");
        return;
    }
    let Some(first) = first_change(book, stage) else {
        book.cost = no_cost(tolerance, "nothing was created");
        book.end(begun, Verdict::Skipped, "nothing was created");
        return;
    };
    // An attempt that failed as was forced passes its phase, and made no cluster all the same.
    if stage.trial.is_main() && !book.has("checks") {
        book.cost = without_cluster(unobserved::sees_calls(stage), tolerance);
        book.cost.metered = metered_usd;
        let message = book.cost.message.clone();
        return book.end(begun, book.cost.verdict, message);
    }
    let whole = Span {
        from: first,
        to: ended,
    };
    let minutes = stage.scenario().cost.duration_minutes;
    let estimate = observer.estimate(Some(first), minutes);
    let charges = metered.as_deref().unwrap_or_default();
    let known = Known {
        claimed: claimed(stage),
        planned_minutes: minutes,
        lived: lived_usd(stage, observer, (&estimate, whole), charges),
        estimate,
        unpriced: stage
            .world
            .as_ref()
            .map(|world| world.unpriced())
            .unwrap_or_default(),
        billed: bill(stage, metered_usd, budget).await,
        metered,
        orphans: book
            .audit
            .orphans
            .iter()
            .map(|orphan| orphan.id.clone())
            .collect(),
        tolerance_percent: tolerance,
    };
    let cost = compare(&known);
    if cost.verdict == Verdict::Fail {
        book.find("cost", cost.message.clone());
    }
    book.end(begun, cost.verdict, cost.message.clone());
    book.cost = cost;
}

/// What the meter counted for the run, where there is one.
fn metered(stage: &Stage<'_>) -> Option<Vec<Charge>> {
    let (world, started) = (stage.world.as_ref()?, stage.run.started_at);
    if stage.served.is_none() {
        return Some(world.metered(&stage.run.id, started));
    }
    // A program may not tag what it makes: whatever was made since, and is not tagged as another run's, is
    // its doing.
    let mut charges = world.charges(started);
    charges.retain(|charge| {
        let tagged = charge.run_id.as_ref();
        tagged.is_none_or(|run_id| *run_id == stage.run.id)
    });
    Some(charges)
}

/// What is known of the cost when provisioning never succeeded.
fn without_cluster(sees_calls: bool, tolerance_percent: u32) -> Cost {
    if sees_calls {
        return no_cost(tolerance_percent, "there was no cluster to compare");
    }
    let why =
        "provisioning did not succeed; what it made before that cannot be told without its calls";
    Cost {
        verdict: Verdict::Unknown,
        ..no_cost(tolerance_percent, why)
    }
}

/// When the provisioner first changed anything, if it did. Where its calls are not seen: when it began.
pub fn first_change(book: &Book<'_, '_>, stage: &Stage<'_>) -> Option<Timestamp> {
    if !unobserved::sees_calls(stage) {
        return book.provisioning_since;
    }
    let journal = stage.journal.calls();
    calls::mutating(&journal).next().map(|call| call.at)
}

/// What the provisioner claims; the scenario may say it for a provisioner that cannot.
fn claimed(stage: &Stage<'_>) -> Option<Decimal> {
    let of_scenario = stage
        .scenario()
        .provisioner
        .claims_usd_per_hour
        .map(|usd| usd.0);
    of_scenario.or_else(|| stage.provisioner().claim().map(|claim| claim.usd_per_hour))
}

/// The estimate of each usage for the times that its resources lived.
fn lived_usd(
    stage: &Stage<'_>,
    observer: &dyn Account,
    (estimate, whole): (&Estimate, Span),
    charges: &[Charge],
) -> BTreeMap<String, Decimal> {
    let lives = stage
        .world
        .as_ref()
        .map(|world| world.lives())
        .unwrap_or_default();
    let each = |line: &EstimateLine, span: Span| -> Option<Decimal> {
        let of_span = observer.estimate_between(span.from, span.to);
        let same = |other: &&EstimateLine| other.is_same_usage(line) && other.title == line.title;
        let usd = of_span.all_lines().find(same)?.planned_usd?;
        Some(usd / Decimal::from(line.count.max(1)))
    };
    merged(estimate)
        .into_iter()
        .filter_map(|usage| {
            let covered: Vec<&Charge> = charges
                .iter()
                .filter(|charge| usage.covers(charge))
                .collect();
            let plan: Vec<&EstimateLine> = estimate
                .all_lines()
                .filter(|line| line.is_same_usage(&usage))
                .collect();
            let spans = lived::spans(&covered, &lives, whole.to);
            let usd = lived::usd(&plan, &spans, whole, &each)?;
            Some((key(&usage), usd))
        })
        .collect()
}

/// Waits for the bill and reads it. Live runs do not wait: theirs is pending, to be settled later.
async fn bill(stage: &Stage<'_>, metered: Option<Decimal>, budget: Decimal) -> Bill {
    if !stage.trial.is_main() {
        let metered =
            metered.map_or_else(String::new, |usd| format!("; metered {}", dollars(usd, 4)));
        return Bill::NotAsked(format!(
            "the bill is compared in the main trial{metered} of a budget of {}",
            dollars(budget, 2)
        ));
    }
    let biller = stage.account(Actor::Biller);
    if let Some(why) = biller.never_billed_because() {
        return Bill::Never(why.to_owned());
    }
    let final_after: Timestamp = biller.billing_final_after(stage.clock.now());
    if stage.trial.tier == Tier::Live {
        return Bill::Pending(format!("the bill is final after {final_after}"));
    }
    let wait =
        Duration::try_from(final_after.duration_since(stage.clock.now())).unwrap_or_default();
    tokio::time::sleep(wait.min(BILL_WAIT_MAX)).await;
    let reading = biller.billed(&stage.run, stage.run.started_at);
    match tokio::time::timeout(READ_LIMIT, reading).await {
        Ok(Ok(billed)) => Bill::Read(billed),
        Ok(Err(error)) => Bill::Unreadable(error.to_string()),
        Err(_) => Bill::Unreadable("no answer within an hour".to_owned()),
    }
}
