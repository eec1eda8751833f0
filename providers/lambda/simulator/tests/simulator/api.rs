//! The simulated account over its wire format: envelopes, refusals, limits, lifecycles and the meter.

use bytes::Bytes;
use http::Request;
use http::request::Builder;
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
use kubeproof_lambda_simulator::cloud::LambdaCloud;
use kubeproof_lambda_simulator::setup::{API_KEY, Setup};
use kubeproof_simkit::cloud::{Cloud, ReceivedAt, Reply};
use serde_json::{Value, json};

struct Bench {
    cloud: LambdaCloud,
    now: Timestamp,
}

impl Bench {
    fn new() -> Self {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let cloud = LambdaCloud::new(Setup::new(1, now));
        Self { cloud, now }
    }

    fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.cloud.advance(self.now);
    }

    fn send(&mut self, line: &str, body: &Value, key: &str, fault: Option<&str>) -> (u16, Value) {
        let mut request = Self::request(line, key);
        if let Some(fault) = fault {
            request = request.header(ASYNC_FAULT_HEADER, fault);
        }
        let bytes = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        self.answered(&request.body(bytes).unwrap())
    }

    /// A call that came over a socket at this real time.
    fn received(&mut self, line: &str, at: Timestamp) -> (u16, Value) {
        let request = Self::request(line, API_KEY).extension(ReceivedAt { at });
        self.answered(&request.body(Bytes::new()).unwrap())
    }

    fn request(line: &str, key: &str) -> Builder {
        let (method, path) = line.split_once(' ').unwrap();
        Request::builder()
            .method(method)
            .uri(format!("https://cloud.lambda.ai/api/v1{path}"))
            .header("authorization", format!("Bearer {key}"))
    }

    fn answered(&mut self, request: &Request<Bytes>) -> (u16, Value) {
        match self.cloud.answer(request) {
            Reply::Now(answer) => {
                let body = serde_json::from_slice(answer.body()).unwrap();
                (answer.status().as_u16(), body)
            }
            other => panic!("no whole answer: {other:?}"),
        }
    }

    /// A call after the limits have passed.
    fn call(&mut self, line: &str, body: Value) -> (u16, Value) {
        self.wait(13);
        self.send(line, &body, API_KEY, None)
    }

    #[track_caller]
    fn ok(&mut self, line: &str, body: Value) -> Value {
        let (status, answer) = self.call(line, body);
        assert_eq!(status, 200, "{line}: {answer}");
        answer["data"].clone()
    }

    #[track_caller]
    fn refused(&mut self, line: &str, body: Value, status: u16, code: &str) {
        let (seen, answer) = self.call(line, body);
        assert_eq!(
            (seen, answer["error"]["code"].as_str()),
            (status, Some(code)),
            "{answer}"
        );
    }

    fn order() -> Value {
        json!({
            "region_name": "us-east-1", "instance_type_name": "gpu_1x_a10",
            "ssh_key_names": ["alice"], "name": "kp-r1-node-0",
            "tags": [{"key": "kubeproof:run", "value": "r1"}],
        })
    }

    fn launch(&mut self, fault: Option<&str>) -> String {
        self.wait(13);
        let (status, answer) = self.send(
            "POST /instance-operations/launch",
            &Self::order(),
            API_KEY,
            fault,
        );
        assert_eq!(status, 200, "{answer}");
        answer["data"]["instance_ids"][0]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn status(&mut self, id: &str) -> String {
        let one = self.ok(&format!("GET /instances/{id}"), Value::Null);
        one["status"].as_str().unwrap().to_owned()
    }
}

/// `SkyPilot`'s client sends it with every launch.
#[test]
fn a_launch_of_one_may_say_so() {
    let mut bench = Bench::new();
    let mut order = Bench::order();
    order["quantity"] = json!(1);
    let (status, answer) = bench.send("POST /instance-operations/launch", &order, API_KEY, None);
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn two_keys_of_one_name_stay_and_no_launch_can_name_one_of_them() {
    // skypilot-org/skypilot issue 8221
    let mut bench = Bench::new();
    let key = |end: &str| json!({"name": "sky-key", "public_key": format!("ssh-ed25519 {end}")});
    let first = bench.ok("POST /ssh-keys", key("AAAA"));
    let second = bench.ok("POST /ssh-keys", key("BBBB"));
    let launch = "POST /instance-operations/launch";
    let mut order = Bench::order();
    order["ssh_key_names"] = json!(["sky-key"]);
    bench.refused(launch, order.clone(), 500, "global/unknown");
    assert_ne!(first["id"], second["id"]);
    let id = second["id"].as_str().expect("an id").to_owned();
    bench.ok(&format!("DELETE /ssh-keys/{id}"), Value::Null);
    bench.ok(launch, order);
}

#[test]
fn every_refusal_has_the_clouds_code_and_nothing_is_changed() {
    let mut bench = Bench::new();
    let before = bench.cloud.inventory();
    let launch = "POST /instance-operations/launch";
    let with = |key: &str, value: Value| {
        let mut body = Bench::order();
        body[key] = value;
        body
    };
    let invalid = "global/invalid-parameters";
    let absent = "global/object-does-not-exist";
    let capacity = "instance-operations/launch/insufficient-capacity";
    bench.refused(launch, with("region_name", json!("moon-1")), 400, invalid);
    bench.refused(
        launch,
        with("instance_type_name", json!("gpu_1x_x")),
        400,
        invalid,
    );
    bench.refused(launch, with("ssh_key_names", json!([])), 400, invalid);
    for quantity in [0, 2] {
        bench.refused(launch, with("quantity", json!(quantity)), 400, invalid);
    }
    bench.refused(launch, with("ssh_key_names", json!(["bob"])), 404, absent);
    // Listed with capacity, but refused all the same.
    bench.refused(
        launch,
        with("region_name", json!("us-west-2")),
        400,
        capacity,
    );
    let in_other_region = "instance-operations/launch/file-system-in-wrong-region";
    let mut body = with("file_system_names", json!(["datasets"]));
    body["region_name"] = json!("us-west-1");
    bench.refused(launch, body, 400, in_other_region);
    bench.refused(
        launch,
        with("user_data", json!("#!/bin/sh\nreboot")),
        501,
        "kubeproof/not-simulated",
    );
    bench.refused(
        "POST /instance-operations/terminate",
        json!({"instance_ids": ["x"]}),
        404,
        absent,
    );
    bench.refused("DELETE /ssh-keys/alice", Value::Null, 404, absent);
    let rules = json!({"name": "n", "region": "us-east-1", "rules": [
        {"protocol": "tcp", "port_range": [1, 2], "source_network": "here", "description": ""}]});
    bench.refused(
        "POST /firewall-rulesets",
        rules,
        400,
        "global/invalid-address",
    );
    let wrong_key = bench.send("GET /instances", &Value::Null, "old", None);
    assert_eq!(
        (wrong_key.0, &wrong_key.1["error"]["code"]),
        (401, &json!("global/invalid-api-key"))
    );
    assert_eq!(bench.cloud.inventory(), before);
}

#[test]
fn an_unknown_call_is_501_by_name() {
    let mut bench = Bench::new();
    let (status, answer) = bench.call("GET /billing", Value::Null);
    assert_eq!(status, 501);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("GET /api/v1/billing")
    );
}

#[test]
fn an_instance_is_billed_by_the_minute_from_its_health_check_to_the_order_to_terminate() {
    let mut bench = Bench::new();
    let id = bench.launch(None);
    assert_eq!(bench.status(&id), "booting");
    bench.wait(300);
    assert_eq!(bench.status(&id), "active");
    bench.wait(1800);
    let terminate = json!({ "instance_ids": [id] });
    bench.ok("POST /instance-operations/terminate", terminate);
    // Launched at 13 s, active 240 s later; terminated after 13+13+300+13+1800+13 s: 1899 s in total.
    let charges = bench.cloud.metered("r1", Timestamp::UNIX_EPOCH);
    assert_eq!(charges.len(), 1);
    let hours = kubeproof_contract::Decimal::from(32) / kubeproof_contract::Decimal::from(60);
    assert_eq!(charges[0].quantity.round_dp(9), hours.round_dp(9));
    bench.wait(100);
    assert!(!bench.cloud.inventory().iter().any(|one| one.id == id));
}

#[test]
fn a_launched_instance_fails_in_the_documented_ways() {
    let mut bench = Bench::new();
    let id = bench.launch(Some("async-fail(unhealthy)"));
    bench.wait(400);
    assert_eq!(bench.status(&id), "unhealthy");
    let id = bench.launch(Some("async-stuck"));
    bench.wait(4000);
    assert_eq!(bench.status(&id), "booting");
    let id = bench.launch(Some("async-fail(preempted)"));
    bench.wait(1000);
    assert_eq!(bench.status(&id), "preempted");
}

#[test]
fn what_is_in_use_is_not_deleted() {
    let mut bench = Bench::new();
    let of = |bench: &Bench, kind: &str, name: &str| {
        let all = bench.cloud.inventory();
        let found = all
            .into_iter()
            .find(|one| one.resource_type == kind && one.name.as_deref() == Some(name));
        found.unwrap().id
    };
    let filesystem = of(&bench, "filesystem", "datasets");
    let line = format!("DELETE /filesystems/{filesystem}");
    bench.refused(&line, Value::Null, 400, "filesystems/filesystem-in-use");
    let ruleset = of(&bench, "firewall_ruleset", "kp-legacy");
    let line = format!("DELETE /firewall-rulesets/{ruleset}");
    bench.refused(
        &line,
        Value::Null,
        409,
        "firewall-rulesets/firewall-ruleset-in-use",
    );
}

#[test]
fn too_many_requests_are_refused_with_the_time_to_wait() {
    let mut bench = Bench::new();
    bench.wait(13);
    let first = bench.send("GET /ssh-keys", &Value::Null, API_KEY, None);
    let second = bench.send("GET /ssh-keys", &Value::Null, API_KEY, None);
    assert_eq!((first.0, second.0), (200, 429));
}

#[test]
fn the_quota_of_instances_ends() {
    let mut bench = Bench::new();
    for _ in 0..11 {
        bench.launch(None);
    }
    bench.refused(
        "POST /instance-operations/launch",
        Bench::order(),
        400,
        "global/quota-exceeded",
    );
}

#[test]
fn audit_events_tell_what_changed() {
    let mut bench = Bench::new();
    bench.launch(None);
    let events = bench.ok("GET /audit-events", Value::Null);
    assert_eq!(
        events["events"][0]["resource_name"],
        "instance-operations/launch"
    );
}

#[test]
fn over_sockets_limits_follow_real_seconds_however_the_clouds_clock_goes() {
    let mut bench = Bench::new();
    let began = Timestamp::from_second(1_900_000_000).unwrap();
    let check = |bench: &mut Bench, milliseconds: i64, expected: u16| {
        let at = began + SignedDuration::from_millis(milliseconds);
        let (status, answer) = bench.received("GET /instances", at);
        assert_eq!(status, expected, "{milliseconds} ms: {answer}");
    };
    check(&mut bench, 0, 200);
    // On a fast clock an hour has passed, but the client has not waited for a second.
    bench.wait(3600);
    check(&mut bench, 999, 429);
    // Now it has, while the cloud's clock stood still.
    check(&mut bench, 1000, 200);
    // A trial's own observers wait by the cloud's clock, and do not use up the program's turns.
    let in_memory = |bench: &mut Bench| bench.send("GET /instances", &Value::Null, API_KEY, None).0;
    assert_eq!(in_memory(&mut bench), 200);
    assert_eq!(in_memory(&mut bench), 429);
    check(&mut bench, 2000, 200);
    bench.wait(1);
    assert_eq!(in_memory(&mut bench), 200);
}
