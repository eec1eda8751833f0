//! The objects of the directory, and how they are shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::time;

/// An application.
#[derive(Clone, Debug)]
pub(super) struct Application {
    /// Its object id.
    pub(super) id: String,
    /// Its client id.
    pub(super) app_id: String,
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    pub(super) created: Timestamp,
    pub(super) secrets: Vec<Secret>,
}

/// A secret of an application. It is shown once.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) text: String,
    pub(super) begins: Timestamp,
    pub(super) ends: Timestamp,
}

/// A service principal, a managed identity, or a person.
#[derive(Clone, Debug)]
pub(super) struct Principal {
    /// Its object id.
    pub(super) id: String,
    pub(super) app_id: String,
    pub(super) name: String,
    /// `Application`, `ManagedIdentity` or `User`.
    pub(super) kind: &'static str,
    pub(super) tags: Vec<String>,
    pub(super) created: Timestamp,
    /// When it is known everywhere.
    pub(super) known_from: Timestamp,
}

impl Application {
    pub(super) fn shown(&self) -> Value {
        let secrets: Vec<Value> = self
            .secrets
            .iter()
            .map(|secret| {
                json!({
                    "keyId": secret.key, "displayName": secret.name, "startDateTime": time(secret.begins), "endDateTime": time(secret.ends),
                    "hint": secret.text.get(..3), "secretText": null,
                })
            })
            .collect();
        json!({
            "id": self.id, "appId": self.app_id, "displayName": self.name, "tags": self.tags,
            "createdDateTime": time(self.created), "signInAudience": "AzureADMyOrg",
            "passwordCredentials": secrets, "keyCredentials": [], "identifierUris": [],
        })
    }
}

impl Principal {
    pub(super) fn shown(&self) -> Value {
        json!({
            "id": self.id, "appId": self.app_id, "displayName": self.name, "appDisplayName": self.name,
            "servicePrincipalType": self.kind, "tags": self.tags, "accountEnabled": true,
            "createdDateTime": time(self.created), "servicePrincipalNames": [self.app_id],
        })
    }
}

/// The marks in the tags of an object, which are words: `kubeproof:run=r1`.
pub(super) fn marks(tags: &[String]) -> BTreeMap<String, String> {
    let pairs = tags
        .iter()
        .map(|tag| tag.split_once('=').unwrap_or((tag, "")));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
