//! What the observer lists: the resource types of a subscription and of its directory, in deletion order, each with its
//! lists.
//!
//! Lists cover the whole subscription, so what a provisioner made in another group is found too. A list that cannot be
//! read to its end is unknown, never empty.

mod authorization;
mod catalogue;
mod completion;
mod directory;
mod groups;
mod items;
mod resources;

use std::collections::BTreeSet;

use kubeproof_cloudkit::{CallError, resource_types};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{Resource, ResourceKey, ResourceType};
use kubeproof_contract::scope::{Breadth, Cell, Listed, Listing, Scope};

pub(crate) use authorization::scope_in;
pub(crate) use catalogue::{KINDS, Kind, Source};
pub(crate) use completion::{LINKED, ORPHANED, of as complete};
pub(crate) use items::group_of;

use crate::api::Api;
use crate::api::types::Resource as Shown;
use resources::Seen;

/// The types alone, in deletion order.
static TYPES: [ResourceType; KINDS.len()] = resource_types!(KINDS);

/// All resource types, in deletion order.
pub(super) fn types() -> &'static [ResourceType] {
    &TYPES
}

/// What a cluster or its workload can leave that no list here shows.
pub(super) fn not_covered() -> Vec<String> {
    let not_listed = [
        "deny assignments and policies",
        "diagnostic settings of anything but the subscription and its clusters",
        "peerings and subnets, which go with their virtual network",
        "records in DNS zones",
        "groups and users of the directory",
        "role assignments in management groups and in other subscriptions",
        "images in container registries, and files in storage accounts",
        "deployments, which are a history of the resource groups",
    ];
    let lines = not_listed.iter().map(|what| format!("{what}: not listed"));
    lines.collect()
}

/// The type of this name.
///
/// # Errors
/// When there is none.
pub(crate) fn known(what: &str, name: &str) -> Result<&'static Kind, CallError> {
    let found = KINDS.iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| CallError::state(what, format!("unknown resource type `{name}`")))
}

/// What must be listed, in deletion order. Types that one list shows alone share a listing.
pub(super) async fn cells(
    api: &Api,
    subscription: &str,
    breadth: &Breadth,
) -> Result<Vec<Listing>, CallError> {
    let named = match breadth {
        Breadth::Scenario | Breadth::Account => Vec::new(),
        Breadth::Named(named) => {
            exist(api, subscription, named).await?;
            named.clone()
        }
    };
    let of_kind = |kind: &Kind| -> Vec<Cell> {
        let cell = |scope: &Scope| Cell::new(kind.name(), scope.clone());
        match named.as_slice() {
            // What no group holds is listed as a whole.
            groups if kind.is_in_groups() && !groups.is_empty() => {
                groups.iter().map(cell).collect()
            }
            _ => vec![cell(&Scope::global())],
        }
    };
    let mut listings: Vec<Listing> = Vec::new();
    let mut shared: Option<usize> = None;
    for kind in &KINDS {
        match (kind.source.is_generic(), shared) {
            (true, Some(at)) => listings[at].cells.extend(of_kind(kind)),
            (is_generic, _) => {
                if is_generic {
                    shared = Some(listings.len());
                }
                listings.push(Listing {
                    cells: of_kind(kind),
                });
            }
        }
    }
    Ok(listings)
}

/// Refuses a scope that is no group: its lists would be empty, and prove nothing.
async fn exist(api: &Api, subscription: &str, named: &[Scope]) -> Result<(), CallError> {
    let operation = "resourceGroups.list";
    let all: Vec<Shown> = api.list(operation, &[subscription], None).await?;
    let is_known = |scope: &&Scope| {
        all.iter()
            .any(|group| group.name.to_lowercase() == scope.as_str())
    };
    match named.iter().find(|scope| !is_known(scope)) {
        None => Ok(()),
        Some(unknown) => Err(CallError::state(
            operation,
            format!(
                "`{unknown}` is no resource group of subscription {subscription} (write it in lower case)"
            ),
        )),
    }
}

/// Makes one listing.
///
/// # Errors
/// When a page of it could not be read, or its type is unknown.
pub(crate) async fn list(
    api: &Api,
    subscription: &str,
    listing: &Listing,
) -> Result<Listed, CallError> {
    let names: BTreeSet<&str> = listing
        .cells
        .iter()
        .map(|cell| cell.resource_type.as_str())
        .collect();
    let kinds: Result<Vec<&Kind>, CallError> =
        names.into_iter().map(|name| known("list", name)).collect();
    let mut listed = Listed::default();
    let (shared, single): (Vec<&Kind>, Vec<&Kind>) = kinds?
        .into_iter()
        .partition(|kind| kind.source.is_generic());
    if !shared.is_empty() {
        listed.resources = resources::generic(api, subscription, &shared).await?;
    }
    for kind in single {
        let Seen {
            resources,
            uncertain,
        } = kind.read(api, subscription).await?;
        listed.resources.extend(resources);
        if let Some(why) = uncertain {
            let theirs = listing.cells.iter();
            let theirs = theirs.filter(|cell| cell.resource_type == kind.name());
            let error = ObserverError::from(why);
            listed
                .unread
                .extend(theirs.map(|cell| (cell.clone(), error.clone())));
        }
    }
    let is_asked = |one: &Resource| listing.cells.iter().any(|cell| cell.covers(one));
    listed.resources.retain(is_asked);
    // A page that is sent twice shows everything on it twice.
    let mut seen: BTreeSet<ResourceKey> = BTreeSet::new();
    listed.resources.retain(|one| seen.insert(one.key()));
    Ok(listed)
}

impl Source {
    /// Whether the list of all resources alone shows it.
    fn is_generic(self) -> bool {
        matches!(self, Self::Generic(_) | Self::Rest)
    }
}

impl Kind {
    /// The name of the type.
    pub(crate) fn name(&self) -> &'static str {
        self.resource_type.name
    }

    /// Whether resources of the type live in groups.
    fn is_in_groups(&self) -> bool {
        matches!(
            self.source,
            Source::Typed(..) | Source::Generic(_) | Source::Rest | Source::FederatedCredentials
        )
    }

    /// All resources of the type.
    async fn read(&self, api: &Api, subscription: &str) -> Result<Seen, CallError> {
        let name = self.name();
        let all = match self.source {
            Source::Typed(full, list, properties) => {
                return resources::typed(api, subscription, (name, full, list, properties)).await;
            }
            Source::Generic(_) | Source::Rest => {
                resources::generic(api, subscription, &[self]).await?
            }
            Source::NodeGroups => groups::list(api, subscription, true, name).await?,
            Source::Groups => groups::list(api, subscription, false, name).await?,
            Source::FederatedCredentials => resources::credentials(api, subscription).await?,
            Source::Assignments => authorization::assignments(api, subscription).await?,
            Source::RoleDefinitions => authorization::roles(api, subscription).await?,
            Source::Locks => authorization::locks(api, subscription).await?,
            Source::DiagnosticSettings => {
                authorization::diagnostic_settings(api, subscription).await?
            }
            Source::SoftDeleted(list) => {
                resources::soft_deleted(api, subscription, name, list).await?
            }
            Source::Directory(list) => directory::list(api, name, list).await?,
        };
        Ok(all.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_there_once_and_what_refers_to_another_stands_before_it() {
        let names: BTreeSet<&str> = KINDS.iter().map(Kind::name).collect();
        assert_eq!(names.len(), KINDS.len());
        let at = |name: &str| KINDS.iter().position(|kind| kind.name() == name).unwrap();
        for (before, after) in [
            ("aks_managed_cluster", "node_resource_group"),
            ("vmss", "load_balancer"),
            ("load_balancer", "public_ip"),
            ("private_dns_link", "private_dns_zone"),
            ("vnet_subnet", "nat_gateway"),
            ("vnet_subnet", "nsg"),
            ("nat_gateway", "public_ip"),
            ("role_assignment", "user_assigned_identity"),
            ("federated_credential", "user_assigned_identity"),
            ("app_registration_sp", "deleted_application"),
            ("user_assigned_identity", "resource_group"),
        ] {
            assert!(at(before) < at(after), "{before} {after}");
        }
    }
}
