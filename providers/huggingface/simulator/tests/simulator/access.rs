//! Who may call what: tokens, organisations, payment methods, rate limits and hosts.

use std::collections::BTreeMap;

use kubeproof_huggingface_simulator::setup::{ORGANISATION, Organisation, Role, TOKEN, USER};
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::bench::{Bench, endpoint, request, sent};

const NO: Value = Value::Null;

#[test]
fn whoami_shows_the_user_the_organisations_and_the_tokens_role() {
    let mut bench = Bench::new();
    let shown = bench.get("hub /whoami-v2");
    assert_eq!(
        (&shown["type"], &shown["name"]),
        (&json!("user"), &json!(USER))
    );
    assert_eq!(shown["orgs"][0]["name"], ORGANISATION);
    assert_eq!(shown["auth"]["accessToken"]["role"], "write");
    assert!(!shown.to_string().contains(TOKEN), "a token is not told");
}

#[test]
fn a_missing_or_unknown_token_is_refused_by_both_hosts() {
    let mut bench = Bench::new();
    for line in ["GET hub /whoami-v2", "GET endpoint"] {
        for token in [None, Some("hf_wrong")] {
            let seen = bench.send(sent(line, &NO, token));
            assert_eq!(seen.status, 401, "{line}");
        }
    }
    let seen = bench.send(sent("GET hub /whoami-v2", &NO, None));
    // By this text huggingface_hub tells a wrong token from a hidden repository.
    let told = "Invalid credentials in Authorization header";
    assert_eq!(seen.headers["x-error-message"], told);
}

#[test]
fn a_namespace_without_a_payment_method_creates_nothing() {
    let mut bench = Bench::with(|setup| setup.can_pay = false);
    let words = "Forbidden: Payment method required for namespace: kubeproof-rehearsal";
    bench.refused("POST endpoint", &endpoint("e"), 403, words);
    assert_eq!(bench.get("hub /whoami-v2")["canPay"], false);
    let organisation = format!("POST v2 /endpoint/{ORGANISATION}");
    bench.ok(&organisation, &endpoint("e"));
}

#[test]
fn an_organisation_that_the_token_is_not_made_for_is_listed_and_answers_403() {
    let mut bench = Bench::with(|setup| {
        setup.organisations.push(Organisation {
            name: "closed".to_owned(),
            can_pay: true,
            is_open: false,
        });
    });
    let shown = bench.get("hub /whoami-v2");
    assert_eq!(shown["orgs"][1]["name"], "closed");
    bench.refused("GET v2 /endpoint/closed", &NO, 403, "FORBIDDEN");
    bench.refused("GET v2 /endpoint/somebody", &NO, 403, "FORBIDDEN");
}

#[test]
fn a_token_that_only_reads_changes_nothing() {
    let mut bench = Bench::with(|setup| setup.tokens[0].role = Role::Read);
    bench.get("endpoint");
    bench.refused("POST endpoint", &endpoint("e"), 403, "may only read");
}

#[test]
fn a_token_for_single_tasks_does_those_alone() {
    let words = vec!["inference.endpoints.write".to_owned()];
    let role = Role::FineGrained(BTreeMap::from([(USER.to_owned(), words)]));
    let mut bench = Bench::with(|setup| setup.tokens[0].role = role);
    bench.ok("POST endpoint", &endpoint("e"));
    let organisation = format!("GET v2 /endpoint/{ORGANISATION}");
    bench.refused(&organisation, &NO, 403, "lacks");
    let shown = bench.get("hub /whoami-v2");
    let token = &shown["auth"]["accessToken"];
    assert_eq!(token["role"], "fineGrained");
    assert_eq!(token["fineGrained"]["scoped"][0]["entity"]["name"], USER);
}

#[test]
fn the_hub_lets_so_many_calls_through_in_five_minutes_and_says_how_many_are_left() {
    let mut bench = Bench::with(|setup| setup.hub_calls_max = 2);
    let whoami = || request("GET hub /whoami-v2", &NO);
    assert_eq!(
        bench.send(whoami()).headers["ratelimit"],
        "\"api\";r=1;t=300"
    );
    bench.wait(10);
    assert_eq!(
        bench.send(whoami()).headers["ratelimit"],
        "\"api\";r=0;t=290"
    );
    let refused = bench.send(whoami());
    assert_eq!(
        (refused.status, &refused.headers["ratelimit"]),
        (429, &"\"api\";r=0;t=290".parse().unwrap())
    );
    assert_eq!(refused.headers["retry-after"], "290");
    bench.wait(290);
    assert_eq!(bench.send(whoami()).status, 200);
    for _ in 0..5 {
        bench.get("endpoint");
    }
}

#[test]
fn both_hosts_are_known_at_the_door_and_by_path_on_one_port() {
    let mut bench = Bench::new();
    let url = bench.running(&endpoint("e"));
    let hosts = bench.cloud.api_hosts();
    for host in [
        "api.endpoints.huggingface.cloud",
        "huggingface.co",
        url.trim_start_matches("https://"),
    ] {
        assert!(hosts.contains(&host.to_owned()), "{host}");
    }
    for line in [
        "GET http://127.0.0.1:80 /api/whoami-v2",
        "GET http://127.0.0.1:80 /v2/provider",
    ] {
        bench.ok(line, &NO);
    }
    bench.refused(
        "GET https://huggingface.co /v2/provider",
        &NO,
        501,
        "GET /v2/provider",
    );
    bench.refused(
        "GET https://api.endpoints.huggingface.cloud /api/whoami-v2",
        &NO,
        501,
        "whoami",
    );
}

#[test]
fn an_unknown_call_is_refused_by_its_name() {
    let mut bench = Bench::new();
    bench.refused(
        "GET hub /agent-harnesses",
        &NO,
        501,
        "GET /api/agent-harnesses",
    );
    bench.refused(
        "POST v2 /endpoint/a/b/c",
        &NO,
        501,
        "POST /v2/endpoint/a/b/c",
    );
    bench.refused("GET http://127.0.0.1:80 /other", &NO, 501, "GET /other");
}
