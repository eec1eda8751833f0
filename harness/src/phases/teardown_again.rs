//! The phase that tears down once more (O7): a second teardown changes nothing, and the first one left nothing.
//!
//! By the provisioner's calls where they are seen, else by inventories before and after.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::resource::Resource;

use crate::audit::compare::{named, new_resources};
use crate::inspect::run_listing::{leaks, list_run, list_settled};
use crate::oracles::price::{Item, list};
use crate::oracles::{Violation, calls, needs};
use crate::phases::attempt::{self, AttemptPhase, AttemptSetting};
use crate::phases::teardown::ATTEMPTS_MAX;
use crate::phases::{leftovers, reported};
use crate::prices;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial::outcome::Ending;

/// Tears down again, each time by a new `process`.
pub async fn teardown_again(
    setting: &AttemptSetting<'_>,
    process: &dyn Fn() -> Box<dyn Provisioner>,
    told: &mut Told,
) -> AttemptPhase {
    if setting.sources.sees_calls() {
        by_calls(setting, process, told).await
    } else {
        by_inventories(setting, process(), told).await
    }
}

/// What a second teardown did, as text.
fn second(ending: &Ending) -> String {
    format!("a second teardown {}", ending.text())
}

async fn by_calls(
    setting: &AttemptSetting<'_>,
    process: &dyn Fn() -> Box<dyn Provisioner>,
    told: &mut Told,
) -> AttemptPhase {
    let sources = setting.sources;
    let left = leftovers::of_run(sources, setting.account).await;
    // Of all attempts: what a faulted one removed was left by the first one too.
    let before = sources.journal.len();
    let mut ending = Ending::Stopped;
    let mut report = None;
    let mut shows = false;
    let mut is_slow = false;
    for _ in 0..ATTEMPTS_MAX {
        let attempt = attempt::teardown(setting, process()).await;
        report = reported::compare(setting, &attempt, told);
        // A faulted attempt proves nothing.
        shows = attempt.injected.is_empty();
        ending = attempt.ending;
        is_slow |= matches!(ending, Ending::Slow(_));
        if shows {
            break;
        }
    }
    let changed = calls::second_teardown(&sources.journal.calls_from(before));
    let seen = match (&ending, changed) {
        (_, None) if !shows => (
            Verdict::Skipped,
            "a fault that goes on was injected into it".to_owned(),
        ),
        (Ending::Slow(_), _) => (Verdict::Unknown, second(&ending)),
        (Ending::Succeeded, None) => (Verdict::Pass, "a no-op".to_owned()),
        // If it has something to do, the first one was no success, whatever the result of this one.
        (_, Some(mut wrong)) => {
            if sources.ground_truth.is_some() {
                let left = left.as_deref().unwrap_or_default();
                let words = leftovers::words(left, sources.plan);
                wrong.message.push_str(&words);
            }
            let message = wrong.message.clone();
            told.violations([wrong]);
            (Verdict::Fail, message)
        }
        _ => {
            let message = second(&ending);
            told.violations([Violation::new(needs::NO_OP, message.clone())]);
            (Verdict::Fail, message)
        }
    };
    // The ground truth shows by itself what the first one left.
    let outcome = if sources.ground_truth.is_some() {
        PhaseOutcome::new(seen.0, seen.1)
    } else {
        leftovers::with_listing(sources, left.as_deref(), seen)
    };
    AttemptPhase {
        phase: outcome,
        report,
        ended_by_machine: is_slow,
    }
}

async fn by_inventories(
    setting: &AttemptSetting<'_>,
    process: Box<dyn Provisioner>,
    told: &mut Told,
) -> AttemptPhase {
    let sources = setting.sources;
    let auditor = setting.account.observer(Actor::Auditor);
    let auditor = auditor.as_ref();
    let before = list_settled(sources, auditor).await;
    let attempt = attempt::teardown(setting, process).await;
    let report = reported::compare(setting, &attempt, told);
    let ending = attempt.ending;
    if ending != Ending::Succeeded {
        told.if_cut_off([Violation::new(needs::NO_OP, second(&ending))]);
    }
    let after = match before {
        Some(_) => list_run(sources, auditor).await,
        None => None,
    };
    let price = prices::price(sources.plan);
    let priced = |what: &str, resources: &[Resource]| {
        let items = resources.iter().map(|one| Item::new(one, &price, what));
        (!resources.is_empty()).then(|| format!("{what}: {}", list(items.collect())))
    };
    let left = before
        .as_ref()
        .map(|before| leaks(sources, auditor, &before.of_run));
    let (verdict, message) = match (&before, &after) {
        _ if ending != Ending::Succeeded => (Verdict::Fail, second(&ending)),
        (Some(before), Some(after)) => {
            let (went, came) = changes(&before.of_run, &after.of_run);
            let of_run: Vec<String> = [priced("removed", &went), priced("made", &came)]
                .into_iter()
                .flatten()
                .collect();
            judged(&of_run, &changes(&before.unproven, &after.unproven))
        }
        _ => (
            Verdict::Unknown,
            "the account could not be listed, so what it changed is not known".to_owned(),
        ),
    };
    if verdict == Verdict::Fail {
        told.violations([Violation::new(needs::NO_OP, message.clone())]);
    }
    let seen = (verdict, message);
    let outcome = leftovers::with_listing(sources, left.as_deref(), seen);
    AttemptPhase::of(outcome, report, &ending)
}

/// What disappeared and what appeared between two listings.
fn changes(before: &[Resource], after: &[Resource]) -> (Vec<Resource>, Vec<Resource>) {
    (new_resources(after, before), new_resources(before, after))
}

/// The second teardown changed what belongs to the run; the owner of what has no proof is unknown.
fn judged(of_run: &[String], (went, came): &(Vec<Resource>, Vec<Resource>)) -> (Verdict, String) {
    if !of_run.is_empty() {
        let message = format!("a second teardown changed things: {}", of_run.join("; "));
        return (Verdict::Fail, message);
    }
    let unproven: Vec<String> = [("went", went), ("came", came)]
        .into_iter()
        .filter(|(_, resources)| !resources.is_empty())
        .map(|(what, resources)| format!("{what} meanwhile: {}", named(resources)))
        .collect();
    if unproven.is_empty() {
        let message = "a no-op, as inventories before and after show";
        return (Verdict::Pass, message.to_owned());
    }
    let message = format!("{}; who did that is unknown", unproven.join("; "));
    (Verdict::Unknown, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_teardown_changed_of_the_run_fails_and_anything_else_is_unknown() {
        let thing = |id: &str| vec![Resource::new("thing", id, "r")];
        let check = |of_run: &[&str], unproven: (Vec<Resource>, Vec<Resource>), expected| {
            let of_run: Vec<String> = of_run.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(judged(&of_run, &unproven).0, expected);
        };
        check(&[], (vec![], vec![]), Verdict::Pass);
        check(&["removed: thing t-1"], (vec![], vec![]), Verdict::Fail);
        check(&["removed: thing t-1"], (thing("x"), vec![]), Verdict::Fail);
        check(&[], (thing("x"), vec![]), Verdict::Unknown);
        check(&[], (vec![], thing("x")), Verdict::Unknown);
        assert_eq!(changes(&thing("a"), &thing("b")), (thing("a"), thing("b")));
    }
}
