//! Server-side apply: who owns which field.
//!
//! Source: the documentation of server-side apply.

use serde_json::{Value, json};

use crate::answer::{Answer, Ask};
use crate::finding::{Finding, Outcome, hold, same};
use crate::test_namespace::TestNamespace;

/// Applies an object at a path, with this query.
async fn apply(ns: &TestNamespace<'_>, path: &str, query: &str, body: &Value) -> Outcome<Answer> {
    let path = format!("{path}?{query}");
    let ask = Ask::new("PATCH", path, body.to_string());
    ns.ask(ask.media("application/apply-patch+yaml")).await
}

/// Applies a config map with this data as a manager.
async fn map(ns: &TestNamespace<'_>, query: &str, data: Value) -> Outcome<Answer> {
    let body = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data,
    });
    apply(ns, &ns.core("configmaps/m"), query, &body).await
}

/// What a manager owns by an operation.
fn owned(object: &Value, manager: &str, operation: &str) -> Option<Value> {
    object["metadata"]["managedFields"]
        .as_array()?
        .iter()
        .find(|entry| entry["manager"] == manager && entry["operation"] == operation)
        .map(|entry| entry["fieldsV1"].clone())
}

pub(super) async fn an_applied_object_is_owned_field_by_field(ns: &TestNamespace<'_>) -> Outcome {
    let made = map(ns, "fieldManager=one", json!({"a": "1", "b": "1"}))
        .await?
        .expect(201)?;
    same("the data", &made["data"], &json!({"a": "1", "b": "1"}))?;
    let managers = made["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    same("the number of managers", managers.len(), 1)?;
    let entry = managers.first().cloned().unwrap_or_default();
    for (field, expected) in [
        ("manager", json!("one")),
        ("operation", json!("Apply")),
        ("apiVersion", json!("v1")),
        ("fieldsType", json!("FieldsV1")),
        ("fieldsV1", json!({"f:data": {"f:a": {}, "f:b": {}}})),
    ] {
        same(
            &format!("the {field} of the entry"),
            &entry[field],
            &expected,
        )?;
    }
    hold(entry["time"].is_string(), || {
        format!("the entry has no time: {entry}")
    })
}

pub(super) async fn applying_the_same_again_changes_nothing(ns: &TestNamespace<'_>) -> Outcome {
    let data = json!({"a": "1"});
    let made = map(ns, "fieldManager=one", data.clone())
        .await?
        .expect(201)?;
    let again = map(ns, "fieldManager=one", data.clone())
        .await?
        .expect(200)?;
    same("the object", &again, &made)?;
    // The same value is not a conflict: both own it now.
    let both = map(ns, "fieldManager=two", data).await?.expect(200)?;
    for manager in ["one", "two"] {
        let owns = owned(&both, manager, "Apply");
        same(
            &format!("what {manager} owns"),
            owns,
            Some(json!({"f:data": {"f:a": {}}})),
        )?;
    }
    Ok(())
}

pub(super) async fn another_value_for_what_another_manager_owns_is_a_conflict(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let before = map(ns, "fieldManager=one", json!({"a": "1", "b": "1"}))
        .await?
        .expect(201)?;
    let answer = map(ns, "fieldManager=two", json!({"a": "2", "c": "2"})).await?;
    let status = answer.refused(409, "Conflict")?;
    let expected = "Apply failed with 1 conflict: conflict with \"one\": .data.a";
    same("the message", &status["message"], expected)?;
    let cause = |field: &str| {
        json!({
            "reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": field,
        })
    };
    same(
        "the causes",
        &status["details"]["causes"],
        &json!([cause(".data.a")]),
    )?;
    let answer = map(ns, "fieldManager=two", json!({"a": "2", "b": "2"})).await?;
    let status = answer.refused(409, "Conflict")?;
    let expected = "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b";
    same("the message", &status["message"], expected)?;
    let causes = json!([cause(".data.a"), cause(".data.b")]);
    same("the causes", &status["details"]["causes"], &causes)?;
    let after = ns.get(&ns.core("configmaps/m")).await?.expect(200)?;
    same("the object", &after, &before)
}

pub(super) async fn force_takes_the_fields_over(ns: &TestNamespace<'_>) -> Outcome {
    map(ns, "fieldManager=one", json!({"a": "1", "b": "1"}))
        .await?
        .expect(201)?;
    let query = "fieldManager=two&force=true";
    let after = map(ns, query, json!({"a": "2", "c": "2"}))
        .await?
        .expect(200)?;
    same(
        "the data",
        &after["data"],
        &json!({"a": "2", "b": "1", "c": "2"}),
    )?;
    let one = json!({"f:data": {"f:b": {}}});
    same("what one owns", owned(&after, "one", "Apply"), Some(one))?;
    let two = json!({"f:data": {"f:a": {}, "f:c": {}}});
    same("what two owns", owned(&after, "two", "Apply"), Some(two))?;
    // Now one is the guest.
    let answer = map(ns, "fieldManager=one", json!({"a": "1", "b": "1"})).await?;
    answer.refused(409, "Conflict")?;
    Ok(())
}

pub(super) async fn what_a_manager_leaves_out_goes_unless_another_owns_it(
    ns: &TestNamespace<'_>,
) -> Outcome {
    map(
        ns,
        "fieldManager=one",
        json!({"a": "1", "b": "1", "c": "1"}),
    )
    .await?
    .expect(201)?;
    map(ns, "fieldManager=two", json!({"b": "1"}))
        .await?
        .expect(200)?;
    let after = map(ns, "fieldManager=one", json!({"c": "1"}))
        .await?
        .expect(200)?;
    same("the data", &after["data"], &json!({"b": "1", "c": "1"}))?;
    let one = json!({"f:data": {"f:c": {}}});
    same("what one owns", owned(&after, "one", "Apply"), Some(one))
}

pub(super) async fn an_update_takes_over_what_it_changes(ns: &TestNamespace<'_>) -> Outcome {
    map(ns, "fieldManager=one", json!({"a": "1", "b": "1"}))
        .await?
        .expect(201)?;
    let path = ns.core("configmaps/m?fieldManager=hand");
    let change = json!({"data": {"a": "2", "d": "2"}});
    let after = ns.merge(&path, &change).await?.expect(200)?;
    let one = json!({"f:data": {"f:b": {}}});
    same("what one owns", owned(&after, "one", "Apply"), Some(one))?;
    let hand = json!({"f:data": {"f:a": {}, "f:d": {}}});
    same(
        "what the hand owns",
        owned(&after, "hand", "Update"),
        Some(hand),
    )?;
    let answer = map(ns, "fieldManager=one", json!({"a": "1", "b": "1"})).await?;
    let status = answer.refused(409, "Conflict")?;
    let expected = json!([{
        "reason": "FieldManagerConflict", "message": "conflict with \"hand\" using v1",
        "field": ".data.a",
    }]);
    same("the causes", &status["details"]["causes"], &expected)?;
    // A client that names no manager gets the name of its program.
    let path = ns.core("configmaps/m");
    let after = ns
        .merge(&path, &json!({"data": {"e": "5"}}))
        .await?
        .expect(200)?;
    let mine = owned(&after, "kubeproof-conformance", "Update");
    same(
        "what the program owns",
        mine,
        Some(json!({"f:data": {"f:e": {}}})),
    )
}

pub(super) async fn items_of_a_list_are_owned_by_their_keys(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("services/s");
    let service = |ports: Value| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
            "spec": {"ports": ports},
        })
    };
    let one = service(json!([{"name": "one", "port": 80}]));
    let made = apply(ns, &path, "fieldManager=one", &one)
        .await?
        .expect(201)?;
    let key = "k:{\"port\":80,\"protocol\":\"TCP\"}";
    let expected = json!({"f:spec": {"f:ports": {
        key: {".": {}, "f:name": {}, "f:port": {}},
    }}});
    same(
        "what one owns",
        owned(&made, "one", "Apply"),
        Some(expected),
    )?;
    let two = service(json!([{"name": "two", "port": 81, "protocol": "TCP"}]));
    let both = apply(ns, &path, "fieldManager=two", &two)
        .await?
        .expect(200)?;
    let ports = both["spec"]["ports"].as_array().map_or(0, Vec::len);
    same("the number of ports", ports, 2)?;
    let other = service(json!([{"name": "other", "port": 80}]));
    let answer = apply(ns, &path, "fieldManager=two", &other).await?;
    let status = answer.refused(409, "Conflict")?;
    let field = &status["details"]["causes"][0]["field"];
    same(
        "the field",
        field,
        ".spec.ports[port=80,protocol=\"TCP\"].name",
    )?;
    // Another port takes the place of the one that is left out.
    let moved = service(json!([{"name": "one", "port": 82}]));
    let after = apply(ns, &path, "fieldManager=one", &moved)
        .await?
        .expect(200)?;
    let mut numbers: Vec<i64> = after["spec"]["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|port| port["port"].as_i64())
        .collect();
    numbers.sort_unstable();
    same("the ports", numbers, vec![81, 82])
}

pub(super) async fn an_apply_without_manager_name_or_kind_is_refused(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let status = map(ns, "", json!({"a": "1"}))
        .await?
        .refused(422, "Invalid")?;
    let cause = json!([{
        "reason": "FieldValueRequired", "field": "fieldManager",
        "message": "Required value: is required for apply patch",
    }]);
    same("the causes", &status["details"]["causes"], &cause)?;
    let path = ns.core("configmaps/m");
    for (body, expected) in [
        (
            json!({"metadata": {"name": "m"}}),
            "invalid object type: /, Kind=",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}}),
            "invalid object type: /v1, Kind=Secret",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
            "the name of the object (m based on URL) was undeterminable: name must be provided",
        ),
        (
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "m", "managedFields": [{"manager": "x"}]},
            }),
            "metadata.managedFields must be nil",
        ),
    ] {
        let answer = apply(ns, &path, "fieldManager=one", &body).await?;
        let status = answer.refused(400, "BadRequest")?;
        same("the message", &status["message"], expected)?;
    }
    ns.get(&path).await?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) async fn a_field_that_the_type_does_not_have_cannot_be_applied(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let body = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "wrong": {"a": "1"},
    });
    let path = ns.core("configmaps/m");
    let answer = apply(ns, &path, "fieldManager=one", &body).await?;
    if answer.code < 400 {
        return Err(Finding::new(format!("it was applied: {}", answer.text())));
    }
    let status = answer.json();
    let message = status["message"].as_str().unwrap_or_default();
    hold(
        message.ends_with(".wrong: field not declared in schema"),
        || format!("the message is {message}"),
    )
}
