//! Attributes what an audit finds: each orphan with its proofs, and removals that no one observed.

use std::collections::BTreeMap;

use kubeproof_contract::observer::{Creation, Observer};
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::Orphan;

use crate::audit::claims::{OwnCalls, Owner};
use crate::audit::compare;
use crate::audit::inventory::Inventory;
use crate::inspect::attribution::Attribution;
use crate::trial_context::TrialContext;

/// Each orphan with its cost and why it belongs to the run; and, as text, what certainly belongs to someone else
/// according to the cloud's event log.
pub async fn describe(
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    left: &[Resource],
    inventory: &[Resource],
) -> (Vec<Orphan>, Vec<String>) {
    if left.is_empty() {
        return (Vec::new(), Vec::new());
    }
    // The event log may lag or be unreadable; without it the owner is unknown.
    let created_by: BTreeMap<String, Creation> = auditor
        .created_by(&context.run, left)
        .await
        .unwrap_or_default();
    // In a rehearsal the ground truth has already attributed everything.
    let own = match &context.ground_truth {
        Some(_) => OwnCalls::default(),
        None => context.own_calls(),
    };
    let (mut orphans, mut theirs) = (Vec::new(), Vec::new());
    for resource in left {
        let proofs = auditor.proofs(&context.run, resource, inventory);
        let claim = auditor.neighbours(&context.run, resource, inventory);
        let making = created_by.get(&resource.id);
        let proofs = match own.owner(&resource.id, proofs, claim.as_ref(), making) {
            Owner::Run(proofs) => proofs,
            Owner::Unknown => Vec::new(),
            Owner::Another(proof) => {
                theirs.push(format!("{}: {proof}", compare::words(resource)));
                continue;
            }
        };
        orphans.push(Orphan {
            resource_type: resource.resource_type.clone(),
            id: resource.id.clone(),
            name: resource.name.clone(),
            region: resource.region.clone(),
            monthly_cost_usd: auditor.monthly_cost(resource).map(|cost| cost.usd),
            proofs,
        });
    }
    (orphans, theirs)
}

/// Resources of the baseline that are gone without anyone known to have removed them: a sentence each.
pub fn went_unseen(
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
    after: &Inventory,
) -> Vec<String> {
    if !after.coverage.failed.is_empty() {
        return Vec::new();
    }
    let attribution = Attribution::now(context, auditor);
    let types = auditor.resource_types();
    let mut gone = compare::new_resources(&after.resources, &baseline.resources);
    gone.retain(|it| attribution.went_unseen(it, &baseline.resources));
    gone.retain(|it| compare::retained(it, types).is_none());
    let words = |it: &Resource| {
        format!(
            "{} was there before the run and is gone, and not all calls of the provisioner were seen: who \
             removed it is unknown",
            compare::words(it)
        )
    };
    gone.iter().map(words).collect()
}
