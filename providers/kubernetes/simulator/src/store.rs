//! The store: all objects of a cluster under one growing resource version, and the log of changes.
//!
//! Optimistic concurrency and watches are decided here alone.

pub(crate) mod schema;
pub(crate) mod types;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use crate::json::{set, text};

/// How many changes a watch can still ask for; older ones are answered with 410.
const KEPT_CHANGES: usize = 5000;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Id of its type.
    pub(crate) resource: &'static str,
    /// Empty for cluster-wide types.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    /// The key of an object.
    pub(crate) fn new(resource: &'static str, namespace: &str, name: &str) -> Self {
        Self {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// One change, for watches.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The resource version that it made.
    pub(crate) version: u64,
    /// Where.
    pub(crate) key: Key,
    /// The object before; `None` if it was added.
    pub(crate) before: Option<Value>,
    /// The object after; `None` if it was removed.
    pub(crate) after: Option<Value>,
}

/// All objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Value>,
    uids: BTreeSet<String>,
    /// The objects that are marked for deletion, and those that have an owner: of many objects few are either.
    marked: BTreeSet<Key>,
    owned: BTreeSet<Key>,
    version: u64,
    log: VecDeque<Change>,
    forgotten: u64,
}

/// Whether the spec has changed. Binding a pod to a node is not a change of its spec.
fn is_other_spec(before: &Value, after: &Value) -> bool {
    let (old, new) = (before.get("spec"), after.get("spec"));
    if old == new {
        return false;
    }
    let with_node = |spec: Option<&Value>| {
        let mut spec = spec.cloned().unwrap_or_default();
        if let Some(node) = after.pointer("/spec/nodeName") {
            set(&mut spec, "/nodeName", node.clone());
        }
        spec
    };
    with_node(old) != with_node(new)
}

impl Store {
    /// The resource version of the whole store.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The newest version whose successors may be forgotten already.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// An object.
    pub(crate) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    /// All objects of a type, in one namespace or all of them, in order of namespace and name.
    pub(crate) fn of_type<'a>(
        &'a self,
        resource: &'static str,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Key, &'a Value)> {
        let first = Key::new(resource, namespace.unwrap_or_default(), "");
        self.objects.range(first..).take_while(move |(key, _)| {
            key.resource == resource && namespace.is_none_or(|wanted| key.namespace == wanted)
        })
    }

    /// All objects of a type as they were at a version that is not forgotten.
    pub(crate) fn of_type_at(
        &self,
        resource: &'static str,
        namespace: Option<&str>,
        version: u64,
    ) -> Vec<(Key, Value)> {
        let mut objects: BTreeMap<Key, Value> = self
            .of_type(resource, namespace)
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect();
        let since = self
            .log
            .iter()
            .rev()
            .take_while(|change| change.version > version);
        for change in since {
            let inside = change.key.resource == resource
                && namespace.is_none_or(|wanted| change.key.namespace == wanted);
            match &change.before {
                Some(before) if inside => objects.insert(change.key.clone(), before.clone()),
                None if inside => objects.remove(&change.key),
                _ => None,
            };
        }
        objects.into_iter().collect()
    }

    /// All objects.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.objects.iter()
    }

    /// Adds an object. The key must be free.
    pub(crate) fn insert(&mut self, key: Key, mut object: Value) {
        self.stamp(&mut object);
        self.note(&key, None, Some(object.clone()));
        self.uids.insert(text(&object, "/metadata/uid").to_owned());
        self.index(&key, Some(&object));
        self.objects.insert(key, object);
    }

    /// The objects that are marked for deletion.
    pub(crate) fn marked(&self) -> impl Iterator<Item = (&Key, &Value)> {
        let keys = self.marked.iter();
        keys.filter_map(|key| Some((key, self.objects.get(key)?)))
    }

    /// The objects that have an owner.
    pub(crate) fn owned(&self) -> impl Iterator<Item = (&Key, &Value)> {
        let keys = self.owned.iter();
        keys.filter_map(|key| Some((key, self.objects.get(key)?)))
    }

    fn index(&mut self, key: &Key, object: Option<&Value>) {
        let has = |pointer: &str| object.is_some_and(|object| object.pointer(pointer).is_some());
        for (index, is_in) in [
            (&mut self.marked, has("/metadata/deletionTimestamp")),
            (&mut self.owned, has("/metadata/ownerReferences")),
        ] {
            if is_in && !index.contains(key) {
                index.insert(key.clone());
            } else if !is_in {
                index.remove(key);
            }
        }
    }

    /// Changes an object, if it exists and the change makes a difference. A changed spec is a new generation,
    /// and so is the deletion mark.
    pub(crate) fn modify(&mut self, key: &Key, change: impl FnOnce(&mut Value)) {
        let Some(before) = self.objects.get(key).cloned() else {
            return;
        };
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return;
        }
        let marked = |object: &Value| object.pointer("/metadata/deletionTimestamp").is_some();
        if (is_other_spec(&before, &after) || marked(&before) != marked(&after))
            && let Some(generation) = before
                .pointer("/metadata/generation")
                .and_then(Value::as_i64)
        {
            set(&mut after, "/metadata/generation", generation + 1);
        }
        self.stamp(&mut after);
        self.note(key, Some(before), Some(after.clone()));
        self.index(key, Some(&after));
        self.objects.insert(key.clone(), after);
    }

    /// Removes an object, if it exists.
    pub(crate) fn remove(&mut self, key: &Key) {
        if let Some(last) = self.objects.remove(key) {
            self.version += 1;
            self.uids.remove(text(&last, "/metadata/uid"));
            self.index(key, None);
            self.note(key, Some(last), None);
        }
    }

    /// Forgets all changes so far: a watch from before is too old.
    pub(crate) fn forget(&mut self) {
        self.log.clear();
        self.forgotten = self.version;
    }

    /// The changes after a version.
    pub(crate) fn changes_after(&self, version: u64) -> impl Iterator<Item = &Change> {
        self.log
            .iter()
            .filter(move |change| change.version > version)
    }

    /// Whether an object with this uid exists.
    pub(crate) fn has_uid(&self, uid: &str) -> bool {
        self.uids.contains(uid)
    }

    fn stamp(&mut self, object: &mut Value) {
        self.version += 1;
        set(
            object,
            "/metadata/resourceVersion",
            self.version.to_string(),
        );
    }

    fn note(&mut self, key: &Key, before: Option<Value>, after: Option<Value>) {
        self.log.push_back(Change {
            version: self.version,
            key: key.clone(),
            before,
            after,
        });
        if self.log.len() > KEPT_CHANGES
            && let Some(oldest) = self.log.pop_front()
        {
            self.forgotten = oldest.version;
        }
    }
}
