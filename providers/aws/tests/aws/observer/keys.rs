//! Keys of KMS in an audit: an orphan, until its deletion is scheduled.

use bytes::Bytes;
use http::Request;
use kubeproof_contract::deleter::Deleter as _;
use kubeproof_contract::observer::{Lister as _, Ownership as _};
use kubeproof_contract::resource::RETAINED_PROPERTY;

use super::bench::Bench;
use super::inventory::{assert_equals_ground_truth, listed};

/// A call of KMS, as a program makes it.
async fn kms(bench: &Bench, operation: &str, body: serde_json::Value) -> serde_json::Value {
    let request = Request::post("https://kms.us-east-1.amazonaws.com/")
        .header("x-amz-target", format!("TrentService.{operation}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAKUBEPROOFREHEARS/20261123/us-east-1/kms/aws4_request, Signature=0",
        )
        .body(Bytes::from(body.to_string()));
    let answer = bench.transport.send(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_key_is_an_orphan_until_its_deletion_is_scheduled_and_may_remain_then() {
    let bench = Bench::new();
    let account = bench.account();
    let tags = serde_json::json!([{ "TagKey": "kubeproof:run", "TagValue": "r1" }]);
    let made = kms(&bench, "CreateKey", serde_json::json!({ "Tags": tags })).await;
    let id = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let alias = serde_json::json!({ "AliasName": "alias/kp-r1", "TargetKeyId": id });
    kms(&bench, "CreateAlias", alias).await;
    assert_equals_ground_truth(&bench, &account).await;
    let seen = async || {
        let keys = listed(&account, "kms_key", "us-east-1").await.unwrap();
        account.complete(keys).await.unwrap().remove(0)
    };
    let key = seen().await;
    assert_eq!(account.proofs(&bench.run, &key, &[]).len(), 1);
    assert!(!key.properties.contains_key(RETAINED_PROPERTY));
    let deleter = bench.deleter();
    deleter.delete(&key).await.unwrap();
    let key = seen().await;
    let reason = &key.properties[RETAINED_PROPERTY];
    assert!(reason.contains("7 to 30 days"), "{reason}");
    // Asked again it stays as it is.
    deleter.delete(&key).await.unwrap();
    assert_equals_ground_truth(&bench, &account).await;
}
