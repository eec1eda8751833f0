//! Ingresses: where a cloud's controller makes a load balancer of each, they go before the cluster, because only the
//! controller knows all the parts.

use std::time::Duration;

use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{Api, DeleteParams, ListParams};
use tokio::time::Instant;

use crate::attempt::{attempt, list_all};
use crate::error::{Cause, KubernetesError};

const PAUSE: Duration = Duration::from_secs(5);

/// Deletes all Ingresses, and waits until they are gone, for at most `limit`. Returns those that remain, as
/// `namespace/name`.
///
/// # Errors
/// If they cannot be listed or deleted.
pub async fn drain(client: &kube::Client, limit: Duration) -> Result<Vec<String>, KubernetesError> {
    let start = Instant::now();
    let all: Api<Ingress> = Api::all(client.clone());
    loop {
        let found = list_all("list ingresses", &all, &ListParams::default()).await?;
        let found: Vec<(String, String)> = found
            .into_iter()
            .map(|one| {
                let name = one.metadata.name.unwrap_or_default();
                (one.metadata.namespace.unwrap_or_default(), name)
            })
            .collect();
        if found.is_empty() || start.elapsed() >= limit {
            let names = found.iter().map(|(space, name)| format!("{space}/{name}"));
            return Ok(names.collect());
        }
        for (space, name) in &found {
            let api: Api<Ingress> = Api::namespaced(client.clone(), space);
            let what = format!("delete ingress {name}");
            let params = DeleteParams::background();
            match attempt(&what, || api.delete(name, &params)).await {
                Err(error) if error.cause != Cause::Status(404) => return Err(error),
                _ => {}
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
