//! The plan of a campaign as a file: what is to be run, for shards on other machines. Plain data.
//!
//! A program is run clean several times to find what can be aimed at. Shards that read one plan agree on it.

use kubeproof_contract::call::Signature;
use kubeproof_contract::fault::{Fault, FaultSyntaxError};
use serde::{Deserialize, Serialize};

use super::injection_points::Part;
use super::schedules::{Schedule, TargetedFault};

/// The plans of several scenarios.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    pub plans: Vec<ScenarioPlan>,
}

/// The plan of one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioPlan {
    pub scenario: String,
    pub seed: u64,
    /// Changes that were not the same in all clean runs.
    pub unstable: Vec<String>,
    pub lifecycles: Vec<Vec<PlannedFault>>,
}

/// A fault of a lifecycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    pub fault: String,
    /// Whether the call changes anything.
    pub mutating: bool,
    /// The part of the lifecycle that the call was in; the fault of a built-in provisioner does not say it.
    pub part: Part,
}

impl PlanFile {
    /// The plan of a scenario.
    pub fn of(&self, scenario: &str, seed: u64) -> Option<&ScenarioPlan> {
        let mut plans = self.plans.iter();
        plans.find(|plan| plan.scenario == scenario && plan.seed == seed)
    }
}

impl ScenarioPlan {
    /// Writes down a plan.
    pub fn of(scenario: &str, seed: u64, unstable: &[String], singles: &[Schedule]) -> Self {
        let fault = |targeted: &TargetedFault| PlannedFault {
            fault: targeted.fault.to_string(),
            mutating: targeted.signature.mutating,
            part: targeted.part,
        };
        let lifecycles = singles.iter().map(|one| one.iter().map(fault).collect());
        Self {
            scenario: scenario.to_owned(),
            seed,
            unstable: unstable.to_vec(),
            lifecycles: lifecycles.collect(),
        }
    }

    /// The schedules of the plan.
    ///
    /// # Errors
    /// With the fault that cannot be read.
    pub fn schedules(&self) -> Result<Vec<Schedule>, FaultSyntaxError> {
        let targeted = |planned: &PlannedFault| {
            let fault: Fault = planned.fault.parse()?;
            Ok(TargetedFault {
                signature: Signature {
                    service: fault.target.service.clone(),
                    operation: fault.target.operation.clone(),
                    mutating: planned.mutating,
                },
                part: planned.part,
                fault,
            })
        };
        let lifecycles = self.lifecycles.iter();
        lifecycles
            .map(|one| one.iter().map(targeted).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_back_as_it_was_written() {
        let planned = |fault: &str, mutating, part| PlannedFault {
            fault: fault.to_owned(),
            mutating,
            part,
        };
        let plan = ScenarioPlan {
            scenario: "s".to_owned(),
            seed: 7,
            unstable: vec!["s:Make[x~00000000]#1".to_owned()],
            lifecycles: vec![
                vec![planned(
                    "s:Make[a~0000000a]#1=lost-response",
                    true,
                    Part::Provision,
                )],
                vec![planned(
                    "s:Look[b~0000000b]@teardown#changed=throttle",
                    false,
                    Part::Teardown,
                )],
                vec![planned("s:Drop#3=lost-response", true, Part::Teardown)],
            ],
        };
        let schedules = plan.schedules().expect("faults");
        assert_eq!(schedules[1][0].part, Part::Teardown);
        assert_eq!(schedules[2][0].part, Part::Teardown);
        let again = ScenarioPlan::of("s", 7, &plan.unstable, &schedules);
        assert_eq!(again, plan);
        let mut wrong = plan;
        wrong.lifecycles[0][0].fault = "s:Make[a]".to_owned();
        assert!(wrong.schedules().is_err());
    }
}
