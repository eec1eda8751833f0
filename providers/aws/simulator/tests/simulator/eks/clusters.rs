//! A cluster's lifecycle: what is refused, what happens over time, and what EKS creates itself.

use std::time::Duration;

use kubeproof_contract::Decimal;
use kubeproof_simkit::cloud::Cloud;
use serde_json::json;

use super::bench::{Bench, CLUSTER_POLICY, text, trust};

#[test]
fn a_cluster_shows_its_endpoint_only_when_it_is_active() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let body = bench.cluster_body(&network);
    let made = bench.eks("POST", "/clusters", &body).ok().json();
    assert_eq!(made["cluster"]["status"], "CREATING");
    assert!(made["cluster"]["endpoint"].is_null() && made["cluster"]["identity"].is_null());
    assert_eq!(made["cluster"]["certificateAuthority"], json!({}));
    bench.wait(
        bench
            .durations
            .cluster_create
            .checked_sub(Duration::from_secs(1))
            .unwrap(),
    );
    assert_eq!(bench.cluster_status(), "CREATING");
    bench.wait(Duration::from_secs(1));
    let ready = bench.get("/clusters/c1").ok().json()["cluster"].clone();
    assert_eq!(ready["status"], "ACTIVE");
    assert!(text(&ready["endpoint"]).ends_with(".gr7.us-east-1.eks.amazonaws.com"));
    assert!(text(&ready["identity"]["oidc"]["issuer"]).starts_with("https://oidc.eks."));
    assert!(!text(&ready["certificateAuthority"]["data"]).is_empty());
}

#[test]
fn a_role_can_be_used_only_after_it_has_propagated() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let role = bench.role("cluster", "eks.amazonaws.com", &[]);
    let body = json!({
        "name": "c1", "roleArn": role, "resourcesVpcConfig": {"subnetIds": network.all()},
    });
    let refused = "InvalidParameterException";
    bench
        .eks("POST", "/clusters", &body)
        .refused(400, refused, "does not exist");
    bench.wait(bench.durations.iam_propagation);
    let policies =
        "The provided role doesn't have the Amazon EKS Managed Policies associated with it";
    bench
        .eks("POST", "/clusters", &body)
        .refused(400, refused, policies);
    let attach = [("RoleName", "cluster"), ("PolicyArn", CLUSTER_POLICY)];
    bench.iam("AttachRolePolicy", &attach).ok();
    bench
        .eks("POST", "/clusters", &body)
        .refused(400, refused, policies);
    bench.wait(bench.durations.iam_propagation);
    bench.eks("POST", "/clusters", &body).ok();
}

#[test]
fn a_role_that_trusts_another_service_is_refused() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let role = bench.role("cluster", "ec2.amazonaws.com", &[CLUSTER_POLICY]);
    bench.wait(bench.durations.iam_propagation);
    let body = json!({
        "name": "c1", "roleArn": role, "resourcesVpcConfig": {"subnetIds": network.all()},
    });
    let message = "Role could not be assumed because the trusted entity is not correct";
    bench
        .eks("POST", "/clusters", &body)
        .refused(400, "InvalidParameterException", message);
    assert_ne!(trust("eks.amazonaws.com"), trust("ec2.amazonaws.com"));
}

#[test]
fn a_cluster_needs_subnets_of_two_zones_that_exist_and_a_version_that_is_offered() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let body = bench.cluster_body(&network);
    let check = |bench: &mut Bench, member: &str, value: serde_json::Value, message: &str| {
        let mut body = body.clone();
        body[member] = value;
        bench
            .eks("POST", "/clusters", &body)
            .refused(400, "InvalidParameterException", message);
    };
    let subnets = |ids: &[&str]| json!({ "subnetIds": ids });
    let (one, other) = (&network.public[0], &network.private[0]);
    let zones = "at least two different AZs";
    check(
        &mut bench,
        "resourcesVpcConfig",
        subnets(&[one, other]),
        zones,
    );
    let missing = "The subnet ID 'subnet-0' does not exist";
    check(
        &mut bench,
        "resourcesVpcConfig",
        subnets(&[one, "subnet-0"]),
        missing,
    );
    check(
        &mut bench,
        "version",
        json!("1.28"),
        "unsupported Kubernetes version 1.28",
    );
    check(&mut bench, "name", json!("-c"), "is not valid");
    assert!(bench.exists("eks_cluster").is_empty());
}

#[test]
fn a_repeated_request_is_the_same_cluster_and_a_second_one_is_refused() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    body["clientRequestToken"] = json!("t1");
    let first = bench.eks("POST", "/clusters", &body).ok().json();
    let again = bench.eks("POST", "/clusters", &body).ok().json();
    assert_eq!(first["cluster"]["arn"], again["cluster"]["arn"]);
    body["clientRequestToken"] = json!("t2");
    let answer = bench.eks("POST", "/clusters", &body);
    let answer = answer.refused(
        409,
        "ResourceInUseException",
        "Cluster already exists with name: c1",
    );
    assert_eq!(answer.json()["clusterName"], "c1");
    assert_eq!(bench.exists("eks_cluster").len(), 1);
}

#[test]
fn an_injected_failure_ends_in_failed_and_the_cluster_can_be_deleted() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let body = bench.cluster_body(&network);
    bench.fault = Some("async-fail".to_owned());
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(bench.durations.cluster_create * 2);
    let cluster = bench.get("/clusters/c1").ok().json()["cluster"].clone();
    assert_eq!(cluster["status"], "FAILED");
    assert_eq!(
        cluster["health"]["issues"].as_array().map(Vec::len),
        Some(1)
    );
    assert!(cluster["endpoint"].is_null());
    bench.delete("/clusters/c1").ok();
    bench.wait(bench.durations.cluster_delete);
    bench
        .get("/clusters/c1")
        .refused(404, "ResourceNotFoundException", "No cluster found");
}

#[test]
fn a_stuck_creation_never_ends_and_a_late_one_does() {
    for (fault, expected) in [("async-stuck", "CREATING"), ("async-late(3)", "ACTIVE")] {
        let mut bench = Bench::new();
        let network = bench.network(false);
        let body = bench.cluster_body(&network);
        bench.fault = Some(fault.to_owned());
        bench.eks("POST", "/clusters", &body).ok();
        bench.wait(bench.durations.cluster_create * 2);
        assert_eq!(bench.cluster_status(), "CREATING");
        bench.wait(bench.durations.cluster_create);
        assert_eq!(bench.cluster_status(), expected);
    }
}

#[test]
fn a_deleted_cluster_leaves_its_interfaces_for_a_while_and_its_log_group_for_ever() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    body["logging"] = json!({"clusterLogging": [{"types": ["api"], "enabled": true}]});
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(bench.durations.cluster_create);
    let ours = |bench: &Bench| {
        let all = bench.exists("network_interface");
        all.into_iter()
            .filter(|one| {
                one.properties
                    .get("description")
                    .is_some_and(|text| text == "Amazon EKS c1")
            })
            .count()
    };
    let groups = |bench: &Bench| {
        let all = bench.exists("security_group");
        all.iter()
            .filter(|one| {
                one.properties
                    .get("group_name")
                    .is_some_and(|name| name.starts_with("eks-cluster-sg-c1-"))
            })
            .count()
    };
    assert_eq!((ours(&bench), groups(&bench)), (2, 1));
    bench.delete("/clusters/c1").ok();
    assert_eq!(bench.cluster_status(), "DELETING");
    bench.wait(bench.durations.cluster_delete);
    bench
        .get("/clusters/c1")
        .refused(404, "ResourceNotFoundException", "");
    assert_eq!(ours(&bench), 2);
    bench.wait(bench.durations.interfaces_linger);
    assert_eq!((ours(&bench), groups(&bench)), (0, 0));
    let logs = bench.exists("cloudwatch_log_group");
    assert_eq!(
        logs.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        ["/aws/eks/c1/cluster"]
    );
}

#[test]
fn a_control_plane_costs_from_its_creation_to_its_deletion() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let body = bench.cluster_body(&network);
    let from = bench.now;
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(bench.durations.cluster_create);
    bench.delete("/clusters/c1").ok();
    bench.wait(bench.durations.cluster_delete);
    let lived = bench.now.duration_since(from);
    bench.wait(Duration::from_hours(2));
    let charges = bench.cloud.metered("r1", from);
    let line: Vec<_> = charges
        .iter()
        .filter(|charge| charge.line == "control_plane")
        .collect();
    assert_eq!(line.len(), 1);
    let hours = Decimal::from(lived.as_secs()) / Decimal::from(3600);
    // The bill has about fifteen digits.
    assert_eq!(line[0].quantity.round_dp(9), hours.round_dp(9));
}

#[test]
fn a_version_past_its_standard_support_costs_six_times_as_much() {
    let usd = |version: &str| {
        let mut bench = Bench::new();
        let network = bench.network(false);
        let mut body = bench.cluster_body(&network);
        body["version"] = json!(version);
        let from = bench.now;
        bench.eks("POST", "/clusters", &body).ok();
        bench.wait(Duration::from_hours(1));
        bench.delete("/clusters/c1").ok();
        bench.wait(bench.durations.cluster_delete);
        let charges = bench.cloud.metered("r1", from);
        let lines = charges
            .iter()
            .filter(|charge| charge.line == "control_plane");
        lines.map(|charge| charge.usd).sum::<Decimal>()
    };
    let (standard, extended) = (usd("1.34"), usd("1.33"));
    assert!(standard > Decimal::ZERO);
    assert_eq!(
        (standard * Decimal::from(6)).round_dp(6),
        extended.round_dp(6)
    );
}

#[test]
fn an_update_runs_alone_and_blocks_the_deletion() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let body = json!({"logging": {"clusterLogging": [{"types": ["audit"], "enabled": true}]}});
    let update = bench
        .eks("POST", "/clusters/c1/update-config", &body)
        .ok()
        .json()["update"]
        .clone();
    assert_eq!(update["status"], "InProgress");
    bench
        .delete("/clusters/c1")
        .refused(409, "ResourceInUseException", "in progress");
    let again = bench.eks("POST", "/clusters/c1/update-config", &body);
    again.refused(409, "ResourceInUseException", "in progress");
    bench.wait(bench.durations.update);
    let path = format!("/clusters/c1/updates/{}", text(&update["id"]));
    assert_eq!(
        bench.get(&path).ok().json()["update"]["status"],
        "Successful"
    );
    assert_eq!(bench.cluster_status(), "ACTIVE");
    bench.delete("/clusters/c1").ok();
}

#[test]
fn a_list_of_clusters_has_pages() {
    let mut bench = Bench::with(|setup| setup.page_size_max = 1);
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    for name in ["c1", "c2"] {
        body["name"] = json!(name);
        bench.eks("POST", "/clusters", &body).ok();
    }
    let first = bench.get("/clusters").ok().json();
    assert_eq!(first["clusters"], json!(["c1"]));
    let second = bench
        .get(&format!(
            "/clusters?nextToken={}",
            text(&first["nextToken"])
        ))
        .ok()
        .json();
    assert_eq!(
        (&second["clusters"], &second["nextToken"]),
        (&json!(["c2"]), &json!(null))
    );
}

#[test]
fn the_versions_offered_follow_from_the_date() {
    let mut bench = Bench::new();
    let all = bench.get("/cluster-versions").ok().json();
    let names = |answer: &serde_json::Value| -> Vec<String> {
        let versions = answer["clusterVersions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        versions
            .iter()
            .map(|one| text(&one["clusterVersion"]))
            .collect()
    };
    assert_eq!(
        names(&all),
        ["1.36", "1.35", "1.34", "1.33", "1.32", "1.31"]
    );
    assert_eq!(
        all["clusterVersions"][2]["versionStatus"],
        "STANDARD_SUPPORT"
    );
    assert_eq!(
        all["clusterVersions"][3]["versionStatus"],
        "EXTENDED_SUPPORT"
    );
    let two = bench
        .get("/cluster-versions?clusterVersions=1.34&clusterVersions=1.33")
        .ok()
        .json();
    assert_eq!(names(&two), ["1.34", "1.33"]);
    bench.wait(Duration::from_hours(96));
    assert!(!names(&bench.get("/cluster-versions").ok().json()).contains(&"1.31".to_owned()));
}

#[test]
fn what_eks_cannot_do_here_is_refused_by_name() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let path = "/clusters/c1/identity-provider-configs/associate";
    let answer = bench.eks("POST", path, &json!({"oidc": {}}));
    answer.refused(501, "NotImplemented", "eks:AssociateIdentityProviderConfig");
    assert_eq!(
        bench.get("/clusters/c1/addons").ok().json(),
        json!({"addons": []})
    );
    bench
        .get("/clusters/none/addons")
        .refused(404, "ResourceNotFoundException", "none");
}

#[test]
fn a_zone_that_eks_refuses_is_named_with_those_that_it_takes() {
    let mut bench = Bench::new();
    let mut network = bench.network(false);
    bench.wait(bench.durations.read_lag_max);
    let of_id = [("ZoneId.1", "use1-az3")];
    let shown = bench.ec2("DescribeAvailabilityZones", &of_id).ok();
    assert_eq!(shown.texts("zoneName"), ["us-east-1e"]);
    let subnet = [("SubnetId.1", network.public[0].as_str())];
    let vpc = bench.ec2("DescribeSubnets", &subnet).ok().text("vpcId");
    let there = [
        ("VpcId", vpc.as_str()),
        ("CidrBlock", "10.0.200.0/24"),
        ("AvailabilityZone", "us-east-1e"),
    ];
    let id = bench.ec2("CreateSubnet", &there).ok().text("subnetId");
    network.public.push(id);
    let body = bench.cluster_body(&network);
    let code = "UnsupportedAvailabilityZoneException";
    let answer = bench.eks("POST", "/clusters", &body);
    let zones = answer.refused(400, code, "us-east-1e").json();
    let five = ["a", "b", "c", "d", "f"].map(|letter| format!("us-east-1{letter}"));
    assert_eq!(zones["validZones"], json!(five));
}
