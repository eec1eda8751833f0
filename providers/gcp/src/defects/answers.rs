//! What the wrong provisioners take the cloud's answers for.

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::defects::answer_with;
use kubeproof_contract::run::Run;
use serde_json::{Map, Value, json};

use crate::marks;

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

/// An operation that did not fail.
pub(super) fn without_error(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    changed(answer, |operation| {
        for member in ["error", "httpErrorStatusCode", "httpErrorMessage"] {
            operation.remove(member);
        }
    })
}

/// An aggregated list of nothing.
pub(super) fn nothing_in_any_scope(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    changed(answer, |list| {
        list.insert("items".to_owned(), json!({}));
        list.remove("nextPageToken");
    })
}

/// APIs that are all disabled.
pub(super) fn all_disabled(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    changed(answer, |list| {
        let services = list.get_mut("services").and_then(Value::as_array_mut);
        for service in services.into_iter().flatten() {
            service["state"] = json!("DISABLED");
        }
    })
}

/// A service account that bears the run's mark.
pub(super) fn marked(run: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    changed(answer, |account| {
        let description = marks::description(run);
        account.insert("description".to_owned(), json!(description));
    })
}

/// A list of one page.
pub(super) fn without_further_pages(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    changed(answer, |list| {
        list.remove("nextPageToken");
    })
}

/// An aggregated list that has reached all scopes.
pub(super) fn without_warnings(_: &Run, answer: Response<Bytes>) -> Response<Bytes> {
    changed(answer, |list| {
        list.remove("warning");
        list.remove("unreachables");
        let scopes = list.get_mut("items").and_then(Value::as_object_mut);
        for scope in scopes.into_iter().flat_map(Map::values_mut) {
            if let Some(scope) = scope.as_object_mut() {
                scope.remove("warning");
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    type Taking = fn(&Run, Response<Bytes>) -> Response<Bytes>;

    #[track_caller]
    fn check(taking: Taking, answer: &Value, expected: &Value) {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let taken = taking(&run, Response::new(Bytes::from(answer.to_string())));
        let taken: Value = serde_json::from_slice(taken.body()).unwrap();
        assert_eq!(taken, *expected);
    }

    #[test]
    fn only_what_is_overlooked_is_missing() {
        check(
            without_error,
            &json!({"status": "DONE", "error": {"errors": []}, "httpErrorStatusCode": 400}),
            &json!({"status": "DONE"}),
        );
        let disks = json!({"disks": [{"name": "d"}]});
        let warning = json!({"warning": {"code": "UNREACHABLE"}});
        let list = json!({"items": {"zones/a": disks, "zones/b": warning}, "unreachables": ["b"]});
        check(
            without_warnings,
            &list,
            &json!({"items": {"zones/a": disks, "zones/b": {}}}),
        );
        let page = json!({"items": [{"name": "f"}], "nextPageToken": "t"});
        check(
            without_further_pages,
            &page,
            &json!({"items": [{"name": "f"}]}),
        );
        check(nothing_in_any_scope, &page, &json!({"items": {}}));
    }

    #[test]
    fn what_is_seen_wrongly_is_marked_or_disabled() {
        check(
            all_disabled,
            &json!({"services": [{"name": "a", "state": "ENABLED"}]}),
            &json!({"services": [{"name": "a", "state": "DISABLED"}]}),
        );
        check(
            marked,
            &json!({"email": "a@p", "description": "theirs"}),
            &json!({"email": "a@p", "description":
                "kubeproof-expires=1970-01-01t06-00-00z kubeproof-owner=me kubeproof-run=r1"}),
        );
    }
}
