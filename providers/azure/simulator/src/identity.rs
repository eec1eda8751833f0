//! Managed identities: each has a service principal in the directory, which goes with it. What the principal was given
//! stays.

use serde_json::{Value, json};

use crate::arm::rows::{kind_table, part_table};
use crate::arm::{Draft, Item, Kind};
use crate::graph;
use crate::network::addresses::give;
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::ApiError;

/// The tables of this namespace.
pub(crate) const TABLES: &[Table] = &[
    kind_table!(
        "msi",
        "Microsoft.ManagedIdentity",
        "userAssignedIdentities",
        IDENTITIES
    ),
    part_table!(
        "msi",
        "Microsoft.ManagedIdentity",
        "userAssignedIdentities",
        "federatedIdentityCredentials",
        CREDENTIALS,
        IDENTITIES
    ),
];

pub(crate) static IDENTITIES: Kind = Kind {
    members: &["isolationScope"],
    properties: &["principalId", "clientId"],
    seconds: [0, 0, 0],
    is_name: |name| {
        (3..=128).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
    },
    // An identity that a cluster uses can be deleted.
    is_kept_by: |_, _| false,
    made,
    removed: |state, item, _| {
        let principal = item.text("principalId").to_owned();
        graph::remove_principal(state, &principal);
    },
    show: |_, _, properties| {
        properties.remove("provisioningState");
    },
    ..Kind::plain(
        "Microsoft.ManagedIdentity",
        &["userAssignedIdentities"],
        "user_assigned_identity",
    )
};

pub(crate) static CREDENTIALS: Kind = Kind {
    members: &["audiences", "issuer", "subject"],
    has_location: false,
    seconds: [0, 0, 0],
    prepare: |_: &mut State, _: &Call<'_>, draft: &mut Draft| {
        for member in ["issuer", "subject"] {
            if draft.text(member).is_empty() {
                return Err(ApiError::invalid(format!(
                    "The {member} of the credential is missing."
                )));
            }
        }
        Ok(())
    },
    show: |_, _, properties| {
        properties.remove("provisioningState");
    },
    ..Kind::plain(
        "Microsoft.ManagedIdentity",
        &["userAssignedIdentities", "federatedIdentityCredentials"],
        "federated_credential",
    )
};

fn made(state: &mut State, key: &str) {
    let Some(item) = state.arm.items.get(key).cloned() else {
        return;
    };
    let (principal, client) = graph::add_managed(state, &item.name, &item.id);
    let tenant = state.setup.tenant.clone();
    for (member, value) in [
        ("principalId", principal),
        ("clientId", client),
        ("tenantId", tenant),
    ] {
        give(state, key, member, json!(value));
    }
}

/// The object id, the client id and the id of an identity, if it exists.
pub(crate) fn found(state: &State, id: &str) -> Option<Value> {
    let item = state.arm.items.get(&id.to_ascii_lowercase());
    let item = item.filter(|item| item.is(&IDENTITIES))?;
    Some(shown(item))
}

fn shown(item: &Item) -> Value {
    json!({"resourceId": item.id, "clientId": item.text("clientId"), "objectId": item.text("principalId")})
}
