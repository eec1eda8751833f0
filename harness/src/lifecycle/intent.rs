//! What names a run before it creates anything, so that what it may leave behind can be found: its intent on disk, and
//! its entries in the registry and in the cancellation token.

use kubeproof_contract::observer::{Observer, ObserverError};
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::Breadth;

use crate::audit::inventory::Inventory;
use crate::live::{self, Refusal};
use crate::run_directory::{self, Intent, RecordedBaseline, registry};
use crate::trial_context::TrialContext;

/// Registers the run: from here on it may leave something real behind.
pub fn register(context: &TrialContext<'_>) {
    if context.trial.tier == Tier::Rehearsal {
        return;
    }
    context
        .cancel
        .register(&context.run.id, &context.clean_up_command());
    if let Some(out) = &context.out {
        registry::enter(&context.run.id, out);
    }
}

/// Unregisters the run: it has left nothing.
pub fn unregister(context: &TrialContext<'_>) {
    context.cancel.unregister(&context.run.id);
    if context.trial.tier != Tier::Rehearsal {
        registry::leave(&context.run.id);
    }
}

/// Why the intent was not written.
#[derive(Debug, thiserror::Error)]
pub enum IntendError {
    /// The account may not be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is not known what the baseline covers.
    #[error(transparent)]
    NoCells(#[from] ObserverError),
    #[error(transparent)]
    NotWritten(#[from] std::io::Error),
}

/// Writes the intent of the run, with its account and its baseline.
pub async fn intend(
    context: &TrialContext<'_>,
    observer: &dyn Observer,
    baseline: &Inventory,
) -> Result<(), IntendError> {
    let Some(out) = &context.out else {
        return Ok(());
    };
    let account = match context.trial.tier {
        Tier::Rehearsal => None,
        Tier::Kind => observer.account_id().await.ok().flatten(),
        // Asked again here: nothing is created in an account whose id is not in the intent.
        Tier::Live => Some(live::in_allowed_account(observer, &context.accounts).await?),
    };
    let listings = observer.cells(&Breadth::Scenario).await;
    let cells = listings?.into_iter().flat_map(|listing| listing.cells);
    let before = RecordedBaseline::of(cells.collect(), &baseline.resources);
    let trial = context.trial;
    let intent = Intent {
        run: context.run.clone(),
        scenario: trial.name(),
        file: trial.scenario.file.clone(),
        provider: trial.scenario.provider.name().to_owned(),
        tier: trial.tier,
        seed: trial.seed,
        text: trial.scenario.text.to_string(),
        account,
        before: Some(before),
    };
    Ok(run_directory::write_intent(out, &intent)?)
}
