//! What a job runs: the body of a request, checked.
//!
//! Members: reference/api/huggingface.md, section 3, and `_create_job_spec` of `huggingface_hub` 2.4.0. What labels may
//! contain is in its documentation of `update_job_labels`.

use std::collections::BTreeMap;

use kubeproof_simkit::rest::ApiError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::flavors::{self, Flavor};
use crate::wire::bad_request;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Spec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) docker_image: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) space_id: Option<String>,
    #[serde(default)]
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) arguments: Vec<String>,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) flavor: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expose: Option<Ports>,
}

/// The ports that are reachable from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Ports {
    pub(crate) ports: Vec<u16>,
    #[serde(default)]
    pub(crate) ports_public: Vec<u16>,
}

/// The time limit where none is set, seconds (docs/hub/jobs-pricing).
const TIMEOUT: u32 = 1800;
/// The longest key and value of a label.
const LABEL_LENGTH_MAX: usize = 100;
/// Most attempts: a guess.
const ATTEMPTS_MAX: u32 = 10;

/// Refuses labels that the API does not take. The name may have dots too.
pub(crate) fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let is_word = |text: &str, more: &str| {
        text.len() <= LABEL_LENGTH_MAX
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c) || more.contains(c))
    };
    for (key, value) in labels {
        let more = if key == "name" { "." } else { "" };
        if key.is_empty() || !is_word(key, "") || !is_word(value, more) {
            return Err(bad_request(format!(
                "label {key}={value}: keys and values have at most {LABEL_LENGTH_MAX} letters, digits, `-` and `_`"
            )));
        }
    }
    Ok(())
}

impl Spec {
    /// What others run.
    pub(super) fn of_others(name: &str) -> Self {
        Self {
            docker_image: Some("python:3.12".to_owned()),
            space_id: None,
            command: vec!["echo".to_owned(), "done".to_owned()],
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            flavor: "cpu-upgrade".to_owned(),
            labels: BTreeMap::from([("name".to_owned(), name.to_owned())]),
            timeout_seconds: None,
            attempts: None,
            expose: None,
        }
    }

    /// Refuses what the API does not take.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if self.flavor().is_none() {
            return Err(bad_request(format!("unknown flavor {}", self.flavor)));
        }
        if self.docker_image.is_some() == self.space_id.is_some() {
            return Err(bad_request(
                "exactly one of dockerImage and spaceId is needed",
            ));
        }
        if self.timeout_seconds == Some(0) {
            return Err(bad_request("timeoutSeconds must be at least 1"));
        }
        if self
            .attempts
            .is_some_and(|it| !(1..=ATTEMPTS_MAX).contains(&it))
        {
            return Err(bad_request(format!("attempts must be 1 to {ATTEMPTS_MAX}")));
        }
        check_labels(&self.labels)
    }

    pub(super) fn flavor(&self) -> Option<&'static Flavor> {
        flavors::find(&self.flavor)
    }

    /// Whether it has a label, which is asked for as `key=value`.
    pub(super) fn has_label(&self, asked: &str) -> bool {
        let (key, value) = asked.split_once('=').unwrap_or((asked, ""));
        self.labels.get(key).is_some_and(|own| own == value)
    }

    /// After how many seconds it is stopped.
    pub(super) fn timeout(&self) -> i64 {
        i64::from(self.timeout_seconds.unwrap_or(TIMEOUT))
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts.unwrap_or(1)
    }

    /// The variables that its program sees.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let plain = self
            .environment
            .iter()
            .map(|(key, value)| (key.clone(), text(value)));
        plain.chain(self.secrets.clone()).collect()
    }
}
