//! The plan of a sweep without a folder, decision by decision.

use std::collections::BTreeMap;

use super::*;
use crate::audit::inventory::stub_observer::StubObserver;
use crate::audit::stub_plan::StubPlan;

const NOW: &str = "2026-11-24T10:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a date")
}

/// A run that began a day ago and expired 18 hours ago.
fn run(id: &str) -> Run {
    Run::new(id, "me", at("2026-11-23T10:00:00Z"))
}

fn marked(by: &Run, id: &str) -> Resource {
    Resource::new("box", id, "north").tagged(by.tags())
}

fn made(mut resource: Resource, date: &str) -> Resource {
    resource.created_at = Some(at(date));
    resource
}

fn planned(inventory: &[Resource]) -> Vec<Decision> {
    let observer = StubObserver(BTreeMap::new());
    plan((&observer, &StubPlan::default()), inventory, at(NOW))
}

/// The action for the first of these resources; `None` if it is not listed at all.
#[track_caller]
fn check(inventory: &[Resource], expected: Option<Action>, words: &str) {
    let decisions = planned(inventory);
    let found = decisions
        .iter()
        .find(|decision| decision.resource.is_same(&inventory[0]));
    assert_eq!(found.map(|decision| decision.action), expected, "{found:?}");
    let why = found
        .map(|decision| decision.why.clone())
        .unwrap_or_default();
    assert!(why.contains(words), "{why}");
}

#[test]
fn what_an_expired_run_made_is_deleted_by_date_or_by_name() {
    let dated = made(marked(&run("r1"), "b-1"), "2026-11-23T10:05:00Z");
    check(
        &[dated],
        Some(Action::Delete),
        "made at 2026-11-23T10:05:00Z",
    );
    for name in ["kp-r1", "kp-r1-vpc"] {
        let named = marked(&run("r1"), "b-1").named(name.to_owned());
        check(&[named], Some(Action::Delete), "a name of its own");
    }
}

#[test]
fn what_only_carries_marks_may_have_been_adopted_and_is_left_to_a_person() {
    let words = "neither date nor name";
    for name in ["default", "kp-legacy", "kp-r1-2", "kp-r12", "my-kp-r1"] {
        let resource = marked(&run("r1"), "b-1").named(name.to_owned());
        check(&[resource], Some(Action::LeaveToPerson), words);
    }
    check(
        &[marked(&run("r1"), "b-1")],
        Some(Action::LeaveToPerson),
        words,
    );
    let older = made(marked(&run("r1"), "kp-r1"), "2026-11-23T09:59:59Z");
    check(
        &[older],
        Some(Action::NotTheRuns),
        "before that run can have begun",
    );
}

#[test]
fn a_run_that_is_not_over_is_left_alone() {
    let new = Run::new("r2", "me", at("2026-11-24T05:00:00Z"));
    let its_own = made(marked(&new, "b-1"), "2026-11-24T05:01:00Z");
    check(std::slice::from_ref(&its_own), None, "");
    // One mark of the run was renewed, the other was forgotten.
    let renewed = Run {
        expires_at: at("2026-11-25T10:00:00Z"),
        ..run("r1")
    };
    let stale = made(marked(&run("r1"), "b-1"), "2026-11-23T10:05:00Z");
    check(&[stale, marked(&renewed, "b-2")], None, "");
    // To the second: at its expiry it is not over yet.
    let until_now = Run {
        expires_at: at(NOW),
        ..run("r3")
    };
    check(&[made(marked(&until_now, "b-1"), NOW)], None, "");
}

#[test]
fn marks_that_are_not_whole_delete_nothing() {
    let without = |key: &str| {
        let mut resource = made(marked(&run("r1"), "b-1"), "2026-11-23T10:05:00Z");
        resource.tags.remove(key);
        resource
    };
    let whole = marked(&run("r1"), "b-2");
    let person = Some(Action::LeaveToPerson);
    for key in ["kubeproof:owner", "kubeproof:expires"] {
        let words = "but not its owner and expiry";
        check(&[without(key), whole.clone()], person, words);
    }
    check(
        &[without("kubeproof:expires")],
        person,
        "nothing says when it expires",
    );
    let mut wrong = without("");
    wrong
        .tags
        .insert("kubeproof:expires".to_owned(), "soon".to_owned());
    check(&[wrong], person, "nothing says when it expires");
}

#[test]
fn what_carries_no_marks_is_not_listed() {
    let theirs = made(
        Resource::new("box", "kp-r1", "north"),
        "2026-11-23T10:05:00Z",
    );
    check(&[theirs, marked(&run("r1"), "b-2")], None, "");
}

#[test]
fn a_plan_has_another_hash_when_it_deletes_anything_else() {
    let one = made(marked(&run("r1"), "b-1"), "2026-11-23T10:05:00Z");
    let mut two = one.clone();
    two.id = "b-2".to_owned();
    let mut again = one.clone();
    again.incarnation = Some("2".to_owned());
    let of = |inventory: &[Resource]| hash(&planned(inventory));
    let plans = [
        of(&[]),
        of(std::slice::from_ref(&one)),
        of(std::slice::from_ref(&two)),
        of(&[again]),
        of(&[one.clone(), two.clone()]),
    ];
    let different: BTreeSet<&String> = plans.iter().collect();
    assert_eq!(different.len(), plans.len(), "{plans:?}");
    assert_eq!(of(&[one.clone(), two.clone()]), of(&[two, one]));
}
