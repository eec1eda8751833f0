//! Any requests to a simulated account, in any order and at any time: each is answered, and nothing panics.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_huggingface_simulator::cloud::HuggingFaceCloud;
use kubeproof_huggingface_simulator::setup::{Setup, TOKEN};
use kubeproof_simkit::cloud::Cloud;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::bench::{endpoint, start, uri};
use crate::fuzz_support as fuzz;

/// The routes, with placeholders.
const ROUTES: &[&str] = &[
    "POST endpoint",
    "PUT endpoint /e",
    "PUT endpoint /ID",
    "GET endpoint /e",
    "POST endpoint /e/pause",
    "POST endpoint /e/resume",
    "POST endpoint /e/scale-to-zero",
    "DELETE endpoint /e",
    "GET endpoint /e/logs?tail=ID",
    "GET endpoint ?limit=ID",
    "GET endpoint ?cursor=ID",
    "GET v2 /endpoint/ID",
    "GET v2 /ID",
    "POST model /ID",
    "POST model /",
    "GET hub /ID",
    "POST hub /jobs/kubeproof-rehearsal",
    "GET hub /jobs/kubeproof-rehearsal?stage=RUNNING&cursor=ID",
    "GET hub /jobs/kubeproof-rehearsal/ID/logs?tail=ID",
    "POST hub /jobs/kubeproof-rehearsal/ID/cancel",
    "POST hub /scheduled-jobs/kubeproof-rehearsal",
    "POST hub /scheduled-jobs/kubeproof-rehearsal/ID/schedule",
    "POST hub /repos/create",
    "DELETE hub /repos/delete",
    "POST hub /spaces/kubeproof-rehearsal/e/commit/main",
    "POST hub /spaces/kubeproof-rehearsal/e/hardware",
    "POST hub /spaces/kubeproof-rehearsal/e/secrets",
    "GET hub /spaces?author=ID",
    "GET hub /models/ID/ID",
    "POST hub /settings/webhooks",
    "DELETE hub /settings/webhooks/ID",
];

/// Valid bodies, to be changed in some places.
fn bodies() -> Vec<Value> {
    vec![
        endpoint("e"),
        json!({"compute": {"scaling": {"minReplica": 1, "maxReplica": 3, "measure": {"pendingRequests": 1.5}}}}),
        json!({"model": {"revision": "v2", "image": {"tgi": {"url": "u"}}, "secrets": {"a": "b"}}}),
        json!({"inputs": "hello", "messages": [{"role": "user", "content": "x"}], "input": ["a"]}),
        crate::jobs::job(&["sh", "-c", "echo a; sleep 9"]),
        json!({"jobSpec": crate::jobs::job(&["echo", "$A"]), "schedule": "*/5 1-2 * * *", "suspend": false}),
        json!({"name": "e", "organization": null, "type": "space", "sdk": "docker", "hardware": "t4-small",
               "sleepTimeSeconds": 60, "secrets": [{"key": "A", "value": "b"}]}),
        json!({"key": "file", "value": {"path": "Dockerfile"}}),
        json!({"flavor": "cpu-basic", "sleepTimeSeconds": 1}),
        json!({"watched": [], "domains": ["repo"], "url": "https://x"}),
        Value::Null,
    ]
}

/// The address of a model that is there.
fn model(cloud: &HuggingFaceCloud) -> String {
    let hosts = cloud.api_hosts();
    let host = hosts.last().cloned().unwrap_or_default();
    format!("https://{host}")
}

proptest! {
    #![proptest_config(fuzz::cases(48))]

    #[test]
    fn any_requests_in_any_order_are_answered(all in {
        let mut words = fuzz::literals(env!("CARGO_MANIFEST_DIR"));
        words.extend(std::iter::repeat_n("e".to_owned(), words.len() / 2));
        let change = (any::<usize>(), fuzz::json(words.clone(), words.clone()));
        let changes = prop::collection::vec(change, 0..3);
        let one = (select(ROUTES), fuzz::text(words), select(bodies()), changes, 0..900_i64);
        prop::collection::vec(one, 1..40)
    }) {
        let mut now = start();
        let mut cloud = HuggingFaceCloud::new(Setup::new(1, now));
        for (route, id, body, changes, seconds) in &all {
            now += SignedDuration::from_secs(*seconds);
            cloud.advance(now);
            let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
            let mut words = route.splitn(3, ' ');
            let (method, service) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let path = words.next().unwrap_or_default().replace("ID", &id);
            let address = match service {
                "model" => format!("{}{path}", model(&cloud)),
                service => uri(service, &path),
            };
            let body = fuzz::mutated(body.clone(), changes);
            let request = Request::builder()
                .method(method)
                .uri(address)
                .header("authorization", format!("Bearer {TOKEN}"))
                .body(Bytes::from(body.to_string()));
            if let Ok(request) = request {
                cloud.answer(&request);
            }
        }
        cloud.inventory();
        cloud.charges(Timestamp::MIN);
    }
}
