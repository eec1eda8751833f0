//! The resource types of a cloud with a JSON REST API, as values: how each is listed and deleted, in deletion order.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{Lifetime, Resource, ResourceType};
use kubeproof_contract::scope::{Cell, Listed, Listing, Scope};
use serde_json::Value;

use crate::error::CallError;
use crate::rest::{RestApi, RestCall, RestClient};
use crate::retry::RetryPolicy;

/// How long a resource may stay in use after its users are gone.
pub const IN_USE_LIMIT: Duration = Duration::from_mins(5);

/// Lists all resources of one type.
pub type ListResources<A> =
    for<'a> fn(&'a RestClient<A>) -> BoxFuture<'a, Result<Vec<Resource>, CallError>>;

/// How a resource is deleted.
#[derive(Clone, Copy, Debug)]
pub enum Deletion {
    /// By this operation, with its id in the path.
    InPath(&'static str),
    /// By this operation, with its id in the body.
    InBody(&'static str, fn(&str) -> Value),
    /// Never: an audit only shows it.
    Never,
}

/// A resource type.
#[derive(Debug)]
pub struct ResourceKind<A: 'static> {
    /// Its name.
    pub resource_type: ResourceType,
    /// How all of them are listed.
    pub list: ListResources<A>,
    /// How one of them is deleted.
    pub delete: Deletion,
}

impl<A> ResourceKind<A> {
    /// A type whose one list covers all regions of the account.
    pub const fn account_wide(
        name: &'static str,
        list: ListResources<A>,
        delete: Deletion,
    ) -> Self {
        Self {
            resource_type: ResourceType {
                name,
                retained_because: None,
            },
            list,
            delete,
        }
    }
}

/// The resource types alone.
pub const fn types<A, const N: usize>(kinds: &[ResourceKind<A>; N]) -> [ResourceType; N] {
    let mut types = [ResourceType {
        name: "",
        retained_because: None,
    }; N];
    let mut index = 0;
    while index < N {
        types[index] = kinds[index].resource_type;
        index += 1;
    }
    types
}

/// All resource types, in deletion order.
#[derive(Debug)]
pub struct Catalogue<A: 'static>(pub &'static [ResourceKind<A>]);

impl<A: RestApi> Catalogue<A> {
    fn kind(&self, what: &str, resource_type: &str) -> Result<&ResourceKind<A>, CallError> {
        let known = self
            .0
            .iter()
            .find(|one| one.resource_type.name == resource_type);
        known.ok_or_else(|| unknown(what, resource_type))
    }

    /// One listing for each type: each list covers the whole account.
    pub fn listings(&self) -> Vec<Listing> {
        let listing = |kind: &ResourceKind<A>| {
            Listing::of(Cell::new(kind.resource_type.name, Scope::global()))
        };
        self.0.iter().map(listing).collect()
    }

    /// Makes one of these listings. What has ended and is still shown is left out.
    ///
    /// # Errors
    /// When a type is unknown, or its list cannot be read.
    pub async fn list(&self, api: &RestClient<A>, listing: &Listing) -> Result<Listed, CallError> {
        let mut all = Vec::new();
        for cell in &listing.cells {
            let kind = self.kind("list", &cell.resource_type)?;
            all.extend((kind.list)(api).await?);
        }
        all.retain(|one| one.lifetime != Lifetime::Dead);
        Ok(all.into())
    }

    /// Deletes one resource, again while it is in use. What is gone already is as it should be.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub async fn delete(&self, api: &RestClient<A>, one: &Resource) -> Result<(), CallError> {
        let kind = self.kind("delete", &one.resource_type)?;
        let policy = RetryPolicy::while_in_use(IN_USE_LIMIT);
        match kind.delete {
            Deletion::InPath(operation) => api.delete(policy, operation, &one.id).await,
            Deletion::InBody(operation, body) => {
                let body = body(&one.id);
                let call = RestCall::new(operation, &[]).with_body(&body);
                api.end(policy, call).await
            }
            Deletion::Never => Err(unknown("delete", &one.resource_type)),
        }
    }
}

/// The deleter of an account with such a catalogue.
#[derive(Debug)]
pub struct CatalogueDeleter<A: 'static> {
    /// How its resources are deleted.
    pub catalogue: &'static Catalogue<A>,
    /// The client of the account.
    pub api: RestClient<A>,
}

#[async_trait]
impl<A: RestApi> Deleter for CatalogueDeleter<A> {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        Ok(self.catalogue.delete(&self.api.renewed(), resource).await?)
    }
}

fn unknown(what: &str, resource_type: &str) -> CallError {
    CallError::state(what, format!("unknown resource type `{resource_type}`"))
}
