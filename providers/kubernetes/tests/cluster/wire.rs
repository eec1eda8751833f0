//! The wire format: verbs, pages, watches and errors as of a real API server.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cloud::json as call;
use crate::cloud::{Cluster, send};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn with_maps(count: usize) -> Cluster {
    let cluster = Cluster::with_nodes(0);
    for number in 0..count {
        let map = json!({
            "metadata": {"name": format!("m{number}"), "labels": {"made": "here"}},
            "data": {"number": number.to_string()},
        });
        let (status, _) = call(&cluster, "POST", MAPS, map).await;
        assert_eq!(status, 201);
    }
    cluster
}

#[tokio::test(start_paused = true)]
async fn a_stale_write_conflicts_and_a_fresh_one_does_not() {
    let cluster = with_maps(1).await;
    let path = format!("{MAPS}/m0");
    let (_, first) = call(&cluster, "GET", &path, Value::Null).await;
    let mut fresh = first.clone();
    fresh["data"]["number"] = "1".into();
    let (status, _) = call(&cluster, "PUT", &path, fresh).await;
    assert_eq!(status, 200);
    let mut stale = first;
    stale["data"]["number"] = "2".into();
    let (status, body) = call(&cluster, "PUT", &path, stale).await;
    assert_eq!((status, &body["reason"]), (409, &json!("Conflict")));
    let (_, now) = call(&cluster, "GET", &path, Value::Null).await;
    assert_eq!(now["data"]["number"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_in_pages_that_leave_nothing_out() {
    let cluster = with_maps(5).await;
    let mut names = Vec::new();
    let mut path = format!("{MAPS}?limit=2&labelSelector=made%3Dhere");
    for _ in 0..5 {
        let (status, page) = call(&cluster, "GET", &path, Value::Null).await;
        assert_eq!(status, 200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        names.extend(items.iter().map(|item| item["metadata"]["name"].clone()));
        let Some(token) = page["metadata"]["continue"].as_str() else {
            break;
        };
        path = format!("{MAPS}?limit=2&labelSelector=made%3Dhere&continue={token}");
    }
    assert_eq!(names, ["m0", "m1", "m2", "m3", "m4"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_happened_after_its_version_and_ends_in_time() {
    let cluster = with_maps(1).await;
    let (_, list) = call(&cluster, "GET", MAPS, Value::Null).await;
    let version = list["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{MAPS}?watch=true&resourceVersion={version}&timeoutSeconds=8");
    let start = tokio::time::Instant::now();
    let (parts, nothing) = send(&cluster, "GET", &path, "application/json", "").await;
    assert_eq!((parts.status.as_u16(), nothing), (200, json!("")));
    assert!(
        (7..11).contains(&start.elapsed().as_secs()),
        "{:?}",
        start.elapsed()
    );
    let change = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        call(&cluster, "DELETE", &format!("{MAPS}/m0"), Value::Null).await;
    };
    let watching = send(&cluster, "GET", &path, "application/json", "");
    let ((_, event), ()) = tokio::join!(watching, change);
    assert_eq!(event["type"], "DELETED");
    assert_eq!(event["object"]["metadata"]["name"], "m0");
}

#[tokio::test(start_paused = true)]
async fn errors_have_the_codes_and_reasons_of_a_real_server() {
    let cluster = with_maps(1).await;
    let check = async |method: &str, path: &str, body: Value, code: u16, reason: &str| {
        let (status, answer) = call(&cluster, method, path, body).await;
        assert_eq!(
            (status, answer["reason"].as_str()),
            (code, Some(reason)),
            "{answer}"
        );
    };
    let map = json!({"metadata": {"name": "m0"}});
    check("POST", MAPS, map, 409, "AlreadyExists").await;
    check(
        "POST",
        MAPS,
        json!({"metadata": {"name": "Bad_Name"}}),
        422,
        "Invalid",
    )
    .await;
    check(
        "POST",
        MAPS,
        json!({"kind": "Secret", "metadata": {}}),
        400,
        "BadRequest",
    )
    .await;
    check(
        "GET",
        "/api/v1/namespaces/a/pods/b",
        Value::Null,
        404,
        "NotFound",
    )
    .await;
    let nowhere = "/api/v1/namespaces/nowhere/configmaps";
    check(
        "POST",
        nowhere,
        json!({"metadata": {"name": "a"}}),
        404,
        "NotFound",
    )
    .await;
    let uid = json!({"preconditions": {"uid": "other"}});
    check("DELETE", &format!("{MAPS}/m0"), uid, 409, "Conflict").await;
    let others = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    check("GET", others, Value::Null, 501, "NotImplemented").await;
    let ports = "/api/v1/namespaces/default/pods/a/portforward";
    check("GET", ports, Value::Null, 501, "NotImplemented").await;
    let (status, text) = call(&cluster, "GET", "/apis/example.com/v1/things", Value::Null).await;
    assert_eq!((status, text), (404, json!("404 page not found\n")));
}

#[tokio::test(start_paused = true)]
async fn a_protobuf_body_of_an_unknown_type_is_refused_by_name() {
    let cluster = Cluster::with_nodes(0);
    let media = "application/vnd.kubernetes.protobuf";
    // An envelope whose type is `Thing` of `v1`, and nothing in it.
    let body = "k8s\0\x0a\x0b\x0a\x02v1\x12\x05Thing";
    let (parts, body) = send(&cluster, "POST", MAPS, media, body).await;
    assert_eq!(parts.status, 501);
    assert!(
        body["message"].as_str().unwrap().contains("v1 Thing"),
        "{body}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing() {
    let cluster = Cluster::with_nodes(0);
    let map = json!({"metadata": {"name": "dry"}});
    let (status, _) = call(&cluster, "POST", &format!("{MAPS}?dryRun=All"), map).await;
    assert_eq!(status, 201);
    let (status, _) = call(&cluster, "GET", &format!("{MAPS}/dry"), Value::Null).await;
    assert_eq!(status, 404);
}

#[tokio::test(start_paused = true)]
async fn discovery_lists_groups_and_resources_in_both_forms() {
    let cluster = Cluster::with_nodes(0);
    let groups = cluster.client().list_api_groups().await.unwrap();
    assert!(groups.groups.iter().any(|group| group.name == "batch"));
    let resources = cluster
        .client()
        .list_core_api_resources("v1")
        .await
        .unwrap();
    assert!(
        resources
            .resources
            .iter()
            .any(|resource| resource.kind == "Pod")
    );
    let aggregated = cluster.client().list_api_groups_aggregated().await.unwrap();
    assert!(!aggregated.items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn reviews_say_who_one_is_and_what_one_may_do() {
    let cluster = Cluster::with_nodes(0);
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (status, review) = call(&cluster, "POST", path, json!({})).await;
    assert_eq!(
        (status, &review["status"]["userInfo"]["username"]),
        (201, &json!("admin"))
    );
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let asked = json!({"spec": {"resourceAttributes": {"verb": "create", "resource": "jobs"}}});
    let (_, review) = call(&cluster, "POST", path, asked).await;
    assert_eq!(review["status"]["allowed"], true);
}
