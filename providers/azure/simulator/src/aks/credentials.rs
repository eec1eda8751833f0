//! Credentials of clusters: a kubeconfig with the address and the authority of the API server in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeproof_simkit::router::on;
use serde_json::json;

use super::accounts;
use super::cluster::{CLUSTERS, host};
use crate::arm::read;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{Answer, ApiError, Outcome};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("POST", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}/listClusterUserCredential", "containerservice.managedClusters.listClusterUserCredentials", |state, call| credentials(state, call, 1)),
    on("POST", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}/listClusterAdminCredential", "containerservice.managedClusters.listClusterAdminCredentials", |state, call| credentials(state, call, 0)),
]);

/// Stands for a certificate, where no socket needs a real one.
const CERTIFICATE: &str =
    "-----BEGIN CERTIFICATE-----\nkubeproof rehearsal\n-----END CERTIFICATE-----\n";

fn credentials(state: &mut State, call: &Call<'_>, who: usize) -> Outcome {
    let cluster = read::found(state, call, &CLUSTERS)?;
    if who == 0 {
        accounts::check_local(cluster)?;
    }
    // Tokens that a plug-in of kubectl's own got, before it was taken out.
    if call.query("format") == Some("azure") {
        return Err(ApiError::not_simulated(format!(
            "{} with format azure",
            call.name
        )));
    }
    let Some(running) = state.aks.running.get(&cluster.key()) else {
        let message = format!("The cluster '{}' has no credentials yet.", cluster.name);
        return Err(ApiError::new(404, "ControlPlaneNotFound", message));
    };
    let host = host(cluster);
    let served = state.endpoints.get(&host);
    let server = served.map_or_else(
        || format!("https://{host}:443"),
        |served| served.url.clone(),
    );
    let authority = served.map_or(CERTIFICATE, |served| served.authority_pem.as_str());
    let kind = ["clusterAdmin", "clusterUser"][who];
    let user = format!("{kind}_{}_{}", cluster.group, cluster.name);
    let context = if who == 0 {
        format!("{}-admin", cluster.name)
    } else {
        cluster.name.clone()
    };
    let secret = if who == 1 && accounts::is_on(cluster) {
        accounts::exec(state)
    } else {
        json!({"token": running.tokens[who]})
    };
    // JSON is YAML, and the one writer that is at hand.
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": context, "preferences": {},
        "clusters": [{"name": cluster.name, "cluster": {
            "certificate-authority-data": STANDARD.encode(authority), "server": server,
        }}],
        "contexts": [{"name": context, "context": {"cluster": cluster.name, "user": user}}],
        "users": [{"name": user, "user": secret}],
    });
    let encoded = STANDARD.encode(config.to_string());
    Ok(Answer::ok(
        json!({"kubeconfigs": [{"name": kind, "value": encoded}]}),
    ))
}
