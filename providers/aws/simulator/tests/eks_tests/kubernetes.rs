//! The clusters' API servers in the account: who gets in, nodes in, balancers and volumes out.

use bytes::Bytes;
use http::Request;
use kubeproof_simkit::cloud::{Cloud as _, Place};
use serde_json::{Value, json};

use crate::token::Given;
use crate::world::{Answer, World, group_body, text};

fn kubernetes(world: &mut World, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let endpoint = text(&world.get("/clusters/c1").ok().json()["cluster"]["endpoint"]);
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
    world.send(request.body(Bytes::from(body)).expect("a request"))
}

fn ready() -> World {
    let mut world = World::new();
    let network = world.network(true);
    world.active_cluster(&network);
    world.create_group(&group_body(&network.all())).ok();
    world.wait(world.durations.node_group_create);
    assert_eq!(world.group_status(), "ACTIVE");
    world
}

fn ask(world: &mut World, method: &str, path: &str, body: &Value) -> Answer {
    let token = Given::good(world.now).token();
    kubernetes(world, method, path, &token, body)
}

fn service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}},
    })
}

#[test]
fn the_nodes_of_an_active_group_are_in_the_cluster_and_gone_after_its_deletion() {
    let mut world = ready();
    let nodes = ask(&mut world, "GET", "/api/v1/nodes", &Value::Null)
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
    world.delete("/clusters/c1/node-groups/n1").ok();
    world.wait(world.durations.node_group_delete);
    let nodes = ask(&mut world, "GET", "/api/v1/nodes", &Value::Null)
        .ok()
        .json();
    assert_eq!(nodes["items"], json!([]));
}

#[test]
fn only_a_principal_that_the_cluster_knows_gets_in() {
    let mut world = ready();
    let good = Given::good(world.now).token();
    kubernetes(&mut world, "GET", "/api/v1/nodes", &good, &Value::Null).ok();
    for bad in ["", "k8s-aws-v1.YWJj"] {
        let answer = kubernetes(&mut world, "GET", "/api/v1/nodes", bad, &Value::Null);
        assert_eq!(answer.status, 401, "{}", answer.body);
    }
    world
        .delete("/clusters/c1/access-entries/arn%3Aaws%3Aiam%3A%3A123456789012%3Auser%2Fkubeproof")
        .ok();
    let answer = kubernetes(&mut world, "GET", "/api/v1/nodes", &good, &Value::Null);
    assert_eq!(
        answer.status, 401,
        "an unmapped principal is unauthenticated, not forbidden"
    );
}

#[test]
fn without_access_entries_only_the_creator_gets_in() {
    for (creator_is_admin, status) in [(true, 200), (false, 401)] {
        let mut world = World::new();
        let network = world.network(false);
        let mut body = world.cluster_body(&network);
        body["accessConfig"] = json!({
            "authenticationMode": "CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": creator_is_admin,
        });
        world.eks("POST", "/clusters", &body).ok();
        world.wait(world.durations.cluster_create);
        let answer = ask(&mut world, "GET", "/api/v1/nodes", &Value::Null);
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[test]
fn a_load_balancer_service_gets_a_classic_balancer_and_gives_it_back() {
    let mut world = ready();
    let path = "/api/v1/namespaces/default/services";
    let made = ask(&mut world, "POST", path, &service());
    assert_eq!(made.status, 201, "{}", made.body);
    let uid = text(&made.json()["metadata"]["uid"]).replace('-', "");
    let balancers = world.exists("elb_classic");
    assert_eq!(balancers.len(), 1);
    assert_eq!(balancers[0].id, format!("a{}", &uid[..31]));
    assert_eq!(
        balancers[0].tags["kubernetes.io/service-name"],
        "default/web"
    );
    let group = |world: &World| {
        let all = world.exists("security_group");
        all.iter()
            .filter(|one| {
                one.facts
                    .get("group_name")
                    .is_some_and(|name| name.starts_with("k8s-elb-"))
            })
            .count()
    };
    assert_eq!(group(&world), 1);
    let one = format!("{path}/web");
    let shown = ask(&mut world, "GET", &one, &Value::Null).ok().json();
    assert!(text(&shown["status"]["loadBalancer"]["ingress"][0]["hostname"]).contains(".elb."));
    ask(&mut world, "DELETE", &one, &Value::Null).ok();
    assert!(world.exists("elb_classic").is_empty());
    world.wait(world.durations.load_balancer_linger * 2);
    assert_eq!(group(&world), 0);
    let gone = ask(&mut world, "GET", &one, &Value::Null);
    assert_eq!(gone.status, 404, "{}", gone.body);
}

#[test]
fn a_balancer_outlives_a_cluster_that_is_deleted_before_its_services() {
    let mut world = ready();
    let made = ask(
        &mut world,
        "POST",
        "/api/v1/namespaces/default/services",
        &service(),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    world.delete("/clusters/c1/node-groups/n1").ok();
    world.wait(world.durations.node_group_delete);
    world.delete("/clusters/c1").ok();
    world.wait(world.durations.cluster_delete + world.durations.interfaces_linger);
    assert_eq!(world.exists("elb_classic").len(), 1);
}

#[test]
fn a_claim_that_a_pod_uses_gets_a_volume() {
    let mut world = ready();
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "8Gi"}},
        },
    });
    let path = "/api/v1/namespaces/default/persistentvolumeclaims";
    assert_eq!(ask(&mut world, "POST", path, &claim).status, 201);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "600"]}],
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    });
    let made = ask(&mut world, "POST", "/api/v1/namespaces/default/pods", &pod);
    assert_eq!(made.status, 201, "{}", made.body);
    world.wait(std::time::Duration::from_secs(60));
    let volumes = world.exists("ebs_volume");
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
    assert_eq!(ours[0].facts["size_gb"], "8");
}

#[test]
fn a_cluster_is_where_it_is_listened_to_with_the_authority_of_that_place() {
    let mut world = World::new();
    let network = world.network(true);
    assert!(world.cloud.hosts().is_empty());
    world.active_cluster(&network);
    let hosts = world.cloud.hosts();
    assert_eq!(hosts.len(), 1);
    let place = Place {
        url: "https://127.0.0.1:7001".to_owned(),
        authority_pem: "PEM".to_owned(),
    };
    world.cloud.placed(&hosts[0], place);
    let cluster = world.get("/clusters/c1").ok().json()["cluster"].clone();
    assert_eq!(cluster["endpoint"], "https://127.0.0.1:7001");
    // "PEM" in base64.
    assert_eq!(cluster["certificateAuthority"]["data"], "UEVN");
    world.delete("/clusters/c1").ok();
    world.wait(world.durations.cluster_delete);
    assert!(world.cloud.hosts().is_empty());
}
