//! Service accounts, their keys, the project's policy, and access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubeproof_gcp_simulator::setup::{ACCESS_TOKEN, CALLER};
use serde_json::{Value, json};

use crate::bench::{Bench, start, to};

const ACCOUNTS: &str = "iam /projects/kubeproof-rehearsal/serviceAccounts";
const PROJECT: &str = "cloudresourcemanager /projects/kubeproof-rehearsal";
const EMAIL: &str = "kp-r1-nodes@kubeproof-rehearsal.iam.gserviceaccount.com";

fn account() -> Value {
    json!({"accountId": "kp-r1-nodes", "serviceAccount": {"description": "kubeproof-run=r1"}})
}

fn policy(bench: &mut Bench, version: u64) -> Value {
    let body = json!({"options": {"requestedPolicyVersion": version}});
    bench.fine(&format!("POST {PROJECT}:getIamPolicy"), body)
}

/// The policy with this member in a role besides.
fn with(mut policy: Value, role: &str, member: &str) -> Value {
    let binding = json!({"role": role, "members": [member]});
    policy["bindings"].as_array_mut().unwrap().push(binding);
    json!({ "policy": policy })
}

fn set() -> String {
    format!("POST {PROJECT}:setIamPolicy")
}

#[test]
fn an_account_is_made_once_and_its_address_can_be_used_again_after_it_was_deleted() {
    let mut bench = Bench::new();
    let before = bench.ids("service_account");
    let made = bench.fine(&format!("POST {ACCOUNTS}"), account());
    assert_eq!(made["email"], EMAIL);
    let message = bench.denied(
        &format!("POST {ACCOUNTS}"),
        account(),
        409,
        "ALREADY_EXISTS",
    );
    assert!(message.contains("kp-r1-nodes already exists"), "{message}");
    let by_id = made["uniqueId"].as_str().unwrap();
    let shown = bench.fine(&format!("GET {ACCOUNTS}/{by_id}"), Value::Null);
    assert_eq!(shown["description"], "kubeproof-run=r1");
    let one = format!("{ACCOUNTS}/{EMAIL}");
    bench.fine(&format!("DELETE {one}"), Value::Null);
    bench.denied(&format!("GET {one}"), Value::Null, 404, "NOT_FOUND");
    assert_eq!(bench.ids("service_account"), before);
    let again = bench.fine(&format!("POST {ACCOUNTS}"), account());
    assert_ne!(again["uniqueId"], made["uniqueId"]);
    let undelete = format!("POST {ACCOUNTS}/{by_id}:undelete");
    bench.denied(&undelete, json!({}), 409, "ALREADY_EXISTS");
    bench.fine(&format!("DELETE {one}"), Value::Null);
    let restored = bench.fine(&undelete, json!({}));
    assert_eq!(restored["restoredAccount"]["uniqueId"], made["uniqueId"]);
    bench.wait(31 * 24 * 3600);
    bench.fine(&format!("DELETE {one}"), Value::Null);
    bench.wait(31 * 24 * 3600);
    bench.denied(&undelete, json!({}), 404, "NOT_FOUND");
}

#[test]
fn names_that_do_not_fit_and_more_than_a_hundred_accounts_are_refused() {
    let mut bench = Bench::new();
    for id in [
        "short",
        "Upper-case",
        "ends-with-",
        "a-name-of-more-than-thirty-letters",
    ] {
        let line = format!("POST {ACCOUNTS}");
        bench.denied(&line, json!({"accountId": id}), 400, "INVALID_ARGUMENT");
    }
    for number in 0..99 {
        let body = json!({"accountId": format!("account-{number}")});
        bench.fine(&format!("POST {ACCOUNTS}"), body);
    }
    bench.denied(
        &format!("POST {ACCOUNTS}"),
        account(),
        429,
        "RESOURCE_EXHAUSTED",
    );
    let mut seen = Vec::new();
    let mut token = String::new();
    for _ in 0..5 {
        let page = bench.fine(
            &format!("GET {ACCOUNTS}?pageSize=40&pageToken={token}"),
            Value::Null,
        );
        seen.push(page["accounts"].as_array().unwrap().len());
        match page["nextPageToken"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(seen, [40, 40, 20]);
}

#[test]
fn a_policy_that_changed_meanwhile_is_not_overwritten() {
    let mut bench = Bench::new();
    let read = policy(&mut bench, 3);
    let theirs = with(read.clone(), "roles/viewer", "user:bob@example.com");
    bench.fine(&set(), theirs);
    let ours = with(read.clone(), "roles/viewer", "user:carol@example.com");
    bench.denied(&set(), ours, 409, "ABORTED");
    // Without an etag the other's change is lost: that is what it is for.
    let mut blind = with(read, "roles/viewer", "user:carol@example.com");
    blind["policy"].as_object_mut().unwrap().remove("etag");
    bench.fine(&set(), blind);
    let bindings = bench.ids("iam_binding");
    assert!(
        bindings.iter().any(|one| one.contains("carol")),
        "{bindings:?}"
    );
    assert!(
        !bindings.iter().any(|one| one.contains("bob")),
        "{bindings:?}"
    );
}

#[test]
fn an_older_version_shows_no_conditions_and_cannot_write_them() {
    let mut bench = Bench::new();
    let conditional = |policy: &Value| {
        let bindings = policy["bindings"].as_array().unwrap();
        bindings
            .iter()
            .filter(|one| !one["condition"].is_null())
            .count()
    };
    assert_eq!(conditional(&policy(&mut bench, 3)), 1);
    let old = policy(&mut bench, 1);
    assert_eq!(conditional(&old), 0);
    assert!(old.to_string().contains("_withcond_"), "{old}");
    let mut new = policy(&mut bench, 3);
    new["version"] = json!(1);
    bench.denied(&set(), json!({ "policy": new }), 400, "INVALID_ARGUMENT");
}

#[test]
fn a_new_account_is_not_known_at_once_and_a_deleted_one_stays_in_the_policy() {
    let mut bench = Bench::new();
    let member = format!("serviceAccount:{EMAIL}");
    let bound = |bench: &mut Bench| with(policy(bench, 3), "roles/viewer", &member);
    let body = bound(&mut bench);
    let message = bench.denied(&set(), body, 400, "INVALID_ARGUMENT");
    assert!(message.contains("does not exist"), "{message}");
    let made = bench.fine(&format!("POST {ACCOUNTS}"), account());
    let body = bound(&mut bench);
    bench.denied(&set(), body, 400, "INVALID_ARGUMENT");
    bench.wait(60);
    let body = bound(&mut bench);
    bench.fine(&set(), body);
    assert!(
        bench
            .ids("iam_binding")
            .contains(&format!("roles/viewer/{member}"))
    );
    bench.fine(&format!("DELETE {ACCOUNTS}/{EMAIL}"), Value::Null);
    let id = made["uniqueId"].as_str().unwrap();
    let left = format!("roles/viewer/deleted:serviceAccount:{EMAIL}?uid={id}");
    assert!(bench.ids("iam_binding").contains(&left));
}

#[test]
fn keys_are_counted_and_can_be_removed() {
    let mut bench = Bench::new();
    bench.fine(&format!("POST {ACCOUNTS}"), account());
    let keys = format!("{ACCOUNTS}/{EMAIL}/keys");
    let mut last = Value::Null;
    for _ in 0..10 {
        last = bench.fine(&format!("POST {keys}"), json!({}));
    }
    bench.denied(
        &format!("POST {keys}"),
        json!({}),
        429,
        "RESOURCE_EXHAUSTED",
    );
    let id = last["name"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    bench.fine(&format!("DELETE {keys}/{id}"), Value::Null);
    bench.denied(&format!("GET {keys}/{id}"), Value::Null, 404, "NOT_FOUND");
    let left = bench.fine(&format!("GET {keys}"), Value::Null);
    assert_eq!(left["keys"].as_array().unwrap().len(), 9);
}

/// The form of a request for a token of this account, at this time.
fn assertion(issuer: &str, at: i64) -> String {
    let claims = json!({"iss": issuer, "iat": at, "exp": at + 3600});
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=e30.{claims}.x"
    )
}

#[test]
fn a_token_is_given_to_a_known_account_and_expires() {
    let mut bench = Bench::new();
    let ask = |bench: &mut Bench, form: &str| {
        bench.send(&to("POST", "oauth2.googleapis.com/token", "", form))
    };
    let now = start().as_second();
    let (status, answer) = ask(&mut bench, &assertion(CALLER, now));
    assert_eq!(
        (status, &answer["expires_in"]),
        (200, &json!(3599)),
        "{answer}"
    );
    let token = answer["access_token"].as_str().unwrap().to_owned();
    let project = "cloudresourcemanager.googleapis.com/v1/projects/kubeproof-rehearsal";
    let read = |bench: &mut Bench, token: &str| bench.send(&to("GET", project, token, "")).0;
    assert_eq!(read(&mut bench, &token), 200);
    bench.wait(3700);
    assert_eq!(read(&mut bench, &token), 401);
    assert_eq!(read(&mut bench, ACCESS_TOKEN), 200);
    for form in [
        assertion("unknown@x", now + 3700),
        assertion(CALLER, now),
        String::new(),
    ] {
        let (status, answer) = ask(&mut bench, &form);
        assert!(
            status >= 400 && answer["error"].is_string(),
            "{form}: {answer}"
        );
    }
}
