//! A node pool.

use serde_json::{Value, json};

use super::cluster::{Condition, Status, texts};
use crate::wire::Object;

/// A node pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) version: String,
    /// Nodes in each zone.
    pub(crate) size: u32,
    /// The paths of its managed instance groups, once there are any.
    pub(crate) managers: Vec<String>,
    /// The paths of the machines that are nodes.
    pub(crate) nodes: Vec<String>,
    /// What was asked for, completed.
    pub(crate) document: Object,
}

impl Pool {
    /// The zones of its nodes: its own, or those of the cluster.
    pub(crate) fn locations(&self, of_cluster: &[String]) -> Vec<String> {
        let own = texts(self.document.get("locations"));
        if own.is_empty() {
            of_cluster.to_vec()
        } else {
            own
        }
    }

    /// A member of the configuration of its nodes.
    pub(crate) fn config(&self, member: &str) -> &Value {
        let config = self.document.get("config");
        config
            .and_then(|config| config.get(member))
            .unwrap_or(&Value::Null)
    }

    /// The machine type of its nodes.
    pub(crate) fn machine_type(&self) -> &str {
        self.config("machineType").as_str().unwrap_or_default()
    }

    /// Whether its nodes may be taken away.
    pub(crate) fn is_spot(&self) -> bool {
        self.config("spot") == &json!(true) || self.config("preemptible") == &json!(true)
    }
}
