//! The rows without an engine: an API server of a few canned answers.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::check::Verdict::{self, Fail, Pass, Skipped, Unknown};
use kubeproof_contract::provisioner::{Credential, HandedOver, NoAccess};
use kubeproof_contract::transport::{Transport, TransportError};
use serde_json::json;

use super::*;

/// An API server with so many Ready nodes.
#[derive(Debug)]
enum Server {
    Answers(usize),
    Refuses,
    Silent,
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (status, body) = match self {
            Self::Silent => return Err(TransportError::Connect("refused".to_owned())),
            Self::Refuses => {
                let body = json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                    "message": "Forbidden", "reason": "Forbidden", "code": 403,
                });
                (403, body)
            }
            Self::Answers(_) if request.uri().path() == "/version" => {
                let names = [
                    "major",
                    "minor",
                    "gitVersion",
                    "gitCommit",
                    "gitTreeState",
                    "buildDate",
                    "goVersion",
                    "compiler",
                    "platform",
                ];
                (200, names.map(|name| (name, "1")).into_iter().collect())
            }
            Self::Answers(count) => {
                let node = |index: usize| {
                    json!({
                        "metadata": {"name": format!("n{index}")},
                        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
                    })
                };
                let items: Vec<_> = (0..*count).map(node).collect();
                (
                    200,
                    json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": items}),
                )
            }
        };
        let answer = Response::builder().status(status);
        Ok(answer.body(Bytes::from(body.to_string())).unwrap())
    }
}

fn access() -> KubernetesAccess {
    KubernetesAccess {
        server: "https://127.0.0.1:6443".to_owned(),
        certificate_authority_pem: None,
        credential: Credential::Token("t".to_owned()),
        expires_at: None,
    }
}

/// The rows of a scenario of two nodes.
async fn check(
    server: Server,
    own: Result<KubernetesAccess, ObserverError>,
    handed: HandedOver,
    (ready, info): (Verdict, Verdict),
) {
    let spec: KindSpec = serde_json::from_value(json!({"workers": 1})).unwrap();
    let run = Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().unwrap());
    let provisioned = Provisioned {
        access: handed,
        made: BTreeMap::new(),
    };
    let about = format!("{server:?}");
    let transport: SharedTransport = Arc::new(server);
    let nodes = Ok(Vec::new());
    let rows = of_server(&spec, &transport, &own, &run, &provisioned, &nodes).await;
    let seen = rows.each_ref().map(|row| row.verdict);
    assert_eq!(seen, [ready, info], "{about} {rows:#?}");
}

fn none() -> HandedOver {
    Err(NoAccess::NotGiven("it has no kubeconfig"))
}

#[tokio::test(start_paused = true)]
async fn without_a_kubeconfig_that_was_handed_over_its_row_is_skipped_but_wrong_nodes_fail() {
    check(Server::Answers(2), Ok(access()), Ok(access()), (Pass, Pass)).await;
    check(Server::Answers(2), Ok(access()), none(), (Pass, Skipped)).await;
    check(Server::Answers(1), Ok(access()), none(), (Fail, Skipped)).await;
}

#[tokio::test(start_paused = true)]
async fn more_nodes_than_asked_for_fail() {
    check(Server::Answers(3), Ok(access()), Ok(access()), (Fail, Pass)).await;
}

#[tokio::test(start_paused = true)]
async fn an_observer_without_access_does_not_know() {
    let without = Err(ObserverError {
        call: "docker:ContainerInspect".to_owned(),
        message: "no such container".to_owned(),
    });
    check(Server::Answers(2), without, Ok(access()), (Unknown, Pass)).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_server_refuses_fails_and_its_silence_is_unknown() {
    check(Server::Refuses, Ok(access()), Ok(access()), (Fail, Fail)).await;
    check(
        Server::Silent,
        Ok(access()),
        Ok(access()),
        (Unknown, Unknown),
    )
    .await;
}

#[test]
fn what_is_reported_as_made_is_optional_and_must_exist_when_reported() {
    let run = Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().unwrap());
    let node = |name: &str, id: char| Node {
        id: id.to_string().repeat(64),
        name: name.to_owned(),
        role: String::new(),
        image: String::new(),
        state: String::new(),
    };
    let nodes = [node("kp-r1-control-plane", 'a'), node("kp-r1-worker", 'b')];
    let check = |said: &[(&str, &str)], expected: &[&str]| {
        let made: BTreeMap<String, String> = said
            .iter()
            .map(|(name, id)| ((*name).to_owned(), (*id).to_owned()))
            .collect();
        let wrong = not_there(&run, &made, &nodes);
        assert_eq!(wrong.is_none(), expected.is_empty(), "{wrong:?}");
        for part in expected {
            assert!(wrong.as_ref().unwrap().contains(part), "{wrong:?}");
        }
    };
    check(&[], &[]);
    check(&[("cluster", "kp-r1")], &[]);
    check(&[("node", "aaaaaaaaaaaa")], &[]);
    check(&[("kp-r1-control-plane", "x"), ("kp-r1-worker", "y")], &[]);
    check(
        &[("one-more", "000000000000")],
        &["one-more", "kp-r1-worker"],
    );
    check(&[("node", "a")], &["node"]);
    check(&[("cluster", "kp-r2")], &["cluster"]);
}
