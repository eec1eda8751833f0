//! Preflight: credentials, subscription, registrations, permissions, directory, place, version, quotas and names, before anything is
//! created.
//!
//! It judges the subscription, not a cluster, and changes nothing.

mod names;
mod permitted;
mod place;
mod quotas;
mod spot_prices;

use std::collections::BTreeMap;

use kubeproof_cloudkit::checks::{CREDENTIALS, Rows, credentials_found};
use kubeproof_cloudkit::{CallError, Cause};
use kubeproof_contract::Decimal;
use kubeproof_contract::check::Check;
use serde::Deserialize;

use super::READ;
use super::checks::{ROWS, is_version};
use crate::account::AccountId;
use crate::api::Api;
use crate::api::graph::{self, DirectoryObject};
use crate::api::types::{Provider, Subscription};
use crate::credentials;
use crate::spec::AksSpec;

/// The rows that the checklist leaves to preflight alone.
const OWN: Rows = Rows(&[
    (SUBSCRIPTION, "the subscription exists and is enabled"),
    (
        REGISTRATIONS,
        "the namespaces that a cluster needs are registered, or can be",
    ),
    (
        PERMISSIONS,
        "the caller may do everything that a trial needs",
    ),
    (
        DIRECTORY,
        "the caller may read applications of the directory",
    ),
    (PLACE, "the location offers the sizes of machines"),
    (VERSION, "the location offers the Kubernetes version"),
    (QUOTAS, "no quota would be exceeded"),
    (
        SPOT_PRICES,
        "the public price list tells what spot machines cost",
    ),
    (NAMES, "no name of the run is taken by anything else"),
]);
const SUBSCRIPTION: &str = "azure.preflight.subscription";
const REGISTRATIONS: &str = "azure.preflight.registrations";
const PERMISSIONS: &str = "azure.preflight.permissions";
const DIRECTORY: &str = "azure.preflight.directory";
const PLACE: &str = "azure.preflight.place";
const VERSION: &str = "azure.preflight.version";
const QUOTAS: &str = "azure.preflight.quotas";
const SPOT_PRICES: &str = "azure.preflight.spot_prices";
const NAMES: &str = "azure.preflight.names";

/// The namespaces of a cluster and of what it makes.
const NAMESPACES: [&str; 4] = [
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
];

/// What is wrong, and what was seen.
pub(super) type Judged = Result<(Vec<String>, String), CallError>;

fn row(id: &str, judged: Judged) -> Check {
    match judged {
        Ok((wrong, seen)) => OWN.judged(id, &wrong, seen),
        Err(error) => OWN.unknown(id, error),
    }
}

/// What preflight has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) checks: Vec<Check>,
    /// The account, if the cloud told it.
    pub(super) account: Option<String>,
    /// What the cloud's own list says that things cost, US dollars an hour.
    pub(super) listed: BTreeMap<String, Decimal>,
}

impl From<Check> for Found {
    fn from(check: Check) -> Self {
        Self {
            checks: vec![check],
            ..Self::default()
        }
    }
}

/// All checks.
pub(super) async fn run(api: &Api, spec: &AksSpec) -> Found {
    let source = match credentials::find(api.connection()) {
        Ok((_, source)) => source,
        Err(error) => return ROWS.failed(CREDENTIALS, error).into(),
    };
    let known = match super::subscription(api, &spec.subscription.0).await {
        Ok(known) => known,
        Err(error) => {
            // Rejected credentials, or a cloud that does not answer, show nothing about the provisioner.
            return ROWS
                .unknown(CREDENTIALS, format!("{source}: {error}"))
                .into();
        }
    };
    let mut checks = credentials_found(ROWS, source);
    checks.push(row(SUBSCRIPTION, Ok(subscription(&known))));
    checks.push(row(REGISTRATIONS, registrations(api, spec).await));
    checks.push(row(PERMISSIONS, permitted::judge(api, spec).await));
    checks.push(row(DIRECTORY, directory(api).await));
    let sizes = place::read(api, spec).await;
    let quotas = match &sizes {
        Ok(sizes) => quotas::judge(api, spec, sizes).await,
        Err(error) => Err(error.clone()),
    };
    checks.push(row(PLACE, sizes.map(|sizes| place::judge(spec, &sizes))));
    checks.push(row(VERSION, version(api, spec).await));
    checks.push(row(QUOTAS, quotas));
    let listed = spot_prices::read(api, spec).await;
    checks.extend(spot_prices::judge(spec, &listed).map(|judged| row(SPOT_PRICES, judged)));
    checks.push(row(NAMES, names::judge(api, spec).await));
    Found {
        checks,
        account: AccountId::of(&known).map(|account| account.to_string()),
        listed: listed.unwrap_or_default(),
    }
}

/// Whether anything can be made in it.
fn subscription(known: &Subscription) -> (Vec<String>, String) {
    let (id, state) = (&known.subscription_id, &known.state);
    let mut wrong = Vec::new();
    if state != "Enabled" {
        wrong.push(format!(
            "subscription {id} is {state}, so nothing can be made in it"
        ));
    }
    (wrong, format!("subscription {id} is {state}"))
}

/// The inventory lists applications and what was deleted of them: without the permission, no audit could be clean.
async fn directory(api: &Api) -> Judged {
    let name = api.connection().run.name("");
    let filter = format!("displayName eq '{name}'");
    let read = graph::list::<DirectoryObject>(api.graph(), "applications.list", Some(&filter));
    match read.await {
        Ok(_) => Ok((Vec::new(), "applications can be listed".to_owned())),
        Err(error) if error.cause == Cause::Denied => {
            let wrong = format!(
                "{error}: without Microsoft Graph's permission Application.Read.All nothing of the directory can be audited"
            );
            Ok((vec![wrong], String::new()))
        }
        Err(error) => Err(error),
    }
}

/// A namespace that is not registered is no obstacle: a provisioner registers it, in minutes. One that is being
/// unregistered is.
async fn registrations(api: &Api, spec: &AksSpec) -> Judged {
    let (mut wrong, mut missing) = (Vec::new(), Vec::new());
    for namespace in NAMESPACES {
        let parameters = [spec.subscription.0.as_str(), namespace];
        let known: Provider = api.call(READ, "providers.get", &parameters, None).await?;
        match known.registration_state.as_str() {
            "Registered" => {}
            "NotRegistered" | "Registering" => missing.push(namespace),
            other => wrong.push(format!("{namespace} is {other}: wait until that has ended")),
        }
    }
    let seen = if missing.is_empty() {
        format!("registered: {}", NAMESPACES.join(", "))
    } else {
        let missing = missing.join(", ");
        format!("not registered yet: {missing}; the provisioner has to, which takes minutes")
    };
    Ok((wrong, seen))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Versions {
    values: Vec<Offered>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Offered {
    version: String,
    /// By the whole version; what stands below is which ones it can be upgraded to.
    patch_versions: BTreeMap<String, serde_json::Value>,
}

async fn version(api: &Api, spec: &AksSpec) -> Judged {
    let parameters = [spec.subscription.0.as_str(), spec.location.0.as_str()];
    let operation = "managedClusters.listKubernetesVersions";
    let known: Versions = api.call(READ, operation, &parameters, None).await?;
    Ok(offered(&known, spec))
}

fn offered(known: &Versions, spec: &AksSpec) -> (Vec<String>, String) {
    let minors = known.values.iter().map(|one| one.version.as_str());
    let patches = known
        .values
        .iter()
        .flat_map(|one| one.patch_versions.keys());
    let mut all: Vec<&str> = minors.chain(patches.map(String::as_str)).collect();
    all.sort_unstable();
    let location = &spec.location.0;
    let Some(asked) = &spec.kubernetes_version else {
        return (Vec::new(), format!("{location} offers {}", all.join(", ")));
    };
    match all.iter().find(|version| is_version(version, &asked.0)) {
        Some(version) => (Vec::new(), format!("{location} offers {version}")),
        None => {
            let wrong = format!(
                "{location} does not offer {}; offered: {}",
                asked.0,
                all.join(", ")
            );
            (vec![wrong], String::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::tests::spec;

    #[test]
    fn only_an_enabled_subscription_can_be_used() {
        let check = |state: &str, expected: usize| {
            let known = Subscription {
                state: state.to_owned(),
                ..Subscription::default()
            };
            assert_eq!(subscription(&known).0.len(), expected, "{state}");
        };
        check("Enabled", 0);
        check("Disabled", 1);
        check("PastDue", 1);
    }

    #[test]
    fn a_version_is_offered_by_the_location_or_named_with_those_that_are() {
        let known = json!({"values": [
            {"version": "1.33", "patchVersions": {"1.33.5": {}, "1.33.4": {}}},
            {"version": "1.34", "patchVersions": {"1.34.1": {}}},
        ]});
        let known: Versions = serde_json::from_value(known).unwrap();
        let check = |change: Value, expected: Option<&str>| {
            let (wrong, _) = offered(&known, &spec(change));
            assert_eq!(wrong.is_empty(), expected.is_none(), "{wrong:?}");
            let told = wrong.concat();
            assert!(told.contains(expected.unwrap_or_default()), "{told}");
        };
        check(json!({}), None);
        check(json!({"kubernetes_version": "1.34"}), None);
        check(json!({"kubernetes_version": "1.33.5"}), None);
        check(
            json!({"kubernetes_version": "1.3"}),
            Some("does not offer 1.3; offered: 1.33, 1.33.4"),
        );
        check(
            json!({"kubernetes_version": "1.34.9"}),
            Some("does not offer 1.34.9"),
        );
    }
}
