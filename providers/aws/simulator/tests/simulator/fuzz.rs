//! Any requests to a simulated account, in any order and at any time: each is answered, and nothing panics.

use crate::requests;
use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, Setup};
use kubeproof_simkit::cloud::{Cloud, Reply};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::fuzz_support as fuzz;
mod right_requests;

use right_requests::RIGHT;

/// The services, with their protocols.
const SERVICES: &[(&str, bool)] = &[
    ("ec2", false),
    ("iam", false),
    ("sts", false),
    ("autoscaling", false),
    ("elasticloadbalancing", false),
    ("kms", true),
    ("logs", true),
    ("servicequotas", true),
    ("ce", true),
    ("pricing", true),
    ("tagging", true),
    ("cloudtrail", true),
    ("nonsense", true),
];

/// One request.
#[derive(Clone, Debug)]
enum FuzzRequest {
    Query(usize, String, Vec<(String, String)>),
    /// A valid one with some parameters replaced.
    Nearly(usize, Vec<(usize, String)>),
    Json(usize, String, Value),
    Rest(String, Vec<String>, String, Value),
    Raw(String, Vec<u8>),
    Time(i64),
}

fn words() -> Vec<String> {
    let mut words = fuzz::literals(env!("CARGO_MANIFEST_DIR"));
    let mut cloud = requests::account(Setup::new(1, "us-east-1", requests::at(requests::START)));
    requests::pass(&mut cloud, 1);
    words.extend(cloud.inventory().into_iter().map(|resource| resource.id));
    words
}

/// What could be the name of an operation or a parameter: a word that begins with a capital.
fn capital(words: &[String]) -> Vec<String> {
    let found = words
        .iter()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()));
    found.cloned().collect()
}

fn asked() -> impl Strategy<Value = FuzzRequest> {
    let words = words();
    let names = capital(&words);
    // Most capitalized words are no operations; those with a verb are.
    let is_operation = |name: &&String| {
        let verbs = [
            "Create",
            "Describe",
            "Delete",
            "Modify",
            "Get",
            "List",
            "Put",
            "Attach",
            "Detach",
            "Run",
            "Set",
            "Add",
            "Remove",
            "Tag",
            "Untag",
            "Associate",
            "Authorize",
            "Allocate",
            "Register",
            "Replace",
            "Revoke",
            "Update",
            "Terminate",
            "Release",
            "Disassociate",
            "Simulate",
            "Lookup",
            "Assume",
        ];
        verbs.iter().any(|verb| name.starts_with(verb))
    };
    let operations: Vec<String> = names.iter().filter(is_operation).cloned().collect();
    let parameters: Vec<String> = names
        .iter()
        .flat_map(|name| {
            ["", ".1", ".2", ".1.Name", ".1.Value.1", ".member.1"].map(|end| format!("{name}{end}"))
        })
        .collect();
    let given = prop::collection::vec((select(parameters), fuzz::text(words.clone())), 0..10);
    let document = fuzz::json(words.clone(), words.clone());
    let path = prop::collection::vec(fuzz::text(segments(&words)), 0..6);
    let method = select(vec!["GET", "POST", "PUT", "DELETE", "PATCH"]);
    let service = 0..SERVICES.len();
    let other = prop::collection::vec((0..5_usize, fuzz::text(words.clone())), 0..2);
    prop_oneof![
        12 => (0..RIGHT.len(), other).prop_map(|(right, others)| FuzzRequest::Nearly(right, others)),
        6 => (service.clone(), select(operations.clone()), given)
            .prop_map(|(service, operation, given)| FuzzRequest::Query(service, operation, given)),
        4 => (service, select(operations), document.clone())
            .prop_map(|(service, operation, body)| FuzzRequest::Json(service, operation, body)),
        4 => (method, path, fuzz::text(words), document)
            .prop_map(|(method, path, query, body)| FuzzRequest::Rest(method.to_owned(), path, query, body)),
        1 => ("\\PC{0,60}", prop::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(header, body)| FuzzRequest::Raw(header, body)),
        1 => (0..100_000_i64).prop_map(FuzzRequest::Time),
    ]
}

/// The id of the newest resource of a type in capitals; any other value stays as it is.
fn in_account(cloud: &AwsCloud, value: &str) -> String {
    let wanted = value.to_ascii_lowercase();
    let all = cloud.inventory();
    let newest = all
        .iter()
        .rev()
        .find(|one| value != wanted && one.resource_type == wanted);
    newest.map_or_else(|| value.to_owned(), |one| one.id.clone())
}

/// Parts of the paths of EKS.
fn segments(words: &[String]) -> Vec<String> {
    let paths = [
        "clusters",
        "node-groups",
        "access-entries",
        "access-policies",
        "addons",
        "updates",
        "tags",
        "c1",
        "fargate-profiles",
        "pod-identity-associations",
        "cluster-versions",
        "update-config",
        "update-version",
    ];
    let mut all: Vec<String> = paths.repeat(20).into_iter().map(str::to_owned).collect();
    all.extend(words.iter().filter(|word| !word.contains('/')).cloned());
    all
}

/// Parameters that fit the account, some of them replaced.
fn nearly(
    cloud: &AwsCloud,
    given: &[(&str, &str)],
    others: &[(usize, String)],
) -> Vec<(String, String)> {
    let mut given: Vec<(String, String)> = given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), in_account(cloud, value)))
        .collect();
    for (place, other) in others {
        if let Some(parameter) = given.get_mut(*place) {
            parameter.1.clone_from(other);
        }
    }
    given
}

/// A request of a query protocol.
fn query(
    authorization: &str,
    version: &str,
    operation: &str,
    given: &[(String, String)],
) -> http::Result<Request<Bytes>> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("Action", operation)
        .append_pair("Version", version)
        .extend_pairs(given);
    Request::post("https://a.amazonaws.com/")
        .header("authorization", authorization)
        .body(Bytes::from(body.finish()))
}

/// Sends a request; returns whether it was carried out.
fn send(cloud: &mut AwsCloud, asked: &FuzzRequest) -> bool {
    let scope = |service: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/20261102/us-east-1/{service}/aws4_request, Signature=0"
        )
    };
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let request = match asked {
        FuzzRequest::Time(minutes) => {
            let to = cloud.state().now + SignedDuration::from_mins(*minutes);
            cloud.advance(to);
            return false;
        }
        FuzzRequest::Nearly(right, others) => {
            let (service, operation, given) = RIGHT[*right];
            let given = nearly(cloud, given, others);
            let version = if service == "elasticloadbalancing" {
                "2015-12-01"
            } else {
                ""
            };
            query(&scope(service), version, operation, &given)
        }
        FuzzRequest::Query(service, operation, given) => {
            let (service, is_json) = SERVICES[*service];
            let version = if is_json { "" } else { "2015-12-01" };
            query(&scope(service), version, operation, given)
        }
        FuzzRequest::Json(service, operation, body) => {
            let (service, _) = SERVICES[*service];
            Request::post("https://a.amazonaws.com/")
                .header("authorization", scope(service))
                .header("x-amz-target", format!("T.{operation}"))
                .body(Bytes::from(body.to_string()))
        }
        FuzzRequest::Rest(method, path, query, body) => {
            let path: Vec<String> = path.iter().map(|part| encoded(part)).collect();
            let uri = format!(
                "https://a.amazonaws.com/{}?{}",
                path.join("/"),
                encoded(query)
            );
            Request::builder()
                .method(method.as_str())
                .uri(uri)
                .header("authorization", scope("eks"))
                .body(Bytes::from(body.to_string()))
        }
        FuzzRequest::Raw(header, body) => Request::post("https://a.amazonaws.com/")
            .header("authorization", format!("Credential={header}"))
            .body(Bytes::from(body.clone())),
    };
    let reply = request.ok().map(|request| cloud.answer(&request));
    matches!(reply, Some(Reply::Now(answer)) if answer.status().is_success())
}

#[test]
fn many_of_the_requests_are_carried_out() {
    let mut cloud = requests::account(Setup::new(1, "us-east-1", requests::at(requests::START)));
    let all = fuzz::samples(&asked(), 2000);
    let done = all.iter().filter(|asked| send(&mut cloud, asked)).count();
    assert!(done > 100, "{done} of {}", all.len());
}

proptest! {
    #![proptest_config(fuzz::cases(32))]

    #[test]
    fn any_requests_in_any_order_are_answered(all in prop::collection::vec(asked(), 1..40)) {
        let mut cloud = requests::account(Setup::new(1, "us-east-1", requests::at(requests::START)));
        for asked in &all {
            send(&mut cloud, asked);
        }
        cloud.inventory();
        cloud.states();
        cloud.charges(jiff::Timestamp::MIN);
    }
}
