//! What lists leave out and ownership needs: the network of a DNS link, and whether the principal of an assignment or
//! the application of a principal is still there.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::Resource;
use serde_json::Value;

use super::super::READ;
use super::items::text;
use crate::api::graph::{self, DirectoryObject};
use crate::api::{Api, version};

/// The property that says why something serves no one any more.
pub(crate) const ORPHANED: &str = "orphaned_because";
/// The property with the id of the network that a DNS link is for.
pub(crate) const LINKED: &str = "virtual_network";

/// These with what their lists left out.
///
/// # Errors
/// When it could not be read.
pub(crate) async fn of(api: &Api, resources: Vec<Resource>) -> Result<Vec<Resource>, CallError> {
    let mut complete = Vec::with_capacity(resources.len());
    for resource in resources {
        complete.push(match resource.resource_type.as_str() {
            "private_dns_link" => link(api, resource).await?,
            "role_assignment" => assignment(api, resource).await?,
            "app_registration_sp" => application(api, resource).await?,
            _ => resource,
        });
    }
    Ok(complete)
}

async fn link(api: &Api, resource: Resource) -> Result<Resource, CallError> {
    let version = version("virtualNetworkLinks.");
    let found: Option<Value> = api.find_by_id(&resource.id, version).await?;
    let network = found
        .as_ref()
        .map(|link| &link["properties"]["virtualNetwork"]);
    let network = network.and_then(|network| text(network, "id"));
    Ok(match network {
        Some(id) => resource.with(LINKED, id),
        None => resource,
    })
}

/// Users and groups cannot be looked up with the permissions that an audit has, and go more rarely.
async fn assignment(api: &Api, resource: Resource) -> Result<Resource, CallError> {
    let of = |name: &str| resource.properties.get(name).cloned().unwrap_or_default();
    let (principal, kind) = (of("principal_id"), of("principal_type"));
    if kind != "ServicePrincipal" || principal.is_empty() {
        return Ok(resource);
    }
    let parameters = [principal.as_str()];
    let call = RestCall::new("servicePrincipals.get", &parameters);
    match api.graph().call::<DirectoryObject>(READ, call).await {
        Ok(known) => Ok(resource.with("principal_name", known.display_name)),
        Err(error) if error.is_not_found() => {
            let why = format!("its principal {principal} is gone");
            Ok(resource.with(ORPHANED, why))
        }
        Err(error) => Err(error),
    }
}

async fn application(api: &Api, resource: Resource) -> Result<Resource, CallError> {
    let client = resource.properties.get("app_id").cloned();
    let filter = format!("appId eq '{}'", client.unwrap_or_default());
    let all: Vec<DirectoryObject> =
        graph::list(api.graph(), "servicePrincipals.list", Some(&filter)).await?;
    if all.is_empty() {
        return Ok(resource.with(ORPHANED, "it has no service principal any more"));
    }
    Ok(resource)
}
