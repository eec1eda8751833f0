//! Waiting for machines. Each wait has a limit and reports what the last check showed.

use kubeproof_contract::provisioner::Provisioned;
use kubeproof_kubernetes::machines::{ClusterCa, ClusterCaError};

use super::{Machine, MachineApi, node_name};
use crate::cluster::{ClusterWait, cluster_ready};
use crate::error::CallError;
use crate::poll::{Poll, poll_until};

/// The machine, once it has its addresses.
pub(super) async fn addressed<A: MachineApi>(api: &A, id: &str) -> Result<Machine, CallError> {
    let states = A::STATES;
    let check = || async {
        let one = api.machine(id).await?;
        let name = &one.name;
        Ok(if one.ip.is_some() && one.private_ip.is_some() {
            Poll::Ready(one)
        } else if states.is_live(&one) {
            Poll::Pending(format!("instance {id} ({name}) without an address"))
        } else {
            Poll::Failed(format!("instance {id} ({name}) is {}", one.state))
        })
    };
    let (limit, what) = (states.addressed_within, "wait for an address");
    poll_until(api.session(), states.every, limit, what, check).await
}

/// Waits until all these machines run.
///
/// # Errors
/// When one of them will not, or the limit has passed.
pub async fn running<A: MachineApi>(api: &A, nodes: &[Machine]) -> Result<(), CallError> {
    let states = A::STATES;
    let check = || async {
        let all = api.machines().await?;
        let mut waiting = Vec::new();
        for node in nodes {
            let (id, name) = (&node.id, &node.name);
            let found = all.iter().find(|one| one.id == *id);
            let state = found.map_or("gone", |one| one.state.as_str());
            if state == states.starting {
                waiting.push(format!("{id} ({name})"));
            } else if state != states.running {
                return Ok(Poll::Failed(format!("instance {id} ({name}) is {state}")));
            }
        }
        Ok(match waiting.join(", ") {
            none if none.is_empty() => Poll::Ready(()),
            waiting => Poll::Pending(format!("{}: {waiting}", states.starting)),
        })
    };
    let (limit, what) = (states.running_within, "wait for instances");
    poll_until(api.session(), states.every, limit, what, check).await
}

/// Terminates machines and waits until they are gone. One that is not ending by then is terminated again.
///
/// # Errors
/// When a call is refused, or the limit has passed.
pub async fn terminated<A: MachineApi>(api: &A, ids: Vec<String>) -> Result<(), CallError> {
    if ids.is_empty() {
        return Ok(());
    }
    let states = A::STATES;
    let check = || async {
        let mut left = api.machines().await?;
        left.retain(|one| ids.contains(&one.id));
        let standing = left.iter().filter(|one| one.state != states.ending);
        let standing: Vec<&str> = standing.map(|one| one.id.as_str()).collect();
        if !standing.is_empty() {
            // One of them may be gone already: the next check terminates the rest.
            api.terminate(&standing).await?;
        }
        Ok(if left.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending(format!("{}: {}", states.ending, ids.join(", ")))
        })
    };
    let (limit, what) = (states.gone_within, "wait for termination");
    poll_until(api.session(), states.every, limit, what, check).await
}

/// Waits until these machines run and are the cluster that was asked for, and hands it over.
///
/// # Errors
/// When a limit has passed, or the provisioner's certificate cannot be signed.
pub async fn serving<A: MachineApi>(
    api: &A,
    cluster_ca: &ClusterCa,
    nodes: Vec<Machine>,
    wait: ClusterWait<'_>,
) -> Result<Provisioned, CallError> {
    running(api, &nodes).await?;
    let server = nodes.first().and_then(|server| server.ip.as_deref());
    let (connection, ip) = (&api.session().connection, server.unwrap_or_default());
    let access = cluster_ca.access(connection, ip, "kubeproof-provisioner")?;
    let wait = ClusterWait {
        nodes: nodes.len(),
        ..wait
    };
    cluster_ready(api.session(), &access, wait).await?;
    let made = nodes.into_iter().enumerate();
    Ok(Provisioned {
        access: Ok(access),
        made: made
            .map(|(index, node)| (node_name(api.session(), index), node.id))
            .collect(),
    })
}

impl From<ClusterCaError> for CallError {
    fn from(error: ClusterCaError) -> Self {
        let message = error.to_string();
        Self {
            source: Some(std::sync::Arc::new(Box::new(error))),
            ..Self::state("cluster CA", message)
        }
    }
}
