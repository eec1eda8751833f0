//! Calls of deployed models: who may, what wakes an endpoint, what answers, and how replicas follow the load.

use http::HeaderValue;
use serde_json::{Value, json};

use crate::bench::{Bench, Seen, endpoint, endpoint_with, request, sent};

const NO: Value = Value::Null;

fn ask() -> Value {
    json!({"inputs": "nonce-7"})
}

fn said(seen: &Seen) -> (u16, String) {
    (seen.status, seen.text.clone())
}

#[test]
fn a_model_answers_what_it_was_told_and_shows_its_name_and_revision() {
    let mut bench = Bench::new();
    let url = bench.running(&endpoint("e"));
    let seen = bench.send(request(&format!("POST {url} /"), &ask()));
    let text = seen.json()[0]["generated_text"]
        .as_str()
        .unwrap()
        .to_owned();
    let revision = bench.get("endpoint /e")["model"]["revision"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(text, format!("gpt2@{} answers: nonce-7", &revision[..7]));
    assert_eq!(seen.headers["x-model-revision"], revision.as_str());
    assert_eq!(bench.ok(&format!("GET {url} /health"), &NO)["status"], "ok");
    bench.refused(&format!("POST {url} /"), &json!({"x": 1}), 422, "`inputs`");
    bench.refused(
        &format!("POST {url} /v1/chat/completions"),
        &ask(),
        404,
        "no route",
    );
}

#[test]
fn each_task_has_its_form_of_answers() {
    let mut bench = Bench::new();
    let tgi = json!({"tgi": {"url": "ghcr.io/huggingface/text-generation-inference:3"}});
    let url = bench.running(&endpoint_with("chat", &[("/model/image", tgi)]));
    let messages = json!({"model": "tgi", "messages": [{"role": "user", "content": "nonce-8"}]});
    let answer = bench.ok(&format!("POST {url} /v1/chat/completions"), &messages);
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.ends_with("answers: nonce-8"), "{text}");
    assert_eq!(answer["model"], "gpt2");
    let info = bench.ok(&format!("GET {url} /info"), &NO);
    assert_eq!(info["model_sha"], answer["system_fingerprint"]);

    let finbert = json!("ProsusAI/finbert");
    let url = bench.running(&endpoint_with("labels", &[("/model/repository", finbert)]));
    let labels = bench.ok(&format!("POST {url} /"), &ask());
    let scores = labels
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["score"].as_f64().unwrap());
    assert!((scores.sum::<f64>() - 1.0).abs() < 1e-9, "{labels}");
    assert_eq!(
        bench.ok(&format!("POST {url} /"), &ask()),
        labels,
        "it is deterministic"
    );

    let bge = json!("BAAI/bge-small-en-v1.5");
    let tei = json!({"tei": {"url": "ghcr.io/huggingface/text-embeddings-inference:1"}});
    let changes = [("/model/repository", bge), ("/model/image", tei)];
    let url = bench.running(&endpoint_with("vectors", &changes));
    let answer = bench.ok(
        &format!("POST {url} /v1/embeddings"),
        &json!({"input": ["a", "b"]}),
    );
    assert_eq!(answer["data"].as_array().unwrap().len(), 2);
    assert_ne!(
        answer["data"][0]["embedding"],
        answer["data"][1]["embedding"]
    );
}

#[test]
fn an_endpoint_that_sleeps_answers_503_wakes_and_answers() {
    let mut bench = Bench::new();
    let url = bench.running(&endpoint("e"));
    bench.ok("POST endpoint /e/scale-to-zero", &NO);
    let line = format!("POST {url} /");
    let (status, text) = said(&bench.send(sent(&line, &ask(), Some("hf_wrong"))));
    assert_eq!((status, text.contains("UNAUTHORIZED")), (401, true));
    assert_eq!(
        bench.state("e"),
        "scaledToZero",
        "a wrong token wakes nothing"
    );
    let seen = bench.send(request(&line, &ask()));
    assert_eq!((seen.status, seen.headers.get("retry-after")), (503, None));
    assert!(seen.text.contains("SERVICE_UNAVAILABLE"));
    assert_eq!(bench.state("e"), "initializing");
    bench.wait(41);
    assert_eq!(bench.send(request(&line, &ask())).status, 503);
    // 42 s were measured.
    bench.wait(1);
    assert_eq!(bench.send(request(&line, &ask())).status, 200);
}

#[test]
fn a_held_call_waits_for_the_model_and_gives_up_at_its_limit() {
    let mut bench = Bench::new();
    let url = bench.running(&endpoint("e"));
    let mut held = |seconds: &'static str| {
        bench.ok("POST endpoint /e/scale-to-zero", &NO);
        let mut request = request(&format!("POST {url} /"), &ask());
        let limit = HeaderValue::from_static(seconds);
        request.headers_mut().insert("x-scale-up-timeout", limit);
        let before = bench.now;
        let status = bench.send(request).status;
        let took = bench.now.duration_since(before).as_secs();
        bench.wait(600);
        (status, took)
    };
    assert_eq!(held("600"), (200, 45));
    assert_eq!(held("20"), (503, 20));
    assert_eq!(held("soon"), (503, 0));
}

#[test]
fn a_paused_endpoint_answers_400_and_stays_paused() {
    let mut bench = Bench::new();
    let url = bench.running(&endpoint("e"));
    bench.ok("POST endpoint /e/pause", &NO);
    let (status, text) = said(&bench.send(request(&format!("POST {url} /"), &ask())));
    let expected = json!({
        "error": "Bad Request: The endpoint is paused, ask a maintainer to restart it",
        "code": "BAD_REQUEST",
    });
    assert_eq!(
        (status, serde_json::from_str::<Value>(&text).unwrap()),
        (400, expected)
    );
    bench.wait(600);
    assert_eq!(bench.state("e"), "paused");
}

#[test]
fn a_public_endpoint_asks_for_no_token_and_a_private_one_is_not_there() {
    let mut bench = Bench::new();
    let url = bench.running(&endpoint_with("open", &[("/type", json!("public"))]));
    let line = format!("POST {url} /");
    assert_eq!(bench.send(sent(&line, &ask(), None)).status, 200);
    bench.ok(
        "POST endpoint",
        &endpoint_with("closed", &[("/type", json!("private"))]),
    );
    bench.wait(200);
    let status = bench.get("endpoint /closed")["status"].clone();
    assert_eq!(status["state"], "running");
    assert!(status["url"].is_null() && status["private"]["serviceName"].is_string());
    let nowhere = "POST https://0123456789abcdef.us-east-1.aws.endpoints.huggingface.cloud /";
    bench.refused(nowhere, &ask(), 404, "no endpoint is served");
}

#[test]
fn a_call_keeps_an_endpoint_awake() {
    let mut bench = Bench::new();
    let url = bench.running(&endpoint("e"));
    for _ in 0..3 {
        assert_eq!(
            bench.send(request(&format!("POST {url} /"), &ask())).status,
            200
        );
        bench.wait(14 * 60);
    }
    bench.send(request(&format!("POST {url} /"), &ask()));
    bench.wait(15 * 60 - 1);
    assert_eq!(bench.state("e"), "running");
    bench.wait(1);
    assert_eq!(bench.state("e"), "scaledToZero");
}

#[test]
fn replicas_follow_pending_requests_between_their_bounds() {
    let mut bench = Bench::new();
    let scaling = json!({"minReplica": 1, "maxReplica": 2, "measure": {"pendingRequests": 1.5}});
    let url = bench.running(&endpoint_with("e", &[("/compute/scaling", scaling)]));
    let replicas = |bench: &mut Bench| {
        let status = bench.get("endpoint /e")["status"].clone();
        (
            status["targetReplica"].as_u64().unwrap(),
            status["readyReplica"].as_u64().unwrap(),
        )
    };
    let line = format!("POST {url} /");
    // A load of 40 calls in 20 s: 4 pending requests.
    for _ in 0..100 {
        bench.send(request(&line, &ask()));
        bench.wait(1);
        bench.send(request(&line, &ask()));
    }
    assert_eq!(replicas(&mut bench), (2, 1), "the second one is being made");
    for _ in 0..60 {
        bench.send(request(&line, &ask()));
        bench.send(request(&line, &ask()));
        bench.wait(1);
    }
    assert_eq!(
        replicas(&mut bench),
        (2, 2),
        "there are never more than two"
    );
    bench.wait(300);
    assert_eq!(replicas(&mut bench), (1, 1));
}
