//! O6: what belongs to others is untouched.
//!
//! Apart from the orphans because the error is the other way round: something is missing.

use kubeproof_contract::resource::Resource;

use super::Wrong;
use super::price::{Item, PriceOf, findings};

/// Resources of the baseline that are gone: `missing`, in deletion order.
pub fn gone(missing: &[Resource], price: PriceOf<'_>) -> Vec<Wrong> {
    let wrong = "was there before the run and is gone: it was not the run's";
    each(missing, price, wrong)
}

/// Resources that neighbours brought during the run and that it took, in deletion order.
pub fn taken(missing: &[Resource], price: PriceOf<'_>) -> Vec<Wrong> {
    let wrong = "came during the run and is gone: it is a neighbour's";
    each(missing, price, wrong)
}

fn each(resources: &[Resource], price: PriceOf<'_>, wrong: &str) -> Vec<Wrong> {
    let items = resources
        .iter()
        .map(|resource| Item::new(resource, price, wrong));
    findings("O6 decoys", items.collect())
}

/// Decoys, each with a digest of its state, that are gone or changed. Those that the audit found to
/// be gone are known already: one deletion is one finding.
pub fn decoys(
    before: &[(Resource, String)],
    after: &[(Resource, String)],
    known_gone: &[Resource],
    price: PriceOf<'_>,
) -> Vec<Wrong> {
    let mut items = Vec::new();
    for (resource, digest) in before {
        let now = after.iter().find(|(other, _)| other.is_same(resource));
        let what = match now {
            None if known_gone.iter().any(|gone| gone.is_same(resource)) => continue,
            None => "was deleted: it is a neighbour's",
            Some((_, changed)) if changed != digest => "was changed: it is a neighbour's",
            Some(_) => continue,
        };
        items.push(Item::new(resource, price, what));
    }
    findings("O6 decoys", items)
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::Decimal;

    use super::*;

    #[test]
    fn a_decoy_that_changed_is_a_finding_and_one_that_did_not_is_none() {
        let decoy = |digest: &str| (Resource::new("vpc", "vpc-n", "r"), digest.to_owned());
        let free = |_: &Resource| Some(Decimal::ZERO);
        assert_eq!(decoys(&[decoy("a")], &[decoy("a")], &[], &free), []);
        let changed = decoys(&[decoy("a")], &[decoy("b")], &[], &free);
        assert_eq!(
            changed[0].message,
            "vpc vpc-n in r: $0.00 a month, was changed: it is a neighbour's"
        );
        let deleted = decoys(&[decoy("a")], &[], &[], &free);
        assert!(deleted[0].message.contains("was deleted"), "{deleted:?}");
    }

    #[test]
    fn each_arrival_that_was_taken_is_a_finding() {
        let machine = Resource::new("machine", "m-1", "r");
        let priced = |_: &Resource| Some(Decimal::ONE);
        assert_eq!(taken(&[], &priced), []);
        assert_eq!(
            taken(&[machine], &priced)[0].message,
            "machine m-1 in r: $1.00 a month, came during the run and is gone: it is a neighbour's"
        );
    }

    #[test]
    fn a_deletion_that_the_audit_found_is_not_found_twice() {
        let vpc = Resource::new("vpc", "vpc-n", "r");
        let priced = |_: &Resource| Some(Decimal::ONE);
        let known = [vpc.clone()];
        assert_eq!(gone(&known, &priced).len(), 1);
        assert_eq!(decoys(&[(vpc, String::new())], &[], &known, &priced), []);
    }
}
