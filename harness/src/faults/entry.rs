//! Enters lifecycles into the record of a campaign: what struck, what did not, what was found.
//!
//! Apart from running them because it is pure.

use kubeproof_contract::fault::{Effect, Fault};
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
    let mut wrong = false;
    for finding in lived.findings {
        let provider = &scenario.provider;
        let limit = provider.limit(&faults, &finding.oracle, &finding.message);
        let finding = found(scenario, &needed, finding, lived.around.clone());
        if let Some(why) = limit {
            campaign.limits.push(Limit { finding, why });
        } else {
            wrong = true;
            campaign.findings.push(finding);
        }
    }
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
        campaign.not_reached(unreached(scenario, schedule, aimed, *seen, explained));
    }
    for problem in lived.unknown {
        campaign.unknown.push(format!(
            "{}: {}: {problem}",
            scenario.name(),
            written(schedule)
        ));
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
    Unreached {
        scenario: scenario.name().to_owned(),
        faults: texts(schedule),
        fault: aimed.fault.to_string(),
        reason: reason(aimed, seen, explained),
        seen,
    }
}

/// Why a fault could not be injected, where the reason is neither the provisioner nor the plan.
fn reason(aimed: &Aimed, seen: u64, explained: bool) -> Option<String> {
    let place = &aimed.fault.place;
    if explained {
        return Some(format!(
            "the other fault changed the way: {seen} calls of this name were made, the {} \
             was waited for",
            ordinal(place.occurrence)
        ));
    }
    match aimed.fault.effect {
        Effect::NotYetVisible(seconds) if seen >= place.occurrence => Some(format!(
            "it showed nothing that was made in the last {seconds} s"
        )),
        _ => None,
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
        faults: texts(faults),
        part: faults.first().map(|aimed| aimed.part.to_string()),
        oracle: finding.oracle,
        message: finding.message,
        calls,
        replay: finding.replay,
    }
}

/// A schedule as it is written.
pub(super) fn written(schedule: &[Aimed]) -> String {
    texts(schedule).join(" ")
}

fn texts(schedule: &[Aimed]) -> Vec<String> {
    let faults = schedule.iter().map(|aimed| aimed.fault.to_string());
    faults.collect()
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
