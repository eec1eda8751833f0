//! Any requests to a simulated account, in any order and at any time: each is answered, and nothing panics.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_lambda_simulator::cloud::LambdaCloud;
use kubeproof_lambda_simulator::setup::{API_KEY, Setup};
use kubeproof_simkit::cloud::Cloud;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::fuzz_support as fuzz;

/// The routes, with placeholders.
const ROUTES: &[&str] = &[
    "GET instance-types",
    "GET instances/ID",
    "POST instances/ID",
    "POST instance-operations/launch",
    "POST instance-operations/terminate",
    "POST instance-operations/restart",
    "POST ssh-keys",
    "DELETE ssh-keys/ID",
    "POST filesystems",
    "DELETE filesystems/ID",
    "PUT firewall-rules",
    "POST firewall-rulesets",
    "PATCH firewall-rulesets/ID",
    "PATCH firewall-rulesets/global",
    "DELETE firewall-rulesets/ID",
    "GET audit-events?ID",
    "GET ID",
];

/// Valid bodies, to be changed in some places.
fn bodies() -> Vec<Value> {
    vec![
        json!({"region_name": "us-east-1", "instance_type_name": "gpu_1x_a10", "ssh_key_names": ["alice"],
               "file_system_names": [], "quantity": 1, "name": "n", "user_data": "#cloud-config\n", "tags": [{"key": "a", "value": "b"}],
               "firewall_rulesets": [{"id": "x"}], "image": {"id": "x"}}),
        json!({"instance_ids": ["x"]}),
        json!({"name": "k", "public_key": "ssh-ed25519 AAAA k"}),
        json!({"name": "r", "region": "us-east-1", "rules": [{"protocol": "tcp", "port_range": [1, 2],
               "source_network": "0.0.0.0/0", "description": "d"}]}),
        json!({"data": [{"protocol": "icmp", "source_network": "10.0.0.0/8"}]}),
        Value::Null,
    ]
}

proptest! {
    #![proptest_config(fuzz::cases(64))]

    #[test]
    fn any_requests_in_any_order_are_answered(all in {
        let mut words = fuzz::literals(env!("CARGO_MANIFEST_DIR"));
        let at = Timestamp::from_second(1_795_000_000).expect("a date");
        let cloud = LambdaCloud::new(Setup::new(1, at));
        words.extend(cloud.inventory().into_iter().map(|resource| resource.id));
        let change = (any::<usize>(), fuzz::json(words.clone(), words.clone()));
        let changes = prop::collection::vec(change, 0..4);
        let one = (select(ROUTES), fuzz::text(words), select(bodies()), changes, 0..5000_i64);
        prop::collection::vec(one, 1..40)
    }) {
        let mut now = Timestamp::from_second(1_795_000_000).expect("a date");
        let mut cloud = LambdaCloud::new(Setup::new(1, now));
        for (route, id, body, changes, seconds) in &all {
            now += SignedDuration::from_secs(*seconds);
            cloud.advance(now);
            let (method, path) = route.split_once(' ').expect("a route");
            let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
            let uri = format!("https://cloud.lambda.ai/api/v1/{}", path.replace("ID", &id));
            let request = Request::builder()
                .method(method)
                .uri(uri)
                .header("authorization", format!("Bearer {API_KEY}"))
                .body(Bytes::from(fuzz::mutated(body.clone(), changes).to_string()));
            if let Ok(request) = request {
                cloud.answer(&request);
            }
        }
        cloud.inventory();
        cloud.charges(Timestamp::MIN);
    }
}
