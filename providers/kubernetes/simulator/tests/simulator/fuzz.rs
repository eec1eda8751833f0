//! Any requests to a simulated API server, in any order and at any time: each is answered, and nothing panics.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_kubernetes_simulator::server::{ApiServer, Identity};
use kubeproof_simkit::cloud::{InParts, Reply};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::fuzz_support as fuzz;

/// Collections of the types that clients use most.
const COLLECTIONS: &[&str] = &[
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/services",
    "/api/v1/namespaces/default/secrets",
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/persistentvolumeclaims",
    "/api/v1/namespaces/default/serviceaccounts",
    "/api/v1/namespaces/default/events",
    "/apis/batch/v1/namespaces/default/jobs",
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/apps/v1/namespaces/default/replicasets",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/coordination.k8s.io/v1/namespaces/default/leases",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "/openapi/v3",
    "/nonsense",
];
const BELOW: &[&str] = &[
    "",
    "/one",
    "/one",
    "/one/status",
    "/one/log",
    "/one/scale",
    "/one/token",
    "/one/finalize",
    "/kubernetes",
    "/default",
];
const QUERIES: &[&str] = &[
    "",
    "watch=1&timeoutSeconds=",
    "limit=",
    "continue=",
    "labelSelector=",
    "fieldSelector=",
    "resourceVersion=",
    "fieldManager=f&force=true&x=",
    "propagationPolicy=",
    "gracePeriodSeconds=",
    "dryRun=",
    "tailLines=",
    "sinceTime=",
    "limitBytes=",
    "follow=true&container=",
    "fieldValidation=Strict&x=",
];
const CONTENT: &[&str] = &[
    "application/json",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "nonsense",
];
const ACCEPT: &[&str] = &[
    "application/json",
    "application/vnd.kubernetes.protobuf",
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
];

/// Valid objects, to be mutated.
fn objects() -> Vec<Value> {
    let pod = json!({"restartPolicy": "Never", "terminationGracePeriodSeconds": 5, "containers": [{"name": "c",
        "image": "busybox:1", "command": ["sh", "-c", "echo x"], "env": [{"name": "A", "value": "b"}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}], "tolerations": [], "nodeSelector": {}});
    let meta = json!({"name": "one", "labels": {"a": "b"}, "annotations": {}, "finalizers": []});
    let labelled = json!({"metadata": {"labels": {"a": "b"}}, "spec": pod.clone()});
    vec![
        json!({"metadata": meta, "spec": pod}),
        json!({"metadata": meta, "spec": {"activeDeadlineSeconds": 5, "backoffLimit": 1, "completions": 1,
            "parallelism": 1, "ttlSecondsAfterFinished": 9, "template": labelled}}),
        json!({"metadata": meta, "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": labelled,
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}}}),
        json!({"metadata": meta, "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 80}], "selector": {"a": "b"}}}),
        json!({"metadata": meta, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
        json!({"metadata": meta, "data": {"a": "Yg=="}, "stringData": {"c": "d"}}),
        json!([{"op": "add", "path": "/metadata/labels/x", "value": "y"}, {"op": "remove", "path": "/spec/a~1b"}]),
        json!({"spec": {"expirationSeconds": 600, "audiences": ["a"]}}),
        json!({"propagationPolicy": "Foreground", "gracePeriodSeconds": 0, "preconditions": {"uid": "x"}}),
        Value::Null,
    ]
}

type Asked = (
    (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        String,
    ),
    (&'static str, &'static str),
    (Value, Vec<(usize, Value)>, Option<Vec<u8>>),
    (Option<String>, i64),
);

fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let words = fuzz::literals(env!("CARGO_MANIFEST_DIR"));
    let method = select(
        &[
            "GET", "POST", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE",
        ][..],
    );
    let place = (
        method,
        select(COLLECTIONS),
        select(BELOW),
        select(QUERIES),
        fuzz::text(words.clone()),
    );
    let change = (any::<usize>(), fuzz::json(words.clone(), words.clone()));
    let raw = proptest::option::weighted(0.1, prop::collection::vec(any::<u8>(), 0..300));
    let body = (select(objects()), prop::collection::vec(change, 0..4), raw);
    let rest = (
        proptest::option::weighted(0.1, fuzz::text(words)),
        0..2000_i64,
    );
    let one = (place, (select(CONTENT), select(ACCEPT)), body, rest);
    prop::collection::vec(one, 1..30)
}

/// Sends a request, and returns whether it succeeded.
fn send(server: &mut ApiServer, asked: &Asked) -> bool {
    let (
        (method, collection, below, query, value),
        (content, accept),
        (body, changes, raw),
        (cursor, _),
    ) = asked;
    let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let below = if *method == "POST" { "" } else { below };
    let body = match raw {
        // The prefix of kubectl's protobuf bodies.
        Some(bytes) => [&b"k8s\0"[..], bytes].concat(),
        None => fuzz::mutated(body.clone(), changes)
            .to_string()
            .into_bytes(),
    };
    let request = Request::builder()
        .method(*method)
        .uri(format!(
            "https://c.example{collection}{below}?{query}{value}"
        ))
        .header("content-type", *content)
        .header("accept", *accept)
        .body(Bytes::from(body));
    let Ok(mut request) = request else {
        return false;
    };
    if cursor.is_some() {
        request.extensions_mut().insert(InParts {
            cursor: cursor.clone(),
        });
    }
    let identity = Identity::User {
        name: "admin".to_owned(),
        groups: vec!["system:masters".to_owned()],
    };
    let reply = server.answer(&identity, &request);
    matches!(reply, Reply::Now(answer) if answer.status().is_success())
}

#[test]
fn many_of_the_requests_are_carried_out() {
    let mut server = ApiServer::new("c", "1.34", 1, Timestamp::UNIX_EPOCH);
    let all: Vec<Asked> = fuzz::samples(&asked(), 100).into_iter().flatten().collect();
    let done = all.iter().filter(|asked| send(&mut server, asked)).count();
    assert!(done > all.len() / 20, "{done} of {}", all.len());
}

proptest! {
    #![proptest_config(fuzz::cases(64))]

    #[test]
    fn any_requests_in_any_order_are_answered(all in asked()) {
        let mut now: Timestamp = "2026-11-02T10:00:00Z".parse().expect("a date");
        let mut server = ApiServer::new("c", "1.34", 1, now);
        for asked in &all {
            now += SignedDuration::from_secs(asked.3.1);
            server.advance(now);
            send(&mut server, asked);
        }
    }
}
