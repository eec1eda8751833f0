//! O2: never two live twins of one logical resource.
//!
//! Apart from the orphans because a twin may be cleaned up again and still have cost money, or have
//! split the cluster in two.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Life;
use kubeproof_contract::run::RUN_TAG;

use super::Wrong;
use crate::audit::compare::words;

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
) -> Vec<Wrong> {
    let mine: Vec<&Life> = lives.iter().filter(|life| life.from >= since).collect();
    let mut wrongs = too_many(&mine, most_at_once);
    wrongs.extend(same_name(&mine, most_at_once));
    wrongs
}

/// Types of which more were alive at once than the scenario can need.
fn too_many(lives: &[&Life], most_at_once: &BTreeMap<String, usize>) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    for (resource_type, most) in most_at_once {
        let of_type: Vec<&&Life> = lives
            .iter()
            .filter(|life| life.resource.resource_type == *resource_type && !dead(life))
            .collect();
        let (peak, at) = peak(&of_type);
        if peak > *most {
            let ids: Vec<&str> = of_type
                .iter()
                .filter(|life| alive(life, at))
                .map(|life| life.resource.id.as_str())
                .collect();
            let message = format!(
                "{peak} of type {resource_type} were alive at {at}, the scenario needs at most \
                 {most}: {}",
                ids.join(", ")
            );
            wrongs.push(Wrong::new("O2 twins", message));
        }
    }
    wrongs
}

/// The most that were alive at once, and since when.
fn peak(lives: &[&&Life]) -> (usize, Timestamp) {
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
fn same_name(lives: &[&Life], most_at_once: &BTreeMap<String, usize>) -> Vec<Wrong> {
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
            if let Some(twin) = twin {
                let message = format!(
                    "{} and {} were alive at the same time",
                    words(&twin.resource),
                    words(&life.resource)
                );
                wrongs.push(Wrong::new("O2 twins", message));
            }
        }
    }
    wrongs
}

#[cfg(test)]
mod tests {
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
        let found = twins(lives, &most, since);
        assert_eq!(found.len(), expected, "{found:?}");
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
        check(&[life("a", "x", 1, None), life("b", "y", 2, None)], 2, 0);
    }

    #[test]
    fn what_was_there_before_the_run_does_not_count() {
        check(&[life("a", "x", -5, None), life("b", "y", 2, None)], 1, 0);
    }
}
