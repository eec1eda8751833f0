//! What the API answers, as far as it is used here. Unknown fields are passed over: the API grows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::run::Run;
use serde::{Deserialize, Serialize};

/// Every success.
#[derive(Debug, Deserialize)]
pub struct Envelope<T> {
    /// The data.
    pub data: T,
}

/// An answer whose content says nothing that is needed.
#[derive(Debug, Deserialize)]
pub struct Anything {}

/// A region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Region {
    /// Its name.
    pub name: String,
}

/// An instance type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InstanceType {
    /// Its name.
    pub name: String,
    /// US cents an hour.
    pub price_cents_per_hour: u32,
}

/// An instance type with the regions where it may be had.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Offer {
    /// The type.
    pub instance_type: InstanceType,
    /// Where there is capacity, as a hint.
    pub regions_with_capacity_available: Vec<Region>,
}

/// All instance types by name.
pub type Offers = BTreeMap<String, Offer>;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A reference to something by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The id.
    pub id: String,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its name: not unique.
    #[serde(default)]
    pub name: Option<String>,
    /// Its public address, once it has one.
    #[serde(default)]
    pub ip: Option<String>,
    /// Its address in the region.
    #[serde(default)]
    pub private_ip: Option<String>,
    /// `booting`, `active`, `unhealthy`, `terminating`, `terminated`, `preempted`.
    pub status: String,
    /// Its region.
    pub region: Region,
    /// Its type.
    pub instance_type: InstanceType,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Its firewall rulesets.
    #[serde(default)]
    pub firewall_rulesets: Vec<Reference>,
}

impl Instance {
    /// Its tags as a map.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let pairs = self
            .tags
            .iter()
            .map(|tag| (tag.key.clone(), tag.value.clone()));
        pairs.collect()
    }

    /// Whether it belongs to the run, by tag or by name.
    pub fn belongs_to(&self, run: &Run) -> bool {
        run.owns(&self.tags()) || is_name_of(run, self.name.as_deref().unwrap_or_default())
    }

    /// Whether it still can serve, or will.
    pub fn is_live(&self) -> bool {
        matches!(self.status.as_str(), "booting" | "active")
    }
}

/// Whether a name is one of the run's own: `kp-<run>` or `kp-<run>-<part>`.
pub fn is_name_of(run: &Run, name: &str) -> bool {
    let own = run.name("");
    name.strip_prefix(&own)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// An SSH key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SshKey {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its public half.
    #[serde(default)]
    pub public_key: String,
}

/// A filesystem.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Filesystem {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: Region,
    /// When it was made.
    pub created: Timestamp,
    /// Bytes in it, told with a delay of hours.
    #[serde(default)]
    pub bytes_used: Option<u64>,
}

/// A firewall rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp` or `all`.
    pub protocol: String,
    /// First and last port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_range: Option<(u16, u16)>,
    /// From where.
    pub source_network: String,
    /// In words.
    #[serde(default)]
    pub description: String,
}

impl Rule {
    /// The rule without its words: what it lets in.
    pub fn key(&self) -> String {
        let ports = self
            .port_range
            .map_or_else(|| "all".to_owned(), |(from, to)| format!("{from}-{to}"));
        format!("{}:{ports}:{}", self.protocol, self.source_network)
    }
}

/// A firewall ruleset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Ruleset {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: Region,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// When it was made.
    pub created: Timestamp,
}

/// What a launch gives.
#[derive(Debug, Deserialize)]
pub struct Launched {
    /// The ids of what was launched.
    pub instance_ids: Vec<String>,
}
