//! O2: what a program made twice by repeating a call whose answer it did not get.
//!
//! A scenario cannot say how many subnets, addresses or keys a program makes, so their number is no evidence. A repeat is:
//! the first call made a resource although it got no answer, no answer ever told the program of it, and the same call
//! then made another while it was there. Calls have keys where a program's calls are seen; without them nothing is found
//! here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubeproof_contract::call::Actor;
use kubeproof_contract::journal::Call;
use kubeproof_contract::plan::{Plan, UNLIMITED};
use kubeproof_contract::resource::Lifespan;

use super::Violation;
use super::price::{Item, list};
use crate::prices::price;

/// Duplicates by repeated calls, of the types whose number is not limited. `lives` are the run's own.
pub fn repeats(lives: &[Lifespan], calls: &[Call], plan: &dyn Plan) -> Vec<Violation> {
    let limits = plan.most_at_once();
    let is_counted = |life: &Lifespan| {
        let most = limits.get(&life.resource.resource_type);
        most.is_some_and(|most| *most != UNLIMITED)
    };
    let told: BTreeSet<&str> = calls
        .iter()
        .flat_map(|call| &call.made)
        .map(String::as_str)
        .collect();
    let untold: Vec<&Lifespan> = lives
        .iter()
        .filter(|life| !is_counted(life) && !told.contains(life.resource.id.as_str()))
        .collect();
    let creations = calls.iter().filter(|call| !call.made.is_empty());
    let mut found = BTreeSet::new();
    let mut violations = Vec::new();
    for again in creations {
        let first = calls.iter().filter(|call| is_unanswered(call, again));
        let Some(asked) = first.map(|call| call.at).min() else {
            continue;
        };
        let second = lives
            .iter()
            .find(|life| again.made.contains(&life.resource.id));
        let Some(second) = second else {
            continue;
        };
        let lost = untold.iter().find(|life| {
            life.resource.resource_type == second.resource.resource_type
                && was_there(life, asked, second.from)
        });
        if let Some(lost) = lost.filter(|lost| found.insert(lost.resource.key())) {
            let price = price(plan);
            let item = |life: &Lifespan| Item::new(&life.resource, &price, "");
            let message = format!(
                "{} was repeated after a call that got no answer, though that had made what it asks for: {}",
                again.signature,
                list(vec![item(lost), item(second)])
            );
            let about = vec![lost.resource.clone(), second.resource.clone()];
            violations.push(Violation::about("O2 duplicates", message, about));
        }
    }
    violations
}

/// Whether a call is the same request as a later one, and got no answer that says whether it was applied.
fn is_unanswered(call: &Call, again: &Call) -> bool {
    call.ordinal < again.ordinal
        && call.actor == Actor::Provisioner
        && call.signature.mutating
        && call.signature == again.signature
        && call.key.is_some()
        && call.key == again.key
        && call.status.is_none_or(|status| status >= 500)
}

/// Whether it was made since the first call, and was there when the second one made its own.
fn was_there(life: &Lifespan, asked: Timestamp, again: Timestamp) -> bool {
    life.from >= asked && life.from <= again && life.to.is_none_or(|to| to > again)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kubeproof_contract::resource::Resource;

    use super::*;
    use crate::audit::calls::sample;
    use crate::audit::stub_plan::StubPlan;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a date")
    }

    fn life(id: &str, from: i64, to: Option<i64>) -> Lifespan {
        Lifespan {
            resource: Resource::new("address", id, "r"),
            from: at(from),
            to: to.map(at),
        }
    }

    fn call(ordinal: u64, key: &str, status: Option<u16>, made: &[&str]) -> Call {
        Call {
            ordinal,
            at: at(i64::try_from(ordinal).expect("small")),
            status,
            made: made.iter().map(|id| (*id).to_owned()).collect(),
            key: Some(key.to_owned()),
            ..sample(Actor::Provisioner, "AllocateAddress", true)
        }
    }

    #[track_caller]
    fn check(lives: &[Lifespan], calls: &[Call], most: Option<usize>, expected: usize) {
        let limits = most.map(|most| ("address".to_owned(), most));
        let plan = StubPlan(limits.into_iter().collect::<BTreeMap<_, _>>());
        let found = repeats(lives, calls, &plan);
        assert_eq!(found.len(), expected, "{found:?}");
        // Ids of findings are made of the resources, which differ from run to run in their ids alone.
        assert!(
            found.iter().all(|one| one.resources.len() == 2),
            "{found:?}"
        );
    }

    #[test]
    fn a_repeat_of_an_unanswered_call_that_was_applied_makes_a_duplicate() {
        let lives = [life("a", 1, None), life("b", 2, None)];
        for lost in [None, Some(503)] {
            let calls = [call(1, "k", lost, &[]), call(2, "k", Some(200), &["b"])];
            check(&lives, &calls, Some(UNLIMITED), 1);
            check(&lives, &calls, None, 1);
            // Those that are counted are found by their number.
            check(&lives, &calls, Some(1), 0);
        }
    }

    #[test]
    fn two_that_were_both_asked_for_and_answered_are_none() {
        let lives = [life("a", 1, None), life("b", 2, None)];
        let calls = [
            call(1, "k", Some(200), &["a"]),
            call(2, "k", Some(200), &["b"]),
        ];
        check(&lives, &calls, None, 0);
    }

    #[test]
    fn another_request_one_that_was_not_applied_and_one_that_is_gone_are_none() {
        let lost = || call(1, "k", None, &[]);
        let both = [life("a", 1, None), life("b", 2, None)];
        check(
            &both,
            &[lost(), call(2, "other", Some(200), &["b"])],
            None,
            0,
        );
        let again = || call(3, "k", Some(200), &["b"]);
        check(&[life("b", 3, None)], &[lost(), again()], None, 0);
        let gone = [life("a", 1, Some(2)), life("b", 3, None)];
        check(&gone, &[lost(), again()], None, 0);
        let refused = call(1, "k", Some(429), &[]);
        check(&both, &[refused, call(2, "k", Some(200), &["b"])], None, 0);
    }

    #[test]
    fn one_that_the_program_was_told_of_later_was_adopted() {
        let lives = [life("a", 1, None), life("b", 3, None)];
        let calls = [
            call(1, "k", None, &[]),
            call(2, "k", Some(200), &["a"]),
            call(3, "k", Some(200), &["b"]),
        ];
        check(&lives, &calls, None, 0);
    }
}
