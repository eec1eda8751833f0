//! The permissions that calls need, each with the operations that need it: what the document of every cloud is made from.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::permissions::{GrantedAction, LeastPermissions};
use serde_json::Value;

/// What the calls of a provisioner need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeededPermissions {
    by_name: BTreeMap<String, BTreeSet<String>>,
    unknown: BTreeSet<String>,
}

impl NeededPermissions {
    /// Notes that an operation needs a permission.
    pub fn add(&mut self, operation: &str, permission: &str) {
        let by = self.by_name.entry(permission.to_owned()).or_default();
        by.insert(operation.to_owned());
    }

    /// Notes that an operation needs a permission, and those that a table of pairs names beside it.
    pub fn add_with(&mut self, operation: &str, permission: &str, beside: &[(&str, &str)]) {
        self.add(operation, permission);
        for (_, more) in beside.iter().filter(|(own, _)| *own == permission) {
            self.add(operation, more);
        }
    }

    /// Notes that it is not known what an operation needs.
    pub fn add_unknown(&mut self, operation: &str) {
        self.unknown.insert(operation.to_owned());
    }

    /// The least permissions, all but `without` if one is named, with the document that is made of their names.
    pub fn least(
        mut self,
        form: &'static str,
        without: Option<&str>,
        document: impl FnOnce(&[&str]) -> Value,
    ) -> LeastPermissions {
        self.by_name
            .retain(|name, _| Some(name.as_str()) != without);
        let names: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
        let document = document(&names);
        let actions = self.by_name.into_iter().map(|(name, by)| GrantedAction {
            name,
            needed_by: by.into_iter().collect(),
            documented: None,
        });
        LeastPermissions {
            form,
            document,
            actions: actions.collect(),
            notes: Vec::new(),
            unknown: self.unknown.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_permission_is_granted_once_with_all_that_need_it_and_one_can_be_left_out() {
        let mut needed = NeededPermissions::default();
        needed.add("b:Get", "read");
        needed.add("a:Get", "read");
        needed.add_with("a:Make", "write", &[("write", "use"), ("read", "never")]);
        needed.add_unknown("a:Magic");
        let check = |without: Option<&str>, expected: &[(&str, &[&str])]| {
            let least = needed.clone().least("role", without, |names| json!(names));
            let granted: Vec<(&str, Vec<&str>)> = least
                .actions
                .iter()
                .map(|one| {
                    let by = one.needed_by.iter().map(String::as_str);
                    (one.name.as_str(), by.collect())
                })
                .collect();
            let expected: Vec<(&str, Vec<&str>)> = expected
                .iter()
                .map(|(name, by)| (*name, by.to_vec()))
                .collect();
            assert_eq!(granted, expected);
            let names: Vec<&str> = granted.iter().map(|(name, _)| *name).collect();
            assert_eq!(least.document, json!(names));
            assert_eq!(least.unknown, ["a:Magic"]);
        };
        let read: (&str, &[&str]) = ("read", &["a:Get", "b:Get"]);
        let made: (&str, &[&str]) = ("use", &["a:Make"]);
        check(None, &[read, made, ("write", &["a:Make"])]);
        check(Some("write"), &[read, made]);
        check(Some("none of them"), &[read, made, ("write", &["a:Make"])]);
    }
}
