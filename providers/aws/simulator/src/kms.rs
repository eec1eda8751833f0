//! KMS: keys and their aliases, as clusters encrypt their secrets with them. No data are encrypted.
//!
//! A key is billed until its deletion is scheduled, and stays for days afterwards. Facts: the KMS API reference.

use std::collections::BTreeMap;

use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};
use crate::wire::table::Table;

pub mod aliases;
mod deletion;
pub mod grants;
pub mod keys;
mod policies;
mod settings;

/// The store of keys.
#[derive(Clone, Debug, Default)]
pub struct Kms {
    /// Keys by id.
    pub keys: BTreeMap<String, keys::Key>,
    /// Aliases by name (`alias/…`).
    pub aliases: BTreeMap<String, aliases::Alias>,
}

/// What happens later in KMS.
#[derive(Clone, Debug)]
pub enum Event {
    /// The waiting period of a key has ended.
    Delete(String),
}

/// Lets an event happen.
pub fn happen(state: &mut State, event: Event) {
    let Event::Delete(id) = event;
    deletion::ends(state, &id);
}

/// The operations.
pub const TABLE: Table = Table {
    service: "kms",
    operations: &[
        ("CancelKeyDeletion", deletion::cancel),
        ("CreateAlias", aliases::create),
        ("CreateGrant", grants::create),
        ("CreateKey", keys::create),
        ("DeleteAlias", aliases::delete),
        ("DescribeKey", keys::describe),
        ("DisableKey", settings::disable),
        ("DisableKeyRotation", settings::stop_rotation),
        ("EnableKey", settings::enable),
        ("EnableKeyRotation", settings::rotate),
        ("GetKeyPolicy", policies::get),
        ("GetKeyRotationStatus", settings::rotation),
        ("ListAliases", aliases::list),
        ("ListGrants", grants::list),
        ("ListKeyPolicies", policies::list),
        ("ListKeys", keys::list),
        ("ListResourceTags", settings::list_tags),
        ("PutKeyPolicy", policies::put),
        ("RetireGrant", grants::retire),
        ("RevokeGrant", grants::revoke),
        ("ScheduleKeyDeletion", deletion::schedule),
        ("TagResource", settings::tag),
        ("UntagResource", settings::untag),
        ("UpdateAlias", aliases::update),
        ("UpdateKeyDescription", settings::set_description),
    ],
};

/// Adds all keys and aliases that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    all.extend(
        state
            .kms
            .keys
            .values()
            .map(|key| keys::resource(state, key)),
    );
    let aliases = state.kms.aliases.values();
    all.extend(aliases.map(|alias| aliases::resource(state, alias)));
}

/// 400 `NotFoundException`.
fn not_found(message: String) -> AwsError {
    AwsError::new(400, "NotFoundException", message)
}

/// 400: the state of the key does not allow it.
fn invalid_state(arn: &str, why: &str) -> AwsError {
    AwsError::new(400, "KMSInvalidStateException", format!("{arn} {why}."))
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ValidationException", message)
}

/// A text that a request must have.
fn need<'a>(call: &'a Call, member: &str) -> Result<&'a str, AwsError> {
    let text = call.json[member].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| {
        let member = format!("{}{}", member[..1].to_lowercase(), &member[1..]);
        validation(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not \
             be null"
        ))
    })
}

/// One page of a list, in KMS's own words: `Marker`, `Truncated`, `NextMarker`.
fn paged(state: &State, call: &Call, member: &str, all: Vec<Value>) -> Outcome {
    let asked = call.json["Limit"].as_u64().unwrap_or(100).clamp(1, 1000);
    let size = usize::try_from(asked).unwrap_or(100);
    let size = size.min(state.setup.page_size_max);
    let marker = call.json["Marker"].as_str();
    let page = page(&call.action, all, marker, size)
        .map_err(|_| AwsError::new(400, "InvalidMarkerException", "The marker is not valid."))?;
    let mut body = json!({ member: page.items, "Truncated": page.next.is_some() });
    if let Some(next) = page.next {
        body["NextMarker"] = json!(next);
    }
    Ok(Answer::Json(body))
}

/// An answer without a body.
fn done() -> Outcome {
    Ok(Answer::Json(json!({})))
}
