//! What inventories can decide without a journal of the provisioner's calls, or without a ground truth; and which
//! oracles could not observe at all.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::{Lifetime, Resource};

use crate::audit::compare::{named, new_resources};
use crate::inspect::run_listing::{leaks, list_run, list_settled, of_run};
use crate::inspect::sources::{sees_calls, sources};
use crate::oracles::needs::{self, Source};
use crate::oracles::price::{Item, list};
use crate::oracles::{Violation, calls, duplicates};
use crate::phases::attempt::attempt;
use crate::phases::leftovers;
use crate::prices;
use crate::recorder::Recorder;
use crate::trial::outcome::Ending;
use crate::trial_context::TrialContext;
use crate::trial_context::account::Account as _;

/// O2 without a ground truth: counts what the scenario limits, at this moment.
pub async fn duplicates_now(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if context.ground_truth.is_some() {
        return;
    }
    let phase = recorder.begin(needs::DUPLICATES);
    let observer = context.observer(Actor::Observer);
    let Some(there) = of_run(context, observer.as_ref(), &mut recorder.bystanders_seen).await
    else {
        recorder.end(phase, Verdict::Unknown, "the account could not be listed");
        return;
    };
    let since = context.run.started_at;
    let life = |resource: Resource| Lifetime {
        resource,
        from: since,
        to: None,
    };
    let lives: Vec<Lifetime> = there.into_iter().map(life).collect();
    let most = observer.most_at_once();
    let found = duplicates::duplicates(&lives, &most, since, &prices::price(observer.as_ref()));
    let count = lives.len();
    let (verdict, message) = match found.first() {
        None => (
            Verdict::Pass,
            format!("{count} resources of the run, no more than needed of any type"),
        ),
        Some(wrong) => (Verdict::Fail, wrong.message.clone()),
    };
    recorder.add_violations(found);
    recorder.end(phase, verdict, message);
}

/// O7 without a journal: a second teardown changes nothing that inventories show.
pub async fn teardown_again(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    minutes: u32,
) {
    let phase = recorder.begin("teardown-again");
    let auditor = context.observer(Actor::Auditor);
    let before = list_settled(context, auditor.as_ref()).await;
    let mut provisioner = context.provisioner();
    let (ending, _) = attempt(recorder, context, minutes, false, provisioner.teardown()).await;
    drop(provisioner);
    let after = match before {
        Some(_) => list_run(context, auditor.as_ref()).await,
        None => None,
    };
    let price = prices::price(auditor.as_ref());
    let priced = |what: &str, resources: &[Resource]| {
        let items = resources.iter().map(|one| Item::new(one, &price, what));
        (!resources.is_empty()).then(|| format!("{what}: {}", list(items.collect())))
    };
    let left = before.as_ref().map(|before| leaks(context, &before.of_run));
    let (verdict, message) = match (&before, &after) {
        _ if ending != Ending::Succeeded => (
            Verdict::Fail,
            format!("a second teardown {}", ending.text()),
        ),
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
        recorder.add_finding(needs::NO_OP, &message);
    }
    let observer = context.observer(Actor::Observer);
    let seen = (verdict, message);
    let outcome = leftovers::with_listing(observer.as_ref(), left.as_deref(), seen);
    recorder.write(phase, outcome);
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

/// Records each oracle that could not observe as an unknown phase that says what it lacks, if anything was provisioned.
pub fn record_unobserved(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if !recorder.has("provision") {
        return;
    }
    let there = sources(context);
    if let Some(lacks) = needs::missing(needs::ENDS, &there) {
        let deadlines = "deadlines were watched; the number of calls and `Retry-After` were not";
        let phase = recorder.begin(needs::ENDS);
        recorder.end(phase, Verdict::Unknown, format!("{lacks}: {deadlines}"));
    }
    unobserved_bystanders(recorder, context);
    budget(recorder, context, &there);
}

/// O6 without a ground truth: an altered resource is no finding by itself, but without the provisioner's calls it is
/// unknown who altered it.
fn unobserved_bystanders(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if context.ground_truth.is_some() || recorder.altered.is_empty() {
        return;
    }
    let message = format!(
        "was there before and was altered: {}",
        named(&recorder.altered)
    );
    if sees_calls(context) {
        recorder.note(&message);
        return;
    }
    let phase = recorder.begin(needs::BYSTANDERS);
    let message = format!("{message}; by whom is unknown without the provisioner's calls");
    recorder.end(phase, Verdict::Unknown, message);
}

/// O4 without a meter: by the bill, once there is one.
fn budget(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>, there: &[Source]) {
    if recorder.cost.free || there.contains(&Source::Meter) {
        return;
    }
    let phase = recorder.begin(needs::BILL);
    let budget = context.scenario().cost.budget_usd.0;
    let Some(billed) = recorder.cost.billed else {
        let verdict = match recorder.cost.verdict {
            Verdict::Pending => Verdict::Pending,
            _ => Verdict::Unknown,
        };
        let lacks = needs::missing(needs::BILL, there).unwrap_or_default();
        recorder.end(phase, verdict, lacks);
        return;
    };
    match calls::billed(billed, budget) {
        None => recorder.end(phase, Verdict::Pass, "the bill is within the budget"),
        Some(Violation { message, .. }) => {
            recorder.add_finding(needs::BILL, &message);
            recorder.end(phase, Verdict::Fail, message);
        }
    }
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
