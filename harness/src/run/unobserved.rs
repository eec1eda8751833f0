//! What inventories can decide without a journal of the provisioner's calls, or without a ground truth; and which
//! oracles could not observe at all.

use std::time::Duration;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_contract::scenario::Tier;

use super::attempt::attempt;
use super::attribution::Attribution;
use super::audit_phase;
use super::leftovers;
use super::outcome::Ending;
use super::recorder::Recorder;
use super::trial_context::TrialContext;
use crate::audit::compare::{new_resources, words};
use crate::audit::inventory::{self, Inventory};
use crate::oracles::needs::{self, Source};
use crate::oracles::price::{Item, list};
use crate::oracles::{Violation, calls, duplicates};

/// How often the account is listed until pending deletions are done.
const LISTINGS_MAX: usize = 3;
/// The most resources that a sentence names.
const NAMED_MAX: usize = 10;

/// What a trial can be observed with, besides inventories, which may fail.
pub fn sources(context: &TrialContext<'_>) -> Vec<Source> {
    let mut there = vec![Source::Inventories];
    if context.ground_truth.is_some() {
        there.extend([Source::GroundTruth, Source::Meter]);
    }
    if sees_calls(context) {
        there.push(Source::Calls);
    }
    there
}

/// Whether the provisioner's calls pass through this process, which those of a program in a real cloud do not.
pub fn sees_calls(context: &TrialContext<'_>) -> bool {
    context.trial.tier == Tier::Rehearsal || !context.scenario().provisioner.is_external()
}

/// O2 without a ground truth: counts what the scenario limits, at this moment.
pub async fn duplicates_now(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if context.ground_truth.is_some() {
        return;
    }
    let phase = recorder.begin(needs::DUPLICATES);
    let observer = context.observer(Actor::Observer);
    let Some(there) = audit_phase::of_run(recorder, context, observer.as_ref()).await else {
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
    let found =
        duplicates::duplicates(&lives, &most, since, &audit_phase::price(observer.as_ref()));
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

/// An inventory without what belongs to bystanders.
pub struct RunListing {
    /// What is proven to belong to the run.
    pub of_run: Vec<Resource>,
    /// What may belong to anyone.
    pub unproven: Vec<Resource>,
}

/// The longest that one listing may take: it delays the next attempt while resources cost money. A local engine lists
/// everything within a second; one that takes longer does not answer.
fn listing_limit(tier: Tier) -> Duration {
    match tier {
        Tier::Kind => Duration::from_secs(30),
        Tier::Rehearsal | Tier::Live => Duration::from_secs(10 * 60),
    }
}

/// Lists the account. `None` when it could not be listed.
pub async fn list_run(context: &TrialContext<'_>, account: &dyn Observer) -> Option<RunListing> {
    let limit = listing_limit(context.trial.tier);
    let listed = tokio::time::timeout(limit, inventory::take(account)).await;
    let inventory = listed.ok()?;
    if !inventory.coverage.failed.is_empty() {
        return None;
    }
    let attribution = Attribution::now(context, account);
    let all = attribution.without_bystanders(inventory.resources);
    let proven = |resource: &Resource| !account.proofs(&context.run, resource, &all).is_empty();
    let (of_run, unproven) = all.iter().cloned().partition(proven);
    Some(RunListing { of_run, unproven })
}

/// The same, once nothing of the run disappears by itself any more: deletions take time to show.
pub async fn list_settled(
    context: &TrialContext<'_>,
    account: &dyn Observer,
) -> Option<RunListing> {
    let mut seen = list_run(context, account).await?;
    for _ in 1..LISTINGS_MAX {
        if seen.of_run.is_empty() {
            break;
        }
        tokio::time::sleep(account.settle()).await;
        let now = list_run(context, account).await?;
        let went = new_resources(&now.of_run, &seen.of_run);
        seen = now;
        if went.is_empty() {
            break;
        }
    }
    Some(seen)
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
    let price = audit_phase::price(auditor.as_ref());
    let priced = |what: &str, resources: &[Resource]| {
        let items = resources.iter().map(|one| Item::new(one, &price, what));
        (!resources.is_empty()).then(|| format!("{what}: {}", list(items.collect())))
    };
    let left = before
        .as_ref()
        .map(|before| leftovers::leaks(context, &before.of_run));
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
    let (verdict, message) =
        leftovers::with_listing(recorder, context, left.as_deref(), (verdict, message));
    recorder.end(phase, verdict, message);
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

/// These resources as text, at most as many as fit a sentence.
pub fn named(resources: &[Resource]) -> String {
    let mut all: Vec<String> = resources.iter().take(NAMED_MAX).map(words).collect();
    if resources.len() > NAMED_MAX {
        all.push(format!("{} more", resources.len() - NAMED_MAX));
    }
    all.join(", ")
}

/// Resources that are in both listings and differ in name, tags or properties.
pub fn altered(before: &[Resource], after: &[Resource]) -> Vec<Resource> {
    let differs = |old: &Resource| {
        let mut now = after.iter().filter(|other| other.is_same(old));
        now.next().is_some_and(|new| {
            (&new.name, &new.tags, &new.properties) != (&old.name, &old.tags, &old.properties)
        })
    };
    before.iter().filter(|old| differs(old)).cloned().collect()
}

/// Resources of the baseline that were altered and do not belong to bystanders. Empty with a ground truth, which shows
/// more.
pub fn altered_of(
    context: &TrialContext<'_>,
    account: &dyn Observer,
    baseline: &Inventory,
    after: &Inventory,
) -> Vec<Resource> {
    if context.ground_truth.is_some() {
        return Vec::new();
    }
    let attribution = Attribution::now(context, account);
    let earlier = attribution.without_bystanders(baseline.resources.clone());
    altered(&earlier, &after.resources)
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

    #[test]
    fn a_resource_is_altered_by_its_name_tags_or_properties_and_not_by_its_state() {
        let old = Resource::new("thing", "t-1", "r");
        let check = |change: &dyn Fn(&mut Resource), expected: usize| {
            let mut new = old.clone();
            change(&mut new);
            assert_eq!(altered(std::slice::from_ref(&old), &[new]).len(), expected);
        };
        check(&|_| {}, 0);
        check(&|new| new.state = "stopped".to_owned(), 0);
        check(&|new| new.name = Some("n".to_owned()), 1);
        check(
            &|new| drop(new.tags.insert("k".to_owned(), "v".to_owned())),
            1,
        );
        check(
            &|new| drop(new.properties.insert("k".to_owned(), "v".to_owned())),
            1,
        );
        check(&|new| new.id = "t-2".to_owned(), 0);
    }
}
