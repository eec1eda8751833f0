//! O3: what was reported is true.
//!
//! Compares the auditor's inventory and the reports of the provisioner with the ground truth. An auditor that misses
//! resources finds no orphan at all.

use kubeproof_contract::resource::Resource;

use super::Violation;
use super::price::{Item, findings};
use crate::audit::compare::new_resources;
use crate::prices::PriceOf;

/// Resources that only one of auditor and ground truth knows.
pub fn inventory(
    listed: &[Resource],
    existing: &[Resource],
    when: &str,
    price: PriceOf<'_>,
) -> Vec<Violation> {
    let unseen = new_resources(listed, existing);
    let unreal = new_resources(existing, listed);
    let items = |resources: &[Resource], wrong: &str| -> Vec<Item> {
        resources
            .iter()
            .map(|resource| Item::new(resource, price, wrong))
            .collect()
    };
    let not_listed = format!("exists {when}, and the audit did not list it");
    let not_there = format!("was listed by the audit {when}, and does not exist");
    let mut violations = findings("O3 truth", items(&unseen, &not_listed));
    violations.extend(findings("O3 truth", items(&unreal, &not_there)));
    violations
}

/// Compares what a failed process reports as left behind with what is there. `there` are the resources of the run that
/// it must know, `existed` all that it can have seen.
pub fn left_behind(
    said: &[String],
    there: &[Resource],
    existed: &[Resource],
    price: PriceOf<'_>,
) -> Vec<Violation> {
    let unsaid = there.iter().filter(|resource| {
        let mut all = said.iter();
        !all.any(|id| is_named(resource, id))
    });
    let wrong = "is left by an attempt that failed, and the provisioner does not say so";
    let items = unsaid.map(|resource| Item::new(resource, price, wrong));
    let mut violations = findings("O3 truth", items.collect());
    for id in said {
        if !is_any_named(existed, id) {
            let message =
                format!("the provisioner says that it left {id} behind, which is not there");
            violations.push(Violation::new("O3 truth", message));
        }
    }
    violations
}

/// Whether any of these has this id or name.
pub fn is_any_named(all: &[Resource], id: &str) -> bool {
    all.iter().any(|resource| is_named(resource, id))
}

/// Whether this is the id or name of the resource, or the last part of one.
pub fn is_named(resource: &Resource, id: &str) -> bool {
    let is = |own: &str| own == id || own.rsplit('/').next() == Some(id);
    is(&resource.id) || resource.name.as_deref().is_some_and(is)
}

/// What a provisioner says it made and is not there, by the ids that the inventory uses.
pub fn made(said: &[(String, String)], existing: &[Resource]) -> Vec<Violation> {
    said.iter()
        .filter(|(_, id)| !is_any_named(existing, id))
        .map(|(name, id)| {
            let message =
                format!("the provisioner says that it made {name} ({id}), which is not there");
            Violation::new("O3 truth", message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_to_be_made_must_be_there() {
        let vpc = Resource::new("vpc", "vpc-1", "r");
        let said = [("a", "vpc-1"), ("b", "vpc-2")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let found = made(&said, &[vpc]);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("made b (vpc-2)"), "{found:?}");
    }

    #[test]
    fn what_is_said_to_be_left_behind_is_true_and_complete() {
        let price = |_: &Resource| None;
        let there = [
            Resource::new("vpc", "vpc-1", "r"),
            Resource::new("group", "c/main", "r"),
        ];
        let check = |said: &[&str], expected: &[&str]| {
            let said: Vec<String> = said.iter().map(|id| (*id).to_owned()).collect();
            let found = left_behind(&said, &there, &there, &price);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (wrong, part) in found.iter().zip(expected) {
                assert!(wrong.message.contains(part), "{wrong:?}");
            }
        };
        check(&["vpc-1", "main"], &[]);
        check(&["vpc-1", "c/main"], &[]);
        check(&["vpc-1"], &["group c/main"]);
        check(
            &["vpc-1", "main", "vpc-2"],
            &["vpc-2 behind, which is not there"],
        );
    }

    #[test]
    fn both_directions_are_found() {
        let vpc = Resource::new("vpc", "vpc-1", "r");
        let disk = Resource::new("disk", "d-1", "r");
        let same = [vpc.clone()];
        let price = |_: &Resource| None;
        assert_eq!(inventory(&same, &same, "now", &price), []);
        let found = inventory(&[vpc], &[disk], "now", &price);
        assert_eq!(found.len(), 2);
        assert!(found[0].message.contains("did not list it"), "{found:?}");
        assert!(found[1].message.contains("does not exist"), "{found:?}");
    }
}
