//! The directory: applications, service principals, and those that were deleted and can be restored.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource};

use super::items::made_at;
use crate::api::Api;
use crate::api::graph::{self, DirectoryObject};

/// The scope of everything in the directory, which no subscription holds.
const SCOPE: &str = "directory";
/// The type of principals that people make; those of managed identities go with the identity.
const APPLICATION: &str = "Application";

/// The tenant of Microsoft's own services (Entra, "Verify first-party Microsoft applications in sign-in reports").
const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

/// All objects that this operation lists.
pub(super) async fn list(
    api: &Api,
    name: &'static str,
    operation: &'static str,
) -> Result<Vec<Resource>, CallError> {
    let all: Vec<DirectoryObject> = graph::list(api.graph(), operation, None).await?;
    let meant = all.iter().filter(|one| {
        let kind = one.service_principal_type.as_str();
        kind.is_empty() || kind == APPLICATION
    });
    meant.map(|one| resource(name, one)).collect()
}

fn resource(name: &'static str, shown: &DirectoryObject) -> Result<Resource, CallError> {
    if shown.id.is_empty() {
        let message = format!("a {name} is shown without an id");
        return Err(CallError::state("list", message));
    }
    let mut resource = Resource::new(name, shown.id.to_ascii_lowercase(), SCOPE)
        .named(shown.display_name.clone())
        .tagged(shown.marks())
        .with("app_id", &shown.app_id);
    if let Some(notes) = shown.notes.as_deref().filter(|notes| !notes.is_empty()) {
        resource = resource.with("description", notes);
    }
    if shown.app_owner_organization_id.as_deref() == Some(MICROSOFT) {
        let why = "Microsoft's own: it comes with a service that is registered, and stays";
        resource = resource.with(RETAINED_PROPERTY, why);
    }
    Ok(made_at(resource, Some(&shown.created_date_time)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_principals_of_microsofts_services_stay() {
        let check = |owner: Option<&str>, expected: bool| {
            let shown = DirectoryObject {
                id: "p".to_owned(),
                app_owner_organization_id: owner.map(str::to_owned),
                ..DirectoryObject::default()
            };
            let seen = resource("service_principal", &shown).unwrap();
            let stays = seen.properties.contains_key(RETAINED_PROPERTY);
            assert_eq!(stays, expected, "{owner:?}");
        };
        check(Some(MICROSOFT), true);
        check(Some("11111111-1111-1111-1111-111111111111"), false);
        check(None, false);
    }

    #[test]
    fn an_application_is_marked_by_words_and_notes() {
        let shown = json!({"id": "A1", "appId": "b", "displayName": "kp-r1", "notes": "of kp-r1",
            "tags": ["kubeproof:run=r1", "bare"], "createdDateTime": "2026-11-27T01:02:03Z"});
        let shown: DirectoryObject = serde_json::from_value(shown).unwrap();
        let seen = resource("app_registration_sp", &shown).unwrap();
        assert_eq!((&*seen.id, seen.scope.as_str()), ("a1", "directory"));
        assert_eq!(seen.tags["kubeproof:run"], "r1");
        assert_eq!(seen.properties["description"], "of kp-r1");
        assert!(resource("app_registration_sp", &DirectoryObject::default()).is_err());
    }
}
