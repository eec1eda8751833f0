//! The phases that look at the whole account: the baseline before, the audit after.
//!
//! Apart from the comparison (`audit::compare`), which is pure.

use kubeproof_contract::Decimal;
use kubeproof_contract::account::Account;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;

use super::book::Book;
use super::check_rows::audit_words;
use super::others::Others;
use super::stage::Stage;
use super::unobserved;
use super::whose::{describe, went_unseen};
use crate::audit::compare;
use crate::audit::inventory::{self, Inventory};
use crate::oracles;
use crate::oracles::foreign::{self, Harmed};

/// How often the account is looked at again when something is still there: deletions take time to show.
const LOOKS_MAX: usize = 3;

/// Takes the baseline. `None` stops the trial: what cannot be listed before cannot be proven clean
/// after.
pub async fn baseline(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
) -> Option<Inventory> {
    let begun = book.begin("baseline");
    let inventory = inventory::take(auditor).await;
    compare_with_truth(book, stage, auditor, &inventory, "before the run");
    let count = inventory.resources.len();
    if inventory.coverage.failed.is_empty() {
        let cells = inventory.coverage.cells;
        book.end(
            begun,
            Verdict::Pass,
            format!("{count} resources in {cells} cells"),
        );
        return Some(inventory);
    }
    let failed = inventory.coverage.failed.join("; ");
    book.audit = compare::audit(Vec::new(), Vec::new(), inventory.coverage, stage.trial.tier);
    let message = format!(
        "the account cannot be listed, so a leak could not be seen: {failed}; nothing was created"
    );
    book.end(begun, Verdict::Unknown, message);
    None
}

/// What keeping a resource costs a month, as this account's price list has it.
pub fn price(account: &dyn Account) -> impl Fn(&Resource) -> Option<Decimal> + '_ {
    |resource| account.monthly_cost(resource).map(|cost| cost.usd)
}

/// Audits the account against the baseline, and against the decoys that there were. Returns the new resources that
/// may stay.
pub async fn audit(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
    decoys: &[(Resource, String)],
) -> Vec<Resource> {
    let begun = book.begin("audit");
    let after = settled(book, stage, auditor, baseline).await;
    let types = auditor.resource_types();
    let mut coverage = compare::both(&baseline.coverage, &after.coverage);
    if stage.trial.tier == Tier::Live && types.iter().any(|of_type| !of_type.global) {
        let regions = auditor.regions().join(", ");
        coverage.not_covered.push(format!(
            "regions other than {regions}: `kubeproof audit` looks at all that are enabled"
        ));
    }
    let (new, mut neighbours) = new_of_nobody_else(book, stage, auditor, baseline, &after);
    let new = match auditor.complete(new.clone()).await {
        Ok(complete) => complete,
        Err(error) => {
            coverage
                .failed
                .push(format!("details of new resources: {error}"));
            new
        }
    };
    let may_stay = |resource: &&Resource| compare::stays(resource, types).is_some();
    let staying: Vec<Resource> = new.iter().filter(may_stay).cloned().collect();
    let (orphans, mut stays) = compare::split(new, types);
    stays.append(&mut neighbours);
    let (orphans, mut others) = describe(stage, auditor, &orphans, &after.resources).await;
    stays.append(&mut others);
    coverage
        .failed
        .extend(went_unseen(stage, auditor, baseline, &after));
    let tier = stage.trial.tier;
    book.audit = compare::audit(orphans, stays, coverage, tier);
    judge(book, stage, auditor, baseline, &after, decoys);
    let message = audit_words(&book.audit);
    book.end(begun, book.audit.verdict, message);
    book.altered = unobserved::altered_of(stage, auditor, baseline, &after);
    staying
}

/// Leaves the account alone for a while and lists it, again while something new is in it: deletions
/// take time to show.
async fn settled(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
) -> Inventory {
    let settle = auditor.settle();
    tokio::time::sleep(settle).await;
    let mut after = inventory::take(auditor).await;
    for _ in 1..LOOKS_MAX {
        let (new, _) = new_of_nobody_else(book, stage, auditor, baseline, &after);
        if compare::split(new, auditor.resource_types()).0.is_empty() {
            break;
        }
        tokio::time::sleep(settle).await;
        after = inventory::take(auditor).await;
    }
    after
}

/// What is new, without what certainly is a neighbour's; that in sentences.
fn new_of_nobody_else(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
    after: &Inventory,
) -> (Vec<Resource>, Vec<String>) {
    let others = Others::now(stage, auditor);
    let (new, theirs) = others.arrivals(&baseline.resources, &after.resources);
    let words =
        |(resource, proof): &(Resource, String)| format!("{}: {proof}", compare::words(resource));
    let neighbours = theirs.iter().map(words).collect();
    let resources = theirs.into_iter().map(|(resource, _)| resource);
    book.neighbours.extend(resources);
    (new, neighbours)
}

/// What exists now: in rehearsal all of the truth; elsewhere what is listed and proven to be of the run.
/// `None` when it cannot be listed.
pub async fn of_run(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    account: &dyn Account,
) -> Option<Vec<Resource>> {
    if let Some(world) = &stage.world {
        return Some(world.inventory());
    }
    let others = Others::now(stage, account);
    let inventory = inventory::take(account).await;
    if !inventory.coverage.failed.is_empty() {
        return None;
    }
    let all = &inventory.resources;
    let theirs = |resource: &&Resource| others.proof(resource, all).is_some();
    book.neighbours.extend(all.iter().filter(theirs).cloned());
    let ours = |resource: &&Resource| !account.proofs(&stage.run, resource, all).is_empty();
    Some(all.iter().filter(ours).cloned().collect())
}

/// After the teardown of a failed first attempt: nothing may be left of it.
pub async fn nothing_left(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
) {
    let begun = book.begin("left");
    let after = settled(book, stage, auditor, baseline).await;
    let (new, _) = new_of_nobody_else(book, stage, auditor, baseline, &after);
    let (left, _) = compare::split(new, auditor.resource_types());
    match (after.coverage.failed.is_empty(), left.is_empty()) {
        (true, true) => book.end(begun, Verdict::Pass, "the first attempt left nothing"),
        (false, true) => {
            let failed = after.coverage.failed.join("; ");
            book.end(
                begun,
                Verdict::Unknown,
                format!("cannot be listed: {failed}"),
            );
        }
        (_, false) => {
            let (left, _) = describe(stage, auditor, &left, &after.resources).await;
            let tier = stage.trial.tier;
            let words: Vec<String> = left.iter().map(compare::orphan_words).collect();
            let message = format!("of the first attempt there still is: {}", words.join(", "));
            let verdict = compare::verdict(&left, &after.coverage, tier);
            book.find_all(oracles::orphans::listed(&left, book.torn_down, tier));
            book.end(begun, verdict, message);
        }
    }
}

/// While nobody gets an answer, an audit must not claim to know.
pub async fn must_be_unknown(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
) {
    let begun = book.begin("audit-blind");
    let looked = inventory::take(auditor).await;
    let (new, _) = new_of_nobody_else(book, stage, auditor, baseline, &looked);
    let (orphans, _) = compare::split(new, auditor.resource_types());
    let (orphans, _) = describe(stage, auditor, &orphans, &looked.resources).await;
    let verdict = compare::verdict(&orphans, &looked.coverage, stage.trial.tier);
    let (listed, cells) = (looked.coverage.listed, looked.coverage.cells);
    if verdict == Verdict::Unknown {
        let message = format!("unknown (as forced): {listed} of {cells} cells listed");
        book.end(begun, Verdict::Pass, message);
    } else {
        let message = format!(
            "the audit says {verdict} though nobody gets an answer: {} orphans, {listed} of {cells} \
             cells listed",
            orphans.len()
        );
        book.end_judged(begun, Verdict::Fail, message);
    }
}

/// The oracles that compare the account before and after.
fn judge(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
    after: &Inventory,
    decoys: &[(Resource, String)],
) {
    let price = price(auditor);
    let said_clean = book.torn_down;
    let orphans = book.audit.orphans.clone();
    book.find_all(oracles::orphans::listed(
        &orphans,
        said_clean,
        stage.trial.tier,
    ));
    let mut gone = Vec::new();
    if after.coverage.failed.is_empty() {
        gone = of_others(book, stage, auditor, baseline, &after.resources);
    }
    of_decoys(book, stage, auditor, decoys, &gone);
    compare_with_truth(book, stage, auditor, after, "after the run");
    if let Some(world) = &stage.world {
        let truth = world.inventory();
        book.find_all(oracles::orphans::unlisted(
            &baseline.resources,
            &truth,
            &orphans,
            |left| book_stays(left, &after.resources),
            &price,
        ));
    }
}

/// O6: what neighbours had before the run and what they brought during it is gone by their own doing only.
/// Returns all that is gone of what was there before.
pub fn of_others(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
    after: &[Resource],
) -> Vec<Resource> {
    let others = Others::now(stage, auditor);
    let gone = compare::new_resources(after, &baseline.resources);
    let mut taken = gone.clone();
    taken.retain(|resource| others.taken(resource));
    for left in gone.iter().filter(|gone| !taken.contains(gone)) {
        let words = compare::words(left);
        book.note(&format!(
            "{words} was there before the run and is gone; no call of the run's names it"
        ));
    }
    harm(book, auditor, &foreign::gone(&taken));
    let seen = compare::new_resources(&baseline.resources, &book.neighbours);
    let arrivals = others.arrivals_taken(&seen, after);
    harm(book, auditor, &foreign::taken(&arrivals));
    gone
}

/// O6: the decoys are there, and are what they were.
pub fn of_decoys(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    before: &[(Resource, String)],
    known_gone: &[Resource],
) {
    if let Some(world) = &stage.world {
        harm(
            book,
            auditor,
            &foreign::decoys(before, &world.decoys(), known_gone),
        );
    }
}

/// Writes what others have lost into the findings and into the audit, whose verdict it is.
fn harm(book: &mut Book<'_, '_>, auditor: &dyn Account, harmed: &[Harmed]) {
    let price = price(auditor);
    book.find_all(foreign::wrongs(harmed, &price));
    foreign::into_audit(&mut book.audit, harmed, &price);
}

/// Whether the audit saw this resource and knows that it may stay.
fn book_stays(left: &Resource, listed: &[Resource]) -> bool {
    listed.iter().any(|resource| resource.is_same(left))
}

/// O3: the auditor's inventory is the simulator's truth.
fn compare_with_truth(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    inventory: &Inventory,
    when: &str,
) {
    if stage.trial.tier != Tier::Rehearsal || !inventory.coverage.failed.is_empty() {
        return;
    }
    if let Some(world) = &stage.world {
        let truth = world.inventory();
        book.find_all(oracles::truth::inventory(
            &inventory.resources,
            &truth,
            when,
            &price(auditor),
        ));
    }
}
