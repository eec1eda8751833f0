//! What a request may ask for, checked and completed with what Kubernetes Engine chooses itself.

use serde_json::{Value, json};

use super::cluster::{Cluster, Status};
use super::pool::Pool;
use super::versions;
use crate::compute::members::{self, Member, check_labels};
use crate::compute::{machine_types, zones};
use crate::route::Call;
use crate::state::State;
use crate::wire::{ApiError, Object};

/// Most nodes of a pool in a zone.
const SIZE_MAX: i64 = 1000;

/// The members of a cluster that are known. What they mean is said where they are read; the others are shown as they
/// were given.
const CLUSTER: &[(&str, Member)] = &[
    ("addonsConfig", Member::Object),
    ("autopilot", Member::Object),
    ("autoscaling", Member::Object),
    ("clusterIpv4Cidr", Member::Text),
    ("controlPlaneEndpointsConfig", Member::Object),
    ("costManagementConfig", Member::Object),
    ("defaultMaxPodsConstraint", Member::Object),
    ("description", Member::Text),
    ("initialClusterVersion", Member::Text),
    ("initialNodeCount", Member::Number),
    ("ipAllocationPolicy", Member::Object),
    ("legacyAbac", Member::Object),
    ("location", Member::Output),
    ("locations", Member::Texts),
    ("loggingConfig", Member::Object),
    ("loggingService", Member::Text),
    ("maintenancePolicy", Member::Object),
    ("masterAuth", Member::Object),
    ("masterAuthorizedNetworksConfig", Member::Object),
    ("monitoringConfig", Member::Object),
    ("monitoringService", Member::Text),
    ("network", Member::Text),
    ("networkConfig", Member::Object),
    ("networkPolicy", Member::Object),
    ("nodeConfig", Member::Object),
    ("nodePools", Member::Objects),
    ("privateClusterConfig", Member::Object),
    ("releaseChannel", Member::Object),
    ("resourceLabels", Member::Object),
    ("shieldedNodes", Member::Object),
    ("subnetwork", Member::Text),
    ("verticalPodAutoscaling", Member::Object),
    ("workloadIdentityConfig", Member::Object),
];

/// The members of a node pool that are known.
const POOL: &[(&str, Member)] = &[
    ("autoscaling", Member::Object),
    ("config", Member::Object),
    ("etag", Member::Output),
    ("initialNodeCount", Member::Number),
    ("locations", Member::Texts),
    ("management", Member::Object),
    ("maxPodsConstraint", Member::Object),
    ("networkConfig", Member::Object),
    ("upgradeSettings", Member::Object),
    ("version", Member::Text),
];

/// The members of the configuration of nodes that are known.
const CONFIG: &[(&str, Member)] = &[
    ("accelerators", Member::Objects),
    ("diskSizeGb", Member::Number),
    (
        "diskType",
        Member::Word(&["pd-standard", "pd-balanced", "pd-ssd"]),
    ),
    ("gvnic", Member::Object),
    ("imageType", Member::Text),
    ("labels", Member::Object),
    ("loggingConfig", Member::Object),
    ("machineType", Member::Text),
    ("metadata", Member::Object),
    ("oauthScopes", Member::Texts),
    ("preemptible", Member::Flag),
    ("resourceLabels", Member::Labels),
    ("serviceAccount", Member::Text),
    ("shieldedInstanceConfig", Member::Object),
    ("spot", Member::Flag),
    ("tags", Member::Texts),
    ("taints", Member::Objects),
    ("workloadMetadataConfig", Member::Object),
];

/// Whether a cluster or pool may be called this: as in Compute Engine, but at most 40 characters.
fn check_name(what: &str, name: &str) -> Result<(), ApiError> {
    if name.len() <= 40 && crate::compute::is_name(name) {
        return Ok(());
    }
    let rule = "(alphanumeric, dashes, at most 40 characters, starting with a letter)";
    Err(ApiError::invalid(format!(
        "{what}.name \"{name}\" is not a valid name {rule}."
    )))
}

/// The location that a call names.
pub(crate) fn location(call: &Call<'_>) -> Result<String, ApiError> {
    let name = call.parameter(1);
    if zones::is_zone(name) || zones::is_region(name) {
        return Ok(name.to_owned());
    }
    Err(ApiError::invalid(format!(
        "Location \"{name}\" does not exist."
    )))
}

/// The location whose things a call lists; `None` if it lists those of all.
pub(crate) fn listed_location(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    if call.parameter(1) == "-" {
        return Ok(None);
    }
    location(call).map(Some)
}

/// A cluster that is asked for, with its pools, before it has an id.
pub(crate) fn cluster(state: &State, call: &Call<'_>, body: Object) -> Result<Cluster, ApiError> {
    let location = location(call)?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    check_name("Cluster", name)?;
    let name = name.to_owned();
    let mut document = members::read(state, call.name, CLUSTER, body)?;
    if let Some(labels) = document.get("resourceLabels") {
        check_labels(labels)?;
    }
    let pools = document.remove("nodePools");
    let count = document.remove("initialNodeCount");
    let channel = document.get("releaseChannel");
    let channel = channel
        .and_then(|one| one["channel"].as_str())
        .map(str::to_owned);
    let asked = document
        .get("initialClusterVersion")
        .and_then(Value::as_str);
    let version = versions::resolved(asked.unwrap_or_default(), channel.as_deref())?;
    document.insert("initialClusterVersion".to_owned(), json!(version));
    let mut cluster = Cluster {
        id: String::new(),
        created: state.now,
        status: Status::Provisioning,
        conditions: Vec::new(),
        endpoint: String::new(),
        was_ready: false,
        pools: Vec::new(),
        name,
        location,
        version,
        document,
    };
    check_locations(&mut cluster)?;
    cluster.pools = asked_pools(state, call, &cluster, count, pools)?;
    complete(&mut cluster);
    Ok(cluster)
}

/// The zones of a cluster's nodes: its zone, or three of its region.
fn check_locations(cluster: &mut Cluster) -> Result<(), ApiError> {
    let given = cluster.locations();
    let region = cluster.region().to_owned();
    if let Some(other) = given
        .iter()
        .find(|zone| !zones::is_zone(zone) || zones::region_of(zone) != region)
    {
        return Err(ApiError::invalid(format!(
            "Location \"{other}\" is not in the region of the cluster."
        )));
    }
    if given.is_empty() {
        let chosen = if cluster.is_zonal() {
            vec![cluster.location.clone()]
        } else {
            zones::zones_of(&region).into_iter().take(3).collect()
        };
        cluster
            .document
            .insert("locations".to_owned(), json!(chosen));
    }
    Ok(())
}

/// The pools that a new cluster has: those given, or a default one.
fn asked_pools(
    state: &State,
    call: &Call<'_>,
    cluster: &Cluster,
    count: Option<Value>,
    pools: Option<Value>,
) -> Result<Vec<Pool>, ApiError> {
    let given = match pools {
        Some(Value::Array(pools)) => pools,
        _ => Vec::new(),
    };
    if cluster.is_autopilot() {
        if !given.is_empty() {
            let why = "Node pools cannot be specified for Autopilot clusters.";
            return Err(ApiError::invalid(why));
        }
        let machines = json!({"name": "default-pool", "initialNodeCount": 1,
                              "config": {"machineType": "e2-medium", "diskSizeGb": 100}});
        return Ok(vec![pool(state, call, cluster, &machines)?]);
    }
    match (count, given.is_empty()) {
        (Some(_), false) => Err(ApiError::invalid(
            "Cluster.initial_node_count and Cluster.node_pools cannot both be specified.",
        )),
        (Some(count), true) => {
            let config = cluster.document.get("nodeConfig");
            let config = config.cloned().unwrap_or_else(|| json!({}));
            let asked =
                json!({"name": "default-pool", "initialNodeCount": count, "config": config});
            if count.as_i64().is_none_or(|count| count < 1) {
                return Err(no_nodes());
            }
            Ok(vec![pool(state, call, cluster, &asked)?])
        }
        (None, true) => Err(no_nodes()),
        (None, false) => {
            let mut made: Vec<Pool> = Vec::new();
            for asked in given {
                let pool = pool(state, call, cluster, &asked)?;
                if made.iter().any(|one| one.name == pool.name) {
                    return Err(ApiError::invalid(format!(
                        "Node pool \"{}\" is specified twice.",
                        pool.name
                    )));
                }
                made.push(pool);
            }
            Ok(made)
        }
    }
}

fn no_nodes() -> ApiError {
    ApiError::invalid("Cluster.initial_node_count must be greater than zero.")
}

/// A node pool that is asked for.
pub(crate) fn pool(
    state: &State,
    call: &Call<'_>,
    cluster: &Cluster,
    asked: &Value,
) -> Result<Pool, ApiError> {
    let name = asked["name"].as_str().unwrap_or_default();
    check_name("NodePool", name)?;
    let members = asked.as_object().cloned().unwrap_or_default();
    let mut document = members::read(state, call.name, POOL, members)?;
    let config = match document.remove("config") {
        Some(Value::Object(config)) => config,
        _ => Object::new(),
    };
    let mut config = members::read(state, call.name, CONFIG, config)?;
    let mut default = |member: &str, value: Value| {
        config.entry(member).or_insert(value);
    };
    default("machineType", json!("e2-medium"));
    default("diskSizeGb", json!(100));
    default("diskType", json!("pd-balanced"));
    default("imageType", json!("COS_CONTAINERD"));
    default("serviceAccount", json!("default"));
    default(
        "shieldedInstanceConfig",
        json!({"enableIntegrityMonitoring": true}),
    );
    check_config(&config)?;
    let count = document.get("initialNodeCount").and_then(Value::as_i64);
    let count = count.unwrap_or(0);
    let size = u32::try_from(count).ok().filter(|_| count <= SIZE_MAX);
    let size = size.ok_or_else(|| {
        ApiError::invalid(format!(
            "NodePool.initial_node_count must be between 0 and {SIZE_MAX}."
        ))
    })?;
    let version = document.get("version").and_then(Value::as_str);
    let version = match version {
        None | Some("" | "-") => cluster.version.clone(),
        Some(asked) => versions::resolved(asked, None)?,
    };
    document.insert("initialNodeCount".to_owned(), json!(size));
    document.insert("config".to_owned(), Value::Object(config));
    document.remove("version");
    let mut default = |member: &str, value: Value| {
        document.entry(member).or_insert(value);
    };
    default(
        "management",
        json!({"autoRepair": true, "autoUpgrade": true}),
    );
    default(
        "upgradeSettings",
        json!({"maxSurge": 1, "strategy": "SURGE"}),
    );
    default("maxPodsConstraint", json!({"maxPodsPerNode": "110"}));
    Ok(Pool {
        name: name.to_owned(),
        status: Status::Provisioning,
        conditions: Vec::new(),
        managers: Vec::new(),
        nodes: Vec::new(),
        version,
        size,
        document,
    })
}

fn check_config(config: &Object) -> Result<(), ApiError> {
    let machine = config.get("machineType").and_then(Value::as_str);
    let machine = machine.unwrap_or_default();
    if machine_types::find(machine).is_none() {
        return Err(ApiError::invalid(format!(
            "Machine type with name \"{machine}\" does not exist, or is not simulated."
        )));
    }
    let disk = config.get("diskSizeGb").and_then(Value::as_i64);
    if !disk.is_some_and(|gib| (10..=65_536).contains(&gib)) {
        return Err(ApiError::invalid(
            "NodeConfig.disk_size_gb must be between 10 and 65536.",
        ));
    }
    Ok(())
}

/// Completes a cluster with what Kubernetes Engine chooses.
fn complete(cluster: &mut Cluster) {
    let is_autopilot = cluster.is_autopilot();
    let document = &mut cluster.document;
    let mut default = |member: &str, value: Value| {
        document.entry(member).or_insert(value);
    };
    default("network", json!("default"));
    default("loggingService", json!("logging.googleapis.com/kubernetes"));
    default(
        "monitoringService",
        json!("monitoring.googleapis.com/kubernetes"),
    );
    default("releaseChannel", json!({"channel": "REGULAR"}));
    default("shieldedNodes", json!({"enabled": true}));
    default("ipAllocationPolicy", json!({}));
    document.remove("nodeConfig");
    let policy = document
        .get_mut("ipAllocationPolicy")
        .and_then(Value::as_object_mut);
    if let Some(policy) = policy {
        // Only routes-based clusters, which are not simulated, go without.
        policy.insert("useIpAliases".to_owned(), json!(true));
        policy.remove("createSubnetwork");
        policy.entry("stackType").or_insert(json!("IPV4"));
    }
    if is_autopilot {
        document.insert("autopilot".to_owned(), json!({"enabled": true}));
    }
}
