//! What a field manager owns, beside what a real server writes for the same object.
//!
//! Apart from the code because the expected texts are long.

use super::*;

#[test]
fn an_applied_object_owns_what_it_names() {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "name": "http"}]},
    });
    // As a real server writes it for this object.
    let expected = json!({"f:spec": {
        "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {
            ".": {}, "f:name": {}, "f:port": {},
        }},
        "f:selector": {},
    }});
    let set = named("Service", &service);
    assert_eq!(set.write(), expected);
    assert_eq!(FieldSet::read(&expected), set);
}

#[test]
fn a_new_object_is_owned_with_the_maps_around_its_values() {
    let map = json!({"metadata": {"name": "a", "labels": {"l": "1"}}, "data": {"x": "1"}});
    let found = difference("ConfigMap", &json!({}), &map, false);
    // As a real server writes it for this object.
    let expected = json!({
        "f:data": {".": {}, "f:x": {}}, "f:metadata": {"f:labels": {".": {}, "f:l": {}}},
    });
    assert_eq!(found.written.write(), expected);
}

#[test]
fn a_change_writes_what_differs_and_loses_what_is_gone() {
    let before = json!({"data": {"a": "1", "b": "1", "c": "1"}});
    let after = json!({"data": {"a": "1", "b": "2", "d": "1"}});
    let found = difference("ConfigMap", &before, &after, false);
    assert_eq!(
        found.written.write(),
        json!({"f:data": {"f:b": {}, "f:d": {}}})
    );
    assert_eq!(found.gone.write(), json!({"f:data": {"f:c": {}}}));
}

#[test]
fn a_status_is_owned_apart() {
    let after = json!({"spec": {"replicas": 1}, "status": {"replicas": 1}});
    let written = |status| {
        difference("Deployment", &json!({}), &after, status)
            .written
            .write()
    };
    assert_eq!(written(false), json!({"f:spec": {"f:replicas": {}}}));
    assert_eq!(written(true), json!({"f:status": {"f:replicas": {}}}));
}

#[test]
fn paths_are_told_in_the_words_of_a_real_server() {
    let path = [
        "f:spec",
        "f:ports",
        "k:{\"port\":80,\"protocol\":\"TCP\"}",
        "f:name",
    ];
    let expected = ".spec.ports[port=80,protocol=\"TCP\"].name";
    assert_eq!(in_words(&path.map(str::to_owned)), expected);
}
