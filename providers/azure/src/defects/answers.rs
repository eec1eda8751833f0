//! What the wrong provisioners take the cloud's answers for.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use kubeproof_cloudkit::defects::answer_with;
use kubeproof_contract::run::Run;
use serde_json::{Map, Value, json};

use crate::provisioner::assignment_name;

/// The answer with this change of its body; one that is no JSON object stays as it is.
fn changed(
    answer: Response<Bytes>,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Response<Bytes> {
    answer_with(answer, |body| {
        if let Value::Object(body) = body {
            change(body);
        }
    })
}

/// The items of a list.
fn items(list: &mut Map<String, Value>) -> Option<&mut Vec<Value>> {
    list.get_mut("value").and_then(Value::as_array_mut)
}

/// A resource that does not exist.
pub(super) fn gone(_: &Run, mut answer: Response<Bytes>) -> Response<Bytes> {
    let error = json!({"error": {"code": "ResourceNotFound", "message": "It is gone."}});
    *answer.body_mut() = Bytes::from(error.to_string());
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer.headers_mut().remove(header::CONTENT_LENGTH);
    answer
}

/// A resource that does not exist, if it is in this state.
fn gone_when(state: &str, run: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    if body["properties"]["provisioningState"] == state {
        return gone(run, answer);
    }
    answer
}

/// What is being deleted is gone.
pub(super) fn gone_when_deleting(run: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    gone_when("Deleting", run, answer)
}

/// What has failed is gone.
pub(super) fn gone_when_failed(run: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    gone_when("Failed", run, answer)
}

/// An operation that has ended well.
pub(super) fn ended_well(_: &Run, _: Response<Bytes>) -> Response<Bytes> {
    Response::new(Bytes::from_static(br#"{"status": "Succeeded"}"#))
}

/// A list of one page.
pub(super) fn without_further_pages(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    changed(answer, |list| {
        list.remove("nextLink");
    })
}

/// The assignments that have the name that the run would give them.
pub(super) fn only_of_derived_names(run: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    let is_derived = |item: &Value| {
        let text = |member: &str| item["properties"][member].as_str().unwrap_or_default();
        let role = text("roleDefinitionId").rsplit('/').next();
        let role = role.unwrap_or_default();
        item["name"] == assignment_name(run, text("scope"), text("principalId"), role)
    };
    changed(answer, |list| {
        if let Some(items) = items(list) {
            items.retain(is_derived);
        }
    })
}

/// Groups of nodes by their names are those of the run's cluster.
pub(super) fn node_groups_by_name(run: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    let begin = format!("MC_{}", run.name(""));
    changed(answer, |list| {
        for group in items(list).into_iter().flatten() {
            let name = group["name"].as_str().unwrap_or_default();
            if !name.starts_with(&begin) {
                continue;
            }
            let (id, run_name) = (group["id"].as_str().unwrap_or_default(), run.name(""));
            let subscription = id.split("/resourceGroups/").next().unwrap_or_default();
            let owner = format!(
                "{subscription}/resourceGroups/{run_name}/providers/Microsoft.ContainerService/managedClusters/{run_name}"
            );
            group["managedBy"] = json!(owner);
            group["tags"] = json!(run.tags());
        }
    })
}

/// Groups whose owner is written as the run writes it.
pub(super) fn only_in_its_case(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    let is_in_its_case = |group: &Value| {
        let owner = group["managedBy"].as_str();
        owner.is_none_or(|owner| owner.contains("/resourceGroups/"))
    };
    changed(answer, |list| {
        if let Some(items) = items(list) {
            items.retain(is_in_its_case);
        }
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    type Taking = fn(&Run, Response<Bytes>) -> Response<Bytes>;

    fn run() -> Run {
        Run::new("r1", "me", Timestamp::UNIX_EPOCH)
    }

    #[track_caller]
    fn check(taking: Taking, answer: &Value, expected: &Value) {
        let taken = taking(&run(), Response::new(Bytes::from(answer.to_string())));
        let taken: Value = serde_json::from_slice(taken.body()).unwrap();
        assert_eq!(taken, *expected);
    }

    #[test]
    fn only_a_resource_in_its_state_is_taken_for_gone() {
        let status = |taking: Taking, state: &str| {
            let body = json!({"properties": {"provisioningState": state}}).to_string();
            taking(&run(), Response::new(Bytes::from(body)))
                .status()
                .as_u16()
        };
        assert_eq!(status(gone_when_deleting, "Deleting"), 404);
        assert_eq!(status(gone_when_deleting, "Failed"), 200);
        assert_eq!(status(gone_when_failed, "Failed"), 404);
        assert_eq!(status(gone_when_failed, "Succeeded"), 200);
        assert_eq!(status(gone, "Succeeded"), 404);
    }

    #[test]
    fn only_what_is_overlooked_is_missing() {
        let page = json!({"value": [{"id": "a"}], "nextLink": "n"});
        check(
            without_further_pages,
            &page,
            &json!({"value": [{"id": "a"}]}),
        );
        check(ended_well, &page, &json!({"status": "Succeeded"}));
        let group = |owner: &str| json!({"name": "g", "managedBy": owner});
        let (theirs, ours) = (group("/s/resourcegroups/a"), group("/s/resourceGroups/a"));
        let plain = json!({"name": "p"});
        check(
            only_in_its_case,
            &json!({"value": [theirs, ours, plain]}),
            &json!({"value": [ours, plain]}),
        );
        let properties = json!({"scope": "/s", "principalId": "p", "roleDefinitionId": "/x/r"});
        let derived =
            json!({"name": assignment_name(&run(), "/s", "p", "r"), "properties": properties});
        let other = json!({"name": "other", "properties": properties});
        check(
            only_of_derived_names,
            &json!({"value": [other, derived]}),
            &json!({"value": [derived]}),
        );
    }

    #[test]
    fn groups_that_begin_alike_are_taken_for_the_runs() {
        let group = |name: &str| json!({"name": name, "id": format!("/subscriptions/s/resourceGroups/{name}")});
        let body = json!({"value": [group("MC_kp-r1-2_kp-r1-2_eastus"), group("MC_other")]});
        let taken = node_groups_by_name(&run(), Response::new(Bytes::from(body.to_string())));
        let taken: Value = serde_json::from_slice(taken.body()).unwrap();
        assert_eq!(taken["value"][0]["tags"]["kubeproof:run"], "r1");
        assert_eq!(
            taken["value"][0]["managedBy"],
            "/subscriptions/s/resourceGroups/kp-r1/providers/Microsoft.ContainerService/managedClusters/kp-r1"
        );
        assert_eq!(taken["value"][1], group("MC_other"));
    }
}
