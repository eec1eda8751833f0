//! What the wrong provisioners ask instead.

use bytes::Bytes;
use http::Request;
use kubeproof_cloudkit::defects::request_with;
use kubeproof_contract::run::Run;
use serde_json::json;

/// Entries of a page that the rules of the default network fill.
const SHORT: &str = "4";

/// The creation of a cluster like this one, as tools name it that make names up.
pub(super) fn under_another_name(run: &Run, request: Request<Bytes>) -> Request<Bytes> {
    request_with(request, |body| {
        body["cluster"]["name"] = json!(run.name("again"));
    })
}

pub(super) fn without_etag(request: Request<Bytes>) -> Request<Bytes> {
    request_with(request, |body| {
        if let Some(policy) = body["policy"].as_object_mut() {
            policy.remove("etag");
        }
    })
}

pub(super) fn of_version_1(request: Request<Bytes>) -> Request<Bytes> {
    request_with(request, |body| {
        body["options"]["requestedPolicyVersion"] = json!(1);
    })
}

pub(super) fn with_short_pages(mut request: Request<Bytes>) -> Request<Bytes> {
    let uri = request.uri().to_string();
    let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
    let parameters = form_urlencoded::parse(query.as_bytes());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters.filter(|(name, _)| name != "maxResults"))
        .append_pair("maxResults", SHORT)
        .finish();
    if let Ok(uri) = format!("{path}?{query}").parse() {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use serde_json::Value;

    use super::*;

    fn request(uri: &str, body: &Value) -> Request<Bytes> {
        let body = Bytes::from(body.to_string());
        Request::builder().uri(uri).body(body).unwrap()
    }

    #[test]
    fn a_request_differs_in_one_member() {
        let check = |changed: Request<Bytes>, expected: Value| {
            let body: Value = serde_json::from_slice(changed.body()).unwrap();
            assert_eq!(body, expected);
        };
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let cluster = json!({"cluster": {"name": "kp-r1", "network": "n"}});
        check(
            under_another_name(&run, request("/", &cluster)),
            json!({"cluster": {"name": "kp-r1-again", "network": "n"}}),
        );
        let policy = json!({"policy": {"etag": "E", "bindings": []}});
        check(
            without_etag(request("/", &policy)),
            json!({"policy": {"bindings": []}}),
        );
        let options = json!({"options": {"requestedPolicyVersion": 3}});
        check(
            of_version_1(request("/", &options)),
            json!({"options": {"requestedPolicyVersion": 1}}),
        );
    }

    #[test]
    fn a_page_is_short_and_the_rest_of_the_query_stays() {
        let check = |uri: &str, expected: &str| {
            let changed = with_short_pages(request(uri, &Value::Null));
            assert_eq!(changed.uri().to_string(), expected);
        };
        check(
            "https://c/disks?maxResults=500&filter=a",
            "https://c/disks?filter=a&maxResults=4",
        );
        check("https://c/disks", "https://c/disks?maxResults=4");
    }
}
