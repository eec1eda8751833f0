//! What is left after a teardown that reported success, checked before the next one can hide it.
//!
//! In rehearsal from the ground truth; elsewhere from an inventory, once nothing of the run disappears by itself any
//! more.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::Resource;

use crate::inspect::run_listing::{leaks, list_settled};
use crate::inspect::sources::Sources;
use crate::oracles::price::{Item, findings, list};
use crate::phases::allow;
use crate::prices;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial_context::account::Account;

/// The message when the account could not be listed.
pub const NOT_LISTED: &str =
    "the account could not be listed, so what the first teardown left is not known";

/// Resources of the run that must not be there. `None` when the account could not be listed.
pub async fn of_run(sources: Sources<'_>, account: &dyn Account) -> Option<Vec<Resource>> {
    let provider = &sources.trial.scenario.provider;
    if let Some(ground_truth) = sources.ground_truth {
        let mut all = ground_truth.inventory();
        all.retain(|resource| {
            let marked = sources.plan.is_marked(sources.run, resource);
            marked && provider.retained(resource).is_none()
        });
        return Some(all);
    }
    let auditor = account.observer(Actor::Auditor);
    let listing = list_settled(sources, auditor.as_ref()).await?;
    Some(leaks(sources, auditor.as_ref(), &listing.of_run))
}

/// What the first teardown left, with prices, as text.
pub fn words(left: &[Resource], plan: &dyn Plan) -> String {
    let price = prices::price(plan);
    let item = |resource| Item::new(resource, &price, "was left");
    let items: Vec<Item> = left.iter().map(item).collect();
    if items.is_empty() {
        return String::new();
    }
    format!(
        "; of the run the first one, which reported success, had left: {}",
        list(items)
    )
}

/// The verdict of a second teardown, combined with a listing made before it: what was left then is a failure of the
/// first one, whatever the second one did. In rehearsal the calls of the second one show it, and this is not asked.
pub fn with_listing(
    sources: Sources<'_>,
    left: Option<&[Resource]>,
    (verdict, message): (Verdict, String),
) -> PhaseOutcome {
    let plan = sources.plan;
    let wrong = "was left by a teardown that reported success, before a second one";
    let (left, accepted) = match left {
        None => (None, Vec::new()),
        Some(left) => {
            let (left, accepted) = allow::divided(sources, left, wrong);
            (Some(left), accepted)
        }
    };
    let mut told = Told::default();
    told.violations(accepted);
    match left.as_deref() {
        None if verdict == Verdict::Fail => PhaseOutcome::new(verdict, message),
        None => PhaseOutcome::new(Verdict::Unknown, format!("{message}; {NOT_LISTED}")),
        Some([]) => PhaseOutcome::new(verdict, message).with(told),
        Some(left) => {
            let price = prices::price(plan);
            let items = left.iter().map(|one| Item::new(one, &price, wrong));
            let found = findings("O1 orphans", items.collect());
            let message = match (verdict, found.first()) {
                // What the second one did no longer matters.
                (Verdict::Pass | Verdict::Skipped, Some(first)) => first.message.clone(),
                _ => message + &words(left, plan),
            };
            told.violations(found);
            PhaseOutcome::new(Verdict::Fail, message).with(told)
        }
    }
}
