//! What inventories can decide without a journal of the provisioner's calls, or without a ground truth; and which
//! oracles could not observe at all.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_reports::record::Cost;

use crate::audit::compare::named;
use crate::oracles::needs::{self, Source};
use crate::oracles::{Violation, calls, duplicates};
use crate::programs::proxy::ProxyReport;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};

/// O2 without a ground truth: counts what the scenario limits, at this moment. `there` is what was listed of the run,
/// `None` if it could not be listed.
pub fn duplicates_now(
    there: Option<Vec<Resource>>,
    plan: &dyn Plan,
    since: Timestamp,
) -> PhaseOutcome {
    let Some(there) = there else {
        return PhaseOutcome::new(Verdict::Unknown, "the account could not be listed");
    };
    let life = |resource: Resource| Lifespan {
        resource,
        from: since,
        to: None,
    };
    let lives: Vec<Lifespan> = there.into_iter().map(life).collect();
    let found = duplicates::duplicates(&lives, plan, since);
    let count = lives.len();
    let (verdict, message) = match found.first() {
        None => (
            Verdict::Pass,
            format!("{count} resources of the run, no more than needed of any type"),
        ),
        Some(wrong) => (Verdict::Fail, wrong.message.clone()),
    };
    let mut told = Told::default();
    told.violations(found);
    PhaseOutcome::new(verdict, message).with(told)
}

/// O5 without the provisioner's calls.
pub fn ends(there: &[Source]) -> Option<PhaseOutcome> {
    let lacks = needs::missing(needs::ENDS, there)?;
    let deadlines = "deadlines were watched; the number of calls and `Retry-After` were not";
    let message = format!("{lacks}: {deadlines}");
    Some(PhaseOutcome::new(Verdict::Unknown, message))
}

/// What was altered without a ground truth, as text: no finding by itself.
pub fn altered(altered: &[Resource]) -> String {
    let altered = named(altered);
    format!("was there before and was altered: {altered}")
}

/// What the proxy of live programs has handed on unread, and what it has refused: a program that was refused might have
/// done something else without the proxy.
pub fn proxy(report: &ProxyReport, seen: usize) -> PhaseOutcome {
    let list = |all: &BTreeMap<String, u64>, sign: &str| {
        let all = all
            .iter()
            .map(|(name, times)| format!("{name} ({times}{sign})"));
        all.collect::<Vec<_>>().join(", ")
    };
    let mut words = vec![format!("{seen} calls of the program were seen")];
    if !report.handed_on.is_empty() {
        let hosts = list(&report.handed_on, "");
        words.push(format!("connections handed on unread: {hosts}"));
    }
    if report.refused.is_empty() {
        return PhaseOutcome::new(Verdict::Pass, words.join("; "));
    }
    let refused = list(&report.refused, "×");
    words.push(format!("the proxy refused calls: {refused}"));
    PhaseOutcome::new(Verdict::Unknown, words.join("; "))
}

/// O6 without the provisioner's calls: it is unknown who altered something.
pub fn altered_by_unknown(altered_resources: &[Resource]) -> PhaseOutcome {
    let message = altered(altered_resources);
    let message = format!("{message}; by whom is unknown without the provisioner's calls");
    PhaseOutcome::new(Verdict::Unknown, message)
}

/// O4 without a meter: by the bill, once there is one.
pub fn budget(cost: &Cost, budget: Decimal, there: &[Source]) -> Option<PhaseOutcome> {
    if cost.free || there.contains(&Source::Meter) {
        return None;
    }
    let Some(billed) = cost.billed else {
        let verdict = match cost.verdict {
            Verdict::Pending => Verdict::Pending,
            _ => Verdict::Unknown,
        };
        let lacks = needs::missing(needs::BILL, there).unwrap_or_default();
        return Some(PhaseOutcome::new(verdict, lacks));
    };
    Some(match calls::billed(billed, budget) {
        None => PhaseOutcome::new(Verdict::Pass, "the bill is within the budget"),
        Some(Violation { message, .. }) => {
            let mut told = Told::default();
            told.violations([Violation::new(needs::BILL, message.clone())]);
            PhaseOutcome::new(Verdict::Fail, message).with(told)
        }
    })
}
