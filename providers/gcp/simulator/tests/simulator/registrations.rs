//! Memberships of the fleet, sinks and buckets of logs, workload identity pools, and keys.

use kubeproof_gcp_simulator::setup::{ACCESS_TOKEN, PROJECT};
use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTERS, cluster, to};

const DAY: i64 = 24 * 3600;

fn below(path: &str) -> String {
    format!("/projects/{PROJECT}/locations/{path}")
}

/// A call of Cloud Logging below the project.
fn logging(bench: &mut Bench, line: &str, body: &Value) -> (u16, Value) {
    let (method, path) = line.split_once(' ').unwrap();
    let url = format!("logging.googleapis.com/v2/projects/{PROJECT}/{path}");
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    bench.send(&to(method, &url, ACCESS_TOKEN, &body))
}

#[test]
fn a_membership_outlives_its_cluster_and_says_so() {
    let mut bench = Bench::new();
    let before = bench.all();
    bench.cluster_made(&format!("POST {CLUSTERS}"), cluster("c"));
    let link =
        format!("//container.googleapis.com/projects/{PROJECT}/locations/us-central1-a/clusters/c");
    let asked = json!({"endpoint": {"gkeCluster": {"resourceLink": link}}, "labels": {"a": "b"}});
    let place = below("global/memberships");
    let create = format!("POST gkehub {place}?membershipId=m");
    let operation = bench.fine(&create, asked.clone());
    assert_eq!(operation["done"], true);
    let path = format!("GET gkehub /{}", operation["name"].as_str().unwrap());
    assert_eq!(bench.fine(&path, Value::Null), operation);
    bench.denied(&create, asked, 409, "ALREADY_EXISTS");
    let missing = "/endpoint/gkeCluster/clusterMissing";
    let get = format!("GET gkehub {place}/m");
    assert_eq!(bench.fine(&get, Value::Null).pointer(missing), None);
    bench.cluster_made(&format!("DELETE {CLUSTERS}/c"), Value::Null);
    let shown = bench.fine(&get, Value::Null);
    assert_eq!(shown.pointer(missing), Some(&json!(true)));
    assert_eq!(bench.ids("gke_hub_membership"), ["m"]);
    let everywhere = format!("GET gkehub {}", below("-/memberships"));
    let all = bench.fine(&everywhere, Value::Null);
    assert_eq!(all["resources"], json!([shown]));
    bench.fine(&format!("DELETE gkehub {place}/m"), Value::Null);
    bench.denied(&get, Value::Null, 404, "NOT_FOUND");
    assert_eq!(bench.all(), before);
}

#[test]
fn a_deleted_pool_is_not_listed_and_keeps_its_name_for_thirty_days() {
    let mut bench = Bench::new();
    let before = bench.all();
    let pools = below("global/workloadIdentityPools");
    let create = format!("POST iam {pools}?workloadIdentityPoolId=p");
    bench.fine(&create, json!({"description": "x"}));
    let provider = format!("POST iam {pools}/p/providers?workloadIdentityPoolProviderId=ci");
    let oidc = json!({"oidc": {"issuerUri": "https://example.com"}});
    bench.fine(&provider, oidc.clone());
    assert_eq!(bench.ids("workload_identity_provider"), ["p/ci"]);
    bench.fine(&format!("DELETE iam {pools}/p"), Value::Null);
    assert_eq!(bench.all(), before);
    assert_eq!(
        bench.fine(&format!("GET iam {pools}/p"), Value::Null)["state"],
        "DELETED"
    );
    let names = |list: &Value| list["workloadIdentityPools"].as_array().map_or(0, Vec::len);
    let list = bench.fine(&format!("GET iam {pools}"), Value::Null);
    let all = bench.fine(&format!("GET iam {pools}?showDeleted=true"), Value::Null);
    assert_eq!((names(&list), names(&all)), (1, 2));
    bench.denied(&create, json!({}), 409, "ALREADY_EXISTS");
    bench.denied(&provider, oidc, 404, "NOT_FOUND");
    bench.denied(
        &format!("DELETE iam {pools}/p"),
        Value::Null,
        400,
        "FAILED_PRECONDITION",
    );
    bench.wait(31 * DAY);
    bench.denied(&format!("GET iam {pools}/p"), Value::Null, 404, "NOT_FOUND");
    bench.fine(&create, json!({}));
}

#[test]
fn a_deleted_bucket_goes_after_a_week_and_defaults_never_go() {
    let mut bench = Bench::new();
    let before = bench.all();
    let create = "POST locations/global/buckets?bucketId=b";
    assert_eq!(
        logging(&mut bench, create, &json!({"description": "x"})).1["retentionDays"],
        30
    );
    assert!(bench.cloud_is_unpriced("Logging bucket"));
    let destination =
        format!("logging.googleapis.com/projects/{PROJECT}/locations/global/buckets/b");
    let sink = json!({"name": "s", "destination": destination});
    let made = logging(&mut bench, "POST sinks", &sink).1;
    assert_eq!(
        (&made["name"], made["createTime"].is_string()),
        (&json!("s"), true)
    );
    assert_eq!(
        logging(&mut bench, "POST sinks", &json!({"name": "t"})).0,
        400
    );
    assert_eq!(bench.ids("log_sink"), ["s"]);
    for default in ["sinks/_Default", "locations/global/buckets/_Required"] {
        assert_eq!(
            logging(&mut bench, &format!("DELETE {default}"), &Value::Null).0,
            400
        );
    }
    assert_eq!(logging(&mut bench, "DELETE sinks/s", &Value::Null).0, 200);
    let bucket = "locations/global/buckets/b";
    for _ in 0..2 {
        assert_eq!(
            logging(&mut bench, &format!("DELETE {bucket}"), &Value::Null).0,
            200
        );
    }
    let shown = logging(&mut bench, &format!("GET {bucket}"), &Value::Null).1;
    assert_eq!(shown["lifecycleState"], "DELETE_REQUESTED");
    assert_eq!(bench.ids("log_bucket"), ["global/b"]);
    bench.wait(8 * DAY);
    assert_eq!(
        logging(&mut bench, &format!("GET {bucket}"), &Value::Null).0,
        404
    );
    assert_eq!(bench.all(), before);
}

#[test]
fn a_version_of_a_key_is_destroyed_a_month_later_and_the_key_stays() {
    let mut bench = Bench::new();
    let rings = below("us-east1/keyRings");
    let asked = json!({"purpose": "ENCRYPT_DECRYPT"});
    let keys = format!("{rings}/r/cryptoKeys");
    let create = format!("POST cloudkms {keys}?cryptoKeyId=k");
    bench.denied(&create, asked.clone(), 404, "NOT_FOUND");
    bench.fine(&format!("POST cloudkms {rings}?keyRingId=r"), json!({}));
    let key = bench.fine(&create, asked);
    assert_eq!(key["primary"]["state"], "ENABLED");
    assert!(bench.cloud_is_unpriced("Cloud KMS key version"));
    let versions = format!("{keys}/k/cryptoKeyVersions");
    bench.fine(&format!("POST cloudkms {versions}"), json!({}));
    let destroy = format!("POST cloudkms {versions}/1:destroy");
    let scheduled = bench.fine(&destroy, json!({}));
    assert_eq!(scheduled["state"], "DESTROY_SCHEDULED");
    bench.denied(&destroy, json!({}), 400, "FAILED_PRECONDITION");
    let count = |bench: &Bench, property: &str| {
        let all = bench.cloud_inventory();
        let key = all.iter().find(|one| one.id == "us-east1/r/k").unwrap();
        key.properties[property].clone()
    };
    assert_eq!(
        (count(&bench, "versions"), count(&bench, "scheduled")),
        ("1".into(), "1".into())
    );
    bench.wait(31 * DAY);
    let list = bench.fine(&format!("GET cloudkms {versions}"), Value::Null);
    let states: Vec<&str> = list["cryptoKeyVersions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["DESTROYED", "ENABLED"]);
    assert_eq!(
        (count(&bench, "versions"), count(&bench, "scheduled")),
        ("1".into(), "0".into())
    );
    let refused = format!("POST cloudkms {keys}?cryptoKeyId=mac");
    bench.denied(&refused, json!({"purpose": "MAC"}), 501, "UNIMPLEMENTED");
    assert_eq!(bench.ids("kms_crypto_key"), ["us-east1/r/k"]);
}
