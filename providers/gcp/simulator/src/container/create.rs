//! Creating clusters.

use std::time::Duration;

use kubeproof_simkit::operation::Failure;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::cluster::{Cluster, key};
use super::operations::{self, Change};
use super::pool::Pool;
use super::{input, resources, usage};
use crate::compute::{self, machine_types, quota};
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};
use crate::{iam, links};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("POST", "/projects/{project}/locations/{location}/clusters", "container.projects.locations.clusters.create", create),
    on("POST", "/projects/{project}/zones/{zone}/clusters", "container.projects.zones.clusters.create", create),
]);

/// Seconds until a cluster of a zone, of a region and an Autopilot one runs.
const ZONAL: i64 = 300;
const REGIONAL: i64 = 420;
const AUTOPILOT: i64 = 480;

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut body = body(call.request)?;
    let Some(Value::Object(asked)) = body.remove("cluster") else {
        return Err(ApiError::required("cluster"));
    };
    let mut cluster = input::cluster(state, call, asked)?;
    let key = key(&cluster.location, &cluster.name);
    if state.container.clusters.has(&key) {
        let (project, path) = (&state.setup.project, cluster.path());
        return Err(ApiError::exists(format!(
            "Already exists: projects/{project}/{path}."
        )));
    }
    connect(state, &mut cluster)?;
    for pool in &cluster.pools {
        check_account(
            state,
            pool.config("serviceAccount").as_str().unwrap_or_default(),
        )?;
        check_quota(state, &cluster, pool)?;
    }
    let failure = no_machines(state, call, &cluster.locations());
    let vanishes = call.injected.take_partial();
    let failure = failure.or_else(|| vanishes.then(|| operations::explained(Some("INTERNAL"))));
    cluster.id = state.ids.hex(64);
    cluster.endpoint = compute::public_address(state);
    let (seconds, _) = lasts(&cluster);
    state.container.clusters.insert(key.clone(), cluster);
    usage::start(state, &key);
    let kind = ("CREATE_CLUSTER", seconds);
    Ok(operations::begin(
        state,
        call,
        &key,
        kind,
        Change::CreateCluster { vanishes },
        failure,
    ))
}

/// How long the creation of such a cluster takes, seconds, and what it is.
fn lasts(cluster: &Cluster) -> (i64, &'static str) {
    if cluster.is_autopilot() {
        (AUTOPILOT, "Autopilot cluster")
    } else if cluster.is_zonal() {
        (ZONAL, "cluster of a zone with its nodes")
    } else {
        (REGIONAL, "cluster of a region with its nodes")
    }
}

/// The shortest time in which the cluster that was made last could be made, with its network if that is no bystander's,
/// and the chain of operations.
pub(crate) fn fastest_ready(state: &State) -> Option<(Duration, String)> {
    let clusters = state.container.clusters.all();
    let own = clusters.filter(|cluster| !state.container.exempt.contains(&cluster.id));
    let cluster = own.max_by_key(|cluster| cluster.created)?;
    let (mut seconds, what) = lasts(cluster);
    let mut chain = what.to_owned();
    if compute::is_own(
        state,
        &format!("global/networks/{}", cluster.text("network")),
    ) {
        seconds += compute::fastest_network();
        chain = format!("network → subnetwork → {what}");
    }
    Some((Duration::from_secs(u64::try_from(seconds).ok()?), chain))
}

/// Refuses a service account that does not exist, or that was made so lately that it is not known here yet.
fn check_account(state: &State, email: &str) -> Result<(), ApiError> {
    if iam::is_known(state, email) {
        return Ok(());
    }
    let message = format!("Service account \"{email}\" does not exist.");
    Err(ApiError::invalid(message))
}

/// The zone without machines for a request, if there is one: the operation will say so.
pub(crate) fn no_machines(state: &State, call: &Call<'_>, zones: &[String]) -> Option<Failure> {
    let exhausted = &state.setup.exhausted_zones;
    let is_lacking = zones.iter().any(|zone| exhausted.contains(zone));
    (call.injected.take_capacity() || is_lacking)
        .then(|| operations::explained(Some("GCE_STOCKOUT")))
}

/// Finds the network and the subnetwork of a cluster, and the ranges for pods and services.
fn connect(state: &State, cluster: &mut Cluster) -> Result<(), ApiError> {
    let network = links::name(cluster.text("network")).to_owned();
    let path = format!("global/networks/{network}");
    if !compute::is_ready(state, &path) {
        return Err(ApiError::invalid(format!(
            "Network \"{network}\" does not exist."
        )));
    }
    let region = cluster.region().to_owned();
    let asked = links::name(cluster.text("subnetwork")).to_owned();
    let subnetwork = if asked.is_empty() {
        let of_network = compute::link(state, &path);
        compute::subnetwork_in(state, &of_network, &region)
            .map(|link| links::name(&link).to_owned())
            .ok_or_else(|| {
                ApiError::invalid(format!(
                    "Network \"{network}\" requires specifying a subnetwork in region \"{region}\"."
                ))
            })?
    } else {
        asked
    };
    let path = format!("regions/{region}/subnetworks/{subnetwork}");
    if !compute::is_ready(state, &path) {
        return Err(ApiError::invalid(format!(
            "Subnetwork \"{subnetwork}\" does not exist in region \"{region}\"."
        )));
    }
    let ranges = compute::ranges(state, &path);
    for member in ["clusterSecondaryRangeName", "servicesSecondaryRangeName"] {
        let name = cluster.text(&format!("/ipAllocationPolicy/{member}"));
        if !name.is_empty() && !ranges.contains_key(name) {
            return Err(ApiError::invalid(format!(
                "Secondary range \"{name}\" does not exist in network \"{network}\", subnetwork \"{subnetwork}\"."
            )));
        }
    }
    let document = &mut cluster.document;
    document.insert("network".to_owned(), json!(network));
    document.insert("subnetwork".to_owned(), json!(subnetwork));
    name_ranges(cluster, &ranges);
    Ok(())
}

/// Shows the ranges that pods and services get.
fn name_ranges(cluster: &mut Cluster, ranges: &std::collections::BTreeMap<String, String>) {
    let of = |member: &str, managed: &str| {
        let name = cluster.text(&format!("/ipAllocationPolicy/{member}"));
        let range = ranges.get(name).map_or(managed, String::as_str);
        range.to_owned()
    };
    let pods = of("clusterSecondaryRangeName", resources::MANAGED_PODS);
    let services = of("servicesSecondaryRangeName", resources::MANAGED_SERVICES);
    let document = &mut cluster.document;
    document.insert("clusterIpv4Cidr".to_owned(), json!(pods));
    document.insert("servicesIpv4Cidr".to_owned(), json!(services));
    let policy = document
        .get_mut("ipAllocationPolicy")
        .and_then(Value::as_object_mut);
    let blocks = Object::from_iter([
        ("clusterIpv4Cidr".to_owned(), json!(pods)),
        ("clusterIpv4CidrBlock".to_owned(), json!(pods)),
        ("servicesIpv4Cidr".to_owned(), json!(services)),
        ("servicesIpv4CidrBlock".to_owned(), json!(services)),
    ]);
    if let Some(policy) = policy {
        policy.extend(blocks);
    }
}

/// Refuses a pool for whose nodes the region has no quota.
pub(crate) fn check_quota(state: &State, cluster: &Cluster, pool: &Pool) -> Result<(), ApiError> {
    let zones = pool.locations(&cluster.locations()).len() as u64;
    let nodes = zones.saturating_mul(u64::from(pool.size));
    let vcpus = machine_types::find(pool.machine_type()).map_or(0, |found| found.vcpus);
    let wanted = nodes.saturating_mul(u64::from(vcpus));
    let Some((metric, limit)) = quota::over(state, cluster.region(), &[("CPUS", wanted)]) else {
        return Ok(());
    };
    Err(ApiError::new(
        403,
        "RESOURCE_EXHAUSTED",
        "quotaExceeded",
        format!(
            "Insufficient regional quota to satisfy request: resource \"{metric}\": request requires '{wanted}.0' and \
             is short. Project has a quota of '{limit}.0'."
        ),
    ))
}
