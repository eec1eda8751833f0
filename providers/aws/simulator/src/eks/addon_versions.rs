//! The add-ons that EKS offers, with the versions that fit each version of Kubernetes.
//!
//! The table `addons.csv` names the source of each row. Which of several versions is the default has none: it is the
//! oldest row.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{input, versions};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;

/// A version of an add-on.
pub struct Version {
    /// The add-on.
    pub addon: &'static str,
    /// Such as `v1.12.4-eksbuild.1`.
    pub name: &'static str,
    /// The minor versions of the first and the last cluster that it fits.
    clusters: (u32, u32),
    is_default: bool,
}

impl Version {
    fn fits(&self, minor: u32) -> bool {
        (self.clusters.0..=self.clusters.1).contains(&minor)
    }
}

static VERSIONS: LazyLock<Vec<Version>> = LazyLock::new(|| {
    let rows = include_str!("../../../addons.csv").lines().skip(1);
    rows.filter_map(read).collect()
});

fn read(row: &'static str) -> Option<Version> {
    let mut cells = row.split(',');
    Some(Version {
        addon: cells.next()?,
        name: cells.next()?,
        clusters: (
            versions::minor(cells.next()?),
            versions::minor(cells.next()?),
        ),
        is_default: cells.next()? == "true",
    })
}

/// The kind of an add-on, in EKS's words.
fn kind(addon: &str) -> &'static str {
    match addon {
        "aws-ebs-csi-driver" => "storage",
        "eks-pod-identity-agent" => "security",
        "metrics-server" => "observability",
        _ => "networking",
    }
}

/// Whether EKS offers an add-on of this name.
pub fn is_known(addon: &str) -> bool {
    VERSIONS.iter().any(|version| version.addon == addon)
}

/// The version with this name, if it fits the cluster.
pub fn find(addon: &str, name: &str, cluster_version: &str) -> Option<&'static Version> {
    let minor = versions::minor(cluster_version);
    let mut fitting = VERSIONS.iter().filter(|version| version.addon == addon);
    fitting.find(|version| version.name == name && version.fits(minor))
}

/// The version that a cluster gets when none is asked for.
pub fn default(addon: &str, cluster_version: &str) -> Option<&'static Version> {
    let minor = versions::minor(cluster_version);
    let mut of_addon = VERSIONS.iter().filter(|version| version.addon == addon);
    of_addon.find(|version| version.is_default && version.fits(minor))
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    let wanted = |name: &str, value: &str| call.params.get(name).is_none_or(|one| one == value);
    let cluster = call.params.get("kubernetesVersion");
    let mut addons: Vec<&str> = VERSIONS.iter().map(|version| version.addon).collect();
    addons.dedup();
    let types = input::query_list(call, "types");
    let chosen = addons.into_iter().filter(|name| {
        wanted("addonName", name) && (types.is_empty() || types.iter().any(|one| one == kind(name)))
    });
    let views = chosen.map(|name| view(name, cluster));
    let found: Vec<Value> = views.flatten().collect();
    input::paged(state, call, "addons", found)
}

/// An add-on with its versions, the newest first; none when no version fits the cluster.
fn view(addon: &str, cluster: Option<&str>) -> Option<Value> {
    let fits = |version: &&Version| {
        version.addon == addon && cluster.is_none_or(|name| version.fits(versions::minor(name)))
    };
    let versions: Vec<Value> = VERSIONS
        .iter()
        .filter(fits)
        .rev()
        .map(|one| version(one, cluster))
        .collect();
    (!versions.is_empty()).then(|| {
        json!({
            "addonName": addon,
            "type": kind(addon),
            "addonVersions": versions,
            "publisher": "eks",
            "owner": "aws",
        })
    })
}

fn version(version: &Version, cluster: Option<&str>) -> Value {
    let (first, last) = version.clusters;
    let asked = cluster.map(versions::minor);
    let minors = (first..=last).filter(|minor| asked.is_none_or(|asked| asked == *minor));
    let one = |minor: u32| {
        let name = format!("1.{minor}");
        let is_default =
            default(version.addon, &name).is_some_and(|usual| usual.name == version.name);
        json!({ "clusterVersion": name, "platformVersions": ["*"], "defaultVersion": is_default })
    };
    json!({
        "addonVersion": version.name,
        "architecture": ["amd64", "arm64"],
        "computeTypes": ["ec2"],
        "compatibilities": minors.rev().map(one).collect::<Vec<_>>(),
        "requiresConfiguration": false,
        "requiresIamPermissions": version.addon == "aws-ebs-csi-driver" || version.addon == "vpc-cni",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_each_offered_cluster_has_one_default_of_each_addon() {
        let rows = include_str!("../../../addons.csv").lines().count() - 1;
        assert_eq!(VERSIONS.len(), rows);
        for minor in 28..=35 {
            for version in VERSIONS.iter() {
                let usual = |one: &&Version| {
                    one.addon == version.addon && one.is_default && one.fits(minor)
                };
                assert_eq!(
                    VERSIONS.iter().filter(usual).count(),
                    1,
                    "{} 1.{minor}",
                    version.addon
                );
            }
        }
    }
}
