//! The id of a finding, from what the oracle says and the trial that it was seen in. Pure.

use kubeproof_contract::marks::Naming;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use kubeproof_reports::finding_id::{self, Parts};
use kubeproof_reports::record::Record;

use super::end_state;
use crate::trial::{Part, Trial};

/// The id of what an oracle found in a trial: by the types and logical names of the resources that it is about, else by
/// what it says.
pub fn of(
    trial: &Trial,
    (run, naming): (&Run, &dyn Naming),
    (oracle, resources, message): (&str, &[Resource], &str),
) -> String {
    let name = |resource: &Resource| {
        let (resource_type, name) = end_state::key(run, naming, resource);
        format!("{resource_type} {name}")
    };
    let resources: Vec<String> = resources.iter().map(name).collect();
    finding_id::of(Parts {
        oracle,
        trial: &trial.name(),
        calls: &calls(trial),
        resources: &resources,
        message,
        run: &run.id,
    })
}

/// The id of what is known of a trial only by its record.
pub fn of_record(record: &Record, oracle: &str, message: &str) -> String {
    finding_id::of(Parts {
        oracle,
        trial: &record.scenario,
        calls: &[],
        resources: &[],
        message,
        run: &record.run_id,
    })
}

/// The calls at which faults are aimed that the scenario does not name: those of a campaign, and those of the command
/// line. A forced failure is named by its trial.
fn calls(trial: &Trial) -> Vec<String> {
    let (Part::Lifecycle(faults) | Part::Campaign(faults, _) | Part::Failure(_, faults)) =
        &trial.part;
    let call = |fault: &kubeproof_contract::fault::Fault| {
        let target = &fault.target;
        let part = if target.in_teardown { "@teardown" } else { "" };
        format!("{}:{}{part}", target.service, target.operation)
    };
    faults.iter().map(call).collect()
}
