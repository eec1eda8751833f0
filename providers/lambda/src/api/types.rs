//! The API's answers, as far as they are used here. Unknown fields are ignored: the API grows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_cloudkit::machines::Machine;
use kubeproof_contract::checked::ValueError;
use kubeproof_contract::key_values;
use kubeproof_contract::run::{RUN_TAG, Run};
use serde::{Deserialize, Serialize};

/// The tag of an instance that names its node. Only a launch can set tags, but anyone can rename an
/// instance later.
pub const NODE_TAG: &str = "kubeproof:node";

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Region {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InstanceType {
    pub name: String,
    pub price_cents_per_hour: u32,
}

/// An instance type with the regions that offer it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Offer {
    pub instance_type: InstanceType,
    /// Regions with capacity, as a hint.
    pub regions_with_capacity_available: Vec<Region>,
}

impl Offer {
    pub fn regions(&self) -> Vec<&str> {
        let regions = self.regions_with_capacity_available.iter();
        regions.map(|region| region.name.as_str()).collect()
    }
}

/// All instance types by name.
pub type Offers = BTreeMap<String, Offer>;

/// The instance type of this name.
///
/// # Errors
/// When there is none, with those that there are.
pub fn offered<'o>(offers: &'o Offers, kind: &str) -> Result<&'o Offer, ValueError> {
    let unknown = || ValueError::unknown("instance type", kind, offers.keys().map(String::as_str));
    offers.get(kind).ok_or_else(unknown)
}

/// A reference to something by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Instance {
    pub id: String,
    /// Its name: not unique.
    pub name: Option<String>,
    /// Its public address, once it has one.
    pub ip: Option<String>,
    /// Its address in the region.
    pub private_ip: Option<String>,
    /// `booting`, `active`, `unhealthy`, `terminating`, `terminated`, `preempted`.
    pub status: String,
    pub region: Region,
    pub instance_type: InstanceType,
    #[serde(default, deserialize_with = "key_values::read")]
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub firewall_rulesets: Vec<Reference>,
}

impl Instance {
    /// Whether it belongs to the run: by its tag, or by its name if it has no tag.
    pub fn belongs_to(&self, run: &Run) -> bool {
        match self.tags.get(RUN_TAG) {
            Some(id) => *id == run.id,
            None => is_name_of(run, self.name.as_deref().unwrap_or_default()),
        }
    }

    /// The instance as a machine: its node by its tag, or by its current name if it has no tag.
    pub fn into_machine(self) -> Machine {
        let name = self.name.clone().unwrap_or_default();
        Machine {
            node: self.tags.get(NODE_TAG).unwrap_or(&name).clone(),
            name,
            id: self.id,
            state: self.status,
            place: self.region.name,
            ip: self.ip,
            private_ip: self.private_ip,
        }
    }
}

/// Whether a name is one of the run's own: `kp-<run>`, or `kp-<run>-<part>` with a known part.
pub fn is_name_of(run: &Run, name: &str) -> bool {
    run.part_of(name).is_some_and(is_part)
}

/// The run's key, the filesystem, a node, or a region's ruleset.
fn is_part(part: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let letters = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase());
    let pieces: Vec<&str> = part.split('-').collect();
    match pieces[..] {
        ["" | "fs"] => true,
        ["node", number] => digits(number),
        [area, direction, number] => letters(area) && letters(direction) && digits(number),
        _ => false,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SshKey {
    pub id: String,
    pub name: String,
    /// Its public half.
    #[serde(default)]
    pub public_key: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Filesystem {
    pub id: String,
    pub name: String,
    pub region: Region,
    pub created: Timestamp,
    /// Bytes in it, reported with a delay of hours.
    pub bytes_used: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewallRule {
    /// `tcp`, `udp`, `icmp` or `all`.
    pub protocol: String,
    /// First and last port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_range: Option<(u16, u16)>,
    /// From where.
    pub source_network: String,
    #[serde(default)]
    pub description: String,
}

impl FirewallRule {
    /// The rule without its description: what it allows.
    pub fn key(&self) -> String {
        let ports = self
            .port_range
            .map_or_else(|| "all".to_owned(), |(from, to)| format!("{from}-{to}"));
        format!("{}:{ports}:{}", self.protocol, self.source_network)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Ruleset {
    pub id: String,
    pub name: String,
    pub region: Region,
    pub rules: Vec<FirewallRule>,
    pub created: Timestamp,
}

#[derive(Debug, Deserialize)]
pub struct LaunchResponse {
    pub instance_ids: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(name: &str, tags: &[(&str, &str)]) -> Instance {
        let tags: Vec<_> = tags
            .iter()
            .map(|(key, value)| serde_json::json!({"key": key, "value": value}))
            .collect();
        let answer = serde_json::json!({
            "id": "i", "name": name, "status": "active", "region": {"name": "us-east-1"},
            "instance_type": {"name": "gpu_1x_a10", "price_cents_per_hour": 129}, "tags": tags,
        });
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn a_name_is_the_runs_as_a_whole_and_never_by_its_beginning() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let check = |name: &str, expected: bool| {
            assert_eq!(is_name_of(&run, name), expected, "{name}");
        };
        for own in [
            "kp-r1",
            "kp-r1-fs",
            "kp-r1-node-0",
            "kp-r1-node-17",
            "kp-r1-us-east-1",
        ] {
            check(own, true);
        }
        for other in [
            "kp-r1-2",
            "kp-r1-2-fs",
            "kp-r1-2-node-0",
            "kp-r1-2-us-east-1",
            "kp-r10",
            "kp-r1-",
            "kp-r1-node-",
            "kp-r1-node-x",
            "kp-r1-fs-2",
            "kp-r",
            "",
            "my-kp-r1",
        ] {
            check(other, false);
        }
    }

    #[test]
    fn tags_say_whose_an_instance_is_and_a_name_only_where_there_are_none() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let check = |name: &str, tags: &[(&str, &str)], of_run: bool, node_0: bool| {
            let one = instance(name, tags);
            let mine = one.belongs_to(&run);
            let is_node = one.into_machine().node == "kp-r1-node-0";
            let found = (mine, mine && is_node);
            assert_eq!(found, (of_run, node_0), "{name} {tags:?}");
        };
        let (mine, theirs) = ((RUN_TAG, "r1"), (RUN_TAG, "r2"));
        check("kp-r1-node-0", &[], true, true);
        check("kp-r1-node-0", &[mine], true, true);
        check("alice", &[], false, false);
        check("alice", &[mine, (NODE_TAG, "kp-r1-node-0")], true, true);
        // Renamed to another one's name.
        check(
            "kp-r1-node-0",
            &[mine, (NODE_TAG, "kp-r1-node-1")],
            true,
            false,
        );
        // Another run's, whose name begins with this one's.
        check("kp-r1-2", &[], false, false);
        check("kp-r1-2-node-0", &[], false, false);
        // Another run's by its tag, despite its name.
        check("kp-r1-node-0", &[theirs], false, false);
        check("x", &[theirs, (NODE_TAG, "kp-r1-node-0")], false, false);
    }
}
