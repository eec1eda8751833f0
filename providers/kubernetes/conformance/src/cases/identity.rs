//! Authentication and authorization: 401, 403, reviews and tokens of service accounts.
//!
//! Source: the documentation of authentication, authorization and the `TokenRequest` API.

use serde_json::{Value, json};

use crate::answer::{Answer, Ask, send};
use crate::finding::{Outcome, hold, same};
use crate::test_namespace::TestNamespace;

/// Asks with a token instead of the target's credentials.
async fn ask_with(
    ns: &TestNamespace<'_>,
    token: &str,
    method: &str,
    path: &str,
) -> Outcome<Answer> {
    let client = ns.target.client_with(token)?;
    send(&client, Ask::new(method, path, String::new())).await
}

async fn token(ns: &TestNamespace<'_>, account: &str) -> Outcome<Value> {
    let path = ns.core(&format!("serviceaccounts/{account}/token"));
    ns.make_at(&path, &json!({"spec": {"expirationSeconds": 700}}))
        .await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) async fn an_unknown_token_is_unauthorized(ns: &TestNamespace<'_>) -> Outcome {
    let answer = ask_with(ns, "unknown-token", "GET", "/api/v1/nodes").await?;
    let status = answer.refused(401, "Unauthorized")?;
    same("the message", &status["message"], "Unauthorized")
}

pub(super) async fn a_service_account_gets_a_token_that_says_who_it_is(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let answer = token(ns, "default").await?;
    same("the kind", &answer["kind"], "TokenRequest")?;
    same(
        "the API version",
        &answer["apiVersion"],
        "authentication.k8s.io/v1",
    )?;
    same(
        "how long it lives",
        &answer["spec"]["expirationSeconds"],
        700,
    )?;
    hold(answer["status"]["expirationTimestamp"].is_string(), || {
        format!("it does not say until when: {}", answer["status"])
    })?;
    let token = text(&answer["status"]["token"]);
    same("the parts of the token", token.split('.').count(), 3)?;
    let client = ns.target.client_with(token)?;
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let body = json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"});
    let review = send(&client, Ask::new("POST", path, body.to_string()))
        .await?
        .expect(201)?;
    let namespace = &ns.namespace;
    let user = &review["status"]["userInfo"];
    let name = format!("system:serviceaccount:{namespace}:default");
    same("the user", &user["username"], name.as_str())?;
    let groups = json!([
        "system:serviceaccounts",
        format!("system:serviceaccounts:{namespace}"),
        "system:authenticated",
    ]);
    same("the groups", &user["groups"], &groups)
}

pub(super) async fn a_caller_without_rights_is_forbidden_with_a_message(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let answer = token(ns, "default").await?;
    let token = text(&answer["status"]["token"]);
    let namespace = &ns.namespace;
    let user = format!("User \"system:serviceaccount:{namespace}:default\" cannot");
    let inside = format!("in the namespace \"{namespace}\"");
    for (method, path, expected) in [
        (
            "GET",
            ns.core("pods"),
            format!("pods is forbidden: {user} list resource \"pods\" in API group \"\" {inside}"),
        ),
        (
            "GET",
            "/api/v1/nodes".to_owned(),
            format!(
                "nodes is forbidden: {user} list resource \"nodes\" in API group \"\" at the \
                 cluster scope"
            ),
        ),
        (
            "DELETE",
            ns.batch("jobs/j"),
            format!(
                "jobs.batch \"j\" is forbidden: {user} delete resource \"jobs\" in API group \
                 \"batch\" {inside}"
            ),
        ),
        (
            "GET",
            ns.core("pods/p/log"),
            format!(
                "pods \"p\" is forbidden: {user} get resource \"pods/log\" in API group \"\" {inside}"
            ),
        ),
        (
            "GET",
            "/apis/example.com/v1/things".to_owned(),
            format!(
                "things.example.com is forbidden: {user} list resource \"things\" in API group \
                 \"example.com\" at the cluster scope"
            ),
        ),
        (
            "GET",
            "/nowhere".to_owned(),
            format!("forbidden: {user} get path \"/nowhere\""),
        ),
    ] {
        let answer = ask_with(ns, token, method, &path).await?;
        let status = answer.refused(403, "Forbidden")?;
        same("the message", text(&status["message"]), expected.as_str())?;
    }
    for path in ["/version", "/healthz", "/apis"] {
        ask_with(ns, token, "GET", path).await?.expect(200)?;
    }
    Ok(())
}

pub(super) async fn an_administrator_may_and_a_service_account_may_not(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let answer = token(ns, "default").await?;
    let other = ns.target.client_with(text(&answer["status"]["token"]))?;
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let question = json!({
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "spec": {"resourceAttributes": {
            "verb": "create", "group": "batch", "resource": "jobs", "namespace": ns.namespace,
        }},
    });
    for (client, expected) in [(&ns.target.client, true), (&other, false)] {
        let ask = Ask::new("POST", path, question.to_string());
        let review = send(client, ask).await?.expect(201)?;
        same("the question", &review["spec"], &question["spec"])?;
        same("the answer", &review["status"]["allowed"], expected)?;
    }
    let discovery = json!({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/apis"}}});
    let review = send(&other, Ask::new("POST", path, discovery.to_string()))
        .await?
        .expect(201)?;
    same("whether it may look", &review["status"]["allowed"], true)
}

pub(super) async fn a_review_needs_exactly_one_question(ns: &TestNamespace<'_>) -> Outcome {
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    ns.post(path, &json!({"spec": {}}))
        .await?
        .refused(422, "Invalid")?;
    ns.get(path).await?.refused(405, "MethodNotAllowed")?;
    Ok(())
}

pub(super) async fn a_token_of_a_deleted_account_is_invalid(ns: &TestNamespace<'_>) -> Outcome {
    let account = json!({"metadata": {"name": "short"}});
    ns.make_at(&ns.core("serviceaccounts"), &account).await?;
    let answer = token(ns, "short").await?;
    let token = text(&answer["status"]["token"]);
    ask_with(ns, token, "GET", "/api/v1/nodes")
        .await?
        .refused(403, "Forbidden")?;
    let path = ns.core("serviceaccounts/short");
    ns.delete(&path, &Value::Null).await?.expect(200)?;
    // A server may accept a token for a while that it has just seen.
    let start = tokio::time::Instant::now();
    loop {
        let answer = ask_with(ns, token, "GET", "/api/v1/nodes").await?;
        if answer.code == 401 || start.elapsed() >= ns.target.limit {
            return answer.refused(401, "Unauthorized").map(|_| ());
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

pub(super) async fn a_token_lives_at_least_ten_minutes(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("serviceaccounts/default/token");
    let short = json!({"spec": {"expirationSeconds": 100}});
    let status = ns.post(&path, &short).await?.refused(422, "Invalid")?;
    let expected = "Invalid value: 100: may not specify a duration less than 10 minutes";
    same(
        "the cause",
        &status["details"]["causes"][0]["message"],
        expected,
    )?;
    let path = ns.core("serviceaccounts/nobody/token");
    ns.post(&path, &json!({"spec": {}}))
        .await?
        .refused(404, "NotFound")?;
    Ok(())
}
