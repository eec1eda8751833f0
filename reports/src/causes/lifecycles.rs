//! The causes of the findings of a campaign, whose lifecycles have no audit of their own: what they show is told by texts.

use kubeproof_contract::fault::Fault;

use super::words::{priced, short, titled, without_ids};
use super::{Cause, Seen, add_ids, merged};
use crate::campaign::CampaignFinding;
use crate::word::clean;

/// The causes of the findings of a campaign: what one lifecycle shows by one oracle is one.
pub fn of_campaign(findings: &[CampaignFinding]) -> Vec<Cause> {
    let mut lifecycles: Vec<Vec<&CampaignFinding>> = Vec::new();
    for finding in findings {
        let same = lifecycles.iter_mut().find(|one| {
            let first = one[0];
            (&first.scenario, &first.faults, &first.oracle)
                == (&finding.scenario, &finding.faults, &finding.oracle)
        });
        match same {
            Some(lifecycle) => lifecycle.push(finding),
            None => lifecycles.push(vec![finding]),
        }
    }
    merged(
        lifecycles
            .into_iter()
            .map(|findings| of_lifecycle(&findings)),
    )
}

/// The number of the cause, from 0, of the first finding of a campaign with this effect on this call.
pub fn of_cell(
    causes: &[Cause],
    findings: &[CampaignFinding],
    (call, effect): (&str, &str),
) -> Option<usize> {
    let is_aimed = |fault: &String| {
        let fault = fault.parse::<Fault>().ok();
        fault.is_some_and(|fault| {
            let target = &fault.target;
            format!("{}:{}", target.service, target.operation) == call
                && fault.effect.name() == effect
        })
    };
    let finding = findings
        .iter()
        .find(|one| one.faults.iter().any(is_aimed))?;
    causes.iter().position(|cause| {
        let mut seen = cause.seen.iter();
        cause.oracle == clean(&finding.oracle) && seen.any(|it| it.replay == finding.replay)
    })
}

fn of_lifecycle(findings: &[&CampaignFinding]) -> Cause {
    let first = findings[0];
    let messages: Vec<String> = findings.iter().map(|it| clean(&it.message)).collect();
    let mut likeness: Vec<String> = messages.iter().map(|it| without_ids(it)).collect();
    likeness.sort();
    likeness.dedup();
    let mut ids = Vec::new();
    add_ids(&mut ids, findings.iter().map(|it| clean(&it.id)));
    let place = if first.faults.is_empty() {
        "without any fault".to_owned()
    } else {
        first.faults.join(" and ")
    };
    Cause {
        scenario: clean(&first.scenario),
        oracle: clean(&first.oracle),
        title: titled(&short(&messages[0]), messages.len(), "other"),
        month: priced(&messages),
        messages,
        ids,
        parts: Vec::new(),
        seen: vec![Seen {
            place: clean(&place),
            record: None,
            part: first.part.as_deref().map(clean),
            replay: first.replay.clone(),
            calls: first.calls.clone(),
        }],
        likeness,
    }
}
