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
];

/// Valid bodies, to be changed in some places.
fn bodies() -> Vec<Value> {
    vec![
        endpoint("e"),
        json!({"compute": {"scaling": {"minReplica": 1, "maxReplica": 3, "measure": {"pendingRequests": 1.5}}}}),
        json!({"model": {"revision": "v2", "image": {"tgi": {"url": "u"}}, "secrets": {"a": "b"}}}),
        json!({"inputs": "hello", "messages": [{"role": "user", "content": "x"}], "input": ["a"]}),
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
