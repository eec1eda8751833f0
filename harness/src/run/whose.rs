//! Whose is what an audit finds: each orphan with its proofs, and what went without anybody seeing it.
//!
//! The looks say only what is new and what is gone.

use std::collections::BTreeMap;

use kubeproof_contract::account::{Account, Making};
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::Orphan;

use super::others::Others;
use super::stage::Stage;
use crate::audit::claims::{OwnCalls, Owner};
use crate::audit::compare;
use crate::audit::inventory::Inventory;

/// Each orphan with what it costs and why it belongs to the run; and sentences on what is certainly somebody
/// else's, as the cloud's trail of events says.
pub async fn describe(
    stage: &Stage<'_>,
    auditor: &dyn Account,
    left: &[Resource],
    inventory: &[Resource],
) -> (Vec<Orphan>, Vec<String>) {
    if left.is_empty() {
        return (Vec::new(), Vec::new());
    }
    // The trail may lag, or may not be readable: without it nothing is anybody's.
    let created_by: BTreeMap<String, Making> = auditor
        .created_by(&stage.run, left)
        .await
        .unwrap_or_default();
    // In a rehearsal the truth has said already whose what is.
    let own = match &stage.world {
        Some(_) => OwnCalls::default(),
        None => stage.own_calls(),
    };
    let (mut orphans, mut theirs) = (Vec::new(), Vec::new());
    for resource in left {
        let proofs = auditor.proofs(&stage.run, resource, inventory);
        let claim = auditor.neighbours(&stage.run, resource, inventory);
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

/// What was there before the run and is gone, where it cannot be told by whose doing: a sentence each.
pub fn went_unseen(
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
    after: &Inventory,
) -> Vec<String> {
    if !after.coverage.failed.is_empty() {
        return Vec::new();
    }
    let others = Others::now(stage, auditor);
    let types = auditor.resource_types();
    let mut gone = compare::new_resources(&after.resources, &baseline.resources);
    gone.retain(|it| others.went_unseen(it, &baseline.resources));
    gone.retain(|it| compare::stays(it, types).is_none());
    let words = |it: &Resource| {
        format!(
            "{} was there before the run and is gone, and not all calls of the provisioner were seen: who \
             removed it is unknown",
            compare::words(it)
        )
    };
    gone.iter().map(words).collect()
}
