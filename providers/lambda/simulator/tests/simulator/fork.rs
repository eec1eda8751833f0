//! A fork of a simulated account is equal to it and independent of it.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_lambda_simulator::cloud::LambdaCloud;
use kubeproof_lambda_simulator::setup::{API_KEY, Setup};
use serde_json::{Value, json};

use crate::fork_support as fork;

fn request(line: &str, body: &Value) -> Request<Bytes> {
    let (method, path) = line.split_once(' ').unwrap();
    Request::builder()
        .method(method)
        .uri(format!("https://cloud.lambda.ai/api/v1{path}"))
        .header("authorization", format!("Bearer {API_KEY}"))
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

/// A launch that is still booting when the account is forked.
fn launch(there: &[Resource]) -> Vec<Request<Bytes>> {
    let name = format!("data-{}", there.len());
    let filesystem = json!({"name": name, "region": "us-east-1"});
    let order = json!({
        "region_name": "us-east-1", "instance_type_name": "gpu_1x_a10", "ssh_key_names": ["alice"],
        "file_system_names": [name], "tags": [{"key": "kubeproof:run", "value": "r1"}],
    });
    vec![
        request("POST /filesystems", &filesystem),
        request("POST /instance-operations/launch", &order),
    ]
}

/// Waits for it, and creates and removes something.
fn further(there: &[Resource]) -> Vec<Request<Bytes>> {
    let ids = there.iter().filter(|one| one.resource_type == "instance");
    let ids: Vec<&str> = ids.map(|one| one.id.as_str()).collect();
    let key = json!({"name": "k", "public_key": "ssh-ed25519 AAAA k"});
    let list = || request("GET /instances", &Value::Null);
    let terminate = request(
        "POST /instance-operations/terminate",
        &json!({"instance_ids": ids}),
    );
    let added = request("POST /ssh-keys", &key);
    vec![
        list(),
        added,
        list(),
        list(),
        list(),
        terminate,
        list(),
        list(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_fork_is_equal_and_independent() {
    let start = Timestamp::from_second(1_795_000_000).unwrap();
    let cloud = LambdaCloud::new(Setup::new(1, start));
    fork::check(cloud, start, launch, further).await;
}
