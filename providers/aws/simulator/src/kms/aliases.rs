//! Aliases: names of keys. An alias keeps its name taken as long as it exists, though its key waits for its deletion.

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use super::keys::{self, Key};
use super::{done, need, not_found, paged};
use crate::eks::input::epoch;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its name, `alias/…`.
    pub name: String,
    /// The id of its key.
    pub key_id: String,
    pub created_at: Timestamp,
    /// When it was given another key, or made.
    pub updated_at: Timestamp,
}

/// The most aliases of one key (AWS's default quota).
const ALIASES_MAX: usize = 256;

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "AliasName")?.to_owned();
    check_name(&name)?;
    let key_id = target(state, call)?;
    if state.kms.aliases.contains_key(&name) {
        let arn = state.arn("kms", &name);
        let message = format!("An alias with the name {arn} already exists");
        return Err(AwsError::new(400, "AlreadyExistsException", message));
    }
    let same = |alias: &&Alias| alias.key_id == key_id;
    if state.kms.aliases.values().filter(same).count() >= ALIASES_MAX {
        let message = "The request was rejected because a quota was exceeded.";
        return Err(AwsError::new(400, "LimitExceededException", message));
    }
    let alias = Alias {
        name: name.clone(),
        key_id,
        created_at: state.now,
        updated_at: state.now,
    };
    state.kms.aliases.insert(name, alias);
    done()
}

/// The key that an alias is for: no alias leads to another one, or to a key that waits for its deletion.
fn target(state: &State, call: &Call) -> Result<String, AwsError> {
    let text = need(call, "TargetKeyId")?;
    if text.starts_with("alias/") {
        let message = "Aliases must refer to keys. Not aliases";
        return Err(AwsError::new(400, "ValidationException", message));
    }
    let id = keys::resolve(state, text)?;
    state.kms.keys.get(&id).map_or(Ok(()), Key::admit_change)?;
    Ok(id)
}

/// `alias/aws/…` is AWS's own.
fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
    let rest = name.strip_prefix("alias/").filter(|rest| !rest.is_empty());
    let message = match rest {
        None => "Invalid identifier",
        Some(rest) if rest.starts_with("aws/") => "Alias names must not begin with alias/aws/",
        Some(rest) if rest.chars().all(allowed) && name.len() <= 256 => return Ok(()),
        Some(_) => "Alias names can contain only alphanumeric characters, /, _ and -",
    };
    Err(AwsError::new(400, "InvalidAliasNameException", message))
}

fn find<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Alias, AwsError> {
    let name = need(call, "AliasName")?;
    let arn = state.arn("kms", name);
    let missing = || not_found(format!("Alias {arn} is not found."));
    state.kms.aliases.get_mut(name).ok_or_else(missing)
}

pub(super) fn update(state: &mut State, call: &Call) -> Outcome {
    let key_id = target(state, call)?;
    let now = state.now;
    let alias = find(state, call)?;
    alias.key_id = key_id;
    alias.updated_at = now;
    done()
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let name = find(state, call)?.name.clone();
    state.kms.aliases.remove(&name);
    done()
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    let key = match call.json["KeyId"].as_str() {
        Some(_) => Some(keys::named(state, call)?.id.clone()),
        None => None,
    };
    let all = state.kms.aliases.values();
    let of_key = all.filter(|alias| key.as_ref().is_none_or(|id| *id == alias.key_id));
    let views: Vec<Value> = of_key.map(|alias| view(state, alias)).collect();
    paged(state, call, "Aliases", views)
}

fn view(state: &State, alias: &Alias) -> Value {
    json!({
        "AliasName": alias.name,
        "AliasArn": state.arn("kms", &alias.name),
        "TargetKeyId": alias.key_id,
        "CreationDate": epoch(alias.created_at),
        "LastUpdatedDate": epoch(alias.updated_at),
    })
}

pub(super) fn resource(state: &State, alias: &Alias) -> Resource {
    let mut resource = Resource::new("kms_alias", &alias.name, &state.setup.region);
    resource.name = Some(alias.name.clone());
    resource.incarnation = Some(alias.created_at.as_second().to_string());
    resource.created_at = Some(alias.created_at);
    let key_id = alias.key_id.clone();
    resource.properties.insert("key_id".to_owned(), key_id);
    resource
}
