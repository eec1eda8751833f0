//! Writes: metadata, versions and generations, and what may change.
//!
//! Source: the API conventions (metadata, concurrency control).

use serde_json::{Value, json};

use crate::finding::{Outcome, hold, same};
use crate::test_namespace::TestNamespace;

fn version(object: &Value) -> &Value {
    &object["metadata"]["resourceVersion"]
}

pub(super) async fn a_new_object_has_the_metadata_that_every_object_has(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let given = json!({
        "metadata": {
            "name": "m", "labels": {"l": "1"}, "uid": "mine",
            "creationTimestamp": "2001-01-01T00:00:00Z",
        },
        "data": {"a": "1"},
    });
    let made = ns.make_at(&ns.core("configmaps"), &given).await?;
    same("the kind", &made["kind"], "ConfigMap")?;
    same("the API version", &made["apiVersion"], "v1")?;
    let metadata = &made["metadata"];
    same("the name", &metadata["name"], "m")?;
    same(
        "the namespace",
        &metadata["namespace"],
        ns.namespace.as_str(),
    )?;
    same("the labels", &metadata["labels"], &json!({"l": "1"}))?;
    let uid = metadata["uid"].as_str().unwrap_or_default();
    same("the length of the uid", uid.len(), 36)?;
    let number = metadata["resourceVersion"].as_str().map(str::parse::<u64>);
    hold(matches!(number, Some(Ok(1..))), || {
        format!("its version is no number: {metadata}")
    })?;
    let made_at = metadata["creationTimestamp"].as_str().unwrap_or_default();
    hold(made_at.starts_with("20") && made_at.ends_with('Z'), || {
        format!("it was made at {made_at}")
    })?;
    hold(made_at != "2001-01-01T00:00:00Z", || {
        "the client made up its time".to_owned()
    })?;
    hold(metadata.get("generation").is_none(), || {
        format!("a map has generations: {metadata}")
    })?;
    let read = ns.get(&ns.core("configmaps/m")).await?.expect(200)?;
    same("what is read", &read, &made)
}

pub(super) async fn a_stale_write_conflicts_and_a_fresh_one_does_not(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let first = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let mut fresh = first.clone();
    fresh["data"]["a"] = "2".into();
    let second = ns.put(&path, &fresh).await?.expect(200)?;
    hold(version(&second) != version(&first), || {
        format!("the version stayed: {}", second["metadata"])
    })?;
    let mut stale = first;
    stale["data"]["a"] = "3".into();
    let status = ns.put(&path, &stale).await?.refused(409, "Conflict")?;
    let expected = "Operation cannot be fulfilled on configmaps \"m\": the object has been modified; \
                    please apply your changes to the latest version and try again";
    same("the message", &status["message"], expected)?;
    let details = json!({"name": "m", "kind": "configmaps"});
    same("the details", &status["details"], &details)?;
    let now = ns.get(&path).await?.expect(200)?;
    same("the data", &now["data"], &json!({"a": "2"}))
}

pub(super) async fn a_write_without_a_version_wins(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let whole = json!({"metadata": {"name": "m"}, "data": {"b": "2"}});
    let written = ns.put(&path, &whole).await?.expect(200)?;
    same("the data", &written["data"], &json!({"b": "2"}))
}

pub(super) async fn a_write_that_changes_nothing_keeps_the_version(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let first = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let again = ns.put(&path, &first).await?.expect(200)?;
    same("the object", &again, &first)
}

pub(super) async fn a_changed_spec_is_a_new_generation(ns: &TestNamespace<'_>) -> Outcome {
    let spec = json!({"suspend": true, "template": {"spec": ns.shell("Never", "true")}});
    let job = json!({"metadata": {"name": "j"}, "spec": spec});
    let job = ns.make_at(&ns.batch("jobs"), &job).await?;
    same("the first generation", &job["metadata"]["generation"], 1)?;
    let path = ns.batch("jobs/j");
    let label = json!({"metadata": {"labels": {"l": "1"}}});
    let job = ns.merge(&path, &label).await?.expect(200)?;
    same(
        "the generation after a label",
        &job["metadata"]["generation"],
        1,
    )?;
    let more = json!({"spec": {"parallelism": 2}});
    let job = ns.merge(&path, &more).await?.expect(200)?;
    same(
        "the generation after a change",
        &job["metadata"]["generation"],
        2,
    )
}

pub(super) async fn a_name_is_generated_from_its_prefix(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"generateName": "made-"}});
    let path = ns.core("configmaps");
    let one = ns.make_at(&path, &map).await?;
    let other = ns.make_at(&path, &map).await?;
    for made in [&one, &other] {
        let name = made["metadata"]["name"].as_str().unwrap_or_default();
        let tail = name.strip_prefix("made-").unwrap_or_default();
        hold(
            tail.len() == 5 && tail.chars().all(|letter| letter.is_ascii_alphanumeric()),
            || format!("the name is {name}"),
        )?;
        same("its beginning", &made["metadata"]["generateName"], "made-")?;
    }
    hold(one["metadata"]["name"] != other["metadata"]["name"], || {
        format!("both are named {}", one["metadata"]["name"])
    })
}

pub(super) async fn a_write_must_name_its_object(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    for (metadata, expected) in [
        (
            json!({}),
            "the name of the object (m based on URL) was undeterminable: name must be provided",
        ),
        (
            json!({"name": "other"}),
            "the name of the object (other) does not match the name on the URL (m)",
        ),
    ] {
        let map = json!({"metadata": metadata});
        let status = ns.put(&path, &map).await?.refused(400, "BadRequest")?;
        same("the message", &status["message"], expected)?;
    }
    Ok(())
}

pub(super) async fn a_write_for_another_uid_conflicts(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let other = json!({"metadata": {"name": "m", "uid": "another"}});
    ns.put(&path, &other).await?.refused(409, "Conflict")?;
    let change = json!({"metadata": {"uid": "another"}});
    let status = ns.merge(&path, &change).await?.refused(422, "Invalid")?;
    let cause = &status["details"]["causes"][0];
    same("the field", &cause["field"], "metadata.uid")?;
    same(
        "the cause",
        &cause["message"],
        "Invalid value: \"another\": field is immutable",
    )
}

pub(super) async fn a_secret_takes_plain_text(ns: &TestNamespace<'_>) -> Outcome {
    let secret = json!({
        "metadata": {"name": "s"}, "data": {"a": "MQ=="}, "stringData": {"b": "2"},
    });
    let made = ns.make_at(&ns.core("secrets"), &secret).await?;
    same(
        "the data",
        &made["data"],
        &json!({"a": "MQ==", "b": "Mg=="}),
    )?;
    same("the type", &made["type"], "Opaque")?;
    hold(made.get("stringData").is_none(), || {
        format!("the text is kept: {made}")
    })?;
    let path = ns.core("secrets/s");
    let more = json!({"stringData": {"c": "3"}});
    let written = ns.merge(&path, &more).await?.expect(200)?;
    same(
        "the data",
        &written["data"],
        &json!({"a": "MQ==", "b": "Mg==", "c": "Mw=="}),
    )?;
    let other = json!({"type": "example.com/other"});
    let status = ns.merge(&path, &other).await?.refused(422, "Invalid")?;
    same(
        "the field",
        &status["details"]["causes"][0]["field"],
        "type",
    )
}

pub(super) async fn an_immutable_map_cannot_change(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m"}, "immutable": true, "data": {"a": "1"}});
    ns.make_at(&ns.core("configmaps"), &map).await?;
    let path = ns.core("configmaps/m");
    let change = json!({"data": {"a": "2"}});
    let status = ns.merge(&path, &change).await?.refused(422, "Invalid")?;
    let expected = json!([{
        "reason": "FieldValueForbidden", "field": "data",
        "message": "Forbidden: field is immutable when `immutable` is set",
    }]);
    same("the causes", &status["details"]["causes"], &expected)
}

pub(super) async fn a_service_gets_an_address(ns: &TestNamespace<'_>) -> Outcome {
    let service = json!({
        "metadata": {"name": "s"},
        "spec": {"selector": {"app": "d"}, "ports": [{"name": "http", "port": 80}]},
    });
    let made = ns.make_at(&ns.core("services"), &service).await?;
    let spec = &made["spec"];
    for (field, expected) in [
        ("type", json!("ClusterIP")),
        ("sessionAffinity", json!("None")),
        ("internalTrafficPolicy", json!("Cluster")),
        ("ipFamilies", json!(["IPv4"])),
        ("ipFamilyPolicy", json!("SingleStack")),
    ] {
        same(&format!("the default of {field}"), &spec[field], &expected)?;
    }
    let port = json!([{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}]);
    same("the ports", &spec["ports"], &port)?;
    let address = spec["clusterIP"].as_str().unwrap_or_default();
    same("the parts of the address", address.split('.').count(), 4)?;
    same("all addresses", &spec["clusterIPs"], &json!([address]))?;
    same("the status", &made["status"], &json!({"loadBalancer": {}}))
}

pub(super) async fn an_object_cannot_be_made_with_a_version(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m", "resourceVersion": "5"}});
    let answer = ns.post(&ns.core("configmaps"), &map).await?;
    hold(answer.code >= 400, || {
        format!("it was made: {}", answer.text())
    })?;
    let expected = "resourceVersion should not be set on objects to be created";
    same("the message", &answer.json()["message"], expected)?;
    let again = ns.get(&ns.core("configmaps/m")).await?;
    again.refused(404, "NotFound").map(|_| ())
}
