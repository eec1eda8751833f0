//! The config map that maps IAM principals, beside access entries and in their place.

use serde_json::{Value, json};

use super::bench::{Bench, group_body, text};
use super::kubernetes::ask;

const MAP: &str = "/api/v1/namespaces/kube-system/configmaps/aws-auth";
const CREATOR: &str = "arn:aws:iam::123456789012:user/kubeproof";

/// A cluster in an authentication mode, with a node group.
fn in_mode(mode: &str) -> Bench {
    let mut bench = Bench::new();
    let network = bench.network(true);
    let mut body = bench.cluster_body(&network);
    body["accessConfig"] = json!({"authenticationMode": mode});
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(bench.durations.cluster_create);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create);
    assert_eq!(bench.group_status(), "ACTIVE", "{mode}");
    bench
}

#[test]
fn the_role_of_a_managed_group_is_in_the_map_of_clusters_that_read_it() {
    for mode in ["CONFIG_MAP", "API_AND_CONFIG_MAP"] {
        let mut bench = in_mode(mode);
        let map = ask(&mut bench, "GET", MAP, &Value::Null).ok().json();
        let roles = text(&map["data"]["mapRoles"]);
        let role = text(&bench.group()["nodeRole"]);
        assert!(
            roles.contains(&format!("rolearn: {role}")),
            "{mode}: {roles}"
        );
        assert!(roles.contains("- system:nodes"), "{mode}: {roles}");
        assert!(
            roles.contains("username: system:node:{{EC2PrivateDNSName}}"),
            "{mode}: {roles}"
        );
        bench.delete("/clusters/c1/node-groups/n1").ok();
        bench.wait(bench.durations.node_group_delete);
        let map = ask(&mut bench, "GET", MAP, &Value::Null).ok().json();
        assert_eq!(map["data"]["mapRoles"], "[]\n", "{mode}");
    }
    let mut bench = in_mode("API");
    assert_eq!(ask(&mut bench, "GET", MAP, &Value::Null).status, 404);
}

#[test]
fn a_principal_in_the_map_gets_in_where_the_map_is_read() {
    let mut bench = in_mode("API_AND_CONFIG_MAP");
    let mine = json!({"data": {"mapUsers": format!(
        "- userarn: {CREATOR}\n  username: me\n  groups: [system:masters]\n"
    )}});
    let map = ask(&mut bench, "GET", MAP, &Value::Null).ok().json();
    let mut changed = map.clone();
    changed["data"]["mapUsers"] = mine["data"]["mapUsers"].clone();
    ask(&mut bench, "PUT", MAP, &changed).ok();
    let entry = "/clusters/c1/access-entries/arn%3Aaws%3Aiam%3A%3A123456789012%3Auser%2Fkubeproof";
    bench.delete(entry).ok();
    let me = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let who = ask(&mut bench, "POST", me, &json!({}));
    assert_eq!(
        who.json()["status"]["userInfo"]["username"],
        "me",
        "{}",
        who.body
    );
    ask(&mut bench, "GET", "/api/v1/nodes", &Value::Null).ok();
    let mode = json!({"accessConfig": {"authenticationMode": "API"}});
    bench.eks("POST", "/clusters/c1/update-config", &mode).ok();
    assert_eq!(
        ask(&mut bench, "GET", "/api/v1/nodes", &Value::Null).status,
        401
    );
}

#[test]
fn nodes_do_not_join_when_nothing_knows_their_role() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    let mut body = bench.cluster_body(&network);
    body["accessConfig"] = json!({"authenticationMode": "CONFIG_MAP"});
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(bench.durations.cluster_create);
    bench.create_group(&group_body(&network.private)).ok();
    // Somebody replaces the map as a whole, as one that is applied from a file does.
    let map = ask(&mut bench, "GET", MAP, &Value::Null).ok().json();
    let mut changed = map.clone();
    changed["data"] = json!({"mapRoles": "[]"});
    ask(&mut bench, "PUT", MAP, &changed).ok();
    bench.wait(bench.durations.node_group_failure * 2);
    let group = bench.group();
    assert_eq!(group["status"], "CREATE_FAILED", "{group}");
    assert_eq!(group["health"]["issues"][0]["code"], "NodeCreationFailure");
}
