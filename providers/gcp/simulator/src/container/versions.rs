//! Versions of Kubernetes, and the channels that offer them.

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::input;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Outcome};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/locations/{location}/serverConfig", "container.projects.locations.getServerConfig", config),
    on("GET", "/projects/{project}/zones/{zone}/serverconfig", "container.projects.zones.getServerconfig", config),
]);

/// The versions, the newest first. The minor ones are those of the time; the rest is made up.
const VERSIONS: &[&str] = &[
    "1.34.1-gke.2037001",
    "1.33.5-gke.1308000",
    "1.33.5-gke.1162000",
    "1.32.9-gke.1239000",
];

/// What each channel offers by default.
const CHANNELS: &[(&str, &str)] = &[
    ("RAPID", "1.34.1-gke.2037001"),
    ("REGULAR", "1.33.5-gke.1162000"),
    ("STABLE", "1.32.9-gke.1239000"),
    ("EXTENDED", "1.32.9-gke.1239000"),
];

/// What a cluster without a channel gets.
const DEFAULT: &str = "1.33.5-gke.1162000";

/// The version that is meant: a whole one, the beginning of one, `latest`, `-` or nothing.
pub(crate) fn resolved(asked: &str, channel: Option<&str>) -> Result<String, ApiError> {
    let of_channel = channel.map(|channel| {
        let found = CHANNELS.iter().find(|(name, _)| *name == channel);
        found.map(|(_, version)| *version)
    });
    let default = match (channel, of_channel) {
        (Some("UNSPECIFIED") | None, _) => DEFAULT,
        (Some(_), Some(Some(version))) => version,
        (Some(channel), _) => {
            return Err(ApiError::invalid(format!(
                "Release channel \"{channel}\" does not exist."
            )));
        }
    };
    let found = match asked {
        "" | "-" => Some(default),
        "latest" => VERSIONS.first().copied(),
        asked => {
            let is_meant = |version: &&&str| {
                **version == asked
                    || version.starts_with(&format!("{asked}."))
                    || version.starts_with(&format!("{asked}-"))
            };
            VERSIONS.iter().find(is_meant).copied()
        }
    };
    let found = found
        .ok_or_else(|| ApiError::invalid(format!("Master version \"{asked}\" is unsupported.")))?;
    Ok(found.to_owned())
}

/// The version of Kubernetes in one of ours: `1.33`.
pub(crate) fn minor(version: &str) -> String {
    let parts: Vec<&str> = version.splitn(3, '.').take(2).collect();
    parts.join(".")
}

fn config(_state: &mut State, call: &Call<'_>) -> Outcome {
    input::location(call)?;
    let channels: Vec<Value> = CHANNELS
        .iter()
        .map(|(name, version)| json!({"channel": name, "defaultVersion": version, "validVersions": VERSIONS}))
        .collect();
    Ok(json!({
        "defaultClusterVersion": DEFAULT, "validNodeVersions": VERSIONS,
        "validMasterVersions": VERSIONS, "defaultImageType": "COS_CONTAINERD",
        "validImageTypes": ["COS_CONTAINERD", "UBUNTU_CONTAINERD"], "channels": channels,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_be_given_in_part_or_by_its_channel() {
        let of = |asked, channel| resolved(asked, channel).ok();
        assert_eq!(of("", None).as_deref(), Some(DEFAULT));
        assert_eq!(of("1.34", None).as_deref(), Some("1.34.1-gke.2037001"));
        assert_eq!(
            of("-", Some("STABLE")).as_deref(),
            Some("1.32.9-gke.1239000")
        );
        assert_eq!(of("1.33.5", None).as_deref(), Some("1.33.5-gke.1308000"));
        assert_eq!(of("1.3", None), None);
        assert_eq!(of("", Some("WEEKLY")), None);
        assert_eq!(minor("1.33.5-gke.1162000"), "1.33");
    }
}
