//! Errors: each is a `Status` with code, reason, message and details.
//!
//! Source: the API conventions ("Response Status Kind").

use serde_json::json;

use crate::answer::Ask;
use crate::finding::{Outcome, hold, same};
use crate::test_namespace::TestNamespace;

pub(super) async fn a_missing_object_is_not_found(ns: &TestNamespace<'_>) -> Outcome {
    let status = ns
        .get(&ns.core("configmaps/m"))
        .await?
        .refused(404, "NotFound")?;
    same(
        "the message",
        &status["message"],
        "configmaps \"m\" not found",
    )?;
    let details = json!({"name": "m", "kind": "configmaps"});
    same("the details", &status["details"], &details)?;
    let status = ns
        .get(&ns.batch("jobs/j"))
        .await?
        .refused(404, "NotFound")?;
    same(
        "the message",
        &status["message"],
        "jobs.batch \"j\" not found",
    )?;
    let details = json!({"name": "j", "group": "batch", "kind": "jobs"});
    same("the details", &status["details"], &details)?;
    let change = json!({"data": {"a": "1"}});
    let path = ns.core("configmaps/m");
    ns.merge(&path, &change).await?.refused(404, "NotFound")?;
    let whole = json!({"metadata": {"name": "m"}});
    ns.put(&path, &whole).await?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) async fn an_existing_object_conflicts(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let again = json!({"metadata": {"name": "m"}});
    let path = ns.core("configmaps");
    let status = ns
        .post(&path, &again)
        .await?
        .refused(409, "AlreadyExists")?;
    same(
        "the message",
        &status["message"],
        "configmaps \"m\" already exists",
    )?;
    let details = json!({"name": "m", "kind": "configmaps"});
    same("the details", &status["details"], &details)
}

pub(super) async fn a_resource_that_does_not_exist_is_not_found(ns: &TestNamespace<'_>) -> Outcome {
    for path in [
        "/api/v1/things".to_owned(),
        "/apis/batch/v1/things".to_owned(),
        ns.core("things/t"),
        ns.core("configmaps/m/status"),
        ns.core("pods/p/other"),
    ] {
        let status = ns.get(&path).await?.refused(404, "NotFound")?;
        let expected = "the server could not find the requested resource";
        same(
            &format!("the message about {path}"),
            &status["message"],
            expected,
        )?;
    }
    Ok(())
}

pub(super) async fn a_path_that_does_not_exist_is_not_found(ns: &TestNamespace<'_>) -> Outcome {
    for path in ["/nowhere", "/apis/example.com/v1/things"] {
        let answer = ns.get(path).await?;
        same("the code", answer.code, 404)?;
        same("the media type", answer.media().as_str(), "text/plain")?;
        same("the text", answer.text().as_str(), "404 page not found\n")?;
    }
    Ok(())
}

pub(super) async fn an_unsupported_method_is_not_allowed(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m"}});
    for (method, path) in [
        ("PUT", ns.core("configmaps")),
        ("POST", ns.core("configmaps/m")),
        ("PATCH", ns.core("configmaps")),
        ("POST", ns.core("pods/p/log")),
    ] {
        let mut ask = Ask::new(method, path, map.to_string());
        if method == "PATCH" {
            ask = ask.media("application/merge-patch+json");
        }
        let status = ns.ask(ask).await?.refused(405, "MethodNotAllowed")?;
        let expected = "the server does not allow this method on the requested resource";
        same(
            &format!("the message about {method}"),
            &status["message"],
            expected,
        )?;
    }
    Ok(())
}

pub(super) async fn a_body_in_an_unknown_format_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    let ask = Ask::new("POST", ns.core("configmaps"), "name: m".to_owned());
    let answer = ns.ask(ask.media("text/plain")).await?;
    let status = answer.refused(415, "UnsupportedMediaType")?;
    let message = status["message"].as_str().unwrap_or_default();
    let begins = "the body of the request was in an unknown format - accepted media types include: \
                  application/json";
    hold(message.starts_with(begins), || {
        format!("the message is {message}")
    })
}

pub(super) async fn an_answer_in_an_unknown_format_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    for accept in ["text/html", "application/json;as=Other;v=v1;g=meta.k8s.io"] {
        let ask = Ask::new("GET", ns.core("configmaps"), String::new());
        ns.ask(ask.accept(accept))
            .await?
            .refused(406, "NotAcceptable")?;
    }
    for accept in ["", "*/*", "text/html, application/json"] {
        let ask = Ask::new("GET", ns.core("configmaps"), String::new());
        let answer = ns.ask(ask.accept(accept)).await?;
        same(&format!("the code with {accept}"), answer.code, 200)?;
        same(
            "the media type",
            answer.media().as_str(),
            "application/json",
        )?;
    }
    Ok(())
}

pub(super) async fn an_impossible_name_is_invalid(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("configmaps");
    let bad = json!({"metadata": {"name": "Bad_Name"}});
    let status = ns.post(&path, &bad).await?.refused(422, "Invalid")?;
    let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
                '-' or '.', and must start and end with an alphanumeric character (e.g. \
                'example.com', regex used for validation is \
                '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let what = format!("Invalid value: \"Bad_Name\": {rule}");
    let expected = format!("ConfigMap \"Bad_Name\" is invalid: metadata.name: {what}");
    same("the message", &status["message"], expected.as_str())?;
    let details = json!({
        "name": "Bad_Name", "kind": "ConfigMap",
        "causes": [{"reason": "FieldValueInvalid", "field": "metadata.name", "message": what}],
    });
    same("the details", &status["details"], &details)?;
    let none = json!({"metadata": {}});
    let status = ns.post(&path, &none).await?.refused(422, "Invalid")?;
    let details = json!({
        "kind": "ConfigMap",
        "causes": [{
            "reason": "FieldValueRequired", "field": "metadata.name",
            "message": "Required value: name or generateName is required",
        }],
    });
    same("the details", &status["details"], &details)?;
    let service = json!({"metadata": {"name": "1s"}, "spec": {"ports": [{"port": 1}]}});
    let status = ns
        .post(&ns.core("services"), &service)
        .await?
        .refused(422, "Invalid")?;
    let message = status["message"].as_str().unwrap_or_default();
    hold(message.contains("a DNS-1035 label must consist of"), || {
        format!("the message is {message}")
    })
}

pub(super) async fn a_body_of_another_kind_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    for (body, begins) in [
        (
            json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "m"}}),
            "Secret in version \"v1\" cannot be handled as a ConfigMap",
        ),
        (
            json!({"kind": "ConfigMap", "apiVersion": "v2", "metadata": {"name": "m"}}),
            "ConfigMap in version \"v2\" cannot be handled as a ConfigMap",
        ),
    ] {
        let answer = ns.post(&ns.core("configmaps"), &body).await?;
        let status = answer.refused(400, "BadRequest")?;
        let message = status["message"].as_str().unwrap_or_default();
        hold(message.starts_with(begins), || {
            format!("the message is {message}")
        })?;
    }
    Ok(())
}

pub(super) async fn a_body_that_is_not_json_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    for body in ["{\"metadata\":", "[]", "\"text\""] {
        let ask = Ask::new("POST", ns.core("configmaps"), body.to_owned());
        let status = ns.ask(ask).await?.refused(400, "BadRequest")?;
        let message = status["message"].as_str().unwrap_or_default();
        let begins = "the object provided is unrecognized (must be of type ConfigMap): couldn't get \
                      version/kind; json parse error: ";
        hold(message.starts_with(begins), || {
            format!("the message is {message}")
        })?;
    }
    Ok(())
}

pub(super) async fn a_body_for_another_namespace_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m", "namespace": "elsewhere"}});
    let answer = ns.post(&ns.core("configmaps"), &map).await?;
    let status = answer.refused(400, "BadRequest")?;
    let expected =
        "the namespace of the provided object does not match the namespace sent on the request";
    same("the message", &status["message"], expected)
}

pub(super) async fn nothing_can_be_created_in_a_missing_namespace(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let nowhere = format!("{}-nowhere", ns.namespace);
    let path = format!("/api/v1/namespaces/{nowhere}/configmaps");
    let map = json!({"metadata": {"name": "m"}});
    let status = ns.post(&path, &map).await?.refused(404, "NotFound")?;
    let details = json!({"name": nowhere, "kind": "namespaces"});
    same("the details", &status["details"], &details)?;
    // Listing in it is not an error: the list is empty.
    let list = ns.get(&path).await?.expect(200)?;
    same("what is in it", &list["items"], &json!([]))
}
