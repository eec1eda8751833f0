//! Where wrong provisioners come from: the scenario with each of them in it, and the same with the correct one.

use std::sync::Arc;

use kubeproof::scenario::Scenario;

use crate::campaigns::scenario_of;
use crate::provisioners::other_users;
use crate::provisioners::variant::{Make, among, in_place};

/// The EKS scenario: two nodes over two zones.
pub const TWO_ZONES: &str = "../scenarios/aws/two-zones.yaml";
/// The scenario of one GPU machine.
pub const ONE_MACHINE: &str = "../scenarios/lambda/one-a10.yaml";

/// The GKE scenario: two nodes in one zone.
pub const ZONAL: &str = "../scenarios/gcp/zonal-two-nodes.yaml";

/// Where a wrong provisioner comes from.
pub enum Of {
    /// Made of the contract alone, on the EKS scenario.
    Contract(Make),
    /// The same, with limits of many hours.
    Patient(Make),
    /// The same, with one zone more than nodes.
    SpareZone(Make),
    /// Made of the contract alone, on the scenario of one GPU machine.
    OneMachine(Make),
    /// The same, in an account with other users, who act as a fault says.
    Shared(Make),
    /// Made of the contract alone, on the GKE scenario.
    Gke(Make),
    /// A defect that a scenario file names.
    File(&'static str),
}
use Of::{Contract, File, Gke, OneMachine, Patient, Shared, SpareZone};

/// The scenario with this provisioner in it.
pub fn wrong_one(of: &Of) -> Scenario {
    match of {
        Contract(make) => in_place(scenario_of(TWO_ZONES), *make),
        Patient(make) => {
            let mut scenario = scenario_of(TWO_ZONES);
            let mut content = (*scenario.content).clone();
            content.limits.provision_minutes = 24 * 60;
            scenario.content = Arc::new(content);
            in_place(scenario, *make)
        }
        SpareZone(make) => {
            let mut scenario = scenario_of(TWO_ZONES);
            let text = scenario.text.replace("zones: 2", "zones: 3");
            assert_ne!(
                *text, *scenario.text,
                "the scenario is written otherwise now"
            );
            let content = scenario.provider.read(&text).expect("a scenario");
            scenario.content = Arc::new(content);
            in_place(scenario, *make)
        }
        OneMachine(make) => in_place(scenario_of(ONE_MACHINE), *make),
        Shared(make) => among(scenario_of(ONE_MACHINE), *make, Some(other_users::user)),
        Gke(make) => in_place(scenario_of(ZONAL), *make),
        File(file) => scenario_of(&format!("testdata/provisioners/{file}")),
    }
}

/// The same scenario with the correct provisioner.
pub fn right_one(of: &Of) -> Scenario {
    match of {
        Contract(_) | Patient(_) | SpareZone(_) => scenario_of(TWO_ZONES),
        OneMachine(_) | Shared(_) => scenario_of(ONE_MACHINE),
        Gke(_) => scenario_of(ZONAL),
        File(_) => {
            let mut scenario = wrong_one(of);
            let mut content = (*scenario.content).clone();
            content.provisioner.defect = None;
            scenario.content = Arc::new(content);
            scenario
        }
    }
}
