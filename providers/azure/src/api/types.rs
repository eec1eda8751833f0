//! The API's answers, as far as they are used here. Unknown members are ignored: the API grows.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
pub struct Page<T> {
    /// What is on it.
    #[serde(default = "Vec::new")]
    pub value: Vec<T>,
    /// Where the next one is.
    pub next_link: Option<String>,
}

/// A resource of any type: what it is called, whose it is, and how far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resource {
    /// The whole id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// What a group was made for.
    pub managed_by: Option<String>,
    /// What the type has of its own.
    pub properties: Properties,
}

impl Resource {
    /// The tags; none if there are none.
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.tags.clone().unwrap_or_default()
    }

    /// The id in lower case, as inventories have it: ids ignore case.
    pub fn key(&self) -> String {
        self.id.to_lowercase()
    }

    /// How far it is.
    pub fn state(&self) -> &str {
        &self.properties.provisioning_state
    }
}

/// The properties that are used, of all types together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Properties {
    /// `Succeeded`, `Failed`, `Canceled`, or what is going on.
    pub provisioning_state: String,
    /// Why a cluster is not well.
    pub status: Option<Status>,
    /// The object id of an identity's principal.
    pub principal_id: String,
    /// The group of a cluster's nodes.
    pub node_resource_group: String,
    /// The scope of a role assignment.
    pub scope: String,
    /// The role of a role assignment.
    pub role_definition_id: String,
    /// The identities that a cluster has besides its own: `kubeletidentity`.
    pub identity_profile: BTreeMap<String, ProfileIdentity>,
}

/// An identity that a cluster has besides its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProfileIdentity {
    /// The object id of its principal.
    pub object_id: String,
}

/// Why a cluster is not well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// What its last change failed with.
    pub provisioning_error: Option<Reason>,
}

/// An error inside an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Reason {
    /// The code.
    pub code: String,
    /// The message.
    pub message: String,
}

/// A subscription.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subscription {
    /// Its id.
    pub subscription_id: String,
    /// The tenant that it trusts.
    pub tenant_id: String,
    /// `Enabled`, `Warned`, `PastDue`, `Disabled` or `Deleted`.
    pub state: String,
}

/// A resource provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Provider {
    /// `NotRegistered`, `Registering`, `Registered` or `Unregistering`.
    pub registration_state: String,
}

/// Credentials of a cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    /// One for each kind of user.
    pub kubeconfigs: Vec<Kubeconfig>,
}

/// A kubeconfig.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Kubeconfig {
    /// The file in base64: it holds a secret.
    pub value: String,
}

impl std::fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kubeconfig(redacted)")
    }
}
