//! Fargate profiles: their states, what refuses them, and the pods that run on them.

use std::time::Duration;

use kubeproof_contract::Decimal;
use kubeproof_simkit::cloud::Cloud as _;
use serde_json::{Value, json};

use super::bench::{Answer, Bench, Network, text};
use super::kubernetes::ask;

const PROFILES: &str = "/clusters/c1/fargate-profiles";
const USED: &str = "ResourceInUseException";
const INVALID: &str = "InvalidParameterException";

/// A cluster with a role for pods.
fn ready() -> (Bench, Network) {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.role("pods", "eks-fargate-pods.amazonaws.com", &[]);
    bench.active_cluster(&network);
    (bench, network)
}

fn create(bench: &mut Bench, name: &str, subnets: &[String]) -> Answer {
    let body = json!({
        "fargateProfileName": name, "podExecutionRoleArn": "arn:aws:iam::123456789012:role/pods",
        "subnets": subnets, "tags": {"kubeproof:run": "r1"},
        "selectors": [{"namespace": "default", "labels": {"on": "fargate"}}],
    });
    bench.eks("POST", PROFILES, &body)
}

fn status(bench: &mut Bench, name: &str) -> String {
    let profile = bench.get(&format!("{PROFILES}/{name}")).ok().json();
    text(&profile["fargateProfile"]["status"])
}

fn active(bench: &mut Bench, network: &Network) {
    create(bench, "p1", &network.private).ok();
    bench.wait(bench.durations.fargate_create);
    assert_eq!(status(bench, "p1"), "ACTIVE");
}

fn pod(bench: &mut Bench, name: &str, labels: &Value, seconds: u32) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {"restartPolicy": "Never", "containers": [{
            "name": "c", "image": "busybox", "command": ["sleep", seconds.to_string()],
            "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
        }]},
    });
    let path = "/api/v1/namespaces/default/pods";
    let made = ask(bench, "POST", path, &pod);
    assert_eq!(made.status, 201, "{}", made.body);
}

fn read(bench: &mut Bench, name: &str) -> Value {
    let path = format!("/api/v1/namespaces/default/pods/{name}");
    ask(bench, "GET", &path, &Value::Null).json()
}

#[test]
fn a_cluster_changes_one_profile_at_a_time_and_is_not_deleted_before_its_last() {
    let (mut bench, network) = ready();
    create(&mut bench, "p1", &network.private).ok();
    assert_eq!(status(&mut bench, "p1"), "CREATING");
    let message = "Cannot create Fargate Profile p2 because cluster c1 currently has Fargate profile p1 in status \
                   CREATING";
    create(&mut bench, "p2", &network.private).refused(409, USED, message);
    let message = "Cannot Delete Fargate Profile p1 because cluster c1 currently has Fargate profile p1 in status CREATING";
    bench
        .delete(&format!("{PROFILES}/p1"))
        .refused(409, USED, message);
    bench.wait(bench.durations.fargate_create);
    let again = "A Fargate Profile already exists with this name in this cluster.";
    let mut other = json!({"fargateProfileName": "p1"});
    other["selectors"] = json!([{"namespace": "other"}]);
    bench
        .eks("POST", PROFILES, &other)
        .refused(409, USED, again);
    create(&mut bench, "p2", &network.private).ok();
    bench.wait(bench.durations.fargate_create);
    let names = bench.get(PROFILES).ok().json()["fargateProfileNames"].clone();
    assert_eq!(names, json!(["p1", "p2"]));
    assert_eq!(bench.exists("eks_fargate_profile").len(), 2);

    bench.delete(&format!("{PROFILES}/p1")).ok();
    let message = "Cannot Delete Fargate Profile p2 because cluster c1 currently has Fargate profile p1 in status DELETING";
    bench
        .delete(&format!("{PROFILES}/p2"))
        .refused(409, USED, message);
    let message = "Cluster has Fargate Profiles in ACTIVE/CREATING state";
    bench.delete("/clusters/c1").refused(409, USED, message);
    bench.wait(bench.durations.fargate_delete);
    bench.delete(&format!("{PROFILES}/p2")).ok();
    bench.wait(bench.durations.fargate_delete);
    assert_eq!(bench.exists("eks_fargate_profile"), []);
    bench.get(&format!("{PROFILES}/p2")).refused(
        404,
        "ResourceNotFoundException",
        "No Fargate Profile found with name: p2.",
    );
    bench.delete("/clusters/c1").ok();
}

#[test]
fn a_profile_has_private_subnets_and_a_role_that_trusts_fargate() {
    let (mut bench, network) = ready();
    let message = format!(
        "Subnet {} provided in Fargate Profile is not a private subnet",
        network.public[0]
    );
    create(&mut bench, "p1", &network.public).refused(400, INVALID, &message);
    let mut body = json!({
        "fargateProfileName": "p1", "podExecutionRoleArn": "arn:aws:iam::123456789012:role/node",
        "subnets": network.private, "selectors": [{"namespace": "default"}],
    });
    let message = "Please add the eks-fargate-pods.amazonaws.com Service Principal";
    bench
        .eks("POST", PROFILES, &body)
        .refused(400, INVALID, message);
    body["podExecutionRoleArn"] = "arn:aws:iam::123456789012:role/none".into();
    bench
        .eks("POST", PROFILES, &body)
        .refused(400, INVALID, "does not exist");
    body["selectors"] = json!([{"namespace": "team-*"}]);
    let refused = bench.eks("POST", PROFILES, &body);
    assert_eq!(refused.status, 501, "{}", refused.body);
    body["selectors"] = json!([]);
    bench
        .eks("POST", PROFILES, &body)
        .refused(400, INVALID, "selectors");
}

#[test]
fn a_selected_pod_runs_on_a_node_of_its_own_and_is_billed_by_its_size_until_it_is_deleted() {
    let (mut bench, network) = ready();
    let interfaces = bench.exists("network_interface").len();
    active(&mut bench, &network);
    pod(&mut bench, "mine", &json!({"on": "fargate"}), 3600);
    pod(&mut bench, "other", &json!({"on": "instances"}), 3600);
    bench.wait(Duration::from_mins(3));

    let mine = read(&mut bench, "mine");
    assert_eq!(mine["status"]["phase"], "Running", "{mine}");
    assert_eq!(mine["spec"]["schedulerName"], "fargate-scheduler");
    let node = text(&mine["spec"]["nodeName"]);
    assert!(node.starts_with("fargate-ip-10-0-"), "{node}");
    let address = text(&mine["status"]["podIP"]);
    assert_eq!(
        node,
        format!("fargate-ip-{}.ec2.internal", address.replace('.', "-"))
    );
    let other = read(&mut bench, "other");
    assert_eq!(
        other["spec"]["nodeName"],
        Value::Null,
        "there is no node for it"
    );
    // The programs of every node are on none of Fargate's.
    let path = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy";
    let set = ask(&mut bench, "GET", path, &Value::Null).ok().json();
    assert_eq!(set["status"]["desiredNumberScheduled"], 0);
    assert_eq!(bench.exists("network_interface").len(), interfaces + 1);
    assert_eq!(bench.exists("ec2_instance"), []);

    bench.wait(Duration::from_hours(2));
    // It has ended after half of the time, and keeps its machine until it is deleted.
    assert_eq!(read(&mut bench, "mine")["status"]["phase"], "Succeeded");
    assert_eq!(bench.exists("network_interface").len(), interfaces + 1);
    let path = "/api/v1/namespaces/default/pods/mine";
    ask(&mut bench, "DELETE", path, &Value::Null).ok();
    bench.wait(Duration::from_mins(10));
    assert_eq!(bench.exists("network_interface").len(), interfaces);
    let charges = bench
        .cloud
        .metered("r1", "2026-11-23T10:00:00Z".parse().expect("a date"));
    let of = |usage: &str| {
        let mut found = charges.iter().filter(|one| one.usage_type == usage);
        let one = found.next().expect(usage);
        assert!(found.next().is_none(), "{usage}");
        one.quantity
    };
    // Half a CPU and 2 GiB (1 GiB and 256 MiB, rounded up), for two hours and what is left of three minutes.
    let (cpu, memory) = (
        of("USE1-Fargate-vCPU-Hours:perCPU"),
        of("USE1-Fargate-GB-Hours"),
    );
    assert_eq!(memory.round_dp(6), (cpu * Decimal::from(4)).round_dp(6));
    let two_hours = Decimal::ONE;
    assert!(
        cpu >= two_hours && cpu < two_hours * Decimal::new(103, 2),
        "{cpu}"
    );
}

#[test]
fn a_deleted_profile_takes_its_pods_with_it_and_later_ones_wait() {
    let (mut bench, network) = ready();
    let before = bench.exists("network_interface").len();
    active(&mut bench, &network);
    pod(&mut bench, "one", &json!({"on": "fargate"}), 100_000);
    bench.wait(Duration::from_mins(3));
    assert_eq!(bench.exists("network_interface").len(), before + 1);
    bench.delete(&format!("{PROFILES}/p1")).ok();
    bench.wait(bench.durations.fargate_delete);
    assert_eq!(bench.exists("network_interface").len(), before);
    let nodes = ask(&mut bench, "GET", "/api/v1/nodes", &Value::Null)
        .ok()
        .json();
    assert_eq!(nodes["items"], json!([]));
    pod(&mut bench, "two", &json!({"on": "fargate"}), 100_000);
    bench.wait(Duration::from_mins(3));
    assert_eq!(read(&mut bench, "two")["status"]["phase"], "Pending");
}

#[test]
fn a_profile_that_fails_says_so_and_can_be_deleted() {
    let (mut bench, network) = ready();
    bench.fault = Some("async-fail(InternalFailure)".to_owned());
    let answer = create(&mut bench, "p1", &network.private).ok();
    assert!(answer.acknowledged);
    bench.wait(bench.durations.fargate_create);
    assert_eq!(status(&mut bench, "p1"), "CREATE_FAILED");
    bench.delete(&format!("{PROFILES}/p1")).ok();
    bench.wait(bench.durations.fargate_delete);
    assert_eq!(bench.exists("eks_fargate_profile"), []);
}
