//! Detects truncated answers: the SDK reads half of an XML list as a shorter list, without an error.
//!
//! A truncated listing must count as no answer, or things are made twice and audits miss resources. The SDK itself
//! refuses half of a JSON answer.

use bytes::Bytes;
use http::Response;
use kubeproof_contract::transport::TransportError;

/// Passes only complete answers.
///
/// # Errors
/// When the answer is XML and its root element is not closed, which counts as a lost connection. A web page with an
/// error status, as proxies send it, is not XML; the SDK reports its status.
pub(super) fn only(response: Response<Bytes>) -> Result<Response<Bytes>, TransportError> {
    let text = String::from_utf8_lossy(response.body());
    let failed = !response.status().is_success();
    if is_whole(text.trim()) || failed && is_web_page(text.trim()) {
        Ok(response)
    } else {
        let size = response.body().len();
        Err(TransportError::Lost(format!(
            "the answer breaks off after {size} bytes"
        )))
    }
}

fn is_whole(text: &str) -> bool {
    if !text.starts_with('<') {
        return true;
    }
    let root = match text.strip_prefix("<?") {
        Some(rest) => rest
            .split_once("?>")
            .map_or("", |(_, rest)| rest.trim_start()),
        None => text,
    };
    let name: String = root
        .trim_start_matches('<')
        .chars()
        .take_while(|c| !c.is_whitespace() && !matches!(c, '>' | '/'))
        .collect();
    !name.is_empty() && (text.ends_with(&format!("</{name}>")) || is_one_empty_element(root))
}

fn is_web_page(text: &str) -> bool {
    let is = |start: &str| {
        let head = text.get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    is("<!doctype html") || is("<html")
}

fn is_one_empty_element(root: &str) -> bool {
    root.ends_with("/>") && root.matches('<').count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_page_is_an_answer_only_with_an_error_status() {
        let check = |status: u16, text: &'static str, expected: bool| {
            let mut response = Response::new(Bytes::from_static(text.as_bytes()));
            *response.status_mut() = status.try_into().expect("a status");
            assert_eq!(only(response).is_ok(), expected, "{status} {text}");
        };
        check(502, "<!doctype html>\n<p>Bad gateway", true);
        check(404, "<HTML><body>Not found", true);
        check(200, "<!doctype html>\n<p>Log in", false);
        check(502, "<ErrorResponse><Error>", false);
    }

    #[test]
    fn xml_is_whole_when_its_root_is_closed() {
        let check = |text: &str, expected: bool| assert_eq!(is_whole(text), expected, "{text}");
        check("", true);
        check("{\"half\":", true);
        check("<A><b/></A>", true);
        check("<?xml version=\"1.0\"?>\n<A xmlns=\"u\"><b/></A>", true);
        check("<A/>", true);
        check("<?xml version=\"1.0\"?>", false);
        check("<?xml", false);
        check("<A><b/>", false);
        check("<A><b></b", false);
        check("<A", false);
    }
}
