//! Clusters on the machines of a simulated cloud that gives no Kubernetes of its own: k3s, installed by cloud-init.
//!
//! The cloud has the machines and its firewall ([`MachineCloud`]); the API servers know no cloud, and the cloud no
//! Kubernetes objects. This is where the two meet.

pub mod cloud_init;

mod identity;
mod k3s;

use jiff::Timestamp;
use kubeproof_simkit::injected::AsyncFault;

pub use cloud_init::Boot;
pub use k3s::{Clusters, advance, answer, installed, machine_of, stopped};

/// The port of the API server.
pub const PORT: u16 = 6443;

/// A machine, as the cluster on it needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Machine<'a> {
    /// The cloud's id of it.
    pub id: &'a str,
    /// Its public address.
    pub ip: &'a str,
    /// Its address in its network.
    pub private_ip: &'a str,
    /// The network in which private addresses reach each other.
    pub network: &'a str,
    /// Whether it runs, or boots.
    pub is_up: bool,
    /// What its cloud-init document requests.
    pub boot: &'a Boot,
    /// What goes wrong on it.
    pub fault: Option<MachineFault>,
    /// NVIDIA GPUs.
    pub gpus: u32,
    /// CPUs.
    pub cpus: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
}

impl Machine<'_> {
    /// Whether anything on it answers.
    fn answers(&self) -> bool {
        self.is_up && self.fault != Some(MachineFault::Unusable)
    }

    fn has(&self, fault: MachineFault) -> bool {
        self.fault == Some(fault)
    }
}

/// What goes wrong on a machine that the cloud says is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineFault {
    /// Nothing on it answers.
    Unusable,
    /// The installation script fails.
    InstallFails,
    /// k3s runs, but the node never joins.
    NeverJoins,
    /// The GPU driver is missing.
    NoDriver,
}

impl MachineFault {
    /// What an injected fault makes go wrong on a machine, if it does.
    pub fn of(fault: Option<&AsyncFault>) -> Option<Self> {
        match fault {
            Some(AsyncFault::Fail(Some(code))) => Self::named(code),
            _ => None,
        }
    }

    /// The fault of this name in a fault's text (`async-fail(<name>)`).
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "unusable" => Self::Unusable,
            "install-script" => Self::InstallFails,
            "node-never-joins" => Self::NeverJoins,
            "gpu-driver-missing" => Self::NoDriver,
            _ => return None,
        })
    }
}

/// A cloud with machines on which clusters run.
pub trait MachineCloud {
    /// The clusters.
    fn clusters(&mut self) -> &mut Clusters;

    /// The time.
    fn now(&self) -> Timestamp;

    /// The seed of the next API server.
    fn next_seed(&mut self) -> u64;

    /// All machines, in order of creation.
    fn machines(&self) -> impl Iterator<Item = Machine<'_>>;

    /// Whether a packet passes to this port of a machine: from this address, or from any outside.
    fn passes(&self, to: &str, port: u16, from: Option<&str>) -> bool;

    /// Lets [`installed`] be called again for a machine after some seconds.
    fn try_again(&mut self, id: &str, seconds: i64);

    /// The machine with this id.
    fn machine(&self, id: &str) -> Option<Machine<'_>> {
        self.machines().find(|one| one.id == id)
    }
}
