//! Lists of resources: a type's own list says what they are, and the list of all resources when they were made.
//!
//! The list of all resources is a copy that lags. What only it shows is asked for by its id; what only the type's own
//! list shows exists, but no one says since when.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource};
use serde_json::Value;

use super::catalogue::{KINDS, Kind, Source};
use super::groups;
use super::items::{self, Property, id, text};
use crate::api::{Api, version};

/// What the list of all resources is asked to say besides.
const EXPAND: (&str, &str) = ("$expand", "createdTime,changedTime,provisioningState");
/// How long the list of all resources is waited for once, when it does not show all.
const LAG: Duration = Duration::from_secs(10);

/// Most calls at once, where each resource of a type is asked.
const AT_ONCE: usize = 16;

/// The type of what watches the networks of a location.
const WATCHER: &str = "Microsoft.Network/networkWatchers";

/// What lists of a type have shown.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) resources: Vec<Resource>,
    /// Why something about them is not known, which a later inventory may tell.
    pub(super) uncertain: Option<CallError>,
}

impl From<Vec<Resource>> for Seen {
    fn from(resources: Vec<Resource>) -> Self {
        Self {
            resources,
            uncertain: None,
        }
    }
}

/// A type: its name, what the cloud calls it, the operation of its list, and its properties.
pub(super) type Typed = (
    &'static str,
    &'static str,
    &'static str,
    &'static [Property],
);

/// By its id in lower case, each item of a list.
type ById = BTreeMap<String, Value>;

/// All resources of a type.
pub(super) async fn typed(
    api: &Api,
    subscription: &str,
    (name, full, list, properties): Typed,
) -> Result<Seen, CallError> {
    let own = by_id(name, api.list(list, &[subscription], None).await?)?;
    let filter = format!("resourceType eq '{full}'");
    let all = || async {
        let query = [("$filter", filter.as_str()), EXPAND];
        let all = api.list_by("resources.list", &[subscription], &query).await;
        by_id(name, all?)
    };
    let mut general = all().await?;
    if own.keys().any(|id| !general.contains_key(id)) {
        api.session().sleep(LAG).await?;
        general = all().await?;
    }
    let mut seen = Seen::default();
    for (id, item) in &own {
        let one = merged(item, general.get(id));
        seen.resources
            .push(items::resource(name, &one, properties)?);
        if !general.contains_key(id) {
            let message = format!(
                "the list of all resources does not show {id}, so no one says when it was made"
            );
            seen.uncertain = Some(CallError::state("arm:resources.list", message));
        }
    }
    for (id, item) in general.iter().filter(|(id, _)| !own.contains_key(*id)) {
        let shown = text(item, "id").unwrap_or(id);
        if let Some(found) = api.find_by_id::<Value>(shown, version(list)).await? {
            let one = merged(&found, Some(item));
            seen.resources
                .push(items::resource(name, &one, properties)?);
        }
    }
    Ok(seen)
}

fn by_id(name: &str, all: Vec<Value>) -> Result<ById, CallError> {
    let each = all.into_iter().map(|item| Ok((id(name, &item)?, item)));
    each.collect()
}

/// What a type's own list shows, with what only the list of all resources does.
fn merged(own: &Value, general: Option<&Value>) -> Value {
    let mut one = own.clone();
    if let Some(general) = general {
        for member in ["createdTime", "provisioningState"] {
            one[member] = general[member].clone();
        }
    }
    one
}

/// All resources of types that the list of all resources alone shows.
pub(super) async fn generic(
    api: &Api,
    subscription: &str,
    kinds: &[&Kind],
) -> Result<Vec<Resource>, CallError> {
    let all: Vec<Value> = api
        .list_by("resources.list", &[subscription], &[EXPAND])
        .await?;
    let mut resources = Vec::new();
    for item in &all {
        let full = text(item, "type").ok_or_else(|| {
            CallError::state("arm:resources.list", "a resource is shown without a type")
        })?;
        let kind = kind_of(full);
        if kinds.iter().any(|one| one.name() == kind.name()) {
            let one = items::resource(kind.name(), item, &[])?;
            resources.push(retained(one.with("type", full)));
        }
    }
    Ok(resources)
}

/// The same, with the reason if it is one that Azure makes by itself and keeps.
fn retained(resource: Resource) -> Resource {
    let full = resource.properties.get("type");
    let is_watcher = full.is_some_and(|full| full.eq_ignore_ascii_case(WATCHER));
    if is_watcher && resource.scope.as_str() == groups::WATCHERS {
        return resource.with(RETAINED_PROPERTY, groups::WATCHERS_STAY);
    }
    resource
}

/// The type that a resource of this type of the cloud is listed under.
fn kind_of(full: &str) -> &'static Kind {
    let is_it = |kind: &&Kind| match kind.source {
        Source::Typed(of, ..) | Source::Generic(of) => of.eq_ignore_ascii_case(full),
        _ => false,
    };
    let rest = |kind: &&Kind| kind.source == Source::Rest;
    let found = KINDS.iter().find(is_it);
    found
        .or_else(|| KINDS.iter().find(rest))
        .unwrap_or(&KINDS[0])
}

/// The federated credentials of all identities.
pub(super) async fn credentials(api: &Api, subscription: &str) -> Result<Vec<Resource>, CallError> {
    let name = "federated_credential";
    let list = "userAssignedIdentities.listBySubscription";
    let identities: Vec<Value> = api.list(list, &[subscription], None).await?;
    let ids = identities
        .iter()
        .map(|one| id("user_assigned_identity", one));
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    let each = ids.into_iter().map(|id| async move {
        let last = id.rsplit('/').next().unwrap_or_default();
        let parameters = [subscription, items::group_of(&id).unwrap_or_default(), last];
        let operation = "federatedIdentityCredentials.list";
        match api.list::<Value>(operation, &parameters, None).await {
            // An identity that has gone meanwhile has none.
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            found => {
                let found = found?;
                let each = found.iter().map(|one| items::resource(name, one, &[]));
                each.collect::<Result<Vec<Resource>, CallError>>()
            }
        }
    });
    // No list has those of all identities, so each costs a call.
    let all: Vec<Vec<Resource>> = stream::iter(each).buffered(AT_ONCE).try_collect().await?;
    Ok(all.into_iter().flatten().collect())
}

/// What was deleted and can be restored. It says itself where it was.
pub(super) async fn soft_deleted(
    api: &Api,
    subscription: &str,
    name: &'static str,
    list: &'static str,
) -> Result<Vec<Resource>, CallError> {
    let all: Result<Vec<Value>, CallError> = api.list(list, &[subscription], None).await;
    let all = match all {
        // The namespace is not registered, so the subscription has nothing of it.
        Err(error) if error.is("MissingSubscriptionRegistration") => Vec::new(),
        all => all?,
    };
    let each = all.iter().map(|item| {
        let mut one = Resource::new(name, id(name, item)?, "global");
        one = one.named(text(item, "name").map(str::to_owned));
        Ok(items::made_at(
            one,
            text(&item["properties"], "deletionDate"),
        ))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_type_of_the_cloud_is_known_whatever_its_case_and_others_are_the_rest() {
        let check = |full: &str, expected: &str| assert_eq!(kind_of(full).name(), expected);
        check("microsoft.network/publicipaddresses", "public_ip");
        check("Microsoft.KeyVault/vaults", "key_vault");
        check("Microsoft.Web/sites", "other_resource");
        check("Microsoft.Network/privateDnsZones", "private_dns_zone");
    }

    #[test]
    fn only_watchers_in_their_own_group_stay() {
        let check = |group: &str, of_type: &str, expected: bool| {
            let one = Resource::new("other_resource", "x", group).with("type", of_type);
            let stays = retained(one).properties.contains_key(RETAINED_PROPERTY);
            assert_eq!(stays, expected, "{group} {of_type}");
        };
        check(
            "networkwatcherrg",
            "microsoft.network/networkwatchers",
            true,
        );
        check("kp-r1", WATCHER, false);
        check("networkwatcherrg", "Microsoft.Web/sites", false);
    }

    #[test]
    fn the_time_comes_from_the_list_of_all_resources_and_the_rest_from_the_types_own() {
        let own = json!({"id": "a", "properties": {"provisioningState": "Succeeded"}});
        let general =
            json!({"createdTime": "t", "provisioningState": "Updating", "tags": {"x": "y"}});
        let one = merged(&own, Some(&general));
        assert_eq!(one["createdTime"], "t");
        assert_eq!(one["provisioningState"], "Updating");
        assert!(one["tags"].is_null());
        assert_eq!(merged(&own, None), own);
    }
}
