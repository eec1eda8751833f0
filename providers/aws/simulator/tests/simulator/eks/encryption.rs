//! A cluster that encrypts its secrets with a key of the account, and the log group that it goes on writing to.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::bench::{Bench, signed};

/// A call of a JSON service.
fn call(bench: &mut Bench, service: &str, action: &str, body: &Value) -> Value {
    let request = signed("POST", service, "/").header("x-amz-target", format!("T.{action}"));
    let request = request.body(Bytes::from(body.to_string()));
    bench.send(request.expect("a request")).ok().json()
}

fn key(bench: &mut Bench) -> String {
    let made = call(bench, "kms", "CreateKey", &json!({}));
    made["KeyMetadata"]["Arn"]
        .as_str()
        .expect("an ARN")
        .to_owned()
}

fn with_key(key: &str) -> Value {
    json!([{ "resources": ["secrets"], "provider": { "keyArn": key } }])
}

fn grants(bench: &mut Bench, key: &str) -> usize {
    let seen = call(bench, "kms", "ListGrants", &json!({ "KeyId": key }));
    seen["Grants"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_cluster_holds_a_grant_on_its_key_until_it_is_gone() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let key = key(&mut bench);
    let mut body = bench.cluster_body(&network);
    body["encryptionConfig"] = with_key(&key);
    bench.eks("POST", "/clusters", &body).ok();
    assert_eq!(grants(&mut bench, &key), 1);
    bench.wait(Duration::from_mins(15));
    bench.delete("/clusters/c1").ok();
    bench.wait(Duration::from_mins(10));
    assert_eq!(grants(&mut bench, &key), 0);
}

#[test]
fn a_cluster_says_what_became_of_its_key() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let key = key(&mut bench);
    let body = json!({ "encryptionConfig": with_key(&key) });
    let path = "/clusters/c1/encryption-config/associate";
    bench.eks("POST", path, &body).ok();
    bench.wait(Duration::from_mins(3));
    bench
        .eks("POST", path, &body)
        .refused(400, "InvalidParameterException", "already enabled");
    let mut check = |action: &str, expected: Value| {
        call(&mut bench, "kms", action, &json!({ "KeyId": key }));
        let seen = bench.get("/clusters/c1").ok().json();
        assert_eq!(
            seen["cluster"]["health"]["issues"][0]["code"], expected,
            "{action}"
        );
    };
    check("DescribeKey", Value::Null);
    check("DisableKey", json!("KmsKeyDisabled"));
    check("ScheduleKeyDeletion", json!("KmsKeyMarkedForDeletion"));
    bench.wait(Duration::from_hours(31 * 24));
    let seen = bench.get("/clusters/c1").ok().json();
    assert_eq!(
        seen["cluster"]["health"]["issues"][0]["code"],
        "KmsKeyNotFound"
    );
}

#[test]
fn a_key_that_cannot_be_used_is_refused() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let key = key(&mut bench);
    let mut body = bench.cluster_body(&network);
    let mut check = |bench: &mut Bench, config: Value, text: &str| {
        body["encryptionConfig"] = config;
        let answer = bench.eks("POST", "/clusters", &body);
        answer.refused(400, "InvalidParameterException", text);
    };
    check(
        &mut bench,
        with_key("arn:aws:kms:us-east-1:123456789012:key/none"),
        "does not exist",
    );
    check(
        &mut bench,
        json!([{ "resources": ["pods"], "provider": { "keyArn": key } }]),
        "only supported value is secrets",
    );
    call(&mut bench, "kms", "DisableKey", &json!({ "KeyId": key }));
    check(&mut bench, with_key(&key), "not enabled");
}

#[test]
fn a_log_group_that_is_deleted_under_its_cluster_comes_back_bare() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    body["logging"] = json!({ "clusterLogging": [{ "types": ["api"], "enabled": true }] });
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(Duration::from_mins(15));
    let group = json!({ "logGroupName": "/aws/eks/c1/cluster" });
    let mut asked = group.clone();
    asked["retentionInDays"] = json!(90);
    call(&mut bench, "logs", "PutRetentionPolicy", &asked);
    call(&mut bench, "logs", "DeleteLogGroup", &group);
    assert_eq!(bench.exists("cloudwatch_log_group").len(), 0);
    bench.wait(Duration::from_mins(1));
    let seen = call(&mut bench, "logs", "DescribeLogGroups", &json!({}));
    assert_eq!(seen["logGroups"][0]["logGroupName"], group["logGroupName"]);
    assert_eq!(seen["logGroups"][0]["retentionInDays"], Value::Null);
    // Also while it is being deleted; not any more when it is gone.
    bench.delete("/clusters/c1").ok();
    call(&mut bench, "logs", "DeleteLogGroup", &group);
    bench.wait(Duration::from_mins(1));
    assert_eq!(bench.exists("cloudwatch_log_group").len(), 1);
    bench.wait(Duration::from_mins(10));
    call(&mut bench, "logs", "DeleteLogGroup", &group);
    bench.wait(Duration::from_mins(10));
    assert_eq!(bench.exists("cloudwatch_log_group").len(), 0);
}
