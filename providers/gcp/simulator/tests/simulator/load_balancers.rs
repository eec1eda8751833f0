//! Load balancers of HTTP: made by calls or by an Ingress, with what keeps what; snapshots and disks of regions.

use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTERS};
use crate::workload::Cluster;

const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
/// The types of the parts of an Ingress, and how many there are of each with two services and TLS.
const PARTS: [(&str, usize); 8] = [
    ("forwarding_rule", 2),
    ("target_proxy", 2),
    ("url_map", 1),
    ("ssl_certificate", 1),
    ("backend_service", 2),
    ("health_check", 2),
    ("neg", 2),
    ("firewall_rule", 1),
];

fn ingress(name: &str) -> Value {
    let service = |name: &str| json!({"service": {"name": name, "port": {"number": 80}}});
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": {
        "defaultBackend": service("web"), "tls": [{"secretName": "shop"}],
        "rules": [{"http": {"paths": [{"path": "/api", "pathType": "Prefix", "backend": service("api")}]}}],
    }})
}

/// The parts of the Ingresses that there are, by type.
fn parts(bench: &Bench) -> Vec<(&'static str, usize)> {
    let is_part = |name: &String| {
        ["k8s1-", "k8s2-", "k8s-fw-l7-"]
            .iter()
            .any(|begin| name.starts_with(begin))
    };
    let count = |of: &str| bench.ids(of).iter().filter(|name| is_part(name)).count();
    PARTS.iter().map(|(of, _)| (*of, count(of))).collect()
}

#[test]
fn an_ingress_gets_a_load_balancer_and_takes_it_along() {
    let mut cluster = Cluster::new();
    let before = cluster.bench.all();
    cluster.ok("POST", INGRESSES, &ingress("shop"));
    cluster.bench.wait(60);
    assert_eq!(parts(&cluster.bench), PARTS);
    let shown = cluster.ok("GET", &format!("{INGRESSES}/shop"), &Value::Null);
    let address = &shown["status"]["loadBalancer"]["ingress"][0]["ip"];
    let rules = cluster
        .bench
        .ok("GET compute global/forwardingRules", Value::Null);
    assert_eq!(&rules["items"][0]["IPAddress"], address);
    // A second one shares the backends and the firewall rule.
    cluster.ok("POST", INGRESSES, &ingress("other"));
    cluster.bench.wait(60);
    assert_eq!(parts(&cluster.bench)[4..], PARTS[4..]);
    for name in ["shop", "other"] {
        cluster.ok("DELETE", &format!("{INGRESSES}/{name}"), &Value::Null);
        cluster.bench.wait(60);
    }
    assert_eq!(cluster.bench.all(), before);
}

#[test]
fn an_ingress_of_another_controller_gets_nothing() {
    let mut cluster = Cluster::new();
    let before = cluster.bench.all();
    let mut theirs = ingress("shop");
    theirs["spec"]["ingressClassName"] = json!("nginx");
    cluster.ok("POST", INGRESSES, &theirs);
    cluster.bench.wait(60);
    assert_eq!(cluster.bench.all(), before);
    cluster.ok("DELETE", &format!("{INGRESSES}/shop"), &Value::Null);
    let shown = cluster.ok("GET", INGRESSES, &Value::Null);
    assert_eq!(shown["items"], json!([]));
}

#[test]
fn what_stays_of_an_ingress_has_all_that_it_uses_and_the_rule_that_names_it() {
    let mut cluster = Cluster::new();
    cluster.ok("POST", INGRESSES, &ingress("shop"));
    cluster.bench.wait(60);
    let line = format!("DELETE {CLUSTERS}/c");
    cluster.bench.cluster_made(&line, Value::Null);
    let left = parts(&cluster.bench);
    let of = |of: &str| left.iter().find(|(name, _)| *name == of).unwrap().1;
    let all: usize = left.iter().map(|(_, count)| count).sum();
    assert!(all > 0, "this seed leaves nothing");
    assert_eq!(of("firewall_rule"), 1, "{left:?}");
    if of("forwarding_rule") > 0 {
        assert!(
            of("url_map") == 1 && of("backend_service") == 2 && of("neg") == 2,
            "{left:?}"
        );
    }
}

#[test]
fn the_parts_of_a_load_balancer_go_in_the_order_in_which_they_are_used() {
    let mut bench = Bench::new();
    let path = |of: &str| format!("compute global/{of}");
    let link = |of: &str| format!("global/{of}/x");
    let check = json!({"name": "x", "type": "HTTP"});
    bench.made(&format!("POST {}", path("healthChecks")), check);
    let service = json!({"name": "x", "healthChecks": [link("healthChecks")]});
    bench.made(&format!("POST {}", path("backendServices")), service);
    let map = json!({"name": "x", "defaultService": link("backendServices")});
    bench.made(&format!("POST {}", path("urlMaps")), map);
    let pem = json!({"name": "x", "certificate": "public", "privateKey": "hush"});
    bench.made(&format!("POST {}", path("sslCertificates")), pem);
    let proxy = json!({"name": "x", "urlMap": link("urlMaps"), "sslCertificates": [link("sslCertificates")]});
    bench.made(&format!("POST {}", path("targetHttpsProxies")), proxy);
    let rule = json!({"name": "x", "target": link("targetHttpsProxies"), "portRange": "443"});
    bench.made(&format!("POST {}", path("forwardingRules")), rule);
    let shown = bench.ok(&format!("GET {}/x", path("sslCertificates")), Value::Null);
    assert_eq!(shown["type"], "SELF_MANAGED");
    assert!(!shown.to_string().contains("hush"), "{shown}");
    for of in [
        "sslCertificates",
        "urlMaps",
        "targetHttpsProxies",
        "backendServices",
    ] {
        let line = format!("DELETE {}/x", path(of));
        bench.refused(&line, Value::Null, 400, "resourceInUseByAnotherResource");
    }
    for of in [
        "forwardingRules",
        "targetHttpsProxies",
        "sslCertificates",
        "urlMaps",
        "backendServices",
        "healthChecks",
    ] {
        bench.made(&format!("DELETE {}/x", path(of)), Value::Null);
    }
    let lacking = json!({"name": "y", "urlMap": "global/urlMaps/none"});
    let line = format!("POST {}", path("targetHttpProxies"));
    bench.refused(&line, lacking, 404, "notFound");
}

#[test]
fn a_snapshot_outlives_its_disk_and_a_disk_can_be_made_of_it() {
    let mut bench = Bench::new();
    let zone = "compute zones/us-central1-a/disks";
    bench.made(
        &format!("POST {zone}"),
        json!({"name": "d", "sizeGb": "20"}),
    );
    let snapshot =
        json!({"name": "s", "sourceDisk": "zones/us-central1-a/disks/d", "labels": {"a": "b"}});
    bench.made("POST compute global/snapshots", snapshot);
    bench.made(&format!("DELETE {zone}/d"), Value::Null);
    let shown = bench.ok("GET compute global/snapshots/s", Value::Null);
    assert_eq!(
        (&shown["status"], &shown["diskSizeGb"]),
        (&json!("READY"), &json!("20"))
    );
    let disk = json!({"name": "e", "sizeGb": "20", "sourceSnapshot": "global/snapshots/s"});
    bench.made(&format!("POST {zone}"), disk);
    bench.made("DELETE compute global/snapshots/s", Value::Null);
    assert!(bench.ids("snapshot").is_empty());
    assert!(bench.cloud_is_unpriced("snapshots"));
}

#[test]
fn a_disk_of_a_region_is_in_two_of_its_zones() {
    let mut bench = Bench::new();
    let region = "compute regions/us-central1/disks";
    let line = format!("POST {region}");
    let disk = |zones: &[&str]| json!({"name": "d", "sizeGb": "200", "replicaZones": zones});
    let (a, b) = ("zones/us-central1-a", "zones/us-central1-b");
    for wrong in [&[a][..], &[a, a], &[a, "zones/us-east1-b"], &[]] {
        bench.refused(&line, disk(wrong), 400, "invalid");
    }
    bench.made(&line, disk(&[a, b]));
    let shown = bench.ok(&format!("GET {region}/d"), Value::Null);
    assert!(
        shown["region"]
            .as_str()
            .unwrap()
            .ends_with("regions/us-central1")
    );
    assert_eq!(shown["replicaZones"].as_array().unwrap().len(), 2);
    let all = bench.ok("GET compute aggregated/disks", Value::Null);
    assert_eq!(all["items"]["regions/us-central1"]["disks"][0]["name"], "d");
    let line = format!("DELETE {region}/d");
    bench.made(&line, Value::Null);
}
