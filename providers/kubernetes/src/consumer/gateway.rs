//! The address of this machine as the nodes of a cluster reach it.

use std::net::{IpAddr, UdpSocket};

use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};

use crate::attempt::list_all;
use crate::error::{Cause, KubernetesError};

/// Any port: nothing is sent.
const DISCARD: u16 = 9;

/// The address of this machine on the network of the cluster's nodes: the one that packets to a node would come from.
///
/// # Errors
/// When no node shows its address, or there is no way to it.
pub async fn gateway_address(client: &kube::Client) -> Result<IpAddr, KubernetesError> {
    let what = "find the address at which nodes reach this machine";
    let next = "check that the nodes' network is one of this machine's, as kind's is";
    let failed = |message: String| KubernetesError::new(what, Cause::Refuted, message, next);
    let api: Api<Node> = Api::all(client.clone());
    let nodes = list_all("list nodes", &api, &ListParams::default()).await?;
    let addresses = nodes.into_iter().filter_map(|node| node.status?.addresses);
    let mut internal = addresses.flatten().filter(|one| one.type_ == "InternalIP");
    let node = internal
        .find_map(|one| one.address.parse::<IpAddr>().ok())
        .ok_or_else(|| failed("no node shows an internal address".to_owned()))?;
    let any = if node.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any).map_err(|error| failed(error.to_string()))?;
    let connected = socket.connect((node, DISCARD));
    let own = connected.and_then(|()| socket.local_addr());
    Ok(own
        .map_err(|error| failed(format!("{node}: {error}")))?
        .ip())
}
