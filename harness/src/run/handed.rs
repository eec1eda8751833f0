//! The phase that asks the handed-over access where it leads, and the observer's own whether that is right.

use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_kubernetes::client::client;
use kubeproof_kubernetes::error::Cause;
use kubeproof_kubernetes::{KubernetesError, identity, ready};

use super::book::Book;
use super::stage::Stage;
use crate::oracles::access::{Against, Cluster, Handed, judge};

/// Whose count of the nodes decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nodes {
    /// This phase's.
    Here,
    /// That of the provider's checks.
    InChecks,
}

/// Asks where the handed-over access leads. Whether it showed a cluster.
pub async fn check(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    observer: &dyn Account,
    provisioned: &Provisioned,
    nodes: Nodes,
) -> bool {
    let begun = book.begin("access");
    let expected = observer.nodes_expected();
    let handed = look(stage, provisioned, expected).await;
    let shows = matches!(handed, Handed::Sees(_));
    let uid = if matches!(handed, Handed::Sees(_) | Handed::Failed(_)) {
        own_uid(stage, observer).await
    } else {
        Err("not asked for".to_owned())
    };
    let against = Against {
        uid,
        nodes: (nodes == Nodes::Here).then_some(expected),
        clean: stage.trial.clean().map(|clean| clean.access),
    };
    let (verdict, message) = judge(&handed, &against);
    if verdict == Verdict::Fail {
        book.find(
            "O3 truth",
            format!("the provisioner reported success, but {message}"),
        );
    }
    book.end(begun, verdict, message);
    shows
}

async fn look(stage: &Stage<'_>, provisioned: &Provisioned, nodes: usize) -> Handed {
    let access = match &provisioned.access {
        Ok(access) => access,
        Err(why) => return Handed::Withheld(why.clone()),
    };
    match cluster(stage, access, nodes).await {
        Ok(seen) => Handed::Sees(seen),
        Err(error) if error.cause == Cause::Status(403) => Handed::Forbidden(error.to_string()),
        Err(error) => Handed::Failed(error.to_string()),
    }
}

async fn cluster(
    stage: &Stage<'_>,
    access: &KubernetesAccess,
    nodes: usize,
) -> Result<Cluster, KubernetesError> {
    let client = client(access, stage.transport(Actor::Observer))?;
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
async fn own_uid(stage: &Stage<'_>, observer: &dyn Account) -> Result<String, String> {
    let access = observer.kubernetes(&stage.run).await;
    let access = access.map_err(|error| error.to_string())?;
    let own = async { identity::uid(&client(&access, stage.transport(Actor::Observer))?).await };
    own.await.map_err(|error| error.to_string())
}
