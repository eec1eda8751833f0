//! GPUs: how many each node offers. They show only once the device plugin has registered.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};

use crate::attempt::list_all;
use crate::error::KubernetesError;
use crate::probe::GPU;

/// The GPUs that each node offers, by node name; none counts as zero.
///
/// # Errors
/// When the nodes cannot be listed.
pub async fn offered(client: &kube::Client) -> Result<BTreeMap<String, u32>, KubernetesError> {
    let api: Api<Node> = Api::all(client.clone());
    let nodes = list_all("list the nodes", &api, &ListParams::default()).await?;
    let count = |node: &Node| {
        let allocatable = node.status.as_ref()?.allocatable.as_ref()?;
        allocatable.get(GPU)?.0.parse().ok()
    };
    Ok(nodes
        .iter()
        .map(|node| {
            (
                node.metadata.name.clone().unwrap_or_default(),
                count(node).unwrap_or(0),
            )
        })
        .collect())
}
