//! The state of the simulated account, as plain data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_kubernetes_simulator::machines::{Boot, Clusters};
use kubeproof_simkit::firewall::Allowed;
use kubeproof_simkit::ids::Ids;
use kubeproof_simkit::injected::AsyncFault;
use kubeproof_simkit::meter::Meter;
use kubeproof_simkit::rate_limit::RateLimits;
use kubeproof_simkit::store::Store;
use kubeproof_simkit::timers::Timers;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue::InstanceType;
use crate::cloud::LIMITS;
use crate::setup::Setup;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FirewallRule {
    /// `tcp`, `udp`, `icmp` or `all`.
    pub(crate) protocol: String,
    /// First and last port; none for `icmp` and `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port_range: Option<(u16, u16)>,
    /// The allowed source, as a CIDR.
    pub(crate) source_network: String,
    #[serde(default)]
    pub(crate) description: String,
}

impl FirewallRule {
    pub(crate) fn allowed(&self) -> Allowed<'_> {
        Allowed {
            protocol: &self.protocol,
            ports: self.port_range,
            source: &self.source_network,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) hostname: Option<String>,
    pub(crate) of: &'static InstanceType,
    pub(crate) region: String,
    pub(crate) status: &'static str,
    pub(crate) has_address: bool,
    pub(crate) ip: String,
    pub(crate) private_ip: String,
    pub(crate) keys: Vec<String>,
    pub(crate) filesystems: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) rulesets: Vec<String>,
    /// What its cloud-init document requests.
    pub(crate) boot: Boot,
    /// What goes wrong with it after its launch was accepted.
    pub(crate) fault: Option<AsyncFault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SshKey {
    pub(crate) name: String,
    pub(crate) public_key: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filesystem {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) created: Timestamp,
    pub(crate) bytes_used: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ruleset {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) rules: Vec<FirewallRule>,
    pub(crate) created: Timestamp,
}

/// What happens later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An instance has its addresses.
    Addressed(String),
    /// Its health check ends.
    Checked(String),
    /// Its installation ends.
    Installed(String),
    /// It is taken away by the cloud.
    Preempted(String),
    Gone(String),
}

#[derive(Clone, Debug)]
pub struct State {
    pub(crate) setup: Setup,
    pub(crate) now: Timestamp,
    pub(crate) ids: Ids,
    pub(crate) timers: Timers<Event>,
    pub(crate) meter: Meter,
    pub(crate) limits: RateLimits<2>,
    pub(crate) instances: Store<Instance>,
    pub(crate) keys: Store<SshKey>,
    pub(crate) filesystems: Store<Filesystem>,
    pub(crate) rulesets: Store<Ruleset>,
    pub(crate) global_rules: Vec<FirewallRule>,
    /// The clusters on the instances.
    pub(crate) clusters: Clusters,
    /// The audit events.
    pub(crate) events: Vec<Value>,
    /// Allocated addresses.
    pub(crate) addresses: u8,
}

impl From<Setup> for State {
    /// An account with this setup.
    fn from(setup: Setup) -> Self {
        let bystanders = setup.bystanders;
        let mut state = Self {
            now: setup.now,
            ids: Ids::new(setup.seed),
            timers: Timers::default(),
            meter: Meter::default(),
            limits: RateLimits::new(LIMITS),
            instances: Store::default(),
            keys: Store::default(),
            filesystems: Store::default(),
            rulesets: Store::default(),
            global_rules: Vec::new(),
            clusters: Clusters::default(),
            events: Vec::new(),
            addresses: 10,
            setup,
        };
        if bystanders {
            crate::bystanders::add(&mut state);
        }
        state
    }
}

impl State {
    /// Schedules an event after this many seconds.
    pub(crate) fn after(&mut self, seconds: i64, event: Event) {
        self.timers.after(self.now, seconds, event);
    }
}
