//! The phase that checks where the handed-over access leads, and compares that with the observer's own access.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::run::Run;
use kubeproof_contract::workload::WorkloadError;

use crate::oracles::Violation;
use crate::oracles::access::{AccessExpectation, HandedOverAccess, NoUid, judge};
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial_context::account::Account;

/// Which phase counts the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nodes {
    /// This phase.
    Here,
    /// The provider's checks.
    InChecks,
}

/// What the phase needs to know.
pub struct Question<'a> {
    pub account: &'a dyn Account,
    pub run: &'a Run,
    pub nodes: Nodes,
    /// How many nodes the scenario asks for.
    pub nodes_expected: usize,
    /// In a campaign: whether the access of the clean run showed a cluster.
    pub clean: Option<bool>,
}

/// Checks where the handed-over access leads. Also returns whether it showed a cluster.
pub async fn check(
    question: &Question<'_>,
    observer: &dyn Observer,
    provisioned: &Provisioned,
) -> (bool, PhaseOutcome) {
    let expected = question.nodes_expected;
    let handed = inspect(question.account, provisioned, expected).await;
    let shows = matches!(handed, HandedOverAccess::Sees(_));
    let uid = if matches!(
        handed,
        HandedOverAccess::Sees(_) | HandedOverAccess::Failed(_)
    ) {
        own_uid(question, observer).await.map_err(NoUid::Failed)
    } else {
        Err(NoUid::NotRead)
    };
    let against = AccessExpectation {
        uid,
        // Where the cloud makes nodes as pods need them, their number was not asked for.
        nodes: (question.nodes == Nodes::Here && expected > 0).then_some(expected),
        clean: question.clean,
    };
    let (verdict, message) = judge(&handed, &against);
    let mut told = Told::default();
    if verdict == Verdict::Fail {
        let wrong = format!("the provisioner reported success, but {message}");
        told.violations([Violation::new("O3 truth", wrong)]);
    }
    (shows, PhaseOutcome::new(verdict, message).with(told))
}

async fn inspect(
    account: &dyn Account,
    provisioned: &Provisioned,
    nodes: usize,
) -> HandedOverAccess {
    let access = match &provisioned.access {
        Ok(access) => access,
        Err(why) => return HandedOverAccess::Withheld(why.to_string()),
    };
    let seen = async { account.handed_over(access)?.place(nodes).await };
    match seen.await {
        Ok(seen) => HandedOverAccess::Sees(seen),
        Err(WorkloadError::Forbidden(why)) => HandedOverAccess::Forbidden(why),
        Err(WorkloadError::Failed(why) | WorkloadError::Unsupported(why)) => {
            HandedOverAccess::Failed(why)
        }
    }
}

/// The uid of the run's cluster, found without the provisioner.
async fn own_uid(
    question: &Question<'_>,
    observer: &dyn Observer,
) -> Result<String, WorkloadError> {
    let transport = question.account.transport(Actor::Observer);
    let own = observer.workload(question.run, transport).await?;
    own.uid().await
}
