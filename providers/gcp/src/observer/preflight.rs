//! Preflight: credentials, project, APIs, permissions, place, version, quotas and names, before anything is created.
//!
//! It judges the project, not a cluster, and changes nothing.

mod names;
mod place;
mod quotas;

use std::collections::BTreeSet;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::checks::{CREDENTIALS, Rows, credentials_found};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::check::{Check, Verdict};
use serde::Deserialize;
use serde_json::json;

use super::READ;
use super::checks::{self, ROWS};
use crate::api::Api;
use crate::credentials;
use crate::permissions;
use crate::spec::GkeSpec;

/// The rows that the checklist leaves to preflight alone.
const OWN: Rows = Rows(&[
    (PROJECT, "the project exists, is active, and is billed"),
    (
        APIS,
        "the APIs that a cluster, its audit and its bill need are enabled",
    ),
    (
        PERMISSIONS,
        "the caller has every permission that a trial needs",
    ),
    (PLACE, "the location is up and offers the machine types"),
    (VERSION, "the release channel offers the Kubernetes version"),
    (QUOTAS, "no quota would be exceeded"),
    (NAMES, "no name of the run is taken by anything else"),
]);
const PROJECT: &str = "gcp.preflight.project";
const APIS: &str = "gcp.preflight.apis";
const PERMISSIONS: &str = "gcp.preflight.permissions";
const PLACE: &str = "gcp.preflight.place";
const VERSION: &str = "gcp.preflight.version";
const QUOTAS: &str = "gcp.preflight.quotas";
const NAMES: &str = "gcp.preflight.names";

/// Most permissions that are tested by one call.
const PERMISSIONS_MAX: usize = 100;

/// What is wrong, and what was seen.
pub(super) type Judged = Result<(Vec<String>, String), CallError>;

fn row(id: &str, judged: Judged) -> Check {
    match judged {
        Ok((wrong, seen)) => OWN.judged(id, &wrong, seen),
        Err(error) => OWN.unknown(id, error),
    }
}

/// All checks, and the project's id if the cloud told it.
pub(super) async fn run(api: &Api, spec: &GkeSpec) -> (Vec<Check>, Option<String>) {
    let source = match credentials::find(api.connection()) {
        Ok((_, source)) => source,
        Err(error) => {
            return (
                vec![ROWS.check(CREDENTIALS, Verdict::Fail, error.to_string())],
                None,
            );
        }
    };
    let id = spec.project.0.as_str();
    let project = match super::project(api, id).await {
        Ok(project) => project,
        Err(error) => {
            // A key that the cloud rejects, or a cloud that does not answer, shows nothing about the provisioner.
            let row = ROWS.unknown(CREDENTIALS, format!("{source}: {error}"));
            return (vec![row], None);
        }
    };
    let mut checks = credentials_found(ROWS, source);
    let is_project = checks::project(api, &project).await;
    checks.push(row(PROJECT, is_project));
    let apis = row(APIS, apis(api, spec).await);
    let permissions = row(PERMISSIONS, permissions(api, spec).await);
    let may_ask = apis.verdict == Verdict::Pass && permissions.verdict == Verdict::Pass;
    checks.extend([apis, permissions]);
    if may_ask {
        let machines = place::read(api, spec).await;
        let quotas = match &machines {
            Ok(place) => quotas::judge(api, spec, &place.vcpus).await,
            Err(error) => Err(error.clone()),
        };
        checks.push(row(PLACE, machines.map(|place| place.judged)));
        checks.push(row(VERSION, version(api, spec).await));
        checks.push(row(QUOTAS, quotas));
        checks.push(row(NAMES, names::judge(api, spec).await));
    }
    (checks, Some(project.project_id).filter(|id| !id.is_empty()))
}

/// The inventory before a run can only be taken with the APIs enabled, so a provisioner that enables them comes too
/// late.
async fn apis(api: &Api, spec: &GkeSpec) -> Judged {
    let (project, needed) = (spec.project.0.as_str(), checks::needed_apis(spec));
    let enabled = checks::enabled(api, project, &needed).await?;
    let disabled = needed.iter().filter(|name| !enabled.contains(**name));
    let disabled: Vec<&str> = disabled.copied().collect();
    let mut wrong = Vec::new();
    if !disabled.is_empty() {
        let names = disabled.join(" ");
        wrong.push(format!(
            "disabled: {names}; what the project has, or what it is billed, cannot be read without them: run \
             `gcloud services enable {names} --project {project}`"
        ));
    }
    Ok((wrong, format!("enabled: {}", needed.join(", "))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Granted {
    permissions: BTreeSet<String>,
}

async fn permissions(api: &Api, spec: &GkeSpec) -> Judged {
    let needed = permissions::needed(spec);
    let mut granted = BTreeSet::new();
    let parameters = [spec.project.0.as_str()];
    for part in needed.chunks(PERMISSIONS_MAX) {
        let body = json!({ "permissions": part });
        let call = RestCall::new("projects.testIamPermissions", &parameters).with_body(&body);
        let answer: Granted = api.projects.call(READ, call).await?;
        granted.extend(answer.permissions);
    }
    let missing = needed.iter().filter(|one| !granted.contains(**one));
    let missing: Vec<&str> = missing.copied().collect();
    let mut wrong = Vec::new();
    if !missing.is_empty() {
        wrong.push(format!("missing: {}", missing.join(", ")));
    }
    Ok((wrong, format!("{} permissions are granted", needed.len())))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServerConfig {
    channels: Vec<ChannelConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChannelConfig {
    channel: String,
    default_version: String,
    valid_versions: Vec<String>,
}

async fn version(api: &Api, spec: &GkeSpec) -> Judged {
    let parameters = [spec.project.0.as_str(), spec.location.0.as_str()];
    let call = RestCall::new("projects.locations.getServerConfig", &parameters);
    let config: ServerConfig = api.container.call(READ, call).await?;
    Ok(offered(&config, spec))
}

fn offered(config: &ServerConfig, spec: &GkeSpec) -> (Vec<String>, String) {
    let word = spec.release_channel.word();
    let mut all = config.channels.iter();
    let Some(channel) = all.find(|one| one.channel == word) else {
        let location = &spec.location.0;
        return (
            vec![format!("{location} has no release channel {word}")],
            String::new(),
        );
    };
    let Some(asked) = &spec.kubernetes_version else {
        let seen = format!("{word}, by default {}", channel.default_version);
        return (Vec::new(), seen);
    };
    let is_it = |version: &&String| checks::is_version(version, &asked.0);
    match channel.valid_versions.iter().find(is_it) {
        Some(version) => (Vec::new(), format!("{word} offers {version}")),
        None => {
            let known = channel.valid_versions.join(", ");
            let wrong = format!("{word} does not offer {}; offered: {known}", asked.0);
            (vec![wrong], String::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::spec::tests::spec;

    #[test]
    fn a_version_is_offered_by_its_channel_or_named_with_those_that_are() {
        let config = json!({"channels": [
            {"channel": "REGULAR", "defaultVersion": "1.33.5-gke.1", "validVersions": ["1.34.1-gke.2", "1.33.5-gke.1"]},
            {"channel": "RAPID", "defaultVersion": "1.35.0-gke.1", "validVersions": ["1.35.0-gke.1"]},
        ]});
        let config: ServerConfig = serde_json::from_value(config).expect("a config");
        let check = |change: Value, expected: Option<&str>| {
            let (wrong, _) = offered(&config, &spec(change));
            assert_eq!(wrong.is_empty(), expected.is_none(), "{wrong:?}");
            assert!(
                wrong.concat().contains(expected.unwrap_or_default()),
                "{wrong:?}"
            );
        };
        check(json!({}), None);
        check(json!({"kubernetes_version": "1.34"}), None);
        check(
            json!({"kubernetes_version": "1.3"}),
            Some("does not offer 1.3; offered: 1.34.1-gke.2, 1.33.5-gke.1"),
        );
        let rapid = json!({"release_channel": "rapid", "kubernetes_version": "1.34"});
        check(rapid, Some("RAPID does not offer 1.34"));
        check(
            json!({"release_channel": "stable"}),
            Some("no release channel STABLE"),
        );
    }
}
