//! Jobs: their stages, logs, lists and labels, what is refused, and what they cost.
//!
//! Expected values: reference/api/huggingface.md, section 3, the client's documentation, and docs/hub/jobs-pricing.

use bytes::Bytes;
use http::Request;
use kubeproof_huggingface_simulator::setup::USER;
use kubeproof_simkit::cloud::{Cloud, InParts, NextPart, Reply};
use serde_json::{Value, json};

use crate::bench::{Bench, request, start};

const NO: Value = Value::Null;

fn jobs(path: &str) -> String {
    format!("hub /jobs/{USER}{path}")
}

pub fn job(command: &[&str]) -> Value {
    json!({
        "command": command, "arguments": [], "environment": {}, "flavor": "cpu-basic",
        "labels": {"kubeproof-run": "r1", "name": "n"}, "dockerImage": "python:3.12",
    })
}

fn job_with(member: &str, value: Value) -> Value {
    let mut document = job(&["echo", "hi"]);
    document[member] = value;
    document
}

#[track_caller]
fn run(bench: &mut Bench, document: &Value) -> String {
    let shown = bench.ok(&format!("POST {}", jobs("")), document);
    assert_eq!(shown["status"]["stage"], "SCHEDULING");
    shown["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn stage(bench: &mut Bench, id: &str) -> String {
    let shown = bench.get(&jobs(&format!("/{id}")));
    shown["status"]["stage"].as_str().unwrap().to_owned()
}

/// What a job says, from the events of its log.
fn said(text: &str) -> Vec<String> {
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events = events.map(|event| serde_json::from_str::<Value>(event).unwrap());
    events
        .map(|event| event["data"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_job_is_scheduled_runs_says_its_words_and_ends() {
    let mut bench = Bench::new();
    let id = run(&mut bench, &job(&["sh", "-c", "echo nonce-9; sleep 60"]));
    assert_eq!(bench.made("job"), std::slice::from_ref(&id));
    bench.wait(5);
    assert_eq!(stage(&mut bench, &id), "SCHEDULING");
    // 6 s, as in the client's documentation.
    bench.wait(1);
    assert_eq!(stage(&mut bench, &id), "RUNNING");
    bench.wait(64);
    let shown = bench.get(&jobs(&format!("/{id}")));
    assert_eq!(shown["status"]["stage"], "COMPLETED");
    let durations = json!({"schedulingSecs": 6, "runningSecs": 64, "totalSecs": 70});
    assert_eq!(shown["durations"], durations);
    assert_eq!(shown["owner"]["name"], USER);
    assert_eq!(bench.made("job"), [""; 0], "what has ended is a record");
    let log = bench.send(request(
        &format!("GET {}", jobs(&format!("/{id}/logs"))),
        &NO,
    ));
    assert_eq!(log.headers["content-type"], "text/event-stream");
    let said = said(&log.text);
    assert!(said[0].starts_with("===== Job started"), "{said:?}");
    assert_eq!(said[1..], ["nonce-9"]);
}

#[test]
fn a_job_is_billed_by_the_minute_while_it_runs() {
    let mut bench = Bench::new();
    run(&mut bench, &job(&["sleep", "57"]));
    bench.wait(3600);
    let charges = bench.cloud.metered("r1", start());
    let charge = &charges[0];
    assert_eq!(
        (charge.line.as_str(), charge.usage_type.as_str()),
        ("job", "cpu-basic")
    );
    // 61 s are two minutes: 2/60 h at $0.01.
    assert_eq!(charge.usd.round_dp(8).to_string(), "0.00033333");
    let gpu = json!({
        "command": ["sleep", "3596"], "flavor": "a10g-small", "labels": {"kubeproof-run": "r2"},
        "dockerImage": "x", "timeoutSeconds": 7200, "expose": {"ports": [8000], "portsPublic": []},
    });
    run(&mut bench, &gpu);
    bench.wait(2 * 3600);
    let charges = bench.cloud.metered("r2", start());
    let usd: Vec<String> = charges
        .iter()
        .map(|one| one.usd.normalize().to_string())
        .collect();
    // An hour at $1.00, and an hour of exposed ports at $0.01.
    assert_eq!(usd, ["1", "0.01"]);
}

#[test]
fn a_job_without_an_end_is_stopped_at_its_time_limit() {
    let mut bench = Bench::new();
    let endless = job(&["sleep", "86400"]);
    let id = run(&mut bench, &endless);
    // 30 minutes, where no other time is set.
    bench.wait(6 + 1799);
    assert_eq!(stage(&mut bench, &id), "RUNNING");
    bench.wait(1);
    assert_eq!(stage(&mut bench, &id), "ERROR");
    let mut limited = endless.clone();
    limited["timeoutSeconds"] = json!(60);
    let id = run(&mut bench, &limited);
    bench.wait(66);
    let shown = bench.get(&jobs(&format!("/{id}")));
    assert_eq!(shown["status"]["message"], "the job was stopped after 60 s");
}

#[test]
fn a_failed_program_is_an_error_and_further_attempts_are_made() {
    let mut bench = Bench::new();
    let mut document = job(&["sh", "-c", "echo again; exit 2"]);
    document["attempts"] = json!(3);
    let id = run(&mut bench, &document);
    bench.wait(600);
    let shown = bench.get(&jobs(&format!("/{id}")));
    assert_eq!(
        (&shown["status"]["stage"], &shown["retry"]),
        (&json!("ERROR"), &json!(2))
    );
    assert_eq!(
        shown["status"]["message"],
        "the job failed with exit code 2"
    );
    let log = bench.send(request(
        &format!("GET {}", jobs(&format!("/{id}/logs?tail=3"))),
        &NO,
    ));
    assert_eq!(said(&log.text), ["again", "again", "again"]);
}

#[test]
fn a_cancelled_job_ends_at_once_and_only_once() {
    let mut bench = Bench::new();
    let id = run(&mut bench, &job(&["sleep", "600"]));
    bench.wait(60);
    let cancel = format!("POST {}", jobs(&format!("/{id}/cancel")));
    let shown = bench.ok(&cancel, &NO);
    assert_eq!(shown["status"]["stage"], "CANCELED");
    bench.refused(&cancel, &NO, 400, "CANCELED");
    bench.wait(3600);
    let usd = bench.cloud.metered("r1", start())[0].usd;
    // It ran for 54 s: a minute.
    assert_eq!(usd.round_dp(8).to_string(), "0.00016667");
}

#[test]
fn what_is_refused_makes_nothing() {
    let mut bench = Bench::new();
    let mut refused = |member: &str, value: Value, status: u16, words: &str| {
        let line = format!("POST {}", jobs(""));
        bench.refused(&line, &job_with(member, value), status, words);
        assert_eq!(bench.made("job"), [""; 0], "{member}");
    };
    refused("flavor", json!("tpu"), 400, "unknown flavor");
    refused("dockerImage", NO, 400, "dockerImage");
    refused("spaceId", json!("a/b"), 400, "dockerImage");
    refused("labels", json!({"a:b": "c"}), 400, "a:b");
    refused("labels", json!({"a": "x".repeat(101)}), 400, "100");
    refused("timeoutSeconds", json!(0), 400, "at least 1");
    refused("attempts", json!(0), 400, "attempts");
    refused("command", json!(["nvidia-smi"]), 501, "nvidia-smi");
    refused("volumes", json!([]), 501, "volumes");
    bench.refused(&format!("GET {}", jobs("/nope")), &NO, 404, "not found");
    let mut bench = Bench::with(|setup| setup.can_pay = false);
    bench.refused(
        &format!("POST {}", jobs("")),
        &job(&["true"]),
        402,
        "no credits",
    );
}

#[test]
fn a_list_has_pages_by_link_and_is_filtered_by_stage_and_label() {
    let mut bench = Bench::new();
    for number in 0..60 {
        let mut document = job(&["sleep", "6000"]);
        document["timeoutSeconds"] = json!(9000);
        document["labels"]["part"] = json!((number % 2).to_string());
        run(&mut bench, &document);
    }
    bench.wait(60);
    let mut line = format!("GET {}", jobs("?stage=RUNNING&label=kubeproof-run%3Dr1"));
    let mut sizes = Vec::new();
    loop {
        let seen = bench.send(request(&line, &NO));
        sizes.push(seen.json().as_array().unwrap().len());
        let Some(link) = seen.headers.get("link") else {
            break;
        };
        let link = link.to_str().unwrap();
        let url = link.strip_prefix('<').unwrap().split('>').next().unwrap();
        assert!(link.ends_with("rel=\"next\""), "{link}");
        line = format!("GET {url}");
    }
    assert_eq!(sizes, [50, 10]);
    let mut count = |query: &str| {
        let shown = bench.get(&jobs(&format!("?{query}")));
        shown.as_array().unwrap().len()
    };
    assert_eq!(count("label=part%3D1"), 30);
    assert_eq!(count("label=part%3D1&label=name%3Dother"), 0);
    assert_eq!(count("stage=COMPLETED"), 1, "the bystander's");
    assert_eq!(count("stage=SCHEDULING"), 0);
}

#[test]
fn labels_are_replaced_and_a_job_is_run_again() {
    let mut bench = Bench::new();
    let id = run(&mut bench, &job(&["echo", "hi"]));
    let labels = format!("PUT {}", jobs(&format!("/{id}/labels")));
    let shown = bench.ok(&labels, &json!({"labels": {"a": "b"}}));
    assert_eq!(shown["labels"], json!({"a": "b"}));
    let again = bench.ok(&format!("POST {}", jobs(&format!("/{id}/duplicate"))), &NO);
    assert_ne!(again["id"], id.as_str());
    assert_eq!(again["initiator"]["type"], "duplicated-job");
}

#[test]
fn secrets_are_seen_by_the_program_and_told_to_no_one() {
    let mut bench = Bench::new();
    let mut document = job(&["sh", "-c", "echo got $PASS"]);
    document["secrets"] = json!({"PASS": "open-sesame"});
    let shown = bench.ok(&format!("POST {}", jobs("")), &document);
    assert!(!shown.to_string().contains("open-sesame"));
    assert_eq!(shown["secrets"], json!({"PASS": ""}));
}

#[test]
fn a_client_at_a_socket_gets_the_log_in_parts_until_the_job_has_ended() {
    let mut bench = Bench::new();
    let id = run(
        &mut bench,
        &job(&["sh", "-c", "echo one; sleep 10; echo two"]),
    );
    let (mut cursor, mut text, mut parts) = (None, String::new(), 0);
    loop {
        let line = format!("GET {}", jobs(&format!("/{id}/logs")));
        let mut request: Request<Bytes> = request(&line, &NO);
        request.extensions_mut().insert(InParts { cursor });
        bench.cloud.advance(bench.now);
        parts += 1;
        match bench.cloud.answer(&request) {
            Reply::Part {
                response,
                more:
                    NextPart {
                        cursor: next,
                        after,
                    },
            } => {
                text.push_str(std::str::from_utf8(response.body()).unwrap());
                cursor = Some(next);
                bench.now += jiff::SignedDuration::try_from(after).unwrap();
            }
            Reply::Now(response) => {
                text.push_str(std::str::from_utf8(response.body()).unwrap());
                break;
            }
            other @ Reply::AskAgain(_) => panic!("{other:?}"),
        }
    }
    assert!(parts > 2 && text.contains(": keep-alive"), "{parts} {text}");
    assert_eq!(said(&text)[1..], ["one", "two"]);
}

#[test]
fn hardware_has_prices_by_the_minute() {
    let mut bench = Bench::new();
    let shown = bench.get("hub /jobs/hardware");
    let basic = &shown[0];
    assert_eq!(
        (&basic["name"], &basic["unitCostMicroUSD"]),
        (&json!("cpu-basic"), &json!(167))
    );
    assert_eq!(
        (&basic["unitLabel"], &basic["accelerator"]),
        (&json!("minute"), &NO)
    );
}

#[test]
fn an_injected_fault_lets_a_job_fail_hang_or_never_start() {
    let check = |fault: &str, expected: &str| {
        let mut bench = Bench::new();
        let line = format!("POST {}", jobs(""));
        let seen = bench.faulty(fault, &line, &job(&["echo", "hi"]));
        let id = seen.json()["id"].as_str().unwrap().to_owned();
        bench.wait(60);
        assert_eq!(stage(&mut bench, &id), expected, "{fault}");
        bench.wait(24 * 3600);
        let last = stage(&mut bench, &id);
        let stays = if expected == "RUNNING" {
            "ERROR"
        } else {
            expected
        };
        assert_eq!(last, stays, "{fault}: a day later");
    };
    check("async-fail", "ERROR");
    check("async-fail(image-pull)", "ERROR");
    check("async-fail(hangs)", "RUNNING");
    check("async-stuck", "SCHEDULING");
    check("async-late(5)", "COMPLETED");
}
