//! The cost phase: waits for the bill where possible, and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::{Billed, Charge, Estimate, EstimateLine};
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::bill::RunBill;
use kubeproof_reports::record::Cost;

use crate::cost::compare::compare;
use crate::cost::inputs::{Bill, CostInputs};
use crate::cost::lifetimes::{self, Span};
use crate::cost::lines::{key, merged};
use crate::cost::settlement;
use crate::cost::usd as dollars;
use crate::oracles::{Violation, calls};
use crate::recorder::no_cost;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial::Trial;
use crate::trial_context::account::Account;

/// The longest that a rehearsal waits for a bill, in simulated time: bills close after the month.
const BILL_WAIT_MAX: Duration = Duration::from_hours(75 * 24);
/// The longest that reading the bill may take, in the trial's clock.
const READ_LIMIT: Duration = Duration::from_hours(1);

/// What the cost phase uses.
pub struct Costs<'a> {
    pub account: &'a dyn Account,
    pub plan: &'a dyn Plan,
    /// What an estimate needs besides the scenario.
    pub prices: PriceContext,
    pub trial: &'a Trial,
    pub run: &'a Run,
    pub clock: Clock,
    /// The ground truth, whose meter counts, in a rehearsal.
    pub ground_truth: Option<&'a dyn GroundTruth>,
    /// Whether the provisioner is a program that reaches the simulated account over sockets.
    pub is_served: bool,
    /// Whether the provisioner's calls are seen.
    pub sees_calls: bool,
    /// When the provisioner first changed anything, if it did.
    pub first_change: Option<Timestamp>,
    /// When the resources lived that were listed while the cluster was there, and what was never seen; without a ground
    /// truth.
    pub observed: Option<Observed>,
    /// Whether the cluster was ever checked.
    pub has_cluster: bool,
    /// The ids of resources that outlived the run.
    pub orphans: BTreeSet<String>,
    /// What a program had made once its cluster was ready, where that is known.
    pub made: Option<Vec<Resource>>,
    /// What the provisioner claims, US dollars an hour, if it can.
    pub claim: &'a dyn Fn() -> Option<Decimal>,
}

/// The lifetimes of a run without a ground truth.
pub struct Observed {
    pub lives: Vec<Lifespan>,
    /// What is planned for the cluster and was not listed.
    pub of_cluster: Span,
    /// What is planned for the job.
    pub of_job: Span,
}

/// The cost phase.
pub async fn cost(costs: &Costs<'_>) -> (Cost, PhaseOutcome) {
    let of_scenario = &costs.trial.scenario.content.cost;
    let tolerance = of_scenario.tolerance_percent;
    if let Some(why) = costs.plan.free_because() {
        let free = PhaseOutcome::new(Verdict::Skipped, format!("free: {why}"));
        let cost = no_cost(tolerance, why);
        return (Cost { free: true, ..cost }, free);
    }
    let ended = costs.clock.now();
    let metered = metered(costs);
    let metered_usd: Option<Decimal> = metered
        .as_ref()
        .map(|charges| charges.iter().map(|charge| charge.usd).sum());
    let budget = of_scenario.budget_usd.0;
    let mut told = Told::default();
    told.violations(metered_usd.and_then(|usd| calls::metered(usd, budget)));
    let with_meter = |cost: Cost| Cost {
        metered: metered_usd,
        ..cost
    };
    if costs.trial.is_campaign() {
        let cost = with_meter(no_cost(tolerance, "a campaign asks for no bill"));
        let phase = PhaseOutcome::new(Verdict::Skipped, "only the meter was checked");
        return (cost, phase.with(told));
    }
    let Some(first) = costs.first_change else {
        let why = "nothing was created";
        let phase = PhaseOutcome::new(Verdict::Skipped, why);
        return (no_cost(tolerance, why), phase.with(told));
    };
    // An attempt that failed as forced passes its phase, but there is no cluster.
    if costs.trial.is_main() && !costs.has_cluster {
        let cost = with_meter(without_cluster(costs.sees_calls, tolerance));
        let phase = PhaseOutcome::new(cost.verdict, cost.message.clone());
        return (cost, phase.with(told));
    }
    let whole = Span {
        from: first,
        to: ended,
    };
    let minutes = of_scenario.duration_minutes;
    let of_made = plan_of_made(costs);
    let plan = of_made.as_deref().unwrap_or(costs.plan);
    let estimate = plan.estimate(&costs.prices, Some(first), minutes);
    let charges = metered.as_deref().unwrap_or_default();
    let inputs = CostInputs {
        claimed: claimed(costs),
        planned_minutes: minutes,
        lifetime_usd: lifetime_usd((costs, plan), (&estimate, whole), charges),
        estimate,
        unpriced: costs
            .ground_truth
            .map(GroundTruth::unpriced)
            .unwrap_or_default(),
        billed: bill(costs, metered_usd, budget).await,
        metered,
        orphans: costs.orphans.clone(),
        tolerance_percent: tolerance,
    };
    let mut cost = compare(&inputs);
    if costs.trial.tier == Tier::Live && matches!(inputs.billed, Bill::Pending(_)) {
        let bill = awaited(costs, inputs, whole);
        cost = settlement::cost(&cost, &bill, costs.orphans.clone());
    }
    if cost.verdict == Verdict::Fail {
        told.violations([Violation::new("cost", cost.message.clone())]);
    }
    let phase = PhaseOutcome::new(cost.verdict, cost.message.clone());
    (cost, phase.with(told))
}

/// The plan with what a program made beyond the scenario, which is no gap between estimate and bill.
fn plan_of_made(costs: &Costs<'_>) -> Option<Box<dyn Plan>> {
    let scenario = &costs.trial.scenario;
    let made = costs.made.as_deref()?;
    scenario.provider.plan_of_made(&scenario.content, made)
}

/// What the meter counted for the run, where there is one.
fn metered(costs: &Costs<'_>) -> Option<Vec<Charge>> {
    let (ground_truth, started) = (costs.ground_truth?, costs.run.started_at);
    if !costs.is_served {
        return Some(ground_truth.metered(&costs.run.id, started));
    }
    // A program may not tag what it creates: everything created since that is not tagged as another run's is its own.
    let mut charges = ground_truth.charges(started);
    charges.retain(|charge| {
        let tagged = charge.run_id.as_ref();
        tagged.is_none_or(|run_id| *run_id == costs.run.id)
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

/// What the provisioner claims; the scenario may state it for a provisioner that cannot.
fn claimed(costs: &Costs<'_>) -> Option<Decimal> {
    let provisioner = &costs.trial.scenario.content.provisioner;
    let of_scenario = provisioner.claims_usd_per_hour.map(|usd| usd.0);
    of_scenario.or_else(costs.claim)
}

/// The estimate of each usage for the lifetimes of its resources.
fn lifetime_usd(
    (costs, plan): (&Costs<'_>, &dyn Plan),
    (estimate, whole): (&Estimate, Span),
    charges: &[Charge],
) -> BTreeMap<String, Decimal> {
    let lives = costs
        .ground_truth
        .map(GroundTruth::lifetimes)
        .unwrap_or_default();
    let each = |line: &EstimateLine, span: Span| -> Option<Decimal> {
        let of_span = plan.estimate_between(&costs.prices, span.from, span.to);
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
            let planned: Vec<&EstimateLine> = estimate
                .all_lines()
                .filter(|line| line.is_same_usage(&usage))
                .collect();
            let (spans, whole) = match &costs.observed {
                None => (lifetimes::spans(&covered, &lives, whole.to), whole),
                Some(observed) => observed.of(plan, estimate, &usage),
            };
            let usd = lifetimes::usd(&planned, &spans, whole, &each)?;
            Some((key(&usage), usd))
        })
        .collect()
}

impl Observed {
    /// The lifetimes of the resources of a usage, and that of those which were not seen.
    fn of(&self, plan: &dyn Plan, estimate: &Estimate, usage: &EstimateLine) -> (Vec<Span>, Span) {
        let is_of = |life: &&Lifespan| plan.cost_line(&life.resource) == Some(usage.line.as_str());
        let span = |life: &Lifespan| Span {
            from: life.from,
            to: life.to.unwrap_or(self.of_cluster.to).max(life.from),
        };
        let is_of_job = !estimate.lines.iter().any(|line| line.is_same_usage(usage));
        let spans = if is_of_job {
            Vec::new()
        } else {
            self.lives.iter().filter(is_of).map(span).collect()
        };
        let unseen = if is_of_job {
            self.of_job
        } else {
            self.of_cluster
        };
        (spans, unseen)
    }
}

/// The bill that a live run waits for, and what it will be compared with.
fn awaited(costs: &Costs<'_>, inputs: CostInputs, whole: Span) -> RunBill {
    let biller = costs.account.observer(Actor::Biller);
    RunBill {
        from: whole.from,
        until: whole.to,
        final_after: biller.billing_final_after(whole.to),
        estimate: inputs.estimate,
        planned_minutes: inputs.planned_minutes,
        lifetime_usd: inputs.lifetime_usd,
        readings: Vec::new(),
    }
}

/// Waits for the bill and reads it. Live runs do not wait: their bill is pending.
async fn bill(costs: &Costs<'_>, metered: Option<Decimal>, budget: Decimal) -> Bill {
    if !costs.trial.is_main() {
        let metered =
            metered.map_or_else(String::new, |usd| format!("; metered {}", dollars(usd, 4)));
        return Bill::NotAsked(format!(
            "the bill is compared in the main trial{metered} of a budget of {}",
            dollars(budget, 2)
        ));
    }
    let biller = costs.account.observer(Actor::Biller);
    if let Some(why) = biller.never_billed_because() {
        return Bill::Never(why.to_owned());
    }
    let final_after: Timestamp = biller.billing_final_after(costs.clock.now());
    if costs.trial.tier == Tier::Live {
        return Bill::Pending(format!("the bill is final after {final_after}"));
    }
    let wait =
        Duration::try_from(final_after.duration_since(costs.clock.now())).unwrap_or_default();
    tokio::time::sleep(wait.min(BILL_WAIT_MAX)).await;
    match read(biller.as_ref(), costs.run).await {
        Ok(billed) => Bill::Read(billed),
        Err(why) => Bill::Unreadable(why),
    }
}

/// Reads the bill of a run.
///
/// # Errors
/// With the reason why it cannot be read.
pub async fn read(biller: &dyn Observer, run: &Run) -> Result<Billed, String> {
    let reading = biller.billed(run, run.started_at);
    match tokio::time::timeout(READ_LIMIT, reading).await {
        Ok(Ok(billed)) => Ok(billed),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer within an hour".to_owned()),
    }
}
