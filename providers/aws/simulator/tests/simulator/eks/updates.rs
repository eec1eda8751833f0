//! Updates of a cluster's configuration: one kind at a time, and none that changes nothing.
//!
//! The texts of refusals are those of eksctl#4043, CAPA#4152, aws-cdk#21439 and pulumi-eks#1493.

use serde_json::{Value, json};

use super::bench::{Bench, Network, group_body};

const REFUSED: &str = "InvalidParameterException";
const CREATOR: &str = "arn:aws:iam::123456789012:user/kubeproof";

fn updated(bench: &mut Bench, body: &Value) -> super::bench::Answer {
    bench.eks("POST", "/clusters/c1/update-config", body)
}

/// A cluster whose users are in its map of roles alone.
fn by_config_map(bench: &mut Bench) -> Network {
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    body["accessConfig"] = json!({"authenticationMode": "CONFIG_MAP"});
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(std::time::Duration::from_mins(20));
    network
}

fn set_mode(bench: &mut Bench, mode: &str) -> super::bench::Answer {
    updated(
        bench,
        &json!({"accessConfig": {"authenticationMode": mode}}),
    )
}

#[test]
fn an_update_that_changes_nothing_or_two_things_is_refused_and_the_cluster_stays_as_it_was() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let before = bench.get("/clusters/c1").json();
    let mut check = |body: Value, text: &str| {
        updated(&mut bench, &body).refused(400, REFUSED, text);
    };
    let endpoint = |public: bool, private: bool| json!({"resourcesVpcConfig": {"endpointPublicAccess": public, "endpointPrivateAccess": private}});
    check(
        endpoint(true, false),
        "Cluster is already at the desired configuration with endpointPrivateAccess: false , \
         endpointPublicAccess: true, and Public Endpoint Restrictions: [0.0.0.0/0]",
    );
    check(
        endpoint(false, false),
        "Private and public endpoint access cannot both be false",
    );
    let logs = |enabled: bool| json!({"clusterLogging": [{"types": ["api"], "enabled": enabled}]});
    check(
        json!({"logging": logs(false)}),
        "No changes needed for the logging config provided",
    );
    check(
        json!({"resourcesVpcConfig": {"endpointPrivateAccess": true}, "logging": logs(true)}),
        "Only one type of update can be allowed.",
    );
    check(
        json!({"resourcesVpcConfig": {"publicAccessCidrs": ["10.0.0.0/8"]}}),
        "[10.0.0.0/8]",
    );
    check(json!({}), "No changes");
    assert_eq!(bench.get("/clusters/c1").json(), before);
}

#[test]
fn logs_are_turned_on_and_off_one_by_one() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let mut check = |types: Value, enabled: bool, expected: Value| {
        let body = json!({"logging": {"clusterLogging": [{"types": types, "enabled": enabled}]}});
        updated(&mut bench, &body).ok();
        bench.wait(std::time::Duration::from_mins(10));
        let cluster = bench.get("/clusters/c1").json();
        let groups = cluster["cluster"]["logging"]["clusterLogging"].as_array();
        let on = groups
            .into_iter()
            .flatten()
            .find(|one| one["enabled"] == true);
        let on = on.map_or(json!([]), |one| one["types"].clone());
        assert_eq!(on, expected);
    };
    check(json!(["api", "audit"]), true, json!(["api", "audit"]));
    check(
        json!(["scheduler"]),
        true,
        json!(["api", "audit", "scheduler"]),
    );
    check(json!(["audit"]), false, json!(["api", "scheduler"]));
}

#[test]
fn the_authentication_mode_changes_one_step_at_a_time_and_never_back() {
    let mut bench = Bench::new();
    by_config_map(&mut bench);
    let refused = |bench: &mut Bench, from: &str, to: &str| {
        let text = format!("Unsupported authentication mode update from {from} to {to}");
        set_mode(bench, to).refused(400, REFUSED, &text);
    };
    refused(&mut bench, "CONFIG_MAP", "API");
    refused(&mut bench, "CONFIG_MAP", "CONFIG_MAP");
    set_mode(&mut bench, "API_AND_CONFIG_MAP").ok();
    bench.wait(std::time::Duration::from_mins(10));
    refused(&mut bench, "API_AND_CONFIG_MAP", "API_AND_CONFIG_MAP");
    refused(&mut bench, "API_AND_CONFIG_MAP", "CONFIG_MAP");
    set_mode(&mut bench, "API").ok();
    bench.wait(std::time::Duration::from_mins(10));
    refused(&mut bench, "API", "API_AND_CONFIG_MAP");
}

#[test]
fn with_entries_the_creator_and_the_nodes_have_theirs() {
    let mut bench = Bench::new();
    let network = by_config_map(&mut bench);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(std::time::Duration::from_mins(20));
    set_mode(&mut bench, "API_AND_CONFIG_MAP").ok();
    let entries = bench.get("/clusters/c1/access-entries").ok().json();
    let role = "arn:aws:iam::123456789012:role/node";
    assert_eq!(entries["accessEntries"], json!([CREATOR, role]));
    let nodes = super::kubernetes::ask(&mut bench, "GET", "/api/v1/nodes", &Value::Null);
    assert_eq!(nodes.status, 200, "{}", nodes.body);
}

#[test]
fn a_cluster_without_entries_needs_its_creator_as_administrator() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    body["accessConfig"] = json!({
        "authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": false,
    });
    let text = "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode \
                is set to CONFIG_MAP";
    bench
        .eks("POST", "/clusters", &body)
        .refused(400, REFUSED, text);
}

#[test]
fn the_range_of_services_is_private_and_apart_from_the_network() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    let mut check = |range: &str, text: &str| {
        body["kubernetesNetworkConfig"] = json!({ "serviceIpv4Cidr": range });
        bench
            .eks("POST", "/clusters", &body)
            .refused(400, REFUSED, text);
    };
    check("10.0.0.0/16", "overlaps");
    check("10.0.128.0/20", "overlaps");
    check("8.8.0.0/16", "must be within");
    check("172.20.0.0/25", "must be within");
    check("services", "no CIDR block");
}
