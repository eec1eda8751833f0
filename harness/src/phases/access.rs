//! The phase that checks where the handed-over access leads, and compares that with the observer's own access.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_kubernetes::client::client;
use kubeproof_kubernetes::error::Cause;
use kubeproof_kubernetes::{KubernetesError, identity, ready};

use crate::oracles::access::{AccessExpectation, Cluster, HandedOverAccess, judge};
use crate::recorder::Recorder;
use crate::trial_context::TrialContext;

/// Which phase counts the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nodes {
    /// This phase.
    Here,
    /// The provider's checks.
    InChecks,
}

/// Checks where the handed-over access leads. Returns whether it showed a cluster.
pub async fn check(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    observer: &dyn Observer,
    provisioned: &Provisioned,
    nodes: Nodes,
) -> bool {
    let phase = recorder.begin("access");
    let expected = observer.nodes_expected();
    let handed = inspect(context, provisioned, expected).await;
    let shows = matches!(handed, HandedOverAccess::Sees(_));
    let uid = if matches!(
        handed,
        HandedOverAccess::Sees(_) | HandedOverAccess::Failed(_)
    ) {
        own_uid(context, observer).await
    } else {
        Err("not asked for".to_owned())
    };
    let against = AccessExpectation {
        uid,
        nodes: (nodes == Nodes::Here).then_some(expected),
        clean: context.trial.clean().map(|clean| clean.access),
    };
    let (verdict, message) = judge(&handed, &against);
    if verdict == Verdict::Fail {
        recorder.add_finding(
            "O3 truth",
            format!("the provisioner reported success, but {message}"),
        );
    }
    recorder.end(phase, verdict, message);
    shows
}

async fn inspect(
    context: &TrialContext<'_>,
    provisioned: &Provisioned,
    nodes: usize,
) -> HandedOverAccess {
    let access = match &provisioned.access {
        Ok(access) => access,
        Err(why) => return HandedOverAccess::Withheld(why.clone()),
    };
    match cluster(context, access, nodes).await {
        Ok(seen) => HandedOverAccess::Sees(seen),
        Err(error) if error.cause == Cause::Status(403) => {
            HandedOverAccess::Forbidden(error.to_string())
        }
        Err(error) => HandedOverAccess::Failed(error.to_string()),
    }
}

async fn cluster(
    context: &TrialContext<'_>,
    access: &KubernetesAccess,
    nodes: usize,
) -> Result<Cluster, KubernetesError> {
    let client = client(access, context.transport(Actor::Observer))?;
    let seen = ready::ready(&client, nodes).await?;
    Ok(Cluster {
        server: access.server.clone(),
        uid: identity::uid(&client).await?,
        nodes: seen.nodes.len(),
        ready: seen.ready,
        problems: seen.problems,
    })
}

/// The uid of the run's cluster, found without the provisioner.
async fn own_uid(context: &TrialContext<'_>, observer: &dyn Observer) -> Result<String, String> {
    let access = observer.kubernetes(&context.run).await;
    let access = access.map_err(|error| error.to_string())?;
    let own = async { identity::uid(&client(&access, context.transport(Actor::Observer))?).await };
    own.await.map_err(|error| error.to_string())
}
