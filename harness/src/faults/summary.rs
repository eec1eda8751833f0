//! Adds lifecycles to the record of a campaign: which faults were injected, which were not, and the findings. Pure.

use kubeproof_contract::fault::{Effect, Fault};
use kubeproof_reports::campaign::{Campaign, CampaignFinding, Heat, Limit, Unreached};
use kubeproof_reports::record::Finding;

use super::lifecycle::ShrunkLifecycle;
use super::schedules::TargetedFault;
use crate::scenario::Scenario;

/// Adds a lifecycle to the record.
pub(super) fn add_lifecycle(
    scenario: &Scenario,
    schedule: &[TargetedFault],
    shrunk: ShrunkLifecycle,
    campaign: &mut Campaign,
) {
    let ShrunkLifecycle { result, needed } = shrunk;
    campaign.lifecycles += 1;
    campaign.calls += result.calls;
    campaign.add_trace(&format!(
        "{}|{}|{}",
        scenario.name(),
        written(schedule),
        result.hash
    ));
    let faults: Vec<Fault> = needed
        .iter()
        .map(|targeted| targeted.fault.clone())
        .collect();
    let mut wrong = false;
    for finding in result.findings {
        let provider = &scenario.provider;
        let limit = provider.limit(&faults, &finding.oracle, &finding.message);
        let finding = campaign_finding(scenario, &needed, finding, result.around.clone());
        if let Some(why) = limit {
            campaign.limits.push(Limit { finding, why });
        } else {
            wrong = true;
            campaign.findings.push(finding);
        }
    }
    for one in result.allowed {
        let finding = campaign_finding(scenario, &needed, one.finding, result.around.clone());
        campaign.allowed.push(Limit {
            finding,
            why: one.permission.words(),
        });
    }
    let any_injected = result.injected.iter().any(|(_, injected)| *injected > 0);
    for (targeted, (seen, injected)) in schedule.iter().zip(&result.injected) {
        campaign.fault_points += 1;
        let reached = *injected > 0;
        let call = targeted.signature.to_string();
        let effect = targeted.fault.effect.name();
        campaign.heat(Heat {
            call,
            effect,
            lifecycles: 1,
            findings: u64::from(wrong && needed.contains(targeted)),
            unreached: u64::from(!reached),
        });
        if reached {
            campaign.exercised += 1;
            continue;
        }
        let explained = schedule.len() > 1 && any_injected;
        campaign.not_reached(unreached(scenario, schedule, targeted, *seen, explained));
    }
    for problem in result.unknown {
        campaign.unknown.push(format!(
            "{}: {}: {problem}",
            scenario.name(),
            written(schedule)
        ));
    }
}

/// A fault that was not injected; `explained` if another one was, and changed the course of the run.
fn unreached(
    scenario: &Scenario,
    schedule: &[TargetedFault],
    targeted: &TargetedFault,
    seen: u64,
    explained: bool,
) -> Unreached {
    Unreached {
        scenario: scenario.name().to_owned(),
        faults: texts(schedule),
        fault: targeted.fault.to_string(),
        reason: reason(targeted, seen, explained),
        seen,
    }
}

/// Why a fault could not be injected, where the reason is neither the provisioner nor the plan.
fn reason(targeted: &TargetedFault, seen: u64, explained: bool) -> Option<String> {
    let place = &targeted.fault.target;
    if explained {
        return Some(format!(
            "the other fault changed the course of the run: {seen} calls of this name were made, but \
             the fault targets the {}",
            ordinal(place.occurrence)
        ));
    }
    match targeted.fault.effect {
        Effect::NotYetVisible(seconds) if seen >= place.occurrence => Some(format!(
            "no response showed anything made in the last {seconds} s"
        )),
        _ => None,
    }
}

/// A finding with the faults that it needs.
pub(super) fn campaign_finding(
    scenario: &Scenario,
    faults: &[TargetedFault],
    finding: Finding,
    calls: Vec<String>,
) -> CampaignFinding {
    CampaignFinding {
        scenario: scenario.name().to_owned(),
        faults: texts(faults),
        part: faults.first().map(|targeted| targeted.part.to_string()),
        oracle: finding.oracle,
        message: finding.message,
        calls,
        replay: finding.replay,
        id: finding.id,
    }
}

/// A schedule as text.
pub(super) fn written(schedule: &[TargetedFault]) -> String {
    texts(schedule).join(" ")
}

fn texts(schedule: &[TargetedFault]) -> Vec<String> {
    let faults = schedule.iter().map(|targeted| targeted.fault.to_string());
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
