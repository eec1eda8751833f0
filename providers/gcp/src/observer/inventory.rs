//! What the observer lists: the resource types of a project, in deletion order, each with its lists.
//!
//! An aggregated list covers all places at once, so a trial lists the whole project, not its own region alone: what a
//! provisioner made elsewhere is found too.

mod catalogue;
mod containers;
mod identities;
mod items;
mod keys;
mod logs;
mod memberships;
mod pools;
mod shares;
mod zones;

use std::collections::BTreeSet;

use kubeproof_cloudkit::{CallError, resource_types};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{Resource, ResourceKey, ResourceType};
use kubeproof_contract::scope::{Breadth, Cell, Listed, Listing, Scope};

pub(crate) use catalogue::{Calls, Collection, KINDS, Kind, Places, Source};
pub(crate) use identities::{Policy, condition_title, read_policy};
pub(crate) use keys::{is_active as is_active_version, versions as key_versions};
pub(crate) use pools::GLOBAL as GLOBAL_LOCATION;

use super::checks;
use super::lists::{self, List, Read, Unread};
use crate::api::Api;
use crate::api::types::last;

/// The types alone, in deletion order.
static TYPES: [ResourceType; KINDS.len()] = resource_types!(KINDS);

/// All resource types, in deletion order.
pub(super) fn types() -> &'static [ResourceType] {
    &TYPES
}

/// What a cluster or its workload can leave that no list here shows.
pub(super) fn not_covered() -> Vec<String> {
    let not_listed = [
        "bindings and scopes of memberships in a fleet (GKE Hub)",
        "workload identity pools that were deleted less than 30 days ago",
        "key rings of Cloud KMS, which cost nothing",
    ];
    not_listed
        .iter()
        .map(|what| format!("{what}: not listed"))
        .collect()
}

/// The type of this name.
///
/// # Errors
/// When there is none.
pub(crate) fn known(what: &str, name: &str) -> Result<&'static Kind, CallError> {
    let found = KINDS.iter().find(|kind| kind.resource_type.name == name);
    found.ok_or_else(|| CallError::state(what, format!("unknown resource type `{name}`")))
}

/// What must be listed, in deletion order, and what cannot be, as text. A trial covers the project as a whole.
///
/// A type of an optional API that is disabled is no cell, because a cluster does not need it; it is named instead. Where
/// it is enabled or disabled between two inventories, they have different cells, so that their comparison is unknown.
pub(super) async fn cells(
    api: &Api,
    project: &str,
    breadth: &Breadth,
) -> Result<(Vec<Listing>, Vec<String>), CallError> {
    let optional: BTreeSet<&str> = KINDS.iter().filter_map(Kind::optional_api).collect();
    let optional: Vec<&str> = optional.into_iter().collect();
    let enabled = checks::enabled(api, project, &optional).await?;
    let is_listed = |kind: &&Kind| kind.optional_api().is_none_or(|api| enabled.contains(api));
    let (listed, hidden): (Vec<&Kind>, Vec<&Kind>) = KINDS.iter().partition(is_listed);
    let hidden = hidden.into_iter().filter_map(|kind| {
        let (name, api) = (kind.name(), kind.optional_api()?);
        Some(format!("{name}: not listed, because {api} is disabled"))
    });
    let listings = listings(api, project, breadth, &listed).await?;
    Ok((listings, hidden.collect()))
}

async fn listings(
    api: &Api,
    project: &str,
    breadth: &Breadth,
    kinds: &[&Kind],
) -> Result<Vec<Listing>, CallError> {
    let scopes = match breadth {
        Breadth::Scenario => {
            let whole = |kind: &&Kind| Listing::of(Cell::new(kind.name(), Scope::global()));
            return Ok(kinds.iter().map(whole).collect());
        }
        Breadth::Account => regions(api, project)
            .await?
            .into_iter()
            .map(|it| it.0)
            .collect(),
        Breadth::Named(named) => {
            exist(&regions(api, project).await?, named)?;
            named.clone()
        }
    };
    Ok(kinds.iter().map(|kind| in_scopes(kind, &scopes)).collect())
}

/// The listing of a type in these scopes, and in the project itself where the type can be there.
fn in_scopes(kind: &Kind, scopes: &[Scope]) -> Listing {
    let global = (kind.places != Places::Below).then(Scope::global);
    let below = scopes.iter().filter(|_| kind.places != Places::Global);
    let all = global.into_iter().chain(below.cloned());
    Listing {
        cells: all.map(|scope| Cell::new(kind.name(), scope)).collect(),
    }
}

/// All regions, each with its zones.
async fn regions(api: &Api, project: &str) -> Result<Vec<(Scope, Vec<Scope>)>, CallError> {
    let read = lists::read(api, project, List::Global("regions.list")).await?;
    if let Some(unread) = read.unread.into_iter().next() {
        return Err(unread.error);
    }
    let names = read.items.iter().filter_map(|item| {
        let zones = item["zones"].as_array().into_iter().flatten();
        let zones = zones.filter_map(|link| last(link.as_str()?));
        let zones = zones.map(lists::zone_scope).collect();
        Some((Scope::new(item["name"].as_str()?), zones))
    });
    let all: Vec<_> = names.collect();
    if all.is_empty() {
        return Err(CallError::state(
            "compute:regions.list",
            "no region is shown",
        ));
    }
    Ok(all)
}

/// Refuses a scope that is neither a region nor a zone: its lists would be empty, and prove nothing.
fn exist(regions: &[(Scope, Vec<Scope>)], named: &[Scope]) -> Result<(), CallError> {
    let is_known = |scope: &&Scope| {
        let mut all = regions.iter();
        all.any(|(region, zones)| region == *scope || zones.contains(scope))
    };
    match named.iter().find(|scope| !is_known(scope)) {
        None => Ok(()),
        Some(unknown) => Err(CallError::state(
            "compute:regions.list",
            format!(
                "`{unknown}` is no region such as us-central1 and no zone such as us-central1/us-central1-a"
            ),
        )),
    }
}

/// Makes one listing.
///
/// # Errors
/// When a page of it could not be read, or its type is unknown.
pub(super) async fn list(api: &Api, project: &str, listing: &Listing) -> Result<Listed, CallError> {
    let mut listed = Listed::default();
    let names: BTreeSet<&str> = listing
        .cells
        .iter()
        .map(|cell| cell.resource_type.as_str())
        .collect();
    for name in names {
        let cells: Vec<&Cell> = listing
            .cells
            .iter()
            .filter(|cell| cell.resource_type == name)
            .collect();
        let (resources, unread) = known("list", name)?.read(api, project).await?;
        let asked = resources
            .into_iter()
            .filter(|one| is_asked(&cells, &one.scope));
        listed.resources.extend(asked);
        for part in unread {
            note(&mut listed, &cells, &part);
        }
    }
    // A page that is sent twice shows everything on it twice.
    let mut seen: BTreeSet<ResourceKey> = BTreeSet::new();
    listed.resources.retain(|one| seen.insert(one.key()));
    Ok(listed)
}

/// Whether a scope is in these cells. Beside cells of regions, the cell of the project itself is only what is in no
/// region.
fn is_asked(cells: &[&Cell], scope: &Scope) -> bool {
    let mut below = cells
        .iter()
        .filter(|cell| !cell.scope.is_global())
        .peekable();
    if scope.is_global() || below.peek().is_none() {
        return cells.iter().any(|cell| cell.scope.is_global());
    }
    below.any(|cell| cell.scope.contains(scope))
}

/// Notes the cells that a part which could not be read belongs to.
fn note(listed: &mut Listed, cells: &[&Cell], part: &Unread) {
    let is_in = |cell: &Cell| match &part.place {
        None => true,
        Some(place) if cell.scope.is_global() => is_asked(cells, place) && !is_below(cells, place),
        Some(place) => {
            cell.scope.contains(place) || !place.is_global() && place.contains(&cell.scope)
        }
    };
    for cell in cells.iter().filter(|cell| is_in(cell)) {
        if !listed.unread.iter().any(|(known, _)| known == *cell) {
            let error = ObserverError::from(part.error.clone());
            listed.unread.push(((*cell).clone(), error));
        }
    }
}

/// Whether a place is in the cell of a region.
fn is_below(cells: &[&Cell], place: &Scope) -> bool {
    let mut below = cells.iter().filter(|cell| !cell.scope.is_global());
    below.any(|cell| cell.scope.contains(place))
}

impl Kind {
    /// The name of the type.
    pub(crate) fn name(&self) -> &'static str {
        self.resource_type.name
    }

    /// All resources of the type, and the parts of their lists that could not be read.
    async fn read(
        &self,
        api: &Api,
        project: &str,
    ) -> Result<(Vec<Resource>, Vec<Unread>), CallError> {
        match &self.source {
            Source::Compute(collections, properties) => {
                let (mut all, mut unread) = (Vec::new(), Vec::new());
                for collection in *collections {
                    let read = lists::read(api, project, collection.list).await?;
                    unread.extend(read.unread);
                    for item in &read.items {
                        let one = items::resource(self.name(), item, properties)?;
                        all.push(if collections.len() > 1 {
                            one.with("collection", collection.plural)
                        } else {
                            one
                        });
                    }
                }
                Ok((all, unread))
            }
            Source::Peerings => {
                let Read { items, unread } =
                    lists::read(api, project, List::Global("networks.list")).await?;
                Ok((items.iter().flat_map(items::peerings).collect(), unread))
            }
            Source::Ranges => {
                let list = List::Aggregated("subnetworks.aggregatedList", "subnetworks");
                let Read { items, unread } = lists::read(api, project, list).await?;
                Ok((items.iter().flat_map(items::ranges).collect(), unread))
            }
            Source::Clusters => containers::clusters(api, project).await,
            Source::Instances => shares::instances(api, project).await,
            Source::Zones => Ok((zones::zones(api, project).await?, Vec::new())),
            Source::Records => Ok((zones::records(api, project).await?, Vec::new())),
            Source::Memberships => memberships::memberships(api, project).await,
            Source::Sinks => Ok((logs::sinks(api, project).await?, Vec::new())),
            Source::Buckets => Ok((logs::buckets(api, project).await?, Vec::new())),
            Source::Pools => Ok((pools::pools(api, project).await?, Vec::new())),
            Source::Providers => Ok((pools::providers(api, project).await?, Vec::new())),
            Source::Keys => Ok((keys::keys(api, project).await?, Vec::new())),
            Source::Accounts => Ok((identities::accounts(api, project).await?, Vec::new())),
            Source::Bindings => Ok((identities::bindings(api, project).await?, Vec::new())),
        }
    }
}
