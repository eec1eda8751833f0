//! Patches in all their forms.
//!
//! Source: RFC 7396, RFC 6902, and the documentation of strategic merge patch.

use serde_json::{Value, json};

use crate::answer::{Answer, Ask};
use crate::finding::{Outcome, same};
use crate::test_namespace::TestNamespace;

const JSON_PATCH: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

async fn patch(ns: &TestNamespace<'_>, path: &str, media: &str, body: &Value) -> Outcome<Answer> {
    ns.ask(Ask::new("PATCH", path, body.to_string()).media(media))
        .await
}

pub(super) async fn a_merge_patch_sets_and_removes(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({
        "metadata": {"name": "m", "labels": {"l": "1", "k": "1"}}, "data": {"a": "1", "b": "1"},
    });
    ns.make_at(&ns.core("configmaps"), &map).await?;
    let path = ns.core("configmaps/m");
    let change = json!({"metadata": {"labels": {"k": null}}, "data": {"b": "2", "c": "3"}});
    let map = ns.merge(&path, &change).await?.expect(200)?;
    same("the labels", &map["metadata"]["labels"], &json!({"l": "1"}))?;
    same(
        "the data",
        &map["data"],
        &json!({"a": "1", "b": "2", "c": "3"}),
    )?;
    let none = json!({"data": null});
    let map = ns.merge(&path, &none).await?.expect(200)?;
    same("the data", &map["data"], &Value::Null)
}

pub(super) async fn a_json_patch_does_all_its_steps(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let steps = json!([
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "add", "path": "/data/b~1c", "value": "2"},
        {"op": "copy", "from": "/data/a", "path": "/data/d"},
        {"op": "move", "from": "/data/a", "path": "/data/e"},
        {"op": "replace", "path": "/data/d", "value": "4"},
        {"op": "remove", "path": "/data/b~1c"},
    ]);
    // A key of a config map may not have a slash: the last step removes it again.
    let map = patch(ns, &path, JSON_PATCH, &steps).await?.expect(200)?;
    same("the data", &map["data"], &json!({"d": "4", "e": "1"}))
}

pub(super) async fn a_json_patch_that_does_not_apply_changes_nothing(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let before = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    for step in [
        json!({"op": "test", "path": "/data/a", "value": "2"}),
        json!({"op": "remove", "path": "/data/none"}),
        json!({"op": "other", "path": "/data/a"}),
    ] {
        let steps = json!([{"op": "add", "path": "/data/b", "value": "2"}, step]);
        let answer = patch(ns, &path, JSON_PATCH, &steps).await?;
        let status = answer.refused(422, "Invalid")?;
        let expected = "the server rejected our request due to an error in our request";
        same("the message", &status["message"], expected)?;
    }
    let after = ns.get(&path).await?.expect(200)?;
    same("the object", &after, &before)
}

/// A job that never runs, with two containers.
async fn with_containers(ns: &TestNamespace<'_>) -> Outcome<String> {
    let container = |name: &str| {
        json!({
            "name": name, "image": "localhost/kubeproof/none:1",
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
            "args": ["x", "y"],
        })
    };
    let deployment = json!({
        "metadata": {"name": "d"},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": {"containers": [container("one"), container("two")]},
            },
        },
    });
    ns.make_at(&ns.apps("deployments"), &deployment).await?;
    // A dry run of the patch is enough.
    Ok(ns.apps("deployments/d?dryRun=All"))
}

pub(super) async fn a_strategic_patch_merges_lists_by_key(ns: &TestNamespace<'_>) -> Outcome {
    let path = with_containers(ns).await?;
    let change = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "two", "env": [{"name": "B", "value": "2"}], "args": ["z"]},
        {"name": "three", "image": "localhost/kubeproof/none:1"},
    ]}}}});
    let after = patch(ns, &path, STRATEGIC, &change).await?.expect(200)?;
    let containers = after["spec"]["template"]["spec"]["containers"].as_array();
    let of = |name: &str| {
        let found = containers.and_then(|list| list.iter().find(|item| item["name"] == name));
        found.cloned().unwrap_or_default()
    };
    same(
        "the number of containers",
        containers.map_or(0, Vec::len),
        3,
    )?;
    same(
        "the image of the second",
        &of("two")["image"],
        "localhost/kubeproof/none:1",
    )?;
    let env = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    same("the variables of the second", &of("two")["env"], &env)?;
    same(
        "the arguments of the second",
        &of("two")["args"],
        &json!(["z"]),
    )?;
    same(
        "the arguments of the first",
        &of("one")["args"],
        &json!(["x", "y"]),
    )?;
    same(
        "the pull policy of the third",
        &of("three")["imagePullPolicy"],
        "IfNotPresent",
    )
}

pub(super) async fn a_strategic_patch_replaces_and_deletes(ns: &TestNamespace<'_>) -> Outcome {
    let path = with_containers(ns).await?;
    let change = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "one", "$patch": "delete"},
        {"name": "two", "env": [{"$patch": "replace"}, {"name": "C", "value": "3"}]},
    ]}}}});
    let after = patch(ns, &path, STRATEGIC, &change).await?.expect(200)?;
    let containers = &after["spec"]["template"]["spec"]["containers"];
    same(
        "the number of containers",
        containers.as_array().map_or(0, Vec::len),
        1,
    )?;
    same("the one that is left", &containers[0]["name"], "two")?;
    let env = json!([{"name": "C", "value": "3"}]);
    same("its variables", &containers[0]["env"], &env)?;
    let map = json!({"metadata": {"name": "m", "finalizers": ["kubeproof.dev/a"]}});
    ns.make_at(&ns.core("configmaps"), &map).await?;
    let path = ns.core("configmaps/m");
    let more = json!({"metadata": {"finalizers": ["kubeproof.dev/b"]}});
    let map = patch(ns, &path, STRATEGIC, &more).await?.expect(200)?;
    let both = json!(["kubeproof.dev/a", "kubeproof.dev/b"]);
    let mut seen = map["metadata"]["finalizers"].clone();
    if let Some(list) = seen.as_array_mut() {
        list.sort_by_key(ToString::to_string);
    }
    same("the finalizers", &seen, &both)?;
    let fewer = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": [
        "kubeproof.dev/a", "kubeproof.dev/b",
    ]}});
    let map = patch(ns, &path, STRATEGIC, &fewer).await?.expect(200)?;
    same(
        "the finalizers",
        &map["metadata"]["finalizers"],
        &Value::Null,
    )
}

pub(super) async fn a_patch_with_a_stale_version_conflicts(ns: &TestNamespace<'_>) -> Outcome {
    let first = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let change = json!({"data": {"a": "2"}});
    ns.merge(&path, &change).await?.expect(200)?;
    let stale = json!({
        "metadata": {"resourceVersion": first["metadata"]["resourceVersion"]},
        "data": {"a": "3"},
    });
    ns.merge(&path, &stale).await?.refused(409, "Conflict")?;
    Ok(())
}

pub(super) async fn a_patch_of_an_unknown_form_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    for media in ["application/json", "text/plain"] {
        let answer = patch(ns, &path, media, &json!({"data": {"a": "2"}})).await?;
        answer.refused(415, "UnsupportedMediaType")?;
    }
    let force = format!("{path}?force=true");
    let answer = ns.merge(&force, &json!({"data": {"a": "2"}})).await?;
    let status = answer.refused(422, "Invalid")?;
    let cause = &status["details"]["causes"][0];
    same("the field", &cause["field"], "force")?;
    same("the reason", &cause["reason"], "FieldValueForbidden")
}

pub(super) async fn an_invalid_patch_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    for (media, body) in [
        (JSON_PATCH, "{\"op\":\"remove\"}"),
        ("application/merge-patch+json", "{\"data\":"),
        ("application/merge-patch+json", "[]"),
    ] {
        let ask = Ask::new("PATCH", &path, body.to_owned()).media(media);
        let status = ns.ask(ask).await?.refused(400, "BadRequest")?;
        let message = status["message"].as_str().unwrap_or_default();
        same(
            "the beginning",
            message.get(..21),
            Some("error decoding patch:"),
        )?;
    }
    Ok(())
}

pub(super) async fn a_patch_that_changes_nothing_writes_nothing(ns: &TestNamespace<'_>) -> Outcome {
    let before = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let after = ns
        .merge(&path, &json!({"data": {"a": "1"}}))
        .await?
        .expect(200)?;
    same("the object", &after, &before)
}
