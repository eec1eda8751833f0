//! The project: its services, permissions and billing.

use kubeproof_gcp_simulator::setup::ACCESS_TOKEN;
use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTERS, cluster, to};

const SERVICES: &str = "serviceusage /projects/kubeproof-rehearsal/services";

/// A project in which Kubernetes Engine is disabled.
fn without_container() -> Bench {
    Bench::with(|setup| {
        setup
            .services
            .retain(|one| one != "container.googleapis.com");
    })
}

fn state(bench: &mut Bench, service: &str) -> Value {
    let line = format!("GET {SERVICES}/{service}.googleapis.com");
    bench.fine(&line, Value::Null)["state"].clone()
}

#[test]
fn enabling_takes_an_operation_and_spreads_later() {
    let mut bench =
        Bench::with(|setup| setup.services.retain(|one| one != "compute.googleapis.com"));
    let networks = "GET compute global/networks";
    let message = bench.refused(networks, Value::Null, 403, "accessNotConfigured");
    assert!(message.contains("compute.googleapis.com"), "{message}");
    let body = json!({"serviceIds": ["compute.googleapis.com", "iam.googleapis.com"]});
    let begun = bench.fine(&format!("POST {SERVICES}:batchEnable"), body);
    assert!(begun.get("done").is_none(), "{begun}");
    assert_eq!(state(&mut bench, "compute"), "DISABLED");
    let name = begun["name"].as_str().unwrap().to_owned();
    let line = format!("GET serviceusage /{name}");
    let is_done = |bench: &mut Bench| bench.fine(&line, Value::Null)["done"] == true;
    let took = (1..=30).find(|_| {
        bench.wait(1);
        is_done(&mut bench)
    });
    assert!(took.is_some(), "at most 30 seconds");
    assert_eq!(state(&mut bench, "compute"), "ENABLED");
    // Known to Service Usage, and not yet to the service itself.
    bench.refused(networks, Value::Null, 403, "accessNotConfigured");
    bench.wait(90);
    bench.ok(networks, Value::Null);
}

#[test]
fn what_is_enabled_already_needs_no_operation() {
    let mut bench = Bench::new();
    let done = bench.fine(
        &format!("POST {SERVICES}/iam.googleapis.com:enable"),
        json!({}),
    );
    assert_eq!(done["name"], "operations/noop.DONE_OPERATION");
    assert_eq!(done["response"]["service"]["state"], "ENABLED");
}

#[test]
fn a_service_that_another_depends_on_is_not_disabled() {
    let mut bench = Bench::new();
    let compute = format!("POST {SERVICES}/compute.googleapis.com:disable");
    let message = bench.denied(&compute, json!({}), 400, "FAILED_PRECONDITION");
    assert!(message.contains("container.googleapis.com"), "{message}");
    let container = format!("POST {SERVICES}/container.googleapis.com:disable");
    bench.fine(&container, json!({}));
    bench.wait(60);
    assert_eq!(state(&mut bench, "container"), "DISABLED");
    bench.fine(&compute, json!({}));
}

#[test]
fn a_service_that_was_used_is_disabled_by_force_alone_and_its_resources_stay() {
    let mut bench = Bench::new();
    let disable = format!("POST {SERVICES}/container.googleapis.com:disable");
    let check = json!({"checkIfServiceHasUsage": "CHECK"});
    bench.cluster_made(&format!("POST {CLUSTERS}"), cluster("c"));
    let there = bench.all();
    let message = bench.denied(&disable, check, 400, "FAILED_PRECONDITION");
    assert!(
        message.contains("has usage in the last 30 days"),
        "{message}"
    );
    bench.fine(&disable, json!({"checkIfServiceHasUsage": "SKIP"}));
    bench.wait(60);
    let shown = format!("GET {CLUSTERS}/c");
    bench.refused(&shown, Value::Null, 403, "accessNotConfigured");
    assert_eq!(bench.all(), there);
    // Nor is one disabled that is not enabled.
    bench.denied(&disable, json!({}), 400, "FAILED_PRECONDITION");
}

#[test]
fn a_service_that_no_one_used_is_disabled_without_force() {
    let mut bench = Bench::new();
    let disable = format!("POST {SERVICES}/container.googleapis.com:disable");
    bench.fine(&disable, json!({"checkIfServiceHasUsage": "CHECK"}));
    bench.wait(60);
    assert_eq!(state(&mut bench, "container"), "DISABLED");
}

#[test]
fn compute_engine_is_not_turned_off_while_it_has_machines_or_disks() {
    let mut bench = Bench::with(|setup| {
        setup
            .services
            .retain(|one| one != "container.googleapis.com");
    });
    let compute = format!("POST {SERVICES}/compute.googleapis.com:disable");
    let ended = |bench: &mut Bench| {
        let begun = bench.fine(&compute, json!({}));
        let name = begun["name"].as_str().unwrap().to_owned();
        bench.wait(60);
        bench.fine(&format!("GET serviceusage /{name}"), Value::Null)
    };
    let refused = ended(&mut bench);
    assert_eq!(refused["error"]["code"], 9);
    assert_eq!(state(&mut bench, "compute"), "ENABLED");
    let mut bench = Bench::with(|setup| {
        setup
            .services
            .retain(|one| one != "container.googleapis.com");
        setup.bystanders = false;
    });
    assert_eq!(ended(&mut bench)["error"], Value::Null);
    assert_eq!(state(&mut bench, "compute"), "DISABLED");
}

#[test]
fn services_are_listed_by_state_and_unknown_ones_refused() {
    let mut bench = without_container();
    let names = |bench: &mut Bench, query: &str| -> Vec<String> {
        let list = bench.fine(&format!("GET {SERVICES}?{query}"), Value::Null);
        let all = list["services"].as_array().cloned().unwrap_or_default();
        let names = all
            .iter()
            .map(|one| one["config"]["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    };
    let enabled = names(&mut bench, "filter=state%3AENABLED&pageSize=200");
    assert!(
        enabled.contains(&"compute.googleapis.com".to_owned()),
        "{enabled:?}"
    );
    assert!(
        !enabled.contains(&"container.googleapis.com".to_owned()),
        "{enabled:?}"
    );
    let line = format!(
        "GET {SERVICES}:batchGet?names=projects/p/services/compute.googleapis.com&names=projects/p/services/container.googleapis.com"
    );
    let both = bench.fine(&line, Value::Null);
    let states = [&both["services"][0]["state"], &both["services"][1]["state"]];
    assert_eq!(states, ["ENABLED", "DISABLED"]);
    let unknown = format!("GET {SERVICES}/moon.googleapis.com");
    bench.denied(&unknown, Value::Null, 403, "PERMISSION_DENIED");
    let filter = format!("GET {SERVICES}?filter=name:x");
    bench.denied(&filter, Value::Null, 501, "UNIMPLEMENTED");
}

#[test]
fn the_project_is_shown_in_both_versions_and_no_other_is() {
    let mut bench = Bench::new();
    let project = "cloudresourcemanager /projects/kubeproof-rehearsal";
    let v1 = bench.fine(&format!("GET {project}"), Value::Null);
    assert_eq!(v1["lifecycleState"], "ACTIVE");
    let url = "cloudresourcemanager.googleapis.com/v3/projects/kubeproof-rehearsal";
    let (status, v3) = bench.send(&to("GET", url, ACCESS_TOKEN, ""));
    assert_eq!((status, &v3["state"]), (200, &json!("ACTIVE")));
    let number = v1["projectNumber"].as_str().unwrap();
    assert_eq!(v3["name"], format!("projects/{number}"));
    let other = "GET cloudresourcemanager /projects/another-project";
    bench.denied(other, Value::Null, 403, "PERMISSION_DENIED");
}

#[test]
fn permissions_and_billing_are_as_the_setup_says() {
    let mut bench = Bench::with(|setup| {
        setup.denied_permissions = vec!["compute.networks.create".to_owned()];
        setup.is_billed = false;
    });
    let asked = json!({"permissions": ["compute.networks.create", "container.clusters.create"]});
    let test = "POST cloudresourcemanager /projects/kubeproof-rehearsal:testIamPermissions";
    let granted = bench.fine(test, asked);
    assert_eq!(
        granted,
        json!({"permissions": ["container.clusters.create"]})
    );
    let billing = "GET cloudbilling /projects/kubeproof-rehearsal/billingInfo";
    let info = bench.fine(billing, Value::Null);
    assert_eq!(info["billingEnabled"], false);
    let info = Bench::new().fine(billing, Value::Null);
    assert!(
        info["billingAccountName"]
            .as_str()
            .unwrap()
            .starts_with("billingAccounts/")
    );
}
