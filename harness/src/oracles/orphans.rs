//! O1: after teardown the account is back at its baseline.
//!
//! The ground truth is checked as well as the audit: an orphan that the audit cannot see is the worst kind.

use std::collections::BTreeSet;

use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Orphan;

use super::Violation;
use super::price::{Item, findings};
use crate::audit::compare::{is_proven, new_resources, orphan_words};
use crate::prices::PriceOf;

/// The name of the oracle.
pub const ORPHANS: &str = "O1 orphans";

/// The orphans that the audit listed and that certainly belong to the run, in deletion order, as findings.
pub fn listed(orphans: &[Orphan], teardown_said_ok: bool, tier: Tier) -> Vec<Violation> {
    let said = if teardown_said_ok {
        ", though teardown reported success"
    } else {
        ""
    };
    let items = orphans
        .iter()
        .filter(|orphan| is_proven(orphan, tier))
        .map(|orphan| {
            let proofs = match orphan.proofs.first() {
                Some(proof) => format!(" ({proof})"),
                None => " (nothing shows that it is somebody else's)".to_owned(),
            };
            Item {
                resource: resource(orphan),
                short: format!("{} {}", orphan.resource_type, orphan.id),
                usd: orphan.monthly_cost_usd,
                message: format!("{}, left behind{said}{proofs}", orphan_words(orphan)),
            }
        })
        .collect();
    findings(ORPHANS, items)
}

/// The orphans that the ground truth shows, in deletion order, as findings.
pub fn in_ground_truth(orphans: &[Orphan], teardown_said_ok: bool) -> Vec<Violation> {
    let said = if teardown_said_ok {
        "is left behind, though teardown reported success"
    } else {
        "is left behind"
    };
    let items = orphans.iter().map(|orphan| Item {
        resource: resource(orphan),
        short: format!("{} {}", orphan.resource_type, orphan.id),
        usd: orphan.monthly_cost_usd,
        message: format!("{}, {said}", orphan_words(orphan)),
    });
    findings(ORPHANS, items.collect())
}

/// What an orphan tells of its resource.
pub fn resource(orphan: &Orphan) -> Resource {
    let mut resource = Resource::new(&orphan.resource_type, &orphan.id, orphan.region.as_str());
    resource.name.clone_from(&orphan.name);
    resource
}

/// Those of `made` that are still there, as they are now, and that nothing declares as retained.
pub fn still_there(
    made: &[Resource],
    existing: &[Resource],
    is_retained: impl Fn(&Resource) -> bool,
) -> Vec<Resource> {
    let keys: BTreeSet<_> = made.iter().map(Resource::key).collect();
    // As they are now: a key whose deletion is scheduled may stay, and could not when it was made.
    let left = |one: &&Resource| keys.contains(&one.key()) && !is_retained(one);
    existing.iter().filter(left).cloned().collect()
}

/// What the provisioner left that it made for a cluster before the run, as findings. The run began with it: it is in the
/// baseline.
pub fn made_before_the_run(left: &[Resource], price: PriceOf<'_>) -> Vec<Violation> {
    let wrong = "was made by the same provisioner for a cluster before this run, and is left once both are torn down";
    let items = left.iter().map(|one| Item::new(one, price, wrong));
    findings(ORPHANS, items.collect())
}

/// Resources that remain in the ground truth and that the audit did not list, as findings.
pub fn unlisted(
    before: &[Resource],
    existing: &[Resource],
    orphans: &[Orphan],
    was_seen: impl Fn(&Resource) -> bool,
    price: PriceOf<'_>,
) -> Vec<Violation> {
    let ids: BTreeSet<&str> = orphans.iter().map(|orphan| orphan.id.as_str()).collect();
    let wrong = "is left in the ground truth, and the audit did not list it";
    let items = new_resources(before, existing)
        .iter()
        .filter(|left| !ids.contains(left.id.as_str()) && !was_seen(left))
        .map(|left| Item::new(left, price, wrong))
        .collect();
    findings(ORPHANS, items)
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::Decimal;

    use super::*;

    #[test]
    fn an_orphan_is_named_with_its_price() {
        let orphan = Orphan {
            resource_type: "elastic_ip".to_owned(),
            id: "eipalloc-1".to_owned(),
            name: Some("kp-r1-nat".to_owned()),
            region: "us-east-1".to_owned(),
            scope: None,
            monthly_cost_usd: Some(Decimal::new(365, 2)),
            starts_when_used: None,
            proofs: vec!["carries the run's tag".to_owned()],
            part_of: None,
        };
        let found = listed(&[orphan], true, Tier::Live);
        assert_eq!(
            found[0].message,
            "elastic_ip eipalloc-1 (kp-r1-nat) in us-east-1: $3.65 a month, left behind, \
             though teardown reported success (carries the run's tag)"
        );
    }

    #[test]
    fn an_orphan_that_costs_nothing_now_says_what_one_request_would_start() {
        let orphan = Orphan {
            resource_type: "endpoint".to_owned(),
            id: "kp-r1".to_owned(),
            name: None,
            region: "r".to_owned(),
            scope: None,
            monthly_cost_usd: Some(Decimal::ZERO),
            starts_when_used: Some("one call starts a replica: $584.00 a month".to_owned()),
            proofs: vec!["the run's tag".to_owned()],
            part_of: None,
        };
        let found = listed(&[orphan], false, Tier::Live);
        assert_eq!(
            found[0].message,
            "endpoint kp-r1 in r: $0.00 a month now, and one call starts a replica: $584.00 a month, left behind \
             (the run's tag)"
        );
    }

    #[test]
    fn an_orphan_without_proof_is_a_finding_only_where_no_one_else_is() {
        let orphan = Orphan {
            resource_type: "container".to_owned(),
            id: "c-1".to_owned(),
            name: None,
            region: "local".to_owned(),
            scope: None,
            monthly_cost_usd: None,
            starts_when_used: None,
            proofs: Vec::new(),
            part_of: None,
        };
        let count = |tier| listed(std::slice::from_ref(&orphan), true, tier).len();
        assert_eq!(
            [Tier::Live, Tier::Kind, Tier::Rehearsal].map(count),
            [0, 1, 1]
        );
    }

    #[test]
    fn what_was_made_before_the_run_is_left_unless_it_is_gone_replaced_or_retained() {
        let role = |id: &str, incarnation: &str| {
            let mut role = Resource::new("role", id, "global");
            role.incarnation = Some(incarnation.to_owned());
            role
        };
        let made = [
            role("gone", "1"),
            role("kept", "1"),
            role("linked", "1"),
            role("again", "1"),
        ];
        let now = [
            role("kept", "1"),
            role("linked", "1"),
            role("again", "2"),
            role("other", "1"),
        ];
        let left = still_there(&made, &now, |one| one.id == "linked");
        assert_eq!(left, [role("kept", "1")]);
        let price = |_: &Resource| Some(Decimal::ZERO);
        assert_eq!(
            made_before_the_run(&left, &price)[0].message,
            "role kept in global: $0.00 a month, was made by the same provisioner for a cluster before this run, and is \
             left once both are torn down"
        );
    }

    #[test]
    fn whether_something_may_stay_is_decided_by_what_it_is_now() {
        let key = Resource::new("key", "k", "r");
        let doomed = key.clone().with("deletion_date", "2026-12-07");
        let waits = |one: &Resource| one.properties.contains_key("deletion_date");
        let made = std::slice::from_ref(&key);
        assert_eq!(still_there(made, &[doomed], waits), Vec::new());
        assert_eq!(still_there(made, made, waits), made);
    }

    #[test]
    fn what_the_audit_missed_is_found_in_the_ground_truth() {
        let before = [Resource::new("vpc", "vpc-default", "r")];
        let existing = [before[0].clone(), Resource::new("disk", "d-1", "r")];
        let price = |_: &Resource| Some(Decimal::ONE);
        let found = unlisted(&before, &existing, &[], |_| false, &price);
        assert_eq!(
            found[0].message,
            "disk d-1 in r: $1.00 a month, is left in the ground truth, and the audit did not list it"
        );
        assert_eq!(unlisted(&before, &existing, &[], |_| true, &price).len(), 0);
        assert_eq!(unlisted(&before, &before, &[], |_| false, &price).len(), 0);
    }
}
