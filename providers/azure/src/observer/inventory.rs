//! What the observer lists: resource groups, what is in them, role assignments and locks. The directory is not listed
//! yet.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::{Lifetime, Resource, ResourceType};
use kubeproof_contract::scope::{Cell, Listed, Listing, Scope};
use serde_json::Value;

use crate::api::Api;

const fn kind(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        retained_because: None,
    }
}

/// All of them. What refers to another stands before it.
pub(super) const TYPES: &[ResourceType] = &[
    kind("management_lock"),
    kind("aks_managed_cluster"),
    kind("vmss"),
    kind("load_balancer"),
    kind("network_interface"),
    kind("public_ip"),
    kind("nat_gateway"),
    kind("managed_disk"),
    kind("snapshot"),
    kind("private_dns_link"),
    kind("private_dns_zone"),
    kind("vnet_subnet"),
    kind("nsg"),
    kind("route_table"),
    kind("role_assignment"),
    kind("user_assigned_identity"),
    kind("node_resource_group"),
    kind("resource_group"),
];

/// The types that the list of all resources shows, by the names that the cloud has for them.
const IN_GROUPS: &[(&str, &str)] = &[
    (
        "aks_managed_cluster",
        "Microsoft.ContainerService/managedClusters",
    ),
    ("vmss", "Microsoft.Compute/virtualMachineScaleSets"),
    ("load_balancer", "Microsoft.Network/loadBalancers"),
    ("network_interface", "Microsoft.Network/networkInterfaces"),
    ("public_ip", "Microsoft.Network/publicIPAddresses"),
    ("nat_gateway", "Microsoft.Network/natGateways"),
    ("managed_disk", "Microsoft.Compute/disks"),
    ("snapshot", "Microsoft.Compute/snapshots"),
    (
        "private_dns_link",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    ),
    ("private_dns_zone", "Microsoft.Network/privateDnsZones"),
    ("vnet_subnet", "Microsoft.Network/virtualNetworks"),
    ("nsg", "Microsoft.Network/networkSecurityGroups"),
    ("route_table", "Microsoft.Network/routeTables"),
    (
        "user_assigned_identity",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
    ),
];

/// What must be listed: each type in the whole subscription.
pub(super) fn cells() -> Vec<Listing> {
    let whole = |kind: &ResourceType| Listing::of(Cell::new(kind.name, Scope::global()));
    TYPES.iter().map(whole).collect()
}

/// Makes one listing.
///
/// # Errors
/// When a page of it could not be read.
pub(super) async fn list(
    api: &Api,
    subscription: &str,
    listing: &Listing,
) -> Result<Listed, CallError> {
    let mut all = Vec::new();
    for cell in &listing.cells {
        all.extend(of_type(api, subscription, &cell.resource_type).await?);
    }
    Ok(all.into())
}

async fn of_type(api: &Api, subscription: &str, name: &str) -> Result<Vec<Resource>, CallError> {
    let full = IN_GROUPS.iter().find(|(known, _)| *known == name);
    let filter = full.map(|(_, full)| format!("resourceType eq '{full}'"));
    let (operation, expand) = match name {
        "resource_group" | "node_resource_group" => ("resourceGroups.list", "createdTime"),
        "role_assignment" => ("roleAssignments.listForSubscription", ""),
        "management_lock" => ("managementLocks.listAtSubscriptionLevel", ""),
        _ if filter.is_some() => ("resources.list", "createdTime,provisioningState"),
        _ => {
            let message = format!("unknown resource type `{name}`");
            return Err(CallError::state("list", message));
        }
    };
    let mut query = Vec::new();
    query.extend(filter.as_deref().map(|filter| ("$filter", filter)));
    query.extend((!expand.is_empty()).then_some(("$expand", expand)));
    let items: Vec<Value> = api.list_by(operation, &[subscription], &query).await?;
    let is_of_nodes = |item: &&Value| item["managedBy"].is_string();
    Ok(match name {
        "node_resource_group" => {
            let theirs = items.iter().filter(is_of_nodes);
            theirs.map(|item| group(name, item)).collect()
        }
        "resource_group" => {
            let others = items.iter().filter(|item| !is_of_nodes(item));
            others.map(|item| group(name, item)).collect()
        }
        "role_assignment" => items.iter().map(assignment).collect(),
        "management_lock" => items.iter().map(lock).collect(),
        _ => items.iter().map(|item| in_group(name, item)).collect(),
    })
}

fn text<'v>(item: &'v Value, member: &str) -> &'v str {
    item[member].as_str().unwrap_or_default()
}

fn tags(item: &Value) -> BTreeMap<String, String> {
    let all = item["tags"].as_object().into_iter().flatten();
    all.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Ids ignore case; the whole id in lower case is the one form that is used.
fn bare(kind: &str, item: &Value, scope: &str, created: &Value) -> Resource {
    let mut one = Resource::new(kind, text(item, "id").to_lowercase(), scope)
        .named(text(item, "name").to_owned())
        .tagged(tags(item));
    one.incarnation = created.as_str().map(str::to_owned);
    one.created_at = created.as_str().and_then(|at| at.parse().ok());
    one
}

fn in_state(one: Resource, state: &str) -> Resource {
    one.in_state(state, Lifetime::of_state(state, &["Deleting"], &[]))
}

fn in_group(kind: &str, item: &Value) -> Resource {
    let id = text(item, "id").to_lowercase();
    let group = id.split('/').nth(4).unwrap_or_default();
    let one =
        bare(kind, item, group, &item["createdTime"]).with("location", text(item, "location"));
    in_state(one, text(item, "provisioningState"))
}

fn group(kind: &str, item: &Value) -> Resource {
    let mut one =
        bare(kind, item, "", &item["createdTime"]).with("location", text(item, "location"));
    if let Some(owner) = item["managedBy"].as_str() {
        one = one.with("managed_by", owner);
    }
    in_state(one, text(&item["properties"], "provisioningState"))
}

fn assignment(item: &Value) -> Resource {
    let properties = &item["properties"];
    let role = text(properties, "roleDefinitionId");
    bare("role_assignment", item, "", &properties["createdOn"])
        .with("scope", text(properties, "scope"))
        .with("principal_id", text(properties, "principalId"))
        .with("role", role.rsplit('/').next().unwrap_or_default())
}

fn lock(item: &Value) -> Resource {
    let id = text(item, "id");
    let end = "/providers/Microsoft.Authorization/locks/";
    let scope = id.rsplit_once(end).map_or(id, |(scope, _)| scope);
    bare("management_lock", item, "", &Value::Null)
        .with("level", text(&item["properties"], "level"))
        .with("scope", scope)
}
