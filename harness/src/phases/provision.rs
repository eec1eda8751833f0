//! The phases that create and keep the cluster: provision, retry, converge, hold.
//!
//! This file runs processes of the provisioner; `outcome` decides what their attempts mean.

use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::Count;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::resource::Resource;

use crate::audit::compare::{altered, new_resources};
use crate::inspect::attribution::Attribution;
use crate::inspect::run_listing::of_run;
use crate::inspect::sources::Sources;
use crate::oracles::price::{Item, list};
use crate::oracles::{Violation, end_state, needs};
use crate::phases::attempt::{self, AttemptOutcome, AttemptPhase, AttemptSetting};
use crate::phases::reported;
use crate::prices;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial::outcome::{self, Ending, Meaning};
use crate::trial::output::EndState;
use crate::trial::report::Report;
use crate::trial_context::cancel::CancelToken;

/// What an attempt to provision has shown.
#[must_use]
pub struct ProvisionOutcome {
    pub ended: AttemptPhase,
    /// What it created, if it succeeded.
    pub made: Option<Provisioned>,
    /// Whether a new process is to try again.
    pub again: bool,
}

impl ProvisionOutcome {
    fn new(
        attempt: AttemptOutcome<Provisioned>,
        report: Option<Report>,
        meaning: Meaning,
        told: Told,
    ) -> Self {
        let again = meaning.again;
        let phase = attempt::ended("provisioning", &attempt.ending, meaning, told);
        Self {
            ended: AttemptPhase::of(phase, report, &attempt.ending),
            made: attempt.made,
            again,
        }
    }
}

/// The first attempt.
pub async fn first(
    setting: &AttemptSetting<'_>,
    provisioner: Box<dyn Provisioner>,
) -> ProvisionOutcome {
    let attempt = attempt::provision(setting, provisioner).await;
    let mut told = Told::default();
    let report = reported::compare(setting, &attempt, &mut told);
    setting.faults.first_attempt_is_over();
    let meaning = outcome::first_provision(setting.conditions(), &attempt.ending);
    ProvisionOutcome::new(attempt, report, meaning, told)
}

/// A later attempt, by a new process. If it is `excused`, it may fail without a fault of its own.
pub async fn retry(
    setting: &AttemptSetting<'_>,
    provisioner: Box<dyn Provisioner>,
    excused: bool,
) -> ProvisionOutcome {
    let attempt = attempt::provision(setting, provisioner).await;
    let mut told = Told::default();
    let report = reported::compare(setting, &attempt, &mut told);
    let injected = excused || !attempt.injected.is_empty();
    let expected = setting.sources.trial.expected();
    let meaning = outcome::later_provision(expected, &attempt.ending, injected);
    ProvisionOutcome::new(attempt, report, meaning, told)
}

/// What it means that there is no cluster after so many attempts, which is never a pass. `None` in a campaign with a
/// lasting fault, which only checks what it leaves behind.
pub fn no_cluster(setting: &AttemptSetting<'_>, attempts: usize) -> Option<PhaseOutcome> {
    let tally = setting.faults.tally();
    let goes_on = |(fault, count): &&(Fault, Count)| {
        fault.target.lasts() || count.attempted < fault.target.times
    };
    let going_on: Vec<&Fault> = tally.iter().filter(goes_on).map(|one| &one.0).collect();
    if setting.sources.trial.is_campaign() && !going_on.is_empty() {
        return None;
    }
    let meaning = outcome::no_cluster(attempts, &going_on);
    Some(PhaseOutcome::judged(meaning.verdict, meaning.message))
}

/// O7: a second provision converges: it succeeds, makes nothing new and changes nothing.
pub async fn converge(
    setting: &AttemptSetting<'_>,
    provisioner: Box<dyn Provisioner>,
    told: &mut Told,
    bystanders_seen: &mut Vec<Resource>,
) -> AttemptPhase {
    let sources = setting.sources;
    let observer = setting.account.observer(Actor::Observer);
    let observer = observer.as_ref();
    let not_listed = || PhaseOutcome::new(Verdict::Unknown, "the account could not be listed");
    let Some(before) = of_run(sources, observer, bystanders_seen).await else {
        return AttemptPhase {
            phase: not_listed(),
            report: None,
            ended_by_machine: false,
        };
    };
    let attempt = attempt::provision(setting, provisioner).await;
    let report = reported::compare(setting, &attempt, told);
    let ending = attempt.ending;
    let is_judged = !matches!(ending, Ending::Stopped | Ending::Slow(_));
    if is_judged && ending != Ending::Succeeded {
        told.if_cut_off([Violation::new(needs::NO_OP, second(&ending))]);
    }
    let Some(after) = of_run(sources, observer, bystanders_seen).await else {
        return AttemptPhase::of(not_listed(), report, &ending);
    };
    let mut wrong = differences(sources, observer, (before, after));
    let outcome = match &ending {
        Ending::Stopped | Ending::Slow(_) => PhaseOutcome::new(Verdict::Unknown, ending.text()),
        Ending::Succeeded if wrong.is_empty() => {
            PhaseOutcome::new(Verdict::Pass, "a second provision changed nothing")
        }
        _ => {
            wrong.insert(0, second(&ending));
            let message = wrong.join("; ");
            told.violations([Violation::new(needs::NO_OP, message.clone())]);
            PhaseOutcome::new(Verdict::Fail, message)
        }
    };
    AttemptPhase::of(outcome, report, &ending)
}

fn second(ending: &Ending) -> String {
    format!("a second provision {}", ending.text())
}

/// What a second provision changed, as text.
fn differences(
    sources: Sources<'_>,
    observer: &dyn Observer,
    (before, after): (Vec<Resource>, Vec<Resource>),
) -> Vec<String> {
    let price = prices::price(sources.plan);
    // Attributed only now, so that both sides are treated alike.
    let attribution = Attribution::now(sources, observer);
    let [before, after] =
        [before, after].map(|all| attribution.without_bystanders_and_earlier(all));
    let mut wrong = Vec::new();
    for (what, differ) in [
        ("made again", new_resources(&before, &after)),
        ("lost", new_resources(&after, &before)),
    ] {
        let items: Vec<Item> = differ
            .iter()
            .map(|resource| Item::new(resource, &price, what))
            .collect();
        if !items.is_empty() {
            wrong.push(format!("{what}: {}", list(items)));
        }
    }
    if wrong.is_empty() && sources.ground_truth.is_none() {
        let altered = altered(&before, &after);
        let items = altered.iter().map(|one| Item::new(one, &price, "changed"));
        if !altered.is_empty() {
            wrong.push(format!("changed: {}", list(items.collect())));
        }
    }
    if wrong.is_empty() && sources.ground_truth.is_some() && !attribution.changed_any(&after) {
        // The same resources with the same properties: the ground truth has no lag.
        let state = |all: &[Resource]| EndState::of(sources.run, sources.plan, &[], all);
        let changed = end_state::difference(&state(&before), &state(&after));
        wrong.extend(changed.map(|words| format!("changed: {words}")));
    }
    wrong
}

/// Keeps the cluster alive for the planned duration, counted from the `first` call that created anything.
pub async fn hold(
    clock: Clock,
    cancel: &CancelToken,
    first: Timestamp,
    minutes: u32,
) -> PhaseOutcome {
    let planned = Duration::from_secs(u64::from(minutes) * 60);
    let lived = Duration::try_from(clock.now().duration_since(first)).unwrap_or_default();
    let rest = planned.saturating_sub(lived);
    tokio::select! {
        biased;
        () = cancel.cancelled() => PhaseOutcome::new(Verdict::Unknown, "was asked to stop"),
        () = tokio::time::sleep(rest) => {
            let message = if rest.is_zero() {
                format!("the planned {minutes} minutes had passed already")
            } else {
                format!("kept alive until {minutes} minutes after the first call")
            };
            PhaseOutcome::new(Verdict::Pass, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_cluster_is_held_until_its_planned_minutes_are_over_or_the_trial_is_stopped() {
        let start: Timestamp = "2026-11-02T09:05:00Z".parse().expect("a date");
        let check = |lived: i64, cancelled: bool, verdict: Verdict, message: &str, waits: u64| {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_time().start_paused(true).build();
            runtime.expect("a runtime").block_on(async {
                let clock = Clock::starting_at(start);
                let cancel = CancelToken::default();
                if cancelled {
                    cancel.cancel();
                }
                let first = start - SignedDuration::from_mins(lived);
                let outcome = hold(clock, &cancel, first, 60).await;
                assert_eq!(outcome, PhaseOutcome::new(verdict, message));
                assert_eq!(clock.elapsed().as_secs(), waits * 60);
            });
        };
        let until = "kept alive until 60 minutes after the first call";
        check(0, false, Verdict::Pass, until, 60);
        check(45, false, Verdict::Pass, until, 15);
        let over = "the planned 60 minutes had passed already";
        check(60, false, Verdict::Pass, over, 0);
        check(90, false, Verdict::Pass, over, 0);
        check(0, true, Verdict::Unknown, "was asked to stop", 0);
    }
}
