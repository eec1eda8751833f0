//! The phases that look at the whole account: the baseline before the run, the audit after it.
//!
//! An inspector shows them what is there, so that they are the same with an observer and with the ground truth.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::Scope;
use kubeproof_reports::record::{Audit, Orphan};

use crate::audit::compare;
use crate::audit::inventory::Inventory;
use crate::inspect::attribution::Attribution;
use crate::inspect::{Inspector, LISTINGS_MAX};
use crate::oracles;
use crate::oracles::allowed;
use crate::oracles::bystanders::{self, HarmedResource};
use crate::oracles::price::{Item, findings};
use crate::phases::allow;
use crate::prices;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};

/// What is known of the account and the run when it is audited.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub tier: Tier,
    pub baseline: &'a Inventory,
    /// Bystanders before the run, with digests of their states.
    pub bystanders: &'a [(Resource, String)],
    /// Whether a teardown reported success.
    pub torn_down: bool,
}

impl<'a> Known<'a> {
    /// What is known between two attempts, when no bystander is looked for.
    pub fn between(tier: Tier, baseline: &'a Inventory, torn_down: bool) -> Self {
        Self {
            tier,
            baseline,
            bystanders: &[],
            torn_down,
        }
    }
}

/// What an audit has shown.
#[must_use]
pub struct AuditOutcome {
    pub audit: Audit,
    /// New resources that are retained by design.
    pub retained: Vec<Resource>,
    /// Resources of the baseline that were altered, where there is no ground truth.
    pub altered: Vec<Resource>,
    pub phase: PhaseOutcome,
}

/// The baseline, and the phase that takes it. An account that cannot be listed before cannot be proven clean after:
/// then there is none, and the audit of the record says so.
pub async fn baseline(
    inspector: &dyn Inspector,
    tier: Tier,
) -> (Result<Inventory, Audit>, PhaseOutcome) {
    let inventory = inspector.take().await;
    let mut told = Told::default();
    cross_check(inspector, &inventory, "before the run", &mut told);
    let count = inventory.resources.len();
    if inventory.coverage.failed.is_empty() {
        let cells = inventory.coverage.cells;
        let message = format!("{count} resources in {cells} cells");
        let phase = PhaseOutcome::new(Verdict::Pass, message).with(told);
        return (Ok(inventory), phase);
    }
    let failed = inventory.coverage.failed.join("; ");
    let audit = compare::audit(Vec::new(), Vec::new(), inventory.coverage, tier);
    let message = format!(
        "the account cannot be listed, so a leak could not be seen: {failed}; nothing was created"
    );
    let phase = PhaseOutcome::new(Verdict::Unknown, message).with(told);
    (Err(audit), phase)
}

/// Audits the account against the baseline and the earlier state of bystanders.
pub async fn audit(
    inspector: &dyn Inspector,
    known: &Known<'_>,
    bystanders_seen: &mut Vec<Resource>,
) -> AuditOutcome {
    let Settled {
        after,
        new,
        mut stays,
    } = settled(inspector, known.baseline, bystanders_seen).await;
    let mut coverage = compare::both(&known.baseline.coverage, &after.coverage);
    if known.tier == Tier::Live && !after.scopes.is_empty() {
        let scopes: Vec<&str> = after.scopes.iter().map(Scope::as_str).collect();
        let scopes = scopes.join(", ");
        coverage.not_covered.push(format!(
            "scopes other than {scopes}: `kubeproof audit` covers all of the account"
        ));
    }
    let new = match inspector.complete(new.clone()).await {
        Ok(complete) => complete,
        Err(error) => {
            coverage
                .failed
                .push(format!("details of new resources: {error}"));
            new
        }
    };
    let split = inspector.split(new);
    let (mut orphans, of_others) = inspector.describe(&split.orphans, &after.resources).await;
    compare::note_parts(&mut orphans, &split.orphans);
    let judged = allow::judged(inspector.sources(), orphans);
    stays.splice(0..0, split.reasons);
    stays.extend(of_others);
    let attribution = inspector.attribution();
    coverage
        .failed
        .extend(attribution.gone_unseen(known.baseline, &after));
    let mut audit = compare::audit(judged.left.clone(), stays, coverage, known.tier);
    audit.allowed = judged.allowed.len() as u64;
    let mut told = Told::default();
    let find = |orphans: &[Orphan]| inspector.violations(orphans, known.torn_down);
    told.violations(allowed::violations(&judged, find));
    let seen = (known, &after, bystanders_seen.as_slice());
    judge(inspector, &attribution, seen, &mut audit, &mut told);
    AuditOutcome {
        retained: split.retained,
        altered: attribution.altered(known.baseline, &after),
        phase: PhaseOutcome::new(audit.verdict, inspector.words(&audit)).with(told),
        audit,
    }
}

/// The account once it has settled.
struct Settled {
    after: Inventory,
    /// What is new and belongs to no bystander.
    new: Vec<Resource>,
    /// What is new and certainly belongs to bystanders, as text.
    stays: Vec<String>,
}

/// Waits for the account to settle and inspects it; repeats while something new is in it, because deletions take time
/// to show.
async fn settled(
    inspector: &dyn Inspector,
    baseline: &Inventory,
    bystanders_seen: &mut Vec<Resource>,
) -> Settled {
    let mut inspections = 0;
    loop {
        tokio::time::sleep(inspector.account().settle()).await;
        let after = inspector.take().await;
        let (new, stays) = arrivals(inspector, baseline, &after, bystanders_seen);
        inspections += 1;
        if inspections >= LISTINGS_MAX || inspector.split(new.clone()).orphans.is_empty() {
            return Settled { after, new, stays };
        }
    }
}

/// New resources, and separately, as text, those that certainly belong to bystanders.
fn arrivals(
    inspector: &dyn Inspector,
    baseline: &Inventory,
    after: &Inventory,
    bystanders_seen: &mut Vec<Resource>,
) -> (Vec<Resource>, Vec<String>) {
    let attribution = inspector.attribution();
    let (new, theirs) = attribution.arrivals(&baseline.resources, &after.resources);
    let words =
        |(resource, proof): &(Resource, String)| format!("{}: {proof}", compare::words(resource));
    let stays = theirs.iter().map(words).collect();
    bystanders_seen.extend(theirs.into_iter().map(|(resource, _)| resource));
    (new, stays)
}

/// Checks that nothing is left of a failed first attempt after its teardown.
pub async fn nothing_left(
    inspector: &dyn Inspector,
    known: &Known<'_>,
    bystanders_seen: &mut Vec<Resource>,
) -> PhaseOutcome {
    let Settled { after, new, .. } = settled(inspector, known.baseline, bystanders_seen).await;
    let left = inspector.split(new).orphans;
    match (after.coverage.failed.is_empty(), left.is_empty()) {
        (true, true) => PhaseOutcome::new(Verdict::Pass, "the first attempt left nothing"),
        (false, true) => {
            let failed = after.coverage.failed.join("; ");
            PhaseOutcome::new(Verdict::Unknown, format!("cannot be listed: {failed}"))
        }
        (_, false) => {
            let (left, _) = inspector.describe(&left, &after.resources).await;
            let judged = allow::judged(inspector.sources(), left);
            let words: Vec<String> = judged.left.iter().map(compare::orphan_words).collect();
            let message = match judged.allowed.len() {
                0 => format!("still left of the first attempt: {}", words.join(", ")),
                count => format!(
                    "still left of the first attempt: {}",
                    [words, vec![format!("{count} that the scenario allows")]]
                        .concat()
                        .join(", ")
                ),
            };
            let verdict = compare::verdict(&judged.left, &after.coverage, known.tier);
            let mut told = Told::default();
            let find = |orphans: &[Orphan]| inspector.violations(orphans, known.torn_down);
            told.violations(allowed::violations(&judged, find));
            PhaseOutcome::new(verdict, message).with(told)
        }
    }
}

/// Checks the ground truth again after the wait for the bill: what appeared after the audit is an orphan too, unless
/// someone else created it or the cloud retains it.
pub fn late_orphans(inspector: &dyn Inspector, audited: &[Resource]) -> Told {
    let mut told = Told::default();
    let Some(ground_truth) = inspector.ground_truth() else {
        return told;
    };
    let now = ground_truth.inventory();
    let (new, _) = inspector.attribution().arrivals(audited, &now);
    let late = inspector.split(new).orphans;
    let price = prices::price(inspector.plan());
    let wrong = "appeared after the audit, during the wait for the bill";
    let items = late
        .iter()
        .map(|resource| Item::new(resource, &price, wrong));
    told.violations(findings("O1 orphans", items.collect()));
    told
}

/// While no call is answered, an audit must be unknown.
pub async fn must_be_unknown(
    inspector: &dyn Inspector,
    known: &Known<'_>,
    bystanders_seen: &mut Vec<Resource>,
) -> PhaseOutcome {
    let inventory = inspector.take().await;
    let (new, _) = arrivals(inspector, known.baseline, &inventory, bystanders_seen);
    let orphans = inspector.split(new).orphans;
    let (orphans, _) = inspector.describe(&orphans, &inventory.resources).await;
    let verdict = compare::verdict(&orphans, &inventory.coverage, known.tier);
    let (listed, cells) = (inventory.coverage.listed, inventory.coverage.cells);
    if verdict == Verdict::Unknown {
        let message = format!("unknown (as forced): {listed} of {cells} cells listed");
        return PhaseOutcome::new(Verdict::Pass, message);
    }
    let message = format!(
        "the audit is {verdict} although no call is answered: {} orphans, {listed} of {cells} \
         cells listed",
        orphans.len()
    );
    PhaseOutcome::judged(Verdict::Fail, message)
}

/// The oracles that compare the account before and after.
fn judge(
    inspector: &dyn Inspector,
    attribution: &Attribution<'_>,
    (known, after, bystanders_seen): (&Known<'_>, &Inventory, &[Resource]),
    audit: &mut Audit,
    told: &mut Told,
) {
    let price = prices::price(inspector.plan());
    let harm = |harmed: &[HarmedResource], audit: &mut Audit, told: &mut Told| {
        told.violations(bystanders::violations(harmed, &price));
        bystanders::into_audit(audit, harmed, &price);
    };
    let mut gone = Vec::new();
    if after.coverage.failed.is_empty() {
        // O6: only bystanders themselves may have removed what they had before the run or created during it.
        gone = compare::new_resources(&after.resources, &known.baseline.resources);
        let (taken, left): (Vec<Resource>, Vec<Resource>) = gone
            .iter()
            .cloned()
            .partition(|resource| attribution.taken(resource));
        for left in &left {
            let words = compare::words(left);
            told.note(format!(
                "{words} was there before the run and is gone; no call of the run's names it"
            ));
        }
        harm(&bystanders::gone(&taken), audit, told);
        let seen = compare::new_resources(&known.baseline.resources, bystanders_seen);
        let arrivals = attribution.arrivals_taken(&seen, &after.resources);
        harm(&bystanders::taken(&arrivals), audit, told);
    }
    if let Some(ground_truth) = inspector.ground_truth() {
        // O6: the bystanders are still there and unchanged.
        let now = ground_truth.bystanders();
        harm(
            &bystanders::harmed(known.bystanders, &now, &gone),
            audit,
            told,
        );
    }
    cross_check(inspector, after, "after the run", told);
    if let Some(ground_truth) = inspector.ground_truth().filter(|_| inspector.lists()) {
        told.violations(oracles::orphans::unlisted(
            &known.baseline.resources,
            &ground_truth.inventory(),
            &audit.orphans,
            |left| was_listed(left, &after.resources),
            &price,
        ));
    }
}

/// Whether the audit listed this resource.
fn was_listed(left: &Resource, listed: &[Resource]) -> bool {
    listed.iter().any(|resource| resource.is_same(left))
}

/// O3: a complete listing equals the ground truth.
fn cross_check(inspector: &dyn Inspector, inventory: &Inventory, when: &str, told: &mut Told) {
    if !inspector.lists() || !inventory.coverage.failed.is_empty() {
        return;
    }
    if let Some(ground_truth) = inspector.ground_truth() {
        told.violations(oracles::ground_truth::inventory(
            &inventory.resources,
            &ground_truth.inventory(),
            when,
            &prices::price(inspector.plan()),
        ));
    }
}
