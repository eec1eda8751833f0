//! Add-ons: which versions fit, what they need to run, and what becomes of them.

use std::time::Duration;

use serde_json::{Value, json};

use super::bench::{Answer, Bench, Network, group_body};

const SOON: Duration = Duration::from_mins(3);
const CSI: &str = "aws-ebs-csi-driver";

fn made(bench: &mut Bench, body: &Value) -> Answer {
    bench.eks("POST", "/clusters/c1/addons", body)
}

fn install(bench: &mut Bench, name: &str) {
    made(bench, &json!({ "addonName": name })).ok();
    bench.wait(SOON);
}

/// The status of an add-on, with the code of its problem.
fn status(bench: &mut Bench, name: &str) -> (String, String) {
    let seen = bench
        .get(&format!("/clusters/c1/addons/{name}"))
        .ok()
        .json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let addon = &seen["addon"];
    (
        text(&addon["status"]),
        text(&addon["health"]["issues"][0]["code"]),
    )
}

fn of(status: &str, code: &str) -> (String, String) {
    (status.to_owned(), code.to_owned())
}

fn cluster() -> (Bench, Network) {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    (bench, network)
}

fn nodes(bench: &mut Bench, network: &Network) {
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(Duration::from_mins(10));
}

#[test]
fn an_addon_whose_pods_need_nodes_is_degraded_until_there_are_some() {
    let (mut bench, network) = cluster();
    install(&mut bench, "coredns");
    install(&mut bench, "kube-proxy");
    assert_eq!(status(&mut bench, "kube-proxy"), of("ACTIVE", ""));
    let lacking = of("DEGRADED", "InsufficientNumberOfReplicas");
    assert_eq!(status(&mut bench, "coredns"), lacking);
    nodes(&mut bench, &network);
    assert_eq!(status(&mut bench, "coredns"), of("ACTIVE", ""));
}

#[test]
fn the_storage_driver_does_not_run_without_a_role_that_it_can_use() {
    let (mut bench, network) = cluster();
    nodes(&mut bench, &network);
    let lacking = of("DEGRADED", "InsufficientNumberOfReplicas");
    install(&mut bench, CSI);
    assert_eq!(status(&mut bench, CSI), lacking);
    let issuer = bench.get("/clusters/c1").json()["cluster"]["identity"]["oidc"]["issuer"].clone();
    let issuer = issuer.as_str().expect("an issuer").to_owned();
    let host = issuer.trim_start_matches("https://");
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": { "Federated": format!("arn:aws:iam::123456789012:oidc-provider/{host}") },
    }]});
    let trust = trust.to_string();
    let role = [
        ("RoleName", "csi"),
        ("AssumeRolePolicyDocument", trust.as_str()),
    ];
    let arn = bench.iam("CreateRole", &role).ok().text("Arn");
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy";
    let attach = [("RoleName", "csi"), ("PolicyArn", policy)];
    bench.iam("AttachRolePolicy", &attach).ok();
    let path = format!("/clusters/c1/addons/{CSI}/update");
    bench
        .eks("POST", &path, &json!({ "serviceAccountRoleArn": arn }))
        .ok();
    bench.wait(SOON);
    assert_eq!(
        status(&mut bench, CSI),
        lacking,
        "no provider for the issuer yet"
    );
    bench
        .iam("CreateOpenIDConnectProvider", &[("Url", &issuer)])
        .ok();
    assert_eq!(status(&mut bench, CSI), of("ACTIVE", ""));
}

#[test]
fn a_version_must_fit_the_cluster() {
    let (mut bench, _) = cluster();
    let offered =
        bench.get("/addons/supported-versions?addonName=kube-proxy&kubernetesVersion=1.33");
    let offered = offered.ok().json()["addons"][0]["addonVersions"].clone();
    let fitting = offered.as_array().expect("versions");
    assert!(fitting.iter().all(|one| {
        one["addonVersion"]
            .as_str()
            .is_some_and(|name| name.starts_with("v1.33."))
    }));
    let mut check = |name: &str, version: &str, text: &str| {
        let body = json!({ "addonName": name, "addonVersion": version });
        made(&mut bench, &body).refused(400, "InvalidParameterException", text);
    };
    check(
        "kube-proxy",
        "v1.30.14-eksbuild.8",
        "Addon version specified is not supported",
    );
    check("tea", "v1", "Addon tea specified is not supported");
}

#[test]
fn an_addon_that_would_overwrite_another_version_fails_unless_it_is_told_to() {
    let (mut bench, _) = cluster();
    let newest = bench.get("/addons/supported-versions?addonName=vpc-cni&kubernetesVersion=1.33");
    let newest = newest.ok().json()["addons"][0]["addonVersions"][0]["addonVersion"].clone();
    let body = json!({ "addonName": "vpc-cni", "addonVersion": newest });
    made(&mut bench, &body).ok();
    bench.wait(SOON);
    assert_eq!(
        status(&mut bench, "vpc-cni"),
        of("CREATE_FAILED", "ConfigurationConflict")
    );
    bench.delete("/clusters/c1/addons/vpc-cni").ok();
    bench.wait(SOON);
    let mut body = body.clone();
    body["resolveConflicts"] = json!("OVERWRITE");
    made(&mut bench, &body).ok();
    bench.wait(SOON);
    assert_eq!(status(&mut bench, "vpc-cni"), of("ACTIVE", ""));
    made(&mut bench, &json!({ "addonName": "vpc-cni" })).refused(
        409,
        "ResourceInUseException",
        "Addon already exists.",
    );
}

#[test]
fn nodes_of_a_cluster_without_a_network_never_join() {
    let mut bench = Bench::new();
    let network = bench.network(true);
    let mut body = bench.cluster_body(&network);
    body["bootstrapSelfManagedAddons"] = json!(false);
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(Duration::from_mins(15));
    nodes(&mut bench, &network);
    assert_eq!(bench.group_status(), "CREATING");
    bench.wait(Duration::from_mins(20));
    assert_eq!(bench.group_status(), "CREATE_FAILED");
}

#[test]
fn an_addon_goes_with_its_cluster_and_takes_its_associations_with_it() {
    let (mut bench, _) = cluster();
    let role = bench.role("pod", "pods.eks.amazonaws.com", &[]);
    let body = json!({
        "addonName": CSI,
        "podIdentityAssociations": [{ "serviceAccount": "ebs-csi-controller-sa", "roleArn": role }],
    });
    made(&mut bench, &body).ok();
    bench.wait(SOON);
    let list = "/clusters/c1/pod-identity-associations";
    let count = |bench: &mut Bench| {
        let seen = bench.get(list).ok().json();
        seen["associations"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count(&mut bench), 1);
    bench.delete(&format!("/clusters/c1/addons/{CSI}")).ok();
    bench.wait(SOON);
    assert_eq!(count(&mut bench), 0);
    bench
        .get(&format!("/clusters/c1/addons/{CSI}"))
        .refused(404, "ResourceNotFoundException", CSI);
    install(&mut bench, "kube-proxy");
    bench.delete("/clusters/c1").ok();
    bench.wait(Duration::from_mins(10));
    bench
        .get("/clusters/c1")
        .refused(404, "ResourceNotFoundException", "c1");
}

#[test]
fn the_objects_of_an_addon_come_and_go_with_it_unless_they_are_preserved() {
    use super::kubernetes::ask;
    let (mut bench, network) = cluster();
    nodes(&mut bench, &network);
    let driver = |bench: &mut Bench| {
        let path = "/apis/apps/v1/namespaces/kube-system/deployments/ebs-csi-controller";
        ask(bench, "GET", path, &Value::Null).status
    };
    assert_eq!(driver(&mut bench), 404);
    install(&mut bench, CSI);
    assert_eq!(driver(&mut bench), 200);
    bench
        .eks(
            "DELETE",
            "/clusters/c1/addons/aws-ebs-csi-driver",
            &json!({}),
        )
        .ok();
    bench.wait(SOON);
    assert_eq!(driver(&mut bench), 404);
    install(&mut bench, CSI);
    let kept = "/clusters/c1/addons/aws-ebs-csi-driver?preserve=true";
    bench.eks("DELETE", kept, &json!({})).ok();
    bench.wait(SOON);
    assert_eq!(driver(&mut bench), 200);
}
