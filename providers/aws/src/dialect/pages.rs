//! How each service's lists announce a further page, for the fault that repeats a page.

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use kubeproof_contract::call::FURTHER_PAGE;

/// Lists of EC2 that have no pages.
const WHOLE: &[&str] = &[
    "DescribeAddresses",
    "DescribeAvailabilityZones",
    "DescribeRegions",
];

/// The list with the token of a further page; `None` when it has no pages, or has a further one.
pub(super) fn with_further(
    service: &str,
    operation: &str,
    response: &Response<Bytes>,
) -> Option<Response<Bytes>> {
    if !response.status().is_success() {
        return None;
    }
    let text = std::str::from_utf8(response.body()).ok()?;
    let more = match service {
        "ec2" if operation.starts_with("Describe") && !WHOLE.contains(&operation) => {
            xml(text, &format!("<nextToken>{FURTHER_PAGE}</nextToken>"))?
        }
        "eks" if operation.starts_with("List") => json(text)?,
        _ => return None,
    };
    let mut response = Response::from_parts(response.clone().into_parts().0, Bytes::from(more));
    let length = HeaderValue::from(response.body().len());
    if response.headers().contains_key(header::CONTENT_LENGTH) {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, length);
    }
    Some(response)
}

fn xml(text: &str, token: &str) -> Option<String> {
    if text.contains("<nextToken>") {
        return None;
    }
    let (list, end) = text.rsplit_once("</")?;
    Some(format!("{list}{token}</{end}"))
}

fn json(text: &str) -> Option<String> {
    let mut list: serde_json::Value = serde_json::from_str(text).ok()?;
    let next = list.get("nextToken").filter(|token| !token.is_null());
    if next.is_some() {
        return None;
    }
    list.as_object_mut()?
        .insert("nextToken".to_owned(), FURTHER_PAGE.into());
    Some(list.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(service: &str, operation: &str, body: &'static str, expected: Option<&str>) {
        let response = Response::new(Bytes::from_static(body.as_bytes()));
        let more = with_further(service, operation, &response);
        let more = more.map(|more| String::from_utf8_lossy(more.body()).into_owned());
        assert_eq!(more.as_deref(), expected);
    }

    #[test]
    fn a_list_gets_a_further_page_where_its_service_has_pages() {
        check(
            "ec2",
            "DescribeVpcs",
            "<A><vpcSet/></A>",
            Some("<A><vpcSet/><nextToken>kubeproof-further-page</nextToken></A>"),
        );
        check("ec2", "DescribeAddresses", "<A><b/></A>", None);
        check(
            "ec2",
            "DescribeVpcs",
            "<A><nextToken>x</nextToken></A>",
            None,
        );
        check(
            "eks",
            "ListNodegroups",
            "{\"nodegroups\":[]}",
            Some("{\"nextToken\":\"kubeproof-further-page\",\"nodegroups\":[]}"),
        );
        check("eks", "DescribeCluster", "{}", None);
    }
}
