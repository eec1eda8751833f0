//! A cluster on machines that a cloud launches, where it gives no Kubernetes of its own: launched one by one, waited
//! for, terminated, judged.
//!
//! A launch has no idempotency token, so a lost answer is looked up before anything else: a machine that no one
//! knows of would be billed until someone notices.

pub mod rows;

mod access;
mod launch;
mod waits;

use std::time::Duration;

use async_trait::async_trait;
use kubeproof_kubernetes::machines::{ClusterCa, K3s};

pub use access::observer_access;
pub use launch::{launch_in_first, launch_nodes, usable};
pub use waits::{running, serving, terminated};

use crate::create::LookupWindows;
use crate::error::CallError;
use crate::poll::PollSchedule;
use crate::session::Session;

/// A machine of the run, as the cloud lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The cloud's id of it.
    pub id: String,
    /// The name that it has now.
    pub name: String,
    /// The natural name of its node: by its mark, or by its name if it has no mark.
    pub node: String,
    /// Its state, in the cloud's own word.
    pub state: String,
    /// Where it is: a region or a zone.
    pub place: String,
    /// Its public address, once it has one.
    pub ip: Option<String>,
    /// Its address in its network, once it has one.
    pub private_ip: Option<String>,
}

/// The words of a cloud for the states of machines, and how long each may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct States {
    /// It was launched and does not run yet.
    pub starting: &'static str,
    /// It runs.
    pub running: &'static str,
    /// It was terminated and is not gone yet.
    pub ending: &'static str,
    /// How long addresses may take.
    pub addressed_within: Duration,
    /// How long starting may take.
    pub running_within: Duration,
    /// How long ending may take.
    pub gone_within: Duration,
    /// How often to look.
    pub every: PollSchedule,
    /// How long to look for the machine of a launch without an answer before repeating the launch.
    pub lookup: LookupWindows,
}

impl States {
    /// Whether a machine is usable, or will be.
    pub fn is_live(&self, machine: &Machine) -> bool {
        [self.starting, self.running].contains(&machine.state.as_str())
    }
}

/// What is to run on the machines.
#[derive(Clone, Copy, Debug)]
pub struct ClusterOrder<'a> {
    /// How many nodes.
    pub nodes: usize,
    /// The k3s that they install.
    pub k3s: K3s<'a>,
    /// The authorities of the cluster.
    pub cluster_ca: &'a ClusterCa,
}

/// A cloud's own calls about the machines of a run.
#[async_trait]
pub trait MachineApi: Send + Sync {
    /// What a launch needs beforehand in a place: a firewall, a key.
    type Prepared: Send + Sync;

    /// The states of its machines.
    const STATES: States;

    /// The session of its calls.
    fn session(&self) -> &Session;

    /// The run's machines that are not gone.
    async fn machines(&self) -> Result<Vec<Machine>, CallError>;

    /// The machine with this id.
    async fn machine(&self, id: &str) -> Result<Machine, CallError>;

    /// Finds or makes what a launch needs.
    async fn prepare(
        &self,
        place: &str,
        cluster_ca: &ClusterCa,
    ) -> Result<Self::Prepared, CallError>;

    /// Launches one machine, once: never again when its answer is lost.
    async fn launch(
        &self,
        prepared: &Self::Prepared,
        node: &str,
        user_data: &str,
    ) -> Result<Machine, CallError>;

    /// Lets the nodes reach each other, and no one else.
    async fn connect(&self, prepared: &Self::Prepared, nodes: &[Machine]) -> Result<(), CallError>;

    /// Orders the termination of these machines. What is gone already is as it should be.
    async fn terminate(&self, ids: &[&str]) -> Result<(), CallError>;
}

/// The natural name of a node.
pub fn node_name(session: &Session, index: usize) -> String {
    session.run().name(&format!("node-{index}"))
}
