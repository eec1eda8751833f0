//! The resource types of a cloud, as values: how each is listed, completed, deleted and priced, in deletion order.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use kubeproof_contract::Decimal;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};
use kubeproof_contract::scope::{Cell, Listed, Listing, Scope};
use serde_json::Value;

use crate::error::CallError;
use crate::prices::cents;
use crate::rest::{RestApi, RestCall, RestClient};
use crate::retry::RetryPolicy;

/// How long a resource may stay in use after its users are gone.
pub const IN_USE_LIMIT: Duration = Duration::from_mins(5);

/// The clients that the functions of a catalogue call.
pub trait AccountClients: Send + Sync + Sized {
    /// Why a call of theirs failed.
    type Error: From<CallError> + Into<ObserverError>;

    /// Clients for the next piece of work, in this scope.
    #[must_use]
    fn of_scope(&self, scope: &Scope) -> Self;
}

impl<A: RestApi> AccountClients for RestClient<A> {
    type Error = CallError;

    fn of_scope(&self, _: &Scope) -> Self {
        self.renewed()
    }
}

/// The pending result of a catalogue's function.
pub type Pending<'a, C, T> = BoxFuture<'a, Result<T, <C as AccountClients>::Error>>;

/// Lists all resources of one type to the last page, without what is gone.
pub type ListResources<C> = for<'a> fn(&'a C) -> Pending<'a, C, Vec<Resource>>;

/// Reads what the list leaves out but ownership needs. All of the resources are of one type and scope.
pub type CompleteResources<C> = for<'a> fn(&'a C, &'a mut [Resource]) -> Pending<'a, C, ()>;

/// Deletes one resource. One that is gone already is as it should be.
pub type DeleteResource<C> = for<'a> fn(&'a C, &'a Resource) -> Pending<'a, C, ()>;

/// A resource type.
#[derive(Debug)]
pub struct ResourceKind<C: AccountClients> {
    /// Its name.
    pub resource_type: ResourceType,
    /// Whether one list shows those of the whole account.
    pub is_global: bool,
    /// How all of them are listed.
    pub list: ListResources<C>,
    /// How those are completed that ownership is in question for.
    pub complete: Option<CompleteResources<C>>,
    /// How one of them is deleted; `None`: an audit only shows it.
    pub delete: Option<DeleteResource<C>>,
    /// US dollars a month; `None` when no price is known.
    pub monthly_cost: fn(&Resource) -> Option<Decimal>,
}

impl<C: AccountClients> ResourceKind<C> {
    /// A type whose one list covers the whole account. It is never deleted and costs nothing, unless more is said.
    pub const fn global(name: &'static str, list: ListResources<C>) -> Self {
        Self {
            resource_type: ResourceType::named(name),
            is_global: true,
            list,
            complete: None,
            delete: None,
            monthly_cost: |_| Some(Decimal::ZERO),
        }
    }

    /// A type that is listed in each region.
    pub const fn regional(name: &'static str, list: ListResources<C>) -> Self {
        Self {
            is_global: false,
            ..Self::global(name, list)
        }
    }

    /// Completed like this.
    #[must_use]
    pub const fn completed(self, complete: CompleteResources<C>) -> Self {
        Self {
            complete: Some(complete),
            ..self
        }
    }

    /// Deleted like this.
    #[must_use]
    pub const fn deleted(self, delete: DeleteResource<C>) -> Self {
        Self {
            delete: Some(delete),
            ..self
        }
    }

    /// At this price.
    #[must_use]
    pub const fn priced(self, monthly_cost: fn(&Resource) -> Option<Decimal>) -> Self {
        Self {
            monthly_cost,
            ..self
        }
    }
}

/// The resource types alone of constant values with a field `resource_type`, in their order.
#[macro_export]
macro_rules! resource_types {
    ($kinds:expr) => {{
        let mut types = [kubeproof_contract::resource::ResourceType::named(""); $kinds.len()];
        let mut index = 0;
        while index < types.len() {
            types[index] = $kinds[index].resource_type;
            index += 1;
        }
        types
    }};
}

/// Deletes by an operation with the resource's id in the path, again while it is in use.
pub fn delete_by_path<'a, A: RestApi>(
    api: &'a RestClient<A>,
    operation: &'static str,
    id: &'a str,
) -> BoxFuture<'a, Result<(), CallError>> {
    let policy = RetryPolicy::while_in_use(IN_USE_LIMIT);
    api.delete(policy, operation, id).boxed()
}

/// Deletes by an operation with this body, again while the resource is in use.
pub fn delete_by_body<'a, A: RestApi>(
    api: &'a RestClient<A>,
    operation: &'static str,
    body: Value,
) -> BoxFuture<'a, Result<(), CallError>> {
    let policy = RetryPolicy::while_in_use(IN_USE_LIMIT);
    async move {
        let call = RestCall::new(operation, &[]).with_body(&body);
        api.end(policy, call).await
    }
    .boxed()
}

/// All resource types, in deletion order.
#[derive(Debug)]
pub struct Catalogue<C: AccountClients + 'static>(pub &'static [ResourceKind<C>]);

impl<C: AccountClients> Catalogue<C> {
    /// The type of this name.
    pub fn find(&self, resource_type: &str) -> Option<&'static ResourceKind<C>> {
        let mut kinds = self.0.iter();
        kinds.find(|one| one.resource_type.name == resource_type)
    }

    fn known(&self, what: &str, resource_type: &str) -> Result<&'static ResourceKind<C>, C::Error> {
        let known = self.find(resource_type);
        known.ok_or_else(|| unknown(what, resource_type).into())
    }

    /// A listing for each regional type in each region, and one for each global type, in deletion order.
    pub fn listings(&self, regions: &[Scope]) -> Vec<Listing> {
        let global = [Scope::global()];
        let listings = self.0.iter().flat_map(|kind| {
            let scopes = if kind.is_global { &global } else { regions };
            let cell = |scope: &Scope| Listing::of(Cell::new(kind.resource_type.name, scope));
            scopes.iter().map(cell).collect::<Vec<_>>()
        });
        listings.collect()
    }

    /// Makes one of these listings.
    ///
    /// # Errors
    /// When a type is unknown, or its list cannot be read.
    pub async fn list(&self, clients: &C, listing: &Listing) -> Result<Listed, C::Error> {
        let mut all = Vec::new();
        for cell in &listing.cells {
            let kind = self.known("list", &cell.resource_type)?;
            all.extend((kind.list)(&clients.of_scope(&cell.scope)).await?);
        }
        Ok(all.into())
    }

    /// Completes resources, those of each type and scope together, and keeps their order.
    ///
    /// # Errors
    /// When something could not be read.
    pub async fn complete(
        &self,
        clients: &C,
        mut resources: Vec<Resource>,
    ) -> Result<Vec<Resource>, C::Error> {
        let scopes: BTreeSet<Scope> = resources.iter().map(|it| it.scope.clone()).collect();
        for kind in self.0 {
            let Some(complete) = kind.complete else {
                continue;
            };
            for scope in &scopes {
                let is_one = |it: &Resource| {
                    it.resource_type == kind.resource_type.name && it.scope == *scope
                };
                let places: Vec<usize> = (0..resources.len())
                    .filter(|place| is_one(&resources[*place]))
                    .collect();
                if places.is_empty() {
                    continue;
                }
                let mut group: Vec<Resource> =
                    places.iter().map(|n| resources[*n].clone()).collect();
                complete(&clients.of_scope(scope), &mut group).await?;
                for (place, completed) in places.into_iter().zip(group) {
                    resources[place] = completed;
                }
            }
        }
        Ok(resources)
    }

    /// Deletes one resource.
    ///
    /// # Errors
    /// When it cannot be deleted, or its type never is.
    pub async fn delete(&self, clients: &C, one: &Resource) -> Result<(), C::Error> {
        let kind = self.known("delete", &one.resource_type)?;
        match kind.delete {
            Some(delete) => delete(&clients.of_scope(&one.scope), one).await,
            None => Err(unknown("delete", &one.resource_type).into()),
        }
    }

    /// What keeping a resource costs a month, if a price is known.
    pub fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        let usd = (self.find(&resource.resource_type)?.monthly_cost)(resource)?;
        Some(MonthlyCost { usd: cents(usd) })
    }
}

/// The deleter of an account with such a catalogue.
#[derive(Debug)]
pub struct CatalogueDeleter<C: AccountClients + 'static> {
    /// How its resources are deleted.
    pub catalogue: &'static Catalogue<C>,
    /// The clients of the account.
    pub clients: C,
}

#[async_trait]
impl<C: AccountClients> Deleter for CatalogueDeleter<C> {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let deleted = self.catalogue.delete(&self.clients, resource).await;
        deleted.map_err(Into::into)
    }
}

fn unknown(what: &str, resource_type: &str) -> CallError {
    CallError::state(what, format!("unknown resource type `{resource_type}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients that know only which scope they are for.
    struct OneScope(Scope);

    impl AccountClients for OneScope {
        type Error = ObserverError;

        fn of_scope(&self, scope: &Scope) -> Self {
            Self(scope.clone())
        }
    }

    fn nets(clients: &OneScope) -> Pending<'_, OneScope, Vec<Resource>> {
        let net = Resource::new("net", "n-1", clients.0.as_str());
        std::future::ready(Ok(vec![net])).boxed()
    }

    fn note_scope<'a>(
        clients: &'a OneScope,
        nets: &'a mut [Resource],
    ) -> Pending<'a, OneScope, ()> {
        for net in nets {
            net.state = format!("read in {}", clients.0.as_str());
        }
        std::future::ready(Ok(())).boxed()
    }

    type Kind = ResourceKind<OneScope>;

    const KINDS: &[Kind] = &[
        Kind::regional("net", nets)
            .completed(note_scope)
            .deleted(|_, _| std::future::ready(Ok(())).boxed())
            .priced(|_| Some(Decimal::new(1005, 3))),
        Kind::global("role", |_| std::future::ready(Ok(Vec::new())).boxed()),
    ];
    static CATALOGUE: Catalogue<OneScope> = Catalogue(KINDS);

    fn account() -> OneScope {
        OneScope(Scope::new("home"))
    }

    #[test]
    fn a_regional_type_is_listed_in_each_region_and_a_global_one_once() {
        let cells = |regions: &[Scope]| -> Vec<String> {
            let listings = CATALOGUE.listings(regions);
            let cells = listings.iter().flat_map(|listing| &listing.cells);
            cells
                .map(|cell| format!("{} {}", cell.resource_type, cell.scope.as_str()))
                .collect()
        };
        let both = [Scope::new("a"), Scope::new("b")];
        assert_eq!(cells(&both), ["net a", "net b", "role global"]);
        assert_eq!(cells(&[]), ["role global"]);
        let names = crate::resource_types!(KINDS).map(|one| one.name);
        assert_eq!(names, ["net", "role"]);
    }

    #[tokio::test]
    async fn a_list_is_read_by_the_clients_of_its_scope() {
        for listing in CATALOGUE.listings(&[Scope::new("a")]) {
            let listed = CATALOGUE.list(&account(), &listing).await.unwrap();
            for resource in listed.resources {
                assert_eq!(resource.scope, Scope::new("a"));
            }
        }
        let unknown = Listing::of(Cell::new("sun", Scope::global()));
        let error = CATALOGUE.list(&account(), &unknown).await.unwrap_err();
        assert!(error.message.contains("unknown resource type `sun`"));
    }

    #[tokio::test]
    async fn resources_are_completed_where_they_are_and_keep_their_order() {
        let all = [("net", "a"), ("role", "global"), ("net", "b")];
        let all = all
            .map(|(of, scope)| Resource::new(of, "x", scope))
            .to_vec();
        let completed = CATALOGUE.complete(&account(), all).await.unwrap();
        let states: Vec<&str> = completed.iter().map(|one| one.state.as_str()).collect();
        assert_eq!(states, ["read in a", "", "read in b"]);
    }

    #[tokio::test]
    async fn what_is_only_shown_is_never_deleted_and_half_a_cent_counts_up() {
        let (net, role) = (
            Resource::new("net", "n", "a"),
            Resource::new("role", "r", ""),
        );
        assert!(CATALOGUE.delete(&account(), &net).await.is_ok());
        assert!(CATALOGUE.delete(&account(), &role).await.is_err());
        let price = |one: &Resource| CATALOGUE.monthly_cost(one).map(|cost| cost.usd.to_string());
        assert_eq!(price(&net).as_deref(), Some("1.01"));
        assert_eq!(price(&role).as_deref(), Some("0"));
        assert_eq!(price(&Resource::new("sun", "s", "")), None);
    }
}
