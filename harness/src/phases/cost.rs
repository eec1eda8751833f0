//! The cost phase: waits for the bill where possible, and compares.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::cost::{Charge, Estimate, EstimateLine};
use kubeproof_contract::observer::Observer;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Cost;

use crate::audit::calls::mutating;
use crate::cost::compare::compare;
use crate::cost::inputs::{Bill, CostInputs};
use crate::cost::lifetimes::{self, Span};
use crate::cost::lines::{key, merged};
use crate::cost::usd as dollars;
use crate::inspect::sources::sees_calls;
use crate::oracles::calls;
use crate::recorder::{Recorder, no_cost};
use crate::trial_context::TrialContext;

/// The longest that a rehearsal waits for a bill, in simulated time: bills close after the month.
const BILL_WAIT_MAX: Duration = Duration::from_secs(75 * 24 * 3600);
/// The longest that reading the bill may take, in the trial's clock.
const READ_LIMIT: Duration = Duration::from_secs(3600);

/// The cost phase.
pub async fn cost(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    observer: &dyn Observer,
) {
    let phase = recorder.begin("cost");
    recorder.stop_clock();
    if let Some(why) = observer.free_because() {
        recorder.cost = no_cost(context.scenario().cost.tolerance_percent, why);
        recorder.cost.free = true;
        recorder.end(phase, Verdict::Skipped, format!("free: {why}"));
        return;
    }
    let ended = context.clock.now();
    let metered = metered(context);
    let metered_usd: Option<Decimal> = metered
        .as_ref()
        .map(|charges| charges.iter().map(|charge| charge.usd).sum());
    let budget = context.scenario().cost.budget_usd.0;
    recorder.add_violations(metered_usd.and_then(|usd| calls::metered(usd, budget)));
    let tolerance = context.scenario().cost.tolerance_percent;
    if context.trial.is_campaign() {
        recorder.cost = no_cost(tolerance, "a campaign asks for no bill");
        recorder.cost.metered = metered_usd;
        recorder.end(phase, Verdict::Skipped, "only the meter was checked");
        return;
    }
    let Some(first) = first_change(recorder, context) else {
        recorder.cost = no_cost(tolerance, "nothing was created");
        recorder.end(phase, Verdict::Skipped, "nothing was created");
        return;
    };
    // An attempt that failed as forced passes its phase, but there is no cluster.
    if context.trial.is_main() && !recorder.has("checks") {
        recorder.cost = without_cluster(sees_calls(context), tolerance);
        recorder.cost.metered = metered_usd;
        let message = recorder.cost.message.clone();
        return recorder.end(phase, recorder.cost.verdict, message);
    }
    let whole = Span {
        from: first,
        to: ended,
    };
    let minutes = context.scenario().cost.duration_minutes;
    let estimate = observer.estimate(Some(first), minutes);
    let charges = metered.as_deref().unwrap_or_default();
    let inputs = CostInputs {
        claimed: claimed(context),
        planned_minutes: minutes,
        lifetime_usd: lifetime_usd(context, observer, (&estimate, whole), charges),
        estimate,
        unpriced: context
            .ground_truth
            .as_ref()
            .map(|ground_truth| ground_truth.unpriced())
            .unwrap_or_default(),
        billed: bill(context, metered_usd, budget).await,
        metered,
        orphans: recorder
            .audit
            .orphans
            .iter()
            .map(|orphan| orphan.id.clone())
            .collect(),
        tolerance_percent: tolerance,
    };
    let cost = compare(&inputs);
    if cost.verdict == Verdict::Fail {
        recorder.add_finding("cost", cost.message.clone());
    }
    recorder.end(phase, cost.verdict, cost.message.clone());
    recorder.cost = cost;
}

/// What the meter counted for the run, where there is one.
fn metered(context: &TrialContext<'_>) -> Option<Vec<Charge>> {
    let (ground_truth, started) = (context.ground_truth.as_ref()?, context.run.started_at);
    if context.served.is_none() {
        return Some(ground_truth.metered(&context.run.id, started));
    }
    // A program may not tag what it creates: everything created since that is not tagged as another run's is its own.
    let mut charges = ground_truth.charges(started);
    charges.retain(|charge| {
        let tagged = charge.run_id.as_ref();
        tagged.is_none_or(|run_id| *run_id == context.run.id)
    });
    Some(charges)
}

/// The cost when provisioning never succeeded.
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
pub fn first_change(recorder: &Recorder<'_, '_>, context: &TrialContext<'_>) -> Option<Timestamp> {
    if !sees_calls(context) {
        return recorder.provisioning_since;
    }
    let journal = context.journal.calls();
    mutating(&journal).next().map(|call| call.at)
}

/// What the provisioner claims; the scenario may state it for a provisioner that cannot.
fn claimed(context: &TrialContext<'_>) -> Option<Decimal> {
    let of_scenario = context
        .scenario()
        .provisioner
        .claims_usd_per_hour
        .map(|usd| usd.0);
    of_scenario.or_else(|| {
        context
            .provisioner()
            .claim()
            .map(|claim| claim.usd_per_hour)
    })
}

/// The estimate of each usage for the lifetimes of its resources.
fn lifetime_usd(
    context: &TrialContext<'_>,
    observer: &dyn Observer,
    (estimate, whole): (&Estimate, Span),
    charges: &[Charge],
) -> BTreeMap<String, Decimal> {
    let lives = context
        .ground_truth
        .as_ref()
        .map(|ground_truth| ground_truth.lifetimes())
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
            let spans = lifetimes::spans(&covered, &lives, whole.to);
            let usd = lifetimes::usd(&plan, &spans, whole, &each)?;
            Some((key(&usage), usd))
        })
        .collect()
}

/// Waits for the bill and reads it. Live runs do not wait: their bill is pending.
async fn bill(context: &TrialContext<'_>, metered: Option<Decimal>, budget: Decimal) -> Bill {
    if !context.trial.is_main() {
        let metered =
            metered.map_or_else(String::new, |usd| format!("; metered {}", dollars(usd, 4)));
        return Bill::NotAsked(format!(
            "the bill is compared in the main trial{metered} of a budget of {}",
            dollars(budget, 2)
        ));
    }
    let biller = context.observer(Actor::Biller);
    if let Some(why) = biller.never_billed_because() {
        return Bill::Never(why.to_owned());
    }
    let final_after: Timestamp = biller.billing_final_after(context.clock.now());
    if context.trial.tier == Tier::Live {
        return Bill::Pending(format!("the bill is final after {final_after}"));
    }
    let wait =
        Duration::try_from(final_after.duration_since(context.clock.now())).unwrap_or_default();
    tokio::time::sleep(wait.min(BILL_WAIT_MAX)).await;
    let reading = biller.billed(&context.run, context.run.started_at);
    match tokio::time::timeout(READ_LIMIT, reading).await {
        Ok(Ok(billed)) => Bill::Read(billed),
        Ok(Err(error)) => Bill::Unreadable(error.to_string()),
        Err(_) => Bill::Unreadable("no answer within an hour".to_owned()),
    }
}
