//! Keys: made, described and listed. A key is enabled as soon as it is made.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use super::grants::Grant;
use super::{invalid_state, need, not_found, paged, policies, settings, validation};
use crate::billing::usage;
use crate::eks::input::epoch;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// The most keys of an account and region (AWS's default quota).
const KEYS_MAX: usize = 100_000;

/// The states of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Switched off, and still billed.
    Disabled,
    /// Deleted at that time.
    PendingDeletion(Timestamp),
}

impl KeyState {
    /// As KMS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion(_) => "PendingDeletion",
        }
    }
}

/// A key for symmetric encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id, a UUID.
    pub id: String,
    pub arn: String,
    pub description: String,
    pub state: KeyState,
    /// Its key policy, as given.
    pub policy: String,
    /// How many days lie between rotations, if it is rotated.
    pub rotation_days: Option<u32>,
    pub created_at: Timestamp,
    pub tags: BTreeMap<String, String>,
    /// Grants by id.
    pub grants: BTreeMap<String, Grant>,
}

impl Key {
    /// When its deletion is due, if that is scheduled.
    pub fn deletion_at(&self) -> Option<Timestamp> {
        match self.state {
            KeyState::PendingDeletion(at) => Some(at),
            KeyState::Enabled | KeyState::Disabled => None,
        }
    }

    /// Refuses a change of a key that is about to be deleted.
    ///
    /// # Errors
    /// `KMSInvalidStateException`.
    pub(super) fn admit_change(&self) -> Result<(), AwsError> {
        match self.state {
            KeyState::PendingDeletion(_) => Err(invalid_state(&self.arn, "is pending deletion")),
            KeyState::Enabled | KeyState::Disabled => Ok(()),
        }
    }

    fn metadata(&self) -> Value {
        let mut view = json!({
            "AWSAccountId": ACCOUNT_ID,
            "KeyId": self.id,
            "Arn": self.arn,
            "CreationDate": epoch(self.created_at),
            "Enabled": self.state == KeyState::Enabled,
            "Description": self.description,
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": self.state.as_str(),
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": false,
        });
        if let Some(at) = self.deletion_at() {
            view["DeletionDate"] = epoch(at);
        }
        view
    }
}

/// The id of the key that a text names: an id, an ARN, an alias or an alias' ARN.
///
/// # Errors
/// `NotFoundException`.
pub fn resolve(state: &State, text: &str) -> Result<String, AwsError> {
    let here = state.arn("kms", "");
    let name = text.strip_prefix(&here).unwrap_or(text);
    if name.starts_with("alias/") {
        let missing = || not_found(format!("Alias {here}{name} is not found."));
        let alias = state.kms.aliases.get(name).ok_or_else(missing)?;
        return Ok(alias.key_id.clone());
    }
    let id = name.strip_prefix("key/").unwrap_or(name);
    if state.kms.keys.contains_key(id) {
        return Ok(id.to_owned());
    }
    let words = if text.starts_with("arn:") {
        text.to_owned()
    } else {
        format!("{here}key/{id}")
    };
    Err(not_found(format!("Key '{words}' does not exist")))
}

/// The key that `KeyId` names.
///
/// # Errors
/// `NotFoundException`, `ValidationException`.
pub(super) fn named<'a>(state: &'a State, call: &Call) -> Result<&'a Key, AwsError> {
    let text = need(call, "KeyId")?;
    let id = resolve(state, text)?;
    let missing = || not_found(format!("Key '{text}' does not exist"));
    state.kms.keys.get(&id).ok_or_else(missing)
}

/// The key that `KeyId` names, to be changed: it must not be about to be deleted.
///
/// # Errors
/// As [`named`], and `KMSInvalidStateException`.
pub(super) fn changeable<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Key, AwsError> {
    let key = named(state, call)?;
    key.admit_change()?;
    let id = key.id.clone();
    let missing = || not_found(format!("Key '{id}' does not exist"));
    state.kms.keys.get_mut(&id).ok_or_else(missing)
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    admit(call)?;
    let tags = settings::tags_of(&call.json["Tags"])?;
    let policy = match call.json["Policy"].as_str() {
        Some(text) => {
            policies::admit(state, call, text)?;
            text.to_owned()
        }
        None => policies::usual(),
    };
    if state.kms.keys.len() >= KEYS_MAX {
        let message = "The request was rejected because a quota was exceeded.";
        return Err(AwsError::new(400, "LimitExceededException", message));
    }
    let id = state.ids.uuid();
    let key = Key {
        arn: state.arn("kms", &format!("key/{id}")),
        description: call.json["Description"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        state: KeyState::Enabled,
        policy,
        rotation_days: None,
        created_at: state.now,
        tags,
        grants: BTreeMap::new(),
        id: id.clone(),
    };
    usage::kms_key(state, &id, &key.tags);
    let answer = json!({ "KeyMetadata": key.metadata() });
    state.kms.keys.insert(id, key);
    Ok(Answer::Json(answer))
}

/// Refuses keys of other kinds: they would have to pretend.
fn admit(call: &Call) -> Result<(), AwsError> {
    let usual = [
        ("KeyUsage", "ENCRYPT_DECRYPT"),
        ("KeySpec", "SYMMETRIC_DEFAULT"),
        ("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        ("Origin", "AWS_KMS"),
    ];
    for (member, only) in usual {
        match call.json[member].as_str() {
            None => {}
            Some(given) if given == only => {}
            Some(given) => {
                let what = format!("CreateKey with {member} {given}");
                return Err(AwsError::unknown_operation("kms", &what));
            }
        }
    }
    if call.json["MultiRegion"].as_bool() == Some(true) {
        return Err(AwsError::unknown_operation(
            "kms",
            "CreateKey with MultiRegion",
        ));
    }
    let described = call.json["Description"].as_str().unwrap_or_default();
    if described.chars().count() > 8192 {
        return Err(validation(
            "The description is longer than 8192 characters.",
        ));
    }
    Ok(())
}

pub(super) fn describe(state: &mut State, call: &Call) -> Outcome {
    let key = named(state, call)?;
    Ok(Answer::Json(json!({ "KeyMetadata": key.metadata() })))
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    let keys = state.kms.keys.values();
    let view = |key: &Key| json!({ "KeyId": key.id, "KeyArn": key.arn });
    paged(state, call, "Keys", keys.map(view).collect())
}

pub(super) fn resource(state: &State, key: &Key) -> Resource {
    let mut resource = Resource::new("kms_key", &key.id, &state.setup.region);
    resource.name = key.tags.get("Name").cloned();
    resource.tags = key.tags.clone();
    crate::lifetime::set(&mut resource, key.state.as_str().to_owned());
    resource.created_at = Some(key.created_at);
    let mut property =
        |name: &str, value: String| resource.properties.insert(name.to_owned(), value);
    property("description", key.description.clone());
    if let Some(at) = key.deletion_at() {
        property("deletion_date", at.to_string());
    }
    resource
}
