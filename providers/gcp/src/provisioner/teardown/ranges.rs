//! The ranges that Kubernetes Engine adds to a subnetwork of others for the pods and services of a cluster, and may
//! leave there when the cluster is gone.

use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::compute::{self, Place};
use super::super::{READ, Work};

/// A subnetwork, as far as its ranges go. A range is kept as it is: what this program does not know of it must not be
/// lost when the others are written back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subnetwork {
    name: String,
    fingerprint: String,
    #[serde(default)]
    secondary_ip_ranges: Vec<Value>,
}

/// The ranges of the run's cluster that are in a subnetwork which was there before, as `SUBNETWORK/RANGE`. A subnetwork
/// of the run's own goes as a whole.
pub(super) async fn left(work: &Work) -> Result<Vec<String>, CallError> {
    let Some(subnetwork) = read(work).await? else {
        return Ok(Vec::new());
    };
    let cluster = work.run().name("");
    let names = subnetwork.secondary_ip_ranges.iter().map(name);
    let ours = names.filter(|name| is_of_cluster(&cluster, name));
    Ok(ours
        .map(|range| format!("{}/{range}", subnetwork.name))
        .collect())
}

/// Takes these ranges out of the subnetwork. The fingerprint says what was read, so a change that others make in the
/// meantime is refused and read again, never undone.
pub(super) async fn remove(
    work: &Work,
    names: &[String],
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let Some(mut subnetwork) = read(work).await? else {
        return Ok(());
    };
    let own = &subnetwork.name;
    let is_gone = |range: &Value| {
        let id = format!("{own}/{}", name(range));
        names.contains(&id)
    };
    let before = subnetwork.secondary_ip_ranges.len();
    subnetwork
        .secondary_ip_ranges
        .retain(|range| !is_gone(range));
    if subnetwork.secondary_ip_ranges.len() == before {
        return Ok(());
    }
    let body = json!({
        "fingerprint": subnetwork.fingerprint, "secondaryIpRanges": subnetwork.secondary_ip_ranges,
    });
    let Some((place, existing)) = existing(work) else {
        return Ok(());
    };
    compute::change(
        work,
        "subnetworks.patch",
        &place,
        existing,
        Some(&body),
        policy,
    )
    .await
}

/// Where the subnetwork is that was there before, and its name.
fn existing(work: &Work) -> Option<(Place, &str)> {
    let existing = work.spec.network.existing.as_ref()?;
    let place = Place::Region(work.region().to_owned());
    Some((place, existing.subnetwork.0.as_str()))
}

async fn read(work: &Work) -> Result<Option<Subnetwork>, CallError> {
    let Some((_, name)) = existing(work) else {
        return Ok(None);
    };
    let parameters = [work.project(), work.region(), name];
    let call = RestCall::new("subnetworks.get", &parameters);
    match work.api.compute.call(READ, call).await {
        Err(error) if error.is_not_found() => Ok(None),
        read => read.map(Some),
    }
}

fn name(range: &Value) -> &str {
    range["rangeName"].as_str().unwrap_or_default()
}

/// Whether a range is one that Kubernetes Engine made for this cluster: `gke-CLUSTER-pods-HASH`, or `services`. The
/// hash is all that follows, so that the ranges of a cluster whose name begins with this one's are told apart.
fn is_of_cluster(cluster: &str, range: &str) -> bool {
    let rest = range.strip_prefix("gke-");
    let rest = rest.and_then(|rest| rest.strip_prefix(cluster));
    let hash = ["-pods-", "-services-"]
        .iter()
        .find_map(|what| rest?.strip_prefix(what));
    hash.is_some_and(|hash| !hash.is_empty() && hash.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_that_were_made_for_the_cluster_are_the_runs() {
        let check = |range: &str, expected: bool| {
            assert_eq!(is_of_cluster("kp-r1", range), expected, "{range}");
        };
        check("gke-kp-r1-pods-0a1b2c3d", true);
        check("gke-kp-r1-services-0a1b2c3d", true);
        check("gke-kp-r1-2-pods-0a1b2c3d", false);
        check("gke-kp-r1-pods-", false);
        check("gke-kp-r1-pods-of-others", false);
        check("gke-kp-r1-nodes-0a1b2c3d", false);
        check("kp-r1-pods-0a1b2c3d", false);
        check("pods", false);
    }
}
