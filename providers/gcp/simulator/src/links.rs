//! Links to resources: one canonical form in the state, and in answers the address at which the client called.
//!
//! Clients follow a `targetLink` or compare a `selfLink`: it must be below the address that they were given.

use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::percent_decode_str;

/// The base of links to resources of Compute Engine.
pub(crate) const COMPUTE: &str = "https://www.googleapis.com/compute/v1/";
/// The base of links to resources of Kubernetes Engine.
pub(crate) const CONTAINER: &str = "https://container.googleapis.com/v1/";
/// The base of links to jobs and tables of `BigQuery`.
pub(crate) const BIGQUERY: &str = "https://bigquery.googleapis.com/bigquery/v2/";
/// The domain of the real hosts.
pub(crate) const DOMAIN: &str = "googleapis.com";

/// The host of a request, without its port.
pub(crate) fn host(request: &Request<Bytes>) -> &str {
    let header = || request.headers().get("host")?.to_str().ok();
    let host = request.uri().host().or_else(header).unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// Whether a host is one of Google's, and not an address of this machine.
pub(crate) fn is_real(host: &str) -> bool {
    host.strip_suffix(DOMAIN)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The path of a resource below its project (`global/networks/n`), from a link with any base, or from a part of one.
pub(crate) fn below_project(link: &str) -> &str {
    let path = match link.split_once("projects/") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => link,
    };
    path.trim_matches('/')
}

/// The last part of a link: the resource's name.
pub(crate) fn name(link: &str) -> &str {
    link.rsplit('/').next().unwrap_or(link)
}

/// A part of a path without percent-encoding; `None` if it is not text.
pub(crate) fn decoded(part: &str) -> Option<String> {
    let text = percent_decode_str(part).decode_utf8().ok()?;
    Some(text.into_owned())
}

/// An answer whose links lie below the address that was called.
pub(crate) fn below_caller(response: Response<Bytes>, request: &Request<Bytes>) -> Response<Bytes> {
    if is_real(host(request)) {
        return response;
    }
    let header = request.headers().get("host");
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let authority = authority.or_else(|| header?.to_str().ok());
    let Some(authority) = authority else {
        return response;
    };
    let (parts, body) = response.into_parts();
    let text = String::from_utf8_lossy(&body);
    let text = text.replace(COMPUTE, &format!("http://{authority}/compute/v1/"));
    let text = text.replace(CONTAINER, &format!("http://{authority}/v1/"));
    let text = text.replace(BIGQUERY, &format!("http://{authority}/bigquery/v2/"));
    Response::from_parts(parts, Bytes::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_may_have_any_base_or_none() {
        let path = "global/networks/n";
        for link in [
            format!("{COMPUTE}projects/p/{path}"),
            format!("http://127.0.0.1:1/compute/v1/projects/p/{path}"),
            format!("projects/p/{path}"),
            path.to_owned(),
        ] {
            assert_eq!(below_project(&link), path, "{link}");
        }
        assert_eq!(below_project("projects/p"), "");
        assert_eq!(name("a/b/c"), "c");
    }

    #[test]
    fn links_lie_below_the_address_that_was_called() {
        let answer = |host: &str| {
            let request = Request::get("/x").header("host", host);
            let body = Bytes::from(format!(
                "{COMPUTE}projects/p https://www.googleapis.com/auth/x"
            ));
            let answer = below_caller(
                Response::new(body),
                &request.body(Bytes::new()).expect("a request"),
            );
            String::from_utf8(answer.into_body().to_vec()).expect("text")
        };
        let auth = "https://www.googleapis.com/auth/x";
        let local = format!("http://127.0.0.1:9/compute/v1/projects/p {auth}");
        assert_eq!(answer("127.0.0.1:9"), local);
        assert_eq!(
            answer("compute.googleapis.com"),
            format!("{COMPUTE}projects/p {auth}")
        );
    }
}
