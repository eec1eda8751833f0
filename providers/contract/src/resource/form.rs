//! The JSON form of a resource. Its keys are stable: `region` is older than scopes, and `facts` than properties.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Resource};
use crate::scope::Scope;

#[derive(Serialize, Deserialize)]
pub(super) struct ResourceForm {
    resource_type: String,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    incarnation: Option<String>,
    name: Option<String>,
    region: String,
    /// Older forms have the region alone.
    #[serde(default)]
    scope: Option<Scope>,
    tags: BTreeMap<String, String>,
    state: String,
    #[serde(default)]
    lifetime: Lifetime,
    created_at: Option<Timestamp>,
    facts: BTreeMap<String, String>,
}

impl From<Resource> for ResourceForm {
    fn from(resource: Resource) -> Self {
        Self {
            resource_type: resource.resource_type,
            id: resource.id,
            incarnation: resource.incarnation,
            name: resource.name,
            region: resource.scope.to_string(),
            scope: Some(resource.scope),
            tags: resource.tags,
            state: resource.state,
            lifetime: resource.lifetime,
            created_at: resource.created_at,
            facts: resource.properties,
        }
    }
}

impl From<ResourceForm> for Resource {
    fn from(form: ResourceForm) -> Self {
        Self {
            resource_type: form.resource_type,
            id: form.id,
            incarnation: form.incarnation,
            name: form.name,
            scope: form.scope.unwrap_or_else(|| form.region.into()),
            tags: form.tags,
            state: form.state,
            lifetime: form.lifetime,
            created_at: form.created_at,
            properties: form.facts,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_without_scope_is_read_by_its_region_and_both_are_written() {
        let old = json!({
            "resource_type": "box", "id": "b-1", "name": null, "region": "west", "tags": {}, "state": "",
            "created_at": null, "facts": {"size": "1"},
        });
        let resource: Resource = serde_json::from_value(old).expect("a resource");
        assert_eq!(resource.scope, Scope::new("west"));
        let now = serde_json::to_value(&resource).expect("JSON");
        assert_eq!(
            (&now["region"], &now["scope"]),
            (&json!("west"), &json!("west"))
        );
        assert_eq!(now["facts"], json!({"size": "1"}));
        assert_eq!(now["lifetime"], json!("alive"));
    }
}
