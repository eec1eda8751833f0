//! What the wrong provisioners ask instead.

use bytes::Bytes;
use http::{Request, header};
use kubeproof_contract::run::Run;

use crate::provisioner::assignment_name;

/// Entries of a page that the assignments of others fill.
const SHORT: &str = "2";

/// The request for an assignment under a GUID that another process would not give: one for each access token.
pub(super) fn under_a_new_guid(run: &Run, mut request: Request<Bytes>) -> Request<Bytes> {
    let token = request.headers().get(header::AUTHORIZATION);
    let token = token
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = assignment_name(run, token, "", "");
    let uri = request.uri().to_string();
    let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
    let scope = path.rsplit_once('/').map_or(path, |(scope, _)| scope);
    if let Ok(uri) = format!("{scope}/{name}?{query}").parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// The request for a list whose pages are short.
pub(super) fn with_short_pages(mut request: Request<Bytes>) -> Request<Bytes> {
    let uri = request.uri().to_string();
    let mark = if uri.contains('?') { '&' } else { '?' };
    if let Ok(uri) = format!("{uri}{mark}%24top={SHORT}").parse() {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn request(token: &str) -> Request<Bytes> {
        let url = "https://m/s/providers/Microsoft.Authorization/roleAssignments/old?api-version=1";
        Request::put(url)
            .header("authorization", token)
            .body(Bytes::new())
            .unwrap()
    }

    #[test]
    fn a_guid_is_another_for_each_token_and_the_rest_stays() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let changed = |token: &str| under_a_new_guid(&run, request(token)).uri().to_string();
        assert_ne!(changed("a"), changed("b"));
        let one = changed("a");
        assert!(one.starts_with("https://m/s/providers/Microsoft.Authorization/roleAssignments/"));
        assert!(
            one.ends_with("?api-version=1") && !one.contains("old"),
            "{one}"
        );
    }

    #[test]
    fn a_page_is_short_and_the_rest_of_the_query_stays() {
        let changed = with_short_pages(request("a"));
        assert!(
            changed
                .uri()
                .to_string()
                .ends_with("?api-version=1&%24top=2")
        );
    }
}
