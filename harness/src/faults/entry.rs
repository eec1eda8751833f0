//! Enters lifecycles into the record of a campaign: what struck, what did not, what was found.
//!
//! Apart from running them because it is pure.

use kubeproof_contract::fault::Fault;
use kubeproof_reports::campaign::{Campaign, CampaignFinding, Heat, Limit, Unreached};
use kubeproof_reports::record::Finding;

use super::campaign::Shrunk;
use super::schedules::Aimed;
use crate::scenario::Scenario;

/// Enters a lifecycle into the record.
pub(super) fn enter(
    scenario: &Scenario,
    schedule: &[Aimed],
    shrunk: Shrunk,
    campaign: &mut Campaign,
) {
    let Shrunk { lived, needed } = shrunk;
    campaign.lifecycles += 1;
    campaign.calls += lived.calls;
    campaign.add_trace(&format!(
        "{}|{}|{}",
        scenario.name(),
        written(schedule),
        lived.hash
    ));
    let faults: Vec<Fault> = needed.iter().map(|aimed| aimed.fault.clone()).collect();
    let judged = lived.findings.into_iter().map(|finding| {
        let why = scenario
            .provider
            .limit(&faults, &finding.oracle, &finding.message);
        (finding, why)
    });
    let (limits, findings): (Vec<_>, Vec<_>) = judged.partition(|(_, why)| why.is_some());
    let wrong = !findings.is_empty();
    let any_struck = lived.struck.iter().any(|(_, struck)| *struck > 0);
    for (aimed, (seen, struck)) in schedule.iter().zip(&lived.struck) {
        campaign.fault_points += 1;
        let reached = *struck > 0;
        let call = aimed.signature.to_string();
        let effect = aimed.fault.effect.name();
        campaign.heat(Heat {
            call,
            effect,
            lifecycles: 1,
            findings: u64::from(wrong && needed.contains(aimed)),
            unreached: u64::from(!reached),
        });
        if reached {
            campaign.exercised += 1;
            continue;
        }
        let explained = schedule.len() > 1 && any_struck;
        campaign
            .unreached
            .push(unreached(scenario, schedule, aimed, *seen, explained));
    }
    for problem in lived.unknown {
        campaign.unknown.push(format!(
            "{}: {}: {problem}",
            scenario.name(),
            written(schedule)
        ));
    }
    for (finding, _) in findings {
        let finding = found(scenario, &needed, finding, lived.around.clone());
        campaign.findings.push(finding);
    }
    for (finding, why) in limits {
        let finding = found(scenario, &needed, finding, lived.around.clone());
        let why = why.unwrap_or_default();
        campaign.limits.push(Limit { finding, why });
    }
}

/// A fault that did not strike; `explained` when another one did, and changed the way.
fn unreached(
    scenario: &Scenario,
    schedule: &[Aimed],
    aimed: &Aimed,
    seen: u64,
    explained: bool,
) -> Unreached {
    let faults = schedule.iter().map(|aimed| aimed.fault.to_string());
    Unreached {
        scenario: scenario.name().to_owned(),
        faults: faults.collect(),
        fault: aimed.fault.to_string(),
        reason: explained.then(|| {
            format!(
                "the other fault changed the way: {seen} calls of this name were made, the {} \
                 was waited for",
                ordinal(aimed.fault.place.occurrence)
            )
        }),
        seen,
    }
}

/// A finding with the faults that it needs.
pub(super) fn found(
    scenario: &Scenario,
    faults: &[Aimed],
    finding: Finding,
    calls: Vec<String>,
) -> CampaignFinding {
    CampaignFinding {
        scenario: scenario.name().to_owned(),
        faults: faults.iter().map(|aimed| aimed.fault.to_string()).collect(),
        part: faults.first().map(|aimed| aimed.part.to_string()),
        oracle: finding.oracle,
        message: finding.message,
        calls,
        replay: finding.replay,
    }
}

/// A schedule as it is written.
pub(super) fn written(schedule: &[Aimed]) -> String {
    let faults: Vec<String> = schedule
        .iter()
        .map(|aimed| aimed.fault.to_string())
        .collect();
    faults.join(" ")
}

fn ordinal(number: u64) -> String {
    let end = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}
