//! Accounts of the directory in clusters: who may use one by a token of the authority, as kubelogin gets it.
//!
//! Roles of Azure decide, and only the one of administrators is simulated. Groups of the directory are not.

use kubeproof_kubernetes_simulator::server::Identity;
use serde_json::{Value, json};

use crate::arm::{Draft, Item};
use crate::authorization;
use crate::state::State;
use crate::token::KUBERNETES;
use crate::wire::{ApiError, insert};

/// The application that kubelogin signs in with when a person does: Microsoft's own for AKS.
const CLIENT: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

/// Whether a cluster takes accounts of the directory.
pub(super) fn is_on(cluster: &Item) -> bool {
    cluster.property("aadProfile").is_object()
}

/// Completes what a cluster says of accounts, and refuses what is not simulated.
pub(super) fn check(state: &State, draft: &mut Draft) -> Result<(), ApiError> {
    let mut profile = draft.property("aadProfile").clone();
    if !profile.is_object() {
        if draft.property("disableLocalAccounts") == true {
            let message =
                "Local accounts can be disabled only in a cluster with accounts of the directory.";
            return Err(ApiError::invalid(message));
        }
        return Ok(());
    }
    if profile["managed"] != true {
        return Err(ApiError::not_simulated("an aadProfile that is not managed"));
    }
    let groups = profile["adminGroupObjectIDs"].as_array();
    if groups.is_some_and(|groups| !groups.is_empty()) {
        return Err(ApiError::not_simulated("aadProfile.adminGroupObjectIDs"));
    }
    if profile["tenantID"].is_null() {
        insert(&mut profile, "tenantID", json!(state.setup.tenant));
    }
    if profile["enableAzureRBAC"].is_null() {
        insert(&mut profile, "enableAzureRBAC", json!(false));
    }
    draft.set("aadProfile", profile);
    Ok(())
}

/// Refuses credentials of administrators where local accounts are disabled.
pub(super) fn check_local(cluster: &Item) -> Result<(), ApiError> {
    if cluster.property("disableLocalAccounts") == true {
        let message = "Getting static credential is not allowed because this cluster is set to disable local accounts.";
        return Err(ApiError::new(400, "BadRequest", message));
    }
    Ok(())
}

/// What the kubeconfig of a user runs to get a token.
pub(super) fn exec(state: &State) -> Value {
    let words = [
        "get-token",
        "--environment",
        "AzurePublicCloud",
        "--server-id",
        KUBERNETES,
        "--client-id",
        CLIENT,
        "--tenant-id",
        &state.setup.tenant,
        "--login",
        "devicecode",
    ];
    json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin", "args": words, "env": null,
        "provideClusterInfo": false,
        "installHint": "kubelogin is not installed: it gets tokens of Microsoft Entra ID for AKS.",
    }})
}

/// Who a principal of the directory is in a cluster.
pub(super) fn identity(state: &State, cluster: &Item, principal: String) -> Identity {
    let mut groups = vec!["system:authenticated".to_owned()];
    let has_roles = cluster.property("aadProfile")["enableAzureRBAC"] == true;
    if has_roles && authorization::administers(state, &principal, &cluster.id) {
        groups.insert(0, "system:masters".to_owned());
    }
    Identity::User {
        name: principal,
        groups,
    }
}
