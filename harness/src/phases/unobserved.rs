//! What inventories can decide without a journal of the provisioner's calls, or without a ground truth; and which
//! oracles could not observe at all.

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_reports::record::Cost;

use crate::audit::compare::{named, new_resources};
use crate::inspect::run_listing::{leaks, list_run, list_settled};
use crate::oracles::needs::{self, Source};
use crate::oracles::price::{Item, list};
use crate::oracles::{Violation, calls, duplicates};
use crate::phases::attempt::attempt;
use crate::phases::leftovers;
use crate::prices;
use crate::recorder::Recorder;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial::outcome::Ending;
use crate::trial_context::TrialContext;
use crate::trial_context::account::Account as _;

/// O2 without a ground truth: counts what the scenario limits, at this moment. `there` is what was listed of the run,
/// `None` if it could not be listed.
pub fn duplicates_now(
    there: Option<Vec<Resource>>,
    plan: &dyn Plan,
    since: Timestamp,
) -> PhaseOutcome {
    let Some(there) = there else {
        return PhaseOutcome::new(Verdict::Unknown, "the account could not be listed");
    };
    let life = |resource: Resource| Lifespan {
        resource,
        from: since,
        to: None,
    };
    let lives: Vec<Lifespan> = there.into_iter().map(life).collect();
    let found = duplicates::duplicates(&lives, plan, since);
    let count = lives.len();
    let (verdict, message) = match found.first() {
        None => (
            Verdict::Pass,
            format!("{count} resources of the run, no more than needed of any type"),
        ),
        Some(wrong) => (Verdict::Fail, wrong.message.clone()),
    };
    let mut told = Told::default();
    told.violations(found);
    PhaseOutcome::new(verdict, message).with(told)
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
    let price = prices::price(context.plan.as_ref());
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
    let seen = (verdict, message);
    let outcome = leftovers::with_listing(context.plan.as_ref(), left.as_deref(), seen);
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

/// O5 without the provisioner's calls.
pub fn ends(there: &[Source]) -> Option<PhaseOutcome> {
    let lacks = needs::missing(needs::ENDS, there)?;
    let deadlines = "deadlines were watched; the number of calls and `Retry-After` were not";
    let message = format!("{lacks}: {deadlines}");
    Some(PhaseOutcome::new(Verdict::Unknown, message))
}

/// What was altered without a ground truth, as text: no finding by itself.
pub fn altered(altered: &[Resource]) -> String {
    let altered = named(altered);
    format!("was there before and was altered: {altered}")
}

/// O6 without the provisioner's calls: it is unknown who altered something.
pub fn altered_by_unknown(altered_resources: &[Resource]) -> PhaseOutcome {
    let message = altered(altered_resources);
    let message = format!("{message}; by whom is unknown without the provisioner's calls");
    PhaseOutcome::new(Verdict::Unknown, message)
}

/// O4 without a meter: by the bill, once there is one.
pub fn budget(cost: &Cost, budget: Decimal, there: &[Source]) -> Option<PhaseOutcome> {
    if cost.free || there.contains(&Source::Meter) {
        return None;
    }
    let Some(billed) = cost.billed else {
        let verdict = match cost.verdict {
            Verdict::Pending => Verdict::Pending,
            _ => Verdict::Unknown,
        };
        let lacks = needs::missing(needs::BILL, there).unwrap_or_default();
        return Some(PhaseOutcome::new(verdict, lacks));
    };
    Some(match calls::billed(billed, budget) {
        None => PhaseOutcome::new(Verdict::Pass, "the bill is within the budget"),
        Some(Violation { message, .. }) => {
            let mut told = Told::default();
            told.violations([Violation::new(needs::BILL, message.clone())]);
            PhaseOutcome::new(Verdict::Fail, message).with(told)
        }
    })
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
