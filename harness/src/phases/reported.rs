//! Compares what a failed process reports as left behind with what is there (O3).
//!
//! In rehearsal with the ground truth, immediately. Elsewhere with a listing of the account between this attempt and
//! the next one: an inventory costs only calls, and the next process hides what this one left.

use jiff::SignedDuration;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::scenario::{Expectation, Tier};

use crate::audit::compare;
use crate::audit::compare::named;
use crate::inspect::run_listing::list_run;
use crate::oracles::{Violation, ground_truth};
use crate::phases::attempt::{AttemptOutcome, AttemptSetting};
use crate::prices;
use crate::prices::PriceOf;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial::report::Report;

/// How old a resource must be before a process that fails must know of it: reads lag.
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// The phase of the check between two attempts.
pub const PHASE: &str = "left";

/// Compares the report of a failed attempt with the ground truth. Where there is none, returns the report, for the
/// check of the account that follows.
pub fn compare<T>(
    setting: &AttemptSetting<'_>,
    attempt: &AttemptOutcome<T>,
    told: &mut Told,
) -> Option<Report> {
    let report = attempt.report.as_ref()?;
    if let Some(problem) = &report.unreadable {
        let message = format!("what the provisioner says it left behind cannot be read: {problem}");
        told.violations([Violation::new("O3 truth", message)]);
    }
    match setting.sources.ground_truth {
        Some(_) if report.is_silent() => None,
        Some(ground_truth) => {
            let said = &report.left_behind;
            told.violations(against_ground_truth(setting, ground_truth, said, attempt));
            None
        }
        None => Some(report.clone()),
    }
}

fn against_ground_truth<T>(
    setting: &AttemptSetting<'_>,
    ground_truth: &dyn GroundTruth,
    said: &[String],
    attempt: &AttemptOutcome<T>,
) -> Vec<Violation> {
    let plan = setting.sources.plan;
    let types = plan.most_at_once();
    let lives: Vec<Lifespan> = ground_truth
        .lifetimes()
        .into_iter()
        .filter(|life| life.to.is_none_or(|to| to >= attempt.began))
        .collect();
    let mine = |life: &&Lifespan| {
        plan.is_marked(setting.sources.run, &life.resource)
            && types.contains_key(&life.resource.resource_type)
    };
    // What was answered is known immediately; the rest is known once reads show it.
    let injected = &attempt.injected;
    let answered = injected
        .iter()
        .all(|(fault, _)| fault.effect.keeps_from_applying() && !fault.effect.ends_process());
    let lag = if answered && !injected.is_empty() {
        SignedDuration::ZERO
    } else {
        SHOWN_WITHIN
    };
    let known_since = setting.clock.now() - lag;
    let there: Vec<Resource> = lives
        .iter()
        .filter(mine)
        .filter(|life| life.to.is_none() && life.from <= known_since)
        .map(|life| life.resource.clone())
        .collect();
    let existed: Vec<Resource> = lives.into_iter().map(|life| life.resource).collect();
    ground_truth::left_behind(said, &there, &existed, &prices::price(plan))
}

/// Checks the account after a failed attempt, where there is no ground truth.
pub async fn check_account(setting: &AttemptSetting<'_>, report: &Report) -> PhaseOutcome {
    let trial = setting.sources.trial;
    // While the engine or cloud answers no call, a listing ends only in timeouts.
    if report.is_silent() && trial.expects(Expectation::FinishesLater) {
        let message =
            "the failed attempt says that it does not know what it left, and no call is answered";
        return PhaseOutcome::new(Verdict::Skipped, message);
    }
    // A listing takes time, and the process ended before it.
    let known_since = setting.clock.now() - SHOWN_WITHIN;
    let auditor = setting.account.observer(Actor::Auditor);
    let listing = if setting.cancel.is_cancelled() {
        Err("the trial was asked to stop")
    } else {
        let listing = list_run(setting.sources, auditor.as_ref()).await;
        listing.ok_or("the account could not be listed")
    };
    let listing = match listing {
        Ok(listing) => listing,
        Err(why) => {
            let message = format!("{why}, so what the failed attempt left is not known");
            return PhaseOutcome::new(Verdict::Unknown, message);
        }
    };
    let (provider, plan) = (trial.scenario.provider.as_ref(), setting.sources.plan);
    let there = must_be_said(provider, (plan, auditor.as_ref()), &listing.of_run);
    if report.is_silent() {
        return PhaseOutcome::new(Verdict::Skipped, silent(report, &there));
    }
    let own = setting.sources.own_calls();
    let is_known = |resource: &Resource| {
        let is_old = resource.created_at.is_some_and(|at| at <= known_since);
        // An engine shows immediately what it has.
        trial.tier == Tier::Kind || is_old || own.made(&resource.id).is_some()
    };
    let seen = Listing {
        there: &there,
        listed: &[listing.of_run.as_slice(), &listing.unproven].concat(),
    };
    let price = prices::price(plan);
    let judged = judge(&report.left_behind, &seen, is_known, &price);
    let mut told = Told::default();
    told.violations(judged.violations);
    PhaseOutcome::new(judged.verdict, judged.message).with(told)
}

/// Resources of the run that a report must name: of types that the scenario needs, and not retained by the cloud.
fn must_be_said(
    provider: &dyn Provider,
    (plan, account): (&dyn Plan, &dyn Observer),
    of_run: &[Resource],
) -> Vec<Resource> {
    let needed = plan.most_at_once();
    let types = account.resource_types();
    let is_retained = |resource: &Resource| {
        compare::retained(resource, types).is_some() || provider.retained(resource).is_some()
    };
    let all = of_run.iter().filter(|resource| !is_retained(resource));
    all.filter(|resource| needed.contains_key(&resource.resource_type))
        .cloned()
        .collect()
}

/// The message for a report that names nothing: it is not judged, but the record shows what is there.
fn silent(report: &Report, there: &[Resource]) -> String {
    let why = match &report.unreadable {
        Some(_) => "what the failed attempt says of what it left cannot be read",
        None => "the failed attempt does not say what it left",
    };
    if there.is_empty() {
        return format!("{why}; nothing of the run is there");
    }
    format!("{why}; still there of the run: {}", named(there))
}

/// What a listing has shown.
struct Listing<'a> {
    /// Resources of the run that must be named.
    there: &'a [Resource],
    /// Everything in the account that may be the run's.
    listed: &'a [Resource],
}

/// The result of judging a report.
#[derive(Debug)]
struct Judgement {
    verdict: Verdict,
    violations: Vec<Violation>,
    message: String,
}

/// Judges a report by what is listed. A resource that the process must have known and does not name is a violation.
/// One that reads may not have shown it yet, or that it names and no listing has (of an unlisted type, or gone by
/// now), leaves the report unknown.
fn judge(
    said: &[String],
    seen: &Listing<'_>,
    is_known: impl Fn(&Resource) -> bool,
    price: PriceOf<'_>,
) -> Judgement {
    let (known, young): (Vec<Resource>, Vec<Resource>) =
        seen.there.iter().cloned().partition(is_known);
    let (listed, unlisted): (Vec<String>, Vec<String>) = said
        .iter()
        .cloned()
        .partition(|id| ground_truth::is_any_named(seen.listed, id));
    let violations = ground_truth::left_behind(&listed, &known, seen.listed, price);
    let unsaid: Vec<Resource> = young
        .into_iter()
        .filter(|resource| !said.iter().any(|id| ground_truth::is_named(resource, id)))
        .collect();
    let mut doubts = Vec::new();
    if !unsaid.is_empty() {
        let what = named(&unsaid);
        doubts.push(format!(
            "it does not say that it left {what}, which it may not have been shown yet"
        ));
    }
    if !unlisted.is_empty() {
        let what = unlisted.join(", ");
        doubts.push(format!("it says that it left {what}, which no listing has"));
    }
    let (verdict, message) = match (violations.first(), doubts.is_empty(), seen.there.len()) {
        (Some(first), ..) => (Verdict::Fail, first.message.clone()),
        (None, false, _) => (Verdict::Unknown, doubts.join("; ")),
        (None, true, 0) => (
            Verdict::Pass,
            "the failed attempt left nothing, and says so".to_owned(),
        ),
        (None, true, count) => (
            Verdict::Pass,
            format!("the failed attempt left {count} things, and names all of them"),
        ),
    };
    Judgement {
        verdict,
        violations,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(id: &str) -> Resource {
        Resource::new("thing", id, "r")
    }

    /// Of the run there are `a`, which is old, and `young`; `b` may belong to anyone.
    #[track_caller]
    fn check(said: &[&str], expected: Verdict, words: &str) {
        let said: Vec<String> = said.iter().map(|id| (*id).to_owned()).collect();
        let there = [thing("a"), thing("young")];
        let listed = [thing("a"), thing("young"), thing("b")];
        let seen = Listing {
            there: &there,
            listed: &listed,
        };
        let judged = judge(&said, &seen, |it| it.id == "a", &|_| None);
        assert_eq!(judged.verdict, expected, "{said:?}: {judged:?}");
        assert!(judged.message.contains(words), "{said:?}: {judged:?}");
        let is_wrong = !judged.violations.is_empty();
        assert_eq!(is_wrong, expected == Verdict::Fail, "{said:?}: {judged:?}");
    }

    #[test]
    fn a_report_names_all_that_its_process_must_have_known_and_nothing_else() {
        check(&["a", "young"], Verdict::Pass, "2 things, and names all");
        check(&["a", "young", "b"], Verdict::Pass, "names all");
        check(&["young"], Verdict::Fail, "thing a");
        check(&[], Verdict::Fail, "does not say so");
        check(&["gone"], Verdict::Fail, "thing a");
    }

    #[test]
    fn what_reads_may_not_have_shown_yet_and_what_no_listing_has_is_unknown() {
        check(&["a"], Verdict::Unknown, "young in r, which it may not");
        check(
            &["a", "young", "gone"],
            Verdict::Unknown,
            "left gone, which",
        );
    }

    #[test]
    fn a_report_of_nothing_is_true_where_there_is_nothing() {
        let seen = Listing {
            there: &[],
            listed: &[thing("b")],
        };
        let judged = judge(&[], &seen, |_| true, &|_| None);
        assert_eq!(judged.verdict, Verdict::Pass, "{judged:?}");
        assert!(judged.message.contains("left nothing"), "{judged:?}");
    }
}
