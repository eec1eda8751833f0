//! The phases that list the whole account: the baseline before the run, the audit after it.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;

use crate::audit::compare;
use crate::audit::inventory::{self, Inventory};
use crate::inspect::attribution::Attribution;
use crate::inspect::orphan_attribution::{describe, went_unseen};
use crate::inspect::run_listing::altered_of;
use crate::oracles;
use crate::oracles::bystanders::{self, HarmedResource};
use crate::prices;
use crate::recorder::Recorder;
use crate::recorder::checklist::audit_words;
use crate::trial_context::TrialContext;

/// How often the account is listed while something is still there: deletions take time to show.
const LISTINGS_MAX: usize = 3;

/// Takes the baseline. `None` stops the trial: an account that cannot be listed before cannot be proven clean after.
pub async fn baseline(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
) -> Option<Inventory> {
    let phase = recorder.begin("baseline");
    let inventory = inventory::take(auditor).await;
    compare_with_ground_truth(recorder, context, auditor, &inventory, "before the run");
    let count = inventory.resources.len();
    if inventory.coverage.failed.is_empty() {
        let cells = inventory.coverage.cells;
        recorder.end(
            phase,
            Verdict::Pass,
            format!("{count} resources in {cells} cells"),
        );
        return Some(inventory);
    }
    let failed = inventory.coverage.failed.join("; ");
    recorder.audit = compare::audit(
        Vec::new(),
        Vec::new(),
        inventory.coverage,
        context.trial.tier,
    );
    let message = format!(
        "the account cannot be listed, so a leak could not be seen: {failed}; nothing was created"
    );
    recorder.end(phase, Verdict::Unknown, message);
    None
}

/// Audits the account against the baseline and the earlier state of bystanders. Returns the new resources that are
/// retained by design.
pub async fn audit(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
    bystanders: &[(Resource, String)],
) -> Vec<Resource> {
    let phase = recorder.begin("audit");
    let after = settled(recorder, context, auditor, baseline).await;
    let types = auditor.resource_types();
    let mut coverage = compare::both(&baseline.coverage, &after.coverage);
    if context.trial.tier == Tier::Live && types.iter().any(|of_type| !of_type.global) {
        let regions = auditor.regions().join(", ");
        coverage.not_covered.push(format!(
            "regions other than {regions}: `kubeproof audit` covers all enabled regions"
        ));
    }
    let (new, mut of_bystanders) = new_unattributed(recorder, context, auditor, baseline, &after);
    let new = match auditor.complete(new.clone()).await {
        Ok(complete) => complete,
        Err(error) => {
            coverage
                .failed
                .push(format!("details of new resources: {error}"));
            new
        }
    };
    let may_stay = |resource: &&Resource| compare::retained(resource, types).is_some();
    let staying: Vec<Resource> = new.iter().filter(may_stay).cloned().collect();
    let (orphans, mut stays) = compare::split(new, types);
    stays.append(&mut of_bystanders);
    let (orphans, mut of_others) = describe(context, auditor, &orphans, &after.resources).await;
    stays.append(&mut of_others);
    coverage
        .failed
        .extend(went_unseen(context, auditor, baseline, &after));
    let tier = context.trial.tier;
    recorder.audit = compare::audit(orphans, stays, coverage, tier);
    judge(recorder, context, auditor, baseline, &after, bystanders);
    let message = audit_words(&recorder.audit);
    recorder.end(phase, recorder.audit.verdict, message);
    recorder.altered = altered_of(context, auditor, baseline, &after);
    staying
}

/// Waits for the account to settle and lists it; repeats while something new is in it, because deletions take time
/// to show.
async fn settled(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
) -> Inventory {
    let settle = auditor.settle();
    tokio::time::sleep(settle).await;
    let mut after = inventory::take(auditor).await;
    for _ in 1..LISTINGS_MAX {
        let (new, _) = new_unattributed(recorder, context, auditor, baseline, &after);
        if compare::split(new, auditor.resource_types()).0.is_empty() {
            break;
        }
        tokio::time::sleep(settle).await;
        after = inventory::take(auditor).await;
    }
    after
}

/// New resources, and separately, as text, those that certainly belong to bystanders.
fn new_unattributed(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
    after: &Inventory,
) -> (Vec<Resource>, Vec<String>) {
    let attribution = Attribution::now(context, auditor);
    let (new, theirs) = attribution.arrivals(&baseline.resources, &after.resources);
    let words =
        |(resource, proof): &(Resource, String)| format!("{}: {proof}", compare::words(resource));
    let of_bystanders = theirs.iter().map(words).collect();
    let resources = theirs.into_iter().map(|(resource, _)| resource);
    recorder.bystanders_seen.extend(resources);
    (new, of_bystanders)
}

/// What exists now: in rehearsal everything in the ground truth; elsewhere what is listed and proven to be the run's.
/// `None` when it cannot be listed.
pub async fn of_run(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    account: &dyn Observer,
) -> Option<Vec<Resource>> {
    if let Some(ground_truth) = &context.ground_truth {
        return Some(ground_truth.inventory());
    }
    let attribution = Attribution::now(context, account);
    let inventory = inventory::take(account).await;
    if !inventory.coverage.failed.is_empty() {
        return None;
    }
    let all = &inventory.resources;
    let theirs = |resource: &&Resource| attribution.proof(resource, all).is_some();
    recorder
        .bystanders_seen
        .extend(all.iter().filter(theirs).cloned());
    let ours = |resource: &&Resource| !account.proofs(&context.run, resource, all).is_empty();
    Some(all.iter().filter(ours).cloned().collect())
}

/// Checks that nothing is left of a failed first attempt after its teardown.
pub async fn nothing_left(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
) {
    let phase = recorder.begin("left");
    let after = settled(recorder, context, auditor, baseline).await;
    let (new, _) = new_unattributed(recorder, context, auditor, baseline, &after);
    let (left, _) = compare::split(new, auditor.resource_types());
    match (after.coverage.failed.is_empty(), left.is_empty()) {
        (true, true) => recorder.end(phase, Verdict::Pass, "the first attempt left nothing"),
        (false, true) => {
            let failed = after.coverage.failed.join("; ");
            recorder.end(
                phase,
                Verdict::Unknown,
                format!("cannot be listed: {failed}"),
            );
        }
        (_, false) => {
            let (left, _) = describe(context, auditor, &left, &after.resources).await;
            let tier = context.trial.tier;
            let words: Vec<String> = left.iter().map(compare::orphan_words).collect();
            let message = format!("still left of the first attempt: {}", words.join(", "));
            let verdict = compare::verdict(&left, &after.coverage, tier);
            recorder.add_violations(oracles::orphans::listed(&left, recorder.torn_down, tier));
            recorder.end(phase, verdict, message);
        }
    }
}

/// Checks the ground truth again after the wait for the bill: what appeared after the audit is an orphan too, unless
/// someone else created it or the cloud retains it.
pub fn late_orphans(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    audited: Vec<Resource>,
) {
    let Some(ground_truth) = &context.ground_truth else {
        return;
    };
    let now = ground_truth.inventory();
    let (new, _) = Attribution::now(context, auditor).arrivals(&audited, &now);
    let (late, _) = compare::split(new, auditor.resource_types());
    let price = prices::price(auditor);
    let wrong = "appeared after the audit, during the wait for the bill";
    let items = late
        .iter()
        .map(|resource| oracles::price::Item::new(resource, &price, wrong));
    recorder.add_violations(oracles::price::findings("O1 orphans", items.collect()));
}

/// While no call is answered, an audit must be unknown.
pub async fn must_be_unknown(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
) {
    let phase = recorder.begin("audit-blind");
    let inventory = inventory::take(auditor).await;
    let (new, _) = new_unattributed(recorder, context, auditor, baseline, &inventory);
    let (orphans, _) = compare::split(new, auditor.resource_types());
    let (orphans, _) = describe(context, auditor, &orphans, &inventory.resources).await;
    let verdict = compare::verdict(&orphans, &inventory.coverage, context.trial.tier);
    let (listed, cells) = (inventory.coverage.listed, inventory.coverage.cells);
    if verdict == Verdict::Unknown {
        let message = format!("unknown (as forced): {listed} of {cells} cells listed");
        recorder.end(phase, Verdict::Pass, message);
    } else {
        let message = format!(
            "the audit is {verdict} although no call is answered: {} orphans, {listed} of {cells} \
             cells listed",
            orphans.len()
        );
        recorder.end_judged(phase, Verdict::Fail, message);
    }
}

/// The oracles that compare the account before and after.
fn judge(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
    after: &Inventory,
    bystanders: &[(Resource, String)],
) {
    let price = prices::price(auditor);
    let said_clean = recorder.torn_down;
    let orphans = recorder.audit.orphans.clone();
    recorder.add_violations(oracles::orphans::listed(
        &orphans,
        said_clean,
        context.trial.tier,
    ));
    let mut gone = Vec::new();
    if after.coverage.failed.is_empty() {
        gone = check_missing(recorder, context, auditor, baseline, &after.resources);
    }
    check_bystanders(recorder, context, auditor, bystanders, &gone);
    compare_with_ground_truth(recorder, context, auditor, after, "after the run");
    if let Some(ground_truth) = &context.ground_truth {
        let existing = ground_truth.inventory();
        recorder.add_violations(oracles::orphans::unlisted(
            &baseline.resources,
            &existing,
            &orphans,
            |left| was_listed(left, &after.resources),
            &price,
        ));
    }
}

/// O6: only bystanders themselves may have removed what they had before the run or created during it. Returns all
/// resources of the baseline that are gone.
pub fn check_missing(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
    after: &[Resource],
) -> Vec<Resource> {
    let attribution = Attribution::now(context, auditor);
    let gone = compare::new_resources(after, &baseline.resources);
    let mut taken = gone.clone();
    taken.retain(|resource| attribution.taken(resource));
    for left in gone.iter().filter(|gone| !taken.contains(gone)) {
        let words = compare::words(left);
        recorder.note(&format!(
            "{words} was there before the run and is gone; no call of the run's names it"
        ));
    }
    harm(recorder, auditor, &bystanders::gone(&taken));
    let seen = compare::new_resources(&baseline.resources, &recorder.bystanders_seen);
    let arrivals = attribution.arrivals_taken(&seen, after);
    harm(recorder, auditor, &bystanders::taken(&arrivals));
    gone
}

/// O6: the bystanders are still there and unchanged.
pub fn check_bystanders(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    before: &[(Resource, String)],
    known_gone: &[Resource],
) {
    if let Some(ground_truth) = &context.ground_truth {
        harm(
            recorder,
            auditor,
            &bystanders::harmed(before, &ground_truth.bystanders(), known_gone),
        );
    }
}

/// Adds harm to bystanders to the findings and to the audit, which fails.
fn harm(recorder: &mut Recorder<'_, '_>, auditor: &dyn Observer, harmed: &[HarmedResource]) {
    let price = prices::price(auditor);
    recorder.add_violations(bystanders::violations(harmed, &price));
    bystanders::into_audit(&mut recorder.audit, harmed, &price);
}

/// Whether the audit listed this resource.
fn was_listed(left: &Resource, listed: &[Resource]) -> bool {
    listed.iter().any(|resource| resource.is_same(left))
}

/// O3: the auditor's inventory equals the ground truth.
fn compare_with_ground_truth(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    inventory: &Inventory,
    when: &str,
) {
    if context.trial.tier != Tier::Rehearsal || !inventory.coverage.failed.is_empty() {
        return;
    }
    if let Some(ground_truth) = &context.ground_truth {
        let existing = ground_truth.inventory();
        recorder.add_violations(oracles::ground_truth::inventory(
            &inventory.resources,
            &existing,
            when,
            &prices::price(auditor),
        ));
    }
}
