//! Compares inventories: what is new, what is gone, and what that means. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource, ResourceType};
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::{Audit, Coverage, Orphan};

use crate::prices::month;

/// The most resources that a sentence names.
const NAMED_MAX: usize = 10;

/// The resources of `after` that are not in `before`.
pub fn new_resources(before: &[Resource], after: &[Resource]) -> Vec<Resource> {
    let known: BTreeSet<_> = before.iter().map(Resource::key).collect();
    after
        .iter()
        .filter(|resource| !known.contains(&resource.key()))
        .cloned()
        .collect()
}

/// Why a resource may remain, if it may: its own property, or its type's reason.
pub fn retained(resource: &Resource, types: &[ResourceType]) -> Option<String> {
    if let Some(reason) = resource.properties.get(RETAINED_PROPERTY) {
        return Some(reason.clone());
    }
    let of_type = types
        .iter()
        .find(|of_type| of_type.name == resource.resource_type)?;
    of_type.retained_because.map(str::to_owned)
}

/// Splits new resources into orphans and those that may remain (as sentences).
pub fn split(new: Vec<Resource>, types: &[ResourceType]) -> (Vec<Resource>, Vec<String>) {
    let mut remaining = Vec::new();
    let mut orphans = Vec::new();
    for resource in new {
        match retained(&resource, types) {
            Some(reason) => remaining.push(format!("{}: {reason}", words(&resource))),
            None => orphans.push(resource),
        }
    }
    (orphans, remaining)
}

/// `elastic_ip eipalloc-1 (kp-run-nat-a) in us-east-1`.
pub fn words(resource: &Resource) -> String {
    let name = match &resource.name {
        Some(name) if *name != resource.id => format!(" ({name})"),
        _ => String::new(),
    };
    format!(
        "{} {}{name} in {}",
        resource.resource_type, resource.id, resource.scope
    )
}

/// The same of an orphan, with what keeping it costs.
pub fn orphan_words(orphan: &Orphan) -> String {
    let name = match &orphan.name {
        Some(name) if *name != orphan.id => format!(" ({name})"),
        _ => String::new(),
    };
    let cost = month(orphan.monthly_cost_usd);
    let starts = orphan.starts_when_used.as_ref();
    let starts = starts.map_or_else(String::new, |starts| format!(" now, and {starts}"));
    format!(
        "{} {}{name} in {}: {cost}{starts}",
        orphan.resource_type, orphan.id, orphan.region
    )
}

/// Notes of each orphan which other one it is a part of: of those that its properties or its id name, the last to be
/// deleted. Orphans are in deletion order; `left` are their resources.
pub fn note_parts(orphans: &mut [Orphan], left: &[Resource]) {
    let whole = |index: usize, orphan: &Orphan| {
        let is_it = |it: &&Resource| it.id == orphan.id && it.resource_type == orphan.resource_type;
        let resource = left.iter().find(is_it)?;
        let names = |other: &&Orphan| {
            let values = resource.properties.values();
            let mut values = values.flat_map(|value| value.split([',', ' ', ';']));
            let inside = orphan.id.strip_prefix(&other.id);
            other.id != orphan.id
                && (inside.is_some_and(|rest| rest.starts_with('/'))
                    || values.any(|value| value == other.id))
        };
        let found = orphans[index + 1..].iter().rfind(names)?;
        Some(found.id.clone())
    };
    let wholes: Vec<Option<String>> = orphans
        .iter()
        .enumerate()
        .map(|(index, orphan)| whole(index, orphan))
        .collect();
    for (orphan, part_of) in orphans.iter_mut().zip(wholes) {
        orphan.part_of = part_of;
    }
}

/// These resources as text, at most as many as fit a sentence.
pub fn named(resources: &[Resource]) -> String {
    let mut all: Vec<String> = resources.iter().take(NAMED_MAX).map(words).collect();
    if resources.len() > NAMED_MAX {
        all.push(format!("{} more", resources.len() - NAMED_MAX));
    }
    all.join(", ")
}

/// Resources that are in both listings and differ in name, tags or properties.
pub fn altered(before: &[Resource], after: &[Resource]) -> Vec<Resource> {
    let differs = |old: &Resource| {
        let mut now = after.iter().filter(|other| other.is_same(old));
        now.next().is_some_and(|new| {
            (&new.name, &new.tags, &new.properties) != (&old.name, &old.tags, &old.properties)
        })
    };
    before.iter().filter(|old| differs(old)).cloned().collect()
}

/// Whether a new resource certainly belongs to the run. In a shared account, one without proof may belong to anyone; in
/// a simulator and on this machine it belongs to the run unless proven otherwise.
pub fn is_proven(orphan: &Orphan, tier: Tier) -> bool {
    tier != Tier::Live || !orphan.proofs.is_empty()
}

/// The verdict over orphans and coverage. A resource of unknown owner is never a pass.
pub fn verdict(orphans: &[Orphan], coverage: &Coverage, tier: Tier) -> Verdict {
    let proven = orphans.iter().any(|orphan| is_proven(orphan, tier));
    let listed =
        coverage.failed.is_empty() && coverage.listed == coverage.cells && coverage.cells > 0;
    match (proven, orphans.is_empty() && listed) {
        (true, _) => Verdict::Fail,
        (false, true) => Verdict::Pass,
        (false, false) => Verdict::Unknown,
    }
}

/// The audit from its parts. Harm to bystanders is added afterwards.
pub fn audit(orphans: Vec<Orphan>, stays: Vec<String>, coverage: Coverage, tier: Tier) -> Audit {
    let verdict = verdict(&orphans, &coverage, tier);
    Audit {
        orphans,
        coverage,
        stays,
        ..Audit::empty(verdict)
    }
}

/// Coverage of two inventories: a cell counts only when both listed it.
pub fn both(before: &Coverage, after: &Coverage) -> Coverage {
    let mut failed: BTreeMap<String, ()> = BTreeMap::new();
    for (when, coverage) in [("before the run", before), ("after the run", after)] {
        for line in &coverage.failed {
            failed.insert(format!("{when}: {line}"), ());
        }
    }
    Coverage {
        cells: after.cells.max(before.cells),
        listed: after.listed.min(before.listed),
        failed: failed.into_keys().collect(),
        not_covered: after.not_covered.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orphan(proofs: &[&str]) -> Orphan {
        Orphan {
            resource_type: "address".to_owned(),
            id: "a-1".to_owned(),
            name: None,
            region: "r".to_owned(),
            scope: None,
            monthly_cost_usd: None,
            starts_when_used: None,
            proofs: proofs.iter().map(|proof| (*proof).to_owned()).collect(),
            part_of: None,
        }
    }

    fn listed(cells: u64, listed: u64) -> Coverage {
        let failed = (listed..cells).map(|cell| format!("cell {cell}")).collect();
        Coverage {
            cells,
            listed,
            failed,
            ..Coverage::default()
        }
    }

    #[track_caller]
    fn check(orphans: &[Orphan], coverage: &Coverage, tier: Tier, expected: Verdict) {
        assert_eq!(verdict(orphans, coverage, tier), expected);
    }

    #[test]
    fn an_audit_is_clean_only_when_every_cell_was_listed() {
        check(&[], &listed(9, 9), Tier::Rehearsal, Verdict::Pass);
        check(&[], &listed(9, 8), Tier::Rehearsal, Verdict::Unknown);
        check(&[], &listed(0, 0), Tier::Rehearsal, Verdict::Unknown);
    }

    #[test]
    fn an_orphan_fails_even_when_a_cell_is_missing() {
        check(
            &[orphan(&["tag"])],
            &listed(9, 8),
            Tier::Live,
            Verdict::Fail,
        );
    }

    #[test]
    fn a_new_resource_without_proof_is_unknown_when_live() {
        check(&[orphan(&[])], &listed(9, 9), Tier::Live, Verdict::Unknown);
        for tier in [Tier::Rehearsal, Tier::Kind] {
            check(&[orphan(&[])], &listed(9, 9), tier, Verdict::Fail);
        }
    }

    #[test]
    fn an_orphan_is_a_part_of_the_last_one_that_it_names() {
        let check = |part: Resource, expected: Option<&str>| {
            let left = [part, Resource::new("net", "n-1", "r")];
            let mut orphans: Vec<Orphan> = left
                .iter()
                .map(|it| Orphan {
                    resource_type: it.resource_type.clone(),
                    id: it.id.clone(),
                    ..orphan(&[])
                })
                .collect();
            note_parts(&mut orphans, &left);
            assert_eq!(orphans[0].part_of.as_deref(), expected, "{:?}", left[0]);
            // What is deleted last is a part of nothing, whatever it names.
            assert_eq!(orphans[1].part_of, None);
        };
        check(
            Resource::new("subnet", "s-1", "r").with("net_id", "n-1"),
            Some("n-1"),
        );
        check(
            Resource::new("peering", "p-1", "r").with("nets", "n-2,n-1"),
            Some("n-1"),
        );
        check(Resource::new("rule", "n-1/rule", "r"), Some("n-1"));
        check(
            Resource::new("net", "n-12", "r").with("note", "like n-123"),
            None,
        );
        check(Resource::new("address", "a-1", "r"), None);
    }

    #[test]
    fn a_resource_that_may_stay_is_no_orphan_but_is_named() {
        let mut role = Resource::new("role", "linked", "global");
        role.properties.insert(
            RETAINED_PROPERTY.to_owned(),
            "shared by the account".to_owned(),
        );
        let (orphans, stays) = split(vec![role, Resource::new("role", "ours", "global")], &[]);
        assert_eq!(orphans.len(), 1);
        assert_eq!(stays, ["role linked in global: shared by the account"]);
    }

    #[test]
    fn only_resources_of_a_type_that_may_stay_stay() {
        let of_type = |name, retained_because| ResourceType {
            name,
            retained_because,
        };
        let types = [
            of_type("log", Some("kept for reading")),
            of_type("box", None),
        ];
        let new = ["log", "box", "unknown"].map(|name| Resource::new(name, "1", "r"));
        let (orphans, stays) = split(new.to_vec(), &types);
        assert_eq!(stays, ["log 1 in r: kept for reading"]);
        let left: Vec<&str> = orphans
            .iter()
            .map(|one| one.resource_type.as_str())
            .collect();
        assert_eq!(left, ["box", "unknown"]);
    }

    #[test]
    fn a_name_is_told_beside_an_id_that_it_is_not() {
        let check = |name: Option<&str>, expected: &str| {
            let mut resource = Resource::new("address", "a-1", "r");
            resource.name = name.map(str::to_owned);
            assert_eq!(words(&resource), format!("address a-1{expected} in r"));
            let mut orphan = orphan(&[]);
            orphan.name = name.map(str::to_owned);
            let said = orphan_words(&orphan);
            assert!(
                said.starts_with(&format!("address a-1{expected} in r: ")),
                "{said}"
            );
        };
        check(None, "");
        check(Some("a-1"), "");
        check(Some("front door"), " (front door)");
    }

    #[test]
    fn a_cell_counts_only_when_both_inventories_listed_it() {
        let check = |before: &Coverage, after: &Coverage, expected: (u64, u64, &[&str])| {
            let both = both(before, after);
            let failed: Vec<&str> = both.failed.iter().map(String::as_str).collect();
            assert_eq!((both.cells, both.listed, &failed[..]), expected);
        };
        check(&listed(9, 9), &listed(9, 9), (9, 9, &[]));
        check(
            &listed(9, 8),
            &listed(9, 9),
            (9, 8, &["before the run: cell 8"]),
        );
        check(
            &listed(9, 9),
            &listed(9, 8),
            (9, 8, &["after the run: cell 8"]),
        );
        // A cell that only one inventory has was not listed by the other.
        check(&listed(8, 8), &listed(9, 9), (9, 8, &[]));
    }

    #[test]
    fn a_resource_is_altered_by_its_name_tags_or_properties_and_not_by_its_state() {
        let old = Resource::new("thing", "t-1", "r");
        let check = |change: &dyn Fn(&mut Resource), expected: usize| {
            let mut new = old.clone();
            change(&mut new);
            assert_eq!(altered(std::slice::from_ref(&old), &[new]).len(), expected);
        };
        check(&|_| {}, 0);
        check(&|new| new.state = "stopped".to_owned(), 0);
        check(&|new| new.name = Some("n".to_owned()), 1);
        check(
            &|new| drop(new.tags.insert("k".to_owned(), "v".to_owned())),
            1,
        );
        check(
            &|new| drop(new.properties.insert("k".to_owned(), "v".to_owned())),
            1,
        );
        check(&|new| new.id = "t-2".to_owned(), 0);
    }
}
