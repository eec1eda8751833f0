//! Who may use a cluster: by its credentials, by an account of the directory, and not while it is stopped. And tokens that
//! expire by the caller's clock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use kubeproof_azure_simulator::setup::{CALLER, CLIENT_ID, CLIENT_SECRET};
use kubeproof_simkit::cloud::ReceivedAt;
use serde_json::{Value, json};

use crate::bench::{Bench, cluster, request, start, token_request, two_nodes};

/// The application that stands for the API servers of AKS.
const KUBERNETES: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
/// The built-in role "Azure Kubernetes Service RBAC Cluster Admin".
const ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";

fn create() -> String {
    format!("PUT {}", cluster(""))
}

/// The kubeconfig that a call gives.
fn config(bench: &mut Bench, call: &str) -> Value {
    let seen = bench.is(200, &format!("POST {}", cluster(call)), Value::Null);
    let encoded = seen.body["kubeconfigs"][0]["value"].as_str().unwrap();
    serde_json::from_slice(&STANDARD.decode(encoded).unwrap()).unwrap()
}

/// The status of listing nodes with a token.
fn nodes(bench: &mut Bench, config: &Value, token: &str) -> (u16, usize) {
    let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
    let request = Request::get(format!("{server}/api/v1/nodes"))
        .header("authorization", format!("Bearer {token}"))
        .body(Bytes::new())
        .unwrap();
    let seen = bench.send(&request);
    let items = seen.body["items"].as_array().map_or(0, Vec::len);
    (seen.status, items)
}

#[test]
fn a_stopped_cluster_has_no_machines_and_comes_back_as_it_was() {
    let mut bench = Bench::new().with_group();
    bench.made(&create(), two_nodes());
    let config = config(&mut bench, "/listClusterAdminCredential");
    let token = config["users"][0]["user"]["token"].as_str().unwrap();
    assert_eq!(nodes(&mut bench, &config, token), (200, 2));
    let before = bench.all();
    let stop = format!("POST {}", cluster("/stop"));
    let begun = bench.is(202, &stop, Value::Null);
    assert!(begun.location.is_some(), "{begun:?}");
    bench.refused(&create(), two_nodes(), 409, "OperationNotAllowed");
    assert_eq!(
        bench.get(&cluster(""))["properties"]["provisioningState"],
        "Stopping"
    );
    bench.wait(300);
    let shown = bench.get(&cluster(""));
    assert_eq!(shown["properties"]["powerState"]["code"], "Stopped");
    assert_eq!(shown["properties"]["provisioningState"], "Succeeded");
    assert_eq!(
        shown["properties"]["agentPoolProfiles"][0]["powerState"]["code"],
        "Stopped"
    );
    assert_eq!(bench.names("managed_disk"), [""; 0]);
    assert_eq!(nodes(&mut bench, &config, token).0, 503);
    bench.refused(&create(), two_nodes(), 409, "OperationNotAllowed");
    bench.is(204, &stop, Value::Null);
    bench.made(&format!("POST {}", cluster("/start")), Value::Null);
    assert_eq!(nodes(&mut bench, &config, token), (200, 2));
    assert_eq!(bench.all().len(), before.len());
}

#[test]
fn an_account_of_the_directory_needs_a_role_in_the_cluster() {
    let mut bench = Bench::new().with_group();
    let mut body = two_nodes();
    body["properties"]["aadProfile"] = json!({"managed": true, "enableAzureRBAC": true});
    bench.made(&create(), body);
    let given = config(&mut bench, "/listClusterUserCredential");
    let run = &given["users"][0]["user"]["exec"];
    assert_eq!(run["command"], "kubelogin");
    let words = run["args"].as_array().unwrap();
    assert!(words.contains(&json!(KUBERNETES)), "{words:?}");
    let admin = config(&mut bench, "/listClusterAdminCredential");
    let secret = admin["users"][0]["user"]["token"].as_str().unwrap();
    assert_eq!(nodes(&mut bench, &admin, secret), (200, 2));

    let scope = format!("{KUBERNETES}/.default");
    let answer = bench.raw(&token_request(CLIENT_ID, CLIENT_SECRET, &scope));
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    let token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(nodes(&mut bench, &given, &token).0, 403);
    // It is for clusters alone, and those of Resource Manager are not for clusters.
    let asked = request(&format!("GET {}", cluster("")), &token, &Value::Null);
    assert_eq!(bench.send(&asked).status, 401);
    let other = bench.token(0);
    assert_eq!(nodes(&mut bench, &given, &other).0, 401);

    let role = json!({"properties": {
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{ADMIN}"),
        "principalId": CALLER, "principalType": "ServicePrincipal",
    }});
    let name = "77777777-7777-7777-7777-777777777777";
    let path = cluster(&format!(
        "/providers/Microsoft.Authorization/roleAssignments/{name}"
    ));
    bench.is(201, &format!("PUT {path}"), role);
    assert_eq!(nodes(&mut bench, &given, &token), (200, 2));
}

#[test]
fn what_accounts_ask_for_and_is_not_simulated_is_refused() {
    let mut bench = Bench::new().with_group();
    let mut check = |member: &str, value: Value, status: u16, code: &str| {
        let mut body = two_nodes();
        body["properties"][member] = value;
        bench.refused(&create(), body, status, code);
    };
    check(
        "aadProfile",
        json!({"managed": false, "serverAppID": "x"}),
        501,
        "NotImplemented",
    );
    check(
        "aadProfile",
        json!({"managed": true, "adminGroupObjectIDs": ["x"]}),
        501,
        "NotImplemented",
    );
    check("disableLocalAccounts", json!(true), 400, "InvalidParameter");
    let mut body = two_nodes();
    body["properties"]["aadProfile"] = json!({"managed": true});
    body["properties"]["disableLocalAccounts"] = json!(true);
    bench.made(&create(), body);
    let line = format!("POST {}", cluster("/listClusterAdminCredential"));
    bench.refused(&line, Value::Null, 400, "BadRequest");
}

/// A served subscription's clock may run many times as fast as that of its clients, which renew tokens by their own.
#[test]
fn a_token_expires_by_the_clock_of_who_calls() {
    let mut bench = Bench::new();
    let minutes = |count| start() + SignedDuration::from_mins(count);
    let scope = "https://management.azure.com/.default";
    let mut asked = token_request(CLIENT_ID, CLIENT_SECRET, scope);
    asked.extensions_mut().insert(ReceivedAt { at: minutes(0) });
    let answer = bench.raw(&asked);
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    let token = answer["access_token"].as_str().unwrap().to_owned();
    // Two hours later by the cloud's clock.
    bench.wait(7200);
    let mut status = |at| {
        let mut asked = request("GET /subscriptions", &token, &Value::Null);
        asked.extensions_mut().insert(ReceivedAt { at });
        bench.send(&asked).status
    };
    assert_eq!(status(minutes(59)), 200);
    assert_eq!(status(minutes(60)), 401);
}
