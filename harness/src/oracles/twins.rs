//! O2: never two live twins of one logical resource.
//!
//! Apart from the orphans because a twin may be cleaned up again and still have cost money, or have
//! split the cluster in two.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kubeproof_contract::resource::Life;
use kubeproof_contract::run::RUN_TAG;

use super::Wrong;
use super::price::{Item, PriceOf, list};

/// States in which a resource is no longer (or never was) of use: no twin of its successor.
const DEAD_STATES: &[&str] = &[
    "failed",
    "deleted",
    "deleting",
    "terminated",
    "create_failed",
];

/// Twins among the lives that began at `since` or later.
pub fn twins(
    lives: &[Life],
    most_at_once: &BTreeMap<String, usize>,
    since: Timestamp,
    price: PriceOf<'_>,
) -> Vec<Wrong> {
    let mine: Vec<&Life> = lives.iter().filter(|life| life.from >= since).collect();
    let (mut wrongs, told) = too_many(&mine, most_at_once, price);
    wrongs.extend(same_name(&mine, most_at_once, &told, price));
    wrongs
}

/// Types of which more were alive at once than the scenario can need, and the ids that this names.
fn too_many<'a>(
    lives: &[&'a Life],
    most_at_once: &BTreeMap<String, usize>,
    price: PriceOf<'_>,
) -> (Vec<Wrong>, BTreeSet<&'a str>) {
    let mut wrongs = Vec::new();
    let mut told = BTreeSet::new();
    for (resource_type, most) in most_at_once {
        let of_type: Vec<&'a Life> = lives
            .iter()
            .copied()
            .filter(|life| life.resource.resource_type == *resource_type && !dead(life))
            .collect();
        let (peak, at) = peak(&of_type);
        if peak > *most {
            let twins = of_type.into_iter().filter(|life| alive(life, at));
            let twins: Vec<&'a Life> = twins.collect();
            told.extend(twins.iter().map(|life| life.resource.id.as_str()));
            let message = format!(
                "{peak} of type {resource_type} were alive at {at}, the scenario needs at most \
                 {most}: {}",
                priced(&twins, price)
            );
            wrongs.push(Wrong::new("O2 twins", message));
        }
    }
    (wrongs, told)
}

/// Each twin with its price; the one that came last, and is one too many, first among equals.
fn priced(twins: &[&Life], price: PriceOf<'_>) -> String {
    let item = |life: &&Life| Item::new(&life.resource, price, "");
    list(twins.iter().map(item).collect())
}

/// The most that were alive at once, and since when.
fn peak(lives: &[&Life]) -> (usize, Timestamp) {
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

fn alive(life: &Life, at: Timestamp) -> bool {
    life.from <= at && life.to.is_none_or(|to| to > at)
}

fn dead(life: &Life) -> bool {
    let state = life.resource.state.to_lowercase();
    // A resource that ended in such a state and is gone was alive before; one that still shows it
    // while it exists never came to life or is on its way out.
    life.to.is_none() && DEAD_STATES.contains(&state.as_str())
}

/// Two of one type with one name and one run at the same time, where the scenario needs them to differ.
/// Twins that are `told` already are not told again.
fn same_name(
    lives: &[&Life],
    most_at_once: &BTreeMap<String, usize>,
    told: &BTreeSet<&str>,
    price: PriceOf<'_>,
) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    let mut named: BTreeMap<(&str, &str, &str), Vec<&Life>> = BTreeMap::new();
    for life in lives {
        let resource = &life.resource;
        // Types without a limit (nodes and their disks) share a name by design.
        if !most_at_once.contains_key(&resource.resource_type) || dead(life) {
            continue;
        }
        let (Some(name), Some(run)) = (&resource.name, resource.tags.get(RUN_TAG)) else {
            continue;
        };
        named
            .entry((&resource.resource_type, name, run))
            .or_default()
            .push(life);
    }
    for group in named.values() {
        for (index, life) in group.iter().enumerate() {
            let twin = group[..index]
                .iter()
                .find(|other| alive(other, life.from) || alive(life, other.from));
            let is_told = |life: &Life| told.contains(life.resource.id.as_str());
            if let Some(twin) = twin.filter(|twin| !(is_told(twin) && is_told(life))) {
                let message = format!(
                    "alive at the same time, with one name and one run: {}",
                    priced(&[twin, life], price)
                );
                wrongs.push(Wrong::new("O2 twins", message));
            }
        }
    }
    wrongs
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::Decimal;
    use kubeproof_contract::resource::Resource;

    use super::*;

    fn life(id: &str, name: &str, from: i64, to: Option<i64>) -> Life {
        let mut resource = Resource::new("vpc", id, "r");
        resource.name = Some(name.to_owned());
        resource.tags.insert(RUN_TAG.to_owned(), "r1".to_owned());
        let at = |second| Timestamp::from_second(second).expect("a date");
        Life {
            resource,
            from: at(from),
            to: to.map(at),
        }
    }

    #[track_caller]
    fn check(lives: &[Life], most: usize, expected: usize) {
        let most = BTreeMap::from([("vpc".to_owned(), most)]);
        let since = Timestamp::from_second(0).expect("a date");
        let free = |_: &Resource| Some(Decimal::ZERO);
        let found = twins(lives, &most, since, &free);
        assert_eq!(found.len(), expected, "{found:?}");
        for wrong in &found {
            assert!(
                wrong.message.contains("vpc a $0.00 a month"),
                "every twin has its price: {wrong:?}"
            );
        }
    }

    #[test]
    fn two_alive_at_once_are_twins() {
        check(&[life("a", "x", 1, None), life("b", "y", 2, None)], 1, 1);
    }

    #[test]
    fn a_successor_is_no_twin() {
        check(&[life("a", "x", 1, Some(2)), life("b", "x", 2, None)], 1, 0);
    }

    #[test]
    fn one_name_twice_is_a_twin_even_within_the_limit() {
        check(&[life("a", "x", 1, None), life("b", "x", 2, None)], 2, 1);
        check(&[life("a", "x", 1, None), life("b", "x", 2, None)], 1, 1);
        check(&[life("a", "x", 1, None), life("b", "y", 2, None)], 2, 0);
    }

    #[test]
    fn twins_that_are_gone_were_twins() {
        let (first, second) = (life("a", "x", 1, Some(10)), life("b", "y", 2, Some(20)));
        check(&[first, second], 1, 1);
        check(
            &[life("a", "x", 1, Some(10)), life("b", "x", 2, Some(20))],
            2,
            1,
        );
    }

    #[test]
    fn what_never_came_to_life_is_no_twin_and_what_failed_and_went_was_one() {
        let failed = |to| {
            let mut one = life("b", "x", 2, to);
            one.resource.state = "failed".to_owned();
            one
        };
        for most in [1, 2] {
            check(&[life("a", "x", 1, None), failed(None)], most, 0);
            check(&[life("a", "x", 1, None), failed(Some(9))], most, 1);
        }
    }

    #[test]
    fn other_types_and_other_runs_are_no_twins() {
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
    fn a_twin_by_name_beside_those_of_the_type_is_told_too() {
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
