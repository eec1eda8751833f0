//! The plan of a sweep, decision by decision.

use std::collections::BTreeMap;

use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::{Cell, Scope};

use super::account::{Swept, list_and_plan};
use super::*;
use crate::audit::inventory::stub_observer::StubObserver;
use crate::audit::stub_plan::StubPlan;
use crate::run_directory::RecordedBaseline;

const BEGAN: &str = "2026-11-23T10:00:00.5Z";

fn intent(before: Option<RecordedBaseline>) -> Intent {
    Intent {
        run: Run::new("r1", "me", BEGAN.parse().expect("a date")),
        scenario: "s".to_owned(),
        file: "s.yaml".to_owned(),
        provider: "cloud".to_owned(),
        tier: Tier::Live,
        seed: 1,
        text: String::new(),
        account: Some("1".to_owned()),
        before,
    }
}

/// A baseline of one region, for which subnets and roles were listed, with these in it.
fn before(resources: &[Resource]) -> Option<RecordedBaseline> {
    let cells = vec![Cell::new("subnet", "north"), Cell::new("role", "global")];
    Some(RecordedBaseline::of(cells, resources))
}

fn tagged(resource_type: &str, id: &str, region: &str) -> Resource {
    let mut resource = Resource::new(resource_type, id, region);
    resource.tags = intent(None).run.tags();
    resource
}

fn made(mut resource: Resource, at: &str) -> Resource {
    resource.created_at = Some(at.parse().expect("a date"));
    resource
}

#[track_caller]
fn check(
    before: Option<RecordedBaseline>,
    resource: &Resource,
    proofs: &[&str],
    action: Action,
    words: &str,
) {
    let suspect = Suspect {
        resource: resource.clone(),
        proofs: proofs.iter().map(|proof| (*proof).to_owned()).collect(),
    };
    let decisions = plan(&intent(before), &StubPlan::default(), &[suspect]);
    assert_eq!(decisions.len(), 1);
    assert_eq!(decisions[0].resource, *resource);
    assert_eq!(decisions[0].action, action, "{}", decisions[0].why);
    assert!(decisions[0].why.contains(words), "{}", decisions[0].why);
}

#[test]
fn what_the_run_made_and_left_is_deleted() {
    let new = tagged("subnet", "subnet-2", "north");
    let words = "carries the run's tag; was not there before the run";
    check(before(&[]), &new, &[], Action::Delete, words);
    // The cloud tells the second only: the one in which the run began is not before it.
    let dated = made(new, "2026-11-23T10:00:00Z");
    check(
        before(&[]),
        &dated,
        &[],
        Action::Delete,
        "after the run began",
    );
}

#[test]
fn what_was_there_before_is_kept_though_it_carries_the_runs_tag() {
    let words = "carries the run's tag, but was there before the run";
    for resource in [
        tagged("subnet", "subnet-default", "north"),
        tagged("role", "shared", "global"),
        // Whatever the cloud says of its age: names are used again.
        made(tagged("role", "shared", "global"), "2026-11-23T10:30:00Z"),
    ] {
        let was = before(std::slice::from_ref(&resource));
        check(was, &resource, &[], Action::NotTheRuns, words);
    }
}

#[test]
fn what_is_older_than_the_run_is_kept_though_the_baseline_did_not_show_it() {
    let old = made(tagged("role", "r", "global"), "2026-11-23T09:59:59Z");
    let words = "was made at 2026-11-23T09:59:59Z, before the run began";
    check(before(&[]), &old, &[], Action::NotTheRuns, words);
    check(None, &old, &[], Action::NotTheRuns, words);
}

#[test]
fn another_identity_is_no_proof_that_it_was_there() {
    let new = tagged("subnet", "s-1", "north");
    let mut elsewhere = new.clone();
    elsewhere.scope = "south".into();
    let mut of_another_type = new.clone();
    of_another_type.resource_type = "role".to_owned();
    let was = before(&[elsewhere, of_another_type]);
    check(was, &new, &[], Action::Delete, "was not there before");
}

#[test]
fn where_nothing_was_listed_before_only_what_is_dated_is_deleted() {
    let undated = [
        (None, "north", "subnet", "written by an older version"),
        (
            before(&[]),
            "south",
            "subnet",
            "subnet in south was not listed",
        ),
        (before(&[]), "north", "disk", "disk in north was not listed"),
    ];
    for (was, region, resource_type, words) in undated {
        let resource = tagged(resource_type, "x-1", region);
        check(was.clone(), &resource, &[], Action::LeaveToPerson, words);
        let dated = made(resource, "2026-11-23T10:01:00Z");
        check(was, &dated, &[], Action::Delete, "after the run began");
    }
}

#[test]
fn without_the_runs_tag_nothing_is_deleted() {
    let untagged = made(
        Resource::new("subnet", "s-1", "north"),
        "2026-11-23T10:01:00Z",
    );
    let proofs = ["its name holds kp-r1"];
    let words = "not the run's tag, but its name holds kp-r1";
    check(
        before(&[]),
        &untagged,
        &proofs,
        Action::LeaveToPerson,
        words,
    );
    let mut of_another_run = untagged.clone();
    of_another_run.tags = Run::new("r10", "me", BEGAN.parse().expect("a date")).tags();
    check(
        before(&[]),
        &of_another_run,
        &proofs,
        Action::LeaveToPerson,
        words,
    );
    // What was there before needs no decision by a person.
    let was = before(std::slice::from_ref(&untagged));
    check(
        was,
        &untagged,
        &proofs,
        Action::NotTheRuns,
        "was there before",
    );
}

/// The regions that a sweep lists and that cannot be listed here: all but `north`.
async fn unlisted(named: &[&str], before: &[&str]) -> Vec<String> {
    let cells = before.iter().map(|scope| Cell::new("box", *scope));
    let before = RecordedBaseline::of(cells.collect(), &[]);
    let cells = [("region", "enabled"), ("box", "north"), ("label", "global")];
    let observer = StubObserver(BTreeMap::from(cells.map(|cell| (cell, 0))));
    let scopes: Vec<Scope> = named.iter().map(|name| Scope::new(name)).collect();
    let (naming, intent) = (StubPlan::default(), intent(Some(before)));
    let swept = Swept {
        account: &observer,
        naming: &naming,
        intent: &intent,
        scopes: &scopes,
        out: None,
    };
    let seen = list_and_plan(swept).await;
    let regions = seen.failed.iter().filter_map(|line| {
        let (region, _) = line.strip_prefix("box in ")?.split_once(':')?;
        Some(region.to_owned())
    });
    regions.collect()
}

#[tokio::test(start_paused = true)]
async fn every_enabled_region_is_listed_and_those_that_the_run_had_unless_some_are_named() {
    assert_eq!(unlisted(&[], &["north"]).await, ["east"]);
    assert_eq!(unlisted(&[], &["west"]).await, ["east", "west"]);
    assert_eq!(unlisted(&["south"], &["west"]).await, ["south"]);
}

#[test]
fn an_intent_that_names_only_regions_and_types_is_still_read() {
    let old = serde_json::json!({
        "regions": ["north"], "types": ["subnet", "role"],
        "resources": [{"region": "global", "resource_type": "role", "id": "shared"}],
    });
    let old: RecordedBaseline = serde_json::from_value(old).expect("a baseline");
    let mut role = tagged("role", "shared", "global");
    // Whichever of that name it was: this one is kept.
    role.incarnation = Some("AROA1".to_owned());
    let kept = "was there before the run";
    check(Some(old.clone()), &role, &[], Action::NotTheRuns, kept);
    let new = tagged("subnet", "s-1", "north");
    let words = "was not there before the run";
    check(Some(old.clone()), &new, &[], Action::Delete, words);
    let elsewhere = tagged("subnet", "s-1", "south");
    let words = "subnet in south was not listed";
    check(Some(old), &elsewhere, &[], Action::LeaveToPerson, words);
}

#[test]
fn a_role_that_was_made_again_under_its_name_is_new() {
    let of = |incarnation: &str| {
        let mut role = tagged("role", "r", "global");
        role.incarnation = Some(incarnation.to_owned());
        role
    };
    let was = before(&[of("AROA1")]);
    let kept = "was there before the run";
    check(was.clone(), &of("AROA1"), &[], Action::NotTheRuns, kept);
    let words = "was not there before the run";
    check(was, &of("AROA2"), &[], Action::Delete, words);
}
