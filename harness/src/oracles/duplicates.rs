//! O2: never two live resources where one is meant.
//!
//! Kept separate from orphans because a duplicate may be removed again, and still have cost money or split the
//! cluster.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::{Lifespan, Lifetime, Resource};

use super::Violation;
use super::price::{Item, list};
use crate::prices::{PriceOf, price};

/// Duplicates among the lifetimes that began at `since` or later.
pub fn duplicates(lives: &[Lifespan], plan: &dyn Plan, since: Timestamp) -> Vec<Violation> {
    let (most_at_once, price) = (plan.most_at_once(), price(plan));
    let mine: Vec<&Lifespan> = lives.iter().filter(|life| life.from >= since).collect();
    let (mut violations, told) = too_many(&mine, &most_at_once, &price);
    violations.extend(same_name(&mine, (plan, &most_at_once), &told, &price));
    violations
}

/// Types of which more were alive at once than the scenario can need, and the ids that this names.
fn too_many<'a>(
    lives: &[&'a Lifespan],
    most_at_once: &BTreeMap<String, usize>,
    price: PriceOf<'_>,
) -> (Vec<Violation>, BTreeSet<&'a str>) {
    let mut violations = Vec::new();
    let mut told = BTreeSet::new();
    for (resource_type, most) in most_at_once {
        let of_type: Vec<&'a Lifespan> = lives
            .iter()
            .copied()
            .filter(|life| life.resource.resource_type == *resource_type && !dead(life))
            .collect();
        let (peak, at) = peak(&of_type);
        if peak > *most {
            let duplicates = of_type.into_iter().filter(|life| alive(life, at));
            let duplicates: Vec<&'a Lifespan> = duplicates.collect();
            told.extend(duplicates.iter().map(|life| life.resource.id.as_str()));
            let message = format!(
                "{peak} of type {resource_type} were alive at {at}, the scenario needs at most \
                 {most}: {}",
                priced(&duplicates, price)
            );
            let resources = resources(&duplicates);
            violations.push(Violation::about("O2 duplicates", message, resources));
        }
    }
    (violations, told)
}

fn resources(duplicates: &[&Lifespan]) -> Vec<Resource> {
    let each = duplicates.iter().map(|life| life.resource.clone());
    each.collect()
}

/// Each duplicate with its price; the one that came last, and is one too many, first among equals.
fn priced(duplicates: &[&Lifespan], price: PriceOf<'_>) -> String {
    let item = |life: &&Lifespan| Item::new(&life.resource, price, "");
    list(duplicates.iter().map(item).collect())
}

/// The most that were alive at once, and since when.
fn peak(lives: &[&Lifespan]) -> (usize, Timestamp) {
    lives
        .iter()
        .map(|life| {
            (
                lives.iter().filter(|other| alive(other, life.from)).count(),
                life.from,
            )
        })
        .max_by_key(|(count, at)| (*count, std::cmp::Reverse(*at)))
        .unwrap_or((0, Timestamp::UNIX_EPOCH))
}

fn alive(life: &Lifespan, at: Timestamp) -> bool {
    life.from <= at && life.to.is_none_or(|to| to > at)
}

fn dead(life: &Lifespan) -> bool {
    // A resource that is gone was alive before; one that is dead or ending while it exists never came to life or is on
    // its way out.
    life.to.is_none() && life.resource.lifetime != Lifetime::Alive
}

/// What only one resource at a time may have.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct NameOfRun<'a> {
    resource_type: &'a str,
    name: &'a str,
    run: String,
}

/// Two of one type with one name and one run at the same time, where the scenario needs them to differ.
/// Duplicates that are `told` already are not told again.
fn same_name(
    lives: &[&Lifespan],
    (plan, most_at_once): (&dyn Plan, &BTreeMap<String, usize>),
    told: &BTreeSet<&str>,
    price: PriceOf<'_>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut named: BTreeMap<NameOfRun<'_>, Vec<&Lifespan>> = BTreeMap::new();
    for life in lives {
        let resource = &life.resource;
        // Types without a limit (nodes and their disks) share a name by design.
        if !most_at_once.contains_key(&resource.resource_type) || dead(life) {
            continue;
        }
        let (Some(name), Some(owner)) = (&resource.name, plan.owner_of(resource)) else {
            continue;
        };
        let key = NameOfRun {
            resource_type: &resource.resource_type,
            name,
            run: owner.run,
        };
        named.entry(key).or_default().push(life);
    }
    for group in named.values() {
        for (index, life) in group.iter().enumerate() {
            let duplicate = group[..index]
                .iter()
                .find(|other| alive(other, life.from) || alive(life, other.from));
            let is_told = |life: &Lifespan| told.contains(life.resource.id.as_str());
            if let Some(duplicate) =
                duplicate.filter(|duplicate| !(is_told(duplicate) && is_told(life)))
            {
                let message = format!(
                    "alive at the same time, with one name and one run: {}",
                    priced(&[duplicate, life], price)
                );
                let resources = resources(&[duplicate, life]);
                violations.push(Violation::about("O2 duplicates", message, resources));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::resource::Resource;
    use kubeproof_contract::run::RUN_TAG;

    use super::*;
    use crate::audit::stub_plan::StubPlan;

    fn life(id: &str, name: &str, from: i64, to: Option<i64>) -> Lifespan {
        let mut resource = Resource::new("vpc", id, "r");
        resource.name = Some(name.to_owned());
        resource.tags.insert(RUN_TAG.to_owned(), "r1".to_owned());
        let at = |second| Timestamp::from_second(second).expect("a date");
        Lifespan {
            resource,
            from: at(from),
            to: to.map(at),
        }
    }

    #[track_caller]
    fn check(lives: &[Lifespan], most: usize, expected: usize) {
        let plan = StubPlan(BTreeMap::from([("vpc".to_owned(), most)]));
        let since = Timestamp::from_second(0).expect("a date");
        let found = duplicates(lives, &plan, since);
        assert_eq!(found.len(), expected, "{found:?}");
        for wrong in &found {
            assert!(
                wrong.message.contains("vpc a $0.00 a month"),
                "every duplicate has its price: {wrong:?}"
            );
        }
    }

    #[test]
    fn two_alive_at_once_are_duplicates() {
        check(&[life("a", "x", 1, None), life("b", "y", 2, None)], 1, 1);
    }

    #[test]
    fn a_successor_is_no_duplicate() {
        check(&[life("a", "x", 1, Some(2)), life("b", "x", 2, None)], 1, 0);
    }

    #[test]
    fn one_name_twice_is_a_duplicate_even_within_the_limit() {
        check(&[life("a", "x", 1, None), life("b", "x", 2, None)], 2, 1);
        check(&[life("a", "x", 1, None), life("b", "x", 2, None)], 1, 1);
        check(&[life("a", "x", 1, None), life("b", "y", 2, None)], 2, 0);
    }

    #[test]
    fn duplicates_that_are_gone_were_duplicates() {
        let (first, second) = (life("a", "x", 1, Some(10)), life("b", "y", 2, Some(20)));
        check(&[first, second], 1, 1);
        check(
            &[life("a", "x", 1, Some(10)), life("b", "x", 2, Some(20))],
            2,
            1,
        );
    }

    #[test]
    fn what_never_came_to_life_is_no_duplicate_and_what_failed_and_went_was_one() {
        let failed = |to| {
            let mut one = life("b", "x", 2, to);
            one.resource.lifetime = Lifetime::Dead;
            one
        };
        for most in [1, 2] {
            check(&[life("a", "x", 1, None), failed(None)], most, 0);
            check(&[life("a", "x", 1, None), failed(Some(9))], most, 1);
        }
    }

    #[test]
    fn other_types_and_other_runs_are_no_duplicates() {
        let mut disk = life("b", "x", 2, None);
        disk.resource.resource_type = "disk".to_owned();
        let mut another_disk = disk.clone();
        another_disk.resource.id = "c".to_owned();
        // Disks have no limit here, and share a name by design.
        check(&[life("a", "x", 1, None), disk, another_disk], 1, 0);
        let mut theirs = life("b", "x", 2, None);
        theirs
            .resource
            .tags
            .insert(RUN_TAG.to_owned(), "r2".to_owned());
        check(&[life("a", "x", 1, None), theirs], 2, 0);
    }

    #[test]
    fn a_duplicate_by_name_beside_those_of_the_type_is_told_too() {
        // Two at once, and after the second is gone a third of the first one's name.
        let lives = [
            life("a", "x", 1, None),
            life("b", "y", 2, Some(3)),
            life("c", "x", 4, None),
        ];
        check(&lives, 1, 2);
    }

    #[test]
    fn what_was_there_before_the_run_does_not_count() {
        check(&[life("a", "x", -5, None), life("b", "y", 2, None)], 1, 0);
    }
}
