//! Versions of Kubernetes.

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::route::{Call, Table, table};
use crate::state::State;
use crate::subscription;
use crate::wire::{Answer, ApiError, Outcome};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/kubernetesVersions", "containerservice.managedClusters.listKubernetesVersions", list),
]);

/// The versions, the newest first: the minor ones are those of the time, the patches are made up.
const VERSIONS: &[&str] = &["1.34.1", "1.33.5", "1.33.4", "1.32.9"];
const DEFAULT: &str = "1.33.5";

/// The version that is meant: a whole one, a minor one, or none.
pub(crate) fn resolved(asked: &str) -> Result<&'static str, ApiError> {
    if asked.is_empty() {
        return Ok(DEFAULT);
    }
    let fits = |version: &&&str| **version == asked || version.starts_with(&format!("{asked}."));
    VERSIONS.iter().find(fits).copied().ok_or_else(|| {
        let message =
            format!("Managed cluster is on version {asked} which is not supported in this region.");
        ApiError::new(400, "K8sVersionNotSupported", message)
    })
}

/// The minor version: `1.33`.
pub(crate) fn minor(version: &str) -> String {
    let parts: Vec<&str> = version.splitn(3, '.').take(2).collect();
    parts.join(".")
}

fn list(_: &mut State, call: &Call<'_>) -> Outcome {
    subscription::location(call.parameter(1))?;
    let mut minors: Vec<String> = VERSIONS.iter().map(|version| minor(version)).collect();
    minors.dedup();
    let values: Vec<Value> = minors
        .into_iter()
        .map(|one| {
            let patches = VERSIONS.iter().filter(|version| minor(version) == one);
            let patches: serde_json::Map<String, Value> = patches
                .map(|patch| ((*patch).to_owned(), json!({"upgrades": []})))
                .collect();
            json!({
                "version": one, "isDefault": minor(DEFAULT) == one, "isPreview": false,
                "capabilities": {"supportPlan": ["KubernetesOfficial", "AKSLongTermSupport"]},
                "patchVersions": patches,
            })
        })
        .collect();
    Ok(Answer::ok(json!({ "values": values })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_be_given_in_part() {
        assert_eq!(resolved(""), Ok(DEFAULT));
        assert_eq!(resolved("1.34"), Ok("1.34.1"));
        assert_eq!(resolved("1.33.4"), Ok("1.33.4"));
        assert!(resolved("1.3").is_err() && resolved("latest").is_err());
        assert_eq!(minor("1.33.5"), "1.33");
    }
}
