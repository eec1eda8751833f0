//! The clusters' API servers in the account: callers, nodes, balancers and volumes.

use bytes::Bytes;
use http::Request;
use kubeproof_simkit::cloud::{Cloud as _, HostEndpoint};
use serde_json::{Value, json};

use super::bench::{Answer, Bench, group_body, text};
use super::token::TokenRequest;

fn kubernetes(bench: &mut Bench, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let endpoint = text(&bench.get("/clusters/c1").ok().json()["cluster"]["endpoint"]);
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{endpoint}{path}"))
        .header("content-type", "application/json");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    bench.send(request.body(Bytes::from(body)).expect("a request"))
}

fn ready() -> Bench {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.all())).ok();
    bench.wait(bench.durations.node_group_create);
    assert_eq!(bench.group_status(), "ACTIVE");
    bench
}

pub(super) fn ask(bench: &mut Bench, method: &str, path: &str, body: &Value) -> Answer {
    let token = TokenRequest::good(bench.now).token();
    kubernetes(bench, method, path, &token, body)
}

fn service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}},
    })
}

#[test]
fn the_nodes_of_an_active_group_are_in_the_cluster_and_gone_after_its_deletion() {
    let mut bench = ready();
    let nodes = ask(&mut bench, "GET", "/api/v1/nodes", &Value::Null)
        .ok()
        .json();
    let nodes = nodes["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(nodes.len(), 2);
    for node in &nodes {
        assert_eq!(
            node["metadata"]["labels"]["eks.amazonaws.com/nodegroup"],
            "n1"
        );
        assert!(text(&node["spec"]["providerID"]).starts_with("aws:///us-east-1"));
        assert!(text(&node["metadata"]["name"]).ends_with(".ec2.internal"));
    }
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    let nodes = ask(&mut bench, "GET", "/api/v1/nodes", &Value::Null)
        .ok()
        .json();
    assert_eq!(nodes["items"], json!([]));
}

#[test]
fn only_a_principal_that_the_cluster_knows_gets_in() {
    let mut bench = ready();
    let good = TokenRequest::good(bench.now).token();
    kubernetes(&mut bench, "GET", "/api/v1/nodes", &good, &Value::Null).ok();
    for bad in ["", "k8s-aws-v1.YWJj"] {
        let answer = kubernetes(&mut bench, "GET", "/api/v1/nodes", bad, &Value::Null);
        assert_eq!(answer.status, 401, "{}", answer.body);
    }
    bench
        .delete("/clusters/c1/access-entries/arn%3Aaws%3Aiam%3A%3A123456789012%3Auser%2Fkubeproof")
        .ok();
    let answer = kubernetes(&mut bench, "GET", "/api/v1/nodes", &good, &Value::Null);
    assert_eq!(
        answer.status, 401,
        "an unmapped principal is unauthenticated, not forbidden"
    );
}

#[test]
fn the_creator_gets_in_without_access_entries_too() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    body["accessConfig"] = json!({"authenticationMode": "CONFIG_MAP"});
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(bench.durations.cluster_create);
    let answer = ask(&mut bench, "GET", "/api/v1/nodes", &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn an_endpoint_that_is_private_or_for_others_is_out_of_reach() {
    let check = |network: Value, status: u16, why: &str| {
        let mut bench = Bench::new();
        let subnets = bench.network(false);
        let mut body = bench.cluster_body(&subnets);
        for (member, value) in network.as_object().expect("members") {
            body["resourcesVpcConfig"][member] = value.clone();
        }
        bench.eks("POST", "/clusters", &body).ok();
        bench.wait(bench.durations.cluster_create);
        let answer = ask(&mut bench, "GET", "/api/v1/nodes", &Value::Null);
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(why), "{}", answer.body);
    };
    let private = json!({"endpointPublicAccess": false, "endpointPrivateAccess": true});
    check(private, 403, "its endpoint is private");
    let of = |cidrs: &[&str]| json!({ "publicAccessCidrs": cidrs });
    check(of(&["203.0.113.0/24"]), 403, "outside of them");
    check(of(&["203.0.113.0/24", "8.8.8.8/32"]), 200, "");
    check(of(&["0.0.0.0/0"]), 200, "");
}

#[test]
fn a_load_balancer_service_gets_a_classic_balancer_and_gives_it_back() {
    let mut bench = ready();
    let path = "/api/v1/namespaces/default/services";
    let made = ask(&mut bench, "POST", path, &service());
    assert_eq!(made.status, 201, "{}", made.body);
    let uid = text(&made.json()["metadata"]["uid"]).replace('-', "");
    let balancers = bench.exists("elb_classic");
    assert_eq!(balancers.len(), 1);
    assert_eq!(balancers[0].id, format!("a{}", &uid[..31]));
    assert_eq!(
        balancers[0].tags["kubernetes.io/service-name"],
        "default/web"
    );
    let group = |bench: &Bench| {
        let all = bench.exists("security_group");
        all.iter()
            .filter(|one| {
                one.properties
                    .get("group_name")
                    .is_some_and(|name| name.starts_with("k8s-elb-"))
            })
            .count()
    };
    assert_eq!(group(&bench), 1);
    let one = format!("{path}/web");
    let shown = ask(&mut bench, "GET", &one, &Value::Null).ok().json();
    assert!(text(&shown["status"]["loadBalancer"]["ingress"][0]["hostname"]).contains(".elb."));
    ask(&mut bench, "DELETE", &one, &Value::Null).ok();
    assert!(bench.exists("elb_classic").is_empty());
    bench.wait(bench.durations.load_balancer_linger * 2);
    assert_eq!(group(&bench), 0);
    let gone = ask(&mut bench, "GET", &one, &Value::Null);
    assert_eq!(gone.status, 404, "{}", gone.body);
}

#[test]
fn a_balancer_outlives_a_cluster_that_is_deleted_before_its_services() {
    let mut bench = ready();
    let made = ask(
        &mut bench,
        "POST",
        "/api/v1/namespaces/default/services",
        &service(),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    bench.delete("/clusters/c1/node-groups/n1").ok();
    bench.wait(bench.durations.node_group_delete);
    bench.delete("/clusters/c1").ok();
    bench.wait(bench.durations.cluster_delete + bench.durations.interfaces_linger);
    assert_eq!(bench.exists("elb_classic").len(), 1);
}

#[test]
fn a_claim_that_a_pod_uses_gets_a_volume() {
    let mut bench = ready();
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "gp2",
            "resources": {"requests": {"storage": "8Gi"}},
        },
    });
    let path = "/api/v1/namespaces/default/persistentvolumeclaims";
    assert_eq!(ask(&mut bench, "POST", path, &claim).status, 201);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "600"]}],
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    });
    let made = ask(&mut bench, "POST", "/api/v1/namespaces/default/pods", &pod);
    assert_eq!(made.status, 201, "{}", made.body);
    bench.wait(std::time::Duration::from_mins(1));
    let volumes = bench.exists("ebs_volume");
    let ours: Vec<_> = volumes
        .iter()
        .filter(|one| {
            one.tags
                .get("kubernetes.io/created-for/pvc/name")
                .is_some_and(|name| name == "data")
        })
        .collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0].tags["ebs.csi.aws.com/cluster"], "true");
    assert_eq!(ours[0].properties["size_gb"], "8");
    assert_eq!(ours[0].properties["volume_type"], "gp2");
    bench.wait(std::time::Duration::from_mins(1));
    // A pod reaches a volume in the zone of its node only.
    let pod = "/api/v1/namespaces/default/pods/p";
    let pod = ask(&mut bench, "GET", pod, &Value::Null).ok().json();
    let node = text(&pod["spec"]["nodeName"]);
    let node = ask(
        &mut bench,
        "GET",
        &format!("/api/v1/nodes/{node}"),
        &Value::Null,
    )
    .ok()
    .json();
    let zone = &node["metadata"]["labels"]["topology.kubernetes.io/zone"];
    assert_eq!(*zone, ours[0].properties["zone"]);
}

#[test]
fn a_cluster_is_where_it_is_listened_to_with_the_authority_of_that_place() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    assert!(bench.cloud.hosts().is_empty());
    bench.active_cluster(&network);
    let hosts = bench.cloud.hosts();
    assert_eq!(hosts.len(), 1);
    let endpoint = HostEndpoint {
        url: "https://127.0.0.1:7001".to_owned(),
        authority_pem: "PEM".to_owned(),
    };
    bench.cloud.host_served(&hosts[0], endpoint);
    let cluster = bench.get("/clusters/c1").ok().json()["cluster"].clone();
    assert_eq!(cluster["endpoint"], "https://127.0.0.1:7001");
    // "PEM" in base64.
    assert_eq!(cluster["certificateAuthority"]["data"], "UEVN");
    bench.delete("/clusters/c1").ok();
    bench.wait(bench.durations.cluster_delete);
    assert!(bench.cloud.hosts().is_empty());
}
