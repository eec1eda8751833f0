//! The answers of the Hub: who calls, jobs, Spaces, repositories, webhooks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use serde::Deserialize;

use super::amount;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    pub name: String,
    #[serde(default)]
    pub orgs: Vec<Organisation>,
    #[serde(default)]
    pub can_pay: Option<bool>,
    #[serde(default)]
    pub auth: Option<Auth>,
}

/// An organisation that the caller is a member of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    pub name: String,
    #[serde(default)]
    pub can_pay: Option<bool>,
}

/// How the caller has logged in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    #[serde(default)]
    pub access_token: Option<AccessToken>,
}

/// The caller's token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessToken {
    #[serde(default)]
    pub display_name: String,
    /// `read`, `write` or `fineGrained`.
    pub role: String,
    #[serde(default)]
    pub fine_grained: Option<FineGrained>,
}

/// What a fine-grained token may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct FineGrained {
    #[serde(default)]
    pub scoped: Vec<Scoped>,
}

/// What a token may do with one entity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Scoped {
    pub entity: Entity,
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// A user, an organisation or a repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entity {
    #[serde(default)]
    pub name: String,
}

impl Caller {
    /// The namespaces that the caller can use: its own, and those of its organisations.
    pub fn namespaces(&self) -> Vec<&str> {
        let organisations = self.orgs.iter().map(|one| one.name.as_str());
        std::iter::once(self.name.as_str())
            .chain(organisations)
            .collect()
    }

    /// The namespaces that the caller's token reaches: all, or those that a fine-grained one is made for. Another one
    /// answers 403 to it, and nothing can be made there with it.
    pub fn reached(&self) -> Vec<&str> {
        let mut all = self.namespaces();
        if let Some(fine) = self.token().and_then(|token| token.fine_grained.as_ref()) {
            all.retain(|name| fine.scoped.iter().any(|scoped| scoped.entity.name == *name));
        }
        all
    }

    /// Whether a namespace can pay; `None`: it is not said.
    pub fn can_pay(&self, namespace: &str) -> Option<bool> {
        if namespace == self.name {
            return self.can_pay;
        }
        let organisation = self.orgs.iter().find(|one| one.name == namespace);
        organisation.and_then(|one| one.can_pay)
    }

    /// The caller's token, if it is one.
    pub fn token(&self) -> Option<&AccessToken> {
        self.auth.as_ref()?.access_token.as_ref()
    }
}

/// Hardware for jobs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobHardware {
    pub name: String,
    /// Millionths of a US dollar for each unit of time.
    #[serde(rename = "unitCostMicroUSD", deserialize_with = "amount")]
    pub unit_cost_micro_usd: Decimal,
    /// The unit of time: `minute`.
    #[serde(default)]
    pub unit_label: String,
}

impl JobHardware {
    /// US dollars an hour; `None` where the unit of the price is none that we know.
    pub fn usd_per_hour(&self) -> Option<Decimal> {
        let in_an_hour = match self.unit_label.as_str() {
            "second" => 3600,
            "minute" => 60,
            "hour" => 1,
            _ => return None,
        };
        let micro = self.unit_cost_micro_usd * Decimal::from(in_an_hour);
        Some(micro / Decimal::from(1_000_000))
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub id: String,
    pub created_at: Timestamp,
    #[serde(default)]
    pub flavor: String,
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    pub status: JobStatus,
}

/// What a job does now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct JobStatus {
    pub stage: String,
    #[serde(default)]
    pub message: Option<String>,
}

/// A job that starts again and again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledJob {
    pub id: String,
    pub created_at: Timestamp,
    #[serde(default)]
    pub schedule: Option<String>,
    #[serde(default)]
    pub suspend: Option<bool>,
    pub job_spec: ScheduledSpec,
}

/// What a scheduled job runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ScheduledSpec {
    #[serde(default)]
    pub flavor: String,
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
}

/// A repository of a model, of data or of a Space.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// Its name, with its owner: free again once it is deleted.
    pub id: String,
    /// When it was made, as the service writes it.
    pub created_at: String,
    /// Of a Space: what it runs on.
    #[serde(default)]
    pub runtime: Option<Runtime>,
}

/// What a Space does now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Runtime {
    pub stage: String,
    #[serde(default)]
    pub hardware: Option<SpaceHardware>,
}

/// The hardware of a Space.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SpaceHardware {
    #[serde(default)]
    pub current: Option<String>,
    #[serde(default)]
    pub requested: Option<String>,
}

/// A call that the Hub makes when something changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Webhook {
    pub id: String,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub disabled: bool,
}

/// The stages of a job that has ended.
pub const JOB_ENDED: &[&str] = &["COMPLETED", "ERROR", "CANCELED", "DELETED"];

impl Job {
    /// Whether it waits or runs.
    pub fn is_alive(&self) -> bool {
        !JOB_ENDED.contains(&self.status.stage.as_str())
    }

    /// The stage, with what is said about it.
    pub fn stage(&self) -> String {
        let JobStatus { stage, message } = &self.status;
        let said = message.as_ref().filter(|text| !text.is_empty());
        said.map_or_else(|| stage.clone(), |said| format!("{stage}: {said}"))
    }

    /// Its labels.
    pub fn marks(&self) -> BTreeMap<String, String> {
        self.labels.clone().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fine_grained_token_reaches_only_the_namespaces_that_it_is_made_for() {
        let check = |token: serde_json::Value, expected: &[&str]| {
            let caller = json!({
                "name": "u", "orgs": [{"name": "a"}, {"name": "b"}], "auth": {"accessToken": token},
            });
            let caller: Caller = serde_json::from_value(caller).expect("a caller");
            assert_eq!(caller.reached(), expected);
        };
        check(json!({"role": "write"}), &["u", "a", "b"]);
        let scoped = json!([{"entity": {"name": "b"}, "permissions": ["job.write"]}]);
        check(
            json!({"role": "fineGrained", "fineGrained": {"scoped": scoped}}),
            &["b"],
        );
    }

    #[test]
    fn a_price_by_another_unit_of_time_is_turned_into_hours_and_an_unknown_one_is_none() {
        let check = |unit: &str, expected: Option<&str>| {
            let hardware = json!({"name": "t4-small", "unitCostMicroUSD": 6667, "unitLabel": unit});
            let hardware: JobHardware = serde_json::from_value(hardware).expect("hardware");
            let usd = hardware
                .usd_per_hour()
                .map(|usd| usd.normalize().to_string());
            assert_eq!(usd.as_deref(), expected, "{unit}");
        };
        check("minute", Some("0.40002"));
        check("second", Some("24.0012"));
        check("fortnight", None);
    }
}
