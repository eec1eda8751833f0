//! Bystanders: resources of other owners and shared ones, which must survive every run.
//!
//! Kept separate so that tests can see what exists before a run.

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use serde_json::json;

use crate::resource_manager::policy;
use crate::state::State;
use crate::{compute, container, dns, file, iam, kms, logging, named};

/// The id of their DNS zone.
const ZONE_ID: u64 = 7_312_450_981_166_203_491;

/// Adds them to a fresh project: what every project has, and what others made in it.
pub(crate) fn add(state: &mut State) {
    let now = state.now;
    state.now = now - SignedDuration::from_hours(24 * 40);
    let default =
        json!({"description": "Default network for the project", "autoCreateSubnetworks": true});
    compute::add(state, "global/networks/default", default);
    add_rules(state);
    logging::sinks::add_defaults(state);
    add_of_others(state);
    add_members(state);
    let used = ["compute", "iam"].map(|name| format!("{name}.googleapis.com"));
    state.project.used.extend(used);
    state.now = now;
}

/// The firewall rules that the default network has from the start.
fn add_rules(state: &mut State) {
    let network = compute::link(state, "global/networks/default");
    let (tcp, any) = (
        |port: &str| json!({"IPProtocol": "tcp", "ports": [port]}),
        "0.0.0.0/0",
    );
    let icmp = json!({"IPProtocol": "icmp"});
    let rules = [
        ("internal", "10.128.0.0/9", json!([tcp("0-65535"), icmp])),
        ("icmp", any, json!([icmp])),
        ("ssh", any, json!([tcp("22")])),
        ("rdp", any, json!([tcp("3389")])),
    ];
    for (name, source, allowed) in rules {
        let document = json!({
            "network": network, "description": format!("Allow {name} from {source}"),
            "priority": 65534, "sourceRanges": [source], "allowed": allowed,
        });
        compute::add(
            state,
            &format!("global/firewalls/default-allow-{name}"),
            document,
        );
    }
}

/// Resources of another team. Their names begin like a run's, but they belong to none.
fn add_of_others(state: &mut State) {
    let labels = json!({"team": "research"});
    let network = json!({"description": "research", "autoCreateSubnetworks": false});
    compute::add(state, "global/networks/kp-legacy", network);
    let network = compute::link(state, "global/networks/kp-legacy");
    let subnetwork = json!({"network": network, "ipCidrRange": "10.64.0.0/20"});
    compute::add(
        state,
        "regions/us-central1/subnetworks/kp-legacy",
        subnetwork,
    );
    let path = "regions/us-central1/subnetworks/kp-legacy";
    let machine = json!({
        "machineType": compute::link(state, "zones/us-central1-a/machineTypes/e2-small"),
        "labels": labels, "networkInterfaces": [{"subnetwork": compute::link(state, path)}],
        "disks": [{"boot": true, "autoDelete": true, "initializeParams": {"diskSizeGb": "20"}}],
    });
    compute::add(
        state,
        "zones/us-central1-a/instances/kp-legacy-build",
        machine,
    );
    let disk = json!({"labels": labels, "sizeGb": "200"});
    compute::add(state, "zones/us-central1-a/disks/kp-legacy-data", disk);
    let address = json!({"labels": labels});
    compute::add(state, "regions/us-central1/addresses/kp-legacy", address);
    dns::add(state, ZONE_ID, ("kp-legacy", "research.example."), "www");
    file::add(state, "us-central1-a", "kp-legacy", &network);
    kms::add(state, "kp-legacy", "data");
    iam::pools::add(state, "kp-legacy");
}

/// Who uses the project besides: people, a pipeline, and the accounts that Google makes.
fn add_members(state: &mut State) {
    let given = json!({"displayName": "pipeline", "description": "deploys the shop"});
    let empty = serde_json::Map::new();
    let email = format!(
        "ci-deployer@{}.iam.gserviceaccount.com",
        state.setup.project
    );
    iam::add(state, &email, given.as_object().unwrap_or(&empty));
    let (number, domain) = (state.setup.project_number, "gserviceaccount.com");
    let compute = format!("serviceAccount:{number}-compute@developer.{domain}");
    let agent = format!("serviceAccount:service-{number}@container-engine-robot.iam.{domain}");
    policy::add(state, "roles/owner", "user:alice@example.com");
    policy::add(state, "roles/editor", &compute);
    policy::add(state, "roles/container.serviceAgent", &agent);
    let pipeline = format!("serviceAccount:{email}");
    policy::add(state, "roles/container.developer", &pipeline);
    // A policy that is written back without its version loses this.
    let condition = json!({
        "title": "working hours", "expression": "request.time.getHours(\"Europe/Berlin\") < 18",
    });
    let group = "group:on-call@example.com";
    policy::add_with(state, "roles/viewer", group, Some(condition));
}

/// The whole state of a resource as text, including what the inventory does not show.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let whole = match resource.resource_type.as_str() {
        "gke_cluster" => container::canonical(state, resource),
        "service_account" => iam::canonical(state, resource),
        "dns_zone" | "dns_record" => dns::canonical(state, resource),
        "filestore_instance" => file::canonical(state, resource),
        "gke_hub_membership"
        | "kms_crypto_key"
        | "log_bucket"
        | "log_sink"
        | "workload_identity_pool"
        | "workload_identity_provider" => named::canonical(state, resource),
        _ => compute::canonical(state, resource),
    };
    format!(
        "{:?}|{}|{:?}|{:?}|{whole}",
        resource.name, resource.state, resource.tags, resource.properties
    )
}
