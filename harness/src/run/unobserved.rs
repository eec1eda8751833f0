//! What inventories decide where there is no journal of the provisioner's calls, or no ground truth; and
//! which oracles could not observe at all.

use std::time::Duration;

use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::{Life, Resource};
use kubeproof_contract::scenario::Tier;

use super::attempt::attempt;
use super::book::Book;
use super::expect::Ending;
use super::left;
use super::look;
use super::others::Others;
use super::stage::Stage;
use crate::audit::compare::{new_resources, words};
use crate::audit::inventory::{self, Inventory};
use crate::oracles::needs::{self, Source};
use crate::oracles::price::{Item, list};
use crate::oracles::{Wrong, calls, twins};

/// How often the account is looked at until what is on its way out has gone.
const LOOKS_MAX: usize = 3;
/// The most resources that a sentence names.
const NAMED_MAX: usize = 10;

/// What a trial can be observed with, besides inventories, which may fail.
pub fn sources(stage: &Stage<'_>) -> Vec<Source> {
    let mut there = vec![Source::Inventories];
    if stage.world.is_some() {
        there.extend([Source::Truth, Source::Meter]);
    }
    if sees_calls(stage) {
        there.push(Source::Calls);
    }
    there
}

/// Whether the provisioner's calls pass through this process: not those of a program in a real cloud.
pub fn sees_calls(stage: &Stage<'_>) -> bool {
    stage.trial.tier == Tier::Rehearsal || !stage.scenario().provisioner.is_external()
}

/// O2 without a truth: how many there are of what the scenario limits, at this moment.
pub async fn twins_at(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    if stage.world.is_some() {
        return;
    }
    let begun = book.begin(needs::TWINS);
    let observer = stage.account(Actor::Observer);
    let Some(there) = look::of_run(book, stage, observer.as_ref()).await else {
        book.end(begun, Verdict::Unknown, "the account could not be listed");
        return;
    };
    let since = stage.run.started_at;
    let life = |resource: Resource| Life {
        resource,
        from: since,
        to: None,
    };
    let lives: Vec<Life> = there.into_iter().map(life).collect();
    let most = observer.most_at_once();
    let found = twins::twins(&lives, &most, since, &look::price(observer.as_ref()));
    let count = lives.len();
    let (verdict, message) = match found.first() {
        None => (
            Verdict::Pass,
            format!("{count} resources of the run, no more than needed of any type"),
        ),
        Some(wrong) => (Verdict::Fail, wrong.message.clone()),
    };
    book.find_all(found);
    book.end(begun, verdict, message);
}

/// What an inventory shows: all but what is a neighbour's.
pub struct Sight {
    /// What is proven to be the run's.
    pub of_run: Vec<Resource>,
    /// What may be anybody's.
    pub unproven: Vec<Resource>,
}

/// The longest that one look may take: it keeps the next attempt waiting, and what is there costs money meanwhile. An
/// engine on this machine lists what it has in a second; one that takes longer has fallen silent.
fn look_limit(tier: Tier) -> Duration {
    match tier {
        Tier::Kind => Duration::from_secs(30),
        Tier::Rehearsal | Tier::Live => Duration::from_secs(10 * 60),
    }
}

/// A look at the account. `None` when it could not be listed.
pub async fn sight(stage: &Stage<'_>, account: &dyn Account) -> Option<Sight> {
    let limit = look_limit(stage.trial.tier);
    let looked = tokio::time::timeout(limit, inventory::take(account)).await;
    let inventory = looked.ok()?;
    if !inventory.coverage.failed.is_empty() {
        return None;
    }
    let others = Others::now(stage, account);
    let all = others.without_theirs(inventory.resources);
    let proven = |resource: &Resource| !account.proofs(&stage.run, resource, &all).is_empty();
    let (of_run, unproven) = all.iter().cloned().partition(proven);
    Some(Sight { of_run, unproven })
}

/// The same once nothing of the run goes any more by itself: deletions take time to show.
pub async fn at_rest(stage: &Stage<'_>, account: &dyn Account) -> Option<Sight> {
    let mut seen = sight(stage, account).await?;
    for _ in 1..LOOKS_MAX {
        if seen.of_run.is_empty() {
            break;
        }
        tokio::time::sleep(account.settle()).await;
        let now = sight(stage, account).await?;
        let went = new_resources(&now.of_run, &seen.of_run);
        seen = now;
        if went.is_empty() {
            break;
        }
    }
    Some(seen)
}

/// O7 without a journal: a second teardown changes nothing that inventories show.
pub async fn teardown_again(book: &mut Book<'_, '_>, stage: &Stage<'_>, minutes: u32) {
    let begun = book.begin("teardown-again");
    let auditor = stage.account(Actor::Auditor);
    let before = at_rest(stage, auditor.as_ref()).await;
    let mut provisioner = stage.provisioner();
    let (ending, _) = attempt(book, stage, minutes, false, provisioner.teardown()).await;
    drop(provisioner);
    let after = match before {
        Some(_) => sight(stage, auditor.as_ref()).await,
        None => None,
    };
    let price = look::price(auditor.as_ref());
    let priced = |what: &str, resources: &[Resource]| {
        let items = resources.iter().map(|one| Item::new(one, &price, what));
        (!resources.is_empty()).then(|| format!("{what}: {}", list(items.collect())))
    };
    let left = before
        .as_ref()
        .map(|before| left::leaks(stage, &before.of_run));
    let (verdict, message) = match (&before, &after) {
        _ if ending != Ending::Succeeded => (
            Verdict::Fail,
            format!("a second teardown {}", ending.words()),
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
        book.find(needs::NO_OP, &message);
    }
    let (verdict, message) = left::with_look(book, stage, left.as_deref(), (verdict, message));
    book.end(begun, verdict, message);
}

/// What went and what came between two looks.
fn changes(before: &[Resource], after: &[Resource]) -> (Vec<Resource>, Vec<Resource>) {
    (new_resources(after, before), new_resources(before, after))
}

/// What changed of the run is the second teardown's doing; of what bears no proof the owner is unknown.
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
    let message = format!(
        "{}; whose doing that is cannot be told",
        unproven.join("; ")
    );
    (Verdict::Unknown, message)
}

/// These resources in words, as many as a sentence takes.
pub fn named(resources: &[Resource]) -> String {
    let mut all: Vec<String> = resources.iter().take(NAMED_MAX).map(words).collect();
    if resources.len() > NAMED_MAX {
        all.push(format!("{} more", resources.len() - NAMED_MAX));
    }
    all.join(", ")
}

/// Resources that are in both looks and differ in name, tags or properties.
pub fn altered(before: &[Resource], after: &[Resource]) -> Vec<Resource> {
    let differs = |old: &Resource| {
        let mut now = after.iter().filter(|other| other.is_same(old));
        now.next().is_some_and(|new| {
            (&new.name, &new.tags, &new.facts) != (&old.name, &old.tags, &old.facts)
        })
    };
    before.iter().filter(|old| differs(old)).cloned().collect()
}

/// What of the baseline was altered and is not a neighbour's. Where there is a truth, it is asked instead.
pub fn altered_of(
    stage: &Stage<'_>,
    account: &dyn Account,
    baseline: &Inventory,
    after: &Inventory,
) -> Vec<Resource> {
    if stage.world.is_some() {
        return Vec::new();
    }
    let others = Others::now(stage, account);
    let earlier = others.without_theirs(baseline.resources.clone());
    altered(&earlier, &after.resources)
}

/// Ends a trial in which something was provisioned: each oracle that could not observe is a phase that is
/// unknown, and says what it lacks.
pub fn tell(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    if !book.has("provision") {
        return;
    }
    let there = sources(stage);
    if let Some(lacks) = needs::missing(needs::ENDS, &there) {
        let deadlines = "deadlines were watched; the number of calls and `Retry-After` were not";
        let begun = book.begin(needs::ENDS);
        book.end(begun, Verdict::Unknown, format!("{lacks}: {deadlines}"));
    }
    bystanders(book, stage);
    budget(book, stage, &there);
}

/// O6 without a truth: what was altered is no finding by itself, and no proof of innocence where
/// the provisioner's calls are not seen.
fn bystanders(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    if stage.world.is_some() || book.altered.is_empty() {
        return;
    }
    let message = format!("was there before and was altered: {}", named(&book.altered));
    if sees_calls(stage) {
        book.note(&message);
        return;
    }
    let begun = book.begin(needs::DECOYS);
    let message = format!("{message}; by whom cannot be told without the provisioner's calls");
    book.end(begun, Verdict::Unknown, message);
}

/// O4 without a meter: by the bill, once there is one.
fn budget(book: &mut Book<'_, '_>, stage: &Stage<'_>, there: &[Source]) {
    if book.cost.free || there.contains(&Source::Meter) {
        return;
    }
    let begun = book.begin(needs::BILL);
    let budget = stage.scenario().cost.budget_usd.0;
    let Some(billed) = book.cost.billed else {
        let verdict = match book.cost.verdict {
            Verdict::Pending => Verdict::Pending,
            _ => Verdict::Unknown,
        };
        let lacks = needs::missing(needs::BILL, there).unwrap_or_default();
        book.end(begun, verdict, lacks);
        return;
    };
    match calls::billed(billed, budget) {
        None => book.end(begun, Verdict::Pass, "the bill is within the budget"),
        Some(Wrong { message, .. }) => {
            book.find(needs::BILL, &message);
            book.end(begun, Verdict::Fail, message);
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
            &|new| drop(new.facts.insert("k".to_owned(), "v".to_owned())),
            1,
        );
        check(&|new| new.id = "t-2".to_owned(), 0);
    }
}
