//! Resources by name and by id, and the catalogue, over a transport that answers from a list.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http::Request;
use kubeproof_cloudkit::catalogue::{
    Catalogue, CatalogueDeleter, ResourceKind, delete_by_body, delete_by_path,
};
use kubeproof_cloudkit::rest::RestClient;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use kubeproof_contract::deleter::Deleter as _;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_contract::scope::{Cell, Listing, Scope};
use kubeproof_contract::transport::TransportError;
use kubeproof_simkit::answers::{Answer, Answers, answer};
use serde::Deserialize;
use serde_json::json;

use crate::rest::{Sky, client};

#[derive(Debug, Deserialize)]
struct Star {
    name: String,
    #[serde(default)]
    state: String,
}

const NONE: &str = "[]";
const VEGA: &str = r#"[{"name": "deneb"}, {"name": "vega", "state": "bright"}]"#;

/// The methods and paths of the requests that came.
fn sent(answers: &Answers) -> Vec<String> {
    let line = |one: &Request<Bytes>| format!("{} {}", one.method(), one.uri().path());
    answers.requests().iter().map(line).collect()
}

/// Finds or makes the star vega, and checks how often it was made.
async fn check(all: Vec<Answer>, expected: Result<&str, Cause>, creations: usize) {
    let answers = Answers::of(all);
    let calls = ("ListStars", "CreateStar");
    let body = json!({"name": "vega"});
    let is_taken = |error: &CallError| error.cause == Cause::AlreadyExists;
    let client = client(Arc::clone(&answers));
    let star = client
        .ensure(calls, &body, |star: &Star| star.name == "vega", is_taken)
        .await;
    let star = star.map(|star| star.name).map_err(|error| error.cause);
    assert_eq!(star, expected.map(str::to_owned));
    let sent = sent(&answers);
    let made = sent.iter().filter(|line| *line == "POST /v1/stars");
    assert_eq!(made.count(), creations, "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_listed_is_never_made_and_what_is_taken_is_looked_up() {
    let made = || answer(200, r#"{"name": "vega"}"#);
    let taken = || answer(409, "{}");
    check(vec![answer(200, VEGA)], Ok("vega"), 0).await;
    check(vec![answer(200, NONE), made()], Ok("vega"), 1).await;
    check(
        vec![answer(200, NONE), taken(), answer(200, VEGA)],
        Ok("vega"),
        1,
    )
    .await;
    let refused = answer(400, r#"{"code": "quota"}"#);
    check(
        vec![answer(200, NONE), refused],
        Err(Cause::QuotaExceeded),
        1,
    )
    .await;
    let lost = Err(TransportError::Lost("gone".to_owned()));
    check(
        vec![answer(200, NONE), lost, answer(200, VEGA)],
        Ok("vega"),
        1,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_deleted_and_a_refusal_is_told() {
    let answers = Answers::of([answer(404, "{}"), answer(204, "")]);
    let policy = RetryPolicy::while_in_use(Duration::from_secs(9));
    let deleting = client(Arc::clone(&answers));
    for id in ["a", "b"] {
        let deleted = deleting.delete(policy, "DeleteStar", id);
        assert_eq!(deleted.await, Ok(()));
    }
    assert_eq!(sent(&answers), ["DELETE /v1/stars/a", "DELETE /v1/stars/b"]);
    let refusing = client(Answers::of([answer(400, r#"{"code": "quota"}"#)]));
    let refused = refusing.delete(policy, "DeleteStar", "a");
    let cause = refused.await.map_err(|error| error.cause);
    assert_eq!(cause, Err(Cause::QuotaExceeded));
}

type Kind = ResourceKind<RestClient<Sky>>;

const KINDS: &[Kind] = &[
    Kind::global("star", |api| api.listed("ListStars", star).boxed())
        .deleted(|api, one| delete_by_path(api, "DeleteStar", &one.id)),
    Kind::global("eclipse", |api| api.listed("ListStars", star).boxed())
        .deleted(|api, one| delete_by_body(api, "EclipseStars", json!({ "ids": [one.id] }))),
    Kind::global("void", |api| api.listed("ListStars", star).boxed()),
];
static CATALOGUE: Catalogue<RestClient<Sky>> = Catalogue(KINDS);

fn star(star: Star) -> Resource {
    Resource::new("star", star.name, "global").in_state(star.state, Lifetime::Alive)
}

#[tokio::test(start_paused = true)]
async fn a_catalogue_lists_what_exists_and_deletes_as_each_type_is_deleted() {
    let answers = Answers::of([answer(200, VEGA), answer(204, ""), answer(204, "")]);
    let api = client(Arc::clone(&answers));
    let listings = CATALOGUE.listings(&[]);
    let listed = CATALOGUE.list(&api, &listings[0]).await.expect("a list");
    let ids: Vec<&str> = listed.resources.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["deneb", "vega"]);
    let deleter = CatalogueDeleter {
        catalogue: &CATALOGUE,
        clients: api,
    };
    for (kind, fine) in [
        ("star", true),
        ("eclipse", true),
        ("void", false),
        ("moon", false),
    ] {
        let one = Resource::new(kind, "x", "global");
        let deleted = deleter.delete(&one).await;
        assert_eq!(deleted.is_ok(), fine, "{kind}: {deleted:?}");
    }
    assert_eq!(
        sent(&answers),
        ["GET /v1/stars", "DELETE /v1/stars/x", "POST /v1/eclipse"]
    );
    let moons = Listing::of(Cell::new("moon", Scope::global()));
    let unknown = CATALOGUE.list(&deleter.clients, &moons).await;
    let unknown = unknown.map_err(|error| error.to_string());
    assert_eq!(
        unknown,
        Err("list: unknown resource type `moon`".to_owned())
    );
}
