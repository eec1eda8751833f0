//! Scopes and cells: where resources live, and what must be listed to know all of them.
//!
//! Only its provider reads a scope. Everybody else compares, orders and shows it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::observer::ObserverError;
use crate::resource::Resource;

/// The path of what belongs to the account as a whole.
const GLOBAL: &str = "global";

/// Where a resource lives: a path relative to its account, the largest part first (`us-east-1`,
/// `europe-west1/europe-west1-b`). `global` is the account itself, and contains every other scope.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Scope(Arc<str>);

impl Scope {
    /// The scope with this path.
    pub fn new(path: &str) -> Self {
        Self(Arc::from(path))
    }

    /// The account itself.
    pub fn global() -> Self {
        Self::new(GLOBAL)
    }

    /// Whether this is the account itself.
    pub fn is_global(&self) -> bool {
        &*self.0 == GLOBAL
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the other scope or a part of the path to it.
    pub fn contains(&self, other: &Self) -> bool {
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.is_global() || other.0.strip_prefix(&*self.0).is_some_and(below)
    }

    /// The absolute form, for records: `aws:123456789012/us-east-1`. Without the account id, where it is not
    /// known: `aws:/us-east-1`.
    pub fn in_account(&self, provider: &str, account: Option<&str>) -> String {
        format!("{provider}:{}/{self}", account.unwrap_or_default())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for Scope {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<&String> for Scope {
    fn from(path: &String) -> Self {
        Self::new(path)
    }
}

impl From<String> for Scope {
    fn from(path: String) -> Self {
        Self::new(&path)
    }
}

impl From<&Scope> for Scope {
    fn from(scope: &Scope) -> Self {
        scope.clone()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

/// How much of an account is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// The scopes that the scenario uses, and what belongs to the account as a whole.
    Scenario,
    /// All scopes that are enabled for the account.
    Account,
    /// These scopes, enabled or not, and what belongs to the account as a whole.
    Named(Vec<Scope>),
}

/// What an inventory must have listed: one resource type in one scope and all scopes below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// The scope.
    pub scope: Scope,
    /// The resource type.
    pub resource_type: String,
}

impl Cell {
    /// The cell of a resource type in a scope.
    pub fn new(resource_type: &str, scope: impl Into<Scope>) -> Self {
        Self {
            scope: scope.into(),
            resource_type: resource_type.to_owned(),
        }
    }

    /// Whether listing this cell shows the resource.
    pub fn covers(&self, resource: &Resource) -> bool {
        self.resource_type == resource.resource_type && self.scope.contains(&resource.scope)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.resource_type, self.scope)
    }
}

/// One listing, to its last page. It answers one or more cells: an aggregated list covers many scopes at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The cells that it answers.
    pub cells: Vec<Cell>,
}

impl Listing {
    /// A listing that answers one cell.
    pub fn of(cell: Cell) -> Self {
        Self { cells: vec![cell] }
    }
}

/// What a listing has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The resources of its cells.
    pub resources: Vec<Resource>,
    /// The cells that could not be read, such as a zone that the cloud could not reach. They are unknown, never
    /// empty.
    pub unread: Vec<(Cell, ObserverError)>,
}

impl From<Vec<Resource>> for Listed {
    /// Every cell was read.
    fn from(resources: Vec<Resource>) -> Self {
        Self {
            resources,
            unread: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_contains_itself_and_what_is_below_it_and_the_account_contains_all() {
        let check = |outer: &str, inner: &str, expected: bool| {
            let contains = Scope::new(outer).contains(&Scope::new(inner));
            assert_eq!(contains, expected, "{outer} {inner}");
        };
        check("west", "west", true);
        check("west", "west/a", true);
        check("west/a", "west", false);
        check("west", "west-2", false);
        check("west", "global", false);
        check("global", "west/a", true);
        check("global", "global", true);
    }

    #[test]
    fn the_absolute_form_names_the_account_only_where_it_is_known() {
        let scope = Scope::new("west/a");
        assert_eq!(scope.in_account("cloud", Some("42")), "cloud:42/west/a");
        assert_eq!(scope.in_account("cloud", None), "cloud:/west/a");
    }

    #[test]
    fn a_scope_is_a_string_in_json() {
        let json = serde_json::to_string(&Scope::new("west/a")).expect("JSON");
        assert_eq!(json, "\"west/a\"");
        let read: Scope = serde_json::from_str(&json).expect("a scope");
        assert_eq!(read, Scope::new("west/a"));
    }

    #[test]
    fn a_cell_covers_its_type_in_its_scope_and_below() {
        let check = |of_type: &str, scope: &str, expected: bool| {
            let resource = Resource::new(of_type, "1", scope);
            let covers = Cell::new("box", "west").covers(&resource);
            assert_eq!(covers, expected, "{of_type} {scope}");
        };
        check("box", "west", true);
        check("box", "west/a", true);
        check("box", "east", false);
        check("label", "west", false);
    }
}
