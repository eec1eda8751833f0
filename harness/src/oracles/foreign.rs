//! O6: what belongs to others is untouched.
//!
//! Apart from the orphans because the error is the other way round: something is missing.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::{Audit, Touched};

use super::Wrong;
use super::price::{Item, PriceOf, findings};

/// A resource of somebody else that is gone or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Harmed {
    /// The resource, as it was.
    pub resource: Resource,
    /// What became of it, and why it was not the run's.
    pub why: &'static str,
    /// Whether it is still there.
    pub is_there: bool,
}

/// Resources of the baseline that are gone: `missing`, in deletion order.
pub fn gone(missing: &[Resource]) -> Vec<Harmed> {
    let why = "was there before the run and is gone: it was not the run's";
    each(missing, why)
}

/// Resources that neighbours brought during the run and that it took, in deletion order.
pub fn taken(missing: &[Resource]) -> Vec<Harmed> {
    let why = "came during the run and is gone: it is a neighbour's";
    each(missing, why)
}

fn each(resources: &[Resource], why: &'static str) -> Vec<Harmed> {
    let harmed = |resource: &Resource| Harmed {
        resource: resource.clone(),
        why,
        is_there: false,
    };
    resources.iter().map(harmed).collect()
}

/// Decoys, each with a digest of its state, that are gone or changed. Those that the audit found to
/// be gone are known already: one deletion is one finding.
pub fn decoys(
    before: &[(Resource, String)],
    after: &[(Resource, String)],
    known_gone: &[Resource],
) -> Vec<Harmed> {
    let mut harmed = Vec::new();
    for (resource, digest) in before {
        let now = after.iter().find(|(other, _)| other.is_same(resource));
        let why = match now {
            None if known_gone.iter().any(|gone| gone.is_same(resource)) => continue,
            None => "was deleted: it is a neighbour's",
            Some((_, changed)) if changed != digest => "was changed: it is a neighbour's",
            Some(_) => continue,
        };
        harmed.push(Harmed {
            resource: resource.clone(),
            why,
            is_there: now.is_some(),
        });
    }
    harmed
}

/// The same as findings.
pub fn wrongs(harmed: &[Harmed], price: PriceOf<'_>) -> Vec<Wrong> {
    let items = harmed
        .iter()
        .map(|one| Item::new(&one.resource, price, one.why));
    findings("O6 decoys", items.collect())
}

/// Writes it into the audit, which is no pass with any of it.
pub fn into_audit(audit: &mut Audit, harmed: &[Harmed], price: PriceOf<'_>) {
    for one in harmed {
        let resource = &one.resource;
        let touched = Touched {
            resource_type: resource.resource_type.clone(),
            id: resource.id.clone(),
            name: resource.name.clone(),
            region: resource.region.clone(),
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

    fn free(_: &Resource) -> Option<Decimal> {
        Some(Decimal::ZERO)
    }

    #[test]
    fn a_decoy_that_changed_is_a_finding_and_one_that_did_not_is_none() {
        let decoy = |digest: &str| (Resource::new("vpc", "vpc-n", "r"), digest.to_owned());
        assert_eq!(decoys(&[decoy("a")], &[decoy("a")], &[]), []);
        let changed = decoys(&[decoy("a")], &[decoy("b")], &[]);
        assert_eq!(
            wrongs(&changed, &free)[0].message,
            "vpc vpc-n in r: $0.00 a month, was changed: it is a neighbour's"
        );
        let deleted = wrongs(&decoys(&[decoy("a")], &[], &[]), &free);
        assert!(deleted[0].message.contains("was deleted"), "{deleted:?}");
    }

    #[test]
    fn each_arrival_that_was_taken_is_a_finding() {
        let machine = Resource::new("machine", "m-1", "r");
        let priced = |_: &Resource| Some(Decimal::ONE);
        assert_eq!(taken(&[]), []);
        assert_eq!(
            wrongs(&taken(&[machine]), &priced)[0].message,
            "machine m-1 in r: $1.00 a month, came during the run and is gone: it is a neighbour's"
        );
    }

    #[test]
    fn a_deletion_that_the_audit_found_is_not_found_twice() {
        let vpc = Resource::new("vpc", "vpc-n", "r");
        let known = [vpc.clone()];
        assert_eq!(gone(&known).len(), 1);
        assert_eq!(decoys(&[(vpc, String::new())], &[], &known), []);
    }

    #[test]
    fn what_is_missing_or_changed_of_others_fails_the_audit_and_is_in_it() {
        let decoy = |id: &str, digest: &str| (Resource::new("vpc", id, "r"), digest.to_owned());
        let before = [
            decoy("vpc-1", "a"),
            decoy("vpc-2", "a"),
            decoy("vpc-3", "a"),
        ];
        let after = [decoy("vpc-2", "b"), decoy("vpc-3", "a")];
        let mut audit = Audit::empty(Verdict::Pass);
        into_audit(&mut audit, &decoys(&before, &after, &[]), &free);
        let ids =
            |all: &[Touched]| -> Vec<String> { all.iter().map(|one| one.id.clone()).collect() };
        assert_eq!(ids(&audit.missing), ["vpc-1"]);
        assert_eq!(ids(&audit.changed), ["vpc-2"]);
        assert_eq!(audit.verdict, Verdict::Fail);
        let mut audit = Audit::empty(Verdict::Pass);
        into_audit(&mut audit, &decoys(&before, &before, &[]), &free);
        assert_eq!(audit, Audit::empty(Verdict::Pass));
    }
}
