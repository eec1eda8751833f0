//! Launching the nodes: each name once, whatever happens to an answer.

use kubeproof_contract::provisioner::ProvisionerError;

use super::{ClusterOrder, Machine, MachineApi, node_name, terminated, waits};
use crate::create::{find_or_create, first_with_capacity};
use crate::error::{CallError, Cause};

fn ids(machines: impl IntoIterator<Item = Machine>) -> Vec<String> {
    machines.into_iter().map(|one| one.id).collect()
}

/// One of the run's usable machines, if it has any; its other machines are terminated first. Without a live server
/// none is usable. If the authorities are new, no earlier machine can be trusted.
///
/// # Errors
/// When they cannot be listed or terminated.
pub async fn usable<A: MachineApi>(api: &A, is_new: bool) -> Result<Option<Machine>, CallError> {
    let all = api.machines().await?;
    let server = node_name(api.session(), 0);
    let is_live = |one: &Machine| A::STATES.is_live(one);
    let server_lives = all.iter().any(|one| one.node == server && is_live(one));
    let keep = |one: &Machine| is_live(one) && server_lives && !is_new;
    let (good, bad): (Vec<Machine>, Vec<Machine>) = all.into_iter().partition(keep);
    terminated(api, ids(bad)).await?;
    Ok(good.into_iter().next())
}

/// All nodes of a cluster in one place, with their addresses: the first one is also the server.
///
/// # Errors
/// When one of them can be neither found nor launched, or gets no address.
pub async fn launch_nodes<A: MachineApi>(
    api: &A,
    order: ClusterOrder<'_>,
    place: &str,
) -> Result<Vec<Machine>, CallError> {
    let prepared = api.prepare(place, order.cluster_ca).await?;
    let mut nodes: Vec<Machine> = Vec::new();
    for index in 0..order.nodes {
        let name = node_name(api.session(), index);
        let user_data = match nodes.first() {
            None => order.k3s.server(order.cluster_ca, &name),
            Some(server) => {
                let private_ip = server.private_ip.as_deref().unwrap_or_default();
                order.k3s.agent(order.cluster_ca, &name, private_ip)
            }
        };
        let node = find_or_create(
            api.session(),
            A::STATES.lookup,
            || find(api, &name),
            || api.launch(&prepared, &name, &user_data),
        )
        .await?;
        nodes.push(waits::addressed(api, &node.id).await?);
    }
    api.connect(&prepared, &nodes).await?;
    Ok(nodes)
}

/// All nodes, of one kind, in the first of these places that has capacity. `clear` removes what was made in a place
/// that turned out to have none.
///
/// # Errors
/// When no place has capacity, or launching or clearing fails.
pub async fn launch_in_first<A: MachineApi, F>(
    api: &A,
    order: ClusterOrder<'_>,
    (kind, places): (&str, &[&str]),
    clear: impl Fn() -> F + Send + Sync,
) -> Result<Vec<Machine>, CallError>
where
    F: Future<Output = Result<(), ProvisionerError>> + Send,
{
    let make = |place| launch_nodes(api, order, place);
    let clear = &clear;
    let leave = |place, error| async move {
        let progress = &api.session().connection.progress;
        progress.report(&format!("{place}: {error}"));
        let stuck = clear().await;
        stuck.map_err(|error| CallError::state("change of place", error.message))
    };
    let nowhere = || CallError::state("launch", "there is no place to launch in");
    let made = first_with_capacity(places, make, leave).await;
    made.map_err(|refusal| match refusal {
        Some(last) if last.cause == Cause::NoCapacity => {
            let (places, said) = (places.join(", "), &last.message);
            let message = format!("no capacity for {kind} in any of {places}: {said}");
            CallError { message, ..last }
        }
        other => other.unwrap_or_else(nowhere),
    })
}

/// The live node of this name. Its duplicates are terminated.
async fn find<A: MachineApi>(api: &A, name: &str) -> Result<Option<Machine>, CallError> {
    let all = api.machines().await?;
    let is_it = |one: &Machine| one.node == name && A::STATES.is_live(one);
    let mut named = all.into_iter().filter(is_it);
    let first = named.next();
    terminated(api, ids(named)).await?;
    Ok(first)
}
