//! A store of resources by id, in order of creation: lists and inventories keep that order.

use std::collections::BTreeMap;

use indexmap::IndexMap;

/// Tags: key → value.
pub type Tags = BTreeMap<String, String>;

/// All resources of one type, in order of creation.
#[derive(Clone, Debug)]
pub struct Store<T> {
    items: IndexMap<String, T>,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            items: IndexMap::new(),
        }
    }
}

impl<T> Store<T> {
    /// Adds a resource under its id.
    pub fn insert(&mut self, id: impl Into<String>, item: T) {
        self.items.insert(id.into(), item);
    }

    /// The resource with this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.items.get(id)
    }

    /// The resource with this id, mutable.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.items.get_mut(id)
    }

    /// Removes a resource; the others keep their order.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        self.items.shift_remove(id)
    }

    /// Whether a resource with this id exists.
    pub fn has(&self, id: &str) -> bool {
        self.items.contains_key(id)
    }

    /// All of them, in order of creation.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.values()
    }

    /// All of them with their ids, in order of creation.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &T)> {
        self.items.iter().map(|(id, item)| (id.as_str(), item))
    }

    /// All of them, mutable.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.values_mut()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.items.len()
    }

    /// Keeps those for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.items.retain(|_, item| keep(item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_keeps_the_order_of_creation() {
        let mut store = Store::default();
        for (id, item) in [("c", 1), ("a", 2), ("d", 3), ("b", 4)] {
            store.insert(id, item);
        }
        assert_eq!(store.remove("a"), Some(2));
        let left: Vec<(&str, &i32)> = store.entries().collect();
        assert_eq!(left, [("c", &1), ("d", &3), ("b", &4)]);
        store.retain(|item| *item != 1);
        assert_eq!(store.all().copied().collect::<Vec<_>>(), [3, 4]);
        assert!(store.has("d") && !store.has("c") && store.count() == 2);
    }
}
