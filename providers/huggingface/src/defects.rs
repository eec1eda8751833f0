//! The wrong provisioners of Hugging Face, each made of rules around the correct one. Each makes a mistake that real
//! provisioners and clients have made.

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_cloudkit::defects::{
    Does, Phase, Rule, WrongProvisioner, WrongProvisioners, answer_with, defects, request_with,
};
use kubeproof_contract::provider::Defect;
use kubeproof_contract::run::Run;
use serde_json::{Value, json};

use crate::dialect::HuggingFaceDialect;

/// Their names and descriptions.
pub const DEFECTS: &[Defect] = &defects(&ALL);

/// All of them.
pub const WRONG: WrongProvisioners = WrongProvisioners {
    all: &ALL,
    dialect: &HuggingFaceDialect,
    worked: |_| Bytes::from_static(br#"{"items": []}"#),
};

const CREATE: &str = "endpoints:CreateEndpoint";
const GET: &str = "endpoints:GetEndpoint";
const LIST: &str = "endpoints:ListEndpoints";

const JOBS: &str = "hub:ListJobs";

const ALL: [WrongProvisioner; 8] = [
    // Tools add a random suffix so that a creation never answers 409 (huggingface/lighteval, endpoint_model.py).
    WrongProvisioner::new(
        "new-name-at-retry",
        "a creation without an answer is repeated under another name",
        &[Rule::new(
            Phase::Provision,
            &[CREATE],
            Does::ResendChanged(under_another_name),
        )],
    ),
    // The official client reads the first page only (huggingface_hub 2.4.0, list_inference_endpoints).
    WrongProvisioner::new(
        "first-page-only",
        "its teardown reads the first page of the endpoints, and no other",
        &[Rule::new(
            Phase::Teardown,
            &[LIST],
            Does::TakeFor(without_cursor),
        )],
    ),
    // The official client takes an organisation's error for no endpoints (huggingface_hub 2.4.0).
    WrongProvisioner::new(
        "swallows-errors-of-lists",
        "its teardown takes a namespace whose list is refused for an empty one",
        &[Rule::new(
            Phase::Teardown,
            &[LIST],
            Does::TakeForSuccess(|_| true),
        )],
    ),
    // One that has scaled to zero keeps its name and wakes by any request.
    WrongProvisioner::new(
        "zero-for-deleted",
        "its teardown takes an endpoint that has scaled to zero for a deleted one",
        &[Rule::new(
            Phase::Teardown,
            &[LIST],
            Does::Hide(|_| r#""state":"scaledToZero""#.to_owned()),
        )],
    ),
    WrongProvisioner::new(
        "keeps-a-replica",
        "creates the endpoint with at least one replica, and does not read the scaling back",
        &[
            Rule::new(Phase::Provision, &[CREATE], Does::Change(with_a_replica)),
            Rule::new(Phase::Provision, &[GET], Does::TakeFor(shown_as_zero)),
        ],
    ),
    // `wait()` of many tools ends at the state `running`.
    WrongProvisioner::new(
        "never-asks",
        "waits until the endpoint runs, and never asks its model",
        &[Rule::new(
            Phase::Provision,
            &["inference:Ask"],
            Does::Answer(|_, _| document(&json!([{"generated_text": "yes"}]))),
        )],
    ),
    // A wait that times out leaves what it waited for, and is billed (huggingface/lighteval issue 475).
    WrongProvisioner::new(
        "leaves-the-job",
        "gives a job up that waits for too long, and never cancels it",
        &[
            Rule::new(Phase::Any, &["hub:GetJob"], Does::TakeFor(given_up)),
            Rule::new(Phase::Any, &[JOBS], Does::TakeFor(without_given_up)),
        ],
    ),
    // The endpoint is what costs; what uses it is forgotten, and with it a token that still works.
    WrongProvisioner::new(
        "forgets-the-secret",
        "its teardown removes the endpoint, and forgets the cluster in which a Secret holds the token",
        &[Rule::new(
            Phase::Teardown,
            &["kubernetes:list-namespaces"],
            Does::ShowNothing,
        )],
    ),
];

/// After so many seconds a job is given up that waits.
const GIVEN_UP: i64 = 600;

/// Whether a job waits for too long.
fn is_given_up(job: &Value) -> bool {
    let waited = job["durations"]["totalSecs"].as_i64().unwrap_or_default();
    job["status"]["stage"] == "SCHEDULING" && waited > GIVEN_UP
}

fn given_up(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    answer_with(answer, |body| {
        if is_given_up(body) {
            body["status"]["stage"] = json!("CANCELED");
        }
    })
}

fn without_given_up(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    answer_with(answer, |body| {
        if let Some(jobs) = body.as_array_mut() {
            jobs.retain(|job| !is_given_up(job));
        }
    })
}

fn document(body: &Value) -> Response<Bytes> {
    Response::new(Bytes::from(body.to_string()))
}

fn under_another_name(_: &Run, request: Request<Bytes>) -> Request<Bytes> {
    request_with(request, |body| {
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        body["name"] = json!(format!("{name}-b"));
    })
}

fn without_cursor(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    answer_with(answer, |body| {
        if let Some(body) = body.as_object_mut() {
            body.remove("nextCursor");
        }
    })
}

fn with_a_replica(_: &Run, request: Request<Bytes>) -> Request<Bytes> {
    request_with(request, |body| {
        body["compute"]["scaling"] = json!({"minReplica": 1, "maxReplica": 1});
    })
}

fn shown_as_zero(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    answer_with(answer, |body| {
        if body.get("compute").is_some() {
            let scaling = json!({"minReplica": 0, "maxReplica": 1, "scaleToZeroTimeout": 15});
            body["compute"]["scaling"] = scaling;
        }
    })
}
