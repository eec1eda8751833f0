//! The encryption of a cluster's secrets by a key of the account: chosen once, and never taken back.
//!
//! EKS user guide, "Encrypt Kubernetes secrets with KMS": the key is symmetric and of the cluster's region, EKS makes a
//! grant on it, and a cluster whose key is gone is degraded and cannot be recovered.

use serde_json::{Value, json};

use super::cluster::{Cluster, Issue};
use super::failure::invalid_parameter;
use super::input::{self, texts};
use super::updates::{self, Change};
use crate::kms::keys::KeyState;
use crate::kms::{grants, keys};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// What EKS does with the key.
const OPERATIONS: [&str; 3] = ["Encrypt", "Decrypt", "DescribeKey"];

/// A key, and EKS's grant on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    pub key_arn: String,
    /// The id of the key.
    pub key_id: String,
    /// The id of the grant.
    pub grant_id: String,
}

/// Reads the member `encryptionConfig` of a request, and makes the grant.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn read(
    state: &mut State,
    given: &Value,
    role_arn: &str,
) -> Result<Option<Encryption>, AwsError> {
    let Some(one) = given.as_array().and_then(|all| all.first()) else {
        return Ok(None);
    };
    if texts(one, "resources") != ["secrets"] {
        return Err(invalid_parameter(
            "Invalid resources in encryptionConfig: the only supported value is secrets",
        ));
    }
    let arn = input::need_text(&one["provider"], "keyArn")?;
    let refused = |why: &str| {
        invalid_parameter(format!(
            "The keyArn in encryptionConfig provider is invalid: {why}"
        ))
    };
    let id = keys::resolve(state, arn).map_err(|error| refused(&error.message))?;
    let key = state.kms.keys.get(&id);
    let key = key.filter(|key| key.state == KeyState::Enabled);
    let key_arn = key
        .ok_or_else(|| refused("the key is not enabled"))?
        .arn
        .clone();
    let grant = grants::create_internal(state, &id, role_arn, &OPERATIONS);
    Ok(grant.map(|grant_id| Encryption {
        key_arn,
        key_id: id,
        grant_id,
    }))
}

/// The member `encryptionConfig` of a description.
pub(super) fn view(cluster: &Cluster) -> Vec<Value> {
    let one = |encryption: &Encryption| json!({ "resources": ["secrets"], "provider": { "keyArn": encryption.key_arn } });
    cluster.encryption.iter().map(one).collect()
}

/// What is wrong with the key of a cluster (EKS model, `ClusterIssueCode`).
pub(super) fn issue(state: &State, cluster: &Cluster) -> Option<Issue> {
    let encryption = cluster.encryption.as_ref()?;
    let key = state.kms.keys.get(&encryption.key_id);
    let code = match key.map(|key| (key.state, key.grants.contains_key(&encryption.grant_id))) {
        None => "KmsKeyNotFound",
        Some((KeyState::Disabled, _)) => "KmsKeyDisabled",
        Some((KeyState::PendingDeletion(_), _)) => "KmsKeyMarkedForDeletion",
        Some((KeyState::Enabled, false)) => "KmsGrantRevoked",
        Some((KeyState::Enabled, true)) => return None,
    };
    Some(Issue {
        code: code.to_owned(),
        message: "The cluster cannot use the KMS key that encrypts its secrets".to_owned(),
        resource_ids: vec![encryption.key_arn.clone()],
    })
}

/// Takes EKS's grant back when the cluster is gone.
pub(super) fn release(state: &mut State, cluster: &Cluster) {
    if let Some(encryption) = &cluster.encryption {
        grants::remove_internal(state, &encryption.key_id, &encryption.grant_id);
    }
}

pub(super) fn associate(state: &mut State, call: &Call) -> Outcome {
    let cluster = super::cluster_update::updatable(state, call)?;
    if cluster.encryption.is_some() {
        return Err(invalid_parameter(
            "Encryption is already enabled for the cluster, and cannot be changed",
        ));
    }
    let (name, role) = (cluster.name.clone(), cluster.role_arn.clone());
    let encryption = read(state, &call.json["encryptionConfig"], &role)?;
    let encryption =
        encryption.ok_or_else(|| invalid_parameter("No encryptionConfig was given"))?;
    let params = vec![(
        "EncryptionConfig".to_owned(),
        json!([{ "resources": ["secrets"], "provider": { "keyArn": encryption.key_arn } }])
            .to_string(),
    )];
    let cluster = input::cluster_mut(state, call)?;
    "UPDATING".clone_into(&mut cluster.status);
    cluster.encryption = Some(encryption);
    let update = ("AssociateEncryptionConfig", params);
    Ok(updates::begin(
        state,
        call,
        &name,
        update,
        None,
        Change::Done,
    ))
}
