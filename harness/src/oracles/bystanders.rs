//! O6: what belongs to bystanders is untouched.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::{Audit, Touched};

use super::Violation;
use super::price::{Item, findings};
use crate::prices::PriceOf;

/// A resource of a bystander that is gone or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HarmedResource {
    /// The resource, as it was.
    pub resource: Resource,
    /// What became of it, and why it was not the run's.
    pub why: &'static str,
    /// Whether it is still there.
    pub is_there: bool,
}

/// Resources of the baseline that are gone (`missing`), in deletion order.
pub fn gone(missing: &[Resource]) -> Vec<HarmedResource> {
    let why = "was there before the run and is gone: it was not the run's";
    each(missing, why)
}

/// Resources that bystanders created during the run and that the run removed, in deletion order.
pub fn taken(missing: &[Resource]) -> Vec<HarmedResource> {
    let why = "came during the run and is gone: it belongs to a bystander";
    each(missing, why)
}

fn each(resources: &[Resource], why: &'static str) -> Vec<HarmedResource> {
    let harmed = |resource: &Resource| HarmedResource {
        resource: resource.clone(),
        why,
        is_there: false,
    };
    resources.iter().map(harmed).collect()
}

/// Bystanders, each with a digest of its state, that are gone or changed. Those that the audit found to
/// be gone are known already: one deletion is one finding.
pub fn harmed(
    before: &[(Resource, String)],
    after: &[(Resource, String)],
    known_gone: &[Resource],
) -> Vec<HarmedResource> {
    let mut harmed = Vec::new();
    for (resource, digest) in before {
        let now = after.iter().find(|(other, _)| other.is_same(resource));
        let why = match now {
            None if known_gone.iter().any(|gone| gone.is_same(resource)) => continue,
            None => "was deleted: it belongs to a bystander",
            Some((_, changed)) if changed != digest => "was changed: it belongs to a bystander",
            Some(_) => continue,
        };
        harmed.push(HarmedResource {
            resource: resource.clone(),
            why,
            is_there: now.is_some(),
        });
    }
    harmed
}

/// What the provisioner harmed before the run, when it made the cluster that is beside the run's. The run begins after
/// that: what is harmed once and for all, it finds harmed. `after` is the state once both clusters are torn down, because a
/// cluster may change what it shares as long as it exists.
pub fn harmed_before_the_run(
    before: &[(Resource, String)],
    after: &[(Resource, String)],
) -> Vec<HarmedResource> {
    let mut all = harmed(before, after, &[]);
    for one in &mut all {
        one.why = if one.is_there {
            "was changed when the same provisioner made a cluster before this run: it belongs to a bystander"
        } else {
            "was deleted when the same provisioner made a cluster before this run: it belongs to a bystander"
        };
    }
    all
}

/// Those bystanders, each with the digest from `before`, that are gone or changed.
pub fn touched(
    before: Vec<(Resource, String)>,
    after: &[(Resource, String)],
) -> Vec<(Resource, String)> {
    let mut touched = before;
    touched.retain(|one| !harmed(std::slice::from_ref(one), after, &[]).is_empty());
    touched
}

/// The harm as violations.
pub fn violations(harmed: &[HarmedResource], price: PriceOf<'_>) -> Vec<Violation> {
    let items = harmed
        .iter()
        .map(|one| Item::new(&one.resource, price, one.why));
    findings("O6 bystanders", items.collect())
}

/// Adds the harm to the audit, which fails if there is any.
pub fn into_audit(audit: &mut Audit, harmed: &[HarmedResource], price: PriceOf<'_>) {
    for one in harmed {
        let resource = &one.resource;
        let touched = Touched {
            resource_type: resource.resource_type.clone(),
            id: resource.id.clone(),
            name: resource.name.clone(),
            region: resource.scope.to_string(),
            scope: None,
            monthly_cost_usd: price(resource),
            why: one.why.to_owned(),
        };
        audit.verdict = Verdict::Fail;
        if one.is_there {
            audit.changed.push(touched);
        } else {
            audit.missing.push(touched);
        }
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::Decimal;

    use super::*;
    use crate::audit::compare::new_resources;

    fn free(_: &Resource) -> Option<Decimal> {
        Some(Decimal::ZERO)
    }

    #[test]
    fn a_bystander_that_changed_is_a_finding_and_one_that_did_not_is_none() {
        let bystander = |digest: &str| (Resource::new("vpc", "vpc-n", "r"), digest.to_owned());
        assert_eq!(harmed(&[bystander("a")], &[bystander("a")], &[]), []);
        let changed = harmed(&[bystander("a")], &[bystander("b")], &[]);
        assert_eq!(
            violations(&changed, &free)[0].message,
            "vpc vpc-n in r: $0.00 a month, was changed: it belongs to a bystander"
        );
        let deleted = violations(&harmed(&[bystander("a")], &[], &[]), &free);
        assert!(deleted[0].message.contains("was deleted"), "{deleted:?}");
    }

    #[test]
    fn what_was_harmed_before_the_run_says_so() {
        let bystander = |id: &str, digest: &str| (Resource::new("vpc", id, "r"), digest.to_owned());
        let before = ["vpc-1", "vpc-2", "vpc-3"].map(|id| bystander(id, "a"));
        let after = [bystander("vpc-2", "b"), bystander("vpc-3", "a")];
        let found = violations(&harmed_before_the_run(&before, &after), &free);
        let message = &found[0].message;
        for part in ["vpc-1", "was deleted when", "vpc-2", "was changed when"] {
            let told = found.iter().any(|one| one.message.contains(part));
            assert!(told, "{part}: {message}");
        }
        assert_eq!(harmed_before_the_run(&before, &before), []);
        assert_eq!(touched(before.to_vec(), &after), before[..2]);
    }

    #[test]
    fn a_role_that_was_deleted_and_made_again_under_its_name_is_gone_and_another_is_new() {
        let role = |incarnation: &str| {
            let mut role = Resource::new("role", "theirs", "global");
            role.incarnation = Some(incarnation.to_owned());
            role
        };
        let (before, after) = (role("AROA1"), role("AROA2"));
        let digested = |role: &Resource| (role.clone(), "the same".to_owned());
        let found = harmed(&[digested(&before)], &[digested(&after)], &[]);
        assert_eq!(found.len(), 1);
        assert!(
            !found[0].is_there && found[0].resource == before,
            "{found:?}"
        );
        let new = |then: &Resource, now: &Resource| {
            new_resources(std::slice::from_ref(then), std::slice::from_ref(now))
        };
        assert_eq!(new(&before, &after), std::slice::from_ref(&after));
        assert_eq!(new(&after, &before), std::slice::from_ref(&before));
        assert_eq!(new(&before, &before), []);
    }

    #[test]
    fn each_arrival_that_was_taken_is_a_finding() {
        let machine = Resource::new("machine", "m-1", "r");
        let priced = |_: &Resource| Some(Decimal::ONE);
        assert_eq!(taken(&[]), []);
        assert_eq!(
            violations(&taken(&[machine]), &priced)[0].message,
            "machine m-1 in r: $1.00 a month, came during the run and is gone: it belongs to a bystander"
        );
    }

    #[test]
    fn a_deletion_that_the_audit_found_is_not_found_twice() {
        let vpc = Resource::new("vpc", "vpc-n", "r");
        let known = [vpc.clone()];
        assert_eq!(gone(&known).len(), 1);
        assert_eq!(harmed(&[(vpc, String::new())], &[], &known), []);
    }

    #[test]
    fn what_is_missing_or_changed_of_others_fails_the_audit_and_is_in_it() {
        let bystander = |id: &str, digest: &str| (Resource::new("vpc", id, "r"), digest.to_owned());
        let before = [
            bystander("vpc-1", "a"),
            bystander("vpc-2", "a"),
            bystander("vpc-3", "a"),
        ];
        let after = [bystander("vpc-2", "b"), bystander("vpc-3", "a")];
        let mut audit = Audit::empty(Verdict::Pass);
        into_audit(&mut audit, &harmed(&before, &after, &[]), &free);
        let ids =
            |all: &[Touched]| -> Vec<String> { all.iter().map(|one| one.id.clone()).collect() };
        assert_eq!(ids(&audit.missing), ["vpc-1"]);
        assert_eq!(ids(&audit.changed), ["vpc-2"]);
        assert_eq!(audit.verdict, Verdict::Fail);
        let mut audit = Audit::empty(Verdict::Pass);
        into_audit(&mut audit, &harmed(&before, &before, &[]), &free);
        assert_eq!(audit, Audit::empty(Verdict::Pass));
    }
}
