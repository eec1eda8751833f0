//! What a process that failed says it left behind, held against what is there (O3).
//!
//! In rehearsal against the truth, at once. Elsewhere by a look at the account between this attempt and the next
//! one: an inventory costs nothing but calls, and the next process hides what this one left.

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::provisioner::UNKNOWN_LEFT;
use kubeproof_contract::resource::{Life, Resource};
use kubeproof_contract::scenario::{Expectation, Tier};
use kubeproof_contract::world::World;

use super::book::Book;
use super::look;
use super::stage::Stage;
use super::unobserved::{self, named};
use crate::audit::compare;
use crate::oracles::price::PriceOf;
use crate::oracles::{Wrong, truth};

/// How old a resource must be before a process that fails must know of it: reads lag.
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// The phase of a look between two attempts.
const PHASE: &str = "left";

/// What a process that failed said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Ids of what it left behind, all of them.
    pub left_behind: Vec<String>,
    /// Why it cannot be read, if it cannot.
    pub unreadable: Option<String>,
}

impl Report {
    /// Whether it says that it does not know, or nothing. Then it says nothing wrong.
    fn is_silent(&self) -> bool {
        self.left_behind.iter().any(|id| id == UNKNOWN_LEFT)
    }
}

/// Judges what the process said by the truth, or keeps it for the look at the account that follows.
pub fn keep(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    report: Report,
    began: Timestamp,
    injected: &[(Fault, u64)],
) {
    if let Some(problem) = &report.unreadable {
        let message = format!("what the provisioner says it left behind cannot be read: {problem}");
        book.find("O3 truth", message);
    }
    match &stage.world {
        Some(_) if report.is_silent() => {}
        Some(world) => {
            let said = &report.left_behind;
            book.find_all(against_truth(stage, world.as_ref(), said, began, injected));
        }
        None => book.report = Some(report),
    }
}

fn against_truth(
    stage: &Stage<'_>,
    world: &dyn World,
    said: &[String],
    began: Timestamp,
    injected: &[(Fault, u64)],
) -> Vec<Wrong> {
    let observer = stage.account(Actor::Observer);
    let types = observer.most_at_once();
    let lives: Vec<Life> = world
        .lives()
        .into_iter()
        .filter(|life| life.to.is_none_or(|to| to >= began))
        .collect();
    let mine = |life: &&Life| {
        stage.run.owns(&life.resource.tags) && types.contains_key(&life.resource.resource_type)
    };
    // Whatever was answered is known at once; what was not, when reads show it.
    let answered = injected
        .iter()
        .all(|(fault, _)| fault.effect.keeps_from_applying() && !fault.effect.ends_process());
    let lag = if answered && !injected.is_empty() {
        SignedDuration::ZERO
    } else {
        SHOWN_WITHIN
    };
    let known_since = stage.clock.now() - lag;
    let there: Vec<Resource> = lives
        .iter()
        .filter(mine)
        .filter(|life| life.to.is_none() && life.from <= known_since)
        .map(|life| life.resource.clone())
        .collect();
    let existed: Vec<Resource> = lives.into_iter().map(|life| life.resource).collect();
    truth::left_behind(said, &there, &existed, &look::price(observer.as_ref()))
}

/// Looks at the account after an attempt that failed, where there is no truth to ask.
pub async fn look(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    let Some(report) = book.report.take() else {
        return;
    };
    let begun = book.begin(PHASE);
    // While the engine or cloud answers no call, a look ends in nothing but time-outs.
    if report.is_silent() && stage.trial.expects(Expectation::FinishesLater) {
        let message =
            "the failed attempt says that it does not know what it left, and no call is answered";
        return book.end(begun, Verdict::Skipped, message);
    }
    // A look takes its time, and the process has ended before it.
    let known_since = stage.clock.now() - SHOWN_WITHIN;
    let auditor = stage.account(Actor::Auditor);
    let sight = if stage.stop.asked() {
        Err("the trial was asked to stop")
    } else {
        let sight = unobserved::sight(stage, auditor.as_ref()).await;
        sight.ok_or("the account could not be listed")
    };
    let sight = match sight {
        Ok(sight) => sight,
        Err(why) => {
            let message = format!("{why}, so what the failed attempt left is not known");
            return book.end(begun, Verdict::Unknown, message);
        }
    };
    let there = must_be_said(stage, auditor.as_ref(), &sight.of_run);
    if report.is_silent() {
        let message = silent(&report, &there);
        return book.end(begun, Verdict::Skipped, message);
    }
    let own = stage.own_calls();
    let is_known = |resource: &Resource| {
        let is_old = resource.created_at.is_some_and(|at| at <= known_since);
        // An engine shows at once what it has.
        stage.trial.tier == Tier::Kind || is_old || own.made(&resource.id).is_some()
    };
    let seen = Seen {
        there: &there,
        listed: &[sight.of_run.as_slice(), &sight.unproven].concat(),
    };
    let price = look::price(auditor.as_ref());
    let judged = judge(&report.left_behind, &seen, is_known, &price);
    book.find_all(judged.wrong);
    book.end(begun, judged.verdict, judged.message);
}

/// What of the run a report must name: of the types that a scenario needs, and nothing that the cloud keeps.
fn must_be_said(stage: &Stage<'_>, account: &dyn Account, of_run: &[Resource]) -> Vec<Resource> {
    let needed = account.most_at_once();
    let types = account.resource_types();
    let provider = &stage.trial.scenario.provider;
    let stays = |resource: &Resource| {
        compare::stays(resource, types).is_some() || provider.stays(resource).is_some()
    };
    let all = of_run.iter().filter(|resource| !stays(resource));
    all.filter(|resource| needed.contains_key(&resource.resource_type))
        .cloned()
        .collect()
}

/// What a report that names nothing is told with: nothing is demanded of it, and the record shows what there is.
fn silent(report: &Report, there: &[Resource]) -> String {
    let why = match &report.unreadable {
        Some(_) => "what the failed attempt says of what it left cannot be read",
        None => "the failed attempt does not say what it left",
    };
    if there.is_empty() {
        return format!("{why}; of the run there is nothing");
    }
    format!("{why}; of the run there is: {}", named(there))
}

/// What a look has shown.
struct Seen<'a> {
    /// Of the run, as far as it must be said.
    there: &'a [Resource],
    /// Everything in the account that may be the run's.
    listed: &'a [Resource],
}

/// What a look says of a report.
#[derive(Debug)]
struct Judged {
    verdict: Verdict,
    wrong: Vec<Wrong>,
    message: String,
}

/// Judges a report by what is listed. What the process must have known and does not say is wrong. What it may not
/// have been shown yet, and what it names and no listing has (of a type that is not listed, or gone by now), leaves
/// the report unknown.
fn judge(
    said: &[String],
    seen: &Seen<'_>,
    is_known: impl Fn(&Resource) -> bool,
    price: PriceOf<'_>,
) -> Judged {
    let (known, young): (Vec<Resource>, Vec<Resource>) =
        seen.there.iter().cloned().partition(is_known);
    let (listed, unlisted): (Vec<String>, Vec<String>) = said
        .iter()
        .cloned()
        .partition(|id| truth::is_any_named(seen.listed, id));
    let wrong = truth::left_behind(&listed, &known, seen.listed, price);
    let unsaid: Vec<Resource> = young
        .into_iter()
        .filter(|resource| !said.iter().any(|id| truth::is_named(resource, id)))
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
    let (verdict, message) = match (wrong.first(), doubts.is_empty(), seen.there.len()) {
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
    Judged {
        verdict,
        wrong,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(id: &str) -> Resource {
        Resource::new("thing", id, "r")
    }

    /// Of the run there are `a`, which is old, and `young`; `b` may be anybody's.
    #[track_caller]
    fn check(said: &[&str], expected: Verdict, words: &str) {
        let said: Vec<String> = said.iter().map(|id| (*id).to_owned()).collect();
        let there = [thing("a"), thing("young")];
        let listed = [thing("a"), thing("young"), thing("b")];
        let seen = Seen {
            there: &there,
            listed: &listed,
        };
        let judged = judge(&said, &seen, |it| it.id == "a", &|_| None);
        assert_eq!(judged.verdict, expected, "{said:?}: {judged:?}");
        assert!(judged.message.contains(words), "{said:?}: {judged:?}");
        let is_wrong = !judged.wrong.is_empty();
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
        let seen = Seen {
            there: &[],
            listed: &[thing("b")],
        };
        let judged = judge(&[], &seen, |_| true, &|_| None);
        assert_eq!(judged.verdict, Verdict::Pass, "{judged:?}");
        assert!(judged.message.contains("left nothing"), "{judged:?}");
    }
}
