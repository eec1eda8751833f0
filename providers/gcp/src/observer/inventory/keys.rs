//! The keys of Cloud KMS, location by location: its lists of key rings take no wildcard. A key stays when the material of
//! all its versions is destroyed.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource};
use kubeproof_contract::scope::Scope;
use serde::Deserialize;
use serde_json::Value;

use super::containers::scope;
use super::items::{labels, text};
use crate::api::Api;
use crate::api::types::last;

/// The most keys, or what is above and below them, of one page.
const PAGE: (&str, &str) = ("pageSize", "1000");
/// The state of a version whose material is destroyed, and of one whose material will be.
const DESTROYED: &str = "DESTROYED";
const SCHEDULED: &str = "DESTROY_SCHEDULED";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    locations: Vec<Value>,
    key_rings: Vec<Value>,
    crypto_keys: Vec<Value>,
    crypto_key_versions: Vec<Value>,
    next_page_token: Option<String>,
}

/// All of a list.
async fn all(
    api: &Api,
    list: &'static str,
    parameters: &[&str],
    take: fn(&mut Page) -> &mut Vec<Value>,
) -> Result<Vec<Value>, CallError> {
    let query = [PAGE];
    let call = RestCall::new(list, parameters).with_query(&query);
    let page = |mut page: Page| Ok((std::mem::take(take(&mut page)), page.next_page_token));
    api.kms.all_pages(call, "pageToken", page).await
}

fn name(shown: &Value) -> Result<&str, CallError> {
    let none = || CallError::state("list", "something of Cloud KMS is shown without a name");
    text(shown, "name").and_then(last).ok_or_else(none)
}

/// All keys of the project.
pub(super) async fn keys(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    const LOCATIONS: &str = "projects.locations.list";
    const RINGS: &str = "projects.locations.keyRings.list";
    const KEYS: &str = "projects.locations.keyRings.cryptoKeys.list";
    let locations = all(api, LOCATIONS, &[project], |page| &mut page.locations).await?;
    let mut found = Vec::new();
    for location in &locations {
        let location = name(location)?;
        let rings = all(api, RINGS, &[project, location], |page| &mut page.key_rings).await?;
        for ring in &rings {
            let here = [project, location, name(ring)?];
            let keys = all(api, KEYS, &here, |page| &mut page.crypto_keys).await?;
            for key in &keys {
                let [project, location, ring] = here;
                let versions = versions(api, &[project, location, ring, name(key)?]).await?;
                found.push(resource((location, ring), key, &versions)?);
            }
        }
    }
    Ok(found)
}

/// The versions of the key of this project, location, ring and name.
pub(crate) async fn versions(api: &Api, key: &[&str]) -> Result<Vec<Value>, CallError> {
    const LIST: &str = "projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.list";
    all(api, LIST, key, |page| &mut page.crypto_key_versions).await
}

/// Whether the material of a version is neither destroyed nor about to be.
pub(crate) fn is_active(version: &Value) -> bool {
    !matches!(text(version, "state"), Some(DESTROYED | SCHEDULED))
}

/// Where it is. Several regions together are none.
fn place(location: &str) -> Scope {
    if location.contains('-') {
        scope(location)
    } else {
        Scope::global()
    }
}

fn resource(
    (location, ring): (&str, &str),
    key: &Value,
    versions: &[Value],
) -> Result<Resource, CallError> {
    let name = name(key)?;
    let active = versions.iter().filter(|one| is_active(one)).count();
    let scheduled = |one: &&Value| text(one, "state") == Some(SCHEDULED);
    let level = key.pointer("/versionTemplate/protectionLevel");
    let level = level.and_then(Value::as_str).unwrap_or_default();
    let id = format!("{location}/{ring}/{name}");
    let mut resource = Resource::new("kms_crypto_key", id, place(location))
        .named(name.to_owned())
        .tagged(labels(&key["labels"]))
        .with("protection_level", level)
        .with("versions", active)
        .with("scheduled", versions.iter().filter(scheduled).count());
    if active == 0 {
        let why = "a key cannot be deleted before the material of its versions is destroyed, 30 days later by default";
        resource = resource.with(RETAINED_PROPERTY, why);
    }
    resource.incarnation = text(key, "createTime").map(str::to_owned);
    resource.created_at = text(key, "createTime").and_then(|at| at.parse().ok());
    Ok(resource)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_retained_only_when_no_version_has_material_to_keep() {
        let check = |states: &[&str], active: &str, retained: bool| {
            let versions: Vec<Value> = states.iter().map(|state| json!({"state": state})).collect();
            let key = json!({"name": "a/k", "versionTemplate": {"protectionLevel": "SOFTWARE"}});
            let seen = resource(("us", "r"), &key, &versions).expect("a key");
            assert_eq!((seen.id.as_str(), seen.scope.is_global()), ("us/r/k", true));
            assert_eq!(seen.properties["versions"], active, "{states:?}");
            assert_eq!(seen.properties.contains_key(RETAINED_PROPERTY), retained);
        };
        check(&["ENABLED", "DESTROYED"], "1", false);
        check(&["DISABLED"], "1", false);
        // A state that is not known may be one that is billed.
        check(&["PENDING_IMPORT"], "1", false);
        check(&["DESTROY_SCHEDULED", "DESTROYED"], "0", true);
        check(&[], "0", true);
        assert!(resource(("us", "r"), &json!({}), &[]).is_err());
    }

    #[test]
    fn a_key_is_in_its_region_or_in_none() {
        assert_eq!(place("us-east1"), Scope::new("us-east1"));
        for location in ["us", "eur4", "global"] {
            assert!(place(location).is_global(), "{location}");
        }
    }
}
