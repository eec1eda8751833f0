//! The lifetimes of resources: when each was created and when it ceased to exist.
//!
//! Derived by comparing inventories after each change, so that no service can forget to report one. A simulator may
//! pass only a part of its inventory if it knows that the change is in that part.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifespan, Resource};

/// All lifetimes observed so far.
#[derive(Clone, Debug, Default)]
pub struct History {
    lifetimes: Vec<Lifespan>,
    /// The indices in `lifetimes` of each part's live resources, in the order of its last inventory.
    alive: BTreeMap<&'static str, Vec<usize>>,
}

impl History {
    /// Records what exists in a part of the account at `at`: the lifetimes of new resources begin, and those of
    /// missing ones end. A resource must stay in the same part for all its lifetime.
    pub fn observe(&mut self, at: Timestamp, part: &'static str, inventory: Vec<Resource>) {
        let before = self.alive.remove(part).unwrap_or_default();
        // Inventories keep their order, so most resources are at the same position as before.
        let unmoved = before
            .iter()
            .zip(&inventory)
            .take_while(|(index, resource)| self.lifetimes[**index].resource.is_same(resource))
            .count();
        let mut inventory = inventory.into_iter();
        for (index, resource) in before.iter().zip(inventory.by_ref().take(unmoved)) {
            self.lifetimes[*index].resource = resource;
        }
        let (kept, before) = before.split_at(unmoved);
        let mut now = kept.to_vec();
        self.match_rest(at, before, inventory, &mut now);
        self.alive.insert(part, now);
    }

    /// The same for resources that are at other positions: `before` were alive, `inventory` are now.
    fn match_rest(
        &mut self,
        at: Timestamp,
        before: &[usize],
        inventory: impl Iterator<Item = Resource>,
        now: &mut Vec<usize>,
    ) {
        let key = |index: &usize| self.lifetimes[*index].resource.key();
        let mut gone: BTreeMap<_, usize> =
            before.iter().map(|index| (key(index), *index)).collect();
        for resource in inventory {
            let index = gone.remove(&resource.key());
            let index = index.unwrap_or_else(|| {
                self.lifetimes.push(Lifespan {
                    resource: resource.clone(),
                    from: at,
                    to: None,
                });
                self.lifetimes.len() - 1
            });
            self.lifetimes[index].resource = resource;
            now.push(index);
        }
        for index in gone.into_values() {
            self.lifetimes[index].to = Some(at);
        }
    }

    /// Moves the live resources of `part` for which `moves` holds to the part `into`.
    pub fn split(
        &mut self,
        part: &'static str,
        into: &'static str,
        moves: impl Fn(&Resource) -> bool,
    ) {
        let alive = self.alive.remove(part).unwrap_or_default();
        let (moved, rest): (Vec<usize>, Vec<usize>) = alive
            .into_iter()
            .partition(|index| moves(&self.lifetimes[*index].resource));
        self.alive.insert(part, rest);
        self.alive.entry(into).or_default().extend(moved);
    }

    /// All lifetimes, in the order in which they began.
    pub fn into_lifetimes(self) -> Vec<Lifespan> {
        self.lifetimes
    }

    /// All lifetimes, in the order in which they began.
    pub fn lifetimes(&self) -> &[Lifespan] {
        &self.lifetimes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn inventory(ids: &str) -> Vec<Resource> {
        let ids = ids.split_whitespace();
        ids.map(|id| Resource::new("box", id, "r")).collect()
    }

    /// Checks the lifetimes after these inventories of one part, a second apart.
    #[track_caller]
    fn check(inventories: &[&str], expected: &[(&str, i64, Option<i64>)]) {
        let mut history = History::default();
        for (second, ids) in (0..).zip(inventories) {
            history.observe(at(second), "all", inventory(ids));
        }
        let lives: Vec<_> = history
            .lifetimes()
            .iter()
            .map(|life| {
                let to = life.to.map(Timestamp::as_second);
                (life.resource.id.as_str(), life.from.as_second(), to)
            })
            .collect();
        assert_eq!(lives, expected, "{inventories:?}");
    }

    #[test]
    fn lifetimes_of_new_resources_begin_and_of_missing_ones_end_at_any_position() {
        check(
            &["a b c", "a b c"],
            &[("a", 0, None), ("b", 0, None), ("c", 0, None)],
        );
        check(
            &["a c", "a b c"],
            &[("a", 0, None), ("c", 0, None), ("b", 1, None)],
        );
        check(
            &["a b c", "a c"],
            &[("a", 0, None), ("b", 0, Some(1)), ("c", 0, None)],
        );
        check(&["a b", "a"], &[("a", 0, None), ("b", 0, Some(1))]);
        check(&["a", "a b"], &[("a", 0, None), ("b", 1, None)]);
        check(&["a b", ""], &[("a", 0, Some(1)), ("b", 0, Some(1))]);
        check(&["a b", "b a", "b"], &[("a", 0, Some(2)), ("b", 0, None)]);
    }

    #[test]
    fn a_resource_that_returns_has_a_second_lifetime() {
        check(&["a", "", "a"], &[("a", 0, Some(1)), ("a", 2, None)]);
    }

    #[test]
    fn lifetimes_go_on_in_a_part_that_is_split_off() {
        let mut history = History::default();
        history.observe(at(0), "all", inventory("a b c"));
        history.split("all", "mine", |one| one.id != "b");
        history.observe(at(1), "all", Vec::new());
        history.observe(at(2), "mine", inventory("c d"));
        let lives = history.into_lifetimes();
        let ends: Vec<_> = lives
            .iter()
            .map(|life| (life.resource.id.as_str(), life.to))
            .collect();
        let (a, b) = (("a", Some(at(2))), ("b", Some(at(1))));
        assert_eq!(ends, [a, b, ("c", None), ("d", None)]);
    }

    #[test]
    fn parts_are_independent() {
        let mut history = History::default();
        history.observe(at(0), "left", inventory("a"));
        history.observe(at(1), "right", inventory("b"));
        history.observe(at(2), "right", Vec::new());
        let ends: Vec<_> = history.lifetimes().iter().map(|life| life.to).collect();
        assert_eq!(ends, [None, Some(at(2))]);
    }
}
