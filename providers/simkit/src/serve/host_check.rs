//! The host check: programs of this machine may use the control routes, web pages in a browser may not.
//!
//! A page can send requests to any address (CSRF), and its own host name can be made to resolve to this machine
//! (DNS rebinding). Both show in headers that the browser adds and that the page cannot choose: the host that the
//! browser believes it talks to (`Host`), and the page's own origin (`Origin`). Source: RFC 6454; Fetch standard,
//! "Origin header".

use std::net::IpAddr;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Request, header};

/// Why this request may not control a server that listens on `bound`; `None` if it may.
pub fn refused(request: &Request<Bytes>, bound: IpAddr) -> Option<String> {
    let headers = request.headers();
    let target = request.uri().host().map(str::to_owned);
    let hosts = target.into_iter().chain(all(headers, header::HOST));
    let hosts: Vec<String> = hosts.collect();
    if let Some(host) = hosts.iter().find(|host| !is_here(host_of(host), bound)) {
        return Some(format!(
            "the control routes are not for the host `{host}`: call them at a loopback name or at the address \
             that the server listens on ({bound})"
        ));
    }
    let origins = all(headers, header::ORIGIN);
    let foreign = |origin: &String| {
        let host = origin.split_once("://").and_then(|(_, rest)| host_of(rest));
        !is_here(host, bound)
    };
    if let Some(origin) = origins.into_iter().find(foreign) {
        return Some(format!(
            "the control routes are not for pages of the origin `{origin}`: call them from a program on this \
             machine"
        ));
    }
    let site = all(headers, header::HeaderName::from_static("sec-fetch-site"));
    site.iter().any(|site| site == "cross-site").then(|| {
        "the control routes are not for pages of other sites: call them from a program on this machine"
            .to_owned()
    })
}

/// The values of a header. One that is not text cannot match any host.
fn all(headers: &HeaderMap, name: header::HeaderName) -> Vec<String> {
    let values = headers.get_all(name).into_iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

/// The host of `host:port`.
fn host_of(text: &str) -> Option<String> {
    let authority = text.parse::<Authority>().ok()?;
    // No regular client sends `name@host`.
    (!authority.as_str().contains('@')).then(|| authority.host().to_owned())
}

/// Whether a host names this machine, as far as a server that listens on `bound` can tell.
fn is_here(host: Option<String>, bound: IpAddr) -> bool {
    let Some(host) = host else { return false };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.parse::<IpAddr>().is_ok_and(|ip| {
        let ip = ip.to_canonical();
        // A server that listens on all addresses can be called at any of them; an address cannot be rebound.
        ip.is_loopback() || ip == bound.to_canonical() || bound.is_unspecified()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&str, &str)], bound: &str, expected: Option<&str>) {
        let mut request = Request::post("/_kubeproof/reset");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).expect("a request");
        let problem = refused(&request, bound.parse().expect("an address"));
        match expected {
            None => assert_eq!(problem, None, "{headers:?}"),
            Some(expected) => {
                let problem = problem.unwrap_or_default();
                assert!(problem.contains(expected), "{headers:?}: {problem}");
            }
        }
    }

    #[test]
    fn loopback_names_and_the_address_that_the_server_listens_on_pass() {
        for host in [
            "localhost:4566",
            "LOCALHOST",
            "localhost.",
            "kubeproof.localhost",
            "127.0.0.1:80",
            "127.8.8.8",
            "[::1]:4566",
            "[::ffff:127.0.0.1]",
        ] {
            check(&[("host", host)], "127.0.0.1", None);
            let origin = format!("http://{host}");
            check(&[("host", "localhost"), ("origin", &origin)], "::1", None);
        }
        check(&[("host", "192.0.2.7:1")], "192.0.2.7", None);
        check(&[("host", "192.0.2.7")], "0.0.0.0", None);
        check(&[], "127.0.0.1", None);
        check(
            &[("host", "localhost"), ("sec-fetch-site", "none")],
            "::1",
            None,
        );
    }

    #[test]
    fn a_host_that_is_not_this_machine_is_refused() {
        for host in [
            "evil.example",
            "evil.example:4566",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example#127.0.0.1",
            "127.0.0.1@evil.example",
            "192.0.2.7",
            "2130706433",
            "",
        ] {
            check(&[("host", host)], "127.0.0.1", Some("are not for the host"));
        }
        check(
            &[("host", "evil.example")],
            "0.0.0.0",
            Some("`evil.example`"),
        );
        let both = [("host", "localhost"), ("host", "evil.example")];
        check(&both, "127.0.0.1", Some("`evil.example`"));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        for origin in [
            "http://evil.example",
            "https://localhost.evil.example:4566",
            "null",
            "file://",
            "http://localhost@evil.example",
            "",
        ] {
            let headers = [("host", "localhost:1"), ("origin", origin)];
            check(&headers, "127.0.0.1", Some("pages of the origin"));
        }
        let headers = [("host", "localhost:1"), ("sec-fetch-site", "cross-site")];
        check(&headers, "127.0.0.1", Some("pages of other sites"));
    }

    #[test]
    fn the_name_in_the_request_line_counts_too() {
        let request =
            Request::post("http://evil.example/_kubeproof/reset").header("host", "localhost");
        let request = request.body(Bytes::new()).expect("a request");
        assert!(refused(&request, IpAddr::from([127, 0, 0, 1])).is_some());
    }
}
