//! A fork of a simulated subscription is equal to it and independent of it.

use bytes::Bytes;
use http::Request;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::bench::{Bench, cluster, group, network, request, start, two_nodes};
use crate::fork_support as fork;

#[tokio::test(start_paused = true)]
async fn a_fork_is_equal_and_independent() {
    let bench = Bench::new().with_group();
    let token = bench.token(0);
    let send = |line: &str, body: &Value| -> Request<Bytes> { request(line, &token, body) };
    // Patches and reads are answered with 200, which the shared test asks for.
    let first = |there: &[Resource]| {
        let marks = json!({"tags": {"count": there.len().to_string()}});
        vec![send(&format!("PATCH {}", group("")), &marks)]
    };
    let further = |_: &[Resource]| {
        let list = "GET /subscriptions/00000000-0000-0000-0000-000000000001/resources";
        let marks = json!({"location": "eastus", "tags": {"a": "b"}});
        vec![
            send(&format!("PUT {}", group("")), &marks),
            send(list, &Value::Null),
            send(&format!("GET {}", group("")), &Value::Null),
        ]
    };
    fork::check(bench.cloud.clone(), start(), first, further).await;
}

#[test]
fn the_same_calls_have_the_same_answers() {
    let run = || {
        let mut bench = Bench::new().with_group();
        bench.made(&format!("PUT {}", cluster("")), two_nodes());
        let table = bench.is(
            201,
            &format!("PUT {}", network("routeTables/r")),
            json!({"location": "eastus", "properties": {}}),
        );
        (bench.get(&cluster("")), table.body, bench.all())
    };
    assert_eq!(run(), run());
}
