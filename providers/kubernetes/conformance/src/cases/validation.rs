//! Field validation and dry run.
//!
//! Source: the documentation of the API concepts (field validation, dry-run).

use serde_json::json;

use crate::answer::Ask;
use crate::finding::{Outcome, hold, same};
use crate::test_namespace::TestNamespace;

fn wrong() -> serde_json::Value {
    json!({
        "metadata": {"name": "m", "labls": {"l": "1"}}, "dota": {"a": "1"}, "data": {"b": "1"},
    })
}

const FINDINGS: [&str; 2] = ["unknown field \"dota\"", "unknown field \"metadata.labls\""];

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

pub(super) async fn an_unknown_field_is_refused_when_asked_for(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("configmaps?fieldValidation=Strict");
    let status = ns.post(&path, &wrong()).await?.refused(400, "BadRequest")?;
    let message = status["message"].as_str().unwrap_or_default();
    let begins = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding \
                  error: ";
    hold(message.starts_with(begins), || {
        format!("the message is {message}")
    })?;
    for finding in FINDINGS {
        hold(message.contains(finding), || {
            format!("`{finding}` is not in {message}")
        })?;
    }
    let mut spec = ns.shell("Never", "true");
    spec["containers"][0]["comand"] = json!(["x"]);
    let job = json!({"metadata": {"name": "j"}, "spec": {
        "paralelism": 1, "template": {"spec": spec},
    }});
    let path = ns.batch("jobs?fieldValidation=Strict");
    let status = ns.post(&path, &job).await?.refused(400, "BadRequest")?;
    let message = status["message"].as_str().unwrap_or_default();
    for field in ["spec.paralelism", "spec.template.spec.containers[0].comand"] {
        hold(
            message.contains(&format!("unknown field \"{field}\"")),
            || format!("`{field}` is not in {message}"),
        )?;
    }
    ns.get(&ns.core("configmaps/m"))
        .await?
        .refused(404, "NotFound")?;
    Ok(())
}

pub(super) async fn an_unknown_field_is_warned_of_and_dropped(ns: &TestNamespace<'_>) -> Outcome {
    for (query, name) in [("", "m"), ("?fieldValidation=Warn", "n")] {
        let mut map = wrong();
        map["metadata"]["name"] = name.into();
        let answer = ns
            .post(&ns.core(&format!("configmaps{query}")), &map)
            .await?;
        same(
            "the warnings",
            sorted(answer.warnings()),
            FINDINGS.map(str::to_owned).to_vec(),
        )?;
        let made = answer.expect(201)?;
        hold(
            made.get("dota").is_none() && made["metadata"].get("labls").is_none(),
            || format!("unknown fields are kept: {made}"),
        )?;
        same("the data", &made["data"], &json!({"b": "1"}))?;
    }
    let change = json!({"dota": {"a": "1"}, "data": {"c": "1"}});
    let answer = ns.merge(&ns.core("configmaps/m"), &change).await?;
    same(
        "the warnings",
        answer.warnings(),
        vec![FINDINGS[0].to_owned()],
    )?;
    let map = answer.expect(200)?;
    same("the data", &map["data"], &json!({"b": "1", "c": "1"}))
}

pub(super) async fn an_unknown_field_is_ignored_when_asked_for(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("configmaps?fieldValidation=Ignore");
    let answer = ns.post(&path, &wrong()).await?;
    same("the warnings", answer.warnings(), Vec::<String>::new())?;
    let made = answer.expect(201)?;
    hold(made.get("dota").is_none(), || {
        format!("the field is kept: {made}")
    })
}

pub(super) async fn a_duplicate_field_is_refused_when_asked_for(ns: &TestNamespace<'_>) -> Outcome {
    let twice = r#"{"metadata":{"name":"m"},"data":{"a":"1","a":"2"}}"#;
    let path = ns.core("configmaps?fieldValidation=Strict");
    let answer = ns.ask(Ask::new("POST", path, twice.to_owned())).await?;
    let status = answer.refused(400, "BadRequest")?;
    let expected = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding \
                    error: duplicate field \"data.a\"";
    same("the message", &status["message"], expected)?;
    let ask = Ask::new("POST", ns.core("configmaps"), twice.to_owned());
    let answer = ns.ask(ask).await?;
    same(
        "the warnings",
        answer.warnings(),
        vec!["duplicate field \"data.a\"".to_owned()],
    )?;
    // The last one counts.
    same("the data", &answer.expect(201)?["data"], &json!({"a": "2"}))
}

pub(super) async fn an_unknown_field_in_a_patch_is_invalid_when_asked_for(
    ns: &TestNamespace<'_>,
) -> Outcome {
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m?fieldValidation=Strict");
    let object = json!({"dota": {"a": "1"}});
    let steps = json!([{"op": "add", "path": "/dota", "value": {"a": "1"}}]);
    for (media, body) in [
        ("application/merge-patch+json", &object),
        ("application/strategic-merge-patch+json", &object),
        ("application/json-patch+json", &steps),
    ] {
        let ask = Ask::new("PATCH", &path, body.to_string()).media(media);
        let status = ns.ask(ask).await?.refused(422, "Invalid")?;
        let cause = &status["details"]["causes"][0];
        same("the field", &cause["field"], "patch")?;
        let message = cause["message"].as_str().unwrap_or_default();
        let ends = "strict decoding error: unknown field \"dota\"";
        hold(message.ends_with(ends), || {
            format!("the message is {message}")
        })?;
    }
    Ok(())
}

pub(super) async fn a_field_of_a_wrong_type_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m"}, "data": {"a": 1}});
    let answer = ns.post(&ns.core("configmaps"), &map).await?;
    let status = answer.refused(400, "BadRequest")?;
    let expected = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot \
                    unmarshal number into Go struct field ConfigMap.data of type string";
    same("the message", &status["message"], expected)?;
    let spec = json!({"backoffLimit": "many", "template": {"spec": ns.shell("Never", "true")}});
    let job = json!({"metadata": {"name": "j"}, "spec": spec});
    let status = ns
        .post(&ns.batch("jobs"), &job)
        .await?
        .refused(400, "BadRequest")?;
    let expected = "Job in version \"v1\" cannot be handled as a Job: json: cannot unmarshal string \
                    into Go struct field JobSpec.spec.backoffLimit of type int32";
    same("the message", &status["message"], expected)?;
    ns.map("m", "1").await?;
    let change = json!({"data": {"a": 1}});
    let status = ns
        .merge(&ns.core("configmaps/m"), &change)
        .await?
        .refused(422, "Invalid")?;
    same(
        "the field",
        &status["details"]["causes"][0]["field"],
        "patch",
    )
}

pub(super) async fn an_unknown_field_validation_is_invalid(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m"}});
    let path = ns.core("configmaps?fieldValidation=Other");
    let status = ns.post(&path, &map).await?.refused(422, "Invalid")?;
    let expected = json!({
        "group": "meta.k8s.io", "kind": "CreateOptions",
        "causes": [{
            "reason": "FieldValueNotSupported", "field": "fieldValidation",
            "message": "Unsupported value: \"Other\": supported values: \"\", \"Ignore\", \
                        \"Strict\", \"Warn\"",
        }],
    });
    same("the details", &status["details"], &expected)
}

pub(super) async fn a_dry_run_changes_nothing(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m"}, "data": {"a": "1"}});
    let path = ns.core("configmaps?dryRun=All");
    let would = ns.post(&path, &map).await?.expect(201)?;
    same("the data that would be", &would["data"], &map["data"])?;
    hold(would["metadata"]["uid"].is_string(), || {
        format!("it has no uid: {would}")
    })?;
    hold(would["metadata"].get("resourceVersion").is_none(), || {
        format!("what is not stored has a version: {would}")
    })?;
    ns.get(&ns.core("configmaps/m"))
        .await?
        .refused(404, "NotFound")?;
    let before = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m?dryRun=All");
    let change = json!({"data": {"a": "2"}});
    let would = ns.merge(&path, &change).await?.expect(200)?;
    same("the data that would be", &would["data"], &change["data"])?;
    let version = |object: &serde_json::Value| object["metadata"]["resourceVersion"].clone();
    same("the version", version(&would), version(&before))?;
    let whole = json!({"metadata": {"name": "m"}, "data": {"c": "3"}});
    let would = ns.put(&path, &whole).await?.expect(200)?;
    same("the data that would be", &would["data"], &whole["data"])?;
    ns.delete(&path, &serde_json::Value::Null)
        .await?
        .expect(200)?;
    let options = json!({"dryRun": ["All"]});
    ns.delete(&ns.core("configmaps/m"), &options)
        .await?
        .expect(200)?;
    let after = ns.get(&ns.core("configmaps/m")).await?.expect(200)?;
    same("the object", &after, &before)?;
    // A dry run finds errors too.
    let again = json!({"metadata": {"name": "m"}});
    let path = ns.core("configmaps?dryRun=All");
    ns.post(&path, &again)
        .await?
        .refused(409, "AlreadyExists")?;
    Ok(())
}

pub(super) async fn an_unknown_dry_run_is_invalid(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m"}});
    let path = ns.core("configmaps?dryRun=true");
    let status = ns.post(&path, &map).await?.refused(422, "Invalid")?;
    let cause = json!([{
        "reason": "FieldValueNotSupported", "field": "dryRun",
        "message": "Unsupported value: [\"true\"]: supported values: \"All\"",
    }]);
    same("the causes", &status["details"]["causes"], &cause)
}
