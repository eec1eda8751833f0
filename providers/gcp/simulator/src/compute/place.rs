//! Where a resource is: global, in a region or in a zone, and under which name.

use std::fmt;

use kubeproof_contract::scope::Scope as InventoryScope;

use crate::compute::zones;
use crate::links;
use crate::state::State;
use crate::wire::ApiError;

/// The kind of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Global,
    Region,
    Zone,
}

impl Level {
    /// All scopes of this kind.
    pub(crate) fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Global => vec![Scope::Global],
            Self::Region => zones::regions().map(Scope::Region).collect(),
            Self::Zone => zones::zones().map(Scope::Zone).collect(),
        }
    }
}

/// A scope of resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The project as a whole.
    Global,
    Region(String),
    Zone(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Region(name) => write!(f, "regions/{name}"),
            Self::Zone(name) => write!(f, "zones/{name}"),
        }
    }
}

impl Scope {
    /// The scope of a path below the project, and the rest of the path.
    pub(crate) fn read(path: &str) -> Option<(Self, &str)> {
        let (first, rest) = path.split_once('/')?;
        let (name, after) = rest.split_once('/').unwrap_or((rest, ""));
        Some(match first {
            "global" => (Self::Global, rest),
            "regions" => (Self::Region(name.to_owned()), after),
            "zones" => (Self::Zone(name.to_owned()), after),
            _ => return None,
        })
    }

    /// Its own name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Global => "global",
            Self::Region(name) | Self::Zone(name) => name,
        }
    }

    /// The scope of an inventory: a zone is in its region.
    pub(crate) fn of_inventory(&self) -> InventoryScope {
        match self {
            Self::Global => InventoryScope::global(),
            Self::Region(name) => InventoryScope::new(name),
            Self::Zone(name) => InventoryScope::new(&format!("{}/{name}", zones::region_of(name))),
        }
    }

    /// Its region: that of its zone too.
    pub(crate) fn region(&self) -> Option<&str> {
        match self {
            Self::Global => None,
            Self::Region(name) => Some(name),
            Self::Zone(name) => Some(zones::region_of(name)),
        }
    }

    /// Refuses a region or zone that does not exist.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let (is_known, what, name) = match self {
            Self::Global => return Ok(()),
            Self::Region(name) => (zones::is_region(name), "region", name),
            Self::Zone(name) => (zones::is_zone(name), "zone", name),
        };
        if is_known {
            return Ok(());
        }
        Err(ApiError::invalid(format!(
            "Invalid value for field '{what}': '{name}'. Unknown {what}."
        )))
    }
}

/// What a call is about: a collection in a scope, and perhaps one resource of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scope: Scope,
    /// The resource's name; empty when the call is about the collection.
    pub(crate) name: String,
}

impl Place {
    /// The place that the path of a call names.
    pub(crate) fn of(path: &str) -> Result<Self, ApiError> {
        let read = || {
            let (scope, rest) = Scope::read(links::below_project(path))?;
            let name = rest.split('/').nth(1).unwrap_or_default();
            let (scope, name) = (decoded(scope)?, links::decoded(name)?);
            Some(Self { scope, name })
        };
        let place = read().ok_or_else(|| ApiError::invalid(format!("Invalid path '{path}'.")))?;
        place.scope.check()?;
        Ok(place)
    }
}

fn decoded(scope: Scope) -> Option<Scope> {
    Some(match scope {
        Scope::Global => Scope::Global,
        Scope::Region(name) => Scope::Region(links::decoded(&name)?),
        Scope::Zone(name) => Scope::Zone(links::decoded(&name)?),
    })
}

/// The link to a path below the project.
pub(crate) fn link(state: &State, path: &str) -> String {
    format!("{}projects/{}/{path}", links::COMPUTE, state.setup.project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<(&str, &str)>) {
        let place = Place::of(&format!("/compute/v1/projects/p/{path}")).ok();
        let found = place.map(|place| (place.scope.to_string(), place.name));
        let expected = expected.map(|(scope, name)| (scope.to_owned(), name.to_owned()));
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn the_path_tells_scope_and_name() {
        check("global/networks", Some(("global", "")));
        check("global/networks/n", Some(("global", "n")));
        check(
            "zones/us-central1-a/disks/d/resize",
            Some(("zones/us-central1-a", "d")),
        );
        check(
            "regions/us-central1/routers",
            Some(("regions/us-central1", "")),
        );
        check("regions/atlantis/routers", None);
        check("elsewhere/x", None);
    }
}
