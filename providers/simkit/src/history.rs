//! The history of lives: when each resource came to be and ceased to be.
//!
//! Derived by comparing the inventory after each change, so that no service can forget to report. A
//! simulator may give parts of its inventory alone, when it knows that a change can only be in them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::{Life, Resource};

/// All lives seen so far.
#[derive(Clone, Debug, Default)]
pub struct History {
    lives: Vec<Life>,
    /// For each part, where its living resources are in `lives`, in the order of its last inventory.
    alive: BTreeMap<&'static str, Vec<usize>>,
}

impl History {
    /// Notes what exists of a part of the account at `at`: new resources begin to live, missing ones have
    /// died. A resource belongs to the same part all its life.
    pub fn observe(&mut self, at: Timestamp, part: &'static str, inventory: Vec<Resource>) {
        let before = self.alive.remove(part).unwrap_or_default();
        // Inventories keep their order, so that most resources stand where they stood before.
        let stand = before
            .iter()
            .zip(&inventory)
            .take_while(|(index, resource)| self.lives[**index].resource.is_same(resource))
            .count();
        let mut inventory = inventory.into_iter();
        for (index, resource) in before.iter().zip(inventory.by_ref().take(stand)) {
            self.lives[*index].resource = resource;
        }
        let (standing, before) = before.split_at(stand);
        let mut now = standing.to_vec();
        self.look_for(at, before, inventory, &mut now);
        self.alive.insert(part, now);
    }

    /// The same for what does not stand where it stood: `before` were alive, `inventory` is.
    fn look_for(
        &mut self,
        at: Timestamp,
        before: &[usize],
        inventory: impl Iterator<Item = Resource>,
        now: &mut Vec<usize>,
    ) {
        let key = |index: &usize| self.lives[*index].resource.key();
        let mut gone: BTreeMap<_, usize> =
            before.iter().map(|index| (key(index), *index)).collect();
        for resource in inventory {
            let index = gone.remove(&resource.key());
            let index = index.unwrap_or_else(|| {
                self.lives.push(Life {
                    resource: resource.clone(),
                    from: at,
                    to: None,
                });
                self.lives.len() - 1
            });
            self.lives[index].resource = resource;
            now.push(index);
        }
        for index in gone.into_values() {
            self.lives[index].to = Some(at);
        }
    }

    /// From now on the living resources of `part` of which this holds belong to the part `into`.
    pub fn split(
        &mut self,
        part: &'static str,
        into: &'static str,
        moves: impl Fn(&Resource) -> bool,
    ) {
        let alive = self.alive.remove(part).unwrap_or_default();
        let (moved, rest): (Vec<usize>, Vec<usize>) = alive
            .into_iter()
            .partition(|index| moves(&self.lives[*index].resource));
        self.alive.insert(part, rest);
        self.alive.entry(into).or_default().extend(moved);
    }

    /// All lives, in order of their beginning, taken out.
    pub fn into_lives(self) -> Vec<Life> {
        self.lives
    }

    /// All lives, in order of their beginning.
    pub fn lives(&self) -> &[Life] {
        &self.lives
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

    /// What lived from when to when, after these inventories of one part, a second apart.
    #[track_caller]
    fn check(inventories: &[&str], expected: &[(&str, i64, Option<i64>)]) {
        let mut history = History::default();
        for (second, ids) in (0..).zip(inventories) {
            history.observe(at(second), "all", inventory(ids));
        }
        let lives: Vec<_> = history
            .lives()
            .iter()
            .map(|life| {
                let to = life.to.map(Timestamp::as_second);
                (life.resource.id.as_str(), life.from.as_second(), to)
            })
            .collect();
        assert_eq!(lives, expected, "{inventories:?}");
    }

    #[test]
    fn what_is_new_begins_and_what_is_missing_has_died_wherever_it_stands() {
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
    fn what_comes_again_lives_a_second_life() {
        check(&["a", "", "a"], &[("a", 0, Some(1)), ("a", 2, None)]);
    }

    #[test]
    fn what_is_split_off_lives_on_as_a_part_of_its_own() {
        let mut history = History::default();
        history.observe(at(0), "all", inventory("a b c"));
        history.split("all", "mine", |one| one.id != "b");
        history.observe(at(1), "all", Vec::new());
        history.observe(at(2), "mine", inventory("c d"));
        let lives = history.into_lives();
        let ends: Vec<_> = lives
            .iter()
            .map(|life| (life.resource.id.as_str(), life.to))
            .collect();
        let (a, b) = (("a", Some(at(2))), ("b", Some(at(1))));
        assert_eq!(ends, [a, b, ("c", None), ("d", None)]);
    }

    #[test]
    fn a_part_says_nothing_of_another() {
        let mut history = History::default();
        history.observe(at(0), "left", inventory("a"));
        history.observe(at(1), "right", inventory("b"));
        history.observe(at(2), "right", Vec::new());
        let ends: Vec<_> = history.lives().iter().map(|life| life.to).collect();
        assert_eq!(ends, [None, Some(at(2))]);
    }
}
