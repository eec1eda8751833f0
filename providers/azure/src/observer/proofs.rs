//! The proofs that a resource belongs to a run: its marks, its name, and what it hangs on. And the claims that it belongs
//! to another one.
//!
//! Pure. Tags are not inherited from a group, and what AKS makes carries its cluster's. Role assignments have neither
//! tags nor a name that says anything: they are known by their principal or by their scope.

use std::collections::BTreeSet;

use kubeproof_contract::marks::Owner;
use kubeproof_contract::observer::OwnershipClaim;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::{RUN_TAG, Run};

use super::inventory::{LINKED, ORPHANED, group_of, scope_in};

/// The tags by which AKS says which cluster something is for.
const CLUSTER: &str = "aks-managed-cluster-name";
const CLUSTER_GROUP: &str = "aks-managed-cluster-rg";
/// How far something may be from what proves it: assignment, identity, group of nodes, cluster, group.
const DEPTH: usize = 6;

/// The proofs that a resource belongs to the run. What it hangs on is looked up in the inventory.
pub(super) fn of(run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String> {
    let mut proofs = Ours(run).proofs(resource, inventory, DEPTH);
    // Not a proof by itself: anyone's may be orphaned.
    if let Some(why) = resource
        .properties
        .get(ORPHANED)
        .filter(|_| !proofs.is_empty())
    {
        proofs.push(why.clone());
    }
    proofs
}

/// The claim that a resource is another run's, or another cluster's. `None` when anything says that it is this run's.
pub(super) fn claim(
    run: &Run,
    resource: &Resource,
    inventory: &[Resource],
) -> Option<OwnershipClaim> {
    if !of(run, resource, inventory).is_empty() {
        return None;
    }
    if let Some(claim) = OwnershipClaim::by_tag(run, resource) {
        return Some(claim);
    }
    if let Some(cluster) = resource.tags.get(CLUSTER) {
        return Some(OwnershipClaim {
            text: format!("tag {CLUSTER}={cluster}"),
            run: None,
            rests_on: vec![resource.id.clone()],
        });
    }
    let mut parents = parents(resource, inventory);
    parents.find_map(|(what, parent)| {
        let owner = Owner::in_tags(&parent.tags)?;
        Some(OwnershipClaim {
            text: format!("its {what} is marked {RUN_TAG}={}", owner.run),
            run: Some(owner.run),
            rests_on: vec![resource.id.clone(), parent.id.clone()],
        })
    })
}

/// What a resource cannot be without, and what that is to it.
fn parents<'a>(
    resource: &'a Resource,
    inventory: &'a [Resource],
) -> impl Iterator<Item = (&'static str, &'a Resource)> {
    let property = |name: &str| {
        resource
            .properties
            .get(name)
            .map(|id| id.to_ascii_lowercase())
    };
    let of_type = resource.resource_type.as_str();
    let mut ids: Vec<(&'static str, String)> = Vec::new();
    match of_type {
        "node_resource_group" => ids.extend(property("managed_by").map(|id| ("cluster", id))),
        "role_assignment" => {
            ids.extend(property("principal_id").map(|id| ("principal", id)));
            ids.extend(scopes(resource).into_iter().map(|id| ("scope", id)));
        }
        // A lock or a setting need not be made by the one who made what it is for.
        "management_lock" | "diagnostic_setting" => {}
        "service_principal"
        | "app_registration_sp"
        | "deleted_application"
        | "deleted_service_principal" => {
            ids.extend(property("app_id").map(|id| ("application", id)));
        }
        _ => {
            ids.extend(outer(&resource.id).map(|id| ("parent", id.to_owned())));
            ids.extend(property(LINKED).map(|id| ("network", id)));
            ids.extend(property("managed_by").map(|id| ("owner", id)));
            ids.extend(group_id(&resource.id).map(|id| ("resource group", id.to_owned())));
        }
    }
    ids.into_iter().flat_map(move |(what, id)| {
        let is_it = move |one: &&Resource| !one.is_same(resource) && is_named(one, what, &id);
        inventory.iter().filter(is_it).map(move |one| (what, one))
    })
}

/// Whether this is what an id leads to: a principal by that of its identity or its own, an application by its client id.
fn is_named(one: &Resource, what: &str, id: &str) -> bool {
    let property = |name: &str| {
        let value = one.properties.get(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case(id))
    };
    match what {
        "principal" => {
            property("principalId")
                || one.resource_type.ends_with("service_principal") && one.id == id
        }
        "application" => {
            matches!(
                one.resource_type.as_str(),
                "app_registration_sp" | "deleted_application"
            ) && property("app_id")
        }
        _ => one.id == id,
    }
}

/// The scope of an assignment, and the resources that it is a part of: groups and what is in them.
fn scopes(resource: &Resource) -> Vec<String> {
    let Some(scope) = scope_in(&resource.id) else {
        return Vec::new();
    };
    let mut all = BTreeSet::from([scope.to_owned()]);
    all.extend(outer(scope).map(str::to_owned));
    all.extend(group_id(scope).map(str::to_owned));
    all.into_iter().collect()
}

/// The resource that this one is a part of, by its id.
fn outer(id: &str) -> Option<&str> {
    let (_, below) = id.rsplit_once("/providers/")?;
    if below.split('/').count() < 5 {
        return None;
    }
    id.rsplit_once('/')?
        .0
        .rsplit_once('/')
        .map(|(outer, _)| outer)
}

/// The id of the group that something is in.
fn group_id(id: &str) -> Option<&str> {
    let name = group_of(id)?;
    let end = id.find("/resourcegroups/")? + "/resourcegroups/".len() + name.len();
    id.get(..end)
}

struct Ours<'a>(&'a Run);

impl Ours<'_> {
    fn proofs(&self, resource: &Resource, inventory: &[Resource], depth: usize) -> Vec<String> {
        let mut proofs = self.own(resource);
        proofs.extend(self.place(resource, inventory));
        if !proofs.is_empty() || depth == 0 || self.is_anothers(resource) {
            return proofs;
        }
        for (what, parent) in parents(resource, inventory) {
            if !self.proofs(parent, inventory, depth - 1).is_empty() {
                let name = parent.name.as_deref().unwrap_or(&parent.id);
                proofs.push(format!("its {what} {name} belongs to the run"));
            }
        }
        proofs
    }

    /// The proofs that a resource carries itself, or that its id does.
    fn own(&self, resource: &Resource) -> Vec<String> {
        let Self(run) = self;
        let mut proofs = Vec::new();
        if run.owns(&resource.tags) {
            proofs.push(format!("tag {RUN_TAG}={}", run.id));
        }
        if self.is_anothers(resource) {
            return proofs;
        }
        let tag = |name: &str| resource.tags.get(name).map_or("", String::as_str);
        if self.is_name(tag(CLUSTER)) || self.is_name(tag(CLUSTER_GROUP)) {
            proofs.push(format!("made for cluster {}", tag(CLUSTER)));
        }
        let name = resource.name.as_deref().unwrap_or_default();
        if self.is_name(name) {
            proofs.push(format!("its name is {name}"));
        }
        let described = resource.properties.get("description");
        if let Some(text) = described.filter(|text| run.is_named_in(text)) {
            proofs.push(format!("described as \"{text}\""));
        }
        proofs
    }

    /// The run's group or cluster in the ids that a resource has: one that is gone is in no inventory.
    fn place(&self, resource: &Resource, inventory: &[Resource]) -> Option<String> {
        if self.is_anothers(resource) {
            return None;
        }
        let of_type = resource.resource_type.as_str();
        let id = match of_type {
            "node_resource_group" => {
                let owner = resource.properties.get("managed_by")?;
                let name = owner.rsplit('/').next().unwrap_or_default();
                let is_ours = self.is_name(&name.to_ascii_lowercase());
                return is_ours.then(|| format!("made for cluster {name}"));
            }
            "role_assignment" => scope_in(&resource.id)?,
            "management_lock" | "diagnostic_setting" => return None,
            "resource_group" => return None,
            _ => &resource.id,
        };
        let (group, whole) = (group_of(id)?, group_id(id)?);
        let mut all = inventory.iter();
        let is_theirs = all.any(|one| one.id == whole && self.is_anothers(one));
        let is_ours = self.is_name(group) && !is_theirs;
        is_ours.then(|| format!("in resource group {group}"))
    }

    /// Whether the marks name another run.
    fn is_anothers(&self, resource: &Resource) -> bool {
        let owner = Owner::in_tags(&resource.tags);
        owner.is_some_and(|owner| owner.run != self.0.id)
    }

    /// Whether it is a name of the run: a part begins with a letter, so a run whose id goes on after this one's is told
    /// apart.
    fn is_name(&self, name: &str) -> bool {
        let part = self.0.part_of(name);
        part.is_some_and(|part| !part.starts_with(|c: char| !c.is_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests;
