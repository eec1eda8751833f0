//! The network of the nodes: one that the run makes, with its way out, or a subnet that is there.

use kubeproof_cloudkit::{CallError, RetryPolicy};

use super::resource::{self, Wanted};
use super::{Work, requests};
use crate::api::types::Resource;
use crate::spec::{ExistingSubnet, Outbound};

/// The part of the run's name that its network has.
pub(super) const NETWORK: &str = "net";
/// The parts that a NAT gateway and its address have.
const GATEWAY: &str = "nat";
const ADDRESS: &str = "nat-ip";

/// The operations that read and delete something.
type Operations = (&'static str, &'static str);
const OF_NETWORK: Operations = ("virtualNetworks.get", "virtualNetworks.delete");
const OF_GATEWAY: Operations = ("natGateways.get", "natGateways.delete");
const OF_ADDRESS: Operations = ("publicIPAddresses.get", "publicIPAddresses.delete");

/// The network of the run, or the one that is there.
pub(super) async fn ensure(work: &Work) -> Result<(), CallError> {
    if let Some(given) = &work.spec.network {
        return is_there(work, given).await;
    }
    if work.spec.outbound == Outbound::NatGateway {
        gateway(work).await?;
    }
    let wanted = Wanted::new(
        work,
        OF_NETWORK.0,
        "virtualNetworks.createOrUpdate",
        NETWORK,
        requests::network(work),
    );
    resource::ensure(work, &wanted).await.map(|_| ())
}

/// A wrong name is told before anything is made in it.
async fn is_there(work: &Work, given: &ExistingSubnet) -> Result<(), CallError> {
    let (group, network, subnet) = (
        &given.resource_group.0,
        &given.virtual_network.0,
        &given.subnet.0,
    );
    let parameters = [work.subscription(), group, network, subnet];
    let found = work.api.find::<Resource>("subnets.get", &parameters);
    if found.await?.is_some() {
        return Ok(());
    }
    let message = format!(
        "resource group `{group}` has no subnet `{subnet}` in a virtual network `{network}`: make it, or leave \
         `network` out of the scenario"
    );
    Err(CallError::state("look for the subnet", message))
}

/// The NAT gateway with its address. It stands before the subnet, which names it.
async fn gateway(work: &Work) -> Result<(), CallError> {
    let address = Wanted::new(
        work,
        OF_ADDRESS.0,
        "publicIPAddresses.createOrUpdate",
        ADDRESS,
        requests::address(work),
    );
    let address = resource::ensure(work, &address).await?;
    let gateway = Wanted::new(
        work,
        OF_GATEWAY.0,
        "natGateways.createOrUpdate",
        GATEWAY,
        requests::nat_gateway(work, &address.id),
    );
    resource::ensure(work, &gateway).await.map(|_| ())
}

/// The path of the run's NAT gateway.
pub(super) fn gateway_id(work: &Work) -> String {
    let name = work.run().name(GATEWAY);
    work.id(&format!("Microsoft.Network/natGateways/{name}"))
}

/// The network that the run made, if it exists.
pub(super) async fn networks(work: &Work) -> Result<Vec<String>, CallError> {
    if work.spec.network.is_some() {
        return Ok(Vec::new());
    }
    found(work, OF_NETWORK, NETWORK).await
}

/// The NAT gateway that the run made, if it exists.
pub(super) async fn gateways(work: &Work) -> Result<Vec<String>, CallError> {
    of_way_out(work, OF_GATEWAY, GATEWAY).await
}

/// The gateway's address, if it exists.
pub(super) async fn addresses(work: &Work) -> Result<Vec<String>, CallError> {
    of_way_out(work, OF_ADDRESS, ADDRESS).await
}

async fn of_way_out(
    work: &Work,
    operations: Operations,
    part: &str,
) -> Result<Vec<String>, CallError> {
    match work.spec.outbound {
        Outbound::LoadBalancer => Ok(Vec::new()),
        Outbound::NatGateway => found(work, operations, part).await,
    }
}

async fn found(work: &Work, (get, _): Operations, part: &str) -> Result<Vec<String>, CallError> {
    let found = resource::find_tagged(work, get, &work.run().name(part)).await?;
    Ok(found.into_iter().map(|found| found.key()).collect())
}

pub(super) async fn delete_network(work: &Work, policy: RetryPolicy) -> Result<(), CallError> {
    delete(work, OF_NETWORK, NETWORK, policy).await
}

pub(super) async fn delete_gateway(work: &Work, policy: RetryPolicy) -> Result<(), CallError> {
    delete(work, OF_GATEWAY, GATEWAY, policy).await
}

pub(super) async fn delete_address(work: &Work, policy: RetryPolicy) -> Result<(), CallError> {
    delete(work, OF_ADDRESS, ADDRESS, policy).await
}

/// In a group of others; the run's own group deletes what is in it.
async fn delete(
    work: &Work,
    operations: Operations,
    part: &str,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    if work.spec.resource_group.is_none() {
        return Ok(());
    }
    let (group, name) = (work.group(), work.run().name(part));
    let parameters = [work.subscription(), group.as_str(), name.as_str()];
    resource::remove(work, operations, &parameters, policy).await
}
