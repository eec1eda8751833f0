//! What all of Resource Manager has in common: versions, tokens, paths, tags, etags, pages.

use serde_json::{Value, json};

use crate::bench::{Bench, group, network, request, token_request};

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

#[test]
fn a_call_needs_a_version_of_the_api_that_is_a_date() {
    let mut bench = Bench::new();
    let token = bench.token(0);
    let mut check = |query: &str, expected: u16, code: &str| {
        let mut request = request(&format!("GET {SUBSCRIPTION}"), &token, &Value::Null);
        *request.uri_mut() = format!("https://management.azure.com{SUBSCRIPTION}{query}")
            .parse()
            .unwrap();
        let seen = bench.send(&request);
        assert_eq!((seen.status, seen.code()), (expected, code), "{query}");
    };
    check("", 400, "MissingApiVersionParameter");
    check("?api-version=2022-12-01", 200, "");
    check("?api-version=2022-12-01-preview", 200, "");
    check("?api-version=latest", 400, "InvalidApiVersionParameter");
    check("?api-version=2022-13-01", 400, "InvalidApiVersionParameter");
}

#[test]
fn a_token_is_for_one_audience_and_expires() {
    let mut bench = Bench::new();
    let line = format!("GET {SUBSCRIPTION}");
    let (arm, graph) = (bench.token(0), bench.token(1));
    let code = |bench: &mut Bench, line: &str, token: &str| {
        let seen = bench.send(&request(line, token, &Value::Null));
        (seen.status, seen.code().to_owned())
    };
    let audience = "InvalidAuthenticationTokenAudience".to_owned();
    assert_eq!(code(&mut bench, &line, "none").0, 401);
    assert_eq!(code(&mut bench, &line, &graph), (401, audience));
    assert_eq!(code(&mut bench, "GET /v1.0/applications", &arm).0, 401);
    assert_eq!(code(&mut bench, "GET /v1.0/applications", &graph).0, 200);
    bench.wait(3600);
    let expired = "ExpiredAuthenticationToken".to_owned();
    assert_eq!(code(&mut bench, &line, &arm), (401, expired));
}

#[test]
fn a_wrong_secret_and_an_unknown_application_are_refused_as_the_authority_does() {
    let mut bench = Bench::new();
    let client = "33333333-3333-3333-3333-333333333333";
    let wrong = bench.send(&token_request(
        client,
        "no",
        "https://management.azure.com/.default",
    ));
    assert_eq!(
        (wrong.status, &wrong.body["error"]),
        (401, &json!("invalid_client"))
    );
    assert!(
        wrong.body["error_description"]
            .as_str()
            .unwrap()
            .starts_with("AADSTS7000215")
    );
    let unknown = bench.send(&token_request(
        "x",
        "no",
        "https://management.azure.com/.default",
    ));
    assert_eq!(
        (unknown.status, &unknown.body["error"]),
        (400, &json!("unauthorized_client"))
    );
}

#[test]
fn ids_ignore_case_and_names_keep_theirs() {
    let mut bench = Bench::new().with_group();
    let body = json!({"location": "eastus", "properties": {}});
    bench.made(
        &format!("PUT {}", network("networkSecurityGroups/Mine")),
        body,
    );
    let path = network("networkSecurityGroups/Mine").to_uppercase();
    let path = path.replace("/SUBSCRIPTIONS/", "/subscriptions/");
    let seen = bench.get(&path);
    assert_eq!(seen["name"], "Mine");
    assert_eq!(seen["id"], network("networkSecurityGroups/Mine"));
    let again = bench.is(
        200,
        &format!("PUT {path}"),
        json!({"location": "East US", "properties": {}}),
    );
    assert_eq!(again.body["name"], "Mine");
    assert_eq!(bench.names("nsg"), ["Mine"]);
}

#[test]
fn a_put_is_201_when_it_makes_and_200_when_it_changes_and_ends_later() {
    let mut bench = Bench::new().with_group();
    let path = network("routeTables/r");
    let body = json!({"location": "eastus", "properties": {}});
    let begun = bench.is(201, &format!("PUT {path}"), body.clone());
    assert_eq!(begun.body["properties"]["provisioningState"], "Creating");
    let address = begun.operation.unwrap();
    assert_eq!(bench.follow(&address).body["status"], "InProgress");
    // One change at a time.
    bench.refused(
        &format!("PUT {path}"),
        body.clone(),
        409,
        "AnotherOperationInProgress",
    );
    bench.wait(10);
    assert_eq!(bench.follow(&address).body["status"], "Succeeded");
    assert_eq!(
        bench.get(&path)["properties"]["provisioningState"],
        "Succeeded"
    );
    bench.is(200, &format!("PUT {path}"), body);
    bench.wait(10);
    let begun = bench.is(202, &format!("DELETE {path}"), Value::Null);
    let location = begun.location.unwrap();
    assert_eq!(bench.follow(&location).status, 202);
    bench.wait(10);
    assert_eq!(bench.follow(&location).status, 204);
    bench.refused(&format!("GET {path}"), Value::Null, 404, "ResourceNotFound");
    bench.is(204, &format!("DELETE {path}"), Value::Null);
}

#[test]
fn an_operation_may_fail_never_end_or_take_longer_and_says_that_it_was_told_to() {
    let path = network("routeTables/r");
    let body = || json!({"location": "eastus", "properties": {}});
    let check = |fault: &str, after: i64, status: &str, state: &str| {
        let mut bench = Bench::new().with_group();
        let begun = bench.faulty(fault, &format!("PUT {path}"), body());
        assert!(begun.acknowledged, "{fault}");
        bench.wait(after);
        let address = begun.operation.unwrap();
        assert_eq!(bench.follow(&address).body["status"], status, "{fault}");
        assert_eq!(
            bench.get(&path)["properties"]["provisioningState"],
            state,
            "{fault}"
        );
        bench
    };
    check("async-stuck", 100_000, "InProgress", "Creating");
    check("async-late(3)", 12, "InProgress", "Creating");
    let mut bench = check("async-fail(InternalServerError)", 12, "Failed", "Failed");
    // A repeated PUT mends it.
    bench.made(&format!("PUT {path}"), body());
    assert_eq!(
        bench.get(&path)["properties"]["provisioningState"],
        "Succeeded"
    );
}

#[test]
fn etags_guard_changes() {
    let mut bench = Bench::new().with_group();
    let path = network("routeTables/r");
    let body = json!({"location": "eastus", "properties": {}});
    bench.made(&format!("PUT {path}"), body.clone());
    let etag = bench.get(&path)["etag"].as_str().unwrap().to_owned();
    let token = bench.token(0);
    let put = |bench: &mut Bench, header: &str, value: &str| {
        let mut request = request(&format!("PUT {path}"), &token, &body);
        let name: http::HeaderName = header.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        let seen = bench.send(&request);
        bench.wait(10);
        seen.status
    };
    assert_eq!(put(&mut bench, "if-match", &etag), 200);
    assert_eq!(put(&mut bench, "if-match", &etag), 412);
    assert_eq!(put(&mut bench, "if-none-match", "*"), 412);
}

#[test]
fn tags_are_checked_and_replaced_as_a_whole() {
    let mut bench = Bench::new().with_group();
    let path = network("routeTables/r");
    let body = |tags: Value| json!({"location": "eastus", "tags": tags, "properties": {}});
    let line = format!("PUT {path}");
    bench.refused(
        &line,
        body(json!({"a/b": "c"})),
        400,
        "InvalidTagNameCharacters",
    );
    bench.refused(&line, body(json!({"a": 1})), 400, "InvalidTagValueLength");
    let many: serde_json::Map<String, Value> =
        (0..51).map(|n| (format!("t{n}"), json!("x"))).collect();
    bench.refused(&line, body(Value::Object(many)), 400, "TooManyTags");
    bench.made(&line, body(json!({"kubeproof:run": "r1"})));
    let seen = bench.is(200, &format!("PATCH {path}"), json!({"tags": {"b": "c"}}));
    assert_eq!(seen.body["tags"], json!({"b": "c"}));
}

#[test]
fn lists_have_pages_whose_next_link_is_a_whole_address() {
    let mut bench = Bench::with(|setup| setup.page_size = 2).with_group();
    for name in ["a", "b", "c"] {
        let body = json!({"location": "eastus", "properties": {}});
        bench.made(
            &format!("PUT {}", network(&format!("routeTables/{name}"))),
            body,
        );
    }
    let first = bench.get(&network("routeTables"));
    assert_eq!(first["value"].as_array().unwrap().len(), 2);
    let next = first["nextLink"].as_str().unwrap().to_owned();
    assert!(
        next.starts_with("https://management.azure.com/subscriptions/"),
        "{next}"
    );
    let second = bench.follow(&next).body;
    assert_eq!(second["value"][0]["name"], "c");
    assert!(second.get("nextLink").is_none());
    let wrong = next.replace("routeTables", "networkSecurityGroups");
    assert_eq!(bench.follow(&wrong).status, 400);
}

#[test]
fn what_has_no_effect_here_is_refused_by_name() {
    let mut bench = Bench::new().with_group();
    let line = format!("PUT {}", network("routeTables/r"));
    let strange = json!({"location": "eastus", "properties": {"moon": true}});
    let message = bench.refused(&line, strange, 501, "NotImplemented");
    assert_eq!(
        message,
        "not simulated: network.routeTables.createOrUpdate with properties.moon"
    );
    let harmless = json!({"location": "eastus", "properties": {"moon": false, "sun": ""}});
    bench.is(201, &line, harmless);
    let run = format!(
        "POST {}",
        group("/providers/Microsoft.ContainerService/managedClusters/c/runCommand")
    );
    let message = bench.refused(&run, json!({}), 501, "NotImplemented");
    assert!(message.ends_with("managedClusters.runCommand"), "{message}");
}

#[test]
fn a_namespace_has_to_be_registered_which_takes_minutes() {
    let mut bench =
        Bench::with(|setup| setup.registered.retain(|one| one != "Microsoft.Network")).with_group();
    let line = format!("PUT {}", network("routeTables/r"));
    let body = || json!({"location": "eastus", "properties": {}});
    bench.refused(&line, body(), 409, "MissingSubscriptionRegistration");
    let provider = format!("{SUBSCRIPTION}/providers/Microsoft.Network");
    let seen = bench.is(200, &format!("POST {provider}/register"), Value::Null);
    assert_eq!(seen.body["registrationState"], "Registering");
    bench.wait(20);
    bench.refused(&line, body(), 409, "MissingSubscriptionRegistration");
    bench.wait(180);
    assert_eq!(bench.get(&provider)["registrationState"], "Registered");
    bench.is(201, &line, body());
}

#[test]
fn a_policy_may_forbid_a_type() {
    let forbidden = "Microsoft.Network/publicIPAddresses";
    let mut bench =
        Bench::with(|setup| setup.disallowed_types = vec![forbidden.to_owned()]).with_group();
    let line = format!("PUT {}", network("publicIPAddresses/a"));
    bench.refused(
        &line,
        json!({"location": "eastus", "properties": {}}),
        403,
        "RequestDisallowedByPolicy",
    );
}

#[test]
fn another_subscription_is_not_found() {
    let mut bench = Bench::new();
    bench.refused(
        "GET /subscriptions/other/resourceGroups",
        Value::Null,
        404,
        "SubscriptionNotFound",
    );
}

#[test]
fn what_is_new_may_be_hidden_from_a_read() {
    let mut bench = Bench::new().with_group();
    let path = network("routeTables/r");
    bench.made(
        &format!("PUT {path}"),
        json!({"location": "eastus", "properties": {}}),
    );
    let seen = bench.faulty("stale-read(10000)", &format!("GET {path}"), Value::Null);
    assert_eq!((seen.status, seen.acknowledged), (404, true));
    let seen = bench.faulty(
        "stale-read(10000)",
        &format!("GET {}", network("routeTables")),
        Value::Null,
    );
    assert_eq!(seen.body["value"], json!([]));
    let old = "GET /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/kp-legacy";
    let seen = bench.faulty("stale-read(10000)", old, Value::Null);
    assert_eq!((seen.status, seen.acknowledged), (200, false));
}
