//! A fork of a simulated account is equal to it and independent of it.

use bytes::Bytes;
use http::Request;
use kubeproof_contract::resource::Resource;
use kubeproof_huggingface_simulator::cloud::HuggingFaceCloud;
use kubeproof_huggingface_simulator::setup::Setup;
use serde_json::{Value, json};

use crate::bench::{endpoint, request, start};
use crate::fork_support as fork;

/// The jobs of the user.
const JOBS: &str = "hub /jobs/kubeproof-rehearsal";

/// Changes whose answers are 200: an endpoint is still being changed, and a job runs, when the account is forked.
fn first(there: &[Resource]) -> Vec<Request<Bytes>> {
    let most = 2 + there.len() % 2;
    let scaling = json!({"compute": {"scaling": {"maxReplica": most}}});
    vec![
        request("PUT endpoint /kp-legacy-scores", &scaling),
        request("POST endpoint /kp-legacy-chat/resume", &Value::Null),
        request(
            &format!("POST {JOBS}"),
            &crate::jobs::job(&["sleep", "600"]),
        ),
    ]
}

/// Waits for it, and changes and removes something.
fn further(_: &[Resource]) -> Vec<Request<Bytes>> {
    let get = || request("GET endpoint /kp-legacy-scores", &Value::Null);
    let list = || request("GET v2 /endpoint/kubeproof-research", &Value::Null);
    vec![
        get(),
        list(),
        request("POST endpoint /kp-legacy-chat/pause", &Value::Null),
        get(),
        request("GET hub /whoami-v2", &Value::Null),
        request(&format!("POST {JOBS}"), &crate::jobs::job(&["echo", "hi"])),
        request(&format!("GET {JOBS}"), &Value::Null),
        request(
            "POST endpoint /kp-legacy-scores/scale-to-zero",
            &Value::Null,
        ),
        list(),
        get(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_fork_is_equal_and_independent() {
    let cloud = HuggingFaceCloud::new(Setup::new(1, start()));
    fork::check(cloud, start(), first, further).await;
}

#[test]
fn the_same_requests_give_the_same_addresses() {
    let url = || {
        let mut bench = crate::bench::Bench::new();
        bench.running(&endpoint("e"))
    };
    assert_eq!(url(), url());
}
