//! Networks: the life of a resource of Compute Engine, its operations, and what is refused.

use serde_json::{Value, json};

use crate::bench::Bench;

const NETWORKS: &str = "POST compute global/networks";

fn network(name: &str) -> Value {
    json!({"name": name, "autoCreateSubnetworks": false})
}

#[test]
fn an_operation_is_pending_then_runs_and_then_the_network_is_there() {
    let mut bench = Bench::new();
    let begun = bench.ok(NETWORKS, network("n"));
    assert_eq!(begun["status"], "PENDING");
    bench.wait(5);
    let running = bench.operation(&begun);
    assert_eq!(running["status"], "RUNNING");
    bench.wait(20);
    let ended = bench.operation(&begun);
    assert_eq!(
        (&ended["status"], &ended["progress"]),
        (&json!("DONE"), &json!(100))
    );
    let shown = bench.ok("GET compute global/networks/n", Value::Null);
    assert_eq!(shown["selfLink"], ended["targetLink"]);
    assert_eq!(shown["id"], ended["targetId"]);
    assert_eq!(bench.ids("network"), ["n"]);
    bench.made("DELETE compute global/networks/n", Value::Null);
    bench.refused(
        "GET compute global/networks/n",
        Value::Null,
        404,
        "notFound",
    );
    assert!(bench.ids("network").is_empty());
}

#[test]
fn the_same_request_id_makes_nothing_new() {
    let mut bench = Bench::new();
    let line = format!("{NETWORKS}?requestId=5f4a8b1e-0000-4000-8000-000000000001");
    let one = bench.ok(&line, network("n"));
    let again = bench.ok(&line, network("n"));
    assert_eq!(one["name"], again["name"]);
    bench.refused(NETWORKS, network("n"), 409, "alreadyExists");
    let bad = format!("{NETWORKS}?requestId=1");
    bench.refused(&bad, network("m"), 400, "invalid");
}

#[test]
fn what_is_wrong_or_unknown_is_refused_by_name() {
    let mut bench = Bench::new();
    bench.refused(NETWORKS, network("Upper"), 400, "invalid");
    bench.refused(NETWORKS, json!({}), 400, "required");
    let strange = json!({"name": "n", "future": 1});
    let message = bench.refused(NETWORKS, strange, 501, "notImplemented");
    assert_eq!(
        message,
        "not simulated: compute.networks.insert with future"
    );
    let unknown = "POST compute global/networks/n/future";
    let message = bench.refused(unknown, json!({}), 501, "notImplemented");
    assert!(message.contains("/global/networks/n/future"), "{message}");
}

#[test]
fn an_operation_that_fails_makes_nothing() {
    let mut bench = Bench::new();
    let begun = bench.faulty("async-fail(QUOTA_EXCEEDED)", NETWORKS, network("n"));
    bench.wait(60);
    let ended = bench.operation(&begun);
    assert_eq!(ended["error"]["errors"][0]["code"], "QUOTA_EXCEEDED");
    assert_eq!(ended["httpErrorStatusCode"], 403);
    assert!(bench.ids("network").is_empty());
    let stuck = bench.faulty("async-stuck", NETWORKS, network("m"));
    bench.wait(100_000);
    assert_eq!(bench.operation(&stuck)["status"], "RUNNING");
}
