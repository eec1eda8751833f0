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
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Ready;

use crate::audit::compare::{altered, new_resources};
use crate::inspect::attribution::Attribution;
use crate::inspect::run_listing::of_run;
use crate::oracles::end_state;
use crate::oracles::price::{Item, list};
use crate::phases::attempt::{attempt, conditions, end, injections};
use crate::phases::reported;
use crate::prices;
use crate::recorder::Recorder;
use crate::recorder::phase_outcome::PhaseOutcome;
use crate::scenario::injectable;
use crate::trial::outcome::{self, Ending};
use crate::trial::output::EndState;
use crate::trial_context::TrialContext;
use crate::trial_context::account::Account as _;
use crate::trial_context::cancel::CancelToken;

/// The first attempt: what it created, and whether a new process is to try again.
pub async fn first(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
) -> (Option<Provisioned>, bool) {
    let minutes = context.scenario().limits.provision_minutes;
    let phase = recorder.begin("provision");
    recorder.provisioning_since = Some(context.clock.now());
    let before = context.clock.elapsed();
    let mut provisioner = context.first_provisioner();
    let (ending, made) = attempt(recorder, context, minutes, true, provisioner.provision()).await;
    // The process is gone, with all of its memory.
    drop(provisioner);
    context.faults.first_attempt_is_over();
    let meaning = outcome::first_provision(conditions(context), &ending);
    end(recorder, phase, "provisioning", &ending, &meaning);
    reported::check_account(recorder, context).await;
    if made.is_some() && context.trial.is_main() {
        note_ready(recorder, context, before);
    }
    (made, meaning.again)
}

/// Later attempts, each by a new process: as many as faults remain to be injected, and one more. `None` when there is
/// no cluster in the end, which is recorded.
pub async fn retry(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
) -> Option<Provisioned> {
    let faults = context.trial.faults();
    let most = outcome::later_attempts(&context.faults.tally());
    let provider = context.trial.scenario.provider.as_ref();
    let shows_later = |fault: &Fault| injectable::shows_later(fault, provider);
    for number in 1..=most {
        let excused = outcome::excused(&faults, number == most, shows_later);
        let (made, again) = once_more(recorder, context, excused).await;
        if made.is_some() || !again {
            return made;
        }
    }
    no_cluster(recorder, context, most + 1);
    None
}

/// Records that there is no cluster, which is never a pass.
fn no_cluster(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>, attempts: usize) {
    let tally = context.faults.tally();
    let goes_on = |(fault, count): &&(Fault, Count)| {
        fault.target.lasts() || count.attempted < fault.target.times
    };
    let going_on: Vec<&Fault> = tally.iter().filter(goes_on).map(|one| &one.0).collect();
    // A campaign only checks what a lasting fault leaves behind.
    if context.trial.is_campaign() && !going_on.is_empty() {
        return;
    }
    let phase = recorder.begin("recovery");
    let meaning = outcome::no_cluster(attempts, &going_on);
    recorder.end_judged(phase, meaning.verdict, meaning.message);
}

async fn once_more(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    excused: bool,
) -> (Option<Provisioned>, bool) {
    let minutes = context.scenario().limits.provision_minutes;
    let before = injections(context);
    let phase = recorder.begin("retry");
    let mut provisioner = context.provisioner();
    let (ending, made) = attempt(recorder, context, minutes, true, provisioner.provision()).await;
    drop(provisioner);
    let injected = injections(context) > before || excused;
    let meaning = outcome::later_provision(context.trial.expected(), &ending, injected);
    end(recorder, phase, "provisioning", &ending, &meaning);
    reported::check_account(recorder, context).await;
    (made, meaning.again)
}

fn note_ready(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>, before: Duration) {
    let fastest = context
        .ground_truth
        .as_ref()
        .and_then(|ground_truth| ground_truth.fastest_ready());
    recorder.ready = Some(Ready {
        seconds: context.clock.elapsed().saturating_sub(before).as_secs(),
        floor_seconds: fastest.as_ref().map(|(floor, _)| floor.as_secs()),
        chain: fastest.map(|(_, chain)| chain),
    });
}

/// O7: a second provision converges: it succeeds, makes nothing new and changes nothing.
pub async fn converge(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if context.trial.tier == Tier::Live {
        recorder.skip(
            "converge",
            "skipped when live: another full listing costs money",
        );
        return;
    }
    let phase = recorder.begin("converge");
    let observer = context.observer(Actor::Observer);
    let Some(before) = of_run(context, observer.as_ref(), &mut recorder.bystanders_seen).await
    else {
        recorder.end(phase, Verdict::Unknown, "the account could not be listed");
        return;
    };
    let minutes = context.scenario().limits.provision_minutes;
    let mut provisioner = context.provisioner();
    let (ending, _) = attempt(recorder, context, minutes, true, provisioner.provision()).await;
    drop(provisioner);
    let Some(after) = of_run(context, observer.as_ref(), &mut recorder.bystanders_seen).await
    else {
        recorder.end(phase, Verdict::Unknown, "the account could not be listed");
        return;
    };
    let price = prices::price(context.plan.as_ref());
    // Attributed only now, so that both sides are treated alike.
    let attribution = Attribution::now(context, observer.as_ref());
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
    if wrong.is_empty() && context.ground_truth.is_none() {
        let altered = altered(&before, &after);
        let items = altered.iter().map(|one| Item::new(one, &price, "changed"));
        if !altered.is_empty() {
            wrong.push(format!("changed: {}", list(items.collect())));
        }
    }
    if wrong.is_empty() && context.ground_truth.is_some() && !attribution.changed_any(&after) {
        // The same resources with the same properties: the ground truth has no lag.
        let state = |all: &[Resource]| EndState::of(&context.run, context.plan.as_ref(), &[], all);
        let changed = end_state::difference(&state(&before), &state(&after));
        wrong.extend(changed.map(|words| format!("changed: {words}")));
    }
    match ending {
        Ending::Stopped | Ending::Slow(_) => {
            recorder.end(phase, Verdict::Unknown, ending.text());
        }
        Ending::Succeeded if wrong.is_empty() => {
            recorder.end(phase, Verdict::Pass, "a second provision changed nothing");
        }
        _ => {
            wrong.insert(0, format!("a second provision {}", ending.text()));
            recorder.add_finding("O7 no-op", wrong.join("; "));
            recorder.end(phase, Verdict::Fail, wrong.join("; "));
        }
    }
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
